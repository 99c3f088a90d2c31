package capturefilter

// Protocol numbers above IP, and PDU types of IS-IS (ISO/IEC 10589 §9), behind words.
var (
	overBoth = map[string]uint32{"sctp": protocolSCTP, "tcp": protocolTCP, "udp": protocolUDP, "pim": 103, "ah": 51, "esp": 50}
	overIPv4 = map[string]uint32{"icmp": 1, "igmp": 2, "igrp": 9, "vrrp": 112, "carp": 112}
	ofISIS   = map[string][]uint32{
		"l1": {15, 17, 18, 24, 26}, "l2": {16, 17, 20, 25, 27}, "iih": {15, 16, 17}, "lsp": {18, 20},
		"snp": {24, 25, 26, 27}, "csnp": {24, 25}, "psnp": {26, 27},
	}
	ofLink = map[string]uint32{"ip": typeIPv4, "arp": typeARP, "rarp": typeRARP, "ip6": typeIPv6, "atalk": typeAppleTalk, "aarp": typeAARP,
		"decnet": typeDECnet, "sca": typeSCA, "lat": typeLAT, "mopdl": typeMOPDump, "moprc": typeMOPConsole,
		"iso": sapISO, "stp": sapSpanningTree, "ipx": sapIPX, "netbeui": sapNetBEUI}
)

// The next header of IPv6 that says that it is a fragment.
const protocolFragment = 44

// protocolTest is the name of a protocol alone.
type protocolTest struct {
	span
	proto string
}

func (n *protocolTest) block(c *compiler) *block {
	c.span = n.span
	return c.protocol(n.proto)
}

func (c *compiler) protocol(proto string) *block {
	if number, ok := overBoth[proto]; ok {
		return c.carriedBy("", number)
	}
	if number, ok := overIPv4[proto]; ok {
		return c.carriedBy("ip", number)
	}
	if number, ok := ofLink[proto]; ok {
		return c.carries(number)
	}
	if number, ok := isoProtocols[proto]; ok {
		return c.carriedBy("iso", number)
	}
	if types, ok := ofISIS[proto]; ok {
		b := c.carriedBy("isis", types[0])
		for _, t := range types[1:] {
			b = b.or(c.carriedBy("isis", t))
		}
		return b
	}
	if proto == "icmp6" {
		return c.carriedBy("ip6", 58)
	}
	c.failHint("ether host, ether proto, ether[OFFSET]", "the link layer alone says nothing")
	return nil
}

// protocolNumber is what a header says that it carries. Without proto it is IPv4's or IPv6's.
type protocolNumber struct {
	span
	proto  string
	number uint32
	chain  bool // whatever headers are between
}

func (n *protocolNumber) block(c *compiler) *block {
	c.span = n.span
	if n.chain {
		return c.chained(n.proto, n.number)
	}
	return c.carriedBy(n.proto, n.number)
}

func (c *compiler) carriedBy(proto string, number uint32) *block {
	switch proto {
	case "":
		return c.carriedBy("ip", number).or(c.carriedBy("ip6", number))
	case "ip":
		return c.carries(typeIPv4).and(c.equal(c.ipHeader().plus(9), 1, number))
	case "ip6": // behind a fragment header, too, but no other
		next := c.ipHeader().plus(6)
		inFragment := c.equal(next, 1, protocolFragment).and(c.equal(c.ipHeader().plus(40), 1, number))
		return c.carries(typeIPv6).and(c.equal(next, 1, number).or(inFragment))
	case "link":
		return c.carries(number)
	case "iso":
		switch c.link {
		case linkFRelay:
			return c.equal(c.header.plus(2), 2, 0x03<<8|number)
		case linkCHDLC:
			return c.carries(sapISO).and(c.equal(c.carried.plus(c.noSNAP+1), 1, number))
		}
		return c.carries(sapISO).and(c.equal(c.carried.plus(c.noSNAP), 1, number))
	case "isis":
		return c.carriedBy("iso", nlpidISIS).and(c.equal(c.carried.plus(c.noSNAP+4), 1, number))
	}
	panic("no protocol in " + proto)
}

// portTest is a range of ports of TCP, UDP and SCTP, or of one of them. Fragments but the first have no ports; behind IPv6 only what
// follows its header directly is looked at.
type portTest struct {
	span
	direction direction
	transport byte // a protocol number, 0 for all
	low, high uint16
}

func (n *portTest) block(c *compiler) *block {
	c.span = n.span
	return n.overIPv6(c).or(n.overIPv4(c))
}

func (n *portTest) overIPv4(c *compiler) *block {
	return c.carries(typeIPv4).
		and(n.transports(c, c.ipHeader().plus(9))).
		and(c.firstFragment()).
		and(n.direction.of(
			n.in(c, func() *test { return &test{code: c.loadTransport(0, 2)} }),
			n.in(c, func() *test { return &test{code: c.loadTransport(2, 2)} })))
}

func (n *portTest) overIPv6(c *compiler) *block {
	return c.carries(typeIPv6).
		and(n.transports(c, c.ipHeader().plus(6))).
		and(n.direction.of(
			n.in(c, func() *test { return &test{code: c.load(c.ipHeader().plus(40), 2)} }),
			n.in(c, func() *test { return &test{code: c.load(c.ipHeader().plus(42), 2)} })))
}

func (n *portTest) transports(c *compiler, at place) *block {
	if n.transport != 0 {
		return c.equal(at, 1, uint32(n.transport))
	}
	return oneOf(c.equal(at, 1, protocolSCTP), c.equal(at, 1, protocolTCP), c.equal(at, 1, protocolUDP))
}

// in is true if the port that load loads is in the range.
func (n *portTest) in(c *compiler, load func() *test) *block {
	low := load()
	if n.low == n.high {
		low.jump, low.k = jumpEqual, uint32(n.low)
		return low.block()
	}
	low.jump, low.k = jumpAtLeast, uint32(n.low)
	high := load()
	high.jump, high.k = jumpGreater, uint32(n.high)
	return low.block().and(high.block().not())
}

// firstFragment is true of IPv4 packets with an offset of 0: what is whole, and first fragments.
func (c *compiler) firstFragment() *block {
	return c.anyBit(c.ipHeader().plus(6), 2, 0x1fff).not()
}

// llcTest is a frame with an 802.2 header, perhaps of one format or command: test looks at its control field.
type llcTest struct {
	span
	test *llcControl
}

// llcControl is what bits of the first byte of a control field are (ISO/IEC 8802-2 §5).
type llcControl struct{ value, mask uint32 }

var llcTests = map[string]*llcControl{
	"i": {0x00, 0x01}, "s": {0x01, 0x03}, "u": {0x03, 0x03},
	"rr": {0x01, 0x0f}, "rnr": {0x05, 0x0f}, "rej": {0x09, 0x0f},
	"ui": {0x03, 0xef}, "ua": {0x63, 0xef}, "disc": {0x43, 0xef}, "dm": {0x0f, 0xef}, "sabme": {0x6f, 0xef}, "test": {0xe3, 0xef},
	"xid": {0xaf, 0xef}, "frmr": {0x87, 0xef},
}

func (n *llcTest) block(c *compiler) *block {
	c.span = n.span
	if c.link != linkEthernet {
		c.fail("%s has no 802.2 headers like those of Ethernet", linkName(c.link))
	}
	b := c.greater(c.kind, 2, mostLength).not().and(c.equal(c.carried, 2, 0xffff).not())
	if n.test == nil {
		return b
	}
	return b.and(c.masked(c.carried.plus(2), 1, n.test.value, n.test.mask))
}

// lengthTest is a bound on the length of a frame, both included.
type lengthTest struct {
	span
	length uint32
	less   bool
}

func (n *lengthTest) block(c *compiler) *block {
	t := &test{code: length{}.load(c), jump: jumpAtLeast, k: n.length}
	if n.less {
		t.jump = jumpGreater
		return t.block().not()
	}
	return t.block()
}

// directionTest is a frame that this machine sent, or one that it did not.
type directionTest struct {
	span
	outbound bool
}

func (n *directionTest) block(c *compiler) *block {
	c.span = n.span
	var b *block
	switch {
	case c.live:
		b = c.equal(place{constant: ancillaryPacketType}, 2, outgoing)
	case c.link == linkLinuxSLL:
		b = c.equal(c.header, 2, outgoing)
	case c.link == linkLinuxSLL2:
		b = c.equal(c.header.plus(10), 1, outgoing)
	default:
		c.fail("frames of %s in a file do not say whether they came or went", linkName(c.link))
	}
	if n.outbound {
		return b
	}
	return b.not()
}

// ifindexTest is the number of the interface, as the capturing system had it.
type ifindexTest struct {
	span
	number uint32
}

func (n *ifindexTest) block(c *compiler) *block {
	c.span = n.span
	switch {
	case c.live:
		return c.equal(place{constant: ancillaryInterface}, 4, n.number)
	case c.link == linkLinuxSLL2:
		return c.equal(c.header.plus(4), 4, n.number)
	}
	c.fail("frames of %s in a file have no number of an interface", linkName(c.link))
	return nil
}

package capturefilter

import "golang.org/x/net/bpf"

// vlanTest is a VLAN tag. What is to the right of it looks behind the tag.
type vlanTest struct{ optionalNumber }

func (n *vlanTest) block(c *compiler) *block {
	c.span = n.span
	if c.labels > 0 {
		c.fail("there is no vlan behind mpls")
	}
	if c.link != linkEthernet {
		c.fail("%s has no VLAN tags", linkName(c.link))
	}
	defer func() { c.tags++ }()
	tagged := oneOf(c.carries(typeVLAN), c.carries(typeProviderVLAN), c.carries(typeOldQinQ))
	id := c.masked(c.carried, 2, n.value, 0xfff)
	if c.live && c.tags == 0 && !c.header.variable && c.header.constant == 0 {
		return n.beside(c, tagged, id)
	}
	c.carried.constant += 4
	c.kind.constant += 4
	if n.given {
		return tagged.and(id)
	}
	return tagged
}

// beside looks at the tag that Linux keeps beside the frame: the outermost one, which is then not among the bytes. Not every driver takes it
// off, so where there is none it may be in the frame; then what is behind it is four bytes further on, which only the program knows.
func (n *vlanTest) beside(c *compiler, inFrame, id *block) *block {
	present := (&test{code: []bpf.RawInstruction{instruction(loadByte, ancillaryTagPresent)}, jump: jumpEqual, k: 1}).block()
	c.carried.variable, c.carried.word = true, c.keep()
	c.kind.variable, c.kind.word = true, c.keep()
	shift := (&test{code: []bpf.RawInstruction{
		instruction(loadConstant, 4), instruction(store, c.carried.word), instruction(store, c.kind.word),
	}}).block()
	inFrame = shift.and(inFrame)
	if !n.given {
		return present.or(inFrame)
	}
	tag := (&test{code: []bpf.RawInstruction{instruction(loadHalf, ancillaryTag), instruction(and, 0xfff)}, jump: jumpEqual, k: n.value}).block()
	return present.and(tag).or(present.not().and(inFrame).and(id))
}

// mplsTest is an MPLS label. What is to the right of it looks behind it.
type mplsTest struct{ optionalNumber }

func (n *mplsTest) block(c *compiler) *block {
	c.span = n.span
	var b *block
	switch {
	case c.labels > 0: // the label before is not the last
		b = c.masked(c.ipHeader().plus(^uint32(1)), 1, 0, 1)
	case c.link == linkEthernet || c.link == linkCHDLC:
		b = c.carries(typeMPLS)
	case c.link == linkPPP:
		b = c.carries(pppMPLS)
	default:
		c.fail("filters do not know where %s has MPLS labels", linkName(c.link))
	}
	if n.given {
		b = b.and(c.masked(c.carried.plus(c.network), 4, n.value<<12, 0xfffff000))
	}
	c.network += 4
	c.noSNAP += 4
	c.labels++
	return b
}

// pppoeDiscovery is a PPPoE packet of the discovery stage (RFC 2516 §5).
type pppoeDiscovery struct{ span }

func (n *pppoeDiscovery) block(c *compiler) *block {
	c.span = n.span
	return c.carries(typePPPoEDiscovery)
}

// pppoeSession is a PPPoE packet of the session stage (RFC 2516 §6). What is to the right of it looks into the PPP packet.
type pppoeSession struct{ optionalNumber }

func (n *pppoeSession) block(c *compiler) *block {
	c.span = n.span
	b := c.carries(typePPPoESession)
	if n.given {
		b = b.and(c.masked(c.ipHeader(), 4, n.value, 0xffff))
	}
	ppp := c.ipHeader().plus(6)
	c.layers = layers{link: linkPPP, header: ppp, kind: ppp, carried: ppp.plus(2)}
	return b
}

// Ports of tunnels (RFC 7348 §8, RFC 8926 §3.3).
const (
	portVXLAN  = 4789
	portGeneve = 6081
)

// vxlanTest is a VXLAN packet (RFC 7348). What is to the right of it looks at the Ethernet frame in it.
type vxlanTest struct{ optionalNumber }

func (n *vxlanTest) block(c *compiler) *block {
	c.span = n.span
	return c.tunnel(portVXLAN, 0x08, 0x08, n.optionalNumber, c.vxlanOffsets)
}

// geneveTest is a Geneve packet (RFC 8926). What is to the right of it looks at what it carries: Ethernet, or what its protocol type says.
type geneveTest struct{ optionalNumber }

func (n *geneveTest) block(c *compiler) *block {
	c.span = n.span
	b := c.tunnel(portGeneve, 0, 0xc0, n.optionalNumber, c.geneveOffsets) // version 0
	c.geneve = true
	return b
}

// inner is where things are in what a tunnel carries: words of scratch memory that hold the offsets.
type inner struct{ header, kind, carried uint32 }

// tunnel is true of packets to a port of UDP whose next header has these bits in its first byte, and the VNI if one is given in its fifth to seventh.
// offsets makes the instructions that store where things are in it, when A holds the length of the IP header with the part of the offset in front
// of it that varies.
func (c *compiler) tunnel(port uint16, bits, mask uint32, vni optionalNumber, offsets func(inner) []bpf.RawInstruction) *block {
	to := portTest{span: vni.span, direction: destination, transport: protocolUDP, low: port, high: port}
	in := inner{c.keep(), c.keep(), c.keep()}
	header := func(load func(offset, size uint32) []bpf.RawInstruction) *block { // behind the 8 bytes of UDP's
		b := (&test{code: append(load(8, 1), instruction(and, mask)), jump: jumpEqual, k: bits}).block()
		if vni.given {
			b = b.and((&test{code: append(load(12, 4), instruction(and, 0xffffff00)), jump: jumpEqual, k: vni.value << 8}).block())
		}
		return b
	}
	store := func(length []bpf.RawInstruction) *block { return (&test{code: append(length, offsets(in)...)}).block() }

	overIPv4 := to.overIPv4(c).and(header(c.loadTransport)).and(store(append(c.transportToX(), instruction(xToA, 0))))
	length := []bpf.RawInstruction{instruction(loadConstant, 40)}
	if c.carried.variable {
		length = []bpf.RawInstruction{instruction(loadXMemory, c.carried.word), instruction(loadConstant, 40), instruction(add|withX, 0)}
	}
	overIPv6 := to.overIPv6(c).and(header(func(offset, size uint32) []bpf.RawInstruction { return c.load(c.ipHeader().plus(40+offset), size) })).
		and(store(length))

	at := func(word uint32) place { return place{variable: true, word: word} }
	c.layers = layers{link: linkEthernet, header: at(in.header), kind: at(in.kind), carried: at(in.carried), noSNAP: noSNAPEthernet}
	return overIPv4.or(overIPv6)
}

// vxlanOffsets is for a header of 8 bytes with Ethernet behind it.
func (c *compiler) vxlanOffsets(in inner) []bpf.RawInstruction {
	return []bpf.RawInstruction{
		instruction(add, c.ipHeader().constant+16),
		instruction(store, in.header),
		instruction(add, 12),
		instruction(store, in.kind),
		instruction(add, 2),
		instruction(store, in.carried),
	}
}

// geneveOffsets is for a header with options, and behind it what its protocol type says: if that is not Ethernet there is no link header, and the
// type stands for that in one.
func (c *compiler) geneveOffsets(in inner) []bpf.RawInstruction {
	return []bpf.RawInstruction{
		instruction(add, c.ipHeader().constant+8),
		instruction(aToX, 0), // the Geneve header
		instruction(add, 2),
		instruction(store, in.kind), // its protocol type
		instruction(loadByteX, 0),
		instruction(and, 0x3f), // the length of its options in words
		instruction(multiply, 4),
		instruction(add, 8),
		instruction(add|withX, 0),
		instruction(store, in.header),
		instruction(loadHalfX, 2),
		instruction(loadXMemory, in.header),
		bpf.RawInstruction{Op: jumpEqual, Jf: 5, K: typeTransparent},
		instruction(xToA, 0), // it is Ethernet
		instruction(add, 12),
		instruction(store, in.kind),
		instruction(add, 2),
		instruction(aToX, 0),
		instruction(storeX, in.carried),
	}
}

// hasHeader is true if what Geneve carries has a header of Ethernet.
func (c *compiler) hasHeader() *block {
	code := []bpf.RawInstruction{instruction(loadMemory, c.header.word), instruction(loadXMemory, c.carried.word), instruction(subtract|withX, 0)}
	return (&test{code: code, jump: jumpEqual, k: 0}).block().not()
}

// chained is true of packets in whose chain of headers there is one with the number.
func (c *compiler) chained(proto string, number uint32) *block {
	c.failHint("ip6 proto looks at the first header and behind a fragment header", "filters have no loops to follow a chain of headers with")
	return nil
}

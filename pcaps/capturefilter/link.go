package capturefilter

import "fmt"

// Link types whose headers are known, by LINKTYPE_ number (https://www.tcpdump.org/linktypes.html).
const (
	linkNull      = 0
	linkEthernet  = 1
	linkPPP       = 9
	linkPPPHDLC   = 50
	linkPPPEther  = 51
	linkRaw       = 101
	linkCHDLC     = 104
	linkFRelay    = 107
	linkLoop      = 108
	linkLinuxSLL  = 113
	linkIPv4      = 228
	linkIPv6      = 229
	linkLinuxSLL2 = 276
)

// EtherTypes.
const (
	typeIPv4           = 0x0800
	typeARP            = 0x0806
	typeXNS            = 0x0600
	typeRARP           = 0x8035
	typeAppleTalk      = 0x809b
	typeAARP           = 0x80f3
	typeVLAN           = 0x8100
	typeIPX            = 0x8137
	typeIPv6           = 0x86dd
	typeMPLS           = 0x8847
	typePPPoEDiscovery = 0x8863
	typePPPoESession   = 0x8864
	typeProviderVLAN   = 0x88a8
	typeLoopback       = 0x9000
	typeOldQinQ        = 0x9100
	typeMOPDump        = 0x6001
	typeMOPConsole     = 0x6002
	typeDECnet         = 0x6003
	typeLAT            = 0x6004
	typeSCA            = 0x6007
	typeTransparent    = 0x6558 // Ethernet in a tunnel

	noSNAPEthernet = 3 // an 802.2 header without SNAP

	mostLength = 1500 // what is no greater in the place of an EtherType is the length of an 802.3 frame
)

// Service access points of 802.2 that the language knows. They share the numbers below EtherTypes.
const (
	sapIP           = 0x06
	sapSpanningTree = 0x42
	sapSNAP         = 0xaa
	sapIPX          = 0xe0
	sapNetBEUI      = 0xf0
	sapISO          = 0xfe
)

// Protocol numbers of PPP (RFC 1661 §2), by the EtherType or service access point that means the same.
var pppProtocols = map[uint32]uint32{
	typeIPv4: 0x0021, typeIPv6: 0x0057, typeDECnet: 0x0027, typeAppleTalk: 0x0029, typeXNS: 0x0025,
	sapISO: 0x0023, sapSpanningTree: 0x0031, sapIPX: 0x002b,
}

const pppMPLS = 0x0281

// What Linux's cooked header says in the place of an EtherType of frames without one.
const (
	cookedNovell = 1
	cookedLLC    = 4
	outgoing     = 4 // its packet type, PACKET_OUTGOING
)

// place is an offset in a frame: a constant and, if it depends on the frame, a word of the scratch memory.
type place struct {
	constant uint32
	variable bool
	word     uint32
}

func (p place) plus(n uint32) place {
	p.constant += n
	return p
}

// layers are where headers are for what comes next in the expression. The words vlan, mpls, pppoes, geneve and vxlan change it.
type layers struct {
	link uint32 // the link type

	header  place  // of the link layer
	kind    place  // its field that says what it carries
	carried place  // what is behind it
	network uint32 // the network header, in bytes from carried on
	noSNAP  uint32 // the same if there is an 802.2 header without SNAP

	labels int  // MPLS headers behind it
	tags   int  // VLAN tags in it
	geneve bool // it is the one in Geneve, which may be absent: then header and carried are the same
}

// linkLayers are those of a frame as it is in a file, or live at a socket. There a frame has the header of its interface and no cooked one, which is made
// of what the kernel knows: so that is asked for.
func linkLayers(link uint16, live bool) layers {
	l := layers{link: uint32(link)}
	if l.cooked() && live {
		l.kind.constant, l.carried.constant = ancillaryProtocol, networkHeader
		return l
	}
	switch link {
	case linkEthernet:
		l.kind.constant, l.carried.constant, l.noSNAP = 12, 14, noSNAPEthernet
	case linkNull, linkLoop:
		l.carried.constant = 4
	case linkPPP, linkPPPHDLC, linkCHDLC:
		l.kind.constant, l.carried.constant = 2, 4
	case linkPPPEther:
		l.kind.constant, l.carried.constant = 6, 8
	case linkFRelay, linkRaw, linkIPv4, linkIPv6:
	case linkLinuxSLL:
		l.kind.constant, l.carried.constant = 14, 16
	case linkLinuxSLL2:
		l.carried.constant = 20
	}
	return l
}

// cooked tells whether the link header is one of Linux's cooked captures.
func (l *layers) cooked() bool { return l.link == linkLinuxSLL || l.link == linkLinuxSLL2 }

// linkName is what a link type is called in messages.
func linkName(link uint32) string {
	if n, ok := map[uint32]string{
		linkNull: "BSD loopback", linkEthernet: "Ethernet", linkPPP: "PPP", linkPPPHDLC: "PPP", linkPPPEther: "PPPoE", linkRaw: "raw IP",
		linkCHDLC: "Cisco HDLC", linkFRelay: "Frame Relay", linkLoop: "BSD loopback", linkLinuxSLL: "Linux cooked capture",
		linkIPv4: "raw IPv4", linkIPv6: "raw IPv6", linkLinuxSLL2: "Linux cooked capture",
	}[link]; ok {
		return n
	}
	return fmt.Sprintf("link type %d", link)
}

// carries is true of frames whose link layer carries what number says: an EtherType, or a service access point of 802.2 if it is no more than mostLength.
func (c *compiler) carries(number uint32) *block {
	if c.labels > 0 {
		return c.carriesUnderLabel(number)
	}
	switch c.link {
	case linkEthernet:
		return c.etherCarries(number)
	case linkLinuxSLL:
		return c.cookedCarries(number)
	case linkLinuxSLL2:
		return c.equal(c.kind, 2, number)
	case linkCHDLC:
		if number == sapISO {
			number = sapISO<<8 | sapISO
		}
		return c.equal(c.kind, 2, number)
	case linkPPP, linkPPPHDLC, linkPPPEther:
		if n, ok := pppProtocols[number]; ok {
			number = n
		}
		return c.equal(c.kind, 2, number)
	case linkNull, linkLoop:
		return c.loopbackCarries(number)
	case linkRaw:
		switch number {
		case typeIPv4:
			return c.masked(c.header, 1, 0x40, 0xf0)
		case typeIPv6:
			return c.masked(c.header, 1, 0x60, 0xf0)
		}
		return always(false)
	case linkIPv4:
		return always(number == typeIPv4)
	case linkIPv6:
		return always(number == typeIPv6)
	case linkFRelay:
		nlpid := func(n uint32) *block { return c.equal(c.header.plus(2), 2, 0x03<<8|n) }
		switch number {
		case typeIPv4:
			return nlpid(nlpidIPv4)
		case typeIPv6:
			return nlpid(nlpidIPv6)
		case sapISO:
			return oneOf(nlpid(nlpidCLNP), nlpid(nlpidESIS), nlpid(nlpidISIS))
		}
		return always(false)
	}
	c.failHint("link[OFFSET], len, less and greater say something of all", "filters do not know the headers of %s", linkName(c.link))
	return nil
}

// Network layer protocol identifiers (ISO/IEC TR 9577).
const (
	nlpidCLNP = 0x81
	nlpidESIS = 0x82
	nlpidISIS = 0x83
	nlpidIPv6 = 0x8e
	nlpidIPv4 = 0xcc
)

func (c *compiler) etherCarries(number uint32) *block {
	llc := c.greater(c.kind, 2, mostLength).not()
	switch {
	case number == sapISO || number == sapIP || number == sapNetBEUI: // both service access points are this one
		return llc.and(c.equal(c.carried, 2, number<<8|number))
	case number == sapIPX: // four framings
		return c.equal(c.kind, 2, typeIPX).or(llc.and(oneOf(c.snap(0, typeIPX), c.equal(c.carried, 1, sapIPX), c.equal(c.carried, 2, 0xffff))))
	case number == typeAppleTalk:
		return c.equal(c.kind, 2, number).or(llc.and(c.snap(0x080007, number)))
	case number == typeAARP:
		return c.equal(c.kind, 2, number).or(llc.and(c.snap(0, number)))
	case number <= mostLength:
		return llc.and(c.equal(c.kind.plus(2), 1, number))
	}
	return c.equal(c.kind, 2, number)
}

func (c *compiler) cookedCarries(number uint32) *block {
	llc := c.equal(c.kind, 2, cookedLLC)
	switch {
	case number == sapISO || number == sapIP || number == sapNetBEUI:
		return llc.and(c.equal(c.carried, 2, number<<8|number))
	case number == sapIPX:
		return oneOf(c.equal(c.kind, 2, typeIPX), c.equal(c.kind, 2, cookedNovell),
			llc.and(c.equal(c.carried, 1, sapIPX).or(c.snap(0, typeIPX))))
	case number == typeAppleTalk:
		return c.equal(c.kind, 2, number).or(llc.and(c.snap(0x080007, number)))
	case number == typeAARP:
		return c.equal(c.kind, 2, number).or(llc.and(c.snap(0, number)))
	case number <= mostLength:
		return llc.and(c.equal(c.carried, 1, number))
	}
	return c.equal(c.kind, 2, number)
}

// snap is true of an 802.2 header with SNAP for this organization and type.
func (c *compiler) snap(organization, number uint32) *block {
	return c.equal(c.carried.plus(4), 4, organization<<16|number).and(c.equal(c.carried, 4, sapSNAP<<24|sapSNAP<<16|0x03<<8|organization>>16))
}

// loopbackCarries looks at BSD's address family. In a file of type NULL it is in the order of the machine that wrote it, which the file
// says of its own headers only; so both orders are tried.
func (c *compiler) loopbackCarries(number uint32) *block {
	family := func(n uint32) *block {
		if c.link == linkLoop {
			return c.equal(c.header, 4, n)
		}
		return c.equal(c.header, 4, n<<24).or(c.equal(c.header, 4, n))
	}
	switch number {
	case typeIPv4:
		return family(2)
	case typeIPv6:
		return oneOf(family(24), family(28), family(30)) // NetBSD and OpenBSD, FreeBSD, macOS
	}
	return always(false)
}

// carriesUnderLabel tells what is under the last label of a stack by its first bits, as nothing else says it.
func (c *compiler) carriesUnderLabel(number uint32) *block {
	last := c.masked(c.ipHeader().plus(^uint32(1)), 1, 1, 1)
	switch number {
	case typeIPv4:
		return last.and(c.masked(c.ipHeader(), 1, 0x40, 0xf0))
	case typeIPv6:
		return last.and(c.masked(c.ipHeader(), 1, 0x60, 0xf0))
	}
	c.fail("behind mpls there is only ip and ip6 to look for: a label does not say what is under it")
	return nil
}

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
	c.layers = layers{link: linkPPP, header: ppp, kind: ppp, carried: ppp.plus(2), tags: c.tags, labels: c.labels}
	return b
}

const portGeneve = 6081

// geneveTest is a Geneve packet (RFC 8926). What is to the right of it looks at what it carries: Ethernet, or what its protocol type says.
type geneveTest struct{ optionalNumber }

func (n *geneveTest) block(c *compiler) *block {
	c.span = n.span
	port := portTest{span: n.span, direction: destination, transport: protocolUDP, low: portGeneve, high: portGeneve}
	header, kind, carried := c.keep(), c.keep(), c.keep()

	overIPv4 := port.overIPv4(c).and(n.header(func(offset, size uint32) []bpf.RawInstruction { return c.loadTransport(offset, size) }))
	overIPv4 = overIPv4.and(c.geneveOffsets(append(c.transportToX(), instruction(xToA, 0)), header, kind, carried))

	overIPv6 := port.overIPv6(c).and(n.header(func(offset, size uint32) []bpf.RawInstruction { return c.load(c.ipHeader().plus(40+offset), size) }))
	length := []bpf.RawInstruction{instruction(loadConstant, 40)}
	if c.carried.variable {
		length = append([]bpf.RawInstruction{instruction(loadXMemory, c.carried.word)}, append(length, instruction(add|withX, 0))...)
	}
	overIPv6 = overIPv6.and(c.geneveOffsets(length, header, kind, carried))

	in := func(word uint32) place { return place{variable: true, word: word} }
	c.layers = layers{link: linkEthernet, header: in(header), kind: in(kind), carried: in(carried), noSNAP: c.noSNAP,
		tags: c.tags, labels: c.labels, geneve: true}
	return overIPv4.or(overIPv6)
}

// header looks at the version of the Geneve header, which is 8 bytes behind the start of UDP's, and its VNI.
func (n *geneveTest) header(load func(offset, size uint32) []bpf.RawInstruction) *block {
	b := (&test{code: append(load(8, 1), instruction(and, 0xc0)), jump: jumpEqual}).block()
	if n.given {
		b = b.and((&test{code: append(load(12, 4), instruction(and, 0xffffff00)), jump: jumpEqual, k: n.value << 8}).block())
	}
	return b
}

// geneveOffsets stores where things are in what Geneve carries. The code before leaves in A the length of the IP header, with the part of the
// offset in front of it that varies.
func (c *compiler) geneveOffsets(code []bpf.RawInstruction, header, kind, carried uint32) *block {
	code = append(code,
		instruction(add, c.ipHeader().constant+8),
		instruction(aToX, 0), // the Geneve header
		instruction(add, 2),
		instruction(store, kind), // its protocol type
		instruction(loadByteX, 0),
		instruction(and, 0x3f), // the length of its options in words
		instruction(multiply, 4),
		instruction(add, 8),
		instruction(add|withX, 0),
		instruction(store, header),
		instruction(loadHalfX, 2),
		instruction(loadXMemory, header),
		bpf.RawInstruction{Op: jumpEqual, Jf: 5, K: typeTransparent},
		instruction(xToA, 0), // it is Ethernet
		instruction(add, 12),
		instruction(store, kind),
		instruction(add, 2),
		instruction(aToX, 0),
		instruction(storeX, carried))
	return (&test{code: code}).block()
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

package craft

// IPv4 is the header of RFC 791, section 3.1.
type IPv4 struct {
	Src, Dst       string // 192.0.2.1 and 192.0.2.2 if empty
	TOS            uint8  // DSCP in the upper 6 bits, ECN in the lower 2
	ID             uint16
	DontFragment   bool
	MoreFragments  bool
	FragmentOffset uint16 // in bytes, a multiple of 8
	TTL            uint8  // 64 if 0
	Protocol       uint8  // that of the next layer if 0
	Options        []byte // padded to 4 bytes, at most 40
}

func (IPv4) numbers() numbers {
	return numbers{etherType: 0x0800, ipProtocol: 4, pppProtocol: 0x0021, nextProtocol: 1}
}

func (l IPv4) addresses() (src, dst []byte) {
	return ip4(l.Src, "192.0.2.1"), ip4(l.Dst, "192.0.2.2")
}

func (l IPv4) wrap(payload []byte, at place) []byte {
	src, dst := l.addresses()
	options := padded(l.Options, 4)
	length := 20 + len(options)
	fragment := be16(l.FragmentOffset / 8)
	fragment[0] |= bit(l.DontFragment, 0x40) | bit(l.MoreFragments, 0x20)
	header := join([]byte{0x40 | byte(length/4), l.TOS}, be16(uint16(length+len(payload))), be16(l.ID), fragment,
		[]byte{or(l.TTL, 64), at.protocol(l.Protocol), 0, 0}, src, dst, options)
	Right.fill(nil, header, 10)
	return join(header, payload)
}

package craft

// IPv6 is the header of RFC 8200, section 3.
type IPv6 struct {
	Src, Dst     string // 2001:db8::1 and 2001:db8::2 if empty
	TrafficClass uint8  // DSCP in the upper 6 bits, ECN in the lower 2
	FlowLabel    uint32 // 20 bits
	NextHeader   uint8  // that of the next layer if 0
	HopLimit     uint8  // 64 if 0
}

func (IPv6) numbers() numbers {
	return numbers{etherType: 0x86dd, ipProtocol: 41, pppProtocol: 0x0057, nextProtocol: 2}
}

func (l IPv6) addresses() (src, dst []byte) {
	return ip6(l.Src, "2001:db8::1"), ip6(l.Dst, "2001:db8::2")
}

func (l IPv6) wrap(payload []byte, at place) []byte {
	src, dst := l.addresses()
	return join(be32(6<<28|uint32(l.TrafficClass)<<20|l.FlowLabel&0xfffff), be16(uint16(len(payload))),
		[]byte{at.protocol(l.NextHeader), or(l.HopLimit, 64)}, src, dst, payload)
}

// HopByHop is the IPv6 hop-by-hop options header (RFC 8200, section 4.3).
type HopByHop struct {
	Options    []byte // padded with Pad1 or PadN
	NextHeader uint8  // that of the next layer if 0
}

func (HopByHop) numbers() numbers { return numbers{ipProtocol: 0} }

func (l HopByHop) wrap(payload []byte, at place) []byte {
	return extension(at.protocol(l.NextHeader), l.Options, payload)
}

// DestinationOptions is the IPv6 destination options header (RFC 8200, section 4.6).
type DestinationOptions struct {
	Options    []byte // padded with Pad1 or PadN
	NextHeader uint8  // that of the next layer if 0
}

func (DestinationOptions) numbers() numbers { return numbers{ipProtocol: 60} }

func (l DestinationOptions) wrap(payload []byte, at place) []byte {
	return extension(at.protocol(l.NextHeader), l.Options, payload)
}

// extension is an options header around payload.
func extension(next byte, options, payload []byte) []byte {
	pad := make([]byte, (8-(2+len(options))%8)%8)
	if len(pad) > 1 {
		pad[0], pad[1] = 1, byte(len(pad)-2) // PadN
	}
	return join([]byte{next, byte((2+len(options)+len(pad))/8 - 1)}, options, pad, payload)
}

// Routing is an IPv6 routing header of any type (RFC 8200, section 4.4).
type Routing struct {
	Type         uint8
	SegmentsLeft uint8
	Data         []byte // after the four fixed bytes, padded to make 8-byte units
	NextHeader   uint8  // that of the next layer if 0
}

func (Routing) numbers() numbers { return numbers{ipProtocol: 43} }

func (l Routing) wrap(payload []byte, at place) []byte {
	b := padded(join([]byte{at.protocol(l.NextHeader), 0, l.Type, l.SegmentsLeft}, l.Data), 8)
	b[1] = byte(len(b)/8 - 1)
	return join(b, payload)
}

// SegmentRouting is the segment routing header (RFC 8754, section 2). Checksums count the last segment as the
// destination while segments are left.
type SegmentRouting struct {
	Segments     []string // as on the wire: the last one of the path first
	SegmentsLeft uint8
	Flags        uint8
	Tag          uint16
	TLVs         []byte // padded to 8 bytes
	NextHeader   uint8  // that of the next layer if 0
}

func (SegmentRouting) numbers() numbers { return numbers{ipProtocol: 43} }

func (l SegmentRouting) wrap(payload []byte, at place) []byte {
	data := join([]byte{byte(len(l.Segments) - 1), l.Flags}, be16(l.Tag))
	for _, s := range l.Segments {
		data = append(data, ip6(s, "")...)
	}
	return Routing{Type: 4, SegmentsLeft: l.SegmentsLeft, Data: join(data, l.TLVs), NextHeader: l.NextHeader}.wrap(payload, at)
}

// FragmentHeader is the IPv6 fragment header (RFC 8200, section 4.5).
type FragmentHeader struct {
	Offset     uint16 // in bytes, a multiple of 8
	More       bool
	ID         uint32
	NextHeader uint8 // that of the next layer if 0
}

func (FragmentHeader) numbers() numbers { return numbers{ipProtocol: 44} }

func (l FragmentHeader) wrap(payload []byte, at place) []byte {
	offset := be16(l.Offset &^ 7)
	offset[1] |= bit(l.More, 1)
	return join([]byte{at.protocol(l.NextHeader), 0}, offset, be32(l.ID), payload)
}

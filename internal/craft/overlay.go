package craft

// VXLAN is the header of RFC 7348, section 5, with the group policy of draft-smith-vxlan-group-policy-05.
type VXLAN struct {
	VNI           uint32  // 24 bits
	Group         *uint16 // the group policy identifier; sets G
	DontLearn     bool    // D
	PolicyApplied bool    // A
}

func (VXLAN) numbers() numbers { return numbers{udpPort: 4789} }

func (l VXLAN) wrap(payload []byte, _ place) []byte {
	group := []byte{0, 0}
	if l.Group != nil {
		group = be16(*l.Group)
	}
	return join([]byte{0x08 | bit(l.Group != nil, 0x80), bit(l.DontLearn, 0x40) | bit(l.PolicyApplied, 0x08)}, group,
		be24(l.VNI), []byte{0}, payload)
}

// VXLANGPE is VXLAN with a next protocol (draft-ietf-nvo3-vxlan-gpe-13, section 3).
type VXLANGPE struct {
	VNI  uint32 // 24 bits
	OAM  bool
	Next uint8 // that of the next layer if 0
}

func (VXLANGPE) numbers() numbers { return numbers{udpPort: 4790} }

func (l VXLANGPE) wrap(payload []byte, at place) []byte {
	return join([]byte{0x0c | bit(l.OAM, 0x01), 0, 0, byte(at.number(nextProtocol, uint16(l.Next)))}, be24(l.VNI), []byte{0}, payload)
}

// Geneve is the header of RFC 8926, section 3.4. The C bit is set where an option is critical.
type Geneve struct {
	VNI     uint32 // 24 bits
	OAM     bool
	Options []GeneveOption // at most 252 bytes
	Type    uint16         // the EtherType of the next layer if 0
}

// GeneveOption is one option (RFC 8926, section 3.5).
type GeneveOption struct {
	Class uint16
	Type  uint8  // 0x80 is set in critical ones
	Data  []byte // padded to 4 bytes, at most 124
}

func (Geneve) numbers() numbers { return numbers{udpPort: 6081} }

func (l Geneve) wrap(payload []byte, at place) []byte {
	var options []byte
	critical := false
	for _, o := range l.Options {
		data := padded(o.Data, 4)
		options = join(options, be16(o.Class), []byte{o.Type, byte(len(data) / 4)}, data)
		critical = critical || o.Type&0x80 != 0
	}
	return join([]byte{byte(len(options) / 4), bit(l.OAM, 0x80) | bit(critical, 0x40)},
		be16(at.number(etherType, l.Type)), be24(l.VNI), []byte{0}, options, payload)
}

// NSH is the network service header (RFC 8300, section 2): of MD type 1, or of type 2 if Metadata is not nil.
type NSH struct {
	Path     uint32 // the service path identifier, 24 bits
	Index    uint8  // the service index, 255 if 0
	TTL      uint8  // 6 bits, 63 if 0
	Context  [16]byte
	Metadata []byte // variable-length context headers, padded to 4 bytes
	Next     uint8  // that of the next layer if 0
}

func (NSH) numbers() numbers { return numbers{etherType: 0x894f, ipProtocol: 145, nextProtocol: 4} }

func (l NSH) wrap(payload []byte, at place) []byte {
	kind, context := byte(1), l.Context[:]
	if l.Metadata != nil {
		kind, context = 2, padded(l.Metadata, 4)
	}
	base := be16(uint16(or(l.TTL, 63)&0x3f)<<6 | uint16(8+len(context))/4)
	return join(base, []byte{kind, byte(at.number(nextProtocol, uint16(l.Next)))}, be24(l.Path), []byte{or(l.Index, 255)},
		context, payload)
}

// GTPU is the header of 3GPP TS 29.281, section 5.1. An IP header follows in a G-PDU.
type GTPU struct {
	Type       uint8 // 255, G-PDU, if 0
	TEID       uint32
	Sequence   *uint16
	Extensions []GTPExtension
}

// GTPExtension is one extension header (3GPP TS 29.281, section 5.2).
type GTPExtension struct {
	Type    uint8
	Content []byte // between the length and the next type, padded so that the header is a multiple of 4 bytes
}

func (GTPU) numbers() numbers { return numbers{udpPort: 2152} }

func (l GTPU) wrap(payload []byte, _ place) []byte {
	var rest []byte
	if l.Sequence != nil || len(l.Extensions) > 0 {
		rest = []byte{0, 0, 0, 0} // sequence number, N-PDU number, type of the first extension
	}
	if l.Sequence != nil {
		copy(rest, be16(*l.Sequence))
	}
	for _, e := range l.Extensions {
		rest[len(rest)-1] = e.Type
		content := join(e.Content, make([]byte, (4-(2+len(e.Content))%4)%4))
		rest = join(rest, []byte{byte((2 + len(content)) / 4)}, content, []byte{0})
	}
	return join([]byte{0x30 | bit(len(l.Extensions) > 0, 0x04) | bit(l.Sequence != nil, 0x02), or(l.Type, 255)},
		be16(uint16(len(rest)+len(payload))), be32(l.TEID), rest, payload)
}

// L2TPv3 is the session header over IP or, after a UDP, over UDP (RFC 3931, section 4.1).
type L2TPv3 struct {
	Session  uint32
	Cookie   []byte // 0, 4 or 8 bytes
	Sublayer []byte // the L2-specific sublayer, 0 or 4 bytes
}

func (L2TPv3) numbers() numbers { return numbers{ipProtocol: 115, udpPort: 1701} }

func (l L2TPv3) wrap(payload []byte, at place) []byte {
	var version []byte
	if _, ok := at.previous().(UDP); ok {
		version = []byte{0, 3, 0, 0}
	}
	return join(version, be32(l.Session), l.Cookie, l.Sublayer, payload)
}

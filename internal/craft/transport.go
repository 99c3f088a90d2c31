package craft

// The flags of TCP, from the lowest bit on (RFC 9293, section 3.1).
const (
	FIN uint16 = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE
)

// TCP is the header of RFC 9293, section 3.1.
type TCP struct {
	Src, Dst uint16
	Seq, Ack uint32
	Flags    uint16
	Window   uint16 // 65,535 if 0
	Urgent   uint16
	Options  []byte // padded to 4 bytes, at most 40
	Sum      Sum
}

func (TCP) numbers() numbers { return numbers{ipProtocol: 6} }

func (l TCP) wrap(payload []byte, at place) []byte {
	options := padded(l.Options, 4)
	b := join(be16(l.Src), be16(l.Dst), be32(l.Seq), be32(l.Ack), be16(uint16(20+len(options))/4<<12|l.Flags&0x1ff),
		be16(or(l.Window, 0xffff)), []byte{0, 0}, be16(l.Urgent), options, payload)
	l.Sum.fill(at.pseudo(6, len(b)), b, 16)
	return b
}

// UDP is the header of RFC 768.
type UDP struct {
	Src uint16
	Dst uint16 // the next layer's well-known port if 0
	Sum Sum
}

func (UDP) numbers() numbers { return numbers{ipProtocol: 17} }

func (l UDP) wrap(payload []byte, at place) []byte {
	dst := or(l.Dst, at.next().numbers()[udpPort])
	b := join(be16(l.Src), be16(dst), be16(uint16(8+len(payload))), []byte{0, 0}, payload)
	l.Sum.fill(at.pseudo(17, len(b)), b, 6)
	if l.Sum == Right && b[6] == 0 && b[7] == 0 {
		b[6], b[7] = 0xff, 0xff // zero says that there is none
	}
	return b
}

// UDPLite is the header of RFC 3828, section 3.1.
type UDPLite struct {
	Src, Dst uint16
	Coverage uint16 // of the checksum, in bytes from the header on: 0 for all, else 8 to the packet's length
}

func (UDPLite) numbers() numbers { return numbers{ipProtocol: 136} }

func (l UDPLite) wrap(payload []byte, at place) []byte {
	b := join(be16(l.Src), be16(l.Dst), be16(l.Coverage), []byte{0, 0}, payload)
	covered := int(or(l.Coverage, uint16(len(b))))
	Right.fill(at.pseudo(136, len(b)), b[:covered], 6)
	if b[6] == 0 && b[7] == 0 {
		b[6], b[7] = 0xff, 0xff
	}
	return b
}

// SCTP is the common header of RFC 9260, section 3.1, with its chunks.
type SCTP struct {
	Src, Dst uint16
	Tag      uint32 // the verification tag
	Chunks   []Chunk
	Sum      Sum // Partial is Zero: its CRC has no pseudo-header
}

// Chunk is one chunk of an SCTP packet (RFC 9260, section 3.2).
type Chunk struct {
	Type, Flags uint8
	Value       []byte
}

// Data is an unfragmented DATA chunk (RFC 9260, section 3.3.1).
func Data(tsn uint32, stream, sequence uint16, protocol uint32, user []byte) Chunk {
	return Chunk{Type: 0, Flags: 3, Value: join(be32(tsn), be16(stream), be16(sequence), be32(protocol), user)}
}

func (SCTP) numbers() numbers { return numbers{ipProtocol: 132} }

func (l SCTP) wrap(payload []byte, _ place) []byte {
	b := join(be16(l.Src), be16(l.Dst), be32(l.Tag), make([]byte, 4))
	for _, c := range l.Chunks {
		b = append(b, padded(join([]byte{c.Type, c.Flags}, be16(uint16(4+len(c.Value))), c.Value), 4)...)
	}
	b = append(b, payload...)
	if l.Sum == Right {
		copy(b[8:], crc32c(b))
	}
	return b
}

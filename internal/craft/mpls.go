package craft

// MPLS is one entry of a label stack (RFC 3032, section 2.1). The bottom of the stack is found by what follows.
type MPLS struct {
	Label uint32 // 20 bits
	TC    uint8  // 3 bits
	TTL   uint8  // 64 if 0
}

func (MPLS) numbers() numbers {
	return numbers{etherType: 0x8847, ipProtocol: 137, pppProtocol: 0x0281, udpPort: 6635, nextProtocol: 5}
}

func (l MPLS) wrap(payload []byte, at place) []byte {
	_, more := at.next().(MPLS)
	entry := be32(l.Label<<12 | uint32(l.TC&7)<<9 | uint32(or(l.TTL, 64)))
	entry[2] |= bit(!more, 1)
	return join(entry, payload)
}

// ControlWord is the pseudowire control word (RFC 4385, section 3). It stands after the last MPLS.
type ControlWord struct {
	Flags    uint8 // 4 bits
	Fragment uint8 // 2 bits
	Length   uint8 // 6 bits, of control word and payload where that is below 64 and the pseudowire wants it
	Sequence uint16
}

func (ControlWord) numbers() numbers { return nil }

func (l ControlWord) wrap(payload []byte, _ place) []byte {
	return join([]byte{l.Flags & 0xf, l.Fragment<<6 | l.Length&0x3f}, be16(l.Sequence), payload)
}

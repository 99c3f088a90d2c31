package craft

// PPPoE is the header of RFC 2516, section 4. A PPP follows in the session stage, tags in discovery.
type PPPoE struct {
	Code    uint8 // 0 in the session stage
	Session uint16
}

func (l PPPoE) numbers() numbers {
	if l.Code != 0 {
		return numbers{etherType: 0x8863}
	}
	return numbers{etherType: 0x8864}
}

func (l PPPoE) wrap(payload []byte, _ place) []byte {
	return join([]byte{0x11, l.Code}, be16(l.Session), be16(uint16(len(payload))), payload)
}

// PPP is the protocol field of a PPP frame (RFC 1661, section 2).
type PPP struct {
	HDLC     bool   // with the address and control bytes of RFC 1662
	Protocol uint16 // that of the next layer if 0
}

func (PPP) numbers() numbers { return numbers{etherType: 0x880b} }

func (l PPP) wrap(payload []byte, at place) []byte {
	var framing []byte
	if l.HDLC {
		framing = []byte{0xff, 0x03}
	}
	return join(framing, be16(at.number(pppProtocol, l.Protocol)), payload)
}

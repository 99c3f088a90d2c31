package craft

// GRE is the header of RFC 2784 with the key and sequence number of RFC 2890.
type GRE struct {
	Checksum bool
	Key      *uint32
	Sequence *uint32
	Protocol uint16 // the EtherType of the next layer if 0
}

func (GRE) numbers() numbers { return numbers{ipProtocol: 47, udpPort: 4754} }

func (l GRE) wrap(payload []byte, at place) []byte {
	b := join([]byte{bit(l.Checksum, 0x80) | bit(l.Key != nil, 0x20) | bit(l.Sequence != nil, 0x10), 0},
		be16(at.number(etherType, l.Protocol)))
	if l.Checksum {
		b = append(b, 0, 0, 0, 0)
	}
	b = join(b, optional32(l.Key), optional32(l.Sequence), payload)
	if l.Checksum {
		Right.fill(nil, b, 4)
	}
	return b
}

func optional32(v *uint32) []byte {
	if v == nil {
		return nil
	}
	return be32(*v)
}

// PPTP is GRE version 1 (RFC 2637, section 4.1). A PPP follows, unless it only acknowledges.
type PPTP struct {
	CallID   uint16
	Sequence *uint32 // with a payload only
	Ack      *uint32
}

func (PPTP) numbers() numbers { return numbers{ipProtocol: 47} }

func (l PPTP) wrap(payload []byte, _ place) []byte {
	return join([]byte{0x20 | bit(l.Sequence != nil, 0x10), 1 | bit(l.Ack != nil, 0x80), 0x88, 0x0b},
		be16(uint16(len(payload))), be16(l.CallID), optional32(l.Sequence), optional32(l.Ack), payload)
}

// NVGRE is GRE with a tenant in the key (RFC 7637, section 3.2). An Ethernet follows.
type NVGRE struct {
	VSID   uint32 // 24 bits
	FlowID uint8
}

func (NVGRE) numbers() numbers { return numbers{ipProtocol: 47} }

func (l NVGRE) wrap(payload []byte, at place) []byte {
	return GRE{Key: new(l.VSID<<8 | uint32(l.FlowID))}.wrap(payload, at)
}

// ERSPAN is the header of a mirrored frame, type II (draft-foschiano-erspan-03, section 4.2). It stands after a GRE
// with a sequence number; an Ethernet follows.
type ERSPAN struct {
	VLAN      uint16 // 12 bits
	COS       uint8  // 3 bits
	Trunk     uint8  // En, 2 bits: how the mirrored frame was tagged
	Truncated bool
	Session   uint16 // 10 bits
	Index     uint32 // 20 bits
}

func (ERSPAN) numbers() numbers { return numbers{etherType: 0x88be} }

func (l ERSPAN) wrap(payload []byte, _ place) []byte {
	second := be16(uint16(l.COS)<<13 | uint16(l.Trunk&3)<<11 | l.Session&0x3ff)
	second[0] |= bit(l.Truncated, 0x04)
	return join(be16(1<<12|l.VLAN&0xfff), second, be32(l.Index&0xfffff), payload)
}

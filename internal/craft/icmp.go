package craft

// ICMP is the header of RFC 792. What an error quotes follows as a Payload.
type ICMP struct {
	Type, Code uint8
	Rest       uint32 // bytes 4 to 7: Echo, the next-hop MTU, a gateway
	Sum        Sum
}

func (ICMP) numbers() numbers { return numbers{ipProtocol: 1} }

func (l ICMP) wrap(payload []byte, _ place) []byte {
	b := join([]byte{l.Type, l.Code, 0, 0}, be32(l.Rest), payload)
	l.Sum.fill(nil, b, 2)
	return b
}

// Echo is the Rest of an echo request or reply.
func Echo(id, sequence uint16) uint32 { return uint32(id)<<16 | uint32(sequence) }

// ICMPv6 is the header of RFC 4443, section 2.1, with the four bytes that all its messages have after it.
type ICMPv6 struct {
	Type, Code uint8
	Rest       uint32 // bytes 4 to 7: Echo, the MTU, the flags of neighbor discovery
	Sum        Sum
}

func (ICMPv6) numbers() numbers { return numbers{ipProtocol: 58} }

func (l ICMPv6) wrap(payload []byte, at place) []byte {
	b := join([]byte{l.Type, l.Code, 0, 0}, be32(l.Rest), payload)
	l.Sum.fill(at.pseudo(58, len(b)), b, 2)
	return b
}

// Neighbor is what follows ICMPv6 in a neighbor solicitation or advertisement (RFC 4861, sections 4.3 and 4.4):
// the target address and one link-layer address option, 1 for the source's and 2 for the target's.
func Neighbor(target string, option uint8, address string) Payload {
	return join(ip6(target, ""), []byte{option, 1}, mac(address, "02:00:00:00:00:01"))
}

// IGMP is the header that all versions share (RFC 2236, section 2). The rest of version 3 follows as a Payload; a
// version 3 report counts its records in the last two bytes of Group.
type IGMP struct {
	Type            uint8
	MaxResponseTime uint8  // in tenths of a second
	Group           string // 0.0.0.0 if empty
}

func (IGMP) numbers() numbers { return numbers{ipProtocol: 2} }

func (l IGMP) wrap(payload []byte, _ place) []byte {
	b := join([]byte{l.Type, l.MaxResponseTime, 0, 0}, ip4(l.Group, "0.0.0.0"), payload)
	Right.fill(nil, b, 2)
	return b
}

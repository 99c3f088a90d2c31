package craft

// Ethernet is an Ethernet II header or, before an LLC, that of IEEE Std 802.3, without padding and frame check
// sequence.
type Ethernet struct {
	Src, Dst string // 02:00:00:00:00:01 and 02:00:00:00:00:02 if empty
	Type     uint16 // that of the next layer if 0
}

func (Ethernet) numbers() numbers {
	return numbers{etherType: 0x6558, ipProtocol: 143, nextProtocol: 3}
}

func (l Ethernet) wrap(payload []byte, at place) []byte {
	return join(mac(l.Dst, "02:00:00:00:00:02"), mac(l.Src, "02:00:00:00:00:01"), at.etherType(l.Type, payload), payload)
}

// etherType is the two bytes before payload: its type or, if it is an LLC frame, its length.
func (at place) etherType(chosen uint16, payload []byte) []byte {
	if _, ok := at.next().(LLC); ok && chosen == 0 {
		return be16(uint16(len(payload)))
	}
	return be16(at.number(etherType, chosen))
}

// LLC is an IEEE Std 802.2 header with a control field of one byte.
type LLC struct {
	DSAP, SSAP uint8 // 0xaa before a SNAP
	Control    uint8 // 3, unnumbered information, if 0
}

func (LLC) numbers() numbers { return nil }

func (l LLC) wrap(payload []byte, at place) []byte {
	if _, ok := at.next().(SNAP); ok {
		l.DSAP, l.SSAP = or(l.DSAP, 0xaa), or(l.SSAP, 0xaa)
	}
	return join([]byte{l.DSAP, l.SSAP, or(l.Control, 3)}, payload)
}

// SNAP is the protocol identifier after an LLC (IEEE Std 802, RFC 1042).
type SNAP struct {
	OUI  uint32 // 24 bits
	Type uint16 // the EtherType of the next layer if 0
}

func (SNAP) numbers() numbers { return nil }

func (l SNAP) wrap(payload []byte, at place) []byte {
	return join(be24(l.OUI), be16(at.number(etherType, l.Type)), payload)
}

// VLAN is an IEEE Std 802.1Q tag: a C-tag, with TPID 0x88a8 or 0x9100 an S-tag. Two of them with TPID 0x893b are
// a fine-grained label (RFC 7172), its upper 12 bits in the first.
type VLAN struct {
	TPID     uint16 // 0x8100 if 0
	Priority uint8  // 3 bits
	DEI      bool
	ID       uint16 // 12 bits
	Type     uint16 // that of the next layer if 0
}

func (l VLAN) numbers() numbers { return numbers{etherType: or(l.TPID, 0x8100)} }

func (l VLAN) wrap(payload []byte, at place) []byte {
	tci := be16(uint16(l.Priority)<<13 | l.ID&0xfff)
	tci[0] |= bit(l.DEI, 0x10)
	return join(tci, at.etherType(l.Type, payload), payload)
}

// ITag is the I-tag of IEEE Std 802.1ah. The customer's Ethernet follows.
type ITag struct {
	Priority uint8 // 3 bits
	DEI      bool
	ISID     uint32 // 24 bits
}

func (ITag) numbers() numbers { return numbers{etherType: 0x88e7} }

func (l ITag) wrap(payload []byte, _ place) []byte {
	return join([]byte{l.Priority<<5 | bit(l.DEI, 0x10)}, be24(l.ISID), payload)
}

// TRILL is the header of RFC 6325, section 3. An Ethernet with a VLAN follows.
type TRILL struct {
	MultiDestination bool
	Hops             uint8  // 6 bits, 32 if 0
	Egress, Ingress  uint16 // nicknames
	Options          []byte // padded to 4 bytes, at most 124
}

func (TRILL) numbers() numbers { return numbers{etherType: 0x22f3} }

func (l TRILL) wrap(payload []byte, _ place) []byte {
	options := padded(l.Options, 4)
	first := be16(uint16(len(options)/4)<<6 | uint16(or(l.Hops, 32)&0x3f))
	first[0] |= bit(l.MultiDestination, 0x08)
	return join(first, be16(l.Egress), be16(l.Ingress), options, payload)
}

// ARP is an ARP packet for IPv4 over Ethernet (RFC 826).
type ARP struct {
	Operation           uint16 // 1, request, if 0
	SenderMAC, SenderIP string // defaults as in Ethernet and IPv4
	TargetMAC, TargetIP string // an empty TargetMAC is 00:00:00:00:00:00
}

func (ARP) numbers() numbers { return numbers{etherType: 0x0806} }

func (l ARP) wrap(payload []byte, _ place) []byte {
	return join([]byte{0, 1, 8, 0, 6, 4}, be16(or(l.Operation, 1)),
		mac(l.SenderMAC, "02:00:00:00:00:01"), ip4(l.SenderIP, "192.0.2.1"),
		mac(l.TargetMAC, "00:00:00:00:00:00"), ip4(l.TargetIP, "192.0.2.2"), payload)
}

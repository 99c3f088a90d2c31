package dissect

import "strconv"

// Virtual eXtensible Local Area Network (RFC 7348), with the Group Based Policy extension
// (draft-smith-vxlan-group-policy-05). Linux used UDP port 8472 before 4789 was assigned, and its users still do.
var vxlan = Protocol{
	Name:   "vxlan",
	Title:  "Virtual eXtensible Local Area Network",
	Ref:    "RFC 7348",
	Tunnel: true,
	Over:   []Over{{UDPPort, 4789}, {UDPPort, 8472}},
	Header: Rows{
		{Name: "vxlan.flags", Bits: 16, Kind: Hex, Parts: Rows{
			{Name: "vxlan.flag_g", Bits: 1, Kind: Bool, Doc: "a group policy is there", Ref: "draft-smith-vxlan-group-policy §2.1"},
			{Bits: 3},
			{Name: "vxlan.flag_i", Bits: 1, Kind: Bool, Doc: "the VNI is valid", Ref: "RFC 7348 §5"},
			{Bits: 4},
			{Name: "vxlan.flag_d", Bits: 1, Kind: Bool, Doc: "do not learn the source address", Ref: "draft-smith-vxlan-group-policy §2.1"},
			{Bits: 2},
			{Name: "vxlan.flag_a", Bits: 1, Kind: Bool, Doc: "the policy was applied", Ref: "draft-smith-vxlan-group-policy §2.1"},
			{Bits: 3},
		}},
		{Name: "vxlan.gbp", Bits: 16, Doc: "group policy ID", Ref: "draft-smith-vxlan-group-policy §2.1"},
		{Name: "vxlan.vni", Bits: 24, Doc: "VXLAN network identifier", Ref: "RFC 7348 §5"},
		{Name: "vxlan.reserved8", Bits: 8},
	},
	Fields:   []*Field{vxlanReserved},
	Dissect:  dissectVXLAN,
	Walk:     walkVXLAN,
	Summary:  summarizeVXLAN,
	Identity: identifyVXLAN,
}

var vxlanReserved = &Field{Name: "vxlan.flags_reserved", Bits: 16, Kind: Hex, Doc: "flags without a meaning, in their places"}

// VXLAN is a view of a VXLAN header of 8 bytes.
type VXLAN []byte

// Flags are the first 16 bits.
func (h VXLAN) Flags() uint16 { return be16(h) }

// ValidVNI is the I flag.
func (h VXLAN) ValidVNI() bool { return h[0]&0x08 != 0 }

// GroupPolicy is the group policy ID; it means something if the G flag is set.
func (h VXLAN) GroupPolicy() uint16 { return be16(h[2:]) }

// VNI is the network identifier, 24 bits.
func (h VXLAN) VNI() uint32 { return be24(h[4:]) }

func dissectVXLAN(d *Decoder, b []byte) ID {
	if !VXLAN(b).ValidVNI() {
		d.note(InvalidVNI)
	}
	return ethernet.ID
}

// likeVXLAN tells whether b, of which n bytes were on the wire, is VXLAN with hardly a doubt: no flags but those that have a meaning,
// zeros where they must be, and in it a frame from one sender with an IP packet whose lengths, and whose checksum in IPv4, are right.
func likeVXLAN(b []byte, n int) bool {
	const frame, packet = 8, 8 + 14
	if len(b) < packet+20 || b[frame+6]&1 != 0 || b[7] != 0 {
		return false
	}
	switch b[0] {
	case 0x08:
		if b[1] != 0 || b[2] != 0 || b[3] != 0 {
			return false
		}
	case 0x88: // a group policy
		if b[1]&^0x48 != 0 {
			return false
		}
	default:
		return false
	}
	inner := b[packet:]
	switch Ethernet(b[frame:]).TypeOrLength() {
	case 0x0800:
		h := IPv4(inner)
		return h.Version() == 4 && likeIPv4(inner, n-packet) && len(inner) >= h.HeaderLength() && fold(sum(0, h[:h.HeaderLength()])) == 0xffff
	case 0x86dd:
		return IPv6(inner).Version() == 6 && likeIPv6(inner, n-packet)
	}
	return false
}

func walkVXLAN(w *Walker) {
	if len(w.Body) >= 2 {
		w.Num(vxlanReserved, 0, 2, uint64(VXLAN(w.Body).Flags()&0x77b7))
	}
}

func identifyVXLAN(p *Packet, l *Layer) (uint32, bool) {
	h := VXLAN(p.Header(l))
	return h.VNI(), h.ValidVNI()
}

func summarizeVXLAN(dst []byte, p *Packet, i int) []byte {
	h := VXLAN(p.Header(&p.Layers[i]))
	if len(h) < 8 {
		return append(dst, "vxlan"...)
	}
	return strconv.AppendUint(append(dst, "vxlan "...), uint64(h.VNI()), 10)
}

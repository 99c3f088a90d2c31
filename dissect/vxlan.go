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
	Dissect: dissectVXLAN,
	Summary: summarizeVXLAN,
}

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

func dissectVXLAN(*Decoder, []byte) ID { return ethernet.ID }

func summarizeVXLAN(dst []byte, p *Packet, i int) []byte {
	h := VXLAN(p.Header(&p.Layers[i]))
	if len(h) < 8 {
		return append(dst, "vxlan"...)
	}
	return strconv.AppendUint(append(dst, "vxlan "...), uint64(h.VNI()), 10)
}

package dissect

import "strconv"

// VXLAN with what follows named by the header: Generic Protocol Extension (draft-ietf-nvo3-vxlan-gpe-13). Wireshark gives its fields the
// names of VXLAN's.
var vxlanGPE = Protocol{
	Name:   "vxlan_gpe",
	Title:  "VXLAN Generic Protocol Extension",
	Ref:    "draft-ietf-nvo3-vxlan-gpe",
	Tunnel: true,
	Over:   []Over{{UDPPort, 4790}},
	Header: Rows{
		{Name: "vxlan.flags", Bits: 8, Kind: Hex, Parts: Rows{
			{Bits: 2},
			{Name: "vxlan.ver", Bits: 2},
			{Name: "vxlan.i_bit", Bits: 1, Doc: "the VNI is valid"},
			{Name: "vxlan.p_bit", Bits: 1, Doc: "the next protocol is valid; an Ethernet frame follows if not"},
			{Name: "vxlan.b_bit", Bits: 1, Doc: "broadcast, unknown unicast or multicast"},
			{Name: "vxlan.o_bit", Bits: 1, Doc: "an OAM packet"},
		}},
		{Name: "vxlan.reserved_16", Bits: 16},
		{Name: "vxlan.next_proto", Bits: 8, Enum: nextProtocols, Doc: "what follows"},
		{Name: "vxlan.vni", Bits: 24, Doc: "VXLAN network identifier"},
		{Name: "vxlan.reserved8", Bits: 8},
	},
	Fields:   []*Field{vxlanGPEReserved},
	Dissect:  dissectVXLANGPE,
	Walk:     walkVXLANGPE,
	Summary:  summarizeVXLANGPE,
	Identity: identifyVXLAN,
}

var vxlanGPEReserved = &Field{Name: "vxlan.flags_reserved", Bits: 7, Doc: "flags without a meaning, from the last but one bit on"}

// VXLANGPE is a view of a VXLAN-GPE header of 8 bytes.
type VXLANGPE []byte

// Version is 0.
func (h VXLANGPE) Version() uint8 { return h[0] >> 4 & 3 }

// ValidVNI is the I flag.
func (h VXLANGPE) ValidVNI() bool { return h[0]&0x08 != 0 }

// ValidNextProtocol is the P flag.
func (h VXLANGPE) ValidNextProtocol() bool { return h[0]&0x04 != 0 }

// OAM is the O flag.
func (h VXLANGPE) OAM() bool { return h[0]&0x01 != 0 }

// NextProtocol names what follows.
func (h VXLANGPE) NextProtocol() uint8 { return h[3] }

// VNI is the network identifier, 24 bits.
func (h VXLANGPE) VNI() uint32 { return be24(h[4:]) }

func dissectVXLANGPE(d *Decoder, b []byte) ID {
	h := VXLANGPE(b)
	if !h.ValidVNI() {
		d.note(InvalidVNI)
	}
	switch {
	case h.Version() != 0:
		return d.halt(StopBadVersion)
	case !h.ValidNextProtocol():
		return ethernet.ID
	}
	return d.next(NextProtocol, uint32(h.NextProtocol()))
}

func walkVXLANGPE(w *Walker) {
	if len(w.Body) > 0 {
		w.Num(vxlanGPEReserved, 0, 1, uint64(w.Body[0]&0xc0>>1))
	}
}

func summarizeVXLANGPE(dst []byte, p *Packet, i int) []byte {
	h := VXLANGPE(p.Header(&p.Layers[i]))
	if len(h) < 8 {
		return append(dst, "vxlan-gpe"...)
	}
	return strconv.AppendUint(append(dst, "vxlan-gpe "...), uint64(h.VNI()), 10)
}

package dissect

import "strconv"

// IEEE 802.1Q tag; the same tag under 0x9100 (before 802.1ad) and as the inner one of a QinQ pair (IEEE Std 802.1Q-2022 §9.6).
var vlan = Protocol{
	Name:  "vlan",
	Title: "802.1Q Virtual LAN",
	Ref:   "IEEE 802.1Q",
	Over:  []Over{{EtherType, 0x8100}, {EtherType, 0x9100}, {EtherType, 0x9200}},
	Header: Rows{
		{Name: "vlan.priority", Bits: 3, Doc: "priority code point", Enum: pcpNames},
		{Name: "vlan.dei", Bits: 1, Kind: Bool, Doc: "drop eligible"},
		{Name: "vlan.id", Bits: 12, Doc: "VLAN; 0 is a priority tag, 4095 is reserved"},
		{Bits: 16, Doc: "type or length"},
	},
	Fields:  []*Field{vlanType, vlanLen},
	Dissect: dissectVLAN,
	Walk:    walkVLAN,
	Summary: summarizeVLAN,
}

var (
	vlanType = &Field{Name: "vlan.etype", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows"}
	vlanLen  = &Field{Name: "vlan.len", Bits: 16, Doc: "bytes of LLC packet that follow"}
	pcpNames = Names{0: "Best Effort", 1: "Background", 2: "Excellent Effort", 3: "Critical Applications", 4: "Video", 5: "Voice",
		6: "Internetwork Control", 7: "Network Control"}
)

// VLAN is a view of a tag: the four bytes behind its TPID.
type VLAN []byte

// Priority is the priority code point, 0 to 7.
func (h VLAN) Priority() uint8 { return h[0] >> 5 }

// DropEligible is the DEI bit, which older equipment uses as CFI.
func (h VLAN) DropEligible() bool { return h[0]&0x10 != 0 }

// VID is the VLAN, 0 to 4095.
func (h VLAN) VID() uint16 { return be16(h) & 0xfff }

// TypeOrLength is an EtherType from 1,536 on, and below a number of bytes.
func (h VLAN) TypeOrLength() uint16 { return be16(h[2:]) }

func dissectVLAN(d *Decoder, b []byte) ID {
	t := VLAN(b).TypeOrLength()
	if t >= minEtherType {
		return d.next(EtherType, uint32(t))
	}
	return d.halt(StopUnknown)
}

func walkVLAN(w *Walker) {
	if len(w.Body) < 4 {
		return
	}
	if VLAN(w.Body).TypeOrLength() >= minEtherType {
		w.Add(vlanType, 2, 2)
	} else {
		w.Add(vlanLen, 2, 2)
	}
}

func summarizeVLAN(dst []byte, p *Packet, i int) []byte {
	h := VLAN(p.Header(&p.Layers[i]))
	if len(h) < 4 {
		return append(dst, "vlan"...)
	}
	dst = strconv.AppendUint(append(dst, "vlan "...), uint64(h.VID()), 10)
	if pcp := h.Priority(); pcp != 0 {
		dst = strconv.AppendUint(append(dst, " pcp "...), uint64(pcp), 10)
	}
	return dst
}

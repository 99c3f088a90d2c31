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
	Fields:   []*Field{vlanType, vlanLen, vlanPadding, vlanTrailer},
	Dissect:  dissectVLAN,
	Walk:     walkVLAN,
	Summary:  summarizeVLAN,
	Identity: identifyVLAN,
}

var (
	vlanType = &Field{Name: "vlan.etype", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows"}
	vlanLen  = &Field{Name: "vlan.len", Bits: 16, Doc: "bytes of LLC packet that follow"}

	vlanPadding = &Field{Name: "eth.padding", Kind: Bytes, Doc: "zeros up to the smallest frame of 60 bytes"}
	vlanTrailer = &Field{Name: "vlan.trailer", Kind: Bytes, Doc: "bytes behind the payload that are no padding"}

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
	return d.typeOrLength(VLAN(b).TypeOrLength(), "vlan.len")
}

func walkVLAN(w *Walker) {
	if len(w.Body) < 4 {
		return
	}
	w.typeOrLength(vlanType, vlanLen, 2)
	w.trailer(vlanPadding, vlanTrailer)
}

// typeOrLength yields the two bytes at off as one of two fields.
func (w *Walker) typeOrLength(typ, length *Field, off int) {
	if isLength(be16(w.Body[off:])) {
		w.Add(length, off, 2)
	} else {
		w.Add(typ, off, 2)
	}
}

// trailer yields what follows the payload of a tag. The innermost tag does: the payload of the layers around it is the tag, and
// that goes on to the frame's end.
func (w *Walker) trailer(padding, trailer *Field) {
	start := w.Layer.Start
	for i := w.Layer.Parent; i > 0 && w.Packet.Layers[i].Source == w.Layer.Source; i = w.Packet.Layers[i].Parent {
		start = w.Packet.Layers[i].Start
		if w.Packet.Layers[i].Protocol == ethernet.ID {
			break
		}
	}
	if from := w.padding(padding, start); from < w.Layer.Len() {
		w.Add(trailer, from, w.Layer.Len()-from)
	}
}

// identifyVLAN leaves out the tag that has a priority and no VLAN.
func identifyVLAN(p *Packet, l *Layer) (uint32, bool) {
	vid := VLAN(p.Header(l)).VID()
	return uint32(vid), vid != 0
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

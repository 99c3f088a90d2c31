package dissect

import "strconv"

// IEEE 802.1ad service tag (IEEE Std 802.1Q-2022 §9.6), and a backbone's B-tag, which is the same.
var ieee8021ad = Protocol{
	Name:  "ieee8021ad",
	Title: "IEEE 802.1ad",
	Ref:   "IEEE 802.1Q",
	Over:  []Over{{EtherType, 0x88a8}},
	Header: Rows{
		{Name: "ieee8021ad.priority", Bits: 3, Doc: "priority code point", Enum: pcpNames},
		{Name: "ieee8021ad.dei", Bits: 1, Doc: "drop eligible"},
		{Name: "ieee8021ad.id", Bits: 12, Doc: "service VLAN; 0 is a priority tag, 4095 is reserved"},
		{Bits: 16, Doc: "type or length"},
	},
	Fields:   []*Field{stagType, stagLen, stagPadding, stagTrailer},
	Dissect:  dissectSTag,
	Walk:     walkSTag,
	Summary:  summarizeSTag,
	Identity: identifyVLAN,
}

var (
	stagType    = &Field{Name: "ieee8021ah.etype", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows"}
	stagLen     = &Field{Name: "ieee8021ad.len", Bits: 16, Doc: "bytes of LLC packet that follow"}
	stagPadding = &Field{Name: "eth.padding", Kind: Bytes, Doc: "zeros up to the smallest frame of 60 bytes"}
	stagTrailer = &Field{Name: "ieee8021ah.trailer", Kind: Bytes, Doc: "bytes behind the payload that are no padding"}
)

func dissectSTag(d *Decoder, b []byte) ID {
	return d.typeOrLength(VLAN(b).TypeOrLength(), "ieee8021ad.len")
}

func walkSTag(w *Walker) {
	if len(w.Body) < 4 {
		return
	}
	w.typeOrLength(stagType, stagLen, 2)
	w.trailer(stagPadding, stagTrailer)
}

func summarizeSTag(dst []byte, p *Packet, i int) []byte {
	h := VLAN(p.Header(&p.Layers[i]))
	if len(h) < 4 {
		return append(dst, "s-vlan"...)
	}
	return strconv.AppendUint(append(dst, "s-vlan "...), uint64(h.VID()), 10)
}

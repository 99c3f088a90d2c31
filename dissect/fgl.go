package dissect

import "strconv"

// Fine-grained label of TRILL (RFC 7172 §2.3): two tags of EtherType 0x893b, each with one half of a label of 24 bits. They stand where
// a VLAN tag would.
var fgl = Protocol{
	Name:  "fgl",
	Title: "TRILL fine-grained label",
	Ref:   "RFC 7172",
	Over:  []Over{{EtherType, fglType}},
	Header: Rows{
		{Name: "fgl.priority", Bits: 3, Doc: "priority code point", Enum: pcpNames},
		{Name: "fgl.dei", Bits: 1, Kind: Bool, Doc: "drop eligible"},
		{Name: "fgl.high", Bits: 12, Doc: "upper half of the label"},
		{Name: "fgl.type", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "0x893b: the second tag follows"},
		{Name: "fgl.second_priority", Bits: 3, Doc: "priority code point of the second tag", Enum: pcpNames},
		{Name: "fgl.second_dei", Bits: 1, Kind: Bool, Doc: "drop eligible, in the second tag"},
		{Name: "fgl.low", Bits: 12, Doc: "lower half of the label"},
		{Bits: 16, Doc: "type or length"},
	},
	Fields:   []*Field{fglLabel, fglEtherType, fglLength, fglPadding, fglTrailer},
	Dissect:  dissectFGL,
	Walk:     walkFGL,
	Summary:  summarizeFGL,
	Identity: identifyFGL,
}

var (
	fglLabel     = &Field{Name: "fgl.label", Bits: 24, Doc: "both halves together"}
	fglEtherType = &Field{Name: "fgl.etype", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows"}
	fglLength    = &Field{Name: "fgl.len", Bits: 16, Doc: "bytes of LLC packet that follow"}
	fglPadding   = &Field{Name: "eth.padding", Kind: Bytes, Doc: "zeros up to the smallest frame of 60 bytes"}
	fglTrailer   = &Field{Name: "fgl.trailer", Kind: Bytes, Doc: "bytes behind the payload that are no padding"}
)

const fglType = 0x893b

// FGL is a view of the 8 bytes behind the first EtherType of a fine-grained label.
type FGL []byte

// Priority is the priority code point of the first tag, 0 to 7.
func (h FGL) Priority() uint8 { return h[0] >> 5 }

// Label has 24 bits.
func (h FGL) Label() uint32 { return uint32(be16(h)&0xfff)<<12 | uint32(be16(h[4:])&0xfff) }

// TypeOrLength is an EtherType from 1,536 on, and below a number of bytes.
func (h FGL) TypeOrLength() uint16 { return be16(h[6:]) }

// pair tells whether the second tag is there: half a label means nothing.
func (h FGL) pair() bool { return be16(h[2:]) == fglType }

func dissectFGL(d *Decoder, b []byte) ID {
	if !FGL(b).pair() {
		return d.halt(StopUnknown)
	}
	return d.typeOrLength(FGL(b).TypeOrLength(), "fgl.len")
}

func walkFGL(w *Walker) {
	if h := FGL(w.Header()); len(h) == 8 && h.pair() {
		w.Num(fglLabel, 0, 6, uint64(h.Label()))
		w.typeOrLength(fglEtherType, fglLength, 6)
		w.trailer(fglPadding, fglTrailer)
	}
}

func identifyFGL(p *Packet, l *Layer) (uint32, bool) {
	h := FGL(p.Header(l))
	return h.Label(), h.pair()
}

func summarizeFGL(dst []byte, p *Packet, i int) []byte {
	h := FGL(p.Header(&p.Layers[i]))
	dst = append(dst, "fgl"...)
	if len(h) < 8 || !h.pair() {
		return dst
	}
	return strconv.AppendUint(append(dst, ' '), uint64(h.Label()), 10)
}

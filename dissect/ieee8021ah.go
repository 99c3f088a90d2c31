package dissect

import "strconv"

// IEEE 802.1ah backbone service instance tag (IEEE Std 802.1Q-2022 §9.7): the I-SID and the addresses of the customer's frame.
var ieee8021ah = Protocol{
	Name:   "ieee8021ah",
	Title:  "IEEE 802.1ah",
	Ref:    "IEEE 802.1Q",
	Tunnel: true,
	Over:   []Over{{EtherType, 0x88e7}},
	Header: Rows{
		{Name: "ieee8021ah.priority", Bits: 3, Doc: "priority code point", Enum: pcpNames},
		{Name: "ieee8021ah.drop", Bits: 1, Doc: "drop eligible"},
		{Name: "ieee8021ah.nca", Bits: 1, Doc: "use customer addresses"},
		{Name: "ieee8021ah.res1", Bits: 1, Doc: "reserved, ignored"},
		{Name: "ieee8021ah.res2", Bits: 2, Doc: "reserved; the frame is discarded unless 0"},
		{Name: "ieee8021ah.isid", Bits: 24, Doc: "backbone service instance"},
		{Name: "ieee8021ah.cdst", Bits: 48, Kind: MAC, Doc: "customer's destination"},
		{Name: "ieee8021ah.csrc", Bits: 48, Kind: MAC, Doc: "customer's source"},
		{Bits: 16, Doc: "type or length"},
	},
	Fields:   []*Field{itagType, itagLen, itagPadding, itagTrailer},
	Dissect:  dissectITag,
	Walk:     walkITag,
	Summary:  summarizeITag,
	Identity: identifyITag,
}

var (
	itagType    = &Field{Name: "ieee8021ah.etype", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows"}
	itagLen     = &Field{Name: "ieee8021ah.len", Bits: 16, Doc: "bytes of LLC packet that follow"}
	itagPadding = &Field{Name: "eth.padding", Kind: Bytes, Doc: "zeros up to the smallest frame of 60 bytes"}
	itagTrailer = &Field{Name: "ieee8021ah.trailer", Kind: Bytes, Doc: "bytes behind the payload that are no padding"}
)

// ITag is a view of an I-TAG of 18 bytes, with the type or length behind it.
type ITag []byte

// Priority is the priority code point, 0 to 7.
func (h ITag) Priority() uint8 { return h[0] >> 5 }

// DropEligible is the DEI bit.
func (h ITag) DropEligible() bool { return h[0]&0x10 != 0 }

// ISID is the service instance, 24 bits.
func (h ITag) ISID() uint32 { return be24(h[1:]) }

// Destination is the MAC address of the receiver in the customer's network.
func (h ITag) Destination() []byte { return h[4:10] }

// Source is the MAC address of the sender in the customer's network.
func (h ITag) Source() []byte { return h[10:16] }

// TypeOrLength is an EtherType from 1,536 on, and below a number of bytes.
func (h ITag) TypeOrLength() uint16 { return be16(h[16:]) }

func dissectITag(d *Decoder, b []byte) ID {
	return d.typeOrLength(ITag(b).TypeOrLength(), "ieee8021ah.len")
}

func walkITag(w *Walker) {
	if len(w.Body) < 18 {
		return
	}
	w.typeOrLength(itagType, itagLen, 16)
	w.trailer(itagPadding, itagTrailer)
}

func identifyITag(p *Packet, l *Layer) (uint32, bool) { return ITag(p.Header(l)).ISID(), true }

func summarizeITag(dst []byte, p *Packet, i int) []byte {
	h := ITag(p.Header(&p.Layers[i]))
	if len(h) < 18 {
		return append(dst, "i-sid"...)
	}
	return strconv.AppendUint(append(dst, "i-sid "...), uint64(h.ISID()), 10)
}

package dissect

import "strconv"

// Transparent Interconnection of Lots of Links (RFC 6325 §3), with the extension of the header that RFC 7179 describes.
var trill = Protocol{
	Name:   "trill",
	Title:  "TRILL",
	Ref:    "RFC 6325",
	Tunnel: true,
	Over:   []Over{{EtherType, 0x22f3}, {PPPProtocol, 0x005d}},
	Header: Rows{
		{Name: "trill.version", Bits: 2, Doc: "0"},
		{Name: "trill.reserved", Bits: 2, Doc: "ignored"},
		{Name: "trill.multi_dst", Bits: 1, Kind: Bool, Doc: "sent along a tree to several RBridges"},
		{Name: "trill.op_len", Bits: 5, Doc: "words of 4 bytes that extend the header"},
		{Name: "trill.hop_cnt", Bits: 6, Doc: "hops that are left"},
		{Name: "trill.egress_nick", Bits: 16, Doc: "nickname of the last RBridge, or of the tree's root"},
		{Name: "trill.ingress_nick", Bits: 16, Doc: "nickname of the first RBridge"},
	},
	Fields:  []*Field{trillOptions},
	Dissect: dissectTRILL,
	Walk:    walkTRILL,
	Summary: summarizeTRILL,
}

var trillOptions = &Field{Name: "trill.options", Kind: Bytes, Doc: "extension of the header: its flags in the first word", Ref: "RFC 7179 §2"}

// TRILL is a view of a TRILL header of at least 6 bytes.
type TRILL []byte

// Version is 0.
func (h TRILL) Version() uint8 { return h[0] >> 6 }

// MultiDestination tells whether the frame goes to several RBridges.
func (h TRILL) MultiDestination() bool { return h[0]&0x08 != 0 }

// OptionsLength is that of the header's extension in words of 4 bytes.
func (h TRILL) OptionsLength() int { return int(be16(h) >> 6 & 0x1f) }

// HopCount is the number of hops that are left.
func (h TRILL) HopCount() uint8 { return h[1] & 0x3f }

// Egress is the nickname of the last RBridge or, for several destinations, of the root of the tree.
func (h TRILL) Egress() uint16 { return be16(h[2:]) }

// Ingress is the nickname of the first RBridge.
func (h TRILL) Ingress() uint16 { return be16(h[4:]) }

func dissectTRILL(d *Decoder, b []byte) ID {
	h := TRILL(b)
	switch {
	case h.Version() != 0:
		return d.halt(StopBadVersion)
	case !d.header(6 + 4*h.OptionsLength()):
		return done
	}
	return ethernet.ID
}

func walkTRILL(w *Walker) {
	if h := TRILL(w.Header()); len(h) > 6 {
		w.Add(trillOptions, 6, 4*h.OptionsLength())
	}
}

func summarizeTRILL(dst []byte, p *Packet, i int) []byte {
	h := TRILL(p.Header(&p.Layers[i]))
	dst = append(dst, "trill"...)
	if len(h) < 6 {
		return dst
	}
	dst = appendHex(append(dst, ' '), uint64(h.Ingress()), 4)
	dst = appendHex(append(dst, "→"...), uint64(h.Egress()), 4)
	return strconv.AppendUint(append(dst, " hops "...), uint64(h.HopCount()), 10)
}

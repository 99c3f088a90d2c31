package dissect

// Control word of an Ethernet pseudowire (RFC 4448 §4.6, RFC 4385 §3). Whether there is one was agreed when the pseudowire was set up;
// where that was not seen it is a guess.
var pwethcw = Protocol{
	Name:   "pwethcw",
	Title:  "Ethernet pseudowire control word",
	Ref:    "RFC 4448",
	Tunnel: true,
	Header: Rows{
		{Bits: 4, Doc: "0"},
		{Bits: 12},
		{Name: "pweth.cw.sequence_number", Bits: 16, Doc: "0 where the pseudowire does not count", Ref: "RFC 4385 §4"},
	},
	Fields:  []*Field{pwethCW},
	Dissect: func(d *Decoder, _ []byte) ID { return d.find(EtherType, bridging) },
	Walk:    func(w *Walker) { w.Num(pwethCW, 0, 0, 1) },
	Summary: func(dst []byte, _ *Packet, _ int) []byte { return append(dst, "pseudowire"...) },
}

var pwethCW = &Field{Name: "pweth.cw", Bits: 1, Kind: Bool, Doc: "there is a control word"}

// ControlWord is a view of a pseudowire's control word of 4 bytes.
type ControlWord []byte

// Sequence is the packet's number; 0 where the pseudowire does not count.
func (h ControlWord) Sequence() uint16 { return be16(h[2:]) }

package dissect

import "strconv"

// Shim6, multihoming for IPv6 (RFC 5533): control messages, and a header in front of packets whose addresses were exchanged.
var shim6 = Protocol{
	Name:  "shim6",
	Title: "Shim6 Protocol",
	Ref:   "RFC 5533",
	Over:  []Over{{IPProtocol, 140}},
	Header: Rows{
		{Name: "shim6.nxt", Bits: 8, Enum: ipProtocols, Doc: "what follows; 59: nothing"},
		{Name: "shim6.len", Bits: 8, Doc: "units of 8 bytes behind the first one"},
		{Name: "shim6.p", Bits: 1, Kind: Bool, Doc: "a packet follows", Ref: "RFC 5533 §5.1"},
		{Bits: 7, Doc: "type, or start of the context tag"},
		{Bits: 8},
		{Bits: 32, Doc: "checksum, or rest of the context tag"},
	},
	Tables:  []Rows{shim6Control},
	Fields:  []*Field{shim6Context},
	Dissect: dissectIPv6Extension,
	Walk:    walkShim6,
	Summary: summarizeShim6,
}

var (
	shim6Control = Rows{
		{Bits: 1},
		{Name: "shim6.type", Bits: 7, Enum: shim6Types, Ref: "RFC 5533 §5.3"},
		{Bits: 7},
		{Name: "shim6.proto", Bits: 1, Doc: "0, by which Shim6 differs from HIP"},
		{Name: "shim6.checksum", Bits: 16, Kind: Hex, Doc: "over the message", Ref: "RFC 5533 §5.4"},
	}
	shim6Context = &Field{Name: "shim6.ct", Kind: Bytes, Doc: "tag of the context, which names the addresses that belong here", Ref: "RFC 5533 §5.1"}
)

// shim6Payload tells whether header h stands in front of a packet. The packet's checksums are over addresses that only its
// context knows.
func shim6Payload(h []byte) bool { return h[2]&0x80 != 0 }

func walkShim6(w *Walker) {
	h := w.Header()
	switch {
	case len(h) < 8:
	case shim6Payload(h):
		w.Add(shim6Context, 2, 6)
	default:
		w.Part(shim6Control, 2, 4)
	}
}

func summarizeShim6(dst []byte, p *Packet, i int) []byte {
	h := p.Header(&p.Layers[i])
	switch {
	case len(h) < 8:
		return append(dst, "shim6"...)
	case shim6Payload(h):
		return append(dst, "shim6 payload"...)
	}
	if name := shim6Types[uint64(h[2])]; name != "" {
		return append(append(dst, "shim6 "...), name...)
	}
	return strconv.AppendUint(append(dst, "shim6 type "...), uint64(h[2]), 10)
}

var shim6Types = Names{1: "I1", 2: "R1", 3: "I2", 4: "R2", 5: "R1bis", 6: "I2bis", 64: "update request", 65: "update acknowledgement", 66: "keepalive", 67: "probe"}

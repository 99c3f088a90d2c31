package dissect

import "encoding/binary"

// Configuration test protocol (Ethernet Version 2.0, §8), by which switches of Cisco see whether a cable leads back to themselves. Its
// numbers are little-endian.
var loop = Protocol{
	Name:    "loop",
	Title:   "Configuration test protocol",
	Ref:     "Ethernet Version 2.0",
	Over:    []Over{{EtherType, 0x9000}},
	Header:  Rows{{Bits: 16, Doc: "skip count, little-endian"}},
	Fields:  []*Field{loopSkip, loopFunction, loopRelevant, loopReceipt, loopForward},
	Dissect: dissectLoop,
	Walk:    walkLoop,
	Summary: func(dst []byte, _ *Packet, _ int) []byte { return append(dst, "loop test"...) },
}

var (
	loopNames    = Names{1: "reply", 2: "forward data"}
	loopSkip     = &Field{Name: "loop.skipcount", Bits: 16, Doc: "bytes of functions that are done"}
	loopFunction = &Field{Name: "loop.function", Bits: 16, Enum: loopNames, Doc: "each function in the packet"}
	loopRelevant = &Field{Name: "loop.relevant_function", Bits: 16, Enum: loopNames, Doc: "the function whose turn it is"}
	loopReceipt  = &Field{Name: "loop.receipt_number", Bits: 16, Doc: "tells the sender which request this answers"}
	loopForward  = &Field{Name: "loop.forwarding_address", Bits: 48, Kind: MAC, Doc: "whom to send it to next"}
)

const (
	loopReply       = 1
	loopForwardData = 2
)

// loopFunctions calls f with the number and the offset of each function in b, the header's first byte included, and returns where they
// end. A reply is the last.
func loopFunctions(b []byte, f func(function uint16, off int)) int {
	off := 2
	for off+2 <= len(b) {
		function := binary.LittleEndian.Uint16(b[off:])
		f(function, off)
		switch function {
		case loopReply:
			return off + 4
		case loopForwardData:
			off += 8
		default:
			return off + 2
		}
	}
	return off + 2
}

func dissectLoop(d *Decoder, b []byte) ID {
	if !d.header(loopFunctions(b, func(uint16, int) {})) {
		return done
	}
	return none
}

func walkLoop(w *Walker) {
	h := w.Header()
	if len(h) < 2 {
		return
	}
	skip := binary.LittleEndian.Uint16(h)
	w.Num(loopSkip, 0, 2, uint64(skip))
	loopFunctions(h, func(function uint16, off int) {
		if off == int(skip)+2 {
			w.Num(loopRelevant, off, 2, uint64(function))
		}
		w.Num(loopFunction, off, 2, uint64(function))
		switch {
		case function == loopReply && off+4 <= len(h):
			w.Num(loopReceipt, off+2, 2, uint64(binary.LittleEndian.Uint16(h[off+2:])))
		case function == loopForwardData:
			w.Add(loopForward, off+2, 6)
		}
	})
}

package dissect

import "strconv"

// The frame itself, as the capture describes it: the root of every packet's layers.
var frame = Protocol{
	Name:  "frame",
	Title: "Frame",
	Fields: []*Field{frameNumber, frameTime, frameLen, frameCapLen, frameInterface, frameInterfaceName, frameProtocols,
		frameSegments, frameSumOwed, frameSumValid},
	Walk:    walkFrame,
	Summary: summarizeFrame,
}

var (
	frameNumber        = &Field{Name: "frame.number", Bits: 32, Doc: "place in the input, from 1", of: (*Frame).number}
	frameTime          = &Field{Name: "frame.time_epoch", Kind: Seconds, Doc: "when it was captured, in seconds since the Unix epoch"}
	frameLen           = &Field{Name: "frame.len", Bits: 32, Doc: "bytes on the wire", of: (*Frame).wireLen}
	frameCapLen        = &Field{Name: "frame.cap_len", Bits: 32, Doc: "bytes captured", of: (*Frame).capLen}
	frameInterface     = &Field{Name: "frame.interface_id", Bits: 32, Doc: "interface number within its file", of: (*Frame).interfaceID}
	frameInterfaceName = &Field{Name: "frame.interface_name", Kind: Text, Doc: "interface name, where the capture has one"}
	frameProtocols     = &Field{Name: "frame.protocols", Kind: Text, Doc: "the layers' names, outermost first, joined by colons"}

	// What the capture says that the interface had left to do, or had done already; Wireshark has no names for it.
	frameSegments = &Field{Name: "pktscope.offload.gso", Bits: 1, Kind: Bool, of: (*Frame).segments, Ref: epbFlags,
		Doc: "several TCP segments in one frame, not cut yet (GSO, TSO) or put together (GRO, LRO), as the capture says"}
	frameSumOwed = &Field{Name: "pktscope.offload.checksum_owed", Bits: 1, Kind: Bool, of: (*Frame).sumOwed, Ref: epbFlags,
		Doc: "the interface has yet to compute a checksum, as the capture says"}
	frameSumValid = &Field{Name: "pktscope.offload.checksum_valid", Bits: 1, Kind: Bool, of: (*Frame).sumValid, Ref: epbFlags,
		Doc: "the interface found a checksum right, as the capture says"}
)

const epbFlags = "draft-ietf-opsawg-pcapng §4.3.1"

func walkFrame(w *Walker) {
	p := w.Packet
	w.described(frameNumber)
	if !p.Timeless {
		w.Num(frameTime, 0, 0, uint64(p.Time))
	}
	w.described(frameLen)
	w.described(frameCapLen)
	w.described(frameInterface)
	if p.Point.Name != "" {
		w.Text(frameInterfaceName, p.Point.Name)
	}
	if w.Wants(frameProtocols) {
		n := len(p.scratch)
		p.scratch = p.AppendProtocols(p.scratch)
		w.text(frameProtocols, p.scratch[n:])
	}
	if p.Flags != 0 {
		w.described(frameSegments)
		w.described(frameSumOwed)
		w.described(frameSumValid)
	}
}

// described yields a number that describes the frame.
func (w *Walker) described(f *Field) {
	if !w.Wants(f) {
		return
	}
	if n, ok := f.of(&w.Packet.Frame); ok {
		w.Num(f, 0, 0, n)
	}
}

func (f *Frame) number() (uint64, bool)  { return f.Number, true }
func (f *Frame) wireLen() (uint64, bool) { return uint64(f.WireLen), true }
func (f *Frame) capLen() (uint64, bool)  { return uint64(len(f.Data)), true }

func (f *Frame) interfaceID() (uint64, bool) { return uint64(f.Point.Index), f.Point.Index >= 0 }

// Of the flags of a frame only those are a value that are set: a capture that has none says nothing of it.
func (f *Frame) flag(bit int) (uint64, bool) { return 1, f.Flags>>bit&1 != 0 }

func (f *Frame) sumOwed() (uint64, bool)  { return f.flag(9) }
func (f *Frame) sumValid() (uint64, bool) { return f.flag(10) }
func (f *Frame) segments() (uint64, bool) { return f.flag(11) }

// AppendProtocols appends the value of frame.protocols. A stack of labels counts once.
func (p *Packet) AppendProtocols(dst []byte) []byte {
	for i := 1; i < len(p.Layers); i++ {
		l := &p.Layers[i]
		if l.Protocol == mpls.ID && p.Layers[l.Parent].Protocol == mpls.ID {
			continue
		}
		if i > 1 {
			dst = append(dst, ':')
		}
		dst = append(dst, protocols[l.Protocol].Name...)
	}
	return dst
}

func summarizeFrame(dst []byte, p *Packet, _ int) []byte {
	dst = strconv.AppendUint(append(dst, "number "...), p.Number, 10)
	dst = strconv.AppendInt(append(dst, ", "...), int64(p.WireLen), 10)
	dst = append(dst, " bytes on the wire"...)
	if n := len(p.Data); n < p.WireLen {
		dst = strconv.AppendInt(append(dst, ", "...), int64(n), 10)
		dst = append(dst, " captured"...)
	}
	return dst
}

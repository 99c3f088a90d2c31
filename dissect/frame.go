package dissect

import "strconv"

// The frame itself, as the capture describes it: the root of every packet's layers.
var frame = Protocol{
	Name:    "frame",
	Title:   "Frame",
	Fields:  []*Field{frameNumber, frameTime, frameLen, frameCapLen, frameInterface, frameInterfaceName, frameProtocols},
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
)

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

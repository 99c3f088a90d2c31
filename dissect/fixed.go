package dissect

// A row of the fixed header is read without a walk over its layer: at a known place, for a few nanoseconds. So are the numbers that
// describe a frame.

// Fixed tells whether the field is a row of its protocol's fixed header, or a number that describes the frame, which [Packet.Uint] and
// [Packet.Raw] read.
func (f *Field) Fixed() bool { return f.of != nil || f.inHeader() }

func (f *Field) inHeader() bool {
	if f.row == nil {
		return false
	}
	header := protocols[f.owner].Header
	for i := range header {
		if &header[i] == f.row {
			return true
		}
	}
	return false
}

// Uint reads the fixed field f, whose kind is a number, from layer l of the field's protocol. It is not ok if the field was not
// captured.
func (p *Packet) Uint(l *Layer, f *Field) (n uint64, ok bool) {
	h := p.Header(l)
	if int(f.off)+int(f.Bits) > len(h)*8 { // a frame has no header
		if f.of != nil {
			return f.of(&p.Frame)
		}
		return 0, false
	}
	return f.num(h), true
}

// Raw reads the fixed field f, whose kind is an address, bytes or text, from layer l of the field's protocol. It is not ok if
// the field was not captured.
func (p *Packet) Raw(l *Layer, f *Field) (b []byte, ok bool) {
	h := p.Header(l)
	i, end := int(f.off)>>3, (int(f.off)+int(f.Bits))>>3
	if end > len(h) {
		return nil, false
	}
	return h[i:end:end], true
}

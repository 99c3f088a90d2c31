package dissect

import "iter"

// Walker yields the fields of one layer. A protocol's Walk function calls its methods for what the fixed header does not
// hold: options, TLVs, values that are worked out. Offsets count from the first byte of the layer's header. A field of
// which not every byte was captured is not yielded.
type Walker struct {
	Packet *Packet
	Layer  *Layer
	Index  int    // of the layer in the packet
	Body   []byte // captured bytes of header and payload

	yield func(Value) bool
	wants []bool // by field index; nil is all
	plans *plans // for wants; nil for all
	depth uint8
	done  bool
}

// Header returns the captured bytes of the layer's header.
func (w *Walker) Header() []byte { return w.Body[:w.Layer.HeaderLen()] }

// Wants tells whether somebody asks for field f: what is costly to work out is worked out only then.
func (w *Walker) Wants(f *Field) bool { return !w.done && (w.wants == nil || w.wants[f.index]) }

// Done tells that nobody wants further fields: long loops may end.
func (w *Walker) Done() bool { return w.done }

// Add yields field f, whose value is the n bytes at off.
func (w *Walker) Add(f *Field, off, n int) {
	if !w.Wants(f) || off < 0 || n < 0 || off+n > len(w.Body) {
		return
	}
	v := Value{Field: f, Off: w.Layer.Start + uint32(off), Len: uint32(n), Depth: w.depth}
	b := w.Body[off : off+n : off+n]
	switch f.Kind {
	case IPv4Addr:
		if n != 4 {
			return
		}
		v.Raw = b
	case IPv6Addr:
		if n != 16 {
			return
		}
		v.Raw = b
	case MAC, Bytes, Text:
		v.Raw = b
	case Present:
	default:
		if n > 8 {
			return
		}
		for _, c := range b {
			v.Num = v.Num<<8 | uint64(c)
		}
		if f.Kind == Signed && n > 0 {
			v.Num = signExtend(v.Num, n*8)
		}
		if f.Scale > 1 {
			v.Num *= uint64(f.Scale)
		}
	}
	w.emit(v)
}

// Num yields field f with a value that is worked out from the n bytes at off; with n 0 it stands nowhere.
func (w *Walker) Num(f *Field, off, n int, value uint64) {
	if !w.Wants(f) || off < 0 || n < 0 || off+n > len(w.Body) {
		return
	}
	w.emit(Value{Field: f, Num: value, Off: w.Layer.Start + uint32(off), Len: uint32(n), Depth: w.depth})
}

// Text yields field f with a text that is worked out, not read.
func (w *Walker) Text(f *Field, text string) {
	if !w.Wants(f) {
		return
	}
	n := len(w.Packet.scratch)
	w.Packet.scratch = append(w.Packet.scratch, text...)
	w.text(f, w.Packet.scratch[n:])
}

func (w *Walker) text(f *Field, b []byte) {
	if !w.done {
		w.emit(Value{Field: f, Raw: b, Off: w.Layer.Start, Depth: w.depth})
	}
}

// Rows yields the rows of a TLV's or a record's fixed part that starts at off.
func (w *Walker) Rows(r Rows, off int) {
	if w.done || off < 0 || off > len(w.Body) {
		return
	}
	b := w.Body[off:]
	for i := range r {
		w.row(&r[i], b, off)
	}
}

// Part yields those rows that lie within the n bytes at off, which is what a TLV's own length leaves to them.
func (w *Walker) Part(r Rows, off, n int) {
	if w.done || off < 0 || n < 0 || off+n > len(w.Body) {
		return
	}
	b := w.Body[off : off+n]
	for i := range r {
		w.row(&r[i], b, off)
	}
}

func (w *Walker) row(f *Field, b []byte, off int) {
	if f.Name != "" && w.Wants(f) {
		if v, ok := f.read(b); ok {
			v.Off += w.Layer.Start + uint32(off)
			v.Depth = w.depth
			w.emit(v)
		}
	}
	if f.Parts != nil {
		w.depth++
		for i := range f.Parts {
			w.row(&f.Parts[i], b, off)
		}
		w.depth--
	}
}

// Nest yields what f yields one level deeper in the tree.
func (w *Walker) Nest(f func()) {
	w.depth++
	f()
	w.depth--
}

func (w *Walker) emit(v Value) {
	if (w.wants == nil || w.wants[v.Field.index]) && !w.yield(v) {
		w.done = true
	}
}

// Values returns every field of layer i in wire order; fields that are worked out follow the header.
func (p *Packet) Values(i int) iter.Seq[Value] {
	return func(yield func(Value) bool) {
		w := Walker{yield: yield}
		w.Visit(p, i)
	}
}

// NewWalker returns a walker for [Walker.Visit]. It yields those fields whose Index wants holds, or all if wants is nil, until yield
// returns false. It is used again and again: visiting does not allocate.
func NewWalker(wants []bool, yield func(Value) bool) *Walker {
	w := &Walker{wants: wants, yield: yield}
	if wants != nil {
		w.plans = newPlans(wants)
	}
	return w
}

// Visit yields the fields of layer i of p in the order of [Packet.Values].
func (w *Walker) Visit(p *Packet, i int) {
	if w.plans != nil {
		w.visitWanted(p, i)
		return
	}
	w.enter(p, i)
	proto := protocols[w.Layer.Protocol]
	for k, header := 0, w.Header(); k < len(proto.Header); k++ {
		w.row(&proto.Header[k], header, 0)
	}
	if proto.Walk != nil && !w.done {
		proto.Walk(w)
	}
	if !w.done {
		w.judgements()
	}
}

// visitWanted is Visit where not all fields are wanted. What a value's depth is in the tree nobody asks then.
func (w *Walker) visitWanted(p *Packet, i int) {
	id := p.Layers[i].Protocol
	plan := &w.plans[id]
	if !plan.some() {
		return
	}
	w.enter(p, i)
	if plan.rows != nil {
		header := w.Header()
		for _, f := range plan.rows {
			if v, ok := f.read(header); ok && !w.done {
				v.Off += w.Layer.Start
				w.done = !w.yield(v)
			}
		}
	}
	if plan.walk && !w.done {
		protocols[id].Walk(w)
	}
	if plan.judge && !w.done {
		w.judgements()
	}
}

// enter makes w ready for layer i of p.
func (w *Walker) enter(p *Packet, i int) {
	w.Packet, w.Layer, w.Index, w.Body = p, &p.Layers[i], i, p.Body(&p.Layers[i])
	w.depth, w.done = 0, false
}

package filter

import (
	"slices"

	"pktscope/dissect"
)

// reader lists the values of fields or of a protocol, layer by layer.
type reader struct {
	protocol dissect.ID       // whose layers are read; 0 is every one
	layers   []extent         // which of them, from 1; nil is all
	fixed    []*dissect.Field // rows of the header
	wants    []bool           // other fields, by Index; nil if there are none
	whole    bool             // the layer itself is a value

	walker *dissect.Walker
	out    []value
}

// reference compiles the name of a field or a protocol.
func (c *compiler) reference(n *reference) source {
	readers := c.readers(n)
	if len(readers) == 1 {
		return readers[0].read
	}
	var out []value
	return func(p *dissect.Packet) []value {
		out = out[:0]
		for _, r := range readers {
			out = append(out, r.read(p)...)
		}
		return out
	}
}

// readers returns one for each protocol that has a field of the name.
func (c *compiler) readers(n *reference) (readers []*reader) {
	if n.protocol != nil {
		readers = append(readers, &reader{protocol: n.protocol.ID, layers: n.layers, whole: true})
	}
	for _, f := range n.fields {
		c.fields[f] = true
		id := f.Owner().ID
		if f.Everywhere() {
			id = 0
		}
		i := slices.IndexFunc(readers, func(r *reader) bool { return r.protocol == id })
		if i < 0 {
			i = len(readers)
			readers = append(readers, &reader{protocol: id, layers: n.layers})
		}
		readers[i].add(f)
	}
	return readers
}

func (r *reader) add(f *dissect.Field) {
	if f.Fixed() {
		r.fixed = append(r.fixed, f)
		return
	}
	if r.wants == nil {
		r.wants = make([]bool, len(dissect.Fields()))
		r.walker = dissect.NewWalker(r.wants, r.take)
	}
	r.wants[f.Index()] = true
}

func (r *reader) read(p *dissect.Packet) []value {
	r.out = r.out[:0]
	behind := 1 // the last layer
	if r.layers != nil {
		for i := range p.Layers {
			if p.Layers[i].Protocol == r.protocol {
				behind++
			}
		}
	}
	place := 0
	for i := range p.Layers {
		l := &p.Layers[i]
		if l.Protocol != r.protocol && r.protocol != 0 {
			continue
		}
		if place++; r.layers != nil && !chosen(r.layers, place, behind) {
			continue
		}
		r.layer(p, i, l)
	}
	return r.out
}

func chosen(layers []extent, place, behind int) bool {
	for _, e := range layers {
		if from, to := e.bounds(behind); from <= place && place < to {
			return true
		}
	}
	return false
}

// layer adds the values of layer i, which is l.
func (r *reader) layer(p *dissect.Packet, i int, l *dissect.Layer) {
	if r.whole {
		v := value{raw: p.Body(l)}
		v.num = uint64(len(p.Header(l)))
		if l.Parent < 0 { // the frame has no header: all of it is its own
			v.num = uint64(len(v.raw))
		}
		r.out = append(r.out, v)
		return
	}
	for _, f := range r.fixed {
		if k := f.Kind; k >= dissect.IPv4Addr && k <= dissect.Text {
			if b, ok := p.Raw(l, f); ok {
				r.out = append(r.out, value{num: uint64(f.Bits), raw: b})
			}
		} else if n, ok := p.Uint(l, f); ok {
			r.out = append(r.out, numeric(f, n))
		}
	}
	if r.wants != nil {
		r.walker.Visit(p, i)
	}
}

// take adds a value that a walk yields.
func (r *reader) take(v dissect.Value) bool {
	if v.Raw != nil {
		r.out = append(r.out, value{num: uint64(len(v.Raw)) * 8, raw: v.Raw})
	} else {
		r.out = append(r.out, numeric(v.Field, v.Num))
	}
	return true
}

// numeric is the value of a number. A boolean of several bits is true if any of them is set.
func numeric(f *dissect.Field, n uint64) value {
	if f.Kind == dissect.Bool && n != 0 {
		n = 1
	}
	return value{num: n}
}

package filter

import (
	"math"
	"slices"

	"pktscope/dissect"
)

// headers are the protocols that end with their header if a length or a slice is asked for: udp[8] is nothing. Others reach as
// far as their payload does: tcp[20] is the first byte that is carried. There is no rule; Wireshark has it so.
var headers = []string{"chdlc", "eth", "ieee8021ad", "ip", "ipv6", "ipv6.dstopts", "ipv6.fraghdr", "ipv6.hopopts", "mpls", "null", "pppoes", "pwach",
	"pwethcw", "sll", "trill", "udp", "vlan", "vxlan"}

// packets are subjects. They note which fields are read.
type packets struct {
	fields map[*dissect.Field]bool
}

// reader lists the values of fields or of a protocol, layer by layer.
type reader struct {
	protocol dissect.ID       // whose layers are read; 0 is every one
	layers   []extent         // which of them, from 1; nil is all
	fixed    []*dissect.Field // rows of the header
	wants    []bool           // other fields, by Index; nil if there are none
	stack    bool             // a layer in one of the same protocol counts as the same
	whole    bool             // the layer itself is a value
	header   bool             // of which only the header is its own

	walker *dissect.Walker
	out    []value
	places []int // of which layer each of them is, if layers are chosen
}

// source lists the values of fields or of protocols.
func (s *packets) source(n *reference) source[*dissect.Packet] {
	readers := s.readers(n)
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

// exists looks whether there are layers of a protocol.
func (s *packets) exists(n *reference) test[*dissect.Packet] {
	if n.protocols == nil || n.layers != nil {
		return nil
	}
	var wanted [256]bool // by ID
	for _, p := range n.protocols {
		wanted[p.ID] = true
	}
	return func(p *dissect.Packet) bool {
		for i := range p.Layers {
			if wanted[p.Layers[i].Protocol] {
				return true
			}
		}
		return false
	}
}

// rows is for operands that name rows of one header that can be read as numbers.
func (s *packets) rows(a operand) (within func(sets []interval, all bool) test[*dissect.Packet], ok bool) {
	r, ok := s.row(a)
	if !ok {
		return nil, false
	}
	return r.within, true
}

// row returns the reader of operand a if all that a names are rows of one header that can be read as numbers.
func (s *packets) row(a operand) (*reader, bool) {
	n, ok := a.(*reference)
	if !ok || n.layers != nil {
		return nil, false
	}
	switch typeOf(a) {
	case number, ipv4, mac:
	case boolean:
		if n.fields[0].Bits > 1 {
			return nil, false
		}
	default:
		return nil, false
	}
	all := s.readers(n)
	return all[0], len(all) == 1 && all[0].wants == nil
}

// slicedRows is for slices of short addresses: shifted to the right and masked, an address is the slice. It is not ok if the slice is not one
// part that every such address has, or is compared with n bytes of another length.
func (s *packets) slicedRows(a operand, n int) (within func(sets []interval, all bool) test[*dissect.Packet], ok bool) {
	part, ok := a.(*slice)
	if !ok || len(part.parts) != 1 {
		return nil, false
	}
	if t := typeOf(part.a); t != ipv4 && t != mac {
		return nil, false
	}
	r, ok := s.row(part.a)
	if !ok {
		return nil, false
	}
	size := int(r.fixed[0].Bits) / 8
	for _, f := range r.fixed {
		if int(f.Bits) != 8*size {
			return nil, false
		}
	}
	from, to := part.parts[0].bounds(size)
	if from < 0 || from >= to || to > size || to-from != n {
		return nil, false
	}
	return func(sets []interval, all bool) test[*dissect.Packet] {
		return r.partWithin(sets, all, uint(size-to)*8, 1<<(8*n)-1)
	}, true
}

// readers returns one for each protocol that has a field of the name.
func (s *packets) readers(n *reference) (readers []*reader) {
	for _, p := range n.protocols {
		r := newReader(p.ID, n)
		r.whole, r.header = true, slices.Contains(headers, p.Name)
		readers = append(readers, r)
	}
	for _, f := range n.fields {
		s.fields[f] = true
		id := f.Owner().ID
		if f.Everywhere() {
			id = 0
		}
		i := slices.IndexFunc(readers, func(r *reader) bool { return r.protocol == id })
		if i < 0 {
			i = len(readers)
			readers = append(readers, newReader(id, n))
		}
		readers[i].add(f)
	}
	for _, r := range readers {
		if r.wants != nil {
			r.walker = dissect.NewWalker(r.wants, r.take)
		}
	}
	return readers
}

// newReader returns one for layers of protocol id. The layer operator counts a stack of labels as one layer, because Wireshark reads
// them together; the innermost and the outermost label are still two.
func newReader(id dissect.ID, n *reference) *reader {
	return &reader{protocol: id, layers: n.layers, stack: id == dissect.ByName("mpls").ID && !n.edge}
}

func (r *reader) add(f *dissect.Field) {
	if f.Fixed() {
		r.fixed = append(r.fixed, f)
		return
	}
	if r.wants == nil {
		r.wants = make([]bool, len(dissect.Fields()))
	}
	r.wants[f.Index()] = true
}

func (r *reader) read(p *dissect.Packet) []value {
	r.out, r.places = r.out[:0], r.places[:0]
	place := 0
	for i := range p.Layers {
		l := &p.Layers[i]
		if l.Protocol != r.protocol && r.protocol != 0 {
			continue
		}
		if !r.stack || l.Parent < 0 || p.Layers[l.Parent].Protocol != l.Protocol {
			place++
		}
		r.layer(p, i, l)
		for r.layers != nil && len(r.places) < len(r.out) {
			r.places = append(r.places, place)
		}
	}
	if r.layers != nil && len(r.out) > 0 {
		r.choose()
	}
	return r.out
}

// choose leaves the values of the layers that were asked for. The last layer is the last that has a value.
func (r *reader) choose() {
	last := r.places[len(r.places)-1]
	n := 0
	for i, place := range r.places {
		for _, e := range r.layers {
			if from, to := e.bounds(last + 1); from <= place && place < to {
				r.out[n] = r.out[i]
				n++
				break
			}
		}
	}
	r.out = r.out[:n]
}

// layer adds the values of layer i, which is l.
func (r *reader) layer(p *dissect.Packet, i int, l *dissect.Layer) {
	if r.whole {
		v := value{raw: p.Body(l)}
		v.num = uint64(len(v.raw))
		if r.header {
			v.num = uint64(l.HeaderLen())
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

// within tests whether one of the values, or every one, is in one of the sets.
func (r *reader) within(sets []interval, all bool) test[*dissect.Packet] {
	return r.partWithin(sets, all, 0, math.MaxUint64)
}

// partWithin is within for the part of the values that is left of them when they are shifted to the right and masked.
func (r *reader) partWithin(sets []interval, all bool, shift uint, mask uint64) test[*dissect.Packet] {
	id, fields := r.protocol, r.fixed
	return func(p *dissect.Packet) bool {
		seen := false
		for i := range p.Layers {
			l := &p.Layers[i]
			if l.Protocol != id {
				continue
			}
			for _, f := range fields {
				n, ok := p.Uint(l, f)
				if !ok {
					continue
				}
				if in(sets, n>>shift&mask) != all {
					return !all
				}
				seen = true
			}
		}
		return all && seen
	}
}

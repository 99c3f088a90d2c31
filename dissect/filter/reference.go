package filter

import (
	"slices"

	"pktscope/dissect"
)

// headers are the protocols that end with their header if a length or a slice is asked for: udp[8] is nothing. Others reach as
// far as their payload does: tcp[20] is the first byte that is carried. There is no rule; Wireshark has it so.
var headers = []string{"chdlc", "eth", "ieee8021ad", "ip", "ipv6", "ipv6.dstopts", "ipv6.fraghdr", "ipv6.hopopts", "mpls", "null", "pppoes", "pwach",
	"pwethcw", "sll", "trill", "udp", "vlan", "vxlan"}

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
	for _, p := range n.protocols {
		r := newReader(p.ID, n)
		r.whole, r.header = true, slices.Contains(headers, p.Name)
		readers = append(readers, r)
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

package filter

import (
	"math"

	"pktscope/dissect"
)

// Most terms compare a row of a header with a value. Numbers, short addresses and booleans are all numbers in the header; the test is
// whether they lie in an interval then, and neither a list of values nor a comparison by type is needed.

// interval is a run of numbers, or all the others.
type interval struct {
	low, span uint64 // span is the last less the first
	outside   bool
}

func (v interval) holds(n uint64) bool { return (n-v.low <= v.span) != v.outside }

func between64(low, high uint64) interval { return interval{low: low, span: high - low} }

// intervalOf returns the numbers x for which "x op v" is right; a prefix stands for its addresses.
func intervalOf(op string, v value) interval {
	low, high := v.numbers()
	var in interval
	switch op {
	case "==", "===", "!=", "!==":
		in = between64(low, high)
	case "<=", ">":
		in = between64(0, high)
	default:
		in = between64(low, math.MaxUint64)
	}
	in.outside = op == "!=" || op == "!==" || op == ">" || op == "<"
	return in
}

// numbers returns the least and the greatest number that the value stands for.
func (v value) numbers() (low, high uint64) {
	if v.raw == nil {
		return v.num, v.num
	}
	for _, b := range v.raw {
		low = low<<8 | uint64(b)
	}
	rest := uint64(0)
	if len(v.raw) == 4 {
		rest = math.MaxUint32 >> v.num
	}
	return low &^ rest, low | rest
}

// rows returns the reader of operand a if all that a names are rows of one header that can be read as numbers.
func (c *compiler) rows(a operand) (*reader, bool) {
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
	all := c.readers(n)
	return all[0], len(all) == 1 && all[0].wants == nil
}

// sliced returns the reader of a slice of a short address, with what is to be done with the address as a number: shifted to the right and
// masked it is the slice. It is not ok if the slice is not one part that every such address has, or is compared with n bytes of another length.
func (c *compiler) sliced(a operand, n int) (r *reader, shift uint, mask uint64, ok bool) {
	s, ok := a.(*slice)
	if !ok || len(s.parts) != 1 {
		return nil, 0, 0, false
	}
	if t := typeOf(s.a); t != ipv4 && t != mac {
		return nil, 0, 0, false
	}
	if r, ok = c.rows(s.a); !ok {
		return nil, 0, 0, false
	}
	size := int(r.fixed[0].Bits) / 8
	for _, f := range r.fixed {
		if int(f.Bits) != 8*size {
			return nil, 0, 0, false
		}
	}
	from, to := s.parts[0].bounds(size)
	if from < 0 || from >= to || to > size || to-from != n {
		return nil, 0, 0, false
	}
	return r, uint(size-to) * 8, 1<<(8*n) - 1, true
}

// interval returns the numbers x for which "x op l" is right, x being what n names. It is not ok if the literal's sign asks for a
// comparison of signed numbers.
func (l *literal) interval(op string, n *reference) (in interval, ok bool) {
	if l.negative {
		return in, false
	}
	return intervalOf(op, l.value(typeOf(n), n)), true
}

// intervals returns those that make up a set of literals.
func intervals(m *membership) (all []interval, ok bool) {
	n := m.a.(*reference)
	for _, e := range m.set {
		low, ok := e.low.(*literal)
		if !ok || low.negative {
			return nil, false
		}
		in := intervalOf("==", low.value(typeOf(n), n))
		if e.high != nil {
			high, ok := e.high.(*literal)
			if !ok || high.negative {
				return nil, false
			}
			_, last := high.value(typeOf(n), n).numbers()
			if in.span = last - in.low; last < in.low {
				continue
			}
		}
		all = append(all, in)
	}
	return all, true
}

// within tests whether one of the values, or every one, is in one of the sets.
func (r *reader) within(sets []interval, all bool) test {
	return r.partWithin(sets, all, 0, math.MaxUint64)
}

// partWithin is within for the part of the values that is left of them when they are shifted to the right and masked.
func (r *reader) partWithin(sets []interval, all bool, shift uint, mask uint64) test {
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

func in(sets []interval, n uint64) bool {
	for i := range sets {
		if sets[i].holds(n) {
			return true
		}
	}
	return false
}

package filter

import "math"

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

func in(sets []interval, n uint64) bool {
	for i := range sets {
		if sets[i].holds(n) {
			return true
		}
	}
	return false
}

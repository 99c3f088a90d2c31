package reports

import "math/bits"

// sum128 is a sum of signed numbers that does not overflow, in two's complement.
type sum128 struct{ hi, lo uint64 }

func (s *sum128) add(v int64) { s.absorb(&sum128{uint64(v >> 63), uint64(v)}) }

func (s *sum128) absorb(from *sum128) {
	var carry uint64
	s.lo, carry = bits.Add64(s.lo, from.lo, 0)
	s.hi, _ = bits.Add64(s.hi, from.hi, carry)
}

// mean returns thousandths of the sum divided by n, which must be the number of numbers that were added.
func (s *sum128) mean(n uint64) int64 {
	m, negative := *s, s.hi>>63 != 0
	if negative {
		var borrow uint64
		m.lo, borrow = bits.Sub64(0, s.lo, 0)
		m.hi, _ = bits.Sub64(0, s.hi, borrow)
	}
	whole, rest := bits.Div64(m.hi, m.lo, n) // m.hi < n, because no number is above 2^63
	thousandths := int64(min(mulDiv(whole, 1000, 1), 1<<62) + mulDiv(rest, 1000, n))
	if negative {
		return -thousandths
	}
	return thousandths
}

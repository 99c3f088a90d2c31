package pcaps

import (
	"math"
	"math/bits"
)

const nsPerSecond = 1_000_000_000

// clock turns an interface's 64-bit time stamps into ns since the Unix epoch.
type clock struct {
	perSecond uint64 // ticks in a second, at least 1
	perTick   uint64 // ns in a tick, 0 if that is no whole number
	offset    int64  // seconds to add (if_tsoffset)
}

func newClock(perSecond uint64, offset int64) clock {
	c := clock{perSecond: perSecond, offset: offset}
	if offset == 0 && nsPerSecond%perSecond == 0 {
		c.perTick = nsPerSecond / perSecond
	}
	return c
}

// ns is the time of a stamp. Fractions of a nanosecond are cut off; what 64 bits cannot hold (before 1677, after
// 2262) becomes the nearest that they can.
func (c *clock) ns(ticks uint64) int64 {
	if hi, lo := bits.Mul64(ticks, c.perTick); c.perTick != 0 && hi == 0 && lo <= math.MaxInt64 {
		return int64(lo)
	}
	seconds, rest := ticks/c.perSecond, ticks%c.perSecond
	hi, lo := bits.Mul64(rest, nsPerSecond)
	fraction, _ := bits.Div64(hi, lo, c.perSecond)

	const far = 1 << 40 // beyond what 64 bits of ns can hold, and safe to add
	total := int64(min(seconds, far)) + max(-far, min(c.offset, far))
	switch {
	case total >= math.MaxInt64/nsPerSecond:
		return math.MaxInt64
	case total < math.MinInt64/nsPerSecond:
		return math.MinInt64
	}
	return total*nsPerSecond + int64(fraction)
}

// ticks is the first stamp with the given time, the reverse of ns; the nearest that there is for a time that no stamp has.
func (c *clock) ticks(ns int64) uint64 {
	seconds, fraction := ns/nsPerSecond, ns%nsPerSecond
	if fraction < 0 {
		seconds, fraction = seconds-1, fraction+nsPerSecond
	}
	const far = 1 << 40
	if seconds -= max(-far, min(c.offset, far)); seconds < 0 {
		return 0
	}
	hi, lo := bits.Mul64(uint64(seconds), c.perSecond)
	partHi, partLo := bits.Mul64(uint64(fraction), c.perSecond)
	partLo, carry := bits.Add64(partLo, nsPerSecond-1, 0) // rounded up: a coarser clock has one stamp for it, a finer one several
	part, _ := bits.Div64(partHi+carry, partLo, nsPerSecond)
	if lo, carry = bits.Add64(lo, part, 0); hi+carry > 0 {
		return math.MaxUint64
	}
	return lo
}

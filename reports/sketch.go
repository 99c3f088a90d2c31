package reports

import (
	"math/bits"
	"slices"
)

// Sketch estimates percentiles of whole numbers. The zero value is ready.
//
// It counts how many numbers fall into each of its buckets. Of the digits of a binary number only the first eight count, so what
// [Sketch.Percentile] says is at most 0.4 % off, and numbers below 256 are exact. If there are more than 2,048 buckets, one digit fewer
// counts, which doubles the error, and so on.
//
// What it holds depends on nothing but the numbers, so that parts can be counted apart and merged in any order with the result of counting
// the whole: if a part of the numbers fills too many buckets, so do all of them.
type Sketch struct {
	buckets *Groups[int32, uint64]
	coarser int // digits fewer that count
	n       uint64
}

const (
	sketchDigits = 8
	maxBuckets   = 2048
	maxCoarser   = sketchDigits - 1 // what is left then is a bucket for each power of two and each sign
)

// sketchSeed places buckets. Which of them are there is for the capture to choose, but there are few.
var sketchSeed = NewSeed()

// Add counts the number v.
func (s *Sketch) Add(v int64) { s.add(bucketOf(v, s.coarser), 1) }

func (s *Sketch) add(bucket int32, n uint64) {
	if s.buckets == nil {
		s.buckets = NewGroups[int32, uint64](0)
	}
	*s.buckets.At(bucket, sketchSeed.Uint64(uint64(bucket))) += n
	s.n += n
	for len(s.buckets.Entries()) > maxBuckets && s.coarser < maxCoarser {
		s.coarsen()
	}
}

// bucketOf returns the bucket of v: how many of its digits do not count, and then those that do; negative for a negative number.
func bucketOf(v int64, coarser int) int32 {
	_, m := magnitude(v)
	rest := max(bits.Len64(m)-sketchDigits+coarser, 0)
	b := int32(rest)<<sketchDigits | int32(m>>rest)
	if v < 0 {
		return -b
	}
	return b
}

// least returns the number of least magnitude in the bucket, and how many there are.
func least(bucket int32) (v int64, width uint64) {
	b := max(bucket, -bucket)
	rest := uint(b >> sketchDigits)
	v = int64(uint64(b&(1<<sketchDigits-1)) << rest)
	if bucket < 0 {
		v = -v
	}
	return v, 1 << rest
}

// coarsen lets one digit fewer count.
func (s *Sketch) coarsen() {
	before := s.buckets
	s.buckets, s.n = NewGroups[int32, uint64](0), 0
	s.coarser++
	for _, g := range before.Entries() {
		s.add(s.coarse(g.Key), g.Total)
	}
}

// coarse returns the bucket of which a bucket of the same or a finer sketch is a part.
func (s *Sketch) coarse(bucket int32) int32 {
	v, _ := least(bucket)
	return bucketOf(v, s.coarser)
}

// Merge adds all that other has counted.
func (s *Sketch) Merge(other *Sketch) {
	if other.buckets == nil {
		return
	}
	for s.coarser < other.coarser {
		if s.buckets == nil {
			s.coarser = other.coarser
			break
		}
		s.coarsen()
	}
	for _, g := range other.buckets.Entries() {
		s.add(s.coarse(g.Key), g.Total)
	}
}

// Percentile returns the number that hundredThousandths of all numbers are not above (the nearest rank), about, and whether it is
// exact. There must have been a number.
func (s *Sketch) Percentile(hundredThousandths uint64) (v int64, exact bool) {
	hi, lo := bits.Mul64(s.n, hundredThousandths)
	lo, carry := bits.Add64(lo, 1e5-1, 0)
	rank, _ := bits.Div64(hi+carry, lo, 1e5)
	entries := slices.Clone(s.buckets.Entries())
	slices.SortFunc(entries, func(a, b Group[int32, uint64]) int { return int(a.Key) - int(b.Key) })
	at := int32(0)
	for seen, i := uint64(0), 0; i < len(entries) && (i == 0 || seen < rank); i++ {
		at = entries[i].Key
		seen += entries[i].Total
	}
	v, width := least(at)
	if half := int64((width - 1) / 2); v < 0 {
		v -= half
	} else {
		v += half
	}
	return v, width == 1
}

// Error is how far off a percentile can be, as a part of it.
func (s *Sketch) Error() float64 { return 1 / float64(uint(1)<<(sketchDigits-s.coarser)) }

// Reset starts over and keeps memory.
func (s *Sketch) Reset() {
	if s.buckets != nil {
		s.buckets.Reset(func(n *uint64) { *n = 0 })
	}
	s.coarser, s.n = 0, 0
}

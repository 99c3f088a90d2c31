package reports

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// numbers of several kinds: sizes, few values, all magnitudes, both signs.
var sketched = map[string]func() int64{
	"sizes":      func() int64 { return 60 + rand.Int64N(1455) },
	"few":        func() int64 { return []int64{64, 1518, 9018}[rand.IntN(3)] },
	"magnitudes": func() int64 { return int64(rand.Uint64() >> (1 + rand.IntN(63))) },
	"signed":     func() int64 { return int64(rand.Uint64()) >> rand.IntN(64) },
}

func TestSketch(t *testing.T) {
	for name, next := range sketched {
		numbers := make([]int64, 1+rand.IntN(20_000))
		var whole Sketch
		parts := make([]Sketch, 3)
		for i := range numbers {
			numbers[i] = next()
			whole.Add(numbers[i])
			parts[rand.IntN(3)].Add(numbers[i])
		}
		slices.Sort(numbers)
		if n := len(whole.buckets.Entries()); n > maxBuckets {
			t.Errorf("%s: %d buckets", name, n)
		}
		parts[2].Merge(&parts[0])
		parts[2].Merge(&parts[1])
		for _, part := range []uint64{0, 1, 1000, 25_000, 50_000, 99_000, 99_900, 100_000} {
			want := numbers[max(0, (len(numbers)*int(part)+99_999)/100_000-1)]
			got, exact := whole.Percentile(part)
			off := math.Abs(float64(got) - float64(want))
			if limit := whole.Error() * math.Abs(float64(want)); off > limit || exact && off > 0 {
				t.Errorf("%s: percentile %v of %d numbers is %d (exact %v), want %d", name, float64(part)/1000, len(numbers), got, exact, want)
			}
			if merged, _ := parts[2].Percentile(part); merged != got || parts[2].coarser != whole.coarser {
				t.Errorf("%s: percentile %v of parts is %d, of the whole %d", name, float64(part)/1000, merged, got)
			}
		}
	}
}

func TestSum128(t *testing.T) {
	for _, c := range []struct {
		numbers []int64
		want    int64
	}{
		{[]int64{1, 2}, 1500},
		{[]int64{-1, -2, 1}, -667},
		{[]int64{5, 0, 0}, 1667},
		{[]int64{math.MaxInt64, math.MinInt64}, -500},
		{[]int64{math.MaxInt64, math.MaxInt64}, 1 << 62},
	} {
		var whole, part sum128
		for i, n := range c.numbers {
			if i%2 == 0 {
				whole.add(n)
			} else {
				part.add(n)
			}
		}
		whole.absorb(&part)
		if got := whole.mean(uint64(len(c.numbers))); got != c.want {
			t.Errorf("the mean of %d is %d", c.numbers, got)
		}
	}
}

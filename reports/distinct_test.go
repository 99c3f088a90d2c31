package reports

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// numbered returns a counter of the values from, from+1, … to-1.
func numbered(from, to uint64) *Distinct {
	d := new(Distinct)
	for i := from; i < to; i++ {
		d.Add(FixedSeed.Uint64(i))
	}
	return d
}

func TestDistinctExact(t *testing.T) {
	for _, n := range []uint64{0, 1, 6, 7, 100, 4095, 4096} {
		d := numbered(0, n)
		d.Merge(numbered(0, n)) // what was seen counts once
		if got, exact := d.Count(); got != n || !exact {
			t.Errorf("%d values count as %d, exact %v", n, got, exact)
		}
	}
	var d Distinct
	d.Add(0)
	d.Add(0)
	if got, exact := d.Count(); got != 1 || !exact {
		t.Errorf("hash 0 counts as %d, exact %v", got, exact)
	}
}

// TestDistinctError checks the stated error: of many estimates none is off by more than five standard errors, and they
// are not off to one side.
func TestDistinctError(t *testing.T) {
	const standard = 0.0081
	for _, n := range []uint64{5_000, 16_384, 40_000, 80_000, 300_000} {
		const runs = 25
		sum := 0.0
		for run := range uint64(runs) {
			got, exact := numbered(run*n, (run+1)*n).Count()
			off := float64(got)/float64(n) - 1
			if exact || math.Abs(off) > 5*standard {
				t.Errorf("%d values count as %d, exact %v", n, got, exact)
			}
			sum += off
		}
		if bias := sum / runs; math.Abs(bias) > 4*standard/math.Sqrt(runs) {
			t.Errorf("at %d values the bias is %.2f %%", n, 100*bias)
		}
	}
}

// TestDistinctOutput pins an estimate: it must be the same in every run and on every machine.
func TestDistinctOutput(t *testing.T) {
	if got, _ := numbered(0, 100_000).Count(); got != 99_617 {
		t.Errorf("100,000 values count as %d, before as 99,617", got)
	}
	if got, _ := numbered(0, 4097).Count(); got < 4097 {
		t.Errorf("4,097 values count as %d, less than what is known", got)
	}
}

func TestDistinctMerge(t *testing.T) {
	for _, n := range []int{10, 4096, 4097, 5000, 50_000} {
		values := make([]uint64, n)
		for i := range values {
			values[i] = FixedSeed.Uint64(uint64(i))
		}
		var whole Distinct
		for _, v := range values {
			whole.Add(v)
		}
		for range 5 {
			parts := make([]Distinct, 1+rand.IntN(20))
			for _, v := range values {
				for range 1 + rand.IntN(2) {
					parts[rand.IntN(len(parts))].Add(v)
				}
			}
			rand.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
			var merged Distinct
			for i := range parts {
				merged.Merge(&parts[i])
			}
			if merged.n != whole.n || !reflect.DeepEqual(merged.registers, whole.registers) || !slices.Equal(sortedSet(&merged), sortedSet(&whole)) {
				t.Errorf("%d values in %d parts do not merge to the whole", n, len(parts))
			}
		}
	}
}

func sortedSet(d *Distinct) []uint64 {
	set := slices.DeleteFunc(slices.Clone(d.set), func(h uint64) bool { return h == 0 })
	slices.Sort(set)
	return set
}

func TestDistinctReset(t *testing.T) {
	for _, n := range []uint64{5, 1000, 10_000} {
		d := numbered(0, n)
		d.Reset()
		if got, exact := d.Count(); got != 0 || !exact {
			t.Errorf("after Reset of %d: %d, exact %v", n, got, exact)
		}
		d.Add(1)
		if got, _ := d.Count(); got != 1 {
			t.Errorf("after Reset of %d and one value: %d", n, got)
		}
	}
}

func TestDistinctDoesNotAllocate(t *testing.T) {
	for _, n := range []uint64{5, 3000, 10_000} {
		d, part := numbered(0, n), numbered(0, n)
		i := uint64(0)
		if got := testing.AllocsPerRun(1000, func() { d.Add(FixedSeed.Uint64(i % n)); i++ }); got != 0 {
			t.Errorf("Add to %d values: %v allocations", n, got)
		}
		if got := testing.AllocsPerRun(10, func() { d.Merge(part) }); got != 0 {
			t.Errorf("Merge into %d values: %v allocations", n, got)
		}
	}
}

func BenchmarkDistinct(b *testing.B) {
	for _, c := range []struct {
		name string
		n    uint64
	}{{"exact", 3000}, {"estimate", 1_000_000}} {
		b.Run(c.name, func(b *testing.B) {
			d := numbered(0, c.n)
			b.ReportAllocs()
			i := uint64(0)
			for b.Loop() {
				d.Add(FixedSeed.Uint64(i))
				if i++; i == c.n {
					i = 0
				}
			}
		})
	}
}

package reports

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/rand/v2"
	"reflect"
	"testing"
)

// play feeds times to Rates in blocks that end after each of cuts.
func play(times []int64, cuts ...int) *Rates {
	var r Rates
	var runs Runs
	for i, ns := range times {
		runs.Add(ns, uint64(100+i%7))
		if len(cuts) > 0 && i == cuts[0] {
			r.Play(runs)
			runs, cuts = runs[:0], cuts[1:]
		}
	}
	r.Play(runs)
	return &r
}

// bySecond finds the peaks with a map, in memory without bound.
func bySecond(times []int64) (packets, bytes Peak) {
	type total struct{ packets, bytes uint64 }
	seconds := map[int64]total{}
	for i, ns := range times {
		s, _ := new(big.Int).DivMod(big.NewInt(ns), big.NewInt(1e9), new(big.Int)) // rounds down
		t := seconds[s.Int64()]
		seconds[s.Int64()] = total{t.packets + 1, t.bytes + uint64(100+i%7)}
	}
	for s, t := range seconds {
		packets.raise(s, t.packets)
		bytes.raise(s, t.bytes)
	}
	return packets, bytes
}

func TestRates(t *testing.T) {
	const s = 1_000_000_000
	times := []int64{0, 1, s - 1, 2 * s, 2*s + 5, s, 2*s + 6, 4 * s, 2*s + 7}
	r := play(times)
	if packets, bytes := r.Peaks(); packets != (Peak{2, 4}) || bytes != (Peak{2, 103 + 104 + 106 + 101}) || !r.PeaksExact() {
		t.Errorf("peaks %v %v, exact %v", packets, bytes, r.PeaksExact())
	}
	if first, last, ns := r.Span(); first != 0 || last != 4*s || ns != 4*s {
		t.Errorf("span %d to %d, %d", first, last, ns)
	}
	packets, bits := r.Mean()
	if packets.plain(KindPacketRate) != "2.25" || bits.plain(KindBitRate) != "1844" {
		t.Errorf("mean %v packets/s, %v bit/s", packets.plain(KindPacketRate), bits.plain(KindBitRate))
	}

	var none Rates
	if packets, bits := none.Mean(); packets != (Cell{}) || bits != (Cell{}) {
		t.Errorf("without packets the means are %v %v", packets, bits)
	}
	if packets, _ := play([]int64{7}).Mean(); packets != (Cell{}) {
		t.Errorf("one packet has the mean %v", packets)
	}
	if _, _, ns := play([]int64{math.MinInt64, math.MaxInt64}).Span(); ns != math.MaxUint64 {
		t.Errorf("the longest span is %d", ns)
	}
}

// TestRatesWindow checks on disordered time, jumps and returns that what is called exact is.
func TestRatesWindow(t *testing.T) {
	const s = 1_000_000_000
	for _, tt := range []struct {
		name  string
		times []int64
		exact bool
	}{
		{"forward", []int64{0, 2000 * s, 4000 * s}, true},
		{"far ahead and on", []int64{s, math.MaxInt64, s + 1, s + 2, 2 * s}, true},
		{"back within the window", []int64{2000 * s, 1000 * s, 2000*s + 1, 1000*s + 1}, true},
		{"back beyond it", []int64{2048 * s, 1024 * s, 2048*s + 1}, false},
		{"before 1970", []int64{-1, -s, -s - 1, 0, 1}, true},
	} {
		r := play(tt.times)
		if r.PeaksExact() != tt.exact {
			t.Errorf("%s: exact %v", tt.name, r.PeaksExact())
		}
		checkPeaks(t, r, tt.times)
	}
}

func checkPeaks(t *testing.T, r *Rates, times []int64) {
	t.Helper()
	packets, bytes := r.Peaks()
	wantPackets, wantBytes := bySecond(times)
	if packets.Amount > wantPackets.Amount || bytes.Amount > wantBytes.Amount {
		t.Errorf("peaks %v %v are above %v %v", packets, bytes, wantPackets, wantBytes)
	}
	if r.PeaksExact() && (packets != wantPackets || bytes != wantBytes) {
		t.Errorf("peaks %v %v are called exact, want %v %v", packets, bytes, wantPackets, wantBytes)
	}
}

func FuzzRates(f *testing.F) {
	f.Add([]byte{}, uint16(0))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, uint16(0))
	b := make([]byte, 0, 800)
	for range 100 {
		b = binary.BigEndian.AppendUint64(b, rand.Uint64N(4_000_000_000_000))
	}
	f.Add(b, uint16(13))
	f.Fuzz(func(t *testing.T, b []byte, cut uint16) {
		var times []int64
		for ; len(b) >= 8; b = b[8:] {
			times = append(times, int64(binary.BigEndian.Uint64(b)))
		}
		r := play(times)
		if !reflect.DeepEqual(r, play(times, int(cut), int(cut)+1)) {
			t.Error("the length of blocks shows")
		}
		if len(times) > 0 {
			checkPeaks(t, r, times)
		}
	})
}

func TestRatesDoNotAllocate(t *testing.T) {
	var r Rates
	runs := make(Runs, 0, 1000)
	n := testing.AllocsPerRun(100, func() {
		for range cap(runs) {
			runs.Add(int64(rand.Uint64()), 64)
		}
		r.Play(runs)
		runs = runs[:0]
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRates(b *testing.B) {
	var r Rates
	runs := make(Runs, 0, 1000)
	b.ReportAllocs()
	ns := int64(0)
	for b.Loop() {
		ns += 500_000
		runs.Add(ns, 64)
		if len(runs) == cap(runs) {
			r.Play(runs)
			runs = runs[:0]
		}
	}
}

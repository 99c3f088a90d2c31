package reports

import (
	"encoding/binary"
	"math"
	"math/bits"
	"testing"
)

// TestHashSpreads checks on counters, the keys that networks are full of, that each bit of the key moves about half of
// the bits of the hash, and that low and high bits of the hashes fill their buckets evenly.
func TestHashSpreads(t *testing.T) {
	hashes := map[string]func(Seed, uint64) uint64{
		"Uint64":  Seed.Uint64,
		"Uint128": func(s Seed, n uint64) uint64 { return s.Uint128(42, n) },
		"Bytes": func(s Seed, n uint64) uint64 {
			var b [40]byte
			binary.BigEndian.PutUint64(b[30:], n)
			return s.Bytes(b[:])
		},
	}
	const n, buckets = 1 << 16, 1 << 8
	for name, hash := range hashes {
		for _, seed := range []Seed{FixedSeed, NewSeed()} {
			var low, high [buckets]float64
			for i := range uint64(n) {
				h := hash(seed, i)
				low[h%buckets]++
				high[h>>56]++
			}
			for what, counts := range map[string][buckets]float64{"low": low, "high": high} {
				chi := 0.0
				for _, c := range counts {
					chi += (c - n/buckets) * (c - n/buckets) / (n / buckets)
				}
				// buckets-1 degrees of freedom: mean 255, standard deviation 22.6
				if chi > 255+10*22.6 {
					t.Errorf("%s: the %s bits are uneven, chi squared %.0f, seed %#x", name, what, chi, seed)
				}
			}
			for bit := range 64 {
				flipped := 0
				for i := range uint64(256) {
					flipped += bits.OnesCount64(hash(seed, i) ^ hash(seed, i^1<<bit))
				}
				if mean := float64(flipped) / 256; math.Abs(mean-32) > 6 {
					t.Errorf("%s: bit %d moves %.1f bits, seed %#x", name, bit, mean, seed)
				}
			}
		}
	}
}

func TestHashTellsLengths(t *testing.T) {
	seen := map[uint64]int{}
	for n := range 100 {
		h := FixedSeed.Bytes(make([]byte, n))
		if before, ok := seen[h]; ok {
			t.Errorf("%d and %d zero bytes have one hash", before, n)
		}
		seen[h] = n
	}
}

func BenchmarkHash(b *testing.B) {
	seed := NewSeed()
	var sum uint64
	for b.Loop() {
		sum += seed.Uint128(sum, 1)
	}
}

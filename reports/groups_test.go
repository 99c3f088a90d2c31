package reports

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/dissect"
)

type testKey struct {
	a, b uint64
}

type testTotal struct {
	packets, bytes uint64
}

func (t *testTotal) add(from *testTotal) {
	t.packets += from.packets
	t.bytes += from.bytes
}

func (t *testTotal) empty() { *t = testTotal{} }

// asMap is what a plain map says: the first limit keys, and the rest together.
func asMap(keys []testKey, limit int) (groups map[testKey]testTotal, order []testKey, other testTotal) {
	groups = map[testKey]testTotal{}
	for i, k := range keys {
		total, ok := groups[k]
		if !ok && limit > 0 && len(groups) >= limit {
			other.add(&testTotal{1, uint64(i)})
			continue
		}
		if !ok {
			order = append(order, k)
		}
		total.add(&testTotal{1, uint64(i)})
		groups[k] = total
	}
	return groups, order, other
}

func TestGroupsEqualMap(t *testing.T) {
	seed := NewSeed()
	hashes := map[string]func(testKey) uint64{
		"hash":       func(k testKey) uint64 { return seed.Uint128(k.a, k.b) },
		"colliding":  func(k testKey) uint64 { return k.a % 3 },
		"wraparound": func(k testKey) uint64 { return ^uint64(0) - k.a%2 },
	}
	for name, hash := range hashes {
		for _, limit := range []int{0, 1, 50, 400} {
			t.Run(fmt.Sprint(name, limit), func(t *testing.T) {
				keys := make([]testKey, 3000)
				for i := range keys {
					keys[i] = testKey{rand.Uint64N(300), rand.Uint64N(2)}
				}
				want, order, other := asMap(keys, limit)

				check := func(how string, g *Groups[testKey, testTotal]) {
					t.Helper()
					got := map[testKey]testTotal{}
					for i, e := range g.Entries() {
						got[e.Key] = e.Total
						if e.Key != order[i] {
							t.Fatalf("%s: group %d is %v, want %v", how, i, e.Key, order[i])
						}
					}
					if diff := cmp.Diff(want, got, cmp.AllowUnexported(testKey{}, testTotal{})); diff != "" {
						t.Fatalf("%s: -want +got:\n%s", how, diff)
					}
					if total, any := g.Other(); *total != other || any != (other.packets > 0) {
						t.Fatalf("%s: other is %v, %v, want %v", how, *total, any, other)
					}
				}

				whole := NewGroups[testKey, testTotal](limit)
				for i, k := range keys {
					whole.At(k, hash(k)).add(&testTotal{1, uint64(i)})
				}
				check("whole", whole)

				// Blocks of any length, through one block table that is used again and again.
				parts, block := NewGroups[testKey, testTotal](limit), NewGroups[testKey, testTotal](0)
				for i := 0; i < len(keys); {
					for range 1 + rand.IntN(200) {
						if i < len(keys) {
							block.At(keys[i], hash(keys[i])).add(&testTotal{1, uint64(i)})
							i++
						}
					}
					parts.Absorb(block, (*testTotal).add)
					block.Reset((*testTotal).empty)
				}
				check("in blocks", parts)

				// Workers that count stretches of the capture at a time, gathered now and then: those that come after the table is full see that.
				gathered := NewGroups[testKey, testTotal](limit)
				workers := []Part{&groupsPart{gathered.Part()}, &groupsPart{gathered.Part()}, &groupsPart{gathered.Part()}}
				for i := 0; i < len(keys); {
					var all sync.WaitGroup
					for _, w := range workers {
						from := i
						i = min(i+rand.IntN(200), len(keys))
						some := keys[from:i]
						all.Go(func() {
							for j, k := range some {
								w.(*groupsPart).First(k, hash(k), uint64(from+j)).add(&testTotal{1, uint64(from + j)})
							}
						})
					}
					all.Wait()
					gather(gathered, workers, func(p *groupsPart) *Groups[testKey, testTotal] { return p.Groups }, (*testTotal).add, (*testTotal).empty)
				}
				check("gathered", gathered)
			})
		}
	}
}

// groupsPart is a part that has a table and nothing else.
type groupsPart struct{ *Groups[testKey, testTotal] }

func (*groupsPart) Add(*dissect.Packet) {}
func (*groupsPart) Flush()              {}

func TestGroupsDoNotAllocate(t *testing.T) {
	seed := NewSeed()
	g, block := NewGroups[testKey, testTotal](100), NewGroups[testKey, testTotal](0)
	fill := func() {
		for i := range uint64(200) {
			block.At(testKey{i, 0}, seed.Uint128(i, 0)).packets++
		}
		g.Absorb(block, (*testTotal).add)
		block.Reset((*testTotal).empty)
	}
	fill()
	if n := testing.AllocsPerRun(10, fill); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// BenchmarkGroups adds to random ones of n groups; BenchmarkMap does it with a Go map of pointers.
func BenchmarkGroups(b *testing.B) {
	seed := NewSeed()
	for _, n := range []uint64{20_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			g := NewGroups[testKey, testTotal](int(n))
			for i := range n {
				g.At(testKey{i, i}, seed.Uint128(i, i))
			}
			b.ReportAllocs()
			r := uint64(1)
			for b.Loop() {
				r = r*6364136223846793005 + 1442695040888963407
				i := (r >> 32) % n
				t := g.At(testKey{i, i}, seed.Uint128(i, i))
				t.packets++
				t.bytes += i
			}
		})
	}
}

func BenchmarkMap(b *testing.B) {
	for _, n := range []uint64{20_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			g := map[testKey]*testTotal{}
			for i := range n {
				g[testKey{i, i}] = new(testTotal)
			}
			r := uint64(1)
			for b.Loop() {
				r = r*6364136223846793005 + 1442695040888963407
				i := (r >> 32) % n
				t := g[testKey{i, i}]
				t.packets++
				t.bytes += i
			}
		})
	}
}

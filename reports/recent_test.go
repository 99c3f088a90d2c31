package reports

import "testing"

// TestRecentGrows counts more than recent has room for, again and again: it grows until it remembers nearly all of it, and never says of a value that
// it was counted before it was. The values are in a row, in either word, as addresses are.
func TestRecentGrows(t *testing.T) {
	const values = 1 << (recentBits + 1)
	for name, value := range map[string]func(i uint64) (a, b uint64){
		"first word":  func(i uint64) (a, b uint64) { return i, 1 },
		"second word": func(i uint64) (a, b uint64) { return 0x20010db8 << 32, i },
	} {
		r, group := newRecent(NewSeed()), NewSeed()[0]
		fresh := 0
		for round := range 32 {
			fresh = 0
			for i := range uint64(values) {
				if a, b := value(i); !r.fresh(a, b, group) {
					if round == 0 {
						t.Fatalf("%s: value %d was counted before it came", name, i)
					}
					continue
				}
				fresh++
			}
		}
		if len(r.tags) > 1<<mostRecentBits || len(r.tags) < 1<<(recentBits+2) {
			t.Errorf("%s: room for %d", name, len(r.tags))
		}
		if fresh > values/4 {
			t.Errorf("%s: %d of %d values are forgotten", name, fresh, values)
		}
		r.reset()
		if r.has(1, 1, group) {
			t.Error("a value is remembered behind a reset")
		}
	}
}

// What is forgotten now and then in a long conversation needs no more room, however long it lasts.
func TestRecentStaysSmall(t *testing.T) {
	r, group := newRecent(NewSeed()), NewSeed()[0]
	for i := range uint64(1 << (recentBits + 6)) {
		r.fresh(i%16, 1, group)
		if i%16 == 0 {
			r.fresh(i, 2, group)
		}
	}
	if len(r.tags) != 1<<recentBits {
		t.Errorf("room for %d", len(r.tags))
	}
}

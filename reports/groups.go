package reports

import (
	"cmp"
	"slices"
	"sync/atomic"
)

// Groups is a bounded table from keys K to what is added up for each, A: 8-byte slots, probed linearly, over dense
// entries in the order of their arrival. Once it has grown to its groups it does not allocate.
//
// A key that comes when limit groups are there is no group of its own: what it brings is added up in Other. So the
// groups kept are the first ones, and "first" must not depend on how packets were dealt to workers. A worker therefore
// fills a table without a limit: one for each block, which [Groups.Absorb] takes in capture order, or one for many blocks,
// whose groups know their first frames ([Groups.First]): [gather] takes those of all workers in this order. Once the table that it gathers in
// is full, workers see that ([Groups.Part]), and what finds no room there needs none in theirs either.
type Groups[K comparable, A any] struct {
	limit   int
	slots   []groupSlot
	entries []Group[K, A] // those between len and cap have a zero or a cleared Total
	hashes  []uint32      // of entries; the slots hold them too, but in the order of hashes
	firsts  []uint64      // of entries, if First made them all
	other   A
	full    bool // a key has found no room

	whole    *Groups[K, A] // the table in which this one is gathered; nil for none
	complete atomic.Bool   // the groups are limit many: none comes, and none goes

	order []gathered // kept for its memory
}

// A Group is a key and what was added up for it.
type Group[K comparable, A any] struct {
	Key   K
	Total A
}

type groupSlot struct {
	hash  uint32
	entry uint32 // index + 1; 0 is a free slot
}

// NewGroups returns a table that keeps at most limit groups; 0 is no limit.
func NewGroups[K comparable, A any](limit int) *Groups[K, A] {
	return &Groups[K, A]{limit: limit, slots: make([]groupSlot, 16)}
}

// Part returns a table for a worker, without a limit, which is gathered in g.
func (g *Groups[K, A]) Part() *Groups[K, A] {
	part := NewGroups[K, A](0)
	part.whole = g
	return part
}

// At returns what is added up for key, zero if key is new, or Other's if there is no room for key. The pointer is good
// until the next At. hash is the key's, from a [Seed] of this run, the same one for tables that Absorb puts together.
func (g *Groups[K, A]) At(key K, hash uint64) *A { return g.at(&key, uint32(hash)) }

// at is At, where key is long.
func (g *Groups[K, A]) at(key *K, hash uint32) *A {
	return g.total(g.find(key, hash))
}

// total is what is added up for the group of that index, or Other's if there is none.
func (g *Groups[K, A]) total(e int) *A {
	if e < 0 {
		return &g.other
	}
	return &g.entries[e].Total
}

// First is At for what that frame brings; the group remembers the first frame. The table has no limit of its own, and all its groups are made
// by First.
func (g *Groups[K, A]) First(key K, hash, frame uint64) *A { return g.total(g.first(key, hash, frame)) }

// first is First, and returns the index of the group, -1 if there is no room for it.
func (g *Groups[K, A]) first(key K, hash, frame uint64) int {
	e := g.find(&key, uint32(hash))
	if e < 0 {
		return e
	}
	if e == len(g.firsts) {
		g.firsts = append(g.firsts, frame)
	} else if frame < g.firsts[e] {
		g.firsts[e] = frame
	}
	return e
}

// find returns the index of the key's group, a new one if need be, and -1 if there is no room for it.
func (g *Groups[K, A]) find(key *K, hash uint32) int {
	i, e := g.look(key, hash)
	if e >= 0 {
		return e
	}
	n := len(g.entries)
	if g.limit > 0 && n >= g.limit || g.whole != nil && g.whole.lacks(key, hash) {
		g.full = true
		return -1
	}
	if n < cap(g.entries) {
		g.entries = g.entries[:n+1]
		g.entries[n].Key = *key
	} else {
		g.entries = append(g.entries, Group[K, A]{Key: *key})
	}
	g.hashes = append(g.hashes, hash)
	g.slots[i] = groupSlot{hash, uint32(n + 1)}
	if 2*len(g.entries) > len(g.slots) {
		g.grow()
	}
	if n+1 == g.limit {
		g.complete.Store(true)
	}
	return n
}

// look returns the index of the key's group, -1 if there is none, and the slot that has it or would.
func (g *Groups[K, A]) look(key *K, hash uint32) (i uint32, e int) {
	mask := uint32(len(g.slots) - 1)
	for i = hash & mask; g.slots[i].entry != 0; i = (i + 1) & mask {
		if s := g.slots[i]; s.hash == hash && g.entries[s.entry-1].Key == *key {
			return i, int(s.entry - 1)
		}
	}
	return i, -1
}

// lacks tells whether there is neither a group for the key nor room for one. Any goroutine may ask, until Reset.
func (g *Groups[K, A]) lacks(key *K, hash uint32) bool {
	if !g.complete.Load() {
		return false
	}
	_, e := g.look(key, hash)
	return e < 0
}

func (g *Groups[K, A]) grow() {
	g.slots = make([]groupSlot, 2*len(g.slots))
	mask := uint32(len(g.slots) - 1)
	for e, hash := range g.hashes {
		i := hash & mask
		for g.slots[i].entry != 0 {
			i = (i + 1) & mask
		}
		g.slots[i] = groupSlot{hash, uint32(e + 1)}
	}
}

// Entries returns the groups in the order of their arrival. They are the table's own, until Reset.
func (g *Groups[K, A]) Entries() []Group[K, A] { return g.entries }

// Other returns what was added up for keys that found no room, and whether there was one.
func (g *Groups[K, A]) Other() (total *A, any bool) { return &g.other, g.full }

// Absorb adds a block's groups to g in the order in which they came; add adds from to what is there.
func (g *Groups[K, A]) Absorb(block *Groups[K, A], add func(to, from *A)) {
	for e := range block.entries {
		from := &block.entries[e]
		add(g.at(&from.Key, block.hashes[e]), &from.Total)
	}
	if block.full {
		g.full = true
		add(&g.other, &block.other)
	}
}

// gathered is a group of one of several tables.
type gathered struct {
	first       uint64
	part, entry uint32
}

// gatherAhead is how many groups gather looks up at a time, so that it waits for memory once for all of them.
const gatherAhead = 32

// gather adds the groups of the tables that parts have to g, in the order of their first frames, and empties these tables: with one part or
// many, g comes to what it would if it had been given their packets one after another.
func gather[P Part, K comparable, A any](g *Groups[K, A], parts []Part, table func(P) *Groups[K, A], add func(to, from *A), empty func(*A)) {
	order := g.order[:0]
	sorted := true
	for i, part := range parts {
		for e, first := range table(part.(P)).firsts {
			sorted = sorted && (len(order) == 0 || order[len(order)-1].first <= first)
			order = append(order, gathered{first, uint32(i), uint32(e)})
		}
	}
	if !sorted {
		slices.SortFunc(order, func(a, b gathered) int {
			return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.part, b.part), cmp.Compare(a.entry, b.entry))
		})
	}
	var tables [gatherAhead]*Groups[K, A]
	var slots [gatherAhead]groupSlot
	for some := range slices.Chunk(order, gatherAhead) {
		mask := uint32(len(g.slots) - 1)
		for i, o := range some {
			tables[i] = table(parts[o.part].(P))
			slots[i] = g.slots[tables[i].hashes[o.entry]&mask]
		}
		for i, o := range some {
			from := &tables[i].entries[o.entry]
			hash := tables[i].hashes[o.entry]
			if s := slots[i]; s.entry == 0 || s.hash != hash || g.entries[s.entry-1].Key != from.Key {
				slots[i].entry = 0 // it is new, or elsewhere
			}
		}
		for i, o := range some {
			from := &tables[i].entries[o.entry]
			if s := slots[i]; s.entry != 0 {
				add(&g.entries[s.entry-1].Total, &from.Total)
			} else {
				add(g.at(&from.Key, tables[i].hashes[o.entry]), &from.Total)
			}
		}
	}
	g.order = order
	for _, part := range parts {
		t := table(part.(P))
		if t.full {
			g.full = true
			add(&g.other, &t.other)
		}
		t.Reset(empty)
	}
}

// Reset empties g and keeps its memory; empty makes a total zero, and may keep the memory of what is inside it.
func (g *Groups[K, A]) Reset(empty func(*A)) {
	if len(g.entries) > 0 {
		for e := range g.entries {
			empty(&g.entries[e].Total)
		}
		clear(g.slots)
	}
	g.entries, g.hashes, g.firsts = g.entries[:0], g.hashes[:0], g.firsts[:0]
	empty(&g.other)
	g.full = false
	g.complete.Store(false)
}

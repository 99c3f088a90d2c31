package reports

// Groups is a bounded table from keys K to what is added up for each, A: 8-byte slots, probed linearly, over dense
// entries in the order of their arrival. Once it has grown to its groups it does not allocate.
//
// A key that comes when limit groups are there is no group of its own: what it brings is added up in Other. So the
// groups kept are the first ones, and "first" must not depend on how packets were dealt to workers. A worker therefore
// fills a table without a limit, one for each block, and [Groups.Absorb] takes the blocks' tables in capture order.
type Groups[K comparable, A any] struct {
	limit   int
	slots   []groupSlot
	entries []Group[K, A] // those between len and cap have a zero or a cleared Total
	hashes  []uint32      // of entries; the slots hold them too, but in the order of hashes
	other   A
	full    bool // a key has found no room
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

// At returns what is added up for key, zero if key is new, or Other's if there is no room for key. The pointer is good
// until the next At. hash is the key's, from a [Seed] of this run, the same one for tables that Absorb puts together.
func (g *Groups[K, A]) At(key K, hash uint64) *A { return g.at(&key, uint32(hash)) }

// at is At, where key is long.
func (g *Groups[K, A]) at(key *K, hash uint32) *A {
	mask := uint32(len(g.slots) - 1)
	i := hash & mask
	for ; g.slots[i].entry != 0; i = (i + 1) & mask {
		if s := g.slots[i]; s.hash == hash && g.entries[s.entry-1].Key == *key {
			return &g.entries[s.entry-1].Total
		}
	}
	n := len(g.entries)
	if g.limit > 0 && n >= g.limit {
		g.full = true
		return &g.other
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
	return &g.entries[n].Total
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

// Reset empties g and keeps its memory; empty makes a total zero, and may keep the memory of what is inside it.
func (g *Groups[K, A]) Reset(empty func(*A)) {
	for e := range g.entries {
		empty(&g.entries[e].Total)
	}
	clear(g.slots)
	g.entries, g.hashes = g.entries[:0], g.hashes[:0]
	empty(&g.other)
	g.full = false
}

package dissect

// recent is a map of bounded size: when it is full, the entry that was asked for least recently leaves.
type recent[K comparable, V any] struct {
	limit   int
	evicted uint64 // entries that left because of the limit
	entries map[K]*recentEntry[K, V]
	ring    recentEntry[K, V] // its newer is the oldest entry, its older the newest
}

type recentEntry[K comparable, V any] struct {
	key          K
	value        V
	older, newer *recentEntry[K, V]
}

func newRecent[K comparable, V any](limit int) *recent[K, V] {
	r := &recent[K, V]{limit: limit, entries: map[K]*recentEntry[K, V]{}}
	r.ring.older, r.ring.newer = &r.ring, &r.ring
	return r
}

// get returns the value of key, or nil.
func (r *recent[K, V]) get(key K) *V {
	e := r.entries[key]
	if e == nil {
		return nil
	}
	r.unlink(e)
	r.link(e)
	return &e.value
}

// put returns the value of key, a zero one if there was none.
func (r *recent[K, V]) put(key K) *V {
	if v := r.get(key); v != nil {
		return v
	}
	e := &recentEntry[K, V]{}
	if len(r.entries) >= r.limit {
		e = r.ring.newer
		r.unlink(e)
		delete(r.entries, e.key)
		r.evicted++
		*e = recentEntry[K, V]{}
	}
	e.key = key
	r.entries[key] = e
	r.link(e)
	return &e.value
}

func (r *recent[K, V]) link(e *recentEntry[K, V]) {
	e.older, e.newer = r.ring.older, &r.ring
	e.older.newer, r.ring.older = e, e
}

func (r *recent[K, V]) unlink(e *recentEntry[K, V]) { e.older.newer, e.newer.older = e.newer, e.older }

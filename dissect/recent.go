package dissect

// recent is a map of bounded size: when it is full, the entry that was asked for least recently leaves. Keys are bytes, so that they
// can be built in a buffer and looked up without allocating.
type recent[V any] struct {
	limit   int
	evicted uint64 // entries that left because of the limit
	entries map[string]*recentEntry[V]
	ring    recentEntry[V] // its newer is the oldest entry, its older the newest
}

type recentEntry[V any] struct {
	key          string
	value        V
	older, newer *recentEntry[V]
}

func newRecent[V any](limit int) *recent[V] {
	r := &recent[V]{limit: limit, entries: map[string]*recentEntry[V]{}}
	r.ring.older, r.ring.newer = &r.ring, &r.ring
	return r
}

// get returns the value of key, or nil.
func (r *recent[V]) get(key []byte) *V {
	e := r.entries[string(key)]
	if e == nil {
		return nil
	}
	r.unlink(e)
	r.link(e)
	return &e.value
}

// put returns the value of key, a zero one if there was none.
func (r *recent[V]) put(key []byte) *V {
	if v := r.get(key); v != nil {
		return v
	}
	e := &recentEntry[V]{}
	if len(r.entries) >= r.limit {
		e = r.ring.newer
		r.unlink(e)
		delete(r.entries, e.key)
		r.evicted++
		*e = recentEntry[V]{}
	}
	e.key = string(key)
	r.entries[e.key] = e
	r.link(e)
	return &e.value
}

func (r *recent[V]) link(e *recentEntry[V]) {
	e.older, e.newer = r.ring.older, &r.ring
	e.older.newer, r.ring.older = e, e
}

func (r *recent[V]) unlink(e *recentEntry[V]) { e.older.newer, e.newer.older = e.newer, e.older }

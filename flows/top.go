package flows

import (
	"bytes"
	"cmp"
	"container/heap"
	"iter"
	"slices"

	"pktscope/dissect/filter"
)

// Order is an order of flows by their fields.
type Order = filter.Order[*Flow]

// ByBytes returns the order in which the flows with the most bytes come first.
func ByBytes() *Order {
	o, err := Records.Order("bytes")
	if err != nil {
		panic(err) // there is such a field
	}
	return o
}

// A Top keeps what comes first in an order, of things that are made of flows. Flows that are equal in the order are ordered by their IDs.
type Top[T any] struct {
	Order *Order // nil for that of IDs
	Limit int    // at least 1

	More uint64 // things that found no room

	kept []placed[T] // a heap, the last one in the order first
	key  []byte      // of the flow that is being added
}

type placed[T any] struct {
	key   []byte
	id    uint32
	thing T
}

// Add adds what is made of f, if it is among the first until now.
func (t *Top[T]) Add(f *Flow, thing func() T) {
	if t.key = t.key[:0]; t.Order != nil {
		t.key = t.Order.AppendKey(t.key, f)
	}
	t.AddAt(t.key, f.ID, thing)
}

// AddAt is Add for a flow with that ID, whose place in the order is key.
func (t *Top[T]) AddAt(key []byte, id uint32, thing func() T) {
	p := placed[T]{key: key, id: id}
	full := len(t.kept) >= t.Limit
	if full {
		t.More++
		if p.compare(&t.kept[0]) > 0 {
			return
		}
	}
	p.key, p.thing = slices.Clone(key), thing()
	kept := (*placedHeap[T])(&t.kept)
	if full {
		t.kept[0] = p
		heap.Fix(kept, 0)
	} else { // heap.Push would make memory of each flow
		t.kept = append(t.kept, p)
		heap.Fix(kept, len(t.kept)-1)
	}
}

// All yields the things that are kept, in no order.
func (t *Top[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := range t.kept {
			if !yield(t.kept[i].thing) {
				return
			}
		}
	}
}

// Sorted returns what was kept, in order. More can be added later.
func (t *Top[T]) Sorted() (things []T) {
	sorted := slices.Clone(t.kept)
	slices.SortFunc(sorted, func(a, b placed[T]) int { return a.compare(&b) })
	for i := range sorted {
		things = append(things, sorted[i].thing)
	}
	return things
}

// Clone returns a copy, to which others can be added: about so many.
func (t *Top[T]) Clone(others int) *Top[T] {
	kept := make([]placed[T], len(t.kept), max(len(t.kept), min(t.Limit, len(t.kept)+others)))
	copy(kept, t.kept)
	return &Top[T]{Order: t.Order, Limit: t.Limit, More: t.More, kept: kept}
}

func (p *placed[T]) compare(other *placed[T]) int {
	return cmp.Or(bytes.Compare(p.key, other.key), cmp.Compare(p.id, other.id))
}

// placedHeap has the flow that leaves next on top.
type placedHeap[T any] []placed[T]

func (h placedHeap[T]) Len() int           { return len(h) }
func (h placedHeap[T]) Less(i, j int) bool { return h[i].compare(&h[j]) > 0 }
func (h placedHeap[T]) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *placedHeap[T]) Push(x any)        { *h = append(*h, x.(placed[T])) }

func (h *placedHeap[T]) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}

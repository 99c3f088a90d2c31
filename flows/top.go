package flows

import (
	"bytes"
	"cmp"
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
	if full {
		t.kept[0] = p
		t.down()
	} else {
		t.kept = append(t.kept, p)
		t.up()
	}
}

// up moves the last of the heap to where it belongs.
func (t *Top[T]) up() {
	for i := len(t.kept) - 1; i > 0; {
		above := (i - 1) / 2
		if t.kept[above].compare(&t.kept[i]) >= 0 {
			return
		}
		t.kept[above], t.kept[i] = t.kept[i], t.kept[above]
		i = above
	}
}

// down moves the first of the heap to where it belongs.
func (t *Top[T]) down() {
	for i := 0; ; {
		later := 2*i + 1
		if other := later + 1; other < len(t.kept) && t.kept[later].compare(&t.kept[other]) < 0 {
			later = other
		}
		if later >= len(t.kept) || t.kept[later].compare(&t.kept[i]) <= 0 {
			return
		}
		t.kept[later], t.kept[i] = t.kept[i], t.kept[later]
		i = later
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

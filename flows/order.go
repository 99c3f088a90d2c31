package flows

import (
	"cmp"
	"container/heap"
	"fmt"
	"slices"
	"strings"

	"pktscope/dissect"
)

// An Order is fields by which flows are ordered, the first one first. Flows that are equal in all of them are ordered by their IDs.
type Order []key

type key struct {
	field *Field
	sign  int // -1 for the largest first
}

// Largest is the order in which the flows with the most bytes come first.
var Largest = mustOrder("-bytes")

// ParseOrder reads names of fields with commas between them, with a "-" before those whose largest values come first. Flows that do not
// have a field come last in either direction.
func ParseOrder(text string) (o Order, err error) {
	for name := range strings.SplitSeq(text, ",") {
		k := key{sign: 1}
		if rest, ok := strings.CutPrefix(name, "-"); ok {
			name, k.sign = rest, -1
		}
		if k.field = FieldByName(name); k.field == nil {
			return nil, &UnknownFieldError{name}
		}
		o = append(o, k)
	}
	return o, nil
}

func mustOrder(text string) Order {
	o, err := ParseOrder(text)
	if err != nil {
		panic(err)
	}
	return o
}

// UnknownFieldError says that flows have no field of a name.
type UnknownFieldError struct{ Name string }

func (e *UnknownFieldError) Error() string {
	names := func(yield func(string) bool) {
		for i := range fields {
			if !yield(fields[i].Name) {
				return
			}
		}
	}
	hint := ""
	if near := dissect.Nearest(e.Name, names); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	return fmt.Sprintf("%q is no field of flows%s", e.Name, hint)
}

// A Top keeps what comes first in an order, of things that are made of flows.
type Top[T any] struct {
	Order Order
	Limit int // at least 1

	More uint64 // things that found no room

	kept []placed[T] // a heap, the last one in the order first
}

type placed[T any] struct {
	keys  []Value
	id    uint32
	thing T
}

// Add adds what is made of f, if it is among the first until now.
func (t *Top[T]) Add(f *Flow, thing func() T) {
	p := placed[T]{id: f.ID}
	for _, k := range t.Order {
		p.keys = append(p.keys, k.field.Value(f))
	}
	if len(t.kept) >= t.Limit {
		t.More++
		if t.compare(&p, &t.kept[0]) > 0 {
			return
		}
		p.thing = thing()
		t.kept[0] = p
		heap.Fix((*placedHeap[T])(t), 0)
		return
	}
	p.thing = thing()
	heap.Push((*placedHeap[T])(t), p)
}

// Sorted returns what was kept, in order. Others can be added behind it.
func (t *Top[T]) Sorted() (things []T) {
	sorted := slices.Clone(t.kept)
	slices.SortFunc(sorted, func(a, b placed[T]) int { return t.compare(&a, &b) })
	for i := range sorted {
		things = append(things, sorted[i].thing)
	}
	return things
}

// Clone returns a copy, to which others can be added.
func (t *Top[T]) Clone() *Top[T] {
	clone := *t
	clone.kept = slices.Clone(t.kept)
	return &clone
}

func (t *Top[T]) compare(a, b *placed[T]) int {
	for i, k := range t.Order {
		v, w := a.keys[i], b.keys[i]
		c := v.Compare(w)
		if v.Kind != 0 && w.Kind != 0 {
			c *= k.sign
		}
		if c != 0 {
			return c
		}
	}
	return cmp.Compare(a.id, b.id)
}

type placedHeap[T any] Top[T]

func (h *placedHeap[T]) Len() int           { return len(h.kept) }
func (h *placedHeap[T]) Less(i, j int) bool { return (*Top[T])(h).compare(&h.kept[i], &h.kept[j]) > 0 }
func (h *placedHeap[T]) Swap(i, j int)      { h.kept[i], h.kept[j] = h.kept[j], h.kept[i] }
func (h *placedHeap[T]) Push(x any)         { h.kept = append(h.kept, x.(placed[T])) }

func (h *placedHeap[T]) Pop() any {
	last := h.kept[len(h.kept)-1]
	h.kept = h.kept[:len(h.kept)-1]
	return last
}

package filter

import (
	"slices"

	"pktscope/dissect"
	"pktscope/internal/mistake"
)

// Filter is a compiled filter. It has memory to work in, so that it serves one goroutine at a time; others [Filter.Clone] it.
type Filter struct {
	text   string
	tree   condition
	match  test[*dissect.Packet]
	fields []*dissect.Field
}

// Compile makes a filter of its text. Text of white space only is the filter that every packet matches. An error is an [*Error].
func Compile(text string) (*Filter, error) {
	f := &Filter{text: text}
	err := mistake.Catch(text, func() {
		f.tree = parse(text, &packetWords)
		f.compile()
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

func (f *Filter) compile() {
	s := &packets{fields: map[*dissect.Field]bool{}}
	c := compiler[*dissect.Packet]{s}
	f.match = c.condition(f.tree)
	for field := range s.fields {
		f.fields = append(f.fields, field)
	}
	slices.SortFunc(f.fields, func(a, b *dissect.Field) int { return a.Index() - b.Index() })
}

// Match tells whether the filter means packet p.
func (f *Filter) Match(p *dissect.Packet) bool { return f.match(p) }

// Clone returns the same filter with memory of its own, for another goroutine.
func (f *Filter) Clone() *Filter {
	clone := &Filter{text: f.text, tree: f.tree}
	clone.compile()
	return clone
}

// String returns the filter's text.
func (f *Filter) String() string { return f.text }

// Fields returns the fields that the filter reads, by Index.
func (f *Filter) Fields() []*dissect.Field { return f.fields }

// Relative tells whether the filter asks where conversations start, see [dissect.Field.Relative].
func (f *Filter) Relative() bool { return slices.ContainsFunc(f.fields, (*dissect.Field).Relative) }

// NeedsChecksums tells whether what the filter asks is known only after [dissect.Packet.Verify].
func (f *Filter) NeedsChecksums() bool {
	return slices.ContainsFunc(f.fields, (*dissect.Field).Verified)
}

// NeedsOwner tells whether the filter asks whose packets are, see [dissect.Field.Owned].
func (f *Filter) NeedsOwner() bool { return slices.ContainsFunc(f.fields, (*dissect.Field).Owned) }

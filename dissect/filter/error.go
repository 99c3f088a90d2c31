package filter

import (
	"fmt"

	"pktscope/internal/mistake"
)

// Error is a mistake in a filter.
type Error = mistake.Error

// span is where something stands in the text of a filter.
type span struct{ pos, end int }

func (s span) where() span { return s }

// fail ends compiling with a mistake at s. Compile recovers it.
func (s span) fail(format string, args ...any) { s.failHint("", format, args...) }

// failHint is fail with a hint.
func (s span) failHint(hint, format string, args ...any) {
	panic(&Error{Pos: s.pos, End: s.end, Message: fmt.Sprintf(format, args...), Hint: hint})
}

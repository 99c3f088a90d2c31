package capturefilter

import (
	"fmt"

	"pktscope/internal/mistake"
)

// Error is a mistake in an expression, or something in it that frames of a link type do not have.
type Error = mistake.Error

// span is where something stands in the text of an expression.
type span struct{ pos, end int }

func (s span) where() span { return s }

// to is the span from the start of s to the end of other.
func (s span) to(other span) span { return span{s.pos, other.end} }

// fail ends parsing or compiling with a mistake at s.
func (s span) fail(format string, args ...any) { s.failHint("", format, args...) }

// failHint is fail with a hint.
func (s span) failHint(hint, format string, args ...any) {
	panic(&Error{Pos: s.pos, End: s.end, Message: fmt.Sprintf(format, args...), Hint: hint})
}

package capturefilter

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is a mistake in an expression, or something in it that frames of a link type do not have.
type Error struct {
	Text     string // the whole expression
	Pos, End int    // the bytes that are wrong; both are len(Text) when something is missing at the end
	Message  string // what is wrong
	Hint     string // what could be written instead; may be empty
}

// Error returns three lines: what is wrong, the expression, and a caret under the place.
func (e *Error) Error() string {
	message := e.Message
	if e.Hint != "" {
		message += "; " + e.Hint
	}
	width := max(1, utf8.RuneCountInString(e.Text[e.Pos:e.End]))
	return fmt.Sprintf("%s\n    %s\n    %s^%s", strings.Map(printable, message), strings.Map(printable, e.Text),
		strings.Repeat(" ", utf8.RuneCountInString(e.Text[:e.Pos])), strings.Repeat("~", width-1))
}

// printable keeps each character of an expression in a column of its own, and off the terminal's controls.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// catch returns the mistake in text with which work ends, if it ends with one.
func catch(text string, work func()) (err error) {
	defer func() {
		switch mistake := recover().(type) {
		case nil:
		case *Error:
			mistake.Text = text
			err = mistake
		default:
			panic(mistake)
		}
	}()
	work()
	return nil
}

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

// quote is a part of an expression, or the start of a long one, in a message.
func quote(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return `"` + s + `"`
}

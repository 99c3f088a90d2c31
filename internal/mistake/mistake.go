// Package mistake is how the languages of filters say what is wrong in a text, and where: those of display filters and of capture filters.
package mistake

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is a mistake in a text.
type Error struct {
	Text     string // the whole text
	Pos, End int    // the bytes that are wrong; both are len(Text) when something is missing at the end
	Message  string // what is wrong
	Hint     string // what was meant, or what is possible: "did you mean vxlan.vni?"; may be empty
}

// Error returns three lines: what is wrong, the text, and a caret under the place.
func (e *Error) Error() string {
	message := e.Message
	if e.Hint != "" {
		message += "; " + e.Hint
	}
	width := max(1, utf8.RuneCountInString(e.Text[e.Pos:e.End]))
	return fmt.Sprintf("%s\n    %s\n    %s^%s", strings.Map(printable, message), strings.Map(printable, e.Text),
		strings.Repeat(" ", utf8.RuneCountInString(e.Text[:e.Pos])), strings.Repeat("~", width-1))
}

// printable keeps each character of a text in a column of its own, and off the terminal's controls.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return ' '
}

// Catch returns the mistake in text with which work ends by a panic, if it ends with one.
func Catch(text string, work func()) (err error) {
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

// Quote is a part of a text, or the start of a long one, in a message.
func Quote(s string) string {
	const most = 40
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return `"` + s + `"`
}

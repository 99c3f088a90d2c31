package reports

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// inASCII replaces what reports print that ASCII does not have.
var inASCII = strings.NewReplacer("→", "->", "←", "<-", "⇄", "<->", "·", "|", "…", "..", "µ", "u", "≥", ">=", "≤", "<=", "×", "x", "–", "-", "›", ">")

// ASCII is s for a terminal that understands no other characters. What stands for nothing in ASCII is escaped, as Go does in quotes.
func ASCII(s string) string {
	if isASCII(s) {
		return s
	}
	s = inASCII.Replace(s)
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		if r < utf8.RuneSelf {
			b.WriteByte(s[i])
			continue
		}
		_, size := utf8.DecodeRuneInString(s[i:])
		q := strconv.QuoteToASCII(s[i : i+size])
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

package capturefilter

import (
	"net"
	"net/netip"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"pktscope/internal/mistake"
)

// kind is what a token is.
type kind uint8

const (
	end     kind = iota // of the text
	word                // a word of the language, or an operator; text is its canonical spelling
	number              // value
	name                // of a host, port or protocol; a backslash before it is taken off
	ipv4                // two to four numbers with dots between; one is a number
	ipv6                // an address
	mac                 // an address of 48 bits
	invalid             // text is what is wrong with it
)

// token is a piece of the text.
type token struct {
	span
	kind  kind
	text  string
	value uint32

	written string // as it stands in the text
}

// is tells whether the token is one of words of the language.
func (t token) is(words ...string) bool {
	if t.kind != word {
		return false
	}
	for _, w := range words {
		if t.text == w {
			return true
		}
	}
	return false
}

// What words and numbers look like. Of all that fit at a place the longest is taken, and of these the first; so 6000-6008 is a name, and a minus
// between two numbers needs a space.
const (
	numeral    = `(?:[0-9]+|0[xX][0-9A-Fa-f]+)`
	byteDigits = `[0-9A-Fa-f][0-9A-Fa-f]?`
	fourDigits = `[0-9A-Fa-f]{4}`
)

// forms are what words and numbers look like, compiled when the first expression is read.
type forms struct{ number, ipv4, ipv6, mac, name, escaped *regexp.Regexp }

var theForms = sync.OnceValue(func() forms {
	return forms{
		number: form(numeral),
		ipv4:   form(numeral + `(?:\.` + numeral + `){1,3}`),
		ipv6:   form(`[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*`),
		mac: form(`(?:` + byteDigits + `(?::` + byteDigits + `){5}|` + byteDigits + `(?:-` + byteDigits + `){5}|` +
			byteDigits + `(?:\.` + byteDigits + `){5}|` + fourDigits + `\.` + fourDigits + `\.` + fourDigits + `|[0-9A-Fa-f]{12})`),
		name:    form(`[A-Za-z0-9](?:[-_.A-Za-z0-9]*[.A-Za-z0-9])?`),
		escaped: form(`\\[^ !()\n\t]+`),
	}
})

func form(s string) *regexp.Regexp {
	r := regexp.MustCompile(`^(?:` + s + `)`)
	r.Longest()
	return r
}

// operators by length: the longest is taken.
var operators = []string{">=", "<=", "!=", "==", "<<", ">>", "&&", "||"}

// lex splits an expression. The last token is the end.
func lex(text string) []token {
	var tokens []token
	for pos := 0; ; {
		for pos < len(text) && strings.IndexByte(" \t\r\n", text[pos]) >= 0 {
			pos++
		}
		if pos == len(text) {
			return append(tokens, token{span: span{pos, pos}})
		}
		t := scan(text[pos:])
		t.end += pos
		t.pos, t.written = pos, text[pos:t.end]
		tokens = append(tokens, t)
		pos = t.end
	}
}

// scan is the token at the start of s; its end is its length.
func scan(s string) token {
	length := func(r *regexp.Regexp) int { return len(r.FindString(s)) }
	var best token
	take := func(n int, k kind) {
		if n > best.end {
			best = token{span: span{end: n}, kind: k, text: s[:n]}
		}
	}
	f := theForms()
	take(length(f.mac), mac)
	take(length(f.number), number)
	take(length(f.ipv4), ipv4)
	take(ipv6Length(s, f.ipv6), ipv6)
	take(length(f.name), name)
	take(length(f.escaped), name)
	if best.end == 0 {
		for _, o := range operators {
			if strings.HasPrefix(s, o) {
				return token{span: span{end: 2}, kind: word, text: canonical(o)}
			}
		}
		if strings.IndexByte("+-*/%:[]!<>()&|^=", s[0]) >= 0 {
			return token{span: span{end: 1}, kind: word, text: s[:1]}
		}
		r, n := utf8.DecodeRuneInString(s)
		return token{span: span{end: n}, kind: invalid, text: mistake.Quote(string(r)) + " has no meaning here"}
	}
	switch best.kind {
	case number:
		best.value, best.text = parseNumber(best.text)
		if best.text != "" {
			best.kind = invalid
		}
	case name:
		if escaped, ok := strings.CutPrefix(best.text, `\`); ok {
			best.text = escaped
		} else if c := canonical(best.text); words[c] {
			best.kind, best.text = word, c
		} else if v, ok := constants[best.text]; ok {
			best.kind, best.value = number, v
		}
	}
	return best
}

// ipv6Length is the length of the IPv6 address at the start of s, 0 if there is none.
func ipv6Length(s string, characters *regexp.Regexp) int {
	const most = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
	for n := len(characters.FindString(s[:min(len(s), most)])); n >= 2; n-- {
		if a, err := netip.ParseAddr(s[:n]); err == nil && a.Is6() {
			return n
		}
	}
	return 0
}

// parseNumber reads a numeral as C does. What is wrong with it is told in words.
func parseNumber(s string) (value uint32, wrong string) {
	base, digits := uint64(10), s
	if s[0] == '0' && len(s) > 1 {
		base, digits = 8, s[1:]
		if s[1] == 'x' || s[1] == 'X' {
			base, digits = 16, s[2:]
		}
	}
	var v uint64
	for _, r := range strings.ToLower(digits) {
		d := uint64(r - '0')
		if r >= 'a' {
			d = uint64(r-'a') + 10
		}
		if d >= base {
			return 0, "the number " + mistake.Quote(s) + " starts with 0 and so is octal, but has digits that are not"
		}
		if v = v*base + d; v > 1<<32-1 {
			return 0, "the number " + mistake.Quote(s) + " has more than 32 bits"
		}
	}
	return uint32(v), ""
}

// parseMAC reads an address in any of the forms that macForm takes.
func parseMAC(s string) (a [6]byte) {
	if m, err := net.ParseMAC(s); err == nil && len(m) == 6 {
		return [6]byte(m)
	}
	groups := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(":-.", r) })
	if len(groups) == 3 || len(groups) == 1 {
		all := strings.Join(groups, "")
		groups = nil
		for i := 0; i < 12; i += 2 {
			groups = append(groups, all[i:i+2])
		}
	}
	for i, g := range groups {
		v, _ := parseNumber("0x" + g)
		a[i] = byte(v)
	}
	return a
}

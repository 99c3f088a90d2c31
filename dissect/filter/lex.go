package filter

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"pktscope/internal/mistake"
)

// kind is what a token is.
type kind uint8

const (
	end       kind = iota
	word           // a name or a value without quotes; which of them depends on where it stands
	quoted         // "text" or r"text"
	character      // 'c'
	ranges         // [0:3]
	layers         // #2 or #[1-2]
	operator       // any other, by its text
)

// token is a piece of a filter.
type token struct {
	span
	kind kind
	text string // as written; an operator under its first name
	data string // of quoted and character: the bytes that it stands for; of ranges and layers: what is between the brackets
}

// is tells whether the token is one of the operators.
func (t token) is(operators ...string) bool {
	if t.kind == operator {
		for _, op := range operators {
			if t.text == op {
				return true
			}
		}
	}
	return false
}

// signs are the operators that are no words, those before others that they begin with, and the name under which the parser
// knows them.
var signs = []struct{ sign, name string }{
	{"===", "==="}, {"==", "=="}, {"!==", "!=="}, {"!=", "!="}, {"~=", "!=="}, {"~", "matches"}, {">=", ">="}, {">", ">"}, {"<=", "<="}, {"<", "<"},
	{"&&", "and"}, {"||", "or"}, {"^^", "xor"}, {"!", "not"}, {"&", "&"}, {"+", "+"}, {"-", "-"}, {"*", "*"}, {"/", "/"}, {"%", "%"},
	{"..", ".."}, {"(", "("}, {")", ")"}, {"{", "{"}, {"}", "}"}, {",", ","},
}

// words are the operators that are.
var words = map[string]string{
	"eq": "==", "any_eq": "==", "all_eq": "===", "ne": "!=", "all_ne": "!=", "any_ne": "!==", "gt": ">", "ge": ">=", "lt": "<", "le": "<=",
	"and": "and", "or": "or", "xor": "xor", "not": "not", "bitwise_and": "&",
	"contains": "contains", "matches": "matches", "in": "in", "any": "any", "all": "all",
}

// lex takes the text of a filter apart. The last token is always the end.
func lex(text string) (tokens []token) {
	for pos := 0; ; {
		for pos < len(text) && strings.IndexByte(" \t\r\n", text[pos]) >= 0 {
			pos++
		}
		t := next(text, pos)
		tokens = append(tokens, t)
		if t.kind == end {
			return tokens
		}
		pos = t.end
	}
}

// next returns the token that starts at pos.
func next(text string, pos int) token {
	t := token{span: span{pos, pos}}
	if pos == len(text) {
		return t
	}
	rest := text[pos:]
	switch c := rest[0]; {
	case c == '"', (c == 'r' || c == 'R') && strings.HasPrefix(rest[1:], `"`):
		return lexQuoted(text, pos)
	case c == '\'':
		return lexCharacter(text, pos)
	case c == '[':
		t.kind = ranges
		t.data, t.end = bracketed(text, pos)
	case c == '#':
		t.kind = layers
		if strings.HasPrefix(rest[1:], "[") {
			t.data, t.end = bracketed(text, pos+1)
			break
		}
		n := 1
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		t.data, t.end = rest[1:n], pos+n
		if n == 1 {
			span{pos, pos + 1}.fail(`"#" is followed by the number of a layer: ip.src#2, ip.src#[1-2]`)
		}
	case c == '$':
		span{pos, pos + 1}.fail("references to the selected packet and macros are for Wireshark's window")
	case isWord(c) && !strings.HasPrefix(rest, "..") && c != '-' && c != '/':
		n := 0
		for n < len(rest) && isWord(rest[n]) && !strings.HasPrefix(rest[n:], "..") {
			n++
		}
		t.kind, t.end = word, pos+n
		if name, ok := words[rest[:n]]; ok {
			t.kind, t.text = operator, name
			return t
		}
	default:
		for _, s := range signs {
			if strings.HasPrefix(rest, s.sign) {
				return token{span{pos, pos + len(s.sign)}, operator, s.name, ""}
			}
		}
		_, n := utf8.DecodeRuneInString(rest)
		bad := span{pos, pos + n}
		switch c {
		case '=':
			if n := strings.IndexAny(rest, "<>"); n == 1 {
				bad.end++
				bad.failHint(`did you mean "`+rest[1:2]+`="?`, "%s is no operator", mistake.Quote(rest[:2]))
			}
			bad.failHint(`did you mean "=="?`, `"=" is no operator`)
		case '|', '^':
			bad.failHint(`did you mean "`+rest[:1]+rest[:1]+`"?`, `%s is no operator`, mistake.Quote(rest[:1]))
		}
		bad.fail("%s has no meaning here", mistake.Quote(rest[:n]))
	}
	t.text = text[pos:t.end]
	return t
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord tells whether c can be part of a word. That addresses, times and prefixes are words has a price: ip.ttl-1 is one, too.
func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || c == '.' || c == ':' || c == '-' || c == '/'
}

// bracketed returns what is between the bracket at pos and the one that closes it.
func bracketed(text string, pos int) (inside string, end int) {
	n := strings.IndexByte(text[pos:], ']')
	if n < 0 {
		span{pos, len(text)}.fail(`the closing "]" is missing`)
	}
	return text[pos+1 : pos+n], pos + n + 1
}

// lexQuoted returns the text in quotes at pos. An r before the quotes means that backslashes are part of it.
func lexQuoted(text string, pos int) token {
	start := strings.IndexByte(text[pos:], '"') + pos + 1
	t := token{kind: quoted, span: span{pos, closing(text, start)}}
	t.text = text[t.pos:t.end]
	t.data = text[start : t.end-1]
	if text[pos] == '"' {
		t.data = unescape(text, span{start, t.end - 1})
	}
	return t
}

func lexCharacter(text string, pos int) token {
	t := token{kind: character, span: span{pos, closing(text, pos+1)}}
	t.text = text[t.pos:t.end]
	t.data = unescape(text, span{pos + 1, t.end - 1})
	if len(t.data) != 1 {
		t.failHint("text stands in double quotes", "%s is not one character", t.text)
	}
	return t
}

// closing returns the place behind the quote that closes the one before start.
func closing(text string, start int) int {
	for i := start; i < len(text); i++ {
		switch text[i] {
		case text[start-1]:
			return i + 1
		case '\\':
			i++
		}
	}
	span{start - 1, len(text)}.fail("the closing quote is missing")
	return 0
}

// unescape returns the bytes that the text at s stands for.
func unescape(text string, s span) string {
	var out []byte
	for i := s.pos; i < s.end; {
		if text[i] != '\\' {
			out = append(out, text[i])
			i++
			continue
		}
		b, n := escape(text[i+1 : s.end])
		if n == 0 {
			_, width := utf8.DecodeRuneInString(text[i+1:])
			bad := span{i, i + 1 + width}
			bad.failHint(`a backslash is written "\\", or r"…"`, "%s is no escape sequence", mistake.Quote(text[bad.pos:bad.end]))
		}
		out = append(out, b...)
		i += 1 + n
	}
	return string(out)
}

var escapes = map[byte]string{'a': "\a", 'b': "\b", 'f': "\f", 'n': "\n", 'r': "\r", 't': "\t", 'v': "\v", '\'': "'", '"': `"`, '\\': `\`, '?': "?"}

// escape returns what the start of s stands for behind a backslash, and its length; 0 if it stands for nothing.
func escape(s string) (out string, n int) {
	if out, ok := escapes[s[0]]; ok {
		return out, 1
	}
	from, base := 1, 16
	switch c := s[0]; {
	case c == 'x':
		n = 3
	case c == 'u':
		n = 5
	case c == 'U':
		n = 9
	default:
		from, base = 0, 8
		for n < min(3, len(s)) && '0' <= s[n] && s[n] <= '7' {
			n++
		}
	}
	if n > len(s) {
		return "", 0
	}
	code, err := strconv.ParseUint(s[from:n], base, 32)
	switch {
	case err != nil, code > utf8.MaxRune:
		return "", 0
	case n >= 5:
		return string(rune(code)), n
	case code > 0xff:
		return "", 0
	}
	return string([]byte{byte(code)}), n
}

package filter

import (
	"bytes"
	"io"
	"regexp"
	"regexp/syntax"

	"pktscope/internal/mistake"
)

// contains looks for bytes in values.
func (c *compiler[S]) contains(n *relation) test[S] {
	a, b := c.haystack(n), source[S](nil)
	if l, ok := n.b.(*literal); ok {
		t := typeOf(n.a)
		if t == mac {
			t = octets
		}
		b = constant[S](l.value(t, nil))
	} else if tb := typeOf(n.b); tb.sliceable() {
		b = c.own(c.operand(n.b, tb), tb)
	} else {
		n.b.where().fail("%s is %s and has no bytes to look for", describe(n.b), tb)
	}
	return quantified(a, n.many, func(s S, v *value) bool {
		for _, w := range b(s) {
			if bytes.Contains(v.raw, w.raw) {
				return true
			}
		}
		return false
	})
}

// matches looks for a regular expression in values. As in Wireshark the case of letters does not count, unless the expression says
// so: (?-i).
func (c *compiler[S]) matches(n *relation) test[S] {
	a := c.haystack(n)
	l, ok := n.b.(*literal)
	if !ok || l.kind != quoted {
		n.b.where().fail("a regular expression stands in double quotes")
	}
	re, err := regexp.Compile("(?i)" + latin1(l.data, typeOf(n.a)))
	if err != nil {
		hint := "expressions are those of RE2: github.com/google/re2/wiki/Syntax"
		if e, ok := err.(*syntax.Error); ok {
			l.failHint(hint, "%s: %s", e.Code, mistake.Quote(e.Expr))
		}
		l.failHint(hint, "%v", err)
	}
	if typeOf(n.a) == text {
		return quantified(a, n.many, func(_ S, v *value) bool { return re.Match(v.raw) })
	}
	in := new(byteReader)
	return quantified(a, n.many, func(_ S, v *value) bool {
		*in = v.raw
		return re.MatchReader(in)
	})
}

// latin1 turns each byte of an expression for bytes into the character with its number.
func latin1(expr string, t typ) string {
	if t == text {
		return expr
	}
	r := make([]rune, len(expr))
	for i := range r {
		r[i] = rune(expr[i])
	}
	return string(r)
}

// byteReader reads bytes as characters with their numbers: bytes are no UTF-8.
type byteReader []byte

func (r *byteReader) ReadRune() (rune, int, error) {
	if len(*r) == 0 {
		return 0, 0, io.EOF
	}
	b := (*r)[0]
	*r = (*r)[1:]
	return rune(b), 1, nil
}

// haystack is the left side of contains and matches.
func (c *compiler[S]) haystack(n *relation) source[S] {
	t := typeOf(n.a)
	if !t.searchable() {
		named(n.a)
		n.a.where().failHint("text, bytes, MAC addresses and protocols can be searched, and string() makes text of a field",
			"%s is %s and cannot be searched", describe(n.a), t)
	}
	return c.operand(n.a, t)
}

// quantified tests one value or every one.
func quantified[S any](values source[S], many quantifier, right func(s S, v *value) bool) test[S] {
	all := many == every
	return func(s S) bool {
		vs := values(s)
		for i := range vs {
			if ok := right(s, &vs[i]); ok != all {
				return ok
			}
		}
		return all && len(vs) > 0
	}
}

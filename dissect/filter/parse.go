package filter

import (
	"strings"

	"pktscope/internal/mistake"
)

// The grammar. What is further down binds tighter:
//
//	or          xor { "or" xor }
//	xor         and { "xor" and }
//	and         not { "and" not }
//	not         { "not" } ( "(" or ")" | relation )
//	relation    [ "any" | "all" ] operand { comparison operand } | operand [ "not" ] "in" set | operand
//	operand     operands joined by & or + - or * / %, binding in this order
//	atom        literal | name [ layers ] { slice } | function "(" operand { "," operand } ")" | "-" atom | "{" operand "}" | "(" operand ")"
//	set         "{" element { "," element } "}"
//	element     operand [ ".." operand ]
type parser struct {
	words  *vocabulary
	text   string
	tokens []token // what is left
	depth  int
}

// maxDepth bounds how deep a filter nests.
const maxDepth = 200

// parse returns the tree of a filter's text; nil if there is none.
func parse(text string, words *vocabulary) condition {
	p := parser{words: words, text: text, tokens: lex(text)}
	if p.token().kind == end {
		return nil
	}
	c := p.or()
	if p.token().kind != end {
		p.unexpected()
	}
	return c
}

func (p *parser) token() token { return p.tokens[0] }

func (p *parser) advance() token {
	t := p.tokens[0]
	if t.kind != end {
		p.tokens = p.tokens[1:]
	}
	return t
}

// accept goes on behind the next token if it is one of the operators.
func (p *parser) accept(operators ...string) (t token, ok bool) {
	if p.token().is(operators...) {
		return p.advance(), true
	}
	return t, false
}

func (p *parser) expect(operator string) token {
	t, ok := p.accept(operator)
	if !ok {
		p.missing(mistake.Quote(operator))
	}
	return t
}

// missing ends parsing at a place where something else should stand.
func (p *parser) missing(what string) {
	t := p.token()
	if t.kind == end {
		t.fail("%s is missing at the end", what)
	}
	t.fail("%s should stand here, not %s", what, mistake.Quote(p.text[t.pos:t.end]))
}

// unexpected ends parsing at a token that cannot stand where it does.
func (p *parser) unexpected() {
	t := p.token()
	if lower := strings.ToLower(t.text); t.kind == word && words[lower] != "" {
		t.failHint("did you mean "+lower+"?", "operators are in lower case")
	}
	t.failHint(`conditions are joined by "and" or "or"`, "%s cannot stand here", mistake.Quote(p.text[t.pos:t.end]))
}

// nest is called at the start of what may contain itself, and the function that it returns at the end.
func (p *parser) nest() func() {
	if p.depth++; p.depth > maxDepth {
		p.token().fail("the filter nests more than %d deep", maxDepth)
	}
	return func() { p.depth-- }
}

func (p *parser) or() condition {
	defer p.nest()()
	return p.joined("or", func() condition {
		return p.joined("xor", func() condition {
			return p.joined("and", p.not)
		})
	})
}

func (p *parser) joined(op string, next func() condition) condition {
	a := next()
	for {
		if _, ok := p.accept(op); !ok {
			return a
		}
		b := next()
		a = &logic{span{a.where().pos, b.where().end}, op, a, b}
	}
}

func (p *parser) not() condition {
	if t, ok := p.accept("not"); ok {
		defer p.nest()()
		a := p.not()
		return &negation{span{t.pos, a.where().end}, a}
	}
	open, ok := p.accept("(")
	if !ok {
		return p.relation()
	}
	c := p.or()
	c = enclose(c, span{open.pos, p.expect(")").end})
	// A bare operand in parentheses may be the start of a longer one: (tcp.flags & 2) == 2.
	if e, ok := c.(*existence); ok && p.token().kind == operator && !p.token().is("and", "or", "xor", ")") {
		return p.compared(byOperator, p.binary(e.a, 0))
	}
	return c
}

// enclose makes parentheses around a bare operand a part of it.
func enclose(c condition, s span) condition {
	if e, ok := c.(*existence); ok {
		return &existence{s, e.a}
	}
	return c
}

func (p *parser) relation() condition {
	t, quantified := p.accept("any", "all")
	if !quantified {
		return p.compared(byOperator, p.operand())
	}
	many := one
	if t.text == "all" {
		many = every
	}
	c := p.compared(many, p.operand())
	if _, bare := c.(*existence); bare {
		t.failHint(t.text+" ip.ttl > 64", "%s is for comparisons", mistake.Quote(t.text))
	}
	return c
}

// compared returns the condition that starts with operand a.
func (p *parser) compared(many quantifier, a operand) condition {
	if _, ok := p.accept("in"); ok {
		return p.set(many, a)
	}
	if t := p.token(); t.is("not") && len(p.tokens) > 1 && p.tokens[1].is("in") {
		p.advance()
		p.advance()
		in := p.set(many, a)
		return &negation{in.span, in}
	}
	var chain condition
	for {
		t, ok := p.accept("==", "===", "!=", "!==", ">", ">=", "<", "<=", "contains", "matches")
		if !ok {
			break
		}
		b := p.operand()
		s := span{a.where().pos, b.where().end}
		var r condition = &relation{s, t.text, many, a, b}
		if chain != nil {
			r = &logic{span{chain.where().pos, s.end}, "and", chain, r}
		}
		chain, a = r, b
	}
	if chain == nil {
		return &existence{a.where(), a}
	}
	return chain
}

func (p *parser) set(many quantifier, a operand) *membership {
	m := &membership{span{a.where().pos, 0}, many, a, nil}
	p.expect("{")
	for {
		e := element{low: p.operand()}
		if _, ok := p.accept(".."); ok {
			e.high = p.operand()
		}
		m.set = append(m.set, e)
		if _, ok := p.accept(","); !ok {
			break
		}
	}
	if t := p.token(); t.kind == word || t.kind == quoted || t.kind == character {
		t.failHint(`values are separated by commas`, `"," is missing before %s`, mistake.Quote(t.text))
	}
	m.end = p.expect("}").end
	return m
}

func (p *parser) operand() operand { return p.binary(p.atom(), 0) }

// precedence of the operators between operands.
var precedence = map[string]int{"&": 1, "+": 2, "-": 2, "*": 3, "/": 3, "%": 3}

// binary returns the operand that starts with a and goes on over operators that bind tighter than above.
func (p *parser) binary(a operand, above int) operand {
	for {
		t := p.token()
		level := precedence[t.text]
		if t.kind != operator || level <= above {
			return a
		}
		p.advance()
		b := p.binary(p.atom(), level)
		a = &arithmetic{span{a.where().pos, b.where().end}, t.text, a, b}
	}
}

func (p *parser) atom() operand {
	defer p.nest()()
	switch t := p.token(); {
	case t.is("-", "+"):
		p.advance()
		a := p.atom()
		if t.text == "+" {
			return a
		}
		s := span{t.pos, a.where().end}
		if l, ok := a.(*literal); ok && l.kind == word && !l.negative {
			n := *l
			n.span, n.text, n.negative = s, "-"+l.text, true
			return &n
		}
		return &minus{s, a}
	case t.is("{", "("):
		p.advance()
		a := p.operand()
		p.expect(map[string]string{"{": "}", "(": ")"}[t.text])
		return a
	case t.kind == word:
		p.advance()
		if p.token().is("(") && p.token().pos == t.end {
			return p.call(t)
		}
		return p.name(t)
	case t.kind == quoted, t.kind == character:
		p.advance()
		return p.literal(t)
	}
	p.missing("a field or a value")
	return nil
}

func (p *parser) call(name token) operand {
	c := &call{span: name.span, name: name.text}
	p.advance()
	if t, ok := p.accept(")"); ok {
		c.end = t.end
		return c
	}
	for {
		c.args = append(c.args, p.operand())
		if _, ok := p.accept(","); !ok {
			break
		}
	}
	c.end = p.expect(")").end
	return c
}

func (p *parser) literal(t token) *literal { return &literal{token: t, words: p.words} }

// name returns what a word means: a field, a protocol, or a value.
func (p *parser) name(t token) operand {
	r := &reference{span: t.span}
	if !p.words.resolve(r, t.text) {
		if next := p.token(); next.kind == ranges || next.kind == layers {
			p.literal(t).unknown()
		}
		return p.literal(t)
	}
	if next := p.token(); next.kind == layers {
		if !p.words.layers {
			next.fail("%s stands in no layer", r.name)
		}
		if r.layers != nil {
			next.fail("%s says already which layer", r.name)
		}
		p.advance()
		r.layers, r.end = extents(next), next.end
	}
	if r.layers != nil && len(r.fields) > 0 && r.fields[0].Everywhere() {
		r.fail("every layer may have %s: there is no order of its layers", r.name)
	}
	var a operand = r
	for p.token().kind == ranges {
		t := p.advance()
		a = &slice{span{a.where().pos, t.end}, a, extents(t)}
	}
	return a
}

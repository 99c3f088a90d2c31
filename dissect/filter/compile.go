package filter

import (
	"bytes"
	"cmp"

	"pktscope/dissect"
)

// test is a compiled condition.
type test func(p *dissect.Packet) bool

// source is a compiled operand: it lists the values that it has in a packet. The list is good until the next call.
type source func(p *dissect.Packet) []value

// compiler makes functions of a tree, and notes which fields they read.
type compiler struct {
	fields map[*dissect.Field]bool
}

func (c *compiler) condition(n condition) test {
	switch n := n.(type) {
	case *logic:
		return c.logic(n)
	case *negation:
		a := c.condition(n.a)
		return func(p *dissect.Packet) bool { return !a(p) }
	case *existence:
		return c.existence(n)
	case *relation:
		return c.relation(n)
	case *membership:
		return c.membership(n)
	}
	return func(*dissect.Packet) bool { return true }
}

func (c *compiler) logic(n *logic) test {
	a, b := c.condition(n.a), c.condition(n.b)
	switch n.op {
	case "and":
		return func(p *dissect.Packet) bool { return a(p) && b(p) }
	case "or":
		return func(p *dissect.Packet) bool { return a(p) || b(p) }
	}
	return func(p *dissect.Packet) bool { return a(p) != b(p) }
}

func (c *compiler) existence(n *existence) test {
	switch a := n.a.(type) {
	case *reference:
		if a.protocols != nil && a.layers == nil {
			var wanted [256]bool // by ID
			for _, p := range a.protocols {
				wanted[p.ID] = true
			}
			return func(p *dissect.Packet) bool {
				for i := range p.Layers {
					if wanted[p.Layers[i].Protocol] {
						return true
					}
				}
				return false
			}
		}
	case *literal:
		if a.kind == word {
			a.unknown()
		}
		a.failHint("it is compared with a field", "a value alone is no condition")
	case *call:
		a.failHint("compare it with a value: "+a.name+"(…) > 1", "a function alone is no condition")
	case *arithmetic:
		if a.op == "&" { // a mask asks whether one of its bits is set
			values := c.operand(a, untyped)
			return func(p *dissect.Packet) bool {
				for _, v := range values(p) {
					if v.num != 0 && v.raw == nil || len(bytes.Trim(v.raw, "\x00")) > 0 {
						return true
					}
				}
				return false
			}
		}
	}
	values := c.operand(n.a, untyped)
	return func(p *dissect.Packet) bool { return len(values(p)) > 0 }
}

func (c *compiler) relation(n *relation) test {
	switch n.op {
	case "contains":
		return c.contains(n)
	case "matches":
		return c.matches(n)
	}
	t := common(n.a, n.b)
	if t == presence {
		n.fail("%s has no value to compare", describe(n.a))
	}
	all := n.many == every || n.many == byOperator && (n.op == "===" || n.op == "!=")
	if l, ok := n.b.(*literal); ok {
		if r, ok := c.rows(n.a); ok {
			if in, ok := l.interval(n.op, n.a.(*reference)); ok {
				return r.within([]interval{in}, all)
			}
		}
		if t == octets && len(l.value(t, nil).raw) <= 6 {
			v := l.value(t, nil)
			if r, shift, mask, ok := c.sliced(n.a, len(v.raw)); ok {
				v.num = uint64(len(v.raw)) * 8 // no prefix
				return r.partWithin([]interval{intervalOf(n.op, v)}, all, shift, mask)
			}
		}
	}
	a, b, right := c.compared(n.a, n.b, t), c.compared(n.b, n.a, t), comparison(t, n.op)
	if all {
		return func(p *dissect.Packet) bool {
			x, y := a(p), b(p)
			for i := range x {
				for k := range y {
					if !right(&x[i], &y[k]) {
						return false
					}
				}
			}
			return len(x) > 0 && len(y) > 0
		}
	}
	return func(p *dissect.Packet) bool {
		x, y := a(p), b(p)
		for i := range x {
			for k := range y {
				if right(&x[i], &y[k]) {
					return true
				}
			}
		}
		return false
	}
}

// compared is operand a as it is compared with operand like in type t.
func (c *compiler) compared(a, like operand, t typ) source {
	if l, ok := a.(*literal); ok {
		r, _ := like.(*reference)
		return constant(l.value(t, r))
	}
	return c.own(c.operand(a, t), typeOf(a))
}

// comparison returns the function that says whether operator op is right for values of type t.
func comparison(t typ, op string) func(a, b *value) bool {
	right := map[string][3]bool{ // if a is less, equal, greater
		"==": {false, true, false}, "===": {false, true, false}, "!=": {true, false, true}, "!==": {true, false, true},
		"<": {true, false, false}, "<=": {true, true, false}, ">": {false, false, true}, ">=": {false, true, true},
	}[op]
	switch t {
	case number, boolean:
		return func(a, b *value) bool { return right[1+cmp.Compare(a.num, b.num)] }
	case signed, seconds:
		return func(a, b *value) bool { return right[1+cmp.Compare(int64(a.num), int64(b.num))] }
	case ipv4, ipv6:
		return func(a, b *value) bool { return right[1+compareAddress(a, b)] }
	}
	if t == text {
		return func(a, b *value) bool { return right[1+bytes.Compare(a.raw, b.raw)] }
	}
	return func(a, b *value) bool { return right[1+compareBytes(a.raw, b.raw)] }
}

// compareBytes finds the longer of two greater, as Wireshark does.
func compareBytes(a, b []byte) int {
	if d := cmp.Compare(len(a), len(b)); d != 0 {
		return d
	}
	return bytes.Compare(a, b)
}

// compareAddress compares as many bits as the shorter of two prefixes has.
func compareAddress(a, b *value) int {
	bits := int(min(a.num, b.num))
	for i := 0; bits > 0; i, bits = i+1, bits-8 {
		x, y := a.raw[i], b.raw[i]
		if bits < 8 {
			x, y = x>>(8-bits), y>>(8-bits)
		}
		if x != y {
			return cmp.Compare(x, y)
		}
	}
	return 0
}

func (c *compiler) membership(n *membership) test {
	ta := typeOf(n.a)
	if ta == untyped {
		named(n.a)
		n.a.where().fail("only a field or a function can be in a set")
	}
	all := n.many == every
	if r, ok := c.rows(n.a); ok {
		if sets, ok := intervals(n); ok {
			return r.within(sets, all)
		}
	}
	values := c.own(c.operand(n.a, ta), ta)
	var in []func(p *dissect.Packet, v *value) bool
	for _, e := range n.set {
		in = append(in, c.element(n.a, e))
	}
	return func(p *dissect.Packet) bool {
		vs := values(p)
		for i := range vs {
			found := false
			for _, in := range in {
				if in(p, &vs[i]) {
					found = true
					break
				}
			}
			if found != all {
				return found
			}
		}
		return all && len(vs) > 0
	}
}

// element returns the function that says whether a value of a is the element or between its ends.
func (c *compiler) element(a operand, e element) func(p *dissect.Packet, v *value) bool {
	t := common(a, e.low)
	low := c.compared(e.low, a, t)
	if e.high == nil {
		equal := comparison(t, "==")
		return func(p *dissect.Packet, v *value) bool {
			ws := low(p)
			for i := range ws {
				if equal(v, &ws[i]) {
					return true
				}
			}
			return false
		}
	}
	for _, end := range []operand{e.low, e.high} {
		if _, ok := end.(*literal); !ok {
			end.where().fail("the ends of a range are values, not fields")
		}
	}
	if t == number && common(a, e.high) == signed {
		t = signed
	}
	high := c.compared(e.high, a, t)
	least, most := comparison(t, ">="), comparison(t, "<=")
	return func(p *dissect.Packet, v *value) bool { return least(v, &low(p)[0]) && most(v, &high(p)[0]) }
}

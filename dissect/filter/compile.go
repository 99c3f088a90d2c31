package filter

import (
	"bytes"
	"cmp"
)

// test is a compiled condition on subjects of type S, which are packets, or else records.
type test[S any] func(s S) bool

// source is a compiled operand: it lists the values that it has in a subject. The list is good until the next call.
type source[S any] func(s S) []value

// compiler makes functions of a tree.
type compiler[S any] struct {
	subjects subjects[S]
}

// subjects say how what names mean is found in a subject.
type subjects[S any] interface {
	// source lists the values of what a name means.
	source(n *reference) source[S]
	// exists tells whether there is what a name means. It is nil where nothing is quicker than to list the values.
	exists(n *reference) test[S]
	// rows is for operands whose values are numbers that can be read without listing them: it returns what makes tests of whether one of
	// the values, or every one, is in one of several intervals. It is not ok for others.
	rows(a operand) (within func(sets []interval, all bool) test[S], ok bool)
	// slicedRows is the same for slices of such values that are compared with n bytes.
	slicedRows(a operand, n int) (within func(sets []interval, all bool) test[S], ok bool)
}

func (c *compiler[S]) condition(n condition) test[S] {
	switch n := n.(type) {
	case *logic:
		return c.logic(n)
	case *negation:
		a := c.condition(n.a)
		return func(s S) bool { return !a(s) }
	case *existence:
		return c.existence(n)
	case *relation:
		return c.relation(n)
	case *membership:
		return c.membership(n)
	}
	return func(S) bool { return true }
}

func (c *compiler[S]) logic(n *logic) test[S] {
	a, b := c.condition(n.a), c.condition(n.b)
	switch n.op {
	case "and":
		return func(s S) bool { return a(s) && b(s) }
	case "or":
		return func(s S) bool { return a(s) || b(s) }
	}
	return func(s S) bool { return a(s) != b(s) }
}

func (c *compiler[S]) existence(n *existence) test[S] {
	switch a := n.a.(type) {
	case *reference:
		if exists := c.subjects.exists(a); exists != nil {
			return exists
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
			return func(s S) bool {
				for _, v := range values(s) {
					if v.num != 0 && v.raw == nil || len(bytes.Trim(v.raw, "\x00")) > 0 {
						return true
					}
				}
				return false
			}
		}
	}
	values := c.operand(n.a, untyped)
	return func(s S) bool { return len(values(s)) > 0 }
}

func (c *compiler[S]) relation(n *relation) test[S] {
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
		if within, ok := c.subjects.rows(n.a); ok {
			if in, ok := l.interval(n.op, n.a.(*reference)); ok {
				return within([]interval{in}, all)
			}
		}
		if t == octets && len(l.value(t, nil).raw) <= 6 {
			v := l.value(t, nil)
			if within, ok := c.subjects.slicedRows(n.a, len(v.raw)); ok {
				v.num = uint64(len(v.raw)) * 8 // no prefix
				return within([]interval{intervalOf(n.op, v)}, all)
			}
		}
	}
	a, b, right := c.compared(n.a, n.b, t), c.compared(n.b, n.a, t), comparison(t, n.op)
	if all {
		return func(s S) bool {
			x, y := a(s), b(s)
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
	return func(s S) bool {
		x, y := a(s), b(s)
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
func (c *compiler[S]) compared(a, like operand, t typ) source[S] {
	if l, ok := a.(*literal); ok {
		r, _ := like.(*reference)
		return constant[S](l.value(t, r))
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
	case ipv4, ipv6, address:
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

// compareAddress compares as many bits as the shorter of two prefixes has. IPv4 comes before IPv6.
func compareAddress(a, b *value) int {
	if d := cmp.Compare(len(a.raw), len(b.raw)); d != 0 {
		return d
	}
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

func (c *compiler[S]) membership(n *membership) test[S] {
	ta := typeOf(n.a)
	if ta == untyped {
		named(n.a)
		n.a.where().fail("only a field or a function can be in a set")
	}
	all := n.many == every
	if within, ok := c.subjects.rows(n.a); ok {
		if sets, ok := intervals(n); ok {
			return within(sets, all)
		}
	}
	values := c.own(c.operand(n.a, ta), ta)
	var in []func(s S, v *value) bool
	for _, e := range n.set {
		in = append(in, c.element(n.a, e))
	}
	return func(s S) bool {
		vs := values(s)
		for i := range vs {
			found := false
			for _, in := range in {
				if in(s, &vs[i]) {
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
func (c *compiler[S]) element(a operand, e element) func(s S, v *value) bool {
	t := common(a, e.low)
	low := c.compared(e.low, a, t)
	if e.high == nil {
		equal := comparison(t, "==")
		return func(s S, v *value) bool {
			ws := low(s)
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
	return func(s S, v *value) bool { return least(v, &low(s)[0]) && most(v, &high(s)[0]) }
}

package filter

// operand compiles a. A literal in it becomes a value of type t, if nothing beside it has a type.
func (c *compiler[S]) operand(a operand, t typ) source[S] {
	switch a := a.(type) {
	case *literal:
		if t == untyped {
			a.fail("a value alone has no meaning here")
		}
		return constant[S](a.value(t, nil))
	case *reference:
		return c.subjects.source(a)
	case *slice:
		return c.slice(a)
	case *minus:
		return c.minus(a, t)
	case *arithmetic:
		return c.arithmetic(a, t)
	}
	return c.call(a.(*call))
}

func constant[S any](v value) source[S] {
	values := []value{v}
	return func(S) []value { return values }
}

// own leaves of the values of a protocol only what is its own; searching looks at all that it carries.
func (c *compiler[S]) own(values source[S], t typ) source[S] {
	if t != protocol {
		return values
	}
	var out []value
	return func(s S) []value {
		out = out[:0]
		for _, v := range values(s) {
			out = append(out, value{raw: v.raw[:v.num]})
		}
		return out
	}
}

// slice takes parts of values. A value that does not have all the bytes has no slice.
func (c *compiler[S]) slice(n *slice) source[S] {
	t := typeOf(n.a)
	if !t.sliceable() {
		n.failHint("parts of numbers are taken with &", "%s is %s and has no bytes to take a part of", describe(n.a), t)
	}
	values := c.own(c.operand(n.a, t), t)
	var out []value
	if len(n.parts) == 1 {
		return func(s S) []value {
			out = out[:0]
			for _, v := range values(s) {
				if from, to := n.parts[0].bounds(len(v.raw)); from >= 0 && from < to && to <= len(v.raw) {
					out = append(out, value{raw: v.raw[from:to]})
				}
			}
			return out
		}
	}
	var joined []byte
	return func(s S) []value {
		out, joined = out[:0], joined[:0]
		for _, v := range values(s) {
			start := len(joined)
			ok := true
			for _, e := range n.parts {
				from, to := e.bounds(len(v.raw))
				if ok = from >= 0 && from < to && to <= len(v.raw); !ok {
					break
				}
				joined = append(joined, v.raw[from:to]...)
			}
			if ok {
				out = append(out, value{raw: joined[start:]})
			}
		}
		return out
	}
}

// maxCombinations bounds how many values arithmetic makes of those of two operands.
const maxCombinations = 4096

func (c *compiler[S]) arithmetic(n *arithmetic, t typ) source[S] {
	if typeOf(n.a) != untyped || typeOf(n.b) != untyped {
		t = common(n.a, n.b)
	}
	calculate := operation(n.op, t)
	if calculate == nil {
		n.fail("%s has no %q", t, n.op)
	}
	a, b := c.operand(n.a, t), c.operand(n.b, t)
	var out []value
	var buf []byte
	return func(s S) []value {
		out, buf = out[:0], buf[:0]
		x, y := a(s), b(s)
		for i := range x {
			for k := range y {
				if len(out) == maxCombinations {
					return out
				}
				var v value
				var ok bool
				if v, buf, ok = calculate(buf, &x[i], &y[k]); ok {
					out = append(out, v)
				}
			}
		}
		return out
	}
}

// operation returns the function that calculates with two values of type t; it appends bytes of the result to buf. It is nil if
// there is none, and not ok for a division by zero.
func operation(op string, t typ) func(buf []byte, a, b *value) (value, []byte, bool) {
	of := func(f func(a, b int64) int64) func(buf []byte, a, b *value) (value, []byte, bool) {
		return func(buf []byte, a, b *value) (value, []byte, bool) {
			return value{num: uint64(f(int64(a.num), int64(b.num)))}, buf, true
		}
	}
	whole := t == number || t == signed
	switch {
	case op == "&" && whole:
		return of(func(a, b int64) int64 { return a & b })
	case op == "&" && t >= ipv4 && t <= octets:
		return func(buf []byte, a, b *value) (value, []byte, bool) {
			if t == address && len(a.raw) != len(b.raw) { // the mask is of the other family
				return value{}, buf, false
			}
			start := len(buf)
			for i := range min(len(a.raw), len(b.raw)) {
				buf = append(buf, a.raw[i]&b.raw[i])
			}
			return value{num: a.num, raw: buf[start:]}, buf, true
		}
	case op == "+" && (whole || t == seconds):
		return of(func(a, b int64) int64 { return a + b })
	case op == "-" && (whole || t == seconds):
		return of(func(a, b int64) int64 { return a - b })
	case op == "*" && whole:
		return of(func(a, b int64) int64 { return a * b })
	case (op == "/" || op == "%") && whole:
		return func(buf []byte, a, b *value) (value, []byte, bool) {
			x, y := int64(a.num), int64(b.num)
			switch {
			case y == 0:
				return value{}, buf, false
			case op == "/":
				return value{num: uint64(x / y)}, buf, true
			}
			return value{num: uint64(x % y)}, buf, true
		}
	}
	return nil
}

func (c *compiler[S]) minus(n *minus, t typ) source[S] {
	if ta := typeOf(n.a); ta != untyped {
		t = ta
	}
	if t != number && t != signed && t != seconds {
		n.fail("%s has no sign", t)
	}
	a := c.operand(n.a, t)
	var out []value
	return func(s S) []value {
		out = out[:0]
		for _, v := range a(s) {
			out = append(out, value{num: -v.num})
		}
		return out
	}
}

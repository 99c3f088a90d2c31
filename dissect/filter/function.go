package filter

import (
	"net/netip"
	"slices"

	"pktscope/dissect"
)

// functions are those that there are, with the number of their arguments; 0 is any.
var functions = map[string]int{"len": 1, "count": 1, "lower": 1, "upper": 1, "string": 1, "abs": 1, "max": 0, "min": 0}

// typeOfCall also checks the function's name and the number of arguments.
func typeOfCall(n *call) typ {
	arity, ok := functions[n.name]
	if !ok {
		names := []string{"abs", "count", "len", "lower", "max", "min", "string", "upper"}
		hint := "there are abs, count, len, lower, max, min, string and upper"
		if near := dissect.Nearest(n.name, slices.Values(names)); near != "" {
			hint = "did you mean " + near + "?"
		}
		n.failHint(hint, "%s is not a function", n.name)
	}
	if len(n.args) == 0 || arity > 0 && len(n.args) != arity {
		n.fail("%s takes %s", n.name, map[bool]string{true: "one argument", false: "arguments"}[arity == 1])
	}
	switch n.name {
	case "len", "count":
		return number
	case "lower", "upper", "string":
		return text
	case "abs":
		return signed
	}
	t := untyped
	for _, a := range n.args {
		if t == untyped {
			t = typeOf(a)
		}
	}
	return t
}

func (c *compiler[S]) call(n *call) source[S] {
	t := typeOfCall(n)
	switch n.name {
	case "max":
		return c.extreme(n, t, ">")
	case "min":
		return c.extreme(n, t, "<")
	}
	arg := n.args[0]
	ta := typeOf(arg)
	if ta == untyped {
		named(arg)
		arg.where().fail("%s() takes a field, not a value", n.name)
	}
	values := c.operand(arg, ta)
	switch n.name {
	case "len":
		return c.length(n, c.own(values, ta), ta)
	case "count":
		return count(values)
	case "lower", "upper":
		return c.changeCase(n, values, ta)
	case "string":
		return c.text(n, values)
	}
	if !ta.numeric() || ta == boolean {
		arg.where().fail("%s is %s, abs() takes a number", describe(arg), ta)
	}
	return each(values, func(buf []byte, v value) (value, []byte) {
		if int64(v.num) < 0 {
			v.num = -v.num
		}
		return v, buf
	})
}

// each applies a function to every value; it may append what it makes to buf.
func each[S any](values source[S], f func(buf []byte, v value) (value, []byte)) source[S] {
	var out []value
	var buf []byte
	return func(s S) []value {
		out, buf = out[:0], buf[:0]
		for _, v := range values(s) {
			v, buf = f(buf, v)
			out = append(out, v)
		}
		return out
	}
}

// length counts bytes.
func (c *compiler[S]) length(n *call, values source[S], t typ) source[S] {
	fixed := uint64(0)
	switch r, ok := n.args[0].(*reference); {
	case t.numeric() && ok:
		fixed = uint64(width(r.fields[0]))
	case !t.sliceable():
		n.args[0].where().fail("%s is %s and has no length", describe(n.args[0]), t)
	}
	return each(values, func(buf []byte, v value) (value, []byte) {
		return value{num: fixed + uint64(len(v.raw))}, buf
	})
}

// count is how many values there are. Of none there is no count, as in Wireshark: count(x) == 0 is true of no packet.
func count[S any](values source[S]) source[S] {
	out := make([]value, 1)
	return func(s S) []value {
		out[0].num = uint64(len(values(s)))
		if out[0].num == 0 {
			return nil
		}
		return out
	}
}

// changeCase changes letters of ASCII.
func (c *compiler[S]) changeCase(n *call, values source[S], t typ) source[S] {
	if t != text {
		n.args[0].where().failHint("string() makes text of it", "%s is %s, %s() takes text", describe(n.args[0]), t, n.name)
	}
	first, last := byte('A'), byte('Z')
	if n.name == "upper" {
		first, last = 'a', 'z'
	}
	return each(values, func(buf []byte, v value) (value, []byte) {
		start := len(buf)
		for _, b := range v.raw {
			if first <= b && b <= last {
				b ^= 0x20
			}
			buf = append(buf, b)
		}
		return value{raw: buf[start:]}, buf
	})
}

// text makes text of the values of a field: as it is printed, but every number is decimal.
func (c *compiler[S]) text(n *call, values source[S]) source[S] {
	r, ok := n.args[0].(*reference)
	if !ok || r.fields == nil {
		n.args[0].where().fail("string() takes a field, %s is none", describe(n.args[0]))
	}
	f := r.fields[0]
	if f.Kind == dissect.Hex {
		f = &dissect.Field{Kind: dissect.Dec}
	}
	return each(values, func(buf []byte, v value) (value, []byte) {
		start := len(buf)
		if r.typ == address {
			a, _ := netip.AddrFromSlice(v.raw)
			buf = a.AppendTo(buf)
			return value{raw: buf[start:]}, buf
		}
		buf = dissect.Value{Field: f, Num: v.num, Raw: v.raw}.AppendText(buf)
		return value{raw: buf[start:]}, buf
	})
}

// extreme is the greatest or the least of the values of all arguments. If one has none, there is no result.
func (c *compiler[S]) extreme(n *call, t typ, op string) source[S] {
	if t == untyped || t == presence || t == protocol {
		n.fail("%s() takes fields that have values", n.name)
	}
	var args []source[S]
	for _, a := range n.args {
		for _, b := range n.args {
			if typeOf(a) != untyped && typeOf(b) != untyped {
				common(a, b)
			}
		}
		args = append(args, c.operand(a, t))
	}
	better := comparison(t, op)
	out := make([]value, 1)
	return func(s S) []value {
		for i, arg := range args {
			values := arg(s)
			if len(values) == 0 {
				return nil
			}
			if i == 0 {
				out[0] = values[0]
			}
			for k := range values {
				if better(&values[k], &out[0]) {
					out[0] = values[k]
				}
			}
		}
		return out
	}
}

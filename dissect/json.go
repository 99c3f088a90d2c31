package dissect

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// JSONEncoder writes packets as JSON objects, each in one line. The zero value is ready. It is for one goroutine.
//
// An object has a member "frame" with the frame's fields and a list "layers": protocol, offset, header and length in bytes, and
// "fields". Members come in the order in which the packet has them. docs/json.md is the reference.
type JSONEncoder struct {
	walker Walker
	values []Value
	next   []int32 // for each value the next one of the same field, 0 for none
	last   []int32 // by field index: one more than the place of the field's latest value
}

// Append appends p without a line's end.
func (e *JSONEncoder) Append(dst []byte, p *Packet) []byte {
	if e.last == nil {
		e.last = make([]int32, len(fields))
		e.walker.yield = e.collect
	}
	dst = e.appendFields(append(dst, `{"frame":`...), p, 0)
	dst = append(dst, `,"layers":[`...)
	for i := 1; i < len(p.Layers); i++ {
		if i > 1 {
			dst = append(dst, ',')
		}
		dst = e.appendLayer(dst, p, i)
	}
	return append(dst, "]}"...)
}

func (e *JSONEncoder) appendLayer(dst []byte, p *Packet, i int) []byte {
	l := &p.Layers[i]
	dst = append(append(dst, `{"protocol":"`...), protocols[l.Protocol].Name...)
	dst = append(dst, '"')
	if int(l.Parent) != i-1 { // layers[] does not hold the frame: its places are one lower
		dst = appendMember(dst, "parent", int64(l.Parent)-1)
	}
	if l.Source != 0 {
		dst = appendMember(dst, "source", int64(l.Source))
	}
	dst = appendMember(dst, "offset", int64(l.Start))
	dst = appendMember(dst, "header", int64(l.HeaderLen()))
	dst = appendMember(dst, "length", int64(l.Len()))
	if l.Flags&Quoted != 0 {
		dst = append(dst, `,"quoted":true`...)
	}
	dst = e.appendFields(append(dst, `,"fields":`...), p, i)
	return append(dst, '}')
}

func appendMember(dst []byte, name string, n int64) []byte {
	dst = append(append(dst, `,"`...), name...)
	return strconv.AppendInt(append(dst, `":`...), n, 10)
}

// appendFields appends the fields of layer i as an object. Values of one field become a list where its first one stands.
func (e *JSONEncoder) appendFields(dst []byte, p *Packet, i int) []byte {
	e.values, e.next = e.values[:0], e.next[:0]
	e.walker.Visit(p, i)
	dst = append(dst, '{')
	for k, v := range e.values {
		n := e.next[k]
		if n == taken {
			continue
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), v.Field.Name...), `":`...)
		if n == 0 {
			dst = v.AppendJSON(dst)
			continue
		}
		dst = v.AppendJSON(append(dst, '['))
		for n != 0 {
			dst = e.values[n].AppendJSON(append(dst, ','))
			n, e.next[n] = e.next[n], taken
		}
		dst = append(dst, ']')
	}
	for _, v := range e.values {
		e.last[v.Field.index] = 0
	}
	return append(dst, '}')
}

// taken marks a value that stands in the list of an earlier one.
const taken = -1

func (e *JSONEncoder) collect(v Value) bool {
	n := int32(len(e.values))
	if last := e.last[v.Field.index]; last != 0 {
		e.next[last-1] = n
	}
	e.last[v.Field.index] = n + 1
	e.values = append(e.values, v)
	e.next = append(e.next, 0)
	return true
}

// AppendJSON appends the value as JSON: numbers, which are exact, true and false, and strings for all else.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.Field.Kind {
	case Dec, Hex:
		return strconv.AppendUint(dst, v.Num, 10)
	case Seconds:
		return v.AppendText(dst)
	case Bool, Present:
		return strconv.AppendBool(dst, v.Field.Kind == Present || v.Num != 0)
	case Text:
		return AppendJSONText(dst, v.Raw)
	}
	return append(v.AppendText(append(dst, '"')), '"')
}

// AppendJSONText appends b as a JSON string. What is no UTF-8 becomes U+FFFD, and what is not printable is escaped: what a stranger sent must
// not reach a terminal as a control sequence, nor turn the direction of a line.
func AppendJSONText(dst, b []byte) []byte {
	dst = append(dst, '"')
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case strconv.IsPrint(r):
			dst = utf8.AppendRune(dst, r)
		default:
			for _, unit := range utf16.AppendRune(nil, r) {
				dst = append(dst, '\\', 'u', hexDigits[unit>>12], hexDigits[unit>>8&15], hexDigits[unit>>4&15], hexDigits[unit&15])
			}
		}
		b = b[n:]
	}
	return append(dst, '"')
}

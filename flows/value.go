package flows

import (
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pktscope/dissect"
)

// A Value is what a [Field] has in a flow. The zero Value is absent: nothing is known, or the flow has no such thing.
type Value struct {
	Kind    ValueKind // 0 if it is absent
	Number  int64     // of numbers, named ones, times and durations; 1 for true
	Text    string    // also the name of a number
	Address netip.Addr
	Numbers []uint8
	Links   []Link
}

// ValueKind says what a value is.
type ValueKind uint8

const (
	KindNumber   ValueKind = iota + 1 // an integer
	KindDuration                      // nanoseconds
	KindTime                          // nanoseconds since the Unix epoch
	KindBool                          // true or false
	KindText                          // text
	KindName                          // a number that has a name
	KindAddress                       // an IP address
	KindNumbers                       // several integers, in the order in which they were met
	KindLinks                         // what the flow has to do with others
)

// String is how the documentation calls the kind.
func (k ValueKind) String() string {
	return [...]string{"absent", "integer", "duration", "time", "boolean", "text", "name", "address", "integers", "links"}[k]
}

func numberOf[N ~int | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64](n N) Value {
	return Value{Kind: KindNumber, Number: int64(n)}
}

// unlessZero is a number that is absent if it is 0.
func unlessZero[N ~int64 | ~uint16 | ~uint32](n N) Value {
	if n == 0 {
		return Value{}
	}
	return numberOf(n)
}

func textOf(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{Kind: KindText, Text: s}
}

func boolOf(b bool) Value {
	v := Value{Kind: KindBool}
	if b {
		v.Number = 1
	}
	return v
}

func timeOf(ns int64) Value { return Value{Kind: KindTime, Number: ns} }

// durationOf is absent if it is 0.
func durationOf(d time.Duration) Value {
	if d == 0 {
		return Value{}
	}
	return Value{Kind: KindDuration, Number: int64(d)}
}

// nineDigits is RFC 3339 in UTC, so that texts sort as times do.
const nineDigits = "2006-01-02T15:04:05.000000000Z"

// AppendText appends the value as CSV has it: nothing if it is absent, with semicolons between several.
func (v Value) AppendText(dst []byte) []byte {
	switch v.Kind {
	case KindNumber, KindDuration:
		return strconv.AppendInt(dst, v.Number, 10)
	case KindTime:
		return time.Unix(0, v.Number).UTC().AppendFormat(dst, nineDigits)
	case KindBool:
		return strconv.AppendBool(dst, v.Number != 0)
	case KindText, KindName:
		return append(dst, v.Text...)
	case KindAddress:
		return v.Address.AppendTo(dst)
	case KindNumbers:
		return appendNumbers(dst, v.Numbers, ';')
	case KindLinks:
		for i, l := range v.Links {
			if i > 0 {
				dst = append(dst, ';')
			}
			dst = strconv.AppendUint(append(append(dst, l.Kind.String()...), ' '), uint64(l.Flow), 10)
		}
	}
	return dst
}

func appendNumbers(dst []byte, numbers []uint8, between byte) []byte {
	for i, n := range numbers {
		if i > 0 {
			dst = append(dst, between)
		}
		dst = strconv.AppendUint(dst, uint64(n), 10)
	}
	return dst
}

// AppendJSON appends the value, null if it is absent.
func (v Value) AppendJSON(dst []byte) []byte {
	switch v.Kind {
	case 0:
		return append(dst, "null"...)
	case KindTime, KindAddress:
		return append(v.AppendText(append(dst, '"')), '"')
	case KindText, KindName:
		return appendQuoted(dst, v.Text)
	case KindNumbers:
		return append(appendNumbers(append(dst, '['), v.Numbers, ','), ']')
	case KindLinks:
		dst = append(dst, '[')
		for i, l := range v.Links {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = append(append(append(dst, `{"kind":"`...), l.Kind.String()...), `","flow":`...)
			dst = strconv.AppendUint(dst, uint64(l.Flow), 10)
			dst = append(append(append(dst, `,"evidence":"`...), l.Evidence.String()...), `","packets":`...)
			dst = strconv.AppendUint(dst, l.Packets, 10)
			dst = strconv.AppendUint(append(dst, `,"frame":`...), l.Frame, 10)
			if l.Kind == NATOf {
				dst = strconv.AppendBool(append(dst, `,"after":`...), l.After)
				dst = strconv.AppendFloat(append(dst, `,"score":`...), l.Score, 'f', 3, 64)
			}
			dst = append(dst, '}')
		}
		return append(dst, ']')
	}
	return v.AppendText(dst)
}

// appendQuoted appends a JSON string.
func appendQuoted(dst []byte, s string) []byte {
	if strings.IndexFunc(s, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) < 0 { // nearly always
		return append(append(append(dst, '"'), s...), '"')
	}
	return dissect.AppendJSONText(dst, []byte(s))
}

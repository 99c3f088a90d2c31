package filter

import (
	"pktscope/dissect"
	"pktscope/internal/mistake"
)

// typ is what the values of an operand are.
type typ uint8

const (
	untyped typ = iota // of a literal: it takes the type of what it is compared with
	number             // unsigned
	signed             // the result of arithmetic
	seconds            // signed nanoseconds
	boolean
	ipv4 // an address, or a prefix
	ipv6
	address // of either family; no field of a packet is one
	mac
	octets
	text
	protocol // the bytes of a layer
	presence // no value
)

var typNames = [...]string{"a value", "a number", "a number", "a time", "a boolean", "an IPv4 address", "an IPv6 address", "an IP address", "a MAC address", "bytes",
	"text", "a protocol", "a mark without a value"}

func (t typ) String() string { return typNames[t] }

var typOfKind = map[dissect.Kind]typ{
	dissect.Dec: number, dissect.Hex: number, dissect.Signed: signed, dissect.Bool: boolean, dissect.IPv4Addr: ipv4, dissect.IPv6Addr: ipv6, dissect.MAC: mac,
	dissect.Bytes: octets, dissect.Text: text, dissect.Present: presence, dissect.Seconds: seconds,
}

// numeric tells whether values are numbers; others, presence excepted, are bytes.
func (t typ) numeric() bool { return number <= t && t <= boolean }

// sliceable tells whether values are bytes of which a part can be taken.
func (t typ) sliceable() bool { return ipv4 <= t && t <= protocol }

// searchable tells whether something can be searched for in values.
func (t typ) searchable() bool { return mac <= t && t <= protocol }

func typeOf(a operand) typ {
	switch a := a.(type) {
	case *reference:
		return a.typ
	case *slice:
		return octets
	case *minus:
		return calculated("-", typeOf(a.a))
	case *arithmetic:
		t := typeOf(a.a)
		if t == untyped {
			t = typeOf(a.b)
		}
		return calculated(a.op, t)
	case *call:
		return typeOfCall(a)
	}
	return untyped
}

// calculated is the type of what an operator makes of values of type t.
func calculated(op string, t typ) typ {
	if t == number && op != "&" {
		return signed
	}
	return t
}

// common returns the type in which a and b are compared.
func common(a, b operand) typ {
	ta, tb := typeOf(a), typeOf(b)
	switch {
	case ta == untyped && tb == untyped:
		named(a)
		between(a, b).failHint("one side names a field or a function", "two values make no comparison")
	case ta == untyped:
		return signedBy(a, tb)
	case tb == untyped:
		return signedBy(b, ta)
	case ta == tb:
		return ta
	case ta <= signed && tb <= signed:
		return signed
	case ta >= mac && ta <= protocol && ta != text && tb >= mac && tb <= protocol && tb != text,
		ta == octets && tb.sliceable(), tb == octets && ta.sliceable():
		return octets
	}
	between(a, b).fail("%s is %s and %s is %s: they cannot be compared", describe(a), ta, describe(b), tb)
	return untyped
}

// signedBy is the type of a comparison between literal a and values of type t: no unsigned number is negative.
func signedBy(a operand, t typ) typ {
	if l, ok := a.(*literal); t == number && (!ok || l.negative) {
		return signed
	}
	return t
}

// named ends compiling with a suggestion if operand a should name a field and is another word.
func named(a operand) {
	if l, ok := a.(*literal); ok && l.kind == word && !isDigit(l.text[0]) {
		l.unknown()
	}
}

func between(a, b operand) span { return span{a.where().pos, b.where().end} }

// describe says in a message which operand is meant.
func describe(a operand) string {
	switch a := a.(type) {
	case *reference:
		return a.name
	case *literal:
		return mistake.Quote(a.text)
	case *slice:
		return "a slice"
	case *call:
		return a.name + "()"
	}
	return "the expression"
}

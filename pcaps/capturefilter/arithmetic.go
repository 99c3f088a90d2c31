package capturefilter

import (
	"golang.org/x/net/bpf"
)

// value is a number of 32 bits without a sign that may depend on the frame.
type value interface {
	where() span
	// load is instructions that put it into A. They use the words of scratch memory from c.free on.
	load(c *compiler) []bpf.RawInstruction
	// guards is the condition under which it has a value at all; nil if it always has.
	guards(c *compiler) *block
}

// joined joins two conditions of which either may be nil.
func joined(left, right *block) *block {
	if left == nil {
		return right
	}
	if right == nil {
		return left
	}
	return left.and(right)
}

// constant is a number.
type constant struct {
	span
	value uint32
}

func (v *constant) load(*compiler) []bpf.RawInstruction {
	return []bpf.RawInstruction{instruction(loadConstant, v.value)}
}
func (*constant) guards(*compiler) *block { return nil }

// length is the length of the frame on the wire.
type length struct{ span }

func (length) load(*compiler) []bpf.RawInstruction {
	return []bpf.RawInstruction{instruction(loadLength, 0)}
}
func (length) guards(*compiler) *block { return nil }

// operation is two values with an operator between them.
type operation struct {
	span
	op          uint16
	left, right value
}

var operations = map[string]uint16{"+": add, "-": subtract, "*": multiply, "/": divide, "%": modulo, "&": and, "|": or, "^": xor,
	"<<": shiftLeft, ">>": shiftRight}

// newOperation joins two values; constants become one.
func newOperation(operator token, left, right value) value {
	v := &operation{left.where().to(right.where()), operations[operator.text], left, right}
	k, ok := right.(*constant)
	if !ok {
		return v
	}
	switch {
	case (v.op == divide || v.op == modulo) && k.value == 0:
		right.where().fail("this is a division by zero")
	case (v.op == shiftLeft || v.op == shiftRight) && k.value > 31:
		right.where().fail("a value has 32 bits, which cannot be shifted by %d", k.value)
	}
	if l, ok := left.(*constant); ok {
		return &constant{v.span, calculate(v.op, l.value, k.value)}
	}
	return v
}

// calculate is what the operation makes of two numbers. A divisor is not 0.
func calculate(op uint16, a, b uint32) uint32 {
	switch op {
	case add:
		return a + b
	case subtract:
		return a - b
	case multiply:
		return a * b
	case divide:
		return a / b
	case modulo:
		return a % b
	case and:
		return a & b
	case or:
		return a | b
	case xor:
		return a ^ b
	case shiftLeft:
		return a << b
	case shiftRight:
		return a >> b
	}
	panic("no such operation")
}

func (v *operation) load(c *compiler) []bpf.RawInstruction {
	if k, ok := v.right.(*constant); ok {
		return append(v.left.load(c), instruction(v.op, k.value))
	}
	if _, simple := v.left.(*load); simple {
		code := v.right.load(c)
		word := c.borrow()
		code = append(code, instruction(store, word))
		code = append(code, v.left.load(c)...)
		c.release()
		return append(code, instruction(loadXMemory, word), instruction(v.op|withX, 0))
	}
	code := v.left.load(c) // first, so that a long sum takes one word
	word := c.borrow()
	code = append(code, instruction(store, word))
	code = append(code, v.right.load(c)...)
	c.release()
	return append(code, instruction(aToX, 0), instruction(loadMemory, word), instruction(v.op|withX, 0))
}

// guards is that of the left value alone, as in libpcap: len - ip[2:2] looks at bytes 16 and 17 of every frame, IPv4 or not.
func (v *operation) guards(c *compiler) *block { return v.left.guards(c) }

// negative is a value with a minus before it.
type negative struct {
	span
	of value
}

func newNegative(at span, of value) value {
	if k, ok := of.(*constant); ok {
		return &constant{at, -k.value}
	}
	return &negative{at, of}
}

func (v *negative) load(c *compiler) []bpf.RawInstruction {
	return append(v.of.load(c), instruction(xor, 1<<32-1), instruction(add, 1)) // not every machine has an instruction for it
}
func (v *negative) guards(c *compiler) *block { return v.of.guards(c) }

// load is bytes of the frame: size of them from index on, in the header of proto.
type load struct {
	span
	proto string
	index value
	size  uint32
}

// loadable are the protocols into whose headers a load can look.
var loadable = set("link", "ip", "arp", "rarp", "atalk", "decnet", "sca", "lat", "moprc", "mopdl", "ip6", "sctp", "tcp", "udp", "icmp", "igmp",
	"igrp", "pim", "vrrp", "carp", "icmp6")

// behindIPv4 tells whether the header is what an IPv4 header carries.
func (v *load) behindIPv4() bool {
	_, only := overIPv4[v.proto]
	_, too := overBoth[v.proto]
	return only || too
}

func (v *load) load(c *compiler) []bpf.RawInstruction {
	v.guards(c) // fails where the link type has no such header, also for a value whose guards are not asked
	at := c.header
	if v.proto == "link" && c.live && c.cooked() {
		v.fail("a cooked header is made when a frame has been captured, so a socket cannot look at it")
	}
	switch {
	case v.proto == "icmp6":
		at = c.ipHeader().plus(40)
	case v.proto != "link":
		at = c.ipHeader()
	}
	constant, fixed := v.index.(*constant)
	switch {
	case fixed && v.behindIPv4():
		return c.loadTransport(constant.value, v.size)
	case fixed:
		before := at.constant
		if at = at.plus(constant.value); !at.variable && (at.constant >= ancillary || before >= networkHeader && at.constant < before) {
			v.index.where().fail("no frame has bytes there")
		}
		return c.load(at, v.size)
	}
	code := v.index.load(c)
	op := c.load(place{}, v.size)[0].Op + loadWordX - loadWord
	switch {
	case v.behindIPv4():
		word := c.borrow()
		c.release()
		code = append(code, instruction(store, word))
		code = append(code, c.transportToX()...)
		code = append(code, instruction(loadMemory, word), instruction(add|withX, 0))
	case at.variable:
		code = append(code, instruction(loadXMemory, at.word), instruction(add|withX, 0))
	}
	return append(code, instruction(aToX, 0), instruction(op, at.constant))
}

func (v *load) guards(c *compiler) *block {
	before := v.index.guards(c)
	switch {
	case v.proto == "link":
		return before
	case v.proto == "icmp6":
		return joined(before, c.carries(typeIPv6)).and(c.equal(c.ipHeader().plus(6), 1, 58))
	case v.behindIPv4():
		return c.carries(typeIPv4).and(joined(before, c.protocol(v.proto).and(c.firstFragment())))
	}
	return joined(before, c.protocol(v.proto))
}

// borrow takes a word of scratch memory until release.
func (c *compiler) borrow() uint32 {
	if c.borrowed == scratchWords/2 {
		c.fail("the arithmetic is nested too deep for the scratch memory that filters have")
	}
	c.borrowed++
	return scratchWords - c.borrowed
}

func (c *compiler) release() { c.borrowed-- }

// comparison is two values with =, !=, <, >, <= or >= between them.
type comparison struct {
	span
	operator    string
	left, right value
}

func (n *comparison) block(c *compiler) *block {
	c.span = n.span
	t := &test{}
	switch n.operator {
	case "=", "!=":
		t.jump = jumpEqual
	case ">", "<=":
		t.jump = jumpGreater
	case ">=", "<":
		t.jump = jumpAtLeast
	}
	if k, ok := n.right.(*constant); ok {
		t.code, t.k = n.left.load(c), k.value
	} else {
		t.code = n.right.load(c)
		word := c.borrow()
		t.code = append(t.code, instruction(store, word))
		t.code = append(t.code, n.left.load(c)...)
		c.release()
		t.code = append(t.code, instruction(loadXMemory, word))
		t.jump |= withX
	}
	b := t.block()
	if n.operator == "!=" || n.operator == "<" || n.operator == "<=" {
		b = b.not()
	}
	return joined(joined(n.left.guards(c), n.right.guards(c)), b)
}

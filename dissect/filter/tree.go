package filter

import "pktscope/dissect"

// condition is a node that is true or false of a packet.
type condition interface{ where() span }

type (
	// logic combines conditions.
	logic struct {
		span
		op   string // and, or, xor
		a, b condition
	}
	negation struct {
		span
		a condition
	}
	// existence asks whether an operand has a value.
	existence struct {
		span
		a operand
	}
	// relation compares the values of two operands.
	relation struct {
		span
		op   string
		many quantifier
		a, b operand
	}
	// membership asks whether values of an operand are in a set.
	membership struct {
		span
		many quantifier
		a    operand
		set  []element
	}
)

// quantifier says how many values, or pairs of values, have to be right.
type quantifier uint8

const (
	byOperator quantifier = iota // as the operator has it
	one                          // any
	every                        // all
)

// element is a member of a set: one value, or all from low to high.
type element struct{ low, high operand }

// operand is a node that has any number of values in a packet.
type operand interface{ where() span }

type (
	// literal is a value. What it means depends on what it is compared with.
	literal struct {
		token
		negative bool
		words    *vocabulary // that it is none of
	}
	// reference is the name of a field or a protocol.
	reference struct {
		span
		name      string
		typ       typ
		fields    []*dissect.Field    // what the name means,
		protocols []*dissect.Protocol // or else these
		layers    []extent            // the layers to look at, from 1; nil is all
		edge      bool                // it is the innermost or the outermost that is looked at
	}
	// slice is some of the bytes of each value.
	slice struct {
		span
		a     operand
		parts []extent
	}
	// arithmetic combines each value of a with each of b.
	arithmetic struct {
		span
		op   string
		a, b operand
	}
	minus struct {
		span
		a operand
	}
	call struct {
		span
		name string
		args []operand
	}
)

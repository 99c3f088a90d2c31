package main

import (
	"strconv"
	"unicode/utf8"

	"pktscope/dissect"
)

// linePrinter prints a packet in one line: number, time, bytes on the wire, who talks to whom, what is
// said, what is around it, and what is wrong.
type linePrinter struct {
	out   *output
	times *times
	line  dissect.Line
	cell  []byte
}

// Widths of columns in characters. What is wider moves the rest of its line.
const (
	numberWidth  = 5
	lengthWidth  = 5
	addressWidth = 17 // a MAC address; an IPv4 address and a port mostly
)

func (r *linePrinter) print(p *dissect.Packet) {
	l, o := &r.line, r.out
	l.Read(p)

	r.cell = strconv.AppendUint(r.cell[:0], p.Number, 10)
	o.buf = appendRight(o.buf, r.cell, numberWidth)
	o.buf = r.times.append(append(o.buf, ' '), p)
	r.cell = strconv.AppendInt(r.cell[:0], int64(p.WireLen), 10)
	o.buf = append(appendRight(append(o.buf, ' '), r.cell, lengthWidth), "  "...)

	if len(l.Source) > 0 {
		o.buf = append(appendRight(o.buf, l.Source, addressWidth), " → "...)
		o.buf = append(appendLeft(o.buf, l.Destination, addressWidth), ' ')
	}
	o.buf = append(o.buf, l.Info...)
	if len(l.Around) > 0 {
		o.styled(faint, " · ", l.Around)
	}
	if len(l.Faults) > 0 {
		o.styled(red, " · ", l.Faults)
	}
	o.buf = append(o.buf, '\n')
}

func appendRight(dst, cell []byte, width int) []byte {
	return append(appendSpaces(dst, width-utf8.RuneCount(cell)), cell...)
}

func appendLeft(dst, cell []byte, width int) []byte {
	return appendSpaces(append(dst, cell...), width-utf8.RuneCount(cell))
}

func appendSpaces(dst []byte, n int) []byte {
	for ; n > 0; n-- {
		dst = append(dst, ' ')
	}
	return dst
}

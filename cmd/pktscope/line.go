package main

import (
	"strconv"
	"unicode/utf8"

	"pktscope/dissect"
)

// linePrinter prints a packet in one line: number, seconds since the first packet, bytes on the wire, who talks to whom, what is
// said, what is around it, and what is wrong.
type linePrinter struct {
	out     *output
	line    dissect.Line
	started bool
	start   int64 // time of the first packet
	cell    []byte
}

// Widths of columns in characters. What is wider moves the rest of its line.
const (
	numberWidth  = 5
	timeWidth    = 11
	lengthWidth  = 5
	addressWidth = 17 // a MAC address; an IPv4 address and a port mostly
)

func (r *linePrinter) print(p *dissect.Packet) {
	if !r.started {
		r.started, r.start = true, p.Time
	}
	l, o := &r.line, r.out
	l.Read(p)

	r.cell = strconv.AppendUint(r.cell[:0], p.Number, 10)
	o.buf = appendRight(o.buf, r.cell, numberWidth)
	r.cell = appendMicroseconds(r.cell[:0], p.Time-r.start)
	o.buf = appendRight(append(o.buf, ' '), r.cell, timeWidth)
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

// appendMicroseconds appends nanoseconds as seconds with six decimals, cut and not rounded, as tshark does.
func appendMicroseconds(dst []byte, ns int64) []byte {
	if ns < 0 {
		dst, ns = append(dst, '-'), -ns
	}
	dst = append(strconv.AppendInt(dst, ns/1e9, 10), '.')
	micros := ns % 1e9 / 1e3
	for unit := int64(1e5); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+micros/unit%10))
	}
	return dst
}

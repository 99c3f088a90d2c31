package main

import (
	"encoding/hex"
	"fmt"
	"slices"

	"pktscope/dissect"
)

// hexDump prints the bytes of a packet, sixteen a line, and marks those that hold chosen fields:
//
//	0010  00 28 00 01 40 00[40]06 26 ce 0a 00 00 01 0a 00   .(..@.@.&.......
//
// Marks stand between bytes, so that they need no colour and move nothing.
type hexDump struct {
	fields []*dissect.Field
	marks  []mark // what the brackets between two bytes say, one more than there are bytes
}

type mark uint8

const (
	marked mark = 1 << iota // the byte belongs to a field
	first                   // a field starts with it
)

const bytesInLine = 16

func newHexDump(names []string) (*hexDump, error) {
	d := &hexDump{}
	for _, name := range names {
		found, err := dissect.FindFields(name)
		if err != nil {
			return nil, err
		}
		d.fields = append(d.fields, found...)
	}
	return d, nil
}

func (d *hexDump) append(dst []byte, p *dissect.Packet) []byte {
	sources := p.Sources()
	for i, b := range sources {
		switch {
		case i > 0:
			dst = fmt.Appendf(dst, "Reassembled (%d bytes):\n", len(b))
		case len(sources) > 1:
			dst = fmt.Appendf(dst, "Frame (%d bytes):\n", len(b))
		}
		d.mark(p, i)
		for off := 0; off < len(b); off += bytesInLine {
			dst = d.appendLine(dst, b, off)
		}
	}
	return append(dst, '\n')
}

// mark finds the bytes that hold the fields in one source of p.
func (d *hexDump) mark(p *dissect.Packet, source int) {
	n := len(p.Sources()[source])
	d.marks = slices.Grow(d.marks[:0], n)[:n]
	clear(d.marks)
	if len(d.fields) == 0 {
		return
	}
	for i := range p.Layers {
		if int(p.Layers[i].Source) != source {
			continue
		}
		for v := range p.Values(i) {
			if v.Len == 0 || !slices.Contains(d.fields, v.Field) {
				continue
			}
			d.marks[v.Off] |= first
			for k := v.Off; k < v.Off+v.Len; k++ {
				d.marks[k] |= marked
			}
		}
	}
}

func (d *hexDump) appendLine(dst, b []byte, off int) []byte {
	end := min(off+bytesInLine, len(b))
	offset := []byte{byte(off >> 16), byte(off >> 8), byte(off)}
	if len(b) <= 1<<16 {
		offset = offset[1:]
	}
	dst = append(hex.AppendEncode(dst, offset), ' ')
	for k := off; k < off+bytesInLine; k++ {
		dst = append(dst, d.between(off, k, end))
		if k < end {
			dst = hex.AppendEncode(dst, b[k:k+1])
		} else {
			dst = append(dst, "  "...)
		}
	}
	dst = append(dst, d.between(off, off+bytesInLine, end), ' ', ' ')
	for _, c := range b[off:end] {
		if c < ' ' || c > '~' {
			c = '.'
		}
		dst = append(dst, c)
	}
	return append(dst, '\n')
}

// between is what stands before byte k in the line of bytes off to end.
func (d *hexDump) between(off, k, end int) byte {
	before := k > off && k <= end && d.marks[k-1]&marked != 0
	switch {
	case k >= end && before:
		return ']'
	case k >= end:
		return ' '
	case before && d.marks[k]&first != 0:
		return '|'
	case before && d.marks[k]&marked == 0:
		return ']'
	case !before && d.marks[k]&marked != 0:
		return '['
	}
	return ' '
}

package dissect

import (
	"bytes"
	"strings"
)

const lineBits = 32 // bits in a line of a diagram

// AppendDiagram appends the protocol's fixed header, drawn as RFCs do: 32 bits a line. A protocol without one has nothing to draw.
func (p *Protocol) AppendDiagram(dst []byte) []byte {
	bits := p.Header.leaves(nil)
	if len(bits) == 0 {
		return dst
	}
	dst = append(dst, " 0                   1                   2                   3\n"...)
	dst = append(dst, " 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1\n"...)
	for at := 0; at < len(bits); at += lineBits {
		dst = appendBorder(dst, bits, at)
		dst = appendCells(dst, bits, at, p.Name+".")
	}
	return appendBorder(dst, bits, (len(bits)+lineBits-1)/lineBits*lineBits)
}

// leaves returns for each bit the smallest field that it belongs to.
func (r Rows) leaves(bits []*Field) []*Field {
	for i := range r {
		if f := &r[i]; f.Parts != nil {
			bits = f.Parts.leaves(bits)
		} else {
			for range f.Bits {
				bits = append(bits, f)
			}
		}
	}
	return bits
}

// appendBorder draws the border above bit at, open where a field goes on from one line to the next.
func appendBorder(dst []byte, bits []*Field, at int) []byte {
	line := bytes.Repeat([]byte("+-"), lineBits)
	line = append(line, '+')
	field := func(i int) *Field {
		if i < 0 || i >= len(bits) {
			return nil
		}
		return bits[i]
	}
	goesOn := func(column int) bool {
		f := field(at + column)
		return column >= 0 && column < lineBits && f != nil && f == field(at+column-lineBits)
	}
	for column := range lineBits {
		switch f := field(at + column); {
		case f == nil && field(at+column-lineBits) == nil:
			return append(append(dst, bytes.TrimRight(line[:2*column+1], " ")...), '\n')
		case goesOn(column):
			line[2*column+1] = ' '
			if goesOn(column - 1) {
				line[2*column] = ' '
			}
		}
	}
	return append(append(dst, line...), '\n')
}

// appendCells draws the cells of the bits from at on, as many lines high as their labels need. Names are shown without prefix.
func appendCells(dst []byte, bits []*Field, at int, prefix string) []byte {
	type cell struct {
		from, to int // columns
		label    []string
	}
	var cells []cell
	height := 1
	end := min(len(bits)-at, lineBits)
	for from := 0; from < end; {
		to := from + 1
		for to < end && bits[at+to] == bits[at+from] {
			to++
		}
		c := cell{from: from, to: to}
		if labelled(bits, at+from, at+to) {
			c.label = bits[at+from].label(prefix, 2*(to-from)-1)
		}
		height = max(height, len(c.label))
		cells = append(cells, c)
		from = to
	}
	for k := range height {
		for _, c := range cells {
			text := ""
			if k := k - (height-len(c.label))/2; k >= 0 && k < len(c.label) {
				text = c.label[k]
			}
			width := 2*(c.to-c.from) - 1
			left := (width - len(text)) / 2
			dst = append(dst, '|')
			dst = append(dst, strings.Repeat(" ", left)...)
			dst = append(dst, text...)
			dst = append(dst, strings.Repeat(" ", width-left-len(text))...)
		}
		dst = append(dst, "|\n"...)
	}
	return dst
}

// labelled tells whether the part of a field in bits from to to is the one that has its name: the widest, in the middle of several.
func labelled(bits []*Field, from, to int) bool {
	f := bits[from]
	start, end := int(f.off), int(f.off+f.Bits)
	best, most := 0, 0
	for line := start / lineBits; line*lineBits < end; line++ {
		n := min(end, (line+1)*lineBits) - max(start, line*lineBits)
		if n > most {
			best, most = line, n
		}
	}
	last := best
	for (last+2)*lineBits <= end && most == lineBits {
		last++
	}
	return from/lineBits == (best+last)/2
}

// label is what stands in a cell that is width letters wide: the field's name without prefix and without the name of the row
// that it is a part of, in as many lines as it takes. A single bit has its name downwards.
func (f *Field) label(prefix string, width int) (lines []string) {
	name := strings.TrimPrefix(strings.TrimPrefix(f.Name, f.row.Name+"."), prefix)
	switch {
	case name == "":
		return []string{f.reserved(width)}
	case width == 1:
		name = strings.ToUpper(name[strings.LastIndexAny(name, "._")+1:])
	}
	for len(name) > width {
		cut := width
		if at := strings.LastIndexAny(name[:width+1], "._"); at > 0 {
			cut = at
		}
		lines = append(lines, name[:cut])
		name = strings.TrimLeft(name[cut:], "._")
	}
	return append(lines, name)
}

// reserved is the label of a row without a name: the longest that fits.
func (f *Field) reserved(width int) string {
	for _, label := range []string{f.Doc, "reserved", "rsvd"} {
		if label != "" && len(label) <= width {
			return label
		}
	}
	return "-"
}

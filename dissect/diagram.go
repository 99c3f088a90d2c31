package dissect

import "strings"

const lineBits = 32 // bits in a line of a diagram

// AppendDiagram appends the protocol's fixed header, drawn as RFCs do: 32 bits a line. A protocol without one has nothing to draw.
func (p *Protocol) AppendDiagram(dst []byte) []byte {
	d := diagram(p.Header.leaves(nil))
	if len(d) == 0 {
		return dst
	}
	dst = append(dst, " 0                   1                   2                   3\n"...)
	dst = append(dst, " 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1\n"...)
	line := 0
	for ; line*lineBits < len(d); line++ {
		dst = d.appendBorder(dst, line)
		dst = d.appendCells(dst, line, p.Name+".")
	}
	return d.appendBorder(dst, line)
}

// diagram is for each bit the smallest field that it belongs to.
type diagram []*Field

func (r Rows) leaves(bits []*Field) []*Field {
	for i := range r {
		f := &r[i]
		if f.Parts != nil {
			bits = f.Parts.leaves(bits)
			continue
		}
		for range f.Bits {
			bits = append(bits, f)
		}
	}
	return bits
}

// at returns the field at a place of the picture, nil outside of it.
func (d diagram) at(line, column int) *Field {
	if i := line*lineBits + column; i >= 0 && i < len(d) {
		return d[i]
	}
	return nil
}

// appendBorder draws the border above a line, open where a field goes on from the line before.
func (d diagram) appendBorder(dst []byte, line int) []byte {
	open := false
	for column := range lineBits {
		above, below := d.at(line-1, column), d.at(line, column)
		if above == nil && below == nil {
			break
		}
		before := open
		open = above == below
		switch {
		case open && before:
			dst = append(dst, "  "...)
		case open:
			dst = append(dst, "+ "...)
		default:
			dst = append(dst, "+-"...)
		}
	}
	return append(dst, "+\n"...)
}

// cell is the part of a field that lies in one line.
type cell struct {
	width int // in letters
	label []string
}

// appendCells draws a line, as many lines high as its labels need. Names are shown without prefix.
func (d diagram) appendCells(dst []byte, line int, prefix string) []byte {
	var cells []cell
	height := 1
	for from := 0; from < lineBits && d.at(line, from) != nil; {
		f, to := d.at(line, from), from
		for to < lineBits && d.at(line, to) == f {
			to++
		}
		c := cell{width: 2*(to-from) - 1}
		if line == f.labelLine() {
			c.label = f.label(prefix, c.width)
		}
		height = max(height, len(c.label))
		cells = append(cells, c)
		from = to
	}
	for k := range height {
		for _, c := range cells {
			dst = c.append(append(dst, '|'), k, height)
		}
		dst = append(dst, "|\n"...)
	}
	return dst
}

// append draws line k of a cell that is height lines high, its label in the middle.
func (c cell) append(dst []byte, k, height int) []byte {
	text := ""
	if k -= (height - len(c.label)) / 2; k >= 0 && k < len(c.label) {
		text = c.label[k]
	}
	left := (c.width - len(text)) / 2
	dst = append(dst, strings.Repeat(" ", left)...)
	dst = append(dst, text...)
	return append(dst, strings.Repeat(" ", c.width-left-len(text))...)
}

// labelLine is the line in which the field has its name: the one with most of its bits, in the middle of several.
func (f *Field) labelLine() int {
	first, last := int(f.off), int(f.off+f.Bits)-1
	whole := (first + lineBits - 1) / lineBits // the first line that starts in the field
	end := (last + 1) / lineBits               // the line behind the last one that ends in it
	switch {
	case whole < end:
		return (whole + end - 1) / 2
	case whole*lineBits-first >= last+1-whole*lineBits:
		return first / lineBits
	}
	return last / lineBits
}

// label is what stands in a cell that is width letters wide: the field's name without prefix and without the name of the row
// that it is a part of, in as many lines as it takes. A single bit has its name downwards.
func (f *Field) label(prefix string, width int) (lines []string) {
	name := strings.TrimPrefix(f.Name, f.row.Name+".")
	if name == f.Name && !strings.HasPrefix(name, prefix) { // UDP-Lite's fields are called udp.…
		prefix, _, _ = strings.Cut(name, ".")
		prefix += "."
	}
	name = strings.TrimPrefix(name, prefix)
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

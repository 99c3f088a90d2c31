package reports

import (
	"bytes"
	"strings"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// writeParagraphs prints each row as a line of those cells that stand side by side, and below it a line for each of the others, with its
// title. What a row has below as the one before it had it is not said again. It hides nothing: lines that are too wide are wrapped.
func (t *Table) writeParagraphs(out *bytes.Buffer, o TextOptions) (hidden []string) {
	var beside, below []int
	title := 0
	for i, c := range t.Columns {
		switch {
		case c.Detail:
		case c.Below:
			below = append(below, i)
			title = max(title, twwidth.Width(o.title(&c)))
		default:
			beside = append(beside, i)
		}
	}
	widths := make([]int, len(beside)-1) // of all beside but the last
	for _, row := range t.Rows {
		for k, i := range beside[:len(beside)-1] {
			widths[k] = max(widths[k], twwidth.Width(o.cell(row[i], t.Columns[i].Kind, 0)))
		}
	}
	indent := len(margin)
	for _, w := range widths {
		indent += w + len(gap)
	}
	var before []Cell
	for _, row := range t.Rows {
		head := margin
		for k, i := range beside[:len(beside)-1] {
			text := o.cell(row[i], t.Columns[i].Kind, 0)
			head += text + strings.Repeat(" ", widths[k]-twwidth.Width(text)) + gap
		}
		last := beside[len(beside)-1]
		writeWrapped(out, o.styled(bold, head), indent, o.cell(row[last], t.Columns[last].Kind, 0), o.Width)
		for _, i := range below {
			if row[i].value == nil || t.Columns[i].Once && before != nil && before[i].compare(row[i]) == 0 {
				continue
			}
			name := o.title(&t.Columns[i])
			name += strings.Repeat(" ", title-twwidth.Width(name)) + gap
			writeWrapped(out, margin+gap+o.styled(faint, name), len(margin)+2*len(gap)+title, o.cell(row[i], t.Columns[i].Kind, 0), o.Width)
		}
		before = row
	}
	return nil
}

// writeWrapped prints head and behind it text, whose lines begin at column indent and end before width, 0 for no limit, where words allow it.
func writeWrapped(out *bytes.Buffer, head string, indent int, text string, width int) {
	out.WriteString(head)
	at := indent
	for i, word := range strings.Split(text, " ") {
		w := twwidth.Width(word)
		switch {
		case i == 0:
		case width > 0 && at+1+w > width && at > indent:
			out.WriteString("\n" + strings.Repeat(" ", indent))
			at = indent
		default:
			out.WriteByte(' ')
			at++
		}
		out.WriteString(word)
		at += w
	}
	out.WriteByte('\n')
}

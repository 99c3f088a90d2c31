package reports

import (
	"bytes"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// TextOptions say what the place that text is written to can do.
type TextOptions struct {
	Width int    // cells in a line; 0 for no limit
	Color bool   // ANSI colours are understood and wanted
	Clock *Clock // nil for RFC 3339 in UTC
	ASCII bool   // no other characters are understood
}

const (
	margin      = "  " // before every line but the title, which so stands out without colour
	gap         = "  " // between columns
	narrowest   = 8    // a cut column keeps this much
	ellipsis    = "…"
	bold, faint = "\x1b[1m", "\x1b[2m"
	plainAgain  = "\x1b[0m"
)

// WriteText prints tables for reading: a title, a header, aligned columns in human units, then what qualifies them.
// In a Width that is too small, texts lose their ends first and then columns leave from the right; addresses and
// numbers are never cut.
func WriteText(w io.Writer, tables []*Table, o TextOptions) error {
	if o.Clock == nil {
		o.Clock = &rfc3339
	}
	twwidth.SetEastAsian(false) // or the locale would change the output
	var out bytes.Buffer
	for _, t := range tables {
		if t.Quiet && len(t.Rows) == 0 && t.Other == nil && t.More == 0 && len(t.Notes) == 0 {
			continue
		}
		if out.Len() > 0 {
			out.WriteByte('\n')
		}
		t.writeText(&out, o)
	}
	_, err := w.Write(out.Bytes())
	return err
}

func (t *Table) writeText(out *bytes.Buffer, o TextOptions) {
	title := o.chars(Printable(t.Title))
	if len(t.Rows) == 0 && t.Other == nil && t.More == 0 {
		title += ": none"
	}
	out.WriteString(o.styled(bold, title) + "\n")

	write := t.writeHorizontal
	switch t.Layout {
	case Vertical:
		write = t.writeVertical
	case Paragraphs:
		write = t.writeParagraphs
	}
	hidden := write(out, o)
	if t.More > 0 {
		out.WriteString(margin + o.styled(faint, o.chars(ellipsis)+" and "+thousands(int64(t.More))+" more") + "\n")
	}
	if len(hidden) > 0 {
		o.note(out, "not shown at this width: "+strings.Join(hidden, ", "))
	}
	for _, note := range t.Notes {
		o.note(out, note)
	}
}

func (o TextOptions) styled(style, s string) string {
	if !o.Color {
		return s
	}
	return style + s + plainAgain
}

// chars is s in characters that are understood.
func (o TextOptions) chars(s string) string {
	if o.ASCII {
		return ASCII(s)
	}
	return s
}

// title is the header of a column.
func (o TextOptions) title(c *Column) string {
	if c.Title != "" {
		return o.chars(Printable(c.Title))
	}
	return o.chars(Printable(c.Name))
}

// cell is a cell of that kind; digits are those behind the second of a time.
func (o TextOptions) cell(c Cell, kind Kind, digits int) string {
	return o.chars(c.text(kind, o.Clock, digits))
}

func (o TextOptions) note(out *bytes.Buffer, s string) {
	out.WriteString(margin + o.styled(faint, "note: "+o.chars(Printable(s))) + "\n")
}

// writeHorizontal prints a header and a line for each row, and returns the titles of the columns that found no room.
func (t *Table) writeHorizontal(out *bytes.Buffer, o TextOptions) (hidden []string) {
	g := t.grid(o)
	if len(g.rows) == 0 {
		return nil
	}
	hidden = g.fit(o.Width)
	lines := g.lines()
	lines[0] = o.styled(faint, lines[0])
	for _, l := range lines {
		out.WriteString(margin + l + "\n")
	}
	return hidden
}

// writeVertical prints each row as lines of name and value, an empty line between rows. It hides nothing.
func (t *Table) writeVertical(out *bytes.Buffer, o TextOptions) (hidden []string) {
	all := t.grid(o)
	titles := 0
	for _, column := range all.columns {
		titles = max(titles, width(column.title))
	}
	for r := range all.rows {
		g := grid{columns: make([]gridColumn, 2)}
		room := o.Width - len(margin) - len(gap) - titles
		for c, column := range all.columns {
			value := all.rows[r][c]
			if o.Width > 0 && column.cuttable {
				value = cut(value, max(room, narrowest), all.ellipsis)
			}
			g.rows = append(g.rows, []string{column.title, value})
		}
		lines := g.lines()
		if r > 0 {
			out.WriteByte('\n')
		}
		for _, l := range lines[1:] {
			out.WriteString(margin + l + "\n")
		}
	}
	return nil
}

// A grid is a table as text.
type grid struct {
	columns  []gridColumn
	rows     [][]string
	ellipsis string // where something was cut
}

type gridColumn struct {
	title           string
	right, cuttable bool
	width           int
	room            int // it is not cut below this while another column can leave instead
}

// grid returns the cells of t as text.
func (t *Table) grid(o TextOptions) *grid {
	g := &grid{rows: make([][]string, 0, len(t.Rows)+1), ellipsis: o.chars(ellipsis)}
	digits := make([]int, len(t.Columns)) // as many for every time of a column, or they would not align
	for i, c := range t.Columns {
		if c.Detail {
			continue
		}
		g.columns = append(g.columns, gridColumn{title: o.title(&c), right: kinds[c.Kind].right, cuttable: kinds[c.Kind].cuttable})
		if c.Kind == KindTime {
			for _, row := range t.Rows {
				if n, ok := row[i].value.(int64); ok {
					digits[i] = max(digits[i], o.Clock.subsecond(n))
				}
			}
		}
	}
	add := func(row []Cell) []string {
		var texts []string
		for i, cell := range row {
			if c := t.Columns[i]; !c.Detail {
				texts = append(texts, o.cell(cell, c.Kind, digits[i]))
			}
		}
		g.rows = append(g.rows, texts)
		return texts
	}
	for _, row := range t.Rows {
		add(row)
	}
	if t.Other != nil {
		add(t.Other)[0] = "other"
	}
	return g
}

// text returns the cell in human units; digits are those behind the second of a time on the clock.
func (c Cell) text(kind Kind, clock *Clock, digits int) string {
	switch v := c.value.(type) {
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case string:
		return Printable(v)
	case []string:
		if kind == KindPath && len(v) > 0 {
			return strings.Repeat("  ", len(v)-1) + Printable(v[len(v)-1])
		}
		return Printable(strings.Join(v, ", "))
	case netip.Addr:
		return Printable(v.String()) // an IPv6 zone may hold anything
	case int64:
		s := number(v, kind)
		if kind == KindTime {
			s = clock.text(v, digits)
		}
		if c.approximate {
			s = "~" + s
		}
		return s
	}
	return "-"
}

func number(n int64, kind Kind) string {
	switch kind {
	case KindCount, KindDistinct, KindPercentile, KindSize:
		return thousands(n)
	case KindMean:
		return tenths(n)
	case KindBytes:
		return scaled(n, byteUnits)
	case KindBitRate:
		return scaled(n, bitRateUnits)
	case KindPacketRate:
		return perSecond(n)
	case KindShare:
		return percent(n)
	case KindDuration:
		return Duration(n)
	}
	return strconv.FormatInt(n, 10)
}

// Printable escapes what is not printable, as Go does in quotes: names in a capture are whatever a stranger sent, and
// control characters would let them draw on the terminal or forge lines.
func Printable(s string) string {
	clean := true
	for _, r := range s {
		if r == utf8.RuneError || !strconv.IsPrint(r) {
			clean = false
			break
		}
	}
	if clean {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		_, size := utf8.DecodeRuneInString(s[i:])
		if (r == utf8.RuneError && size == 1) || !strconv.IsPrint(r) {
			q := strconv.Quote(s[i : i+size])
			b.WriteString(q[1 : len(q)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// fit sets the columns' widths, cuts texts so that a line has at most that many cells, and returns the titles of the
// columns that had to leave. The first column always stays.
func (g *grid) fit(room int) (hidden []string) {
	for i := range g.columns {
		c := &g.columns[i]
		c.width = width(c.title)
		for _, row := range g.rows {
			c.width = max(c.width, width(row[i]))
		}
	}
	if room <= 0 {
		return nil
	}
	shown := len(g.columns)
	for shown > 1 && g.line(shown, true) > room {
		shown--
		hidden = append([]string{g.columns[shown].title}, hidden...)
	}
	g.columns = g.columns[:shown]
	for i := range g.rows {
		g.rows[i] = g.rows[i][:shown]
	}
	for excess := g.line(shown, false) - room; excess > 0; {
		widest := -1
		for i, c := range g.columns {
			if c.width > c.least() && (widest < 0 || c.width > g.columns[widest].width) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		g.columns[widest].width--
		excess--
	}
	for i, c := range g.columns {
		for _, row := range g.rows {
			if c.cuttable {
				row[i] = cut(row[i], c.width, g.ellipsis)
			}
		}
	}
	return hidden
}

// cut takes the end off s where it is wider than room, and says so by an ellipsis.
func cut(s string, room int, ellipsis string) string {
	if width(s) <= room {
		return s
	}
	return twwidth.Truncate(s, room, ellipsis)
}

// line returns the width of a line of the first n columns, as they are or cut as far as they can be.
func (g *grid) line(n int, cut bool) int {
	total := len(margin) + len(gap)*(n-1)
	for _, c := range g.columns[:n] {
		if cut {
			total += c.least()
		} else {
			total += c.width
		}
	}
	return total
}

func (c *gridColumn) least() int {
	if !c.cuttable {
		return c.width
	}
	return min(c.width, max(narrowest, c.room, width(c.title)))
}

// lines returns the header and the rows, aligned.
func (g *grid) lines() []string {
	titles := make([]string, len(g.columns))
	widths := make([]int, len(g.columns))
	for i, c := range g.columns {
		titles[i], widths[i] = c.title, width(c.title)
		for _, row := range g.rows {
			widths[i] = max(widths[i], width(row[i]))
		}
	}
	lines := make([]string, 0, len(g.rows)+1)
	var line []byte
	add := func(row []string) {
		line = line[:0]
		for i, text := range row {
			if i > 0 {
				line = append(line, gap...)
			}
			blanks := widths[i] - width(text)
			if !g.columns[i].right {
				line = append(line, text...)
			}
			for range blanks {
				line = append(line, ' ')
			}
			if g.columns[i].right {
				line = append(line, text...)
			}
		}
		lines = append(lines, string(bytes.TrimRight(line, " ")))
	}
	add(titles)
	for _, row := range g.rows {
		add(row)
	}
	return lines
}

// width is how many cells of a terminal a text takes.
func width(s string) int {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return twwidth.Width(s)
		}
	}
	return len(s) // nearly always, and a hundred times as fast
}

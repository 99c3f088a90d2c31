package screen

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/lipgloss/v2"

	"pktscope/reports"
)

// list is the rows of a table, sorted, of which one is selected.
type list struct {
	sort       string // name of a column; empty for the table's own order
	descending bool
	scroll     int // columns behind the first that are left out
	selected   int // row
	top        int // first row on the screen
	newest     bool

	key     string         // of the selected row
	made    making         // what was made below, and of what
	table   *reports.Table // all columns, rows in order; nil for none
	columns []int          // those that may be shown, in the table's order
	shown   []int          // those that are shown
	grid    *reports.Grid
}

// making is what the lines of a list follow from.
type making struct {
	table      *reports.Table
	width      int
	sort       string
	descending bool
	scroll     int
}

// of is the list of a table's rows in the view. room is how many lines it has. What is selected stays so if it is still there.
func (l list) of(t *reports.Table, v *view, room int) list {
	if t == nil {
		l.table, l.made = nil, making{}
		return l
	}
	l.scroll = max(0, l.scroll)
	if now := (making{t, v.width, l.sort, l.descending, l.scroll}); now != l.made {
		l = l.remade(t, v)
		now.scroll = l.scroll
		l.made = now
	}
	l.find()
	return l.reveal(room)
}

// remade is the list of the table's rows in order, with a grid of them.
func (l list) remade(t *reports.Table, v *view) list {
	sorted := *t
	sorted.Rows = slices.Clone(t.Rows)
	l.table = &sorted
	l.columns = l.columns[:0:0]
	for i, c := range t.Columns {
		if !c.Detail && !c.Below {
			l.columns = append(l.columns, i)
		}
	}
	by := slices.IndexFunc(t.Columns, func(c reports.Column) bool { return c.Name == l.sort })
	if by >= 0 {
		name := l.sort
		if l.descending {
			name = "-" + name
		}
		sorted.Sort(name) // there is such a column
	}
	l.fit(v, by)
	return l
}

// fit chooses columns. The first one and the one that is sorted by are always there.
func (l *list) fit(v *view, by int) {
	l.scroll = max(0, min(l.scroll, len(l.columns)-2))
	columns := append(slices.Clone(l.columns[:min(1, len(l.columns))]), l.columns[min(len(l.columns), 1+l.scroll):]...)
	l.make(v, columns, by)
	if at := slices.Index(columns, by); by >= 0 && (at < 0 || at >= l.grid.Columns()) {
		columns = slices.DeleteFunc(columns, func(c int) bool { return c == by })
		columns = slices.Insert(columns, min(1, len(columns)), by)
		l.make(v, columns, by)
	}
	l.shown = columns[:l.grid.Columns()]
}

// make makes the grid of the columns.
func (l *list) make(v *view, columns []int, by int) {
	part := reports.Table{}
	for _, i := range columns {
		c := l.table.Columns[i]
		if i == by {
			if c.Title == "" {
				c.Title = c.Name
			}
			c.Title += map[bool]string{false: "↑", true: "↓"}[l.descending]
			if v.ASCII {
				c.Title = strings.NewReplacer("↑", "^", "↓", "v").Replace(c.Title)
			}
		}
		part.Columns = append(part.Columns, c)
	}
	pick := func(row []reports.Cell) []reports.Cell {
		cells := make([]reports.Cell, len(columns))
		for k, i := range columns {
			cells[k] = row[i]
		}
		return cells
	}
	for _, row := range l.table.Rows {
		part.Rows = append(part.Rows, pick(row))
	}
	if l.table.Other != nil {
		part.Other = pick(l.table.Other)
	}
	l.grid = part.Grid(reports.TextOptions{Width: v.width, Clock: v.Clock, ASCII: v.ASCII})
}

// find selects the row that has the key, the nearest of several; without one it is the row at the same place.
func (l *list) find() {
	n := len(l.table.Rows)
	l.selected = max(0, min(l.selected, n-1))
	if n == 0 {
		l.key = ""
		return
	}
	if l.newest {
		l.selected = n - 1
	} else if l.key != "" {
		for away := range n {
			if i := l.selected - away; i >= 0 && rowKey(l.table, i) == l.key {
				l.selected = i
				break
			}
			if i := l.selected + away; i < n && rowKey(l.table, i) == l.key {
				l.selected = i
				break
			}
		}
	}
	l.key = rowKey(l.table, l.selected)
}

// rowKey tells a row from others of the same report, now and later: a number of its own, or all that stands before what was counted.
func rowKey(t *reports.Table, row int) string {
	var b strings.Builder
	for i, c := range t.Columns {
		if i > 0 && (t.Columns[0].Kind == reports.KindNumber || c.Kind.Number() || c.Kind == reports.KindTime) {
			break
		}
		b.WriteString(c.Kind.Plain(t.Rows[row][i]) + "\x00")
	}
	return b.String()
}

// reveal scrolls as far as is needed to see the selected row.
func (l list) reveal(room int) list {
	rows := max(1, room-1)
	l.top = max(0, min(l.top, l.selected, l.grid.Len()-rows))
	if l.selected >= l.top+rows {
		l.top = l.selected - rows + 1
	}
	if l.selected == len(l.table.Rows)-1 { // the row of what found no room is behind the last that can be selected
		l.top = max(l.top, l.grid.Len()-rows)
	}
	return l
}

// press moves, or sorts. It is not done if the key is for somebody else.
func (l list) press(a action, v *view, room int) (_ list, done bool) {
	if l.table == nil {
		return l, false
	}
	n := len(l.table.Rows)
	switch a {
	case up, down, pageUp, pageDown, first, last:
		l.selected = scrolled(a, l.selected, max(1, room-1), n)
		l.key = ""
		l.newest = l.newest && l.selected == n-1
	case columnsLeft:
		l.scroll--
	case columnsRight:
		if len(l.shown) < len(l.columns)-l.scroll {
			l.scroll++
		}
	case sortRight, sortLeft:
		l = l.sortBeside(a)
	case reverse:
		if l.sort == "" {
			l = l.sortBeside(sortRight)
		}
		l.descending = !l.descending
	case ownOrder:
		l.sort, l.descending = "", false
	default:
		return l, false
	}
	return l, true
}

// sortBeside sorts by the column to the right or left of the one by which it is sorted.
func (l list) sortBeside(a action) list {
	at := slices.IndexFunc(l.columns, func(i int) bool { return l.table.Columns[i].Name == l.sort })
	switch {
	case a == sortRight:
		at++
	case at < 0:
		at = len(l.columns) - 1
	default:
		at--
	}
	c := l.table.Columns[l.columns[(at+len(l.columns))%len(l.columns)]]
	l.sort, l.descending = c.Name, c.Kind.Number()
	return l
}

// cell is the exact value of the selected row in a column; empty if there is none.
func (l *list) cell(column string) string {
	i := slices.IndexFunc(l.table.Columns, func(c reports.Column) bool { return c.Name == column })
	if i < 0 || len(l.table.Rows) == 0 {
		return ""
	}
	return l.table.Columns[i].Kind.Plain(l.table.Rows[l.selected][i])
}

// style is how a row looks that says how serious it is, or that a packet has faults.
func (l *list) style(row int) lipgloss.Style {
	for i, c := range l.table.Columns {
		value := c.Kind.Plain(l.table.Rows[row][i])
		switch {
		case c.Name == "severity" && value == "warning":
			return notable
		case c.Name == "severity" && value != "info", c.Name == "info" && strings.HasPrefix(value, "! "):
			return bad
		}
	}
	return plain
}

// lines is the header and the rows in so many lines.
func (l *list) lines(v *view, room int, style func(row int) lipgloss.Style) []string {
	if l.grid.Len() == 0 {
		return nil
	}
	to := min(l.grid.Len(), l.top+max(1, room-1))
	lines := l.grid.Lines(l.top, to)
	for i := range lines {
		switch {
		case i == 0:
			lines[i] = weak.Render(v.cut("  "+lines[i], v.width))
		case l.top+i-1 == l.selected:
			lines[i] = chosen.Render(v.fill("> "+lines[i], v.width))
		case l.top+i-1 < len(l.table.Rows):
			lines[i] = style(l.top + i - 1).Render(v.cut("  "+lines[i], v.width))
		default:
			lines[i] = v.cut("  "+lines[i], v.width)
		}
	}
	return lines
}

// more says which columns are not on the screen.
func (l *list) more() string {
	switch hidden := len(l.columns) - len(l.shown); hidden {
	case 0:
		return ""
	case 1:
		return "1 more column: ← →"
	default:
		return fmt.Sprintf("%d more columns: ← →", hidden)
	}
}

// place says where the selection is.
func (l *list) place() string {
	n := len(l.table.Rows)
	all := reports.KindCount.Text(reports.Int(n + l.table.More))
	if n == 0 {
		return ""
	}
	return "row " + reports.KindCount.Text(reports.Int(l.selected+1)) + " of " + all
}

// details is a pane with all that is known of the selected row.
func (l *list) details(title string) pane {
	t := reports.Table{Title: title, Layout: reports.Paragraphs, Rows: [][]reports.Cell{l.table.Rows[l.selected]}}
	for i, c := range l.table.Columns {
		c.Detail, c.Below, c.Once = false, i > 0, false
		if c.Name != "" { // titles such as an arrow say something beside each other only
			c.Title = strings.ReplaceAll(c.Name, "_", " ")
		}
		t.Columns = append(t.Columns, c)
	}
	return textPane{title: "details", table: &t}
}

package reports

import (
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"strings"
)

// A Grid is the rows of a table as text, for somebody who shows some of them at a time. A line looks as in [WriteText], and columns stay where
// they are whichever rows are shown.
type Grid struct{ grid grid }

// Grid returns the rows of t, with columns that fit into o.Width, as a horizontal table whatever the layout of t is. Columns of paragraphs
// that have a line of their own are left out.
func (t *Table) Grid(o TextOptions) *Grid {
	if o.Clock == nil {
		o.Clock = &rfc3339
	}
	twwidth.SetEastAsian(false)
	beside := *t
	beside.Columns = make([]Column, len(t.Columns))
	for i, c := range t.Columns {
		c.Detail = c.Detail || c.Below
		beside.Columns[i] = c
	}
	g := &Grid{*beside.grid(o)}
	for i, room := range []int{20, 12} { // of what says what a row is about
		if i < len(g.grid.columns) {
			g.grid.columns[i].room = room
		}
	}
	g.grid.fit(o.Width)
	for i := range g.grid.columns { // so that whichever rows are asked for stand as wide as all of them
		c := &g.grid.columns[i]
		space := strings.Repeat(" ", c.width-min(c.width, width(c.title)))
		if c.right {
			c.title = space + c.title
		} else {
			c.title += space
		}
	}
	return g
}

// Len is how many rows there are, with the one for what found no room.
func (g *Grid) Len() int { return len(g.grid.rows) }

// Columns is how many of the columns found room, from the left.
func (g *Grid) Columns() int { return len(g.grid.columns) }

// Lines returns the header and the rows from number from to before number to, without a margin.
func (g *Grid) Lines(from, to int) []string {
	part := grid{columns: g.grid.columns, rows: g.grid.rows[from:to]}
	return part.lines()
}

// Text returns the cell, which is of kind k, in human units.
func (k Kind) Text(c Cell) string { return c.text(k, &rfc3339, 0) }

// Plain returns the exact value of a cell of kind k in the unit of the kind, as CSV has it.
func (k Kind) Plain(c Cell) string { return c.plain(k) }

// Number tells whether the values of the kind are numbers, of which people mostly look for the largest.
func (k Kind) Number() bool { return kinds[k].right && k != KindNumber }

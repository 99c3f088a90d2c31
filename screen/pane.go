package screen

import (
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"pktscope/reports"
)

// A pane is what fills the screen between the lines about the capture and the line of keys. Its methods change nothing: they return what it is
// then.
type pane interface {
	// name says what it shows, in a path of panes.
	name() string
	// in is the pane with what is known, in the room that there is.
	in(v *view) pane
	// press is the pane after a key, and what else comes of it.
	press(a action, v *view) (pane, step)
	// lines is what it looks like: at most v.height lines, none wider than v.width.
	lines(v *view) []string
}

// view is what a pane may show, and the room that it has.
type view struct {
	Options
	state         *State
	total         bool // tables since the start instead of those of the interval
	width, height int  // cells
}

// A step is what comes of a key beside the pane that it was for.
type step struct {
	push pane   // is shown instead, until back
	back bool   // leave the pane
	say  string // to the user
	tree uint64 // open the tree of the packet with the number; 0 for none
}

// table returns the table of that name; nil if there is none.
func (v *view) table(name string) *reports.Table {
	for _, t := range v.tables() {
		if t.Name == name {
			return t
		}
	}
	return nil
}

func (v *view) tables() []*reports.Table {
	if v.total {
		return v.state.Total
	}
	return v.state.Interval
}

// span says what the tables are of.
func (v *view) span() string {
	switch {
	case v.state.To == 0:
		return "the first interval is not over"
	case v.total:
		return "since " + v.clock(v.state.Since)
	}
	return "interval " + v.clock(v.state.From) + " - " + v.clock(v.state.To)
}

// clock is the time of day.
func (v *view) clock(ns int64) string { return time.Unix(0, ns).In(v.zone()).Format(time.TimeOnly) }

func (v *view) zone() *time.Location {
	if v.Clock != nil && v.Clock.Zone != nil {
		return v.Clock.Zone
	}
	return time.UTC
}

// writeText is tables as reports print them, in the width of the view.
func (v *view) writeText(tables ...*reports.Table) []string {
	var b strings.Builder
	if err := reports.WriteText(&b, tables, reports.TextOptions{Width: v.width, Clock: v.Clock, ASCII: v.ASCII}); err != nil {
		return []string{v.text(err.Error())}
	}
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
}

// head is the first line of a pane: its name, and at the right as much as there is room for, what is named first before the rest.
func (v *view) head(left string, right ...string) string {
	left = v.text(left)
	at := ""
	for i, s := range right {
		s = v.text(s)
		if s == "" {
			continue
		}
		longer := s
		if at != "" {
			longer = at + v.chars(" · ") + s
		}
		if i > 0 && ansi.StringWidth(left)+len(gap)+ansi.StringWidth(longer) > v.width {
			break
		}
		at = longer
	}
	return v.sides(strong.Render(v.cut(left, v.width-ansi.StringWidth(at)-len(gap))), weak.Render(at), v.width)
}

// textPane is lines to scroll through.
type textPane struct {
	title string
	table *reports.Table // that is printed
	text  []string       // in the view
	top   int
}

func (p textPane) name() string { return p.title }

func (p textPane) in(v *view) pane {
	p.text = v.writeText(p.table)
	p.top = max(0, min(p.top, len(p.text)-(v.height-1)))
	return p
}

func (p textPane) press(a action, v *view) (pane, step) {
	switch a {
	case back:
		return p, step{back: true}
	case open, details, notes:
		return p, step{back: true}
	}
	p.top = scrolled(a, p.top, v.height-1, len(p.text))
	return p.in(v), step{}
}

func (p textPane) lines(v *view) []string {
	all := []string{v.head(p.title, part(p.top, v.height-1, len(p.text)))}
	return append(all, p.text[p.top:min(len(p.text), p.top+v.height-1)]...)
}

// scrolled is where a key moves to from line at, with so many lines on the screen, of all.
func scrolled(a action, at, room, all int) int {
	switch a {
	case up:
		at--
	case down:
		at++
	case pageUp:
		at -= room
	case pageDown:
		at += room
	case first:
		at = 0
	case last:
		at = all - 1
	}
	return max(0, min(at, all-1))
}

// part says which lines are on the screen, if it is not all of them.
func part(top, room, all int) string {
	if all <= room {
		return ""
	}
	return "lines " + reports.KindCount.Text(reports.Int(top+1)) + " to " + reports.KindCount.Text(reports.Int(min(all, top+room))) + " of " +
		reports.KindCount.Text(reports.Int(all))
}

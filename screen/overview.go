package screen

import (
	"strings"

	"pktscope/reports"
)

// overview is the first page: how much there is, where, whose, and what is wrong with it.
type overview struct{}

func (overview) name() string                       { return "Overview" }
func (o overview) in(*view) pane                    { return o }
func (o overview) press(action, *view) (pane, step) { return o, step{} }

// overviewTables are those whose first rows it shows.
var overviewTables = []string{"findings", "tenants", "tunnels", "flows", "bands"}

func (overview) lines(v *view) []string {
	all := v.graphs(max(2, min(v.height/5, 10)))
	points := pointTable(v.state)
	room := v.height - len(all)
	if s := v.state; s.Recording != "" || s.Behind > 0 {
		line := s.Recording
		if s.Behind > 0 {
			line = strings.TrimPrefix(line+"; analysis is behind by "+reports.KindBytes.Text(reports.Int(s.Behind)), "; ")
		}
		all = append(all, v.cut("  "+v.text(line), v.width))
		room--
	}
	for _, n := range v.state.Notices[max(0, len(v.state.Notices)-2):] {
		if room > 8 {
			all = append(all, notable.Render(v.cut("  "+v.text(n), v.width)))
			room--
		}
	}
	tables := []*reports.Table{points}
	for _, name := range overviewTables {
		if t := v.table(name); t != nil {
			tables = append(tables, t)
		}
	}
	if v.width < 120 || len(tables) < 3 {
		return append(all, v.stacked(tables, v.width, room)...)
	}
	half := (v.width - len(gap)) / 2
	left := v.stacked([]*reports.Table{tables[0], byName(tables, "tenants"), byName(tables, "tunnels")}, half, room)
	right := v.stacked([]*reports.Table{byName(tables, "findings"), byName(tables, "flows"), byName(tables, "bands")}, half, room)
	for i := range max(len(left), len(right)) {
		var l, r string
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		all = append(all, v.fill(l, half)+gap+r)
	}
	return all
}

func byName(tables []*reports.Table, name string) *reports.Table {
	for _, t := range tables {
		if t.Name == name {
			return t
		}
	}
	return nil
}

// graphs are packets and bits a second, side by side, so many lines high.
func (v *view) graphs(height int) []string {
	width := (v.width - len(gap)) / 2
	var packets, bits, dropped []uint64
	var now, peakPackets, peakBits Second
	for _, s := range v.state.Seconds {
		packets, bits, dropped = append(packets, s.Packets), append(bits, s.Bytes), append(dropped, s.Dropped)
		now = s
		if s.Packets > peakPackets.Packets {
			peakPackets = s
		}
		if s.Bytes > peakBits.Bytes {
			peakBits = s
		}
	}
	nowPackets, nowBits := v.rates(now)
	highPackets, _ := v.rates(peakPackets)
	_, highBits := v.rates(peakBits)
	one := func(name, now, high string, values []uint64) []string {
		lines := []string{v.sides(strong.Render(name+"  "+now), weak.Render("highest "+high), width)}
		for _, l := range graph(values, width, height, v.ASCII) {
			lines = append(lines, drawn.Render(l))
		}
		return append(lines, weak.Render(axis(dropped, width, v.ASCII)))
	}
	left, right := one("packets", nowPackets, highPackets, packets), one("bits", nowBits, highBits, bits)
	for i := range left {
		left[i] = v.fill(left[i], width) + gap + right[i]
	}
	return left
}

// pointTable is what was captured where.
func pointTable(s *State) *reports.Table {
	t := &reports.Table{Name: "points", Title: "Interfaces", Columns: []reports.Column{
		{Name: "interface"},
		{Name: "packets", Kind: reports.KindCount},
		{Name: "bytes", Kind: reports.KindBytes},
		{Name: "dropped", Kind: reports.KindCount},
	}}
	reasons, _ := s.dropped()
	if len(reasons) > 1 {
		for _, d := range reasons {
			t.Columns = append(t.Columns, reports.Column{Name: d.Reason, Kind: reports.KindCount})
		}
	}
	for _, p := range s.Points {
		var sum uint64
		cells := make([]reports.Cell, len(t.Columns)-4)
		for i, d := range p.Drops {
			sum += d.Packets
			if i < len(cells) {
				cells[i] = reports.Int(d.Packets)
			}
		}
		t.Add(append([]reports.Cell{reports.Text(p.Name), reports.Int(p.Packets), reports.Int(p.Bytes), reports.Int(sum)}, cells...)...)
	}
	return t
}

// stacked is the first rows of tables below each other. Each has a row before one has two, as far as the height goes; those that find no room at
// all are left out from the end.
func (v *view) stacked(tables []*reports.Table, width, height int) (all []string) {
	between := 0
	if height > 30 {
		between = 1 // an empty line
	}
	rows := make([]int, len(tables)) // of each; -1 for one that is left out
	left := height
	for i, t := range tables {
		rows[i] = -1
		switch {
		case t == nil:
		case len(t.Rows) == 0 && left >= 1+between:
			rows[i], left = 0, left-1-between
		case left >= 3+between: // a title, a header, a row
			rows[i], left = 1, left-3-between
		}
	}
	for grown := true; grown && left > 0; {
		grown = false
		for i, t := range tables {
			if rows[i] > 0 && rows[i] < len(t.Rows) && left > 0 {
				rows[i]++
				left--
				grown = true
			}
		}
	}
	for i, t := range tables {
		if rows[i] >= 0 {
			all = append(all, v.firstRows(t, width, rows[i])...)
			all = append(all, make([]string, between)...)
		}
	}
	return all
}

// firstRows is a table's title and so many rows.
func (v *view) firstRows(t *reports.Table, width, show int) []string {
	title := strong.Render(v.text(t.Title))
	n := len(t.Rows) + t.More
	if n == 0 {
		return []string{v.cut(title+weak.Render(": none"), width)}
	}
	if show < n {
		title += weak.Render(v.chars("  " + v.count(uint64(show)) + " of " + v.count(uint64(n))))
	}
	first := *t
	first.Rows, first.Other = t.Rows[:show], nil
	g := first.Grid(reports.TextOptions{Width: width, Clock: v.Clock, ASCII: v.ASCII})
	lines := g.Lines(0, g.Len())
	all := []string{v.cut(title, width)}
	for i, l := range lines {
		l = v.cut("  "+l, width)
		if i == 0 {
			l = weak.Render(l)
		}
		all = append(all, l)
	}
	return all
}

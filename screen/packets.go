package screen

import (
	"pktscope/dissect/filter"
	"pktscope/reports"
)

// packetsKept is how many packets are listed.
const packetsKept = 1000

// packetsPane is the last packets, the newest at the bottom.
type packetsPane struct {
	filter  *filter.Filter // that they match beside the filter of all; nil for none
	packets []Packet
	there   bool // they were asked for
	table   *reports.Table
	wide    bool // so is the view of the table
	list    list
}

func newPacketsPane(f *filter.Filter) packetsPane {
	return packetsPane{filter: f, list: list{newest: true}}
}

func (p packetsPane) name() string {
	if p.filter == nil {
		return "Packets"
	}
	return "Packets of " + p.filter.String()
}

// with is the pane with other packets.
func (p packetsPane) with(packets []Packet) packetsPane {
	p.packets, p.there, p.table = packets, true, nil
	return p
}

func (p packetsPane) in(v *view) pane {
	if wide := v.width >= 100; p.table == nil || wide != p.wide {
		p.table, p.wide = p.tabled(v, wide), wide
	}
	p.list = p.list.of(p.table, v, v.height-1)
	return p
}

// tabled is the packets as a table. It is without their lengths where there is little room.
func (p packetsPane) tabled(v *view, wide bool) *reports.Table {
	t := &reports.Table{Columns: []reports.Column{
		{Name: "number", Title: "#", Kind: reports.KindNumber},
		{Name: "time"},
		{Name: "bytes", Kind: reports.KindSize, Detail: !wide},
		{Name: "source"},
		{Name: "destination"},
		{Name: "info"},
	}}
	for i := range p.packets {
		k := &p.packets[i]
		info, at := k.Info, reports.Cell{}
		if k.Faults != "" {
			info = "! " + k.Faults + " · " + info
		}
		if !k.Timeless {
			at = reports.Text(v.precise(k.Time))
		}
		t.Add(reports.Int(k.Number), at, reports.Int(k.Length), some(k.Source), some(k.Destination), reports.Text(info))
	}
	return t
}

func some(s string) reports.Cell {
	if s == "" {
		return reports.Cell{}
	}
	return reports.Text(s)
}

func (p packetsPane) press(a action, v *view) (pane, step) {
	switch a {
	case back:
		return p, step{back: true}
	case last:
		p.list.newest = true
		p.list.sort, p.list.descending = "", false
		return p.in(v), step{}
	}
	if l, done := p.list.press(a, v, v.height-1); done {
		l.newest = l.newest && l.sort == ""
		p.list = l
		return p.in(v), step{}
	}
	if len(p.packets) == 0 {
		return p, step{}
	}
	if a == open || a == details {
		number := p.list.table.Rows[p.list.selected][0]
		for i := range p.packets {
			if reports.Int(p.packets[i].Number) == number {
				return p, step{tree: p.packets[i].Number}
			}
		}
	}
	return p, step{}
}

func (p packetsPane) lines(v *view) []string {
	right := p.list.place()
	if p.list.newest {
		right = "the newest of " + reports.KindCount.Text(reports.Int(len(p.packets)))
	}
	switch {
	case !p.there:
		return []string{v.head(p.name(), "")}
	case len(p.packets) == 0:
		return []string{v.head(p.name(), ""), weak.Render(v.cut("  none among the packets that are kept", v.width))}
	}
	return append([]string{v.head(p.name(), right, p.list.more())}, p.list.lines(v, v.height-1, p.list.style)...)
}

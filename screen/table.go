package screen

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"pktscope/dissect/filter"
	"pktscope/reports"
)

// tablePane is one of some tables.
type tablePane struct {
	tables []string // their names
	rest   bool     // tables are those that no page has
	at     int
	lists  []list // by table
	only   condition

	source, shown *reports.Table // what shown was made of, and what is listed of it
}

// condition is what rows must have; the zero one is nothing.
type condition struct{ column, value string }

func newTablePane(names ...string) tablePane {
	return tablePane{tables: names, lists: make([]list, len(names))}
}

func (p tablePane) name() string {
	if p.only.column != "" {
		return p.only.value + " › Flows"
	}
	if len(p.tables) == 0 {
		return "More"
	}
	if t := p.lists[p.at].table; t != nil {
		return t.Title
	}
	return p.tables[p.at]
}

// room is how many lines the rows have: all but the head, and the note if there is one.
func (p tablePane) room(v *view) int {
	if p.shown != nil && len(p.shown.Notes) > 0 {
		return v.height - 2
	}
	return v.height - 1
}

func (p tablePane) in(v *view) pane {
	if p.rest {
		p = p.others(v)
	}
	if len(p.tables) == 0 {
		return p
	}
	if t := v.table(p.tables[p.at]); t == nil || t != p.source {
		p.source, p.shown = t, upright(v, t)
		if t != nil && p.only.column != "" {
			p.shown = p.only.rows(t)
		}
	}
	p.lists = slices.Clone(p.lists)
	p.lists[p.at] = p.lists[p.at].of(p.shown, v, p.room(v))
	return p
}

// others is the pane with the tables that no page has.
func (p tablePane) others(v *view) tablePane {
	var names []string
	for _, t := range v.tables() {
		if !slices.ContainsFunc(pages, func(q page) bool { return slices.Contains(q.tables, t.Name) }) {
			names = append(names, t.Name)
		}
	}
	if slices.Equal(names, p.tables) {
		return p
	}
	now := newTablePane(names...)
	now.rest = true
	for i, name := range names {
		if k := slices.Index(p.tables, name); k >= 0 {
			now.lists[i] = p.lists[k]
			if k == p.at {
				now.at = i
			}
		}
	}
	return now
}

// upright is a table of one row as one of names and values; any other as it is.
func upright(v *view, t *reports.Table) *reports.Table {
	if t == nil || t.Layout != reports.Vertical || len(t.Rows) != 1 {
		return t
	}
	turned := &reports.Table{Name: t.Name, Title: t.Title, Notes: t.Notes, Columns: []reports.Column{{Name: "what"}, {Name: "value"}}}
	for i, c := range t.Columns {
		turned.Add(reports.Text(cmp.Or(c.Title, c.Name)), reports.Text(c.Kind.Text(t.Rows[0][i])))
	}
	return turned
}

// rows is the table with the rows that have it.
func (c condition) rows(t *reports.Table) *reports.Table {
	some := *t
	some.Rows, some.Other = nil, nil
	i := slices.IndexFunc(t.Columns, func(o reports.Column) bool { return o.Name == c.column })
	for _, row := range t.Rows {
		if i >= 0 && t.Columns[i].Kind.Plain(row[i]) == c.value {
			some.Rows = append(some.Rows, row)
		}
	}
	if t.More > 0 {
		some.Note("only the largest %d flows of all tenants are listed", len(t.Rows))
	}
	some.More = 0
	return &some
}

func (p tablePane) press(a action, v *view) (pane, step) {
	if a == back {
		return p, step{back: true}
	}
	if len(p.tables) == 0 {
		return p, step{}
	}
	l := p.lists[p.at]
	switch a {
	case nextTable:
		p.at = (p.at + 1) % len(p.tables)
		return p.in(v), step{}
	case notes:
		if l.table == nil || len(l.table.Notes) == 0 {
			return p, step{say: "there are no notes"}
		}
		return p, step{push: textPane{title: "notes", table: noteTable(l.table)}}
	}
	if l, done := l.press(a, v, p.room(v)); done {
		p.lists = slices.Clone(p.lists)
		p.lists[p.at] = l
		return p.in(v), step{}
	}
	if l.table == nil || len(l.table.Rows) == 0 {
		return p, step{}
	}
	switch a {
	case open:
		return p, p.open(&l)
	case details:
		return p, step{push: l.details(l.table.Title)}
	}
	return p, step{}
}

// noteTable is the notes of a table, which may be longer than a line.
func noteTable(t *reports.Table) *reports.Table {
	all := &reports.Table{Title: t.Title, Layout: reports.Paragraphs, Columns: []reports.Column{{Name: "number", Kind: reports.KindNumber}, {Name: "note"}}}
	for i, n := range t.Notes {
		all.Add(reports.Int(i+1), reports.Text(n))
	}
	return all
}

// open goes from a tenant to its flows, and from what has a filter to packets.
func (p tablePane) open(l *list) step {
	if l.table.Name == "tenants" {
		flows := newTablePane("flows")
		flows.only = condition{"tenants_row", l.cell("tenant")}
		return step{push: flows}
	}
	text := l.cell("filter")
	if text == "" {
		return step{push: l.details(l.table.Title)}
	}
	f, err := filter.Compile(text)
	var mistake *filter.Error
	if errors.As(err, &mistake) {
		return step{say: "the row's filter " + text + " has a mistake: " + mistake.Message}
	}
	return step{push: newPacketsPane(f)}
}

func (p tablePane) lines(v *view) []string {
	if len(p.tables) == 0 {
		return []string{v.head(p.name(), v.span()), weak.Render("  no other reports were asked for")}
	}
	l := &p.lists[p.at]
	title := p.name()
	if len(p.tables) > 1 {
		title += fmt.Sprintf("  (table %d of %d: t)", p.at+1, len(p.tables))
	}
	if l.table == nil {
		why := "  nothing yet: " + v.span()
		if len(v.tables()) > 0 {
			why = "  the report is not among those that were asked for"
		}
		return []string{v.head(title, v.span()), weak.Render(v.cut(v.chars(why), v.width))}
	}
	all := []string{v.head(title, l.place(), l.more(), v.span())}
	if l.grid.Len() == 0 {
		all = append(all, "  none")
	}
	all = append(all, l.lines(v, p.room(v), l.style)...)
	if n := len(l.table.Notes); n > 0 {
		note := "  note: " + l.table.Notes[0]
		if n > 1 {
			note = fmt.Sprintf("  note 1 of %d (n): %s", n, l.table.Notes[0])
		}
		for len(all) < v.height-1 {
			all = append(all, "")
		}
		all = append(all[:v.height-1], weak.Render(v.cut(v.text(note), v.width)))
	}
	return all
}

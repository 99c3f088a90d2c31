package reports

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pktscope/dissect"
	"pktscope/flows"
)

// The flows report: the largest connections, in conntrack's words. Flows that are linked as the two directions of a connection, or because it
// went on elsewhere, are one row.
type flowsReport struct {
	tracking *tracking
	options  flows.Options
	groups   int
	top      int        // rows that somebody will look at; 0 for all
	left     *FlowTable // those that left before the end
	alone    flows.Connection
}

func newFlowsReport(s setup) Report {
	r := &flowsReport{tracking: s.flows, options: s.flows.options, groups: s.groups, top: s.top}
	r.Reset()
	s.flows.onLeave(func(f *flows.Flow) {
		if !r.tracking.whole {
			r.alone.Alone(f)
			r.left.Add(&r.alone)
		}
	})
	s.flows.onOver(func(c *flows.Connection) { r.left.Add(c) })
	return r
}

func (r *flowsReport) NewPart() Part { return noPart{} }

func (r *flowsReport) Reset() {
	r.left = newFlowTable(flows.ByBytes(), cmp.Or(min(r.top, r.groups), r.groups), r.groups, r.options)
}

func (r *flowsReport) Snapshot() []*Table {
	all := r.left.clone(r.tracking.Len())
	all.realms = newRealms(r.tracking)
	r.tracking.Connections(func(c *flows.Connection) bool {
		all.Add(c)
		return true
	})
	t := all.Table()
	NoteLimits(t, r.tracking.Tracker)
	return []*Table{t}
}

// noPart is the part of a report that looks at flows, which all reports of a run share.
type noPart struct{}

func (noPart) Add(*dissect.Packet) {}
func (noPart) Flush()              {}

// A FlowTable makes a table of connections: those that come first in an order. Of most connections that there is room for nobody may ever see a row. So what
// a row needs is kept of those only that will have one, and of the others what they add up to.
type FlowTable struct {
	order   *flows.Order
	key     []byte                       // of the connection that is being added
	rows    flows.Top[*flows.Connection] // those that come first
	room    flows.Top[flowPlace]         // these and the next, which find room and have no row; empty where all have one
	oneSite bool
	other   flowTotals // of those that found no room
	realms  *realms    // nil where nobody asks for tenants
}

// flowPlace is what is kept of a connection that finds room.
type flowPlace struct {
	flowTotals
	point *dissect.Point   // where its packets were captured
	more  []*dissect.Point // where else
}

func newFlowPlace(c *flows.Connection) flowPlace {
	p := flowPlace{point: c.Segment.Point}
	p.add(&c.Flow)
	for _, segments := range c.Segments {
		for _, s := range segments {
			if s.Point != p.point && !slices.Contains(p.more, s.Point) {
				p.more = append(p.more, s.Point)
			}
		}
	}
	return p
}

type flowTotals struct {
	packets, bytes [2]uint64
}

func (t *flowTotals) add(f *flows.Flow) {
	for d := range f.Directions {
		t.packets[d] += f.Directions[d].Packets
		t.bytes[d] += f.Directions[d].Bytes
	}
}

func (t *flowTotals) subtract(u *flowTotals) {
	for d := range u.packets {
		t.packets[d] -= u.packets[d]
		t.bytes[d] -= u.bytes[d]
	}
}

// NewFlowTable returns an empty table that keeps at most limit rows. Flows are told apart as the options say.
func NewFlowTable(order *flows.Order, limit int, o flows.Options) *FlowTable {
	return newFlowTable(order, limit, limit, o)
}

// newFlowTable is NewFlowTable for a table that has room for more than its rows: those are as if [Table.Top] had cut it.
func newFlowTable(order *flows.Order, rows, room int, o flows.Options) *FlowTable {
	t := &FlowTable{order: order, rows: flows.Top[*flows.Connection]{Limit: rows}, oneSite: o.OneSite || o.Policy == flows.None}
	if rows < room {
		t.room.Limit = room
	}
	return t
}

// Add adds a connection.
func (t *FlowTable) Add(c *flows.Connection) {
	t.other.add(&c.Flow)
	if t.key = t.key[:0]; t.order != nil {
		t.key = t.order.AppendKey(t.key, &c.Flow)
	}
	t.rows.AddAt(t.key, c.ID, c.Clone)
	if t.room.Limit > 0 {
		t.room.AddAt(t.key, c.ID, func() flowPlace { return newFlowPlace(c) })
	}
}

// clone returns a copy, to which others can be added: about so many.
func (t *FlowTable) clone(others int) *FlowTable {
	clone := *t
	clone.key, clone.rows, clone.room = nil, *t.rows.Clone(others), *t.room.Clone(others)
	return &clone
}

// Table returns the table of all that was added.
func (t *FlowTable) Table() *Table {
	table := &Table{Name: "flows", Title: "Flows", Columns: []Column{
		{Name: "id", Title: "#", Kind: KindNumber},
		{Name: "segment", Kind: KindText},
		{Name: "tenant", Kind: KindText, Detail: true},
		{Name: "proto", Kind: KindText},
		{Name: "source", Kind: KindAddress},
		{Name: "destination", Kind: KindAddress},
		{Name: "state", Kind: KindText},
		{Name: "replied", Kind: KindBool, Detail: true},
		{Name: "assured", Kind: KindBool, Detail: true},
		{Name: "midstream", Kind: KindBool, Detail: true},
		{Name: "packets_orig", Title: "packets →", Kind: KindCount},
		{Name: "packets_reply", Title: "←", Kind: KindCount},
		{Name: "bytes", Kind: KindBytes, Detail: true},
		{Name: "bytes_orig", Title: "bytes →", Kind: KindBytes},
		{Name: "bytes_reply", Title: "←", Kind: KindBytes},
		{Name: "duration", Title: "lasts", Kind: KindDuration},
		{Name: "rtt", Title: "RTT", Kind: KindDuration},
		{Name: "retransmissions", Title: "retr", Kind: KindCount},
		{Name: "out_of_order", Kind: KindCount, Detail: true},
		{Name: "duplicates", Title: "dup", Kind: KindCount},
		{Name: "parent", Title: "in", Kind: KindNumber},
		{Name: "flows", Kind: KindNumbers, Detail: true},
		{Name: "label", Kind: KindText},
		{Name: "first", Kind: KindTime, Detail: true},
		{Name: "last", Kind: KindTime, Detail: true},
		{Name: "tenants_row", Kind: KindText, Detail: true},
		{Name: "filter", Kind: KindText, Detail: true},
	}, Size: "bytes"}
	kept := t.rows.Sorted()
	names, other, crowded := segmentNames{oneSite: t.oneSite}, t.other, t.rows.More
	see := func(p *flowPlace) {
		names.see(p.point)
		for _, point := range p.more {
			names.see(point)
		}
		other.subtract(&p.flowTotals)
	}
	if t.room.Limit > 0 {
		crowded = t.room.More
		for p := range t.room.All() {
			see(&p)
		}
	} else {
		for _, c := range kept {
			p := newFlowPlace(c)
			see(&p)
		}
	}
	for _, c := range kept {
		var ids []string
		for _, id := range c.IDs {
			ids = append(ids, strconv.FormatUint(uint64(id), 10))
		}
		parent := Cell{}
		if c.Parent != 0 {
			parent = Int(c.Parent)
		}
		orig, reply := &c.Directions[flows.Original], &c.Directions[flows.Reply]
		table.Add(Int(c.ID), Text(names.of(c)), orAbsent(c.Tenant), Text(c.ProtocolName()), Text(endpointText(&c.Flow, c.Source(), c.Sport)),
			Text(endpointText(&c.Flow, c.Destination(), c.Dport)), orAbsent(stateText(&c.Flow)), Bool(c.Replied), Bool(c.Assured), Bool(c.Midstream),
			Int(orig.Packets), Int(reply.Packets), Int(c.Bytes()), Int(orig.Bytes), Int(reply.Bytes), Int(c.Last()-c.First()),
			fieldCell(&c.Flow, "tcp.rtt"), fieldCell(&c.Flow, "tcp.retransmissions"), fieldCell(&c.Flow, "tcp.out_of_order"),
			Int(orig.Duplicates+reply.Duplicates), parent, List(ids...), orAbsent(labelText(&c.Flow)), Int(c.First()), Int(c.Last()),
			t.realms.cell(c.Segment.ID), Text(names.filter(c)))
	}
	table.More = int(t.rows.More)
	if crowded > 0 {
		o := &other
		table.Other = make([]Cell, len(table.Columns))
		for i, c := range table.Columns {
			switch c.Name {
			case "packets_orig":
				table.Other[i] = Int(o.packets[0])
			case "packets_reply":
				table.Other[i] = Int(o.packets[1])
			case "bytes":
				table.Other[i] = Int(o.bytes[0] + o.bytes[1])
			case "bytes_orig":
				table.Other[i] = Int(o.bytes[0])
			case "bytes_reply":
				table.Other[i] = Int(o.bytes[1])
			}
		}
	}
	return table
}

// NoteLimits says in notes what the limits of following flows have cost.
func NoteLimits(t *Table, tracker *flows.Tracker) {
	for _, note := range LimitNotes(tracker) {
		t.Note("%s", note)
	}
}

// LimitNotes are sentences that say what the limits of following flows have cost.
func LimitNotes(tracker *flows.Tracker) (notes []string) {
	c := tracker.Counts()
	for _, n := range []struct {
		n               uint64
		one, more, text string
	}{
		{c.Left, "flow", "flows", "left before the end because of --max-flows: what came later with the same addresses and ports is another flow"},
		{c.Quiet, "flow", "flows", "left because of --max-idle: what came later with the same addresses and ports is another flow"},
		{tracker.ForgottenSegments().Count, "segment", "segments", "left because of --max-segments"},
		{c.Unlinked, "link", "links", "found no room because of --max-links"},
		{c.Ambiguous, "flow", "flows", "could belong to several others: no link was made"},
		{c.Unlabeled, "name of a server", "names of servers", "found no room"},
	} {
		if n.n > 0 {
			notes = append(notes, plural(n.n, n.one, n.more)+" "+n.text)
		}
	}
	return notes
}

func orAbsent(s string) Cell {
	if s == "" {
		return Cell{}
	}
	return Text(s)
}

func fieldCell(f *flows.Flow, name string) Cell {
	v := flows.FieldByName(name).Value(f)
	if v.Kind == 0 {
		return Cell{}
	}
	return Int(v.Number)
}

// endpointText is an address, with its port if the protocol has ports.
func endpointText(f *flows.Flow, a netip.Addr, port uint16) string {
	if !f.HasPorts() {
		return a.String()
	}
	return netip.AddrPortFrom(a, port).String()
}

// stateText is the state and what conntrack writes in brackets beside it, where that says more.
func stateText(f *flows.Flow) string {
	var words []string
	if v := flows.FieldByName("state").Value(f); v.Kind != 0 {
		words = append(words, v.Text)
	}
	switch {
	case !f.Replied:
		words = append(words, "[UNREPLIED]")
	case f.Assured && len(words) == 0:
		words = append(words, "[ASSURED]")
	}
	if f.Midstream {
		words = append(words, "midstream")
	}
	return strings.Join(words, " ")
}

// labelText is what the flow says of itself.
func labelText(f *flows.Flow) string {
	switch {
	case f.TLS != nil && f.TLS.ALPN != "":
		return strings.TrimSpace(f.TLS.ServerName + " (" + f.TLS.ALPN + ")")
	case f.TLS != nil:
		return f.TLS.ServerName
	case f.DNS != nil && f.DNS.Name != "":
		return f.DNS.Name + " " + f.DNS.Type.String()
	}
	return ""
}

// segmentNames says how segments are called in a table: with the capture point behind the name where there are several.
type segmentNames struct {
	points  pointNames
	first   *dissect.Point
	several bool
	oneSite bool
}

func (n *segmentNames) see(p *dissect.Point) {
	if n.first == nil {
		n.first = p
	}
	n.several = n.several || p.Name != n.first.Name || p.Index != n.first.Index || p.File != n.first.File
	n.points.see(p)
}

// of is the segment of a connection, or those of its directions.
func (n *segmentNames) of(c *flows.Connection) string {
	orig, reply := c.Segments[flows.Original], c.Segments[flows.Reply]
	switch {
	case len(orig) == 0 && len(reply) == 0:
		return n.segment(c.Segment)
	case len(orig) == 0 || slices.Equal(orig, reply):
		return n.list(reply)
	case len(reply) == 0:
		return n.list(orig)
	}
	return n.list(orig) + " ⇄ " + n.list(reply)
}

func (n *segmentNames) list(segments []*flows.Segment) string {
	var names []string
	for _, s := range segments {
		names = append(names, n.segment(s))
	}
	return strings.Join(names, ", ")
}

func (n *segmentNames) segment(s *flows.Segment) string {
	if !n.several || n.oneSite || s.Tenant != "" {
		return s.Name()
	}
	return s.Name() + " @ " + n.points.of(s.Point)
}

// SegmentText is a segment and where it was captured first.
func SegmentText(s *flows.Segment) string {
	n := segmentNames{several: true}
	n.points.see(s.Point)
	return n.segment(s)
}

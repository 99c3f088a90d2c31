package reports

import (
	"fmt"
	"slices"

	"pktscope/flows"
)

// The tenants report: who shares the capture. Segments that are proven to be one are one row, and so are the two directions of one; the
// tenants file names them. What is captured at several places counts there as often; flows, addresses and TCP's troubles count once.
type tenants struct {
	tracking *tracking
	left     map[uint32]*tenantTotal // of flows that left, by the segment's ID
	lost     tenantTotal             // of those for whose segment there was no room
	limit    int
}

// tenantTotal is what flows come to.
type tenantTotal struct {
	flows     uint64
	endpoints Distinct
	prefixes  prefixSet

	segments                                         uint64 // of TCP
	retransmissions, outOfOrder, resets, zeroWindows uint64 // among them
}

func newTenants(s setup) Report {
	r := &tenants{tracking: s.flows, left: map[uint32]*tenantTotal{}, limit: s.groups}
	r.tracking.onLeave(func(f *flows.Flow) {
		t := r.left[f.Segment.ID]
		switch {
		case t != nil:
		case len(r.left) >= r.limit:
			t = &r.lost
		default:
			t = new(tenantTotal)
			r.left[f.Segment.ID] = t
		}
		t.add(f)
	})
	return r
}

func (r *tenants) NewPart() Part { return noPart{} }

func (r *tenants) Reset() {
	clear(r.left)
	r.lost = tenantTotal{}
}

// firstCapture tells whether a flow is none that was captured elsewhere before.
func firstCapture(f *flows.Flow) bool {
	return !slices.ContainsFunc(f.Links, func(l flows.Link) bool { return l.Kind == flows.DuplicateOf && l.Flow < f.ID })
}

func (t *tenantTotal) add(f *flows.Flow) {
	if !firstCapture(f) {
		return
	}
	if f.Connection == f.ID {
		t.flows++
	}
	src, dst := f.Source(), f.Destination()
	for _, a := range [...]struct {
		machine bool
		hash    uint64
	}{{machine(src), FixedSeed.Bytes(f.Src[:])}, {machine(dst), FixedSeed.Bytes(f.Dst[:])}} {
		if a.machine {
			t.endpoints.Add(a.hash)
		}
	}
	if machine(src) {
		t.prefixes.add(src)
	}
	if machine(dst) {
		t.prefixes.add(dst)
	}
	if f.Protocol != 6 {
		return
	}
	for d := range f.Directions {
		x := &f.Directions[d]
		t.segments += x.Packets
		t.retransmissions += uint64(x.Counters.Of(flows.TCPRetransmission))
		t.outOfOrder += uint64(x.Counters.Of(flows.TCPOutOfOrder))
		t.resets += uint64(x.Counters.Of(flows.TCPReset))
		t.zeroWindows += uint64(x.Counters.Of(flows.TCPZeroWindow))
	}
}

func (t *tenantTotal) absorb(from *tenantTotal) {
	t.flows += from.flows
	t.endpoints.Merge(&from.endpoints)
	t.prefixes.absorb(&from.prefixes)
	t.segments += from.segments
	t.retransmissions += from.retransmissions
	t.outOfOrder += from.outOfOrder
	t.resets += from.resets
	t.zeroWindows += from.zeroWindows
}

func (r *tenants) Snapshot() []*Table {
	realms := newRealms(r.tracking)
	t := &Table{
		Name: "tenants", Title: "Tenants",
		Columns: []Column{
			{Name: "tenant"},
			{Name: "packets", Kind: KindCount},
			{Name: "bytes", Kind: KindBytes},
			{Name: "bytes_share", Title: "share", Kind: KindShare},
			{Name: "flows", Kind: KindCount},
			{Name: "endpoints", Kind: KindDistinct},
			{Name: "prefixes", Kind: KindList},
			{Name: "tcp_packets", Kind: KindCount, Detail: true},
			{Name: "retransmissions", Title: "TCP retr.", Kind: KindCount},
			{Name: "retransmissions_share", Title: "of TCP", Kind: KindShare},
			{Name: "out_of_order", Title: "out of order", Kind: KindCount},
			{Name: "resets", Kind: KindCount},
			{Name: "zero_windows", Title: "zero windows", Kind: KindCount},
			{Name: "tos", Title: "TOS:packets", Kind: KindList},
			{Name: "tunnels", Kind: KindList},
			{Name: "segments", Kind: KindList},
			{Name: "first", Kind: KindTime, Detail: true},
			{Name: "last", Kind: KindTime, Detail: true},
		},
	}
	totals := make([]tenantTotal, min(len(realms.Realms), r.limit)+1)
	other := &totals[len(totals)-1]
	of := func(segment uint32) *tenantTotal {
		if i := realms.RealmOf(segment); i >= 0 && i < len(totals)-1 {
			return &totals[i]
		}
		return other
	}
	for id, left := range r.left {
		of(id).absorb(left)
	}
	other.absorb(&r.lost)
	r.tracking.Flows(func(f *flows.Flow) bool {
		of(f.Segment.ID).add(f)
		return true
	})
	forgotten := r.tracking.ForgottenSegments()
	amounts := make([]segmentTotal, len(totals))
	amounts[len(totals)-1].amount = amount{packets: forgotten.Packets, bytes: forgotten.Bytes}
	whole := forgotten.Bytes
	r.tracking.Segments(func(s *flows.Segment) bool {
		i := min(realms.RealmOf(s.ID), len(totals)-1)
		amounts[i].add(s)
		whole += s.Bytes
		return true
	})
	row := func(name Cell, a *segmentTotal, total *tenantTotal, chains []string) []Cell {
		first, last := a.span.cells()
		return []Cell{name, Int(a.packets), Int(a.bytes), Share(a.bytes, whole), Int(total.flows), total.endpoints.Cell(), list(total.prefixes.few()), Int(total.segments),
			Int(total.retransmissions), Share(total.retransmissions, total.segments), Int(total.outOfOrder), Int(total.resets), Int(total.zeroWindows),
			a.tos(), list(a.tunnels), list(chains), first, last}
	}
	carriers := 0
	for i := range totals[:len(totals)-1] {
		if amounts[i].packets == 0 {
			carriers++
			continue
		}
		t.Add(row(Text(realms.names[i]), &amounts[i], &totals[i], realms.chains(i))...)
	}
	if a := &amounts[len(totals)-1]; a.packets > 0 || other.flows > 0 {
		t.Other = row(Cell{}, a, other, nil)
	}
	if carriers > 0 {
		t.Note("%s more have no packets of their own: all that they carry is in tunnels", thousands(int64(carriers)))
	}
	t.mustSort("-packets", "-bytes")
	return []*Table{t}
}

// list is a cell of [KindList], absent if it is empty.
func list(texts []string) Cell {
	if len(texts) == 0 {
		return Cell{}
	}
	return List(texts...)
}

// segmentTotal is what the packets of some segments come to.
type segmentTotal struct {
	amount
	span    span
	mix     []flows.TOSCount
	others  uint64 // packets with other TOS
	tunnels []string
}

func (t *segmentTotal) add(s *flows.Segment) {
	t.packets += s.Packets
	t.bytes += s.Bytes
	if s.Timed {
		t.span.add(s.First)
		t.span.add(s.Last)
	}
	for _, v := range s.TOS.Values {
		i := slices.IndexFunc(t.mix, func(c flows.TOSCount) bool { return c.TOS == v.TOS })
		switch {
		case v.Packets == 0:
		case i < 0:
			t.mix = append(t.mix, v)
		default:
			t.mix[i].Packets += v.Packets
		}
	}
	t.others += s.TOS.Others
	for _, ends := range s.Carriers {
		t.tunnel(fmt.Sprintf("%s~%s %s", ends[0], ends[1], s.Path))
	}
	if s.MoreCarriers {
		t.tunnel("…")
	}
}

// tunnel notes one; a few are enough for people.
func (t *segmentTotal) tunnel(name string) {
	const most = 8
	if !slices.Contains(t.tunnels, name) && len(t.tunnels) < most {
		t.tunnels = append(t.tunnels, name)
	}
}

// tos is the values in ascending order with their packets: "0x00:120". Where there are very many, the rest is "other".
func (t *segmentTotal) tos() Cell {
	slices.SortFunc(t.mix, func(a, b flows.TOSCount) int { return int(a.TOS) - int(b.TOS) })
	var texts []string
	for _, v := range t.mix {
		texts = append(texts, fmt.Sprintf("0x%02x:%d", v.TOS, v.Packets))
	}
	if t.others > 0 {
		texts = append(texts, fmt.Sprintf("other:%d", t.others))
	}
	return list(texts)
}

package reports

import (
	"slices"

	"pktscope/flows"
)

// What the kernel's connection tracking says, beside what the packets say.

// natVerdict is where the two stand to each other.
type natVerdict string

const (
	natAgrees      natVerdict = "agree"
	natOnlyKernel  natVerdict = "only conntrack"       // no packet of it was captured
	natHalf        natVerdict = "captured on one side" // and so nothing to compare
	natUnproven    natVerdict = "linked by conntrack"  // the packets alone do not tell
	natOther       natVerdict = "other translation"
	natOnlyPackets natVerdict = "only packets"
	natState       natVerdict = "other state"
)

// compare tells of each entry of the kernel's table how it stands to the packets, and of each translation that they show.
func (r *nat) compare(v *natView) *Table {
	t := conntrackTable()
	if r.conntrack == nil {
		t.Note("there is no table of a kernel to compare with: --conntrack FILE")
		return t
	}
	wanted := map[flows.Tuple][]*natFlow{}
	for i := range r.conntrack {
		e := &r.conntrack[i]
		out := e.Translated()
		wanted[e.Original.Undirected()], wanted[out.Undirected()] = nil, nil
	}
	r.tracking.Flows(func(f *flows.Flow) bool {
		k := f.Undirected()
		if sides, ok := wanted[k]; ok {
			wanted[k] = append(sides, newNATFlow(f))
		}
		return true
	})
	pairs := map[[2]flows.Tuple][]*natPair{} // by what is before and after
	became := map[flows.Tuple]*natPair{}
	for _, p := range v.pairs {
		k := [2]flows.Tuple{p.before.Undirected(), p.out.Undirected()}
		pairs[k] = append(pairs[k], p)
		became[k[0]] = p
	}
	agree, lost := uint64(0), 0
	add := func(cells ...Cell) {
		if len(t.Rows) == r.groups {
			lost++
			return
		}
		t.Add(cells...)
	}
	for i := range r.conntrack {
		e := &r.conntrack[i]
		out := e.Translated()
		k := [2]flows.Tuple{e.Original.Undirected(), out.Undirected()}
		before, after := wanted[k[0]], wanted[k[1]]
		row := func(verdict natVerdict, packets string) {
			if verdict == natAgrees {
				agree++
				return
			}
			state, shown := stateCell(e.State), Cell{}
			if packets != "" {
				shown = Text(packets)
			}
			add(Text(string(verdict)), Text(protocolName(e.Original.Protocol)), Text(tupleText(&e.Original)), Text(tupleText(&out)), state, shown,
				Int(e.Line))
		}
		switch linked := pairs[k]; {
		case len(before) == 0 && len(after) == 0:
			row(natOnlyKernel, "")
		case k[0] != k[1] && len(linked) == 0 && len(before) > 0 && len(after) > 0:
			if other := became[k[0]]; other != nil {
				row(natOther, tupleText(&other.out))
			} else {
				row(natUnproven, "")
				v.pairs = append(v.pairs, &natPair{before: before[0], after: after[0], out: out, conntrack: string(natUnproven),
					link: flows.Link{Kind: flows.NATOf, Evidence: flows.KernelEntry, Score: 1, Change: flows.Changed(&e.Original, &out)}})
				v.told[before[0].id], v.told[after[0].id] = true, true
			}
		case k[0] != k[1] && (len(before) == 0 || len(after) == 0):
			row(natHalf, statesText(append(before, after...)))
		default:
			for _, p := range linked {
				p.conntrack = string(natAgrees)
			}
			if sides := append(slices.Clone(before), after...); e.State != flows.StateNone && !hasState(sides, e.State) {
				for _, p := range linked {
					p.conntrack = string(natState)
				}
				row(natState, statesText(sides))
			} else {
				row(natAgrees, "")
			}
		}
	}
	for _, p := range v.pairs {
		if p.conntrack == "" {
			p.conntrack = string(natOnlyPackets)
			add(Text(string(natOnlyPackets)), Text(protocolName(p.before.Protocol)), Text(tupleText(&p.before.Tuple)), Text(tupleText(&p.out)), Cell{},
				stateCell(p.before.state), Cell{})
		}
	}
	t.Note("%s of %s connections that conntrack has are what the packets show", thousands(int64(agree)), thousands(int64(len(r.conntrack))))
	if lost > 0 {
		t.Note("%s more found no room in this table", thousands(int64(lost)))
	}
	t.Within = "verdict"
	t.mustSort("verdict", "line")
	return t
}

// hasState tells whether one of the flows is in that state.
func hasState(sides []*natFlow, state flows.State) bool {
	return slices.ContainsFunc(sides, func(f *natFlow) bool { return f.state == state })
}

// statesText is the state of the last of the flows, empty if it has none.
func statesText(sides []*natFlow) string {
	if s := sides[len(sides)-1].state; s != flows.StateNone {
		return s.String()
	}
	return ""
}

// stateCell is absent for protocols without states.
func stateCell(s flows.State) Cell {
	if s == flows.StateNone {
		return Cell{}
	}
	return Text(s.String())
}

func conntrackTable() *Table {
	return &Table{Name: "nat_conntrack", Title: "Where packets and conntrack differ", Columns: []Column{
		{Name: "verdict"},
		{Name: "protocol"},
		{Name: "original"},
		{Name: "translated"},
		{Name: "state", Title: "conntrack says"},
		{Name: "packets", Title: "packets say"},
		{Name: "line", Kind: KindNumber},
	}}
}

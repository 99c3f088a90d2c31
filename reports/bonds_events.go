package reports

import (
	"cmp"
	"fmt"
	"slices"
)

// What happened to a bond, and its tables.

// bondView is one bond when somebody looks.
type bondView struct {
	bond    *Bond
	members []bondMember
	flows   []bondSeen
}

// bondSeen is a flow and the end that sent it.
type bondSeen struct {
	key   bondKey
	total *bondFlow
	side  bondSide
}

func (r *bonds) views() (views []bondView) {
	for i := range r.bonds {
		views = append(views, bondView{bond: &r.bonds[i], members: r.members[i]})
	}
	sides := make([]bondSides, len(views))
	for i := range sides {
		sides[i] = bondSides{map[uint64]uint64{}, map[uint64]bool{}}
	}
	entries := r.flows.Entries()
	for i := range entries {
		slices.SortFunc(entries[i].Total.spells, compareSpells)
		g := &entries[i]
		v := &views[g.Key.bond]
		v.flows = append(v.flows, bondSeen{key: g.Key, total: &g.Total})
		if g.Key.target>>40&1 == 0 {
			sides[g.Key.bond].apart(g.Key.source, g.Key.target)
		}
	}
	for i := range views {
		v := &views[i]
		for j := range v.flows {
			f := &v.flows[j]
			f.side.root, f.side.flip = sides[i].find(f.key.source)
		}
	}
	return views
}

// bondMove is a flow that went on at another member.
type bondMove struct {
	flow     *bondSeen
	from, to uint8
	left, at int64 // the last frame at the old one, and the first at the new one
	frame    uint64
}

func (m *bondMove) silent() int64 { return m.at - m.left }

// moves returns those of all flows, in order.
func (v *bondView) moves() (all []bondMove) {
	for i := range v.flows {
		f := &v.flows[i]
		if f.key.target>>40&1 != 0 || f.total.spread() {
			continue // what switches send to tell where hosts are now, and such
		}
		for j := 1; j < len(f.total.spells); j++ {
			if a, b := &f.total.spells[j-1], &f.total.spells[j]; a.member != b.member && b.first >= a.last {
				all = append(all, bondMove{f, a.member, b.member, a.last, b.first, b.frame})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b bondMove) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.left, b.left)) })
	return all
}

// bondEvent is something that happened to a bond.
type bondEvent struct {
	what            string
	from, to        string
	at              int64
	flows           int
	median, longest int64
	detail          string

	member  int // number of the one that it happened to
	packets uint64
	frames  firstFrames
}

const (
	bondFailover  = "failover"  // flows moved, and their old member carried nothing more
	bondRebalance = "rebalance" // flows moved, and their old member carried others
	bondMoved     = "moved"     // flows moved at the end of the capture
	bondSpread    = "spread"    // frames of one flow are on several members at a time
	bondMismatch  = "mismatch"  // what one end sends at a member, the other does not take
	bondElephant  = "elephant"  // one flow is too much for a member's share
)

// events are what happened, in order.
func (v *bondView) events(moves []bondMove) (all []bondEvent) {
	rest := moves
	for len(rest) > 0 {
		// Flows that leave one member at the same time do so for one reason.
		first := rest[0]
		var together, others []bondMove
		last := first.at
		for _, m := range rest {
			if m.from == first.from && m.at-last <= spellPause {
				together, last = append(together, m), m.at
			} else {
				others = append(others, m)
			}
		}
		all = append(all, v.moved(together))
		rest = others
	}
	all = append(all, v.spread()...)
	all = append(all, v.mismatch()...)
	all = append(all, v.elephants()...)
	slices.SortStableFunc(all, func(a, b bondEvent) int { return cmp.Compare(a.at, b.at) })
	return all
}

// moved says what it was that made flows move.
func (v *bondView) moved(moves []bondMove) bondEvent {
	left, at := moves[0].left, moves[0].at
	var silent []int64
	to := map[string]bool{}
	for i := range moves {
		left = max(left, moves[i].left)
		silent = append(silent, moves[i].silent())
		to[v.bond.Members[moves[i].to]] = true
	}
	slices.Sort(silent)
	e := bondEvent{what: bondRebalance, from: v.bond.Members[moves[0].from], at: at, flows: len(moves), median: silent[len(silent)/2], longest: silent[len(silent)-1]}
	e.member = int(moves[0].from)
	for i := range moves {
		e.frames.add(moves[i].frame)
	}
	for _, name := range v.bond.Members { // in their order
		if to[name] {
			if e.to != "" {
				e.to += ", "
			}
			e.to += name
		}
	}
	end := int64(0)
	for i := range v.members {
		end = max(end, v.members[i].span.last)
	}
	switch {
	case v.members[moves[0].from].carried(max(left, at)+1, max(left, at)+spellPause):
	case end < at+spellPause:
		e.what, e.detail = bondMoved, "the capture ends before it is known why"
	default:
		e.what, e.detail = bondFailover, e.from+" carried nothing for a second at least"
	}
	return e
}

// spread tells whether the flow went to another member and back at once, more than once.
func (f *bondFlow) spread() bool {
	turns := 0
	for j := 2; j < len(f.spells); j++ {
		a, b, c := &f.spells[j-2], &f.spells[j-1], &f.spells[j]
		if a.member != b.member && c.member == a.member && c.first-a.last < spellPause {
			turns++
		}
	}
	return turns > 1
}

// spread finds flows of which two members carry frames in turn, faster than a bond moves them.
func (v *bondView) spread() (all []bondEvent) {
	e := bondEvent{what: bondSpread}
	for i := range v.flows {
		f := &v.flows[i]
		if !f.total.spread() {
			continue
		}
		if e.flows++; e.flows == 1 || f.total.spells[0].first < e.at {
			e.at, e.detail = f.total.spells[0].first, "first of all "+f.key.String()
		}
	}
	if e.flows > 0 {
		all = append(all, e)
	}
	return all
}

// bondEnds is a flow without the addresses of the hop.
type bondEnds struct {
	vlan, etherType uint16
	protocol        uint8
	src, dst        [16]byte
	sport, dport    uint16
}

func (k *bondKey) ends() bondEnds {
	return bondEnds{k.vlan, k.etherType, k.protocol, k.src, k.dst, k.sport, k.dport}
}

// answer is the flow that answers.
func (k *bondKey) answer() bondEnds {
	x := bondEnds{k.vlan, k.etherType, k.protocol, k.dst, k.src, k.dport, k.sport}
	switch {
	case k.etherType == 0x0806:
		x.protocol, x.sport, x.dport = 2, 0, 0
	case k.protocol == 1 || k.protocol == 58:
		x.sport, x.dport = map[uint16]uint16{8: 0, 128: 129 << 8}[k.sport>>8], k.dport
	}
	return x
}

// bondAsked is what was asked at a member.
type bondAsked struct {
	asked, answered uint64
	targets         map[[16]byte]bool
	elsewhere       bool // what was not answered here was at another member
	first           int64
	frames          firstFrames
}

// mismatch finds members at which one end sends and is never answered, although others are there or the same asks have answers elsewhere.
func (v *bondView) mismatch() (all []bondEvent) {
	by := map[bondEnds][]*bondFlow{}
	for i := range v.flows {
		k := v.flows[i].key.ends()
		by[k] = append(by[k], v.flows[i].total)
	}
	asked := make([]bondAsked, len(v.members))
	for i := range asked {
		asked[i].targets = map[[16]byte]bool{}
	}
	for i := range v.flows {
		f := &v.flows[i]
		if !f.key.asking {
			continue
		}
		answers := by[f.key.answer()]
		heard := make([]bool, len(v.members))
		for j := range f.total.spells {
			s := &f.total.spells[j]
			heard[s.member] = heard[s.member] || answered(answers, f.total.spells, j)
		}
		for j := range f.total.spells {
			s := &f.total.spells[j]
			a := &asked[s.member]
			if a.asked == 0 || s.first < a.first {
				a.first = s.first
			}
			a.asked += uint64(s.packets)
			if answered(answers, f.total.spells, j) {
				a.answered += uint64(s.packets)
				continue
			}
			a.targets[f.key.dst] = true
			a.frames.add(s.frame)
			for m := range heard {
				a.elsewhere = a.elsewhere || heard[m] && m != int(s.member)
			}
		}
	}
	for m := range asked {
		a := &asked[m]
		if a.asked < minAsked || a.answered > 0 || len(a.targets) < 2 && !a.elsewhere {
			continue
		}
		to := "an address"
		if len(a.targets) > 1 {
			to = fmt.Sprintf("%d addresses", len(a.targets))
		}
		detail := fmt.Sprintf("%d packets that ask for an answer, to %s, had none", a.asked, to)
		for o := range asked {
			if x := &asked[o]; o != m && x.asked > 0 {
				detail += fmt.Sprintf("; at %s %d of %d had", v.bond.Members[o], x.answered, x.asked)
			}
		}
		all = append(all, bondEvent{what: bondMismatch, from: v.bond.Members[m], at: a.first, detail: detail, member: m, packets: a.asked, frames: a.frames})
	}
	return all
}

// minAsked is how many packets without an answer say something.
const minAsked = 3

// answered tells whether one of the flows that answer was there during the j-th of some spells, or soon after, but before the next one.
func answered(answers []*bondFlow, spells []spell, j int) bool {
	from, to := spells[j].first, spells[j].last+spellPause
	if j+1 < len(spells) {
		to = min(to, spells[j+1].first-1)
	}
	for _, f := range answers {
		for _, x := range f.spells {
			if x.first <= to && x.last >= from {
				return true
			}
		}
	}
	return false
}

// minElephant is how many frames an end must have sent for shares to say something.
const minElephant = 1000

// elephants finds flows that have more than a member's share of what their end sends: whatever bucket they are in, it is the fullest.
func (v *bondView) elephants() (all []bondEvent) {
	type end struct {
		amount
		flows int
	}
	ends := map[bondSide]*end{}
	for i := range v.flows {
		f := &v.flows[i]
		if ends[f.side] == nil {
			ends[f.side] = new(end)
		}
		ends[f.side].absorb(&f.total.amount)
		ends[f.side].flows++
	}
	for i := range v.flows {
		f := &v.flows[i]
		e := ends[f.side]
		if share := f.total.bytes * uint64(len(v.members)); e.flows < 2 || e.packets < minElephant || share <= e.bytes {
			continue
		}
		all = append(all, bondEvent{what: bondElephant, at: f.total.spells[0].first, flows: 1,
			detail: fmt.Sprintf("%s has %d %% of what %s sends: no hash can share it between members", f.key.String(), f.total.bytes*100/e.bytes, f.side)})
	}
	return all
}

func (r *bonds) Snapshot() []*Table {
	members := &Table{Name: "bonds", Title: "Members of bonds", Columns: []Column{
		{Name: "bond"},
		{Name: "member"},
		{Name: "packets", Kind: KindCount},
		{Name: "bytes", Kind: KindBytes},
		{Name: "bytes_share", Title: "share", Kind: KindShare},
		{Name: "flows", Kind: KindCount},
		{Name: "control", Title: "of the link", Kind: KindCount},
		{Name: "largest", Title: "largest flow"},
		{Name: "largest_bytes", Kind: KindBytes, Detail: true},
		{Name: "first", Kind: KindTime},
		{Name: "last", Kind: KindTime},
	}}
	policies := &Table{Name: "bond_policies", Title: "Policies, and whether they are consistent with what was seen", Within: "bond", Columns: []Column{
		{Name: "bond"},
		{Name: "policy"},
		{Name: "consistent"},
		{Name: "buckets", Kind: KindCount},
		{Name: "shared", Title: "with several flows", Kind: KindCount},
		{Name: "split", Title: "on several members", Kind: KindCount},
		{Name: "why"},
		{Name: "learned", Title: "member of each bucket", Kind: KindList},
	}}
	events := &Table{Name: "bond_events", Title: "What happened to bonds", Columns: []Column{
		{Name: "bond"},
		{Name: "what"},
		{Name: "from"},
		{Name: "to"},
		{Name: "at", Kind: KindTime},
		{Name: "flows", Kind: KindCount},
		{Name: "silent_median", Title: "silent, median", Kind: KindDuration},
		{Name: "silent", Title: "longest", Kind: KindDuration},
		{Name: "detail"},
	}}
	moved := &Table{Name: "bond_moves", Title: "Flows that went on at another member", Columns: []Column{
		{Name: "bond"},
		{Name: "flow"},
		{Name: "from"},
		{Name: "to"},
		{Name: "left", Title: "last there", Kind: KindTime, Detail: true},
		{Name: "at", Title: "first here", Kind: KindTime},
		{Name: "silent", Kind: KindDuration},
	}}
	views := r.views()
	cut := 0
	for i := range views {
		v := &views[i]
		for j := range v.flows {
			if v.flows[j].total.more {
				cut++
			}
		}
		v.addMembers(members)
		for p := range bondPolicies {
			j := v.judge(&bondPolicies[p])
			why := Cell{}
			if j.why != "" {
				why = Text(j.why)
			}
			policies.Add(Text(v.bond.Name), Text(bondPolicies[p].name), Text(j.consistent), Int(j.buckets), Int(j.shared), Int(j.split), why, List(j.learned...))
		}
		moves := v.moves()
		for _, e := range v.events(moves) {
			if len(events.Rows) < r.limit {
				events.Add(append([]Cell{Text(v.bond.Name)}, e.cells()...)...)
			}
		}
		for _, m := range moves {
			if len(moved.Rows) < r.limit {
				moved.Add(Text(v.bond.Name), Text(m.flow.key.String()), Text(v.bond.Members[m.from]), Text(v.bond.Members[m.to]), Int(m.left), Int(m.at), Int(m.silent()))
			}
		}
	}
	if r.bonds == nil {
		members.Note("no bond is named: --bond NAME=IF1,IF2")
	}
	if other, some := r.flows.Other(); some {
		members.Note("%s frames are of flows that found no room, and were not judged", thousands(int64(other.packets)))
	}
	if cut > 0 {
		members.Note("of %s flows only the first %d times at a member were kept", thousands(int64(cut)), maxSpells)
	}
	if len(policies.Rows) > 0 {
		policies.Note("which member a bucket has is learned from the frames of each end; OVS has more buckets than sources or connections")
	}
	return []*Table{members, policies, events, moved}
}

// cells are those of an event, without the bond.
func (e *bondEvent) cells() []Cell {
	text := func(s string) Cell {
		if s == "" {
			return Cell{}
		}
		return Text(s)
	}
	flows, median, longest := Cell{}, Cell{}, Cell{}
	if e.flows > 0 {
		flows = Int(e.flows)
	}
	if e.what == bondFailover || e.what == bondRebalance || e.what == bondMoved {
		median, longest = Int(e.median), Int(e.longest)
	}
	return []Cell{Text(e.what), text(e.from), text(e.to), Int(e.at), flows, median, longest, text(e.detail)}
}

func (v *bondView) addMembers(t *Table) {
	type share struct {
		flows   int
		largest *bondSeen
		bytes   uint64
	}
	shares := make([]share, len(v.members))
	for i := range v.flows {
		f := &v.flows[i]
		packets := make([]uint64, len(v.members))
		all := uint64(0)
		for _, s := range f.total.spells {
			packets[s.member] += uint64(s.packets)
			all += uint64(s.packets)
		}
		for m, n := range packets {
			if n == 0 {
				continue
			}
			s := &shares[m]
			s.flows++
			bytes := mulDiv(f.total.bytes, n, all)
			if s.largest == nil || bytes > s.bytes || bytes == s.bytes && f.key.String() < s.largest.key.String() {
				s.largest, s.bytes = f, bytes
			}
		}
	}
	total := uint64(0)
	for i := range v.members {
		total += v.members[i].bytes
	}
	for i := range v.members {
		m := &v.members[i]
		if m.packets == 0 {
			t.Note("%s of %s was not captured, or carried nothing", v.bond.Members[i], v.bond.Name)
		}
		largest, bytes := Cell{}, Cell{}
		if s := &shares[i]; s.largest != nil {
			largest, bytes = Text(s.largest.key.String()), Int(s.bytes)
		}
		first, last := m.span.cells()
		t.Add(Text(v.bond.Name), Text(v.bond.Members[i]), Int(m.packets), Int(m.bytes), Share(m.bytes, total), Int(shares[i].flows), Int(m.control), largest, bytes, first, last)
	}
}

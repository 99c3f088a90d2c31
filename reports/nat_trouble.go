package reports

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pktscope/flows"
)

// What went wrong at a translator, as far as packets show it.

// natTrouble is one thing that did.
type natTrouble struct {
	what   string
	flow   *natFlow
	detail string
}

const (
	natExhausted = "exhausted"       // a new connection entered and never left, and all ports that were seen in use were
	natNotLeft   = "never left"      // likewise, but there were other ports
	natPrivate   = "private outside" // an address that should have been translated
	natChanged   = "changed"         // another translation of the same connection
	natAmbiguous = "ambiguous"       // several could be the one that it became
)

// natServer is what connections are made to, from a segment.
type natServer struct {
	segment  uint32
	protocol uint8
	address  [16]byte
	port     uint16
}

func serverOf(f *natFlow) natServer {
	return natServer{f.segment.ID, f.Protocol, f.Dst, f.Dport}
}

// findTroubles looks at all flows again, now that it is known who translates what where.
func (v *natView) findTroubles(r *nat) {
	servers := map[natServer][]*natPair{}
	for _, p := range v.pairs {
		if p.link.Change.SNAT() && !isPrivate(p.out.Source()) {
			v.inside[p.before.segment.ID], v.outside[p.after.segment.ID] = true, true
			k := serverOf(p.before)
			servers[k] = append(servers[k], p)
			lender := natLender{p.out.Protocol, p.out.Src}
			if v.pools[lender] == nil {
				v.pools[lender] = new(natLent)
			}
			v.pools[lender].add(p.out.Sport)
		}
	}
	earlier := map[natKeyOf][]natOnce{}
	for _, p := range v.pairs {
		v.findChange(p, earlier)
	}
	for _, f := range v.inOrder() {
		v.findAmbiguous(f)
	}
	if len(servers) > 0 {
		r.tracking.Flows(func(f *flows.Flow) bool {
			if v.outside[f.Segment.ID] && !v.inside[f.Segment.ID] {
				v.untranslated[f.Undirected()] = true
			}
			return true
		})
	}
	seen := map[natKeyOf]bool{} // a connection that is captured at several places inside
	r.tracking.Flows(func(f *flows.Flow) bool {
		switch {
		case v.outside[f.Segment.ID] && !v.inside[f.Segment.ID]:
			v.findPrivate(f)
		case v.inside[f.Segment.ID] && !translated(f) && !v.told[f.ID] && len(v.troubles) < v.room:
			n := newNATFlow(f)
			pairs := servers[serverOf(n)]
			k := natKeyOf{tuple: f.Tuple}
			if len(pairs) > 0 && !seen[k] && v.neverLeft(f, pairs) {
				seen[k] = true
				v.exhausted(n, pairs)
			}
		}
		return true
	})
}

// inOrder is the flows that are before or after a translator, in the order in which they began.
func (v *natView) inOrder() (all []*natFlow) {
	for _, f := range v.flows {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b *natFlow) int { return int(int64(a.id) - int64(b.id)) })
	return all
}

// neverLeft tells whether flow f, which goes to where pairs go, began while the outside was captured, was not answered or refused, and was not
// seen there.
func (v *natView) neverLeft(f *flows.Flow, pairs []*natPair) bool {
	if d := &f.Directions[flows.Original]; f.Midstream || f.Replied || f.Related > 0 || d.Packets == 0 || d.TTL[1] <= 1 { // no router lets that pass
		return false
	}
	if v.untranslated[f.Undirected()] {
		return false
	}
	for _, p := range pairs {
		if s := v.span[p.after.segment.ID]; s.first <= f.First() && f.First() <= s.last {
			return true
		}
	}
	return false
}

// natLinger is how long a port stays taken when nothing comes any more: conntrack's shortest timeouts for a connection that was answered,
// and for one that was not.
const natLinger = int64(30e9)

// exhausted says that n never left, and how many ports those had that did.
func (v *natView) exhausted(n *natFlow, pairs []*natPair) {
	taken, changed := map[uint16]bool{}, 0
	addresses := map[natLender]bool{}
	for _, p := range pairs[max(0, len(pairs)-1<<16):] { // an address has no more ports
		if p.after.first <= n.last && n.first <= p.after.last+natLinger {
			taken[p.out.Sport] = true
			addresses[natLender{p.out.Protocol, p.out.Src}] = true
			if p.link.Change&flows.SourcePort != 0 {
				changed++
			}
		}
	}
	pool, names, dense := 0, []string(nil), true
	for a := range addresses {
		ports := v.pools[a]
		pool += ports.count
		dense = dense && 2*ports.count > int(ports.highest-ports.lowest)
		names = append(names, netip.AddrFrom16(a.address).Unmap().String())
	}
	slices.Sort(names)
	t := natTrouble{natNotLeft, n, "others to this destination were translated"}
	if len(taken) > 0 {
		t.detail = fmt.Sprintf("%d of the %d ports of %s that were ever seen in use were taken for this destination", len(taken), pool, strings.Join(names, ", "))
	}
	// A translator that has ports of its own to lend, one range of them, and keeps none of those that clients choose.
	if len(taken) > 1 && len(taken) == pool && dense && 2*changed > len(taken) {
		t.what = natExhausted
	}
	v.trouble(t)
}

// natLender is an address whose ports are lent.
type natLender struct {
	protocol uint8
	address  [16]byte
}

// natLent is which of them were seen.
type natLent struct {
	seen            map[uint16]bool
	count           int
	lowest, highest uint16
}

func (l *natLent) add(port uint16) {
	if l.count == 0 {
		l.seen, l.lowest, l.highest = map[uint16]bool{}, port, port
	}
	if !l.seen[port] {
		l.seen[port] = true
		l.count++
	}
	l.lowest, l.highest = min(l.lowest, port), max(l.highest, port)
}

// trouble notes one, if there is room.
func (v *natView) trouble(t natTrouble) {
	if len(v.troubles) < v.room {
		v.troubles = append(v.troubles, t)
	} else {
		v.crowded++
	}
}

// findPrivate finds who sends outside under an address that is known inside.
func (v *natView) findPrivate(f *flows.Flow) {
	for d, address := range [2][16]byte{f.Src, f.Dst} {
		if f.Directions[d].Packets == 0 || !isPrivate(netip.AddrFrom16(address).Unmap()) {
			continue
		}
		for segment := range v.inside {
			if v.senders[natHost{segment, address}] {
				v.trouble(natTrouble{natPrivate, newNATFlow(f),
					fmt.Sprintf("%s sent %s packets here", netip.AddrFrom16(address).Unmap(), thousands(int64(f.Directions[d].Packets)))})
				return
			}
		}
	}
}

// natKeyOf is a tuple before a translator and where it was captured, before and after; segments are left out where they do not matter.
type natKeyOf struct {
	tuple         flows.Tuple
	before, after uint32
}

// natOnce is what it became.
type natOnce struct {
	flow *natFlow
	out  flows.Tuple
}

// findChange finds out whether the connection of p became something else before. A new connection of TCP may.
func (v *natView) findChange(p *natPair, earlier map[natKeyOf][]natOnce) {
	k := natKeyOf{p.before.Tuple, p.before.segment.ID, p.after.segment.ID}
	before := earlier[k]
	if n := len(before); n > 0 {
		last := before[n-1]
		if last.out != p.out && (last.flow == p.before || p.before.Protocol != 6) {
			v.trouble(natTrouble{natChanged, p.before, fmt.Sprintf("%s, and then %s", tupleText(&last.out), tupleText(&p.out))})
		}
	}
	earlier[k] = append(before[:0], natOnce{p.before, p.out})
}

// findAmbiguous finds out whether f could have become several others.
func (v *natView) findAmbiguous(f *natFlow) {
	var perhaps []string
	for _, l := range f.doubtful {
		if other := v.flows[l.Flow]; other != nil && !l.After {
			perhaps = append(perhaps, tupleText(&other.Tuple))
		}
	}
	if perhaps != nil && !v.told[f.id] {
		slices.Sort(perhaps)
		v.trouble(natTrouble{natAmbiguous, f, "perhaps " + strings.Join(slices.Compact(perhaps), ", or ")})
	}
}

func (r *nat) troubles(v *natView) *Table {
	t := &Table{Name: "nat_trouble", Title: "What went wrong with translations", Columns: []Column{
		{Name: "what"},
		{Name: "protocol"},
		{Name: "connection"},
		{Name: "packets", Kind: KindCount},
		{Name: "detail"},
		{Name: "at"},
		{Name: "first", Kind: KindTime},
		{Name: "flow", Kind: KindNumber, Detail: true},
	}}
	for _, x := range v.troubles {
		t.Add(Text(x.what), Text(protocolName(x.flow.Protocol)), Text(tupleText(&x.flow.Tuple)), Int(x.flow.packets), Text(x.detail), Text(v.place(x.flow.segment)),
			Int(x.flow.first), Int(x.flow.id))
	}
	if v.crowded > 0 {
		t.Note("there was more than found room in this table")
	}
	t.Within = "what"
	t.mustSort("what", "first")
	return t
}

package reports

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pktscope/flows"
)

// The directions report: how much of the traffic stays inside (east-west), how much goes in or out (north-south), and between which tunnel ends
// or racks it goes. It adds up flows, and of a packet the innermost: what a tunnel's own packets carry is not counted a second time, nor
// is a flow that was captured at another place before, or under other addresses.
type directions struct {
	DirectionOptions
	tracking *tracking
	groups   int
	seed     Seed

	// Of flows that left before the end.
	left       *Groups[leftKey, directionTotal]
	leftMatrix *Groups[matrixKey, directionTotal]
	carriers   map[uint32][2]netip.Addr // ends of tunnels, by the ID of their flow; also of those that did not leave
}

// maxCarriers bounds them. A tunnel with ports may be a flow for each flow in it.
const maxCarriers = 1 << 18

// DirectionOptions say what is inside, and what is near.
type DirectionOptions struct {
	Sites []netip.Prefix // nil is DefaultSites
	Racks []Rack
}

// A Rack is hosts or tunnel ends that are near each other.
type Rack struct {
	Prefix netip.Prefix
	Name   string
}

// DefaultSites are the prefixes that belong to nobody else: private addresses (RFC 1918), those of a carrier's NAT (RFC 6598), unique local
// ones (RFC 4193), and those of the link.
var DefaultSites = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("169.254.0.0/16"),
	netip.MustParsePrefix("fc00::/7"), netip.MustParsePrefix("fe80::/10"),
}

// ParseSites reads prefixes with commas between them.
func ParseSites(text string) (sites []netip.Prefix, err error) {
	for _, part := range strings.Split(text, ",") {
		p, err := parseSite(part)
		if err != nil {
			return nil, err
		}
		sites = append(sites, p)
	}
	return sites, nil
}

// parseSite reads one prefix, or an address.
func parseSite(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil {
		return a.Prefix(a.BitLen())
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%q is no prefix such as 10.0.0.0/8", text)
	}
	if p != p.Masked() {
		return p, fmt.Errorf("%s has bits behind its length; %s is meant?", p, p.Masked())
	}
	return p, nil
}

// ParseRack reads PREFIX=NAME.
func ParseRack(text string) (r Rack, err error) {
	prefix, name, ok := strings.Cut(text, "=")
	if !ok || name == "" {
		return r, fmt.Errorf("%q is no rack: it is PREFIX=NAME", text)
	}
	r.Name = name
	r.Prefix, err = parseSite(prefix)
	return r, err
}

// way is a direction through the site.
type way uint8

const (
	withinTenant way = iota
	betweenTenants
	outside
	transit
	toGroup
	numWays
)

// ways are their names: the direction, and what it is between.
var ways = [numWays][2]string{{"east-west", "within a tenant"}, {"east-west", "between tenants"}, {"north-south", "to the outside"},
	{"transit", "neither end is inside"}, {"east-west", "to a group"}}

// leftKey is where a flow that left belongs.
type leftKey struct {
	segment uint32
	way     way
}

// directionKey is the same for a row: the two tenants as indices of realms, or -1 for none.
type directionKey struct {
	way       way
	realm, to int32
}

// matrixKey is from where to where.
type matrixKey struct{ from, to spot }

// spot is a rack, numbered from 1, or else a tunnel's end; the zero value is neither.
type spot struct {
	rack int32
	end  netip.Addr
}

type directionTotal struct {
	amount
	flows   uint64
	out, in amount // of north-south
}

func (t *directionTotal) absorb(from *directionTotal) {
	t.amount.absorb(&from.amount)
	t.flows += from.flows
	t.out.absorb(&from.out)
	t.in.absorb(&from.in)
}

func newDirections(s setup) Report {
	r := &directions{DirectionOptions: s.directions, tracking: s.flows, groups: s.groups, seed: NewSeed()}
	if r.Sites == nil {
		r.Sites = DefaultSites
	}
	r.Reset()
	s.flows.onLeave(r.leave)
	s.flows.onForgotten(r.forget)
	s.flows.onCarrying(func(id uint32, t *flows.Tuple) {
		if len(r.carriers) < maxCarriers {
			r.carriers[id] = [2]netip.Addr{t.Source(), t.Destination()}
		}
	})
	return r
}

func (r *directions) Reset() {
	r.left = NewGroups[leftKey, directionTotal](r.groups)
	r.leftMatrix = NewGroups[matrixKey, directionTotal](r.groups)
	r.carriers = map[uint32][2]netip.Addr{}
}

func (r *directions) NewPart() Part { return noPart{} }

// forget drops the ends of tunnels that no flow is in any more, once they are the larger part.
func (r *directions) forget() {
	if len(r.carriers) <= 2*r.tracking.Len() {
		return
	}
	carriers := map[uint32][2]netip.Addr{}
	keep := func(id uint32) {
		if ends, ok := r.carriers[id]; ok {
			carriers[id] = ends
		}
	}
	r.tracking.Flows(func(f *flows.Flow) bool {
		keep(f.ID)
		keep(f.Parent)
		return true
	})
	r.carriers = carriers
}

// leave adds a flow that leaves. Which of its copies came first is known only as far as it is linked by now.
func (r *directions) leave(f *flows.Flow) {
	if f.Carrier || !firstCapture(f) {
		return
	}
	key := leftKey{f.Segment.ID, r.way(f)}
	r.left.At(key, r.seed.Uint128(uint64(key.segment), uint64(key.way))).absorb(r.total(f, key.way))
	ends, _ := r.carriedBy(f)
	r.addToMatrix(r.leftMatrix, f, ends)
}

// inside tells whether an address is the site's.
func (r *directions) inside(a netip.Addr) bool {
	for _, p := range r.Sites {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// way is the flow's as its addresses have it: two tenants are not known to them.
func (r *directions) way(f *flows.Flow) way {
	src, dst := r.inside(f.Source()), r.inside(f.Destination())
	switch {
	case !machine(f.Destination()):
		return toGroup
	case src && dst:
		return withinTenant
	case src || dst:
		return outside
	}
	return transit
}

func (r *directions) total(f *flows.Flow, w way) *directionTotal {
	t := &directionTotal{amount: amount{f.Packets(), f.Bytes()}}
	if f.Connection == f.ID {
		t.flows = 1
	}
	if w == outside {
		there, back := &f.Directions[flows.Original], &f.Directions[flows.Reply]
		if !r.inside(f.Source()) {
			there, back = back, there
		}
		t.out, t.in = amount{there.Packets, there.Bytes}, amount{back.Packets, back.Bytes}
	}
	return t
}

// carriedBy are the tunnel ends that the flow's original direction goes between.
func (r *directions) carriedBy(f *flows.Flow) (ends [2]netip.Addr, ok bool) {
	ends, ok = r.carriers[f.Parent]
	if f.Against {
		ends[0], ends[1] = ends[1], ends[0]
	}
	return ends, ok && f.Parent != 0
}

// spot is where an address is, or the tunnel's end that it is behind.
func (r *directions) spot(address, end netip.Addr) spot {
	if end.IsValid() {
		address = end
	}
	best := -1
	for i, rack := range r.Racks {
		if rack.Prefix.Contains(address) && (best < 0 || rack.Prefix.Bits() > r.Racks[best].Prefix.Bits()) {
			best = i
		}
	}
	if best < 0 {
		return spot{end: end}
	}
	for i := range r.Racks[:best] { // a rack of several prefixes
		if r.Racks[i].Name == r.Racks[best].Name {
			best = i
			break
		}
	}
	return spot{rack: int32(best) + 1}
}

func (s spot) hash(seed Seed) uint64 {
	b := s.end.As16()
	if !s.end.IsValid() {
		b = [16]byte{}
	}
	return seed.Bytes(b[:]) ^ uint64(s.rack)<<40
}

func (r *directions) addToMatrix(m *Groups[matrixKey, directionTotal], f *flows.Flow, ends [2]netip.Addr) {
	from, to := r.spot(f.Source(), ends[0]), r.spot(f.Destination(), ends[1])
	for d, x := range f.Directions {
		if x.Packets == 0 {
			continue
		}
		key := matrixKey{from, to}
		if flows.Direction(d) == flows.Reply {
			key = matrixKey{to, from}
		}
		t := m.At(key, r.seed.Uint128(key.from.hash(r.seed), key.to.hash(r.seed)))
		t.amount.absorb(&amount{x.Packets, x.Bytes})
		t.flows++
	}
}

// captured is what is known of a flow that is one of several captures of the same packets.
type captured struct {
	first   uint32 // ID of one before, or its own
	segment uint32
	source  netip.Addr
	ends    [2]netip.Addr // of the tunnel around it
	tunnel  bool
	other   int32 // a realm that some capture is in, beside that of the first; -1 for none
}

// captures are the flows that share packets with others.
func (r *directions) captures() map[uint32]*captured {
	copies := map[uint32]*captured{}
	var order []uint32
	r.tracking.Flows(func(f *flows.Flow) bool {
		if f.Carrier {
			return true
		}
		own := uint32(0)
		for _, l := range f.Links {
			if l.Kind == flows.DuplicateOf || l.Kind == flows.NATOf {
				own = f.ID
				break
			}
		}
		if own == 0 {
			return true
		}
		c := &captured{first: own, segment: f.Segment.ID, source: f.Source(), other: -1}
		c.ends, c.tunnel = r.carriedBy(f)
		copies[own] = c
		order = append(order, own)
		for _, l := range f.Links {
			if l.Kind == flows.DuplicateOf || l.Kind == flows.NATOf {
				if _, known := copies[l.Flow]; known {
					a, b := firstOf(copies, l.Flow), firstOf(copies, own)
					copies[max(a, b)].first = min(a, b)
				}
			}
		}
		return true
	})
	for _, id := range order {
		c := copies[id]
		if c.first = firstOf(copies, id); c.first == id {
			continue
		}
		first := copies[c.first]
		if c.tunnel && !first.tunnel {
			first.ends, first.tunnel = c.ends, true
			if c.source != first.source {
				first.ends[0], first.ends[1] = c.ends[1], c.ends[0]
			}
		}
	}
	return copies
}

// firstOf is the first capture of the packets of a flow.
func firstOf(copies map[uint32]*captured, id uint32) uint32 {
	for copies[id].first != id {
		id = copies[id].first
	}
	return id
}

func (r *directions) Snapshot() []*Table {
	realms := newRealms(r.tracking)
	copies := r.captures()
	for id, c := range copies {
		first := copies[c.first]
		if c.first == id {
			continue
		}
		here, there := int32(realms.RealmOf(first.segment)), int32(realms.RealmOf(c.segment))
		if here >= 0 && there >= 0 && here != there && (first.other < 0 || there < first.other) {
			first.other = there
		}
	}
	rows := NewGroups[directionKey, directionTotal](r.groups)
	at := func(key directionKey) *directionTotal {
		return rows.At(key, r.seed.Uint128(uint64(key.way), uint64(uint32(key.realm))<<32|uint64(uint32(key.to))))
	}
	for i := range r.left.Entries() {
		g := &r.left.Entries()[i]
		at(directionKey{g.Key.way, int32(realms.RealmOf(g.Key.segment)), -1}).absorb(&g.Total)
	}
	if other, some := r.left.Other(); some {
		at(directionKey{numWays, -1, -1}).absorb(other)
	}
	matrix := NewGroups[matrixKey, directionTotal](r.groups)
	matrix.Absorb(r.leftMatrix, (*directionTotal).absorb)
	r.tracking.Flows(func(f *flows.Flow) bool {
		if f.Carrier {
			return true
		}
		ends, _ := r.carriedBy(f)
		key := directionKey{r.way(f), int32(realms.RealmOf(f.Segment.ID)), -1}
		if c := copies[f.ID]; c != nil {
			if c.first != f.ID {
				return true
			}
			ends = c.ends
			if key.way == withinTenant && c.other >= 0 {
				key.way, key.to = betweenTenants, c.other
			}
		}
		if !firstCapture(f) && copies[f.ID] == nil {
			return true
		}
		at(key).absorb(r.total(f, key.way))
		r.addToMatrix(matrix, f, ends)
		return true
	})
	return []*Table{r.summary(rows), r.byTenant(rows, realms), r.matrix(matrix)}
}

// amountColumns are those that the three tables have in common.
var amountColumns = []Column{
	{Name: "packets", Kind: KindCount},
	{Name: "bytes", Kind: KindBytes},
	{Name: "bytes_share", Title: "share", Kind: KindShare},
	{Name: "flows", Kind: KindCount},
}

func (t *directionTotal) cells(whole uint64) []Cell {
	return []Cell{Int(t.packets), Int(t.bytes), Share(t.bytes, whole), Int(t.flows)}
}

// throughCells are bytes out and in, of what goes to the outside.
func (t *directionTotal) throughCells(w way) []Cell {
	if w != outside {
		return make([]Cell, 2)
	}
	return []Cell{Int(t.out.bytes), Int(t.in.bytes)}
}

func withAmounts(before []Column, behind ...Column) []Column {
	return append(append(before, amountColumns...), behind...)
}

func (r *directions) summary(rows *Groups[directionKey, directionTotal]) *Table {
	t := &Table{
		Name: "directions", Title: "Directions",
		Columns: withAmounts([]Column{{Name: "direction"}, {Name: "scope"}},
			Column{Name: "bytes_out", Title: "out", Kind: KindBytes}, Column{Name: "bytes_in", Title: "in", Kind: KindBytes}),
		Size: "bytes",
	}
	var totals [numWays + 1]directionTotal
	whole := uint64(0)
	for i := range rows.Entries() {
		g := &rows.Entries()[i]
		totals[g.Key.way].absorb(&g.Total)
		whole += g.Total.bytes
	}
	other, some := rows.Other()
	if some {
		totals[numWays].absorb(other)
		whole += other.bytes
	}
	for w := range numWays {
		if total := &totals[w]; total.packets > 0 {
			t.Add(append(append([]Cell{Text(ways[w][0]), Text(ways[w][1])}, total.cells(whole)...), total.throughCells(w)...)...)
		}
	}
	if total := &totals[numWays]; total.packets > 0 {
		t.Other = append(append(make([]Cell, 2), total.cells(whole)...), make([]Cell, 2)...)
	}
	counts := r.tracking.Counts()
	if n := counts.NoIP + counts.Untracked + counts.Portless; n > 0 {
		t.Note("%s packets are in no flow: without IP, of neighbor discovery, IGMP or errors, or fragments alone", thousands(int64(n)))
	}
	t.mustSort("-bytes", "-packets")
	return t
}

func (r *directions) byTenant(rows *Groups[directionKey, directionTotal], realms *realms) *Table {
	t := &Table{
		Name: "tenant_directions", Title: "Directions by tenant",
		Columns: withAmounts([]Column{{Name: "tenant"}, {Name: "direction"}, {Name: "scope"}, {Name: "peer"}},
			Column{Name: "bytes_out", Title: "out", Kind: KindBytes}, Column{Name: "bytes_in", Title: "in", Kind: KindBytes}),
		Size: "bytes",
	}
	whole := uint64(0)
	for i := range rows.Entries() {
		whole += rows.Entries()[i].Total.bytes
	}
	name := func(realm int32) Cell {
		if realm < 0 {
			return Cell{}
		}
		return Text(realms.names[realm])
	}
	for i := range rows.Entries() {
		g := &rows.Entries()[i]
		if g.Key.way == numWays {
			continue
		}
		t.Add(append(append([]Cell{name(g.Key.realm), Text(ways[g.Key.way][0]), Text(ways[g.Key.way][1]), name(g.Key.to)}, g.Total.cells(whole)...),
			g.Total.throughCells(g.Key.way)...)...)
	}
	if other, some := rows.Other(); some {
		t.Other = append(append(make([]Cell, 4), other.cells(whole)...), make([]Cell, 2)...)
	}
	t.mustSort("-bytes", "-packets")
	return t
}

func (r *directions) matrix(m *Groups[matrixKey, directionTotal]) *Table {
	t := &Table{
		Name: "matrix", Title: "From where to where, by tunnel ends and racks", Quiet: true,
		Columns: withAmounts([]Column{{Name: "from"}, {Name: "to"}}),
		Size:    "bytes",
	}
	whole := uint64(0)
	for i := range m.Entries() {
		whole += m.Entries()[i].Total.bytes
	}
	name := func(s spot) Cell {
		switch {
		case s.rack > 0:
			return Text(r.Racks[s.rack-1].Name)
		case s.end.IsValid():
			return Text(s.end.String())
		}
		return Cell{}
	}
	named := slices.ContainsFunc(m.Entries(), func(g Group[matrixKey, directionTotal]) bool { return g.Key != matrixKey{} })
	for i := range m.Entries() {
		g := &m.Entries()[i]
		if !named {
			break // neither tunnels nor racks
		}
		t.Add(append([]Cell{name(g.Key.from), name(g.Key.to)}, g.Total.cells(whole)...)...)
	}
	if other, some := m.Other(); some {
		t.Other = append(make([]Cell, 2), other.cells(whole)...)
	}
	t.mustSort("-bytes", "-packets")
	return t
}

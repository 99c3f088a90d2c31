package reports

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"pktscope/dissect"
	"pktscope/flows"
)

// The findings report: what an engineer should look at, most serious first. Some findings are in packets: parts count them, or note what has to
// be looked at in capture order, which Flush does. Others are in flows.
type findings struct {
	options FindingOptions
	seed    Seed
	groups  int
	flows   *tracking // nil for none
	left    *flowFindings
	whole   *flowFindings           // empty but while a search needs its memory
	points  *Groups[int, pointSums] // by Point.ID

	floods   *floods
	claims   *claims
	tags     *Groups[vlanKey, tagTotal]
	hops     *hops
	expired  *Groups[expiredKey, expiredTotal]
	large    *Groups[largeKey, largeTotal]
	tunnels  *Groups[findingTunnelKey, findingTunnel]
	sums     *Groups[sumKey, sumTotal]
	owed     *Groups[owedKey, firstFrames]
	esp      *Groups[espKey, espTotal]
	strays   *Groups[strayKey, strayTotal]
	stations *stations
	bonds    *bonds // nil if nobody names one
}

// A Finding is something that was found.
type Finding struct {
	Kind *FindingKind
	Severity
	What   string   // a sentence
	Count  uint64   // of what the kind's threshold counts, or of the packets that show it
	Where  string   // the capture point
	File   string   // that it is in
	Frames []uint64 // the first few that show it
	Filter string   // a display filter for those and others like them
}

func newFindings(s setup) Report { return newFindingsReport(s) }

func newFindingsReport(s setup) *findings {
	r := &findings{options: s.findings, seed: NewSeed(), groups: s.groups, flows: s.flows,
		points:   NewGroups[int, pointSums](s.groups),
		floods:   newFloods(s.groups),
		stations: newStations(s.groups),
		claims:   newClaims(s.groups),
		tags:     NewGroups[vlanKey, tagTotal](s.groups),
		hops:     newHops(s.groups),
		expired:  NewGroups[expiredKey, expiredTotal](s.groups),
		large:    NewGroups[largeKey, largeTotal](s.groups),
		tunnels:  NewGroups[findingTunnelKey, findingTunnel](s.groups),
		sums:     NewGroups[sumKey, sumTotal](s.groups),
		owed:     NewGroups[owedKey, firstFrames](s.groups),
		esp:      NewGroups[espKey, espTotal](s.groups),
		strays:   NewGroups[strayKey, strayTotal](s.groups),
	}
	r.left, r.whole = newFlowFindings(r), newFlowFindings(r)
	if s.flows != nil {
		s.flows.onLeave(func(f *flows.Flow) { r.left.fold(f) })
	}
	return r
}

func (r *findings) Reset() {
	r.left.reset()
	r.points.Reset((*pointSums).reset)
	r.floods.reset()
	r.stations.reset()
	r.claims.reset()
	r.tags.Reset((*tagTotal).reset)
	r.hops.reset()
	r.expired.Reset((*expiredTotal).reset)
	r.large.Reset(func(t *largeTotal) { *t = largeTotal{} })
	r.tunnels.Reset((*findingTunnel).reset)
	r.sums.Reset((*sumTotal).reset)
	r.owed.Reset((*firstFrames).reset)
	r.strays.Reset((*strayTotal).reset)
	r.esp.Reset(func(t *espTotal) { *t = espTotal{} })
}

func (r *findings) NewPart() Part {
	return &findingsPart{report: r, tenants: r.flows != nil && r.flows.options.Tenants != nil,
		points:  r.points.Part(),
		tags:    r.tags.Part(),
		expired: r.expired.Part(),
		tunnels: r.tunnels.Part(),
		sums:    r.sums.Part(),
		owed:    r.owed.Part(),
		strays:  r.strays.Part(),
		seals:   NewGroups[espKey, espSeal](0),
	}
}

type findingsPart struct {
	report  *findings
	glance  glance
	tenants bool // there is a file that names them

	points  *Groups[int, pointSums]
	at      *pointSums // of the packet before; nil for none
	tags    *Groups[vlanKey, tagTotal]
	expired *Groups[expiredKey, expiredTotal]
	tunnels *Groups[findingTunnelKey, findingTunnel]
	sums    *Groups[sumKey, sumTotal]
	owed    *Groups[owedKey, firstFrames]
	strays  *Groups[strayKey, strayTotal]
	seals   *Groups[espKey, espSeal]

	flooded []floodFrame // in the order of the capture, as all below
	claimed []claim
	aged    []agedPacket
	sealed  []espPacket
	told    []tooLarge
	noted   []macNote
	memory  macMemory
}

func (t *findingsPart) Add(p *dissect.Packet) {
	var a alike
	a.alone(p)
	g := t.glanceAt(p, 1, p.Number)
	t.lookAt(g, new(memo))
	t.sum(g, &a)
}

// glanceAt looks at a packet, and counts the good checksums of n like it, of which that frame is the first.
func (t *findingsPart) glanceAt(p *dissect.Packet, n, frame uint64) *glance {
	if t.at == nil || t.at.point != p.Point {
		t.at = t.points.First(p.Point.ID, t.report.seed.Uint64(uint64(p.Point.ID)), frame)
		t.at.point = p.Point
	}
	t.glance.look(p, &t.at.sums, n)
	return &t.glance
}

func (t *findingsPart) look(p *dissect.Packet, m *memo) { t.lookAt(t.glanceAt(p, 0, p.Number), m) }

func (t *findingsPart) lookAt(g *glance, m *memo) {
	if g.ethernet {
		m.ethernet, m.tags = true, g.tags
		t.addMACs(g.Packet, m)
		if g.multicast() {
			t.addFlood(g)
		}
	}
	if g.arp != 0 {
		t.addARP(g)
	}
	if g.inner != 0 {
		t.addAged(g, g.inner)
		if g.inner != g.outer {
			t.addAged(g, g.outer)
		}
	}
	if g.icmp != 0 {
		t.addICMP(g)
	}
	if g.tunnel != 0 && g.carried > g.tunnel {
		t.addArrival(g, m)
	}
	if g.esp != 0 {
		t.addESP(g, m)
	}
	if g.label != 0 || g.trill != 0 {
		t.addLabelTTL(g)
	}
}

func (t *findingsPart) lookAgain(p *dissect.Packet, m *memo, _ bool) {
	if m.ethernet {
		t.addMACs(p, m)
	}
	if m.arrival && t.memory.arrived[m.arrived&uint64(len(t.memory.arrived)-1)] != [2]uint64{m.arrived, m.end} {
		t.addArrival(t.glanceAt(p, 0, p.Number), m)
	}
	if m.esp != 0 {
		t.addSealed(p, m)
	}
}

func (t *findingsPart) addAlike(a *alike) { t.sum(t.glanceAt(a.Packet, a.frames.count, a.first()), a) }

// sum adds up packets like that of the glance.
func (t *findingsPart) sum(g *glance, a *alike) {
	if g.odd {
		t.addSums(g)
	}
	if g.ethernet {
		t.addTags(g, a)
		if g.dst == slowProtocols {
			t.at.bond = true
		}
	}
	if g.tunnel != 0 {
		t.addTunnel(g, a)
	}
	if t.tenants {
		t.addTenant(g, a)
	}
}

func (t *findingsPart) Flush() {
	r := t.report
	for i := range t.flooded {
		r.floods.play(&t.flooded[i], r)
	}
	for i := range t.claimed {
		r.claims.play(&t.claimed[i], r.seed)
	}
	for i := range t.aged {
		r.hops.play(&t.aged[i], r)
	}
	for i := range t.sealed {
		r.playESP(&t.sealed[i], t.seals)
	}
	for i := range t.told {
		r.playLarge(&t.told[i])
	}
	for i := range t.noted {
		r.stations.play(&t.noted[i], r.seed)
	}
	t.memory = macMemory{}
	t.flooded, t.claimed, t.aged, t.sealed, t.told, t.noted = t.flooded[:0], t.claimed[:0], t.aged[:0], t.sealed[:0], t.told[:0], t.noted[:0]
}

func (r *findings) gather(parts []Part) {
	gather(r.points, parts, func(t *findingsPart) *Groups[int, pointSums] { return t.points }, (*pointSums).absorb, (*pointSums).reset)
	gather(r.tags, parts, func(t *findingsPart) *Groups[vlanKey, tagTotal] { return t.tags }, (*tagTotal).absorb, (*tagTotal).reset)
	gather(r.expired, parts, func(t *findingsPart) *Groups[expiredKey, expiredTotal] { return t.expired }, (*expiredTotal).absorb, (*expiredTotal).reset)
	gather(r.tunnels, parts, func(t *findingsPart) *Groups[findingTunnelKey, findingTunnel] { return t.tunnels }, (*findingTunnel).absorb,
		(*findingTunnel).reset)
	gather(r.sums, parts, func(t *findingsPart) *Groups[sumKey, sumTotal] { return t.sums }, (*sumTotal).absorb, (*sumTotal).reset)
	gather(r.owed, parts, func(t *findingsPart) *Groups[owedKey, firstFrames] { return t.owed }, (*firstFrames).absorb, (*firstFrames).reset)
	gather(r.strays, parts, func(t *findingsPart) *Groups[strayKey, strayTotal] { return t.strays }, (*strayTotal).absorb, (*strayTotal).reset)
	for _, part := range parts {
		t := part.(*findingsPart)
		t.at = nil
		t.seals.Reset((*espSeal).reset)
	}
}

func (r *findings) size(part Part) int {
	t := part.(*findingsPart)
	return max(len(t.tags.Entries()), len(t.expired.Entries()), len(t.tunnels.Entries()), len(t.sums.Entries()), len(t.owed.Entries()), len(t.strays.Entries()), len(t.seals.Entries()))
}

// threshold is from which count on a kind is raised.
func (r *findings) threshold(id findingID) uint64 {
	k := &findingKinds[id]
	return cmp.Or(r.options.Thresholds[k.Name], k.Threshold)
}

// A search collects what is found.
type search struct {
	*findings
	names pointNames
	found []found
}

type found struct {
	Finding
	id findingID
}

// add adds a finding of that kind at a capture point.
func (s *search) add(id findingID, severity Severity, point *dissect.Point, f Finding) {
	if s.several() && point.Name != "" {
		f.Filter = allOf("frame.interface_name == "+strconv.Quote(point.Name), f.Filter)
	}
	s.addAcross(id, severity, point, f)
}

// addAcross adds one that shows at several capture points, of which that is the last.
func (s *search) addAcross(id findingID, severity Severity, point *dissect.Point, f Finding) {
	f.Kind, f.Severity, f.Where, f.File = &findingKinds[id], severity, s.names.of(point), point.File
	s.found = append(s.found, found{f, id})
}

// partial tells whether the capture point is one link of a bond whose others were not captured, so that answers may come by elsewhere.
func (s *search) partial(point *dissect.Point) bool {
	bonds, here := 0, false
	for i := range s.points.Entries() {
		p := &s.points.Entries()[i].Total
		if p.bond {
			bonds++
			here = here || p.point == point
		}
	}
	return here && bonds == 1
}

// several tells whether there is more than one capture point.
func (s *search) several() bool { return len(s.points.Entries()) > 1 }

// find returns all findings, the most serious first.
func (r *findings) find() []Finding {
	s := &search{findings: r}
	for i := range r.points.Entries() {
		s.names.see(r.points.Entries()[i].Total.point)
	}
	r.floods.raise(s)
	r.claims.raise(s)
	raiseTags(s)
	r.hops.raise(s)
	raiseExpired(s)
	raiseLarge(s)
	raiseTunnels(s)
	raiseSums(s)
	raiseESP(s)
	raiseTenants(s)
	raiseMACs(s)
	raiseFlows(s)
	raiseBonds(s)
	slices.SortFunc(s.found, func(a, b found) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.id, b.id), cmp.Compare(b.Count, a.Count), strings.Compare(a.What, b.What),
			strings.Compare(a.Where, b.Where), strings.Compare(a.Filter, b.Filter))
	})
	all := make([]Finding, len(s.found))
	for i := range s.found {
		all[i] = s.found[i].Finding
	}
	return all
}

func (r *findings) Snapshot() []*Table { return []*Table{r.table(r.find())} }

// table is the table of those findings that are serious enough.
func (r *findings) table(found []Finding) *Table {
	t := &Table{
		Name: "findings", Title: "Findings", Layout: Paragraphs, Within: "finding",
		Columns: []Column{
			{Name: "severity"},
			{Name: "finding"},
			{Name: "what"},
			{Name: "count", Kind: KindCount, Detail: true},
			{Name: "point", Below: true},
			{Name: "frames", Kind: KindNumbers, Below: true},
			{Name: "filter", Below: true},
			{Name: "means", Below: true, Once: true},
			{Name: "check", Below: true, Once: true},
		},
	}
	for _, f := range found {
		if f.Severity < r.options.Least {
			continue
		}
		var frames Cell
		if len(f.Frames) > 0 {
			var numbers []string
			for _, n := range f.Frames {
				numbers = append(numbers, strconv.FormatUint(n, 10))
			}
			frames = List(numbers...)
		}
		t.Add(Text(f.Severity.String()), Text(f.Kind.Name), Text(f.What), Int(f.Count), Text(f.Where), frames, Text(f.Filter),
			Text(f.Kind.Means), Text(f.Kind.Check))
	}
	if r.overfull() {
		t.Note("there was more to look at than the %s groups that are kept (--groups): what came later was not", thousands(int64(r.groups)))
	}
	return t
}

// overfull tells whether something found no room.
func (r *findings) overfull() bool {
	full := func(_ any, some bool) bool { return some }
	return full(r.points.Other()) || full(r.floods.rates.Other()) || full(r.floods.loops.Other()) || full(r.claims.addresses.Other()) || full(r.tags.Other()) ||
		full(r.hops.loops.Other()) || full(r.expired.Other()) || full(r.large.Other()) || full(r.tunnels.Other()) || full(r.sums.Other()) ||
		full(r.owed.Other()) || full(r.esp.Other()) || full(r.strays.Other()) || full(r.stations.ends.Other()) || full(r.stations.unknown.Other()) || r.left.overfull()
}

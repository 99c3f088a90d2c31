package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/pcaps"
)

// A Report adds packets up and says what they come to. Packets are added to its parts, so that several goroutines can count at a
// time; what each part holds joins the report in capture order, so that nothing depends on how many there were.
//
// A Report and the Flush of its parts are for one goroutine at a time, the Add of each part for another one.
type Report interface {
	// NewPart returns an empty part of this report.
	NewPart() Part
	// Snapshot returns the tables of all that was flushed since the last Reset. Their names are always the same, and so are
	// their columns.
	Snapshot() []*Table
	// Reset starts over, with its parts. All of them must have been flushed, and none may be added to meanwhile.
	Reset()
}

// A Part counts packets that follow each other in capture order, those of one block.
type Part interface {
	// Add counts a finished packet: its checksums are verified, and nothing in it is pending.
	Add(p *dissect.Packet)
	// Flush adds to the report what was counted since the last Flush, but for what a [gatherer] gathers later. Blocks have to be flushed in
	// capture order.
	Flush()
}

// A gatherer is a report whose parts keep what they count over many blocks, an epoch, so that tables are merged seldom.
type gatherer interface {
	Report
	// gather adds to the report what its parts counted, all of which hold blocks of the same stretch of the capture, and nobody else does.
	gather(parts []Part)
	// size is how many groups the part has in its largest table.
	size(part Part) int
}

// A Description says what a report is called and what it is about.
type Description struct {
	Name string // stable
	Doc  string // a line for people
	make func(setup) Report

	Asked     bool // it is printed only if somebody names it
	Flows     bool // it says something of flows, so that they have to be followed
	Checksums bool // it depends on which checksums are right
}

// all lists the reports, in the order in which they print. A new one is one file and one row here.
var all = []Description{
	{"findings", "what somebody should look at, most serious first", newFindings, false, true, true},
	{"summary", "what was captured where and when, how fast and how large", newSummary, false, false, false},
	{"tenants", "who shares it: packets, flows, addresses, tunnels and TCP's health of each tenant", newTenants, false, true, true},
	{"overlaps", "addresses and connections that several tenants have, and what taking them for one would cost", newOverlaps, false, true, true},
	{"segments", "identifiers by capture point, which of them are one network, and the packets that prove it", newSegments, true, true, true},
	{"protocols", "the tree of protocols", newProtocols, false, false, false},
	{"vlans", "VLANs, QinQ pairs and untagged frames, by capture point", newVLANs, false, false, false},
	{"tunnels", "tunnels, label stacks and security associations: who carries whose packets", newTunnels, false, false, true},
	{"checksums", "checksums by protocol and verdict", newChecksums, false, false, true},
	{"anomalies", "what is odd in packets", newAnomalies, false, false, false},
	{"flows", "the largest flows, their state as conntrack has it, and whose they are", newFlowsReport, false, true, true},
	{"nat", "who became whom at translators of addresses, and what went wrong there", newNAT, true, true, true},
	{"bonds", "how the members of a bond share what it carries, and what happened to them (needs --bond)", newBonds, true, false, false},
	{"macs", "MAC addresses: vendors, moves, unknown destinations, tagged and untagged VLANs of each port", newMACs, true, false, false},
	{"directions", "what stays inside and what goes out, by tenant, and from which rack or tunnel end to which", newDirections, true, true, true},
	{"vips", "addresses of several servers, and direct server return", newVIPs, true, false, false},
	{"queues", "which queue the TOS bits choose, who fills it, and where DSCPs are lost", newQueues, true, false, false},
}

// All returns the reports that there are.
func All() []Description { return slices.Clone(all) }

// setup is what reports may want to know of a run.
type setup struct {
	source     pcaps.Source // what files say beside their frames; nil where there are none
	groups     int          // the most groups that a table keeps
	top        int          // rows of the table of flows that somebody will look at; 0 for all
	queues     QueueOptions
	directions DirectionOptions
	tenants    flows.Tenancy          // nil if nobody names them
	flows      *tracking              // nil if no report says something of flows
	conntrack  []flows.ConntrackEntry // nil if nobody asked
	bonds      []Bond
	findings   FindingOptions
}

// maxGroups bounds each table of groups unless [Options] say otherwise. What finds no room is added up in one row.
const maxGroups = 10_000

// Set is some reports over one run. It is a [Sharded] consumer.
type Set struct {
	reports []Report
	printed int       // how many of them are printed: those behind are there for findings only
	found   *findings // nil if nobody asks for findings
	bonds   *bonds    // nil if nobody asks for them
	flows   *tracking // nil if nobody asks for flows
	packets uint64    // since the start
	known   *known    // nil where nobody has searched since the last Reset
	sums    bool      // some of them depend on which checksums are right

	shards   []*setShard
	own      *setShard // of Packet; nil if nobody has called it
	epochs   epochs
	alikes   int    // that a shard collects
	gathered []Part // kept for its memory
}

// NewSet returns the named reports over src in the order in which they print, and o.By behind them; if there are neither, those that need
// not be asked for. The error is for a name that is none.
func NewSet(names []string, src pcaps.Source, o Options) (*Set, error) {
	set := setup{source: src, groups: cmp.Or(o.Groups, maxGroups), top: o.Top, queues: o.Queues, directions: o.Directions, tenants: o.Flows.Tenants,
		conntrack: o.Conntrack, bonds: o.Bonds, findings: o.Findings}
	chosen := map[string]bool{}
	for _, name := range names {
		if !slices.ContainsFunc(all, func(d Description) bool { return d.Name == name }) {
			return nil, unknownReport(name)
		}
		chosen[name] = true
	}
	var printed []Description
	for _, d := range all {
		if len(names) == 0 && o.By == nil && !d.Asked || chosen[d.Name] {
			printed = append(printed, d)
			if d.Flows && set.flows == nil {
				set.flows = newTracking(o.Flows)
			}
		}
	}
	if (o.Find || o.Follow) && set.flows == nil {
		set.flows = newTracking(o.Flows)
	}
	s := &Set{flows: set.flows}
	s.sums = set.flows != nil || o.By != nil && o.By.NeedsChecksums() || slices.ContainsFunc(printed, func(d Description) bool { return d.Checksums })
	s.epochs.length = cmp.Or(o.epoch, epochBlocks)
	s.alikes = max(0, cmp.Or(o.alikes, alikeSlots))
	for _, d := range printed {
		s.add(d.make(set))
	}
	if o.By != nil {
		s.add(o.By.report(set))
	}
	s.printed = len(s.reports)
	if o.Find && s.found == nil {
		s.add(newFindings(set))
	}
	if s.found != nil && o.Bonds != nil {
		if s.bonds == nil {
			s.add(newBonds(set))
		}
		s.found.bonds = s.bonds
	}
	return s, nil
}

// NeedsChecksums tells whether what the set says depends on [dissect.Packet.Verify].
func (s *Set) NeedsChecksums() bool { return s.sums }

func (s *Set) add(r Report) {
	s.reports = append(s.reports, r)
	switch r := r.(type) {
	case *findings:
		s.found = r
	case *bonds:
		s.bonds = r
	}
}

func unknownReport(name string) error {
	var known []string
	for _, d := range all {
		known = append(known, d.Name)
	}
	hint := ""
	if near := dissect.Nearest(name, slices.Values(known)); near != "" {
		hint = fmt.Sprintf("did you mean %s? ", near)
	}
	return fmt.Errorf("%q is not a report; %sthere are %s", name, hint, strings.Join(known, ", "))
}

// setShard counts the packets of blocks for the reports of a set.
type setShard struct {
	set     *Set
	sides   [2]side
	now     *side // that of the block
	block   uint64
	tracker *flows.Tracker // that reader reads for; nil if nobody asks for flows
	reader  *flows.Reader
	batch   flows.Batch
	added   uint64 // packets, not yet flushed

	telling sync.Mutex // held to tell a side of what was collected for it
	alikes  *alikes    // collected for now, or for the side before if nothing was counted in this one
	of      *side      // for which
	taken   alike
}

// side is a part of each report.
type side struct {
	parts   []Part
	plain   []Part   // those that have to be given each packet
	adders  []adder  // those that need not
	lookers []looker // of these, those that look at each all the same
}

// NewShard implements [Sharded].
func (s *Set) NewShard() Shard { return s.newShard() }

func (s *Set) newShard() *setShard {
	if s.shards != nil { // a run of its own, whose blocks count from 0 again
		s.flush()
		s.epochs.restart()
		if s.own != nil {
			s.own.Begin(0)
		}
	}
	t := &setShard{set: s}
	for i, r := range s.reports {
		for side := range t.sides {
			of := &t.sides[side]
			if _, ok := r.(gatherer); ok || side == 0 {
				of.add(r.NewPart())
			} else {
				of.add(t.sides[0].parts[i]) // empty after each block
			}
		}
	}
	room := s.alikes
	if len(t.sides[0].adders) == 0 {
		room = 0 // nobody asks
	}
	t.alikes, t.of = newAlikes(room), &t.sides[0]
	t.Begin(0)
	s.shards = append(s.shards, t)
	return t
}

func (s *side) add(part Part) {
	s.parts = append(s.parts, part)
	a, ok := part.(adder)
	switch l, looks := part.(looker); {
	case looks:
		s.lookers = append(s.lookers, l)
		s.adders = append(s.adders, a)
	case ok:
		s.adders = append(s.adders, a)
	case part != Part(noPart{}):
		s.plain = append(s.plain, part)
	}
}

// Begin implements [Shard].
func (t *setShard) Begin(block uint64) {
	t.block, t.now = block, &t.sides[t.set.epochs.side(block)]
	if t.of != t.now {
		t.telling.Lock()
		t.tell()
		t.of = t.now
		t.telling.Unlock()
	}
}

// tell tells the parts of what was collected for them.
func (t *setShard) tell() {
	for _, at := range t.alikes.used {
		slot := &t.alikes.slots[at]
		t.alikes.rests[at].listed = false
		if slot.hash != 0 {
			t.leave(slot)
		}
	}
	t.alikes.used = t.alikes.used[:0]
	t.alikes.settle()
}

// leave tells the parts of the packets in the slot, and empties it.
func (t *setShard) leave(slot *alikeSlot) {
	t.alikes.take(slot, &t.taken)
	for _, part := range t.of.adders {
		part.addAlike(&t.taken)
	}
}

// Packet implements [Shard].
func (t *setShard) Packet(p *dissect.Packet) {
	t.alikes.ask(p)
	for _, part := range t.now.plain {
		part.Add(p)
	}
	if f := t.set.flows; f != nil {
		if t.tracker != f.Tracker { // the first packet, or the first behind a Reset
			t.tracker, t.reader = f.Tracker, flows.NewReader()
		}
		t.reader.Read(p, &t.batch)
	}
	t.count(p)
	t.added++
}

// count counts p, which was asked for, in those parts that need not be given each packet.
func (t *setShard) count(p *dissect.Packet) {
	slot, some := t.alikes.find(p)
	if slot == nil {
		for _, part := range t.now.adders {
			part.Add(p)
		}
		return
	}
	if some {
		again := t.alikes.again(slot)
		for _, part := range t.now.lookers {
			part.lookAgain(p, &slot.memo, again)
		}
	} else {
		if slot.hash != 0 {
			t.leave(slot)
		}
		t.alikes.begin(slot, p)
		for _, part := range t.now.lookers {
			part.look(p, &slot.memo)
		}
	}
	t.alikes.add(slot, p)
}

// Play implements [Shard].
func (t *setShard) Play() error {
	if t.tracker != nil {
		t.tracker.Play(t.reader, &t.batch)
		t.batch.Reset()
	}
	return nil
}

// Flush implements [Shard].
func (t *setShard) Flush() error {
	s := t.set
	full := false
	for i, part := range t.now.parts {
		part.Flush()
		if r, ok := s.reports[i].(gatherer); ok {
			full = full || r.size(part) >= epochGroups
		}
	}
	if side, ended := s.epochs.played(t.block, aheadOfPlay*(len(s.shards)-1), full); ended {
		s.gather(side)
	}
	s.packets += t.added
	t.added = 0
	return nil
}

// gather adds to the reports what all shards counted in that side, in which nobody counts now.
func (s *Set) gather(side int) {
	for _, t := range s.shards {
		t.telling.Lock()
		if t.of == &t.sides[side] {
			t.tell()
		}
		t.telling.Unlock()
	}
	for i, r := range s.reports {
		r, ok := r.(gatherer)
		if !ok {
			continue
		}
		s.gathered = s.gathered[:0]
		for _, t := range s.shards {
			s.gathered = append(s.gathered, t.sides[side].parts[i])
		}
		r.gather(s.gathered)
	}
}

// blockPackets is how many packets Packet counts before they are flushed.
const blockPackets = 4096

// Packet implements [Consumer], for somebody who has the packets already.
func (s *Set) Packet(p *dissect.Packet) error {
	if s.own == nil {
		s.own = s.newShard()
	}
	s.own.Packet(p)
	if err := s.own.Play(); err != nil || s.own.added < blockPackets {
		return err
	}
	return s.flushOwn()
}

// flushOwn ends the block that Packet counts, and begins the next.
func (s *Set) flushOwn() error {
	err := s.own.Flush()
	s.own.Begin(s.own.block + 1)
	return err
}

// flush adds to the reports all that was counted. No shard is in the middle of a block.
func (s *Set) flush() {
	if s.own != nil {
		s.flushOwn()
	}
	newest := int(s.epochs.newest.Load() & 1)
	if s.epochs.before {
		s.gather(newest ^ 1)
	}
	s.gather(newest)
}

// Packets is how many there were, also before a Reset.
func (s *Set) Packets() uint64 {
	if s.own != nil {
		s.flushOwn()
	}
	return s.packets
}

// Snapshot returns the tables of all packets since the last Reset. For this as for Findings and Reset, no shard may be in the middle of a block.
func (s *Set) Snapshot() (tables []*Table) {
	s.flush()
	for _, r := range s.reports[:s.printed] {
		if r == Report(s.found) {
			tables = append(tables, s.found.table(s.search()))
		} else {
			tables = append(tables, r.Snapshot()...)
		}
	}
	return tables
}

// known is what was found in so many packets.
type known struct {
	packets uint64
	found   []Finding
}

// search finds what there is, unless nothing was counted since it did so.
func (s *Set) search() []Finding {
	if s.known == nil || s.known.packets != s.packets {
		s.known = &known{s.packets, s.found.find()}
	}
	return s.known.found
}

// Findings returns what was found in all packets since the last Reset, the most serious first, whatever the report leaves out. There is none
// unless the report on findings is among those of the set, or [Options] ask for them.
func (s *Set) Findings() []Finding {
	s.flush()
	if s.found == nil {
		return nil
	}
	return slices.Clone(s.search())
}

// Tracker is what follows the flows, until Reset; nil if no report says something of them.
func (s *Set) Tracker() *flows.Tracker {
	if s.flows == nil {
		return nil
	}
	return s.flows.Tracker
}

// Forget lets connections leave that are over, or had no packet for so long as quiet: see [flows.Tracker.Forget]. What they had is counted on.
func (s *Set) Forget(quiet time.Duration) {
	s.flush()
	if s.flows != nil {
		s.flows.forget(quiet)
		s.known = nil
	}
}

// OnLeave shows left each flow that leaves before the end. It is to be called before the first packet.
func (s *Set) OnLeave(left func(*flows.Flow)) {
	if s.flows != nil {
		s.flows.onLeave(left)
	}
}

// Reset starts over.
func (s *Set) Reset() {
	s.flush()
	s.known = nil
	for _, r := range s.reports {
		r.Reset()
	}
	if s.flows != nil {
		s.flows.reset()
	}
}

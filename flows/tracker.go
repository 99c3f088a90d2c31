package flows

import (
	"encoding/binary"
	"net/netip"

	"pktscope/dissect"
)

// Options say how a [Tracker] tells flows apart, and what it may remember. The zero value is exact and has the default limits.
type Options struct {
	Policy  Policy
	OneSite bool    // all capture points see the same network: a VLAN is the same one at each
	Tenants Tenancy // nil for none

	MaxFlows    int // 0 is 1,000,000
	MaxSegments int // 0 is 262,144
	MaxLinks    int // 0 is 1,000,000

	// Left takes each flow that leaves before the end, because of MaxFlows or by Forget. The flow is good until the function returns.
	Left func(*Flow)
	// Carries takes each flow once that other flows are in, by its ID.
	Carries func(id uint32, t *Tuple)
}

// Tenancy names tenants. It is asked once for a path, and once for a flow.
type Tenancy interface {
	// Match returns whose the packets at the end of a path are, and how many of its steps tell that: those behind are the tenant's own.
	Match(point *dissect.Point, path Path) (tenant string, steps int, ok bool)
	// ByPrefix returns whose a flow is that no identifier names, by its two addresses: "" if nobody's, or if they are two tenants', between
	// which it is then.
	ByPrefix(a, b netip.Addr) (tenant string, between bool)
}

const (
	defaultFlows    = 1_000_000
	defaultSegments = 1 << 18
	defaultLinks    = 1_000_000
)

// Tracker follows flows. It takes what was read of packets in capture order, and is for one goroutine at a time.
type Tracker struct {
	options  Options
	segments *segments
	key      []byte
	known    map[*Reader][]*Segment // by the reader's numbers of paths
	numbered []*Segment             // that of the batch that is being played

	records  chunks[record]
	accounts chunks[account] // same numbers
	frames   chunks[uint64]  // same numbers: of the first packet
	tcps     chunks[TCP]
	troubles chunks[trouble]
	ties     chunks[ties]
	merged   chunks[merged]
	exact    index // by segment and tuple: the flow that packets with it belong to
	alike    index // by tuple alone: the first of those that differ in nothing but segment and time
	hand     uint32
	nextID   uint32
	copies   *copies
	shifts   *shifts
	links    links
	labels   labelTable
	pairs    map[[2]uint32]*Pair // by the two segments' IDs

	translations translations
	within       []uint32 // flows of the packet that is being played, by observation
	copy         copyOf   // what else was captured of it

	now     int64  // the latest time of a packet
	fetched uint32 // see fetch
	counts  Counts
	flow    Flow // what Left is given
}

// Counts are what the tracker counts besides flows.
type Counts struct {
	Packets   uint64 // all of them
	NoIP      uint64 // without an IP header
	Untracked uint64 // ND, MLD, IGMP and other messages that begin no flow
	Portless  uint64 // fragments of datagrams that were not completed, and headers cut off before the ports
	Unrelated uint64 // quoted headers of no flow that is known
	Left      uint64 // flows that left because of the limit
	Quiet     uint64 // flows that Forget let leave although they could have gone on
	Unlinked  uint64 // links that found no room
	Ambiguous uint64 // flows that might belong to several, and are linked to none
	Unmerged  uint64 // flows for which there was no room to play them along with those that are alike
	Unlabeled uint64 // names out of the network that found no room
}

// NewTracker returns a tracker that remembers nothing yet.
func NewTracker(o Options) *Tracker {
	t := newTracker(o)
	t.exact, t.alike, t.copies, t.shifts = newIndex(), newIndex(), newCopies(), newShifts()
	return t
}

// newTracker returns a tracker without the tables that begin large.
func newTracker(o Options) *Tracker {
	t := &Tracker{options: o, known: map[*Reader][]*Segment{}, pairs: map[[2]uint32]*Pair{}, translations: newTranslations()}
	if t.options.MaxFlows == 0 {
		t.options.MaxFlows = defaultFlows
	}
	if t.options.MaxSegments == 0 {
		t.options.MaxSegments = defaultSegments
	}
	if t.options.MaxLinks == 0 {
		t.options.MaxLinks = defaultLinks
	}
	t.segments = newSegments(t.options.MaxSegments)
	t.links.limit = t.options.MaxLinks
	return t
}

// Renewed returns a tracker with the options of t that remembers nothing yet. It takes over as much memory as t needed; nothing
// but empty batches may be played to t any more.
func (t *Tracker) Renewed() *Tracker {
	n := newTracker(t.options)
	n.records, n.accounts, n.frames = t.records.renewed(), t.accounts.renewed(), t.frames.renewed()
	n.tcps, n.troubles, n.ties, n.merged = t.tcps.renewed(), t.troubles.renewed(), t.ties.renewed(), t.merged.renewed()
	n.exact, n.alike = t.exact.renewed(), t.alike.renewed()
	n.copies, n.shifts = t.copies.renewed(), t.shifts.renewed()
	n.links.chunks = t.links.renewed()
	n.labels = labelTable{tls: t.labels.tls.renewed(), dns: t.labels.dns.renewed(), names: names{all: t.labels.names.all.renewed()}}
	*t = Tracker{known: t.known}
	return n
}

// Counts returns what was counted besides flows.
func (t *Tracker) Counts() Counts {
	c := t.counts
	c.Unlinked, c.Unlabeled = t.links.lost, t.labels.names.lost
	return c
}

// ForgottenSegments returns what the limit on segments pushed out.
func (t *Tracker) ForgottenSegments() Forgotten { return t.segments.forgotten }

// Play takes a batch that r has read. Batches have to be played in capture order, while the bytes of their packets are still there.
func (t *Tracker) Play(r *Reader, b *Batch) {
	t.learn(r, b)
	first, fetched := 0, 0
	for i := range b.packets {
		m := &b.packets[i]
		if first >= fetched {
			fetched = min(first+fetchAhead, len(b.observations))
			t.fetch(b.observations[first:fetched])
		}
		t.packet(b, m, b.observations[first:m.end])
		first = int(m.end)
	}
}

// learn numbers the paths that the batch met first. They become segments when packets are played that are in them.
func (t *Tracker) learn(r *Reader, b *Batch) {
	known := t.known[r]
	if b.forgot {
		known = known[:0]
	}
	for _, p := range b.fresh {
		known = append(known, t.named(p))
	}
	t.known[r], t.numbered = known, known
}

// named returns the segment of a path, which is not in the table.
func (t *Tracker) named(p path) *Segment {
	s := &Segment{Point: p.point, Path: t.options.Policy.Apply(p.steps)}
	if t.options.Tenants != nil {
		if tenant, steps, ok := t.options.Tenants.Match(p.point, s.Path); ok {
			s.Tenant, s.Path, s.marks = tenant, s.Path[steps:], ofTenant
		}
	}
	return s
}

// keyOf returns the key of a segment in the table. It is good until the next call.
func (t *Tracker) keyOf(s *Segment) []byte {
	switch {
	case s.is(ofTenant):
		t.key = append(append(append(t.key[:0], 0xff), s.Tenant...), 0)
	case t.options.OneSite || t.options.Policy == None:
		t.key = append(t.key[:0], 0, 0, 0, 0)
	default:
		t.key = binary.BigEndian.AppendUint32(t.key[:0], uint32(s.Point.ID))
	}
	t.key = s.Path.append(t.key)
	return t.key
}

// segment returns the n-th segment of the batch's reader.
func (t *Tracker) segment(n uint32) *Segment {
	if s := t.numbered[n]; s.slot != 0 {
		return s
	}
	return t.meet(n)
}

// meet puts a segment into the table that is not there yet, or was and has left; then it is another one with the same name.
func (t *Tracker) meet(n uint32) *Segment {
	s := t.numbered[n]
	key := t.keyOf(s)
	if slot, ok := t.segments.byKey[string(key)]; ok {
		t.numbered[n] = t.segments.slots[slot]
		return t.numbered[n]
	}
	if s.ID != 0 {
		s = &Segment{Point: s.Point, Path: s.Path, Tenant: s.Tenant, marks: s.marks}
		t.numbered[n] = s
	}
	for t.segments.full() {
		if left, ok := t.segments.evict(); ok {
			left.slot = 0
		} else if !t.evict() {
			break
		}
	}
	t.segments.add(s, string(key))
	return s
}

func (t *Tracker) packet(b *Batch, m *mark, observations []Observation) {
	s := t.segment(m.path)
	s.forward = true
	s.add(m)
	t.counts.Packets++
	t.now = max(t.now, m.time)
	if len(observations) == 0 {
		t.counts.NoIP++
		return
	}
	t.within = t.within[:0]
	inner := innermostOf(observations)
	c := &none
	if inner >= 0 {
		o := &observations[inner]
		in := t.segment(o.path)
		if in == s { // what is inside is no frame of another network
			s.TOS.add(o.TOS)
		}
		c = t.copied(o, in, uint8(inner))
	}
	for i := range observations {
		o := &observations[i]
		var around *Observation
		parent := uint32(0)
		if o.within > 0 {
			around, parent = &observations[i-int(o.within)], t.within[i-int(o.within)]
		}
		var segment *TCPSegment
		if o.tcp >= 0 {
			segment = &b.segments[o.tcp]
		}
		in := t.segment(o.path)
		if o.within > 0 && !o.is(related) {
			in.carry(&around.Tuple)
		}
		t.within = append(t.within, t.observe(in, o, segment, parent, around, c))
	}
	switch {
	case inner < 0:
	case t.within[inner] != 0:
		var segment *TCPSegment
		if o := &observations[inner]; o.tcp >= 0 {
			segment = &b.segments[o.tcp]
		}
		t.tieCopies(&observations[inner], t.within[inner], c, segment)
	case inner+1 < len(observations) && t.within[inner+1] != 0:
		t.tieQuoted(&observations[inner], &observations[inner+1], t.within[inner+1])
	}
}

var none copyOf // not to be written to

// tieCopies links flow n, which has the packet of o, to those that have it, too.
func (t *Tracker) tieCopies(o *Observation, n uint32, c *copyOf, s *TCPSegment) {
	f := t.records.at(n)
	for i := range c.matches {
		if was := &c.matches[i]; t.records.at(was.flow).id == was.id {
			t.link(n, was.flow, Link{Kind: DuplicateOf, Evidence: SamePackets, Packets: 1, Frame: o.Frame})
		}
	}
	d := f.directionOf(&o.Tuple)
	t.tieTranslated(o, n, d, c)
	if s != nil {
		t.tieShifted(o, s, n, d)
	}
	t.copies.remember(o, n, f.id, d, c)
}

// directionOf is the direction of a packet of the flow, which has tuple u.
func (f *record) directionOf(u *Tuple) Direction {
	if u.Src != f.Src || u.Sport != f.Sport && !f.query() {
		return Reply
	}
	return Original
}

// link notes in both flows what they have to do with each other.
func (t *Tracker) link(a, b uint32, l Link) {
	l.Flow = t.records.at(b).id
	t.links.add(&t.tie(a).links, t.segmentOf(b).ID, l)
	l.Flow = t.records.at(a).id
	t.links.add(&t.tie(b).links, t.segmentOf(a).ID, l)
}

// segmentOf is that of flow n.
func (t *Tracker) segmentOf(n uint32) *Segment { return t.segments.slots[t.records.at(n).segment] }

// innermostOf is the index of the innermost observation that has a print, -1 if there is none.
func innermostOf(observations []Observation) int {
	for i := len(observations) - 1; i >= 0; i-- {
		if observations[i].is(innermost) {
			return i
		}
	}
	return -1
}

// observe takes one observation, and returns the number of its flow, 0 if it belongs to none. parent is the flow of the IP header around it, which
// is observed in around; 0 if there is none.
func (t *Tracker) observe(s *Segment, o *Observation, segment *TCPSegment, parent uint32, around *Observation, c *copyOf) uint32 {
	switch {
	case o.is(untracked):
		t.counts.Untracked++
		return 0
	case o.is(portless):
		t.counts.Portless++
		return 0
	}
	symmetric := o.hash
	hash := keyHash(symmetric, s.slot)
	n, d := t.find(s.slot, hash, &o.Tuple)
	if o.is(related) {
		t.relate(n)
		return n
	}
	if n != 0 && t.expired(t.accounts.at(n), o.Time) {
		t.end(n)
		n = 0
	}
	duplicate := c.whole || c.duplicate && o.is(innermost)
	if n == 0 {
		n, d = t.begin(s, hash, uint32(symmetric>>32), o, segment, Conntrack{})
		duplicate = false
	}
	if duplicate {
		t.trouble(t.accounts.at(n), d).duplicates++
		if tcp := t.records.at(n).tcp; segment != nil && tcp != 0 {
			t.tcps.at(tcp).Copy(d, segment)
		}
		return n
	}
	n, d = t.advance(n, d, s, hash, uint32(symmetric>>32), o, segment, c)
	f, a := t.records.at(n), t.accounts.at(n)
	f.state |= recent | hadOriginal<<d
	if parent != 0 {
		if p := t.records.at(parent); f.parent != p.id {
			t.put(f, d, p, around)
		}
	}
	if o.is(telling) && o.Payload > 0 {
		t.label(n, d, o)
	}
	a.direction(d).add(o, segment)
	if o.Fragments > 0 || o.is(badChecksum) {
		tr := t.trouble(a, d)
		tr.fragments += uint32(o.Fragments)
		if o.is(badChecksum) {
			tr.bad++
		}
	}
	return n
}

// put notes that a packet of direction d of flow f is in flow p, as the packet of around.
func (t *Tracker) put(f *record, d Direction, p *record, around *Observation) {
	if p.state&carrier == 0 && t.options.Carries != nil {
		t.options.Carries(p.id, &p.Tuple)
	}
	p.state |= carrier
	if f.parent != 0 {
		f.state |= manyAround
	} else if f.parent = p.id; p.directionOf(&around.Tuple) != d {
		f.state |= against
	}
}

// find returns the flow in a segment to which packets with a tuple belong, and their direction; 0 if there is none.
func (t *Tracker) find(segment, hash uint32, tuple *Tuple) (n uint32, d Direction) {
	mask := uint32(len(t.exact.slots) - 1)
	for i := hash & mask; t.exact.slots[i].record != 0; i = (i + 1) & mask {
		if s := t.exact.slots[i]; s.hash == hash {
			f := t.records.at(s.record)
			if f.segment != segment || f.Protocol != tuple.Protocol || f.Type != tuple.Type {
				continue
			}
			if f.Src == tuple.Src && f.Dst == tuple.Dst && f.Sport == tuple.Sport && f.Dport == tuple.Dport {
				return s.record, Original
			}
			if f.Src == tuple.Dst && f.Dst == tuple.Src && (f.Sport == tuple.Dport && f.Dport == tuple.Sport || f.query() && f.Sport == tuple.Sport) {
				return s.record, Reply
			}
		}
	}
	return 0, Original
}

// expired tells whether the flow that has account a ended for want of packets before now.
func (t *Tracker) expired(a *account, now int64) bool {
	if a.ties != 0 {
		if owner := t.ties.at(a.ties).owner; owner != 0 {
			a = t.accounts.at(owner)
		}
	}
	return now > a.deadline
}

// relate notes an error that quotes a packet of flow n.
func (t *Tracker) relate(n uint32) {
	if n == 0 {
		t.counts.Unrelated++
		return
	}
	t.tie(n).related++
}

// begin makes a new flow out of its first packet, whose direction it returns.
func (t *Tracker) begin(s *Segment, hash, symmetric uint32, o *Observation, segment *TCPSegment, c Conntrack) (n uint32, d Direction) {
	for t.records.len() >= t.options.MaxFlows {
		t.evict()
	}
	n = t.records.take()
	if t.accounts.take() != n || t.frames.take() != n {
		panic("flows: records, accounts and frames differ")
	}
	*t.frames.at(n) = o.Frame
	f, a := t.records.at(n), t.accounts.at(n)
	d = begins(o, segment)
	f.Tuple = o.Tuple
	if d == Reply {
		f.Tuple = o.Reverse()
		f.state |= midstream
	}
	t.nextID++
	f.segment, f.hash, f.id = s.slot, hash, t.nextID
	s.flows++
	if d == Reply && !o.query() && (segment == nil || segment.Flags&SYN == 0) {
		f.state |= flipped
	}
	a.conntrack = c
	t.exact.insert(hash, n)
	f.state |= indexed
	t.chain(n, symmetric)
	return n, d
}

// begins tells which direction the first packet of a flow has. Who speaks first is the original's sender; but an answer, or a server's
// packet in the middle, is the reply.
func begins(o *Observation, s *TCPSegment) Direction {
	switch {
	case s != nil && s.Flags&(SYN|ACK) == SYN|ACK:
		return Reply
	case s != nil && s.Flags&SYN != 0:
		return Original
	case o.query():
		if len(o.body) > 0 && o.body[0] != o.Type {
			return Reply
		}
	case hasPorts(o.Protocol) && wellKnown(o.Sport) && o.Dport >= 1024:
		return Reply
	}
	return Original
}

// wellKnown tells a port at which servers listen. The upper half of the ports below 1,024 is left out: clients of NFS and rsh send from there.
func wellKnown(port uint16) bool { return port > 0 && port < 512 }

// end takes flow n out of the index: packets with its key are another flow's from now on.
func (t *Tracker) end(n uint32) {
	f := t.records.at(n)
	if f.state&indexed != 0 {
		t.exact.remove(f.hash, n)
		f.state &^= indexed
		t.unchain(n)
	}
}

// evict lets the flow leave that the clock's hand finds: the first that had no packet since the hand passed it. It returns false if there
// is none at all.
func (t *Tracker) evict() bool {
	if t.records.len() == 0 {
		return false
	}
	for {
		if t.hand++; t.hand > t.records.used {
			t.hand = 1
		}
		f := t.records.at(t.hand)
		switch {
		case f.id == 0:
		case f.state&recent != 0:
			f.state &^= recent
		default:
			t.counts.Left++
			t.leave(t.hand)
			return true
		}
	}
}

func (t *Tracker) leave(n uint32) {
	if t.options.Left != nil {
		t.view(n, &t.flow)
		t.options.Left(&t.flow)
	}
	f, a := t.records.at(n), t.accounts.at(n)
	t.end(n)
	t.disown(n)
	for _, tr := range a.troubles {
		if tr != 0 {
			t.troubles.give(tr)
		}
	}
	if a.ties != 0 {
		t.starve(t.tied(a))
		t.links.drop(t.tied(a).links)
		t.dropLabel(f, t.tied(a).label)
		t.ties.give(a.ties)
	}
	if f.tcp != 0 {
		t.tcps.give(f.tcp)
	}
	t.segments.slots[f.segment].flows--
	t.records.give(n)
	t.accounts.give(n)
	t.frames.give(n)
}

// advance lets the state of flow n see a packet of direction d. If it belongs to a new connection with the same key, that is a new flow.
func (t *Tracker) advance(n uint32, d Direction, s *Segment, hash, symmetric uint32, o *Observation, segment *TCPSegment, copies *copyOf) (uint32, Direction) {
	copied := len(copies.matches) > 0
	f, a := t.records.at(n), t.accounts.at(n)
	if !copied && f.state&(hadOriginal<<d.Other()) == 0 && a.tries < maxTries {
		if tied := t.tied(a); tied.owner == 0 && tied.members == 0 {
			t.seek(n, d, o, segment, copies)
		}
	}
	tied := t.tied(a)
	if segment != nil && f.tcp == 0 && tied.owner == 0 { // not of packets whose header was cut off
		f.tcp = t.tcps.take()
	}
	c, own, dir := a, f, d // of the connection
	if tied.owner != 0 {
		c, own = t.accounts.at(tied.owner), t.records.at(tied.owner)
		if tied.flip {
			dir = d.Other()
		}
		own.state |= recent
	}
	state := dir
	if own.state&flipped != 0 {
		state = dir.Other()
	}
	outcome := c.conntrack.take(state, o, segment)
	if outcome == New {
		next := c.conntrack.Next()
		t.end(n)
		n, d = t.begin(s, hash, symmetric, o, segment, next)
		f, a = t.records.at(n), t.accounts.at(n)
		c, own, dir = a, f, d
		tied = &untied
		outcome = a.conntrack.take(d, o, segment)
		if segment != nil {
			f.tcp = t.tcps.take()
		}
	}
	if outcome == Invalid {
		t.tie(n).invalid++
		tied = t.tied(a)
	}
	if outcome == Accept || !c.conntrack.begun() { // one that conntrack would not have is held together by its packets alone
		c.deadline = o.Time + int64(c.conntrack.Timeout(o.Protocol))
	}
	if segment != nil && own.tcp != 0 {
		if f.state&(hadOriginal|hadReply) == 0 {
			t.merge(n, symmetric, copied)
			tied = t.tied(a)
		}
		e := t.tcps.at(own.tcp).Segment(dir, segment)
		if e != 0 {
			t.count(a, d, own.tcp, o.Frame, segment, e)
		}
		if tied.merged != 0 && !copied {
			t.merged.at(tied.merged).segment(d.flip(tied.turned), segment, e)
		}
	}
	if o.query() && len(o.body) >= 8 {
		a.lastSeq = binary.BigEndian.Uint16(o.body[6:])
		if d == Original {
			*a.conntrack.frame() = o.Link
		}
	}
	return n, d
}

// count counts what segment, in that frame, is, in the flow and direction that had it.
func (t *Tracker) count(a *account, d Direction, tcp uint32, frame uint64, segment *TCPSegment, e TCPEvents) {
	tr := t.trouble(a, d)
	if n := tr.Of(TCPRetransmission); e&TCPRetransmission != 0 && int(n) < len(tr.sentAgain) {
		tr.sentAgain[n] = frame
	}
	if e&TCPReset != 0 && tr.reset == 0 {
		tr.reset = frame
	}
	if e&TCPZeroWindow != 0 && tr.zeroWindow == 0 {
		tr.zeroWindow = frame
	}
	tr.Count(t.tcps.at(tcp), segment, e)
}

// trouble returns where the troubles of a direction are counted.
func (t *Tracker) trouble(a *account, d Direction) *trouble {
	if a.troubles[d] == 0 {
		a.troubles[d] = t.troubles.take()
	}
	return t.troubles.at(a.troubles[d])
}

var untied ties // of flows that have nothing to do with others; not to be written to

// tied returns what a flow has to do with others, to be read.
func (t *Tracker) tied(a *account) *ties {
	if a.ties == 0 {
		return &untied
	}
	return t.ties.at(a.ties)
}

// tie is the same of flow n, to be written to.
func (t *Tracker) tie(n uint32) *ties {
	a := t.accounts.at(n)
	if a.ties == 0 {
		a.ties = t.ties.take()
	}
	return t.ties.at(a.ties)
}

// take lets c see a packet of direction d, with the method of its protocol.
func (c *Conntrack) take(d Direction, o *Observation, segment *TCPSegment) Outcome {
	switch o.Protocol {
	case protocolTCP:
		if segment == nil || o.is(badChecksum) { // its receiver drops it
			return Invalid
		}
		return c.TCP(d, segment)
	case protocolUDP:
		return c.UDP(d, o.Time)
	case protocolUDPLite:
		return c.UDPLite(d)
	case protocolDCCP:
		return c.DCCP(d, o.Time)
	case protocolSCTP:
		if len(o.body) < 12 {
			return Invalid
		}
		return c.SCTP(d, dissect.SCTP(o.body))
	case protocolGRE:
		return c.GRE(d)
	case protocolICMP, protocolICMPv6:
		if len(o.body) == 0 {
			return Invalid
		}
		if o.Protocol == protocolICMP {
			return c.ICMP(d, o.body[0])
		}
		return c.ICMPv6(d, o.body[0])
	}
	return c.Generic(d)
}

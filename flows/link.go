package flows

import (
	"encoding/binary"
	"math"
	"slices"
)

// What belongs together in spite of different keys is linked: a reply that comes under another label, a connection that moved to another
// member of a bond, the same packets at another capture point.

// A Link is what a flow has to do with another one.
type Link struct {
	Kind     LinkKind
	Flow     uint32 // ID of the other flow
	Evidence Evidence
	Packets  uint64 // that show it
	Frame    uint64 // number of the first of them

	// Of nat-of links:
	After  bool    // this flow has the addresses after the translation, the other one those before
	Turned bool    // the other flow's original direction is this one's reply
	Change Change  // what the translator changed
	Score  float64 // how sure it is, 0 to 1, see score
}

// LinkKind says in what two flows belong together.
type LinkKind uint8

const (
	ReplyOf        LinkKind = iota + 1 // each is one direction of a connection
	ContinuationOf                     // a connection that went on elsewhere: at another member of a bond, with a label more or less
	DuplicateOf                        // the same packets, captured at another place
	NATOf                              // the same packets with other addresses or ports
)

func (k LinkKind) String() string {
	return [...]string{"", "reply-of", "continuation-of", "duplicate-of", "nat-of"}[k]
}

// Evidence says why a link is believed in.
type Evidence uint8

const (
	TCPNumbers     Evidence = iota + 1 // one direction acknowledges what the other sent, or goes on where the other ended
	ICMPSequence                       // the reply has the number of a request that is not answered
	ProvenSegments                     // TCP or ICMP proved it of others between the same segments, and there is one candidate only
	SamePackets                        // the same packets were captured in both
	SamePayload                        // their payload was, under other addresses
	TCPShift                           // TCP's numbers differ by the same in all packets: a firewall hides those that its clients choose
	QuotedPacket                       // ICMP errors in both quote the same packet
	KernelEntry                        // a kernel's connection tracking says so; not of links between flows, which packets alone make
)

func (e Evidence) String() string {
	return [...]string{"", "tcp-numbers", "icmp-sequence", "proven-segments", "same-packets", "same-payload", "tcp-shift", "quoted-packet", "conntrack"}[e]
}

// links are the links of all flows, in lists.
type links struct {
	chunks[linkRecord]
	limit int
	lost  uint64 // that found no room
}

type linkRecord struct {
	Link
	segment uint32 // ID of the other flow's
	next    uint32

	// Of nat-of links:
	record      uint32 // number of the other flow's record, if it has not left
	weight      uint32 // bits of proof
	print       uint32 // of the last packet, if its identification was no proof: another one like it is none; 0 otherwise
	contested   uint32 // packets that may be of this pair or of another one, and are not among Packets
	first, last int64  // times of Packets, in nanoseconds since the Unix epoch
}

// maxTranslated bounds the nat-of links of a flow.
const maxTranslated = 64

// merge adds a nat-of link to a list, or what it says to that which is there.
func (l *links) merge(list *uint32, link *linkRecord) {
	length := 0
	for n := *list; n != 0; n = l.at(n).next {
		r := l.at(n)
		if r.Kind != NATOf {
			continue
		}
		if r.Flow == link.Flow {
			r.Packets += link.Packets
			r.contested += link.contested
			if link.print != 0 && link.print == r.print {
				link.weight = 0
			}
			r.print = link.print
			r.weight += min(link.weight, math.MaxUint32/dominance-min(r.weight, math.MaxUint32/dominance))
			r.first, r.last = min(r.first, link.first), max(r.last, link.last)
			return
		}
		length++
	}
	if length == maxTranslated || l.len() >= l.limit {
		l.lost++
		return
	}
	n := l.take()
	link.next = *list
	*l.at(n) = *link
	*list = n
}

// add adds a link to a list, unless it is there: then another packet shows it.
func (l *links) add(list *uint32, segment uint32, link Link) {
	for n := *list; n != 0; n = l.at(n).next {
		if r := l.at(n); r.Kind == link.Kind && r.Flow == link.Flow {
			r.Packets++
			return
		}
	}
	if l.len() >= l.limit {
		l.lost++
		return
	}
	n := l.take()
	*l.at(n) = linkRecord{Link: link, segment: segment, next: *list}
	*list = n
}

// drop gives a list's links back.
func (l *links) drop(list uint32) {
	for list != 0 {
		next := l.at(list).next
		l.give(list)
		list = next
	}
}

// maxTries is for how many packets of a flow in one direction alone its other one is looked for.
const maxTries = 8

// maxAlike bounds the flows with the same addresses and ports that are kept in a list.
const maxAlike = 32

// chain puts flow n into the list of those with the same addresses and ports.
func (t *Tracker) chain(n, hash uint32) {
	f := t.records.at(n)
	head := t.alikeHead(hash, &f.Tuple)
	if head == 0 {
		t.alike.insert(hash, n)
		f.state |= chained
		return
	}
	length := 1
	for m := head; t.records.at(m).next != 0; m = t.records.at(m).next {
		length++
	}
	if length >= maxAlike {
		return
	}
	f.next = head
	f.state |= chained
	t.alike.replace(hash, head, n)
}

// alikeHead is the first flow of that list, 0 if there is none.
func (t *Tracker) alikeHead(hash uint32, tuple *Tuple) uint32 {
	mask := uint32(len(t.alike.slots) - 1)
	for i := hash & mask; t.alike.slots[i].record != 0; i = (i + 1) & mask {
		if s := t.alike.slots[i]; s.hash == hash {
			if same, _ := t.records.at(s.record).alike(tuple); same {
				return s.record
			}
		}
	}
	return 0
}

// alike tells whether two tuples are the same in some direction, and whether it is the opposite one.
func (t *Tuple) alike(u *Tuple) (same, opposite bool) {
	switch {
	case t.Protocol != u.Protocol || t.Type != u.Type:
		return false, false
	case t.Src == u.Src && t.Dst == u.Dst && t.Sport == u.Sport && t.Dport == u.Dport:
		return true, false
	case t.Src == u.Dst && t.Dst == u.Src && (t.Sport == u.Dport && t.Dport == u.Sport || t.query() && t.Sport == u.Sport):
		return true, true
	}
	return false, false
}

func (t *Tracker) unchain(n uint32) {
	f := t.records.at(n)
	if f.state&chained == 0 {
		return
	}
	hash := uint32(f.Tuple.hash() >> 32)
	head := t.alikeHead(hash, &f.Tuple)
	switch {
	case head != n:
		before := head
		for t.records.at(before).next != n {
			before = t.records.at(before).next
		}
		t.records.at(before).next = f.next
	case f.next != 0:
		t.alike.replace(hash, n, f.next)
	default:
		t.alike.remove(hash, n)
	}
	f.next = 0
	f.state &^= chained
}

// seek looks for the flow that flow n, which has packets in direction d only, belongs to. c is what else was captured of the packet of o.
func (t *Tracker) seek(n uint32, d Direction, o *Observation, segment *TCPSegment, c *copyOf) {
	a, f := t.accounts.at(n), t.records.at(n)
	a.tries++
	head := t.alikeHead(uint32(f.Tuple.hash()>>32), &f.Tuple)
	if head == n && f.next == 0 {
		return // the usual case
	}
	var here, there candidates
	for m := head; m != 0; m = t.records.at(m).next {
		other := t.records.at(m)
		if m == n || other.segment == f.segment {
			continue
		}
		_, opposite := other.alike(&f.Tuple)
		kind, evidence := t.compare(m, d.flip(opposite), f.segment, o, segment)
		if evidence == 0 || kind == ContinuationOf && (c.holds(m) || t.uninterrupted(n, m, d, o, segment)) {
			continue
		}
		of := &there
		if t.segments.slots[other.segment].Point == t.segments.slots[f.segment].Point {
			of = &here
		}
		t.addCandidate(of, candidate{m, kind, evidence, opposite})
	}
	best := &here
	if here.n == 0 {
		best = &there
	}
	switch {
	case best.n == 1:
		t.join(n, best.first, o)
	case best.n > 1 && f.state&unsure == 0:
		f.state |= unsure
		t.counts.Ambiguous++
	}
}

// uninterrupted tells whether flow n has what came before the packet of o itself, so that it is not flow m which goes on in it, although that
// may have it, too: one direction of a connection, captured at two places.
func (t *Tracker) uninterrupted(n, m uint32, d Direction, o *Observation, s *TCPSegment) bool {
	f, a := t.records.at(n), t.accounts.at(n)
	switch {
	case t.proven(t.translations.byPair[pairOf(t.segmentOf(n).ID, t.segmentOf(m).ID)]):
		return true
	case s != nil:
		return f.tcp != 0 && t.tcps.at(f.tcp).sides[d].state&known != 0 && t.tcps.at(f.tcp).sides[d].next == s.Sequence
	default:
		return o.query() && a.direction(d).packets > 0 && int16(a.lastSeq-t.accounts.at(m).lastSeq) >= 0
	}
}

type candidates struct {
	first candidate
	n     int
}

type candidate struct {
	flow     uint32
	kind     LinkKind
	evidence Evidence
	opposite bool // its original direction is the other one
}

// addCandidate adds one, unless it is a candidate that is there already, captured at another place: then that stands for both which was
// captured where the packet came by first. A reply comes back by where its request was captured last.
func (t *Tracker) addCandidate(c *candidates, one candidate) {
	if c.n > 0 && t.proven(t.translations.byPair[pairOf(t.segmentOf(c.first.flow).ID, t.segmentOf(one.flow).ID)]) {
		if (t.records.at(one.flow).id < t.records.at(c.first.flow).id) != (one.kind == ReplyOf) {
			c.first = one
		}
		return
	}
	if c.n++; c.n == 1 {
		c.first = one
	}
}

func (d Direction) flip(flip bool) Direction {
	if flip {
		return d.Other()
	}
	return d
}

// maxQueries is how many requests may be under way.
const maxQueries = 64

// compare tells whether the packet of o, which has direction d of flow m, although in another segment, belongs to it.
func (t *Tracker) compare(m uint32, d Direction, segment uint32, o *Observation, s *TCPSegment) (LinkKind, Evidence) {
	f, a := t.records.at(m), t.accounts.at(m)
	oneSided := a.direction(d).packets == 0 && a.direction(d.Other()).packets > 0
	kind := ContinuationOf
	if oneSided {
		kind = ReplyOf
	}
	switch {
	case s != nil:
		tcp, dir := f.tcp, d
		if tied := t.tied(a); tied.owner != 0 {
			tcp, dir = t.records.at(tied.owner).tcp, d.flip(tied.flip)
		}
		if tcp == 0 {
			return 0, 0
		}
		if t.tcps.at(tcp).fits(dir, s, a.direction(d.Other()).payload) {
			return kind, TCPNumbers
		}
	case o.query() && oneSided && len(o.body) >= 8:
		// Requests and replies of two capture points may come in the wrong order, but not far from each other.
		if apart := int16(a.lastSeq - binary.BigEndian.Uint16(o.body[6:])); -maxQueries < apart && apart < maxQueries {
			return kind, ICMPSequence
		}
	case o.query() && len(o.body) >= 8:
		// It went on at another member of a bond: same path, same frames but for the place, the next number. Machines that were cloned
		// have addresses of their own.
		ahead := binary.BigEndian.Uint16(o.body[6:]) - a.lastSeq
		here, there := t.segments.slots[segment], t.segments.slots[f.segment]
		if 0 < ahead && ahead < maxQueries && o.Link != 0 && o.Link == *a.conntrack.frame() && elsewherePoint(here, there) && slices.Equal(here.Path, there.Path) {
			return kind, ICMPSequence
		}
	case !o.query() && oneSided:
		if t.pairs[pairOf(t.segments.slots[f.segment].ID, t.segments.slots[segment].ID)] != nil {
			return kind, ProvenSegments
		}
	}
	return 0, 0
}

// fits tells whether s goes on where direction d of the connection ended, or, if nothing was seen of that direction, answers the other one,
// which has sent so many bytes.
func (t *TCP) fits(d Direction, s *TCPSegment, sent uint64) bool {
	own, other := &t.sides[d], &t.sides[d.Other()]
	answers := other.state&known != 0 && s.Flags&ACK != 0 && within(s.Acknowledgment, other.next, sent)
	if own.state&known != 0 {
		return s.Sequence == own.next && s.Flags&SYN == 0 && (answers || other.state&known == 0 || s.Flags&ACK == 0)
	}
	return answers
}

// within tells whether a is b, or at most so many bytes before it, and a SYN or FIN.
func within(a, b uint32, sent uint64) bool { return uint64(b-a) <= sent+1 }

// pairOf is the key of two segments that are the two directions of one.
func pairOf(a, b uint32) [2]uint32 { return [2]uint32{min(a, b), max(a, b)} }

// maxPairs bounds the pairs of segments that are remembered.
const maxPairs = 1 << 16

// join links flow n to what it belongs to, whose state it shares from now on.
func (t *Tracker) join(n uint32, c candidate, o *Observation) {
	f := t.records.at(n)
	own, other := t.tie(n), t.tie(c.flow)
	owner, flip := c.flow, c.opposite
	if other.owner != 0 {
		owner, flip = other.owner, flip != other.flip
	}
	own.owner, own.flip = owner, flip
	t.sure(n)
	t.sure(c.flow)
	head := t.tie(owner)
	own.nextMember, head.members = head.members, n
	t.link(n, c.flow, Link{Kind: c.kind, Evidence: c.evidence, Packets: 1, Frame: o.Frame})
	if c.evidence != ProvenSegments && c.kind == ReplyOf {
		t.pair(t.segments.slots[f.segment], t.segmentOf(c.flow), c.evidence, o)
	}
}

// sure says that flow n is linked after all.
func (t *Tracker) sure(n uint32) {
	if f := t.records.at(n); f.state&unsure != 0 {
		f.state &^= unsure
		t.counts.Ambiguous--
	}
}

// disown ends what flow n, which leaves, has to do with others.
func (t *Tracker) disown(n uint32) {
	own := t.tied(t.accounts.at(n))
	for m := own.members; m != 0; {
		member := t.tie(m)
		m, member.owner, member.nextMember, member.flip = member.nextMember, 0, 0, false
	}
	if own.owner == 0 {
		return
	}
	for at := &t.tie(own.owner).members; *at != 0; at = &t.tie(*at).nextMember {
		if *at == n {
			*at = own.nextMember
			return
		}
	}
}

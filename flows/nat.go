package flows

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// A translator of addresses leaves of a packet what its print is made of, and mostly its identification: so two flows with different
// addresses that have the same packets are one connection, before and after it.
//
// A wrong link is worse than none. So a packet weighs by how hard it is to have by chance (see weigh), a flow is linked when its packets weigh
// enough together, and of packets that several flows of one place could have had, none counts: see contested.

// What a packet weighs, in bits: about the binary logarithm of how many others had to be looked at to meet one like it by chance.
const (
	weighsNumbers  = 32 // TCP's numbers at most, see weighNumbers
	weighsShifted  = 20 // TCP's numbers, off by as much as those of another segment of the connection
	weighsPayload  = 12 // 16 bytes of payload at least, or as many behind the number of an ICMP query
	weighsLittle   = 6  // fewer
	weighsQuoted   = 12 // an ICMP error that quotes the packet
	weighsID       = 12 // that the identifications are the same
	weighsOtherID  = -6 // that they differ
	weighsHop      = 4  // that it has passed a router in between
	weighsBothEnds = -8 // that both addresses, or their ports, are others
)

// Proof enough to link two flows, in bits.
const linkWeight = 16

// halfScore is how many bits halve what a link's score lacks to 1.
const halfScore = 8

// trust is how many packets that only one flow could have had it takes to believe in a link in spite of one that several could have had.
const trust = 4

// Change says what a translator changed, by bits.
type Change uint8

const (
	SourceAddress Change = 1 << iota
	SourcePort           // or the identifier of an ICMP query
	DestinationAddress
	DestinationPort
	Version // of IP
)

// SNAT tells that the source was translated.
func (c Change) SNAT() bool { return c&(SourceAddress|SourcePort) != 0 }

// DNAT tells that the destination was translated.
func (c Change) DNAT() bool { return c&(DestinationAddress|DestinationPort) != 0 }

// Changed tells what differs between two tuples of one packet, before a translator and behind it.
func Changed(before, after *Tuple) Change { return changed(before, after, false) }

// changed tells what differs between the tuple of a flow before a translator and the one behind it, which has the other direction for its
// original one if opposite is set.
func changed(before, after *Tuple, opposite bool) (c Change) {
	x := *after
	if opposite {
		x = after.Reverse()
	}
	if before.Src != x.Src {
		c |= SourceAddress
	}
	if before.Sport != x.Sport {
		c |= SourcePort
	}
	if before.Dst != x.Dst {
		c |= DestinationAddress
	}
	if before.Dport != x.Dport {
		c |= DestinationPort
	}
	if before.V4() != x.V4() {
		c |= Version
	}
	return c
}

// likeness is how much speaks for two captures being of one packet.
type likeness struct {
	weight int // bits; 0 if they cannot be
	rank   int // of several that have the same print, those that are more like a packet outdo the others
}

// What raises a rank: the same identification, or at least not another one; the same address and port at one end.
const (
	ranksEnd    = 1
	ranksNoID   = 2
	ranksSameID = 4
)

// compare tells how much speaks for the packet of o being the one that was captured before as was, in a flow with that tuple. If that was
// not elsewhere, a router must have been in between, which took at least one from the TTL.
func (was *capture) compare(before *Tuple, o *Observation, elsewhere bool) (l likeness) {
	switch {
	case o.TTL == was.ttl && !elsewhere, !o.printProves(), before.Protocol != o.Protocol && !(before.query() && o.query()):
		return likeness{}
	case o.is(related):
		l.weight = weighsQuoted
	case o.Protocol == protocolTCP:
		l.weight = weighNumbers(o)
	case len(o.body) >= 8+16:
		l.weight = weighsPayload
	default:
		l.weight = weighsLittle
	}
	switch {
	case o.ipID == 0 || was.ipID == 0:
		l.rank = ranksNoID
		if o.TTL == was.ttl && o.Protocol != protocolTCP { // two hosts that say the same
			return likeness{}
		}
	case o.ipID == was.ipID:
		l.weight += weighsID
		l.rank = ranksSameID
	case o.Protocol != protocolTCP:
		l.weight += weighsOtherID
	}
	if o.TTL != was.ttl {
		l.weight += weighsHop
	}
	switch {
	case before.V4() != o.V4():
		if !before.translatesVersion(was.d, &o.Tuple) {
			if o.Protocol != protocolTCP { // two programs that say the same over both, such as traceroute
				return likeness{}
			}
			l.weight += weighsBothEnds
		}
	case before.samePair(&o.Tuple): // ports alone differ: these are rather two connections of the same hosts
		if l.rank != ranksSameID || !before.sharesEnd(was.d, &o.Tuple) {
			return likeness{}
		}
	case before.sharesEnd(was.d, &o.Tuple):
		l.rank += ranksEnd
	default:
		l.weight += weighsBothEnds
	}
	l.weight = max(1, l.weight)
	return l
}

// samePair tells whether two tuples are of the same two addresses.
func (t *Tuple) samePair(u *Tuple) bool {
	return t.Src == u.Src && t.Dst == u.Dst || t.Src == u.Dst && t.Dst == u.Src
}

// translatesVersion tells whether a packet with tuple u can be one of direction d of a flow with tuple t in the other version of IP: an address of
// version 4 is in one of version 6 (RFC 6052 §2.2), and one of the ports, which NAT64 leaves to the server (RFC 6146 §3.5.1), is the same.
func (t *Tuple) translatesVersion(d Direction, u *Tuple) bool {
	x := *t
	if d == Reply {
		x = t.Reverse()
	}
	if hasPorts(u.Protocol) && x.Sport != u.Sport && x.Dport != u.Dport {
		return false
	}
	four, six := &x, u
	if u.V4() {
		four, six = u, &x
	}
	return embeds(&six.Src, &four.Src) || embeds(&six.Dst, &four.Dst)
}

// embeds tells whether an address of version 6 has one of version 4 in it, behind a prefix of any length that RFC 6052 §2.2 knows. Bits 64 to
// 71 are left out.
func embeds(six, four *[16]byte) bool {
	for _, at := range [...][4]int{{4, 5, 6, 7}, {5, 6, 7, 9}, {6, 7, 9, 10}, {7, 9, 10, 11}, {9, 10, 11, 12}, {12, 13, 14, 15}} {
		if six[at[0]] == four[12] && six[at[1]] == four[13] && six[at[2]] == four[14] && six[at[3]] == four[15] {
			return true
		}
	}
	return false
}

// weighNumbers is what TCP's two numbers weigh. Random ones have their highest bit at the top; those of generators begin at 0 and are alike.
func weighNumbers(o *Observation) int {
	if len(o.body) < 12 {
		return 0
	}
	return min(weighsNumbers, (bits.Len32(binary.BigEndian.Uint32(o.body[4:]))+bits.Len32(binary.BigEndian.Uint32(o.body[8:])))/2)
}

// sharesEnd tells whether a packet with tuple u has the same source or the same destination as one of direction d of a flow with tuple t.
func (t *Tuple) sharesEnd(d Direction, u *Tuple) bool {
	x := *t
	if d == Reply {
		x = t.Reverse()
	}
	return x.Src == u.Src && (x.Sport == u.Sport || u.query()) || x.Dst == u.Dst && (x.Dport == u.Dport || u.query())
}

// printProves tells whether a packet says enough to be known again by its print: two of TCP's numbers, or some bytes of payload.
func (o *Observation) printProves() bool {
	switch {
	case o.Protocol == protocolTCP, o.is(related):
		return true
	case o.query():
		return len(o.body) >= 8
	}
	return len(o.body) >= 8+4 && !o.is(carrying) // tunnels carry the same broadcast to several ends
}

// tieTranslated links flow n, which has the packet of o in direction d, to those that have it with other addresses. If several flows of one
// place could be what it was or became, nobody knows which it is: the packet counts against all of them.
func (t *Tracker) tieTranslated(o *Observation, n uint32, d Direction, c *copyOf) {
	if len(c.others) == 0 {
		return // nearly always
	}
	here := capture{flow: n, point: o.point, ttl: o.TTL}
	if len(c.same) > 0 {
		t.contestPassed(o, &here, c)
	}
	for i := range c.others {
		was := &c.others[i]
		like := t.likeness(was, o, n)
		if like.weight == 0 || like.doubtful(o) && t.passed(was, &here, c) {
			continue
		}
		contested := false
		for j := range c.others {
			rival := &c.others[j]
			if i == j || rival.flow == was.flow || !t.alive(rival) || t.sameTuple(rival.flow, was.flow) {
				continue
			}
			if t.samePlace(rival, was) { // both could be what n was or became
				other := t.likeness(rival, o, n)
				switch {
				case other.weight == 0 || other.rank < like.rank:
				case other.rank > like.rank:
					like.weight = 0
				default:
					contested = true
				}
			}
			if t.samePlace(rival, &here) { // so could n and the rival be for what was captured before
				other := t.likenessOf(was, rival, o)
				switch {
				case other.weight == 0 || other.rank < like.rank:
				case other.rank > like.rank:
					like.weight = 0
				default:
					contested = true
					if like.rank >= ranksNoID {
						t.contest(was.flow, rival.flow)
					}
				}
			}
		}
		switch {
		case like.weight == 0:
		case !contested:
			t.prove(o, n, d, was, like.weight)
		case like.rank >= ranksNoID: // those with other identifications are no candidates if there are several
			t.prove(o, n, d, was, 0)
		}
	}
}

// doubtful tells whether another packet than that of o may have its print by chance: some hosts say the same all the time.
func (l likeness) doubtful(o *Observation) bool {
	return l.rank < ranksSameID && o.Protocol != protocolTCP
}

// passed tells whether one of two packets with the same print, captured as was and here, was captured on both hops as it is: then it did not
// become the other one in between.
func (t *Tracker) passed(was, here *capture, c *copyOf) bool {
	for i := range c.same {
		if t.alive(&c.same[i]) && t.sameHop(&c.same[i], was) {
			return true
		}
	}
	for i := range c.others {
		if r := &c.others[i]; r.ipID == was.ipID && t.alive(r) && t.sameTuple(r.flow, was.flow) && t.sameHop(r, here) {
			return true
		}
	}
	return false
}

// contestPassed contests what the packets that were captured here seemed to have been before it came out that another one passed as it is.
func (t *Tracker) contestPassed(o *Observation, here *capture, c *copyOf) {
	for i := range c.others {
		other := &c.others[i]
		if !t.alive(other) || !t.sameHop(other, here) {
			continue
		}
		for j := range c.same {
			if s := &c.same[j]; t.alive(s) && !t.sameHop(s, here) && t.likenessOf(s, other, o).doubtful(o) {
				t.contest(s.flow, other.flow)
			}
		}
	}
}

// sameHop tells whether two packets were captured at one place, with as many routers before it.
func (t *Tracker) sameHop(a, b *capture) bool { return a.ttl == b.ttl && t.samePlace(a, b) }

// samePlace tells whether two packets were captured at one place.
func (t *Tracker) samePlace(a, b *capture) bool {
	return a.point == b.point && !anotherInterface(t.segmentOf(a.flow), t.segmentOf(b.flow))
}

// alive tells whether the flow of a capture has not left.
func (t *Tracker) alive(c *capture) bool { return t.records.at(c.flow).id == c.id }

// tieQuoted links flow n, of which an ICMP error quotes a packet, to those of which it did so where it was captured before.
func (t *Tracker) tieQuoted(e, quoted *Observation, n uint32) {
	if quoted.Print == 0 {
		return
	}
	o := *quoted
	o.TTL = e.TTL // that of what was quoted stays
	c := t.copied(&o, t.segmentOf(n), 0)
	t.tieTranslated(&o, n, t.records.at(n).directionOf(&o.Tuple), c)
	f := t.records.at(n)
	t.copies.remember(&o, n, f.id, f.directionOf(&o.Tuple), c)
}

// likeness is how much speaks for the packet of o, which flow n has, being the captured one.
func (t *Tracker) likeness(was *capture, o *Observation, n uint32) likeness {
	if was.flow == n || !t.alive(was) {
		return likeness{}
	}
	return was.compare(&t.records.at(was.flow).Tuple, o, !t.samePlace(was, &capture{flow: n, point: o.point}))
}

// likenessOf is the same for two that were captured before.
func (t *Tracker) likenessOf(a, b *capture, o *Observation) likeness {
	x := *o // it has the same print, and so the same payload
	x.Tuple = t.records.at(b.flow).Tuple
	if b.d == Reply {
		x.Tuple = x.Tuple.Reverse()
	}
	x.ipID, x.TTL, x.point = b.ipID, b.ttl, b.point
	return t.likeness(a, &x, b.flow)
}

// sameTuple tells whether two flows have the same addresses and ports.
func (t *Tracker) sameTuple(a, b uint32) bool {
	same, _ := t.records.at(a).alike(&t.records.at(b).Tuple)
	return same
}

// contest notes that a packet which linked two flows might have been another one.
func (t *Tracker) contest(a, b uint32) {
	for range 2 {
		id := t.records.at(b).id
		for l := t.tied(t.accounts.at(a)).links; l != 0; l = t.links.at(l).next {
			if r := t.links.at(l); r.Kind == NATOf && r.Flow == id {
				r.contested++
			}
		}
		a, b = b, a
	}
}

// prove notes that flow n has the packet of o, captured before as was, and so many bits of proof; 0 if it was contested.
func (t *Tracker) prove(o *Observation, n uint32, d Direction, was *capture, weight int) {
	evidence := SamePayload
	switch {
	case o.is(related):
		evidence = QuotedPacket
	case o.Protocol == protocolTCP:
		evidence = TCPNumbers
	case o.query():
		evidence = ICMPSequence
	}
	t.addTranslation(o, n, d, was, evidence, weight)
}

// addTranslation notes in flow n and in that of was what they are to each other.
func (t *Tracker) addTranslation(o *Observation, n uint32, d Direction, was *capture, evidence Evidence, weight int) {
	// Nearer to its sender a packet has the higher TTL, and of the reply direction that is the side behind the translator.
	after := o.TTL < was.ttl || o.TTL == was.ttl && o.Time >= was.time
	if (was.d == Reply) != o.is(related) { // an error goes the other way than what it quotes
		after = !after
	}
	f, g := t.records.at(n), t.records.at(was.flow)
	r := linkRecord{Link: Link{Kind: NATOf, Evidence: evidence, Packets: 1, Frame: o.Frame, Turned: d != was.d}, weight: uint32(weight), first: o.Time,
		last: o.Time}
	if o.Protocol != protocolTCP && o.ipID != was.ipID {
		r.print = uint32(o.Print) | 1
	}
	if after {
		r.Change = changed(&g.Tuple, &f.Tuple, r.Turned)
	} else {
		r.Change = changed(&f.Tuple, &g.Tuple, r.Turned)
	}
	if weight == 0 {
		r.Packets, r.contested = 0, 1
	}
	t.translation(n, was.flow, r, after)
	t.translation(was.flow, n, r, !after)
}

// translation notes in flow n what r says of it and the other flow.
func (t *Tracker) translation(n, other uint32, r linkRecord, after bool) {
	s := t.segmentOf(other)
	r.Flow, r.segment, r.record, r.After = t.records.at(other).id, s.ID, other, after
	t.links.merge(&t.tie(n).links, &r)
}

// believed tells whether the packets of a nat-of link prove it.
func (r *linkRecord) believed() bool {
	return r.weight >= linkWeight && r.Packets >= trust*uint64(r.contested)
}

// proves tells whether a nat-of link of flow n is believed in: its packets prove it, and neither flow has as good a claim to be another one.
func (t *Tracker) proves(n, l uint32) bool {
	r := t.links.at(l)
	if !r.believed() || t.disputed(n, r) {
		return false
	}
	other := r.record
	if t.records.at(other).id != r.Flow {
		return true // it has left
	}
	id := t.records.at(n).id
	for m := t.tied(t.accounts.at(other)).links; m != 0; m = t.links.at(m).next {
		if back := t.links.at(m); back.Kind == NATOf && back.Flow == id {
			return !t.disputed(other, back)
		}
	}
	return true
}

// disputed tells whether flow n has another nat-of link that cannot be true together with r: it leads to other addresses at the same
// place, and was seen at the same time. One after the other they can: a translation ended, and its port was given to somebody else. Much
// more proof of the one outdoes the other.
func (t *Tracker) disputed(n uint32, r *linkRecord) bool {
	if t.records.at(r.record).id != r.Flow {
		return false
	}
	for m := t.tied(t.accounts.at(n)).links; m != 0; m = t.links.at(m).next {
		x := t.links.at(m)
		if x.Kind != NATOf || x == r || x.weight*dominance <= r.weight || x.first > r.last || r.first > x.last || x.After != r.After ||
			t.records.at(x.record).id != x.Flow {
			continue
		}
		if !elsewherePoint(t.segmentOf(x.record), t.segmentOf(r.record)) && !t.sameTuple(x.record, r.record) {
			return true
		}
	}
	return false
}

// score is that of a nat-of link of flow n.
func (t *Tracker) score(n uint32, r *linkRecord) float64 {
	possible := uint64(0)
	a, b := t.accounts.at(n), t.accounts.at(n)
	opposite := false
	if t.records.at(r.record).id == r.Flow {
		b, opposite = t.accounts.at(r.record), r.Turned
	}
	for d := Original; d <= Reply; d++ {
		possible += min(a.direction(d).packets, b.direction(d.flip(opposite)).packets)
	}
	return score(r.weight, r.Packets, possible)
}

// score is how sure a link is, from 0 to 1: the share of the packets that prove it among those that could have, in each direction as many as
// the flow has that has fewer; and of that what is left when the doubt, 1 at first, is halved by every eight bits of proof.
func score(weight uint32, packets, possible uint64) float64 {
	if possible == 0 {
		return 0
	}
	share := min(1, float64(packets)/float64(possible))
	return share * (1 - math.Exp2(-float64(weight)/halfScore))
}

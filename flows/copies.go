package flows

import (
	"encoding/binary"
	"slices"
	"time"
)

// The same packet may be captured more than once: at two capture points, or twice at one that mirrors two ports. A second capture in the
// same segment is a duplicate, and no retransmission. One at another place links the two flows, and is evidence that the two segments are
// one network, seen under two names. One with other addresses was translated, see nat.go.

// A copy comes within this time and so many packets.
const (
	copyTime    = 100 * time.Millisecond
	copyPackets = 1 << 16
)

// copies remembers the last packets, and finds them by their prints. A packet that was captured at several places has room for a few of them.
//
// Nearly all packets are captured once. To see that there is nothing of them takes one line of memory; what is remembered of packets lies in the
// order of the capture, so that to write it needs none of those that lie elsewhere.
type copies struct {
	sets []copySet
	last []capture // as many packets as count, around and around
	next uint16    // the place of the one captured longest ago
}

const copyWays = 7

// copySet has packets whose prints are alike, each in a place of its own. It is one cache line.
type copySet struct {
	tags   lanes            // more of their prints
	names  lanes            // what nameOf says of them
	wheres lanes            // what where says of them
	at     [copyWays]uint16 // their numbers in last, if that is theirs still
	next   uint8            // the place whose packet was captured longest ago
	alike  uint8            // places of packets that prove nothing, by bits: there was one like it in another segment of the same capture point
}

// lanes are 16 bits for each place, which are compared all at a time.
type lanes [2]uint64

func (l *lanes) set(place uint8, v uint16) {
	shift := place % 4 * 16
	l[place/4] = l[place/4]&^(0xffff<<shift) | uint64(v)<<shift
}

// equal returns the places that have v, by bits.
func (l *lanes) equal(v uint16) uint8 {
	all := uint64(v) * 0x0001_0001_0001_0001
	return (zeros(l[0]^all) | zeros(l[1]^all)<<4) & (1<<copyWays - 1)
}

// zeros returns which of the four parts of 16 bits are zero, by bits.
func zeros(x uint64) uint8 {
	const low = 0x7fff_7fff_7fff_7fff
	top := ^(x&low + low | x | low) >> 15
	return uint8(top|top>>15|top>>30|top>>45) & 0xf
}

// capture is a packet where it was captured.
type capture struct {
	print uint64
	time  int64
	frame uint64
	link  uint32
	flow  uint32
	id    uint32 // of the flow, which may have left
	ipID  uint16
	point uint16
	depth uint8 // IP headers around it
	ttl   uint8
	d     Direction
	place uint8 // in its set
}

// copySets is a power of two; there is room for nearly twice as many packets as count.
const copySets = 1 << 14

func newCopies() *copies {
	return &copies{sets: make([]copySet, copySets), last: make([]capture, copyPackets)}
}

// renewed is c without what it remembers.
func (c *copies) renewed() *copies {
	clear(c.sets)
	clear(c.last)
	c.next = 0
	return c
}

func (c *copies) set(print uint64) *copySet { return &c.sets[print%copySets] }

// remember keeps the packet of o, which has direction d of the flow n with that ID, in the place of the one captured longest ago. with is
// what copied said of it.
func (c *copies) remember(o *Observation, n, id uint32, d Direction, with *copyOf) {
	set := c.set(o.Print)
	place := set.next
	set.next = (place + 1) % copyWays
	set.tags.set(place, tagOf(o.Print))
	set.names.set(place, nameOf(o))
	set.wheres.set(place, where(o))
	set.at[place] = c.next
	set.alike &^= 1 << place
	if with.alike {
		set.alike |= 1 << place
	}
	was := &c.last[c.next]
	was.print, was.time, was.frame, was.link = o.Print, o.Time, o.Frame, o.Link
	was.flow, was.id, was.ipID, was.point = n, id, o.ipID, o.point
	was.depth, was.ttl, was.d, was.place = with.depth, o.TTL, d, place
	c.next++
}

// in returns the packet with a print in a place of its set; nil if there is another one, or it is too long ago.
func (c *copies) in(set *copySet, place int, print uint64) *capture {
	was := &c.last[set.at[place]]
	if was.print != print || int(was.place) != place {
		return nil
	}
	return was
}

// tagOf is what tells the prints of a set apart, nearly always.
func tagOf(print uint64) uint16 { return uint16(print / copySets) }

// nameOf is the same for packets with the same tuple and the same identification.
func nameOf(o *Observation) uint16 { return uint16(o.hash) ^ o.ipID }

// noWhere is the number of capture points of which where says nothing.
const noWhere = 0xff

// where is the TTL of a packet, and where it was captured.
func where(o *Observation) uint16 { return uint16(o.TTL)<<8 | min(o.point, noWhere) }

// copyOf is what else was captured of a packet.
type copyOf struct {
	depth     uint8     // IP headers around it
	duplicate bool      // it was captured before in the same segment
	whole     bool      // and with as much around it, so that this is a duplicate, too
	matches   []capture // where else it was captured
	same      []capture // where else it was captured with the same addresses, whether that is the same network or not
	others    []capture // packets with the same print and other addresses: it may have been translated
	alike     bool      // there is one like it in another segment of one of those places: nobody knows which is whose
}

// copied looks the packet of the innermost observation o, captured in segment s with so many IP headers around it, up among those captured
// before. What it returns is good until the next call.
func (t *Tracker) copied(o *Observation, s *Segment, depth uint8) *copyOf {
	c := &t.copy // field by field: a copy of the whole would wait for what was just written of it
	c.depth, c.duplicate, c.whole, c.alike = depth, false, false, false
	c.matches, c.same, c.others = c.matches[:0], c.same[:0], c.others[:0]
	if o.is(portless | untracked) {
		return c
	}
	set := t.copies.set(o.Print)
	places := set.tags.equal(tagOf(o.Print))
	if places == 0 || !set.worthwhile(places, o, s) {
		return c
	}
	var alike [copyWays]*capture // those with the same addresses and identification, the first captured first
	var at [copyWays]int         // their places
	n, before := 0, 0            // how many, and how many of them were captured exactly here
	for k := range copyWays {
		i := (int(set.next) + k) % copyWays
		if places>>i&1 == 0 {
			continue
		}
		was := t.copies.in(set, i, o.Print)
		if was == nil || o.Frame-was.frame > copyPackets || max(o.Time-was.time, was.time-o.Time) > int64(copyTime) {
			continue
		}
		flow := t.records.at(was.flow)
		if flow.id != was.id {
			continue // it has left
		}
		same, opposite := flow.alike(&o.Tuple)
		switch {
		case !same:
			c.others = append(c.others, *was)
		case opposite != (was.d == Reply) || o.ipID != was.ipID:
			// An answer that is like the question, or another packet that is like this one.
		default:
			alike[n], at[n] = was, i
			n++
			c.same = append(c.same, *was)
			if t.segments.slots[flow.segment] == s && was.onHop(o) {
				before++
			}
		}
	}
	met := uint8(0) // places of those in other segments, by bits
	for k, was := range alike[:n] {
		i, other := at[k], t.segmentOf(was.flow)
		switch counterpart := counterparts(alike[:k], was); {
		case other == s:
			if again(o) && !t.sentAgain(o, alike[:n]) || !was.onHop(o) && counterpart >= before {
				c.duplicate, c.whole = true, c.whole || was.depth == depth
			}
		case !elsewhere(o, was, other, s):
			if o.Link == was.link {
				c.alike = true
				met |= 1 << i
			}
		case counterpart == before && sameNetwork(o, was):
			c.match(o, was)
			c.alike = c.alike || set.alike>>i&1 != 0
			met |= 1 << i
		}
	}
	if c.alike {
		t.spoil(set, met, s)
		c.matches = c.matches[:0]
		return c
	}
	for i := range c.matches {
		t.translate(t.segmentOf(c.matches[i].flow), s, &c.matches[i], o)
	}
	return c
}

// worthwhile tells whether one of the packets in these places may be worth a look: one with the same tuple and identification, or one that was
// captured at another place than o, or behind a router. What has another tuple at the same place was not translated, see compare.
func (s *copySet) worthwhile(places uint8, o *Observation, in *Segment) bool {
	return places&(s.names.equal(nameOf(o))|^s.wheres.equal(where(o))) != 0 || o.point >= noWhere || in.is(interfaced)
}

// onHop tells whether the packet of o is on the same hop as was, captured at the same place, if it is in the same segment.
func (was *capture) onHop(o *Observation) bool {
	return o.point == was.point && o.Link == was.link && o.TTL == was.ttl
}

// counterparts counts which of these were captured where was is. What is sent twice and has no identification is captured twice at each place, and of
// two places the first ones belong together, and the second ones.
func counterparts(these []*capture, was *capture) (n int) {
	for _, x := range these {
		if x.flow == was.flow && x.point == was.point && x.link == was.link && x.ttl == was.ttl {
			n++
		}
	}
	return n
}

// match notes that the packet of o was captured as was. Of one flow that has it on several hops the one counts that it shares.
func (c *copyOf) match(o *Observation, was *capture) {
	for i := range c.matches {
		if m := &c.matches[i]; m.flow == was.flow {
			if was.ttl == o.TTL {
				*m = *was
			}
			return
		}
	}
	c.matches = append(c.matches, *was)
}

// holds tells whether flow n has the packet, too.
func (c *copyOf) holds(n uint32) bool {
	return slices.ContainsFunc(c.same, func(was capture) bool { return was.flow == n })
}

// spoil takes back what the packets at the met places of a set proved of each other: now there is one in segment s that is like them, so that
// nobody knows which is whose.
func (t *Tracker) spoil(set *copySet, met uint8, s *Segment) {
	for i := range copyWays {
		if met>>i&1 == 0 {
			continue
		}
		a := &t.copies.last[set.at[i]]
		for j := range i {
			switch b := &t.copies.last[set.at[j]]; {
			case met>>j&1 == 0 || (set.alike>>i)&(set.alike>>j)&1 != 0:
			case a.frame < b.frame:
				t.retract(a, b)
			default:
				t.retract(b, a)
			}
		}
		t.contradict(t.segmentOf(a.flow), s)
	}
	set.alike |= met
}

// again tells whether o, which was captured before on the same hop, was captured once more and not sent once more: its identification says so,
// or TCP would have had no time to send it again.
func again(o *Observation) bool { return o.ipID != 0 || o.is(numbered) }

// sentAgain tells whether o is a segment that was sent again although that is not to be seen in it, as it has no identification: the receiver
// asks for it. Those like it were captured before.
func (t *Tracker) sentAgain(o *Observation, alike []*capture) bool {
	if o.ipID != 0 || o.Protocol != protocolTCP || o.Payload == 0 || len(o.body) < 8 {
		return false
	}
	var last *capture // on the same hop
	for _, was := range alike {
		if was.onHop(o) {
			last = was
		}
	}
	if last == nil {
		return false
	}
	n, d := last.flow, last.d
	if tied := t.tied(t.accounts.at(n)); tied.owner != 0 {
		n, d = tied.owner, d.flip(tied.flip)
	}
	tcp := t.records.at(n).tcp
	return tcp != 0 && t.tcps.at(tcp).asked(d, binary.BigEndian.Uint32(o.body[4:]), ticksOf(last.time), ticksOf(o.Time))
}

// elsewhere tells whether the packet of o, in segment s, was captured at another place than the one captured before in segment other. A packet in
// two segments of one place is two tenants', even if these send alike.
func elsewhere(o *Observation, was *capture, other, s *Segment) bool {
	return o.point != was.point || anotherInterface(other, s)
}

// elsewherePoint tells whether two segments were met at different places.
func elsewherePoint(a, b *Segment) bool { return a.Point != b.Point || anotherInterface(a, b) }

// anotherInterface tells whether the two are of different interfaces in a capture of several.
func anotherInterface(a, b *Segment) bool {
	return a.is(interfaced) && b.is(interfaced) && a.Path[0] != b.Path[0]
}

// sameNetwork tells whether a packet that was captured at two places can have gone from one to the other: over bridges and tunnels with the
// same frame around it, or over routers. What machines send that were cloned is alike, too, but for the addresses of their interfaces.
func sameNetwork(o *Observation, was *capture) bool {
	if o.TTL == was.ttl {
		return o.Link == was.link && o.Link != 0
	}
	return (o.TTL < was.ttl) == (o.Time >= was.time)
}

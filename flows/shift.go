package flows

// A firewall that hides the numbers which its clients choose adds the same to all of them, in one direction of a connection or in both (ISN
// randomisation), so that the packets of one connection have two prints. What stays the same is the rest: timestamps and payload, or the
// identification. Two segments for which the numbers differ by the same are proof, one is none. Only the beginnings of connections are
// looked at.

// shiftedPackets is how many packets of each direction of a flow are looked at.
const shiftedPackets = 8

// shifts remembers beginnings of connections, and by how much the numbers of pairs of them differ.
type shifts struct {
	sets  []shiftSet
	pairs []shiftPair // by a hash; a new one takes the place of an old one
}

const (
	shiftWays  = 4
	shiftSets  = 1 << 10
	shiftPairs = 1 << 10
)

type shiftSet struct {
	prints   [shiftWays]uint64 // 0 is a free place
	next     uint64
	captures [shiftWays]shiftCapture
}

type shiftCapture struct {
	capture
	sequence, acknowledgment uint32
}

// shiftPair is what is known of two flows.
type shiftPair struct {
	low, high uint32    // IDs
	shift     [2]uint32 // what is to be added to numbers of the lower one's direction to have those of the other flow
	last      [2]uint32 // the sequence number that said so
	known     [2]bool
}

func newShifts() *shifts {
	return &shifts{sets: make([]shiftSet, shiftSets), pairs: make([]shiftPair, shiftPairs)}
}

// renewed is s without what it remembers.
func (s *shifts) renewed() *shifts {
	clear(s.sets)
	clear(s.pairs)
	return s
}

// shiftPrint is a fingerprint without TCP's numbers, 0 if what is left says too little.
func shiftPrint(o *Observation, s *TCPSegment) uint64 {
	var x uint64
	switch {
	case s.Flags&RST != 0:
		return 0
	case s.HasTimestamps && s.TSVal != 0:
		x = fold(uint64(s.TSVal)<<32^uint64(s.TSEcr)^fold1, fold2)
	case o.ipID != 0:
		x = fold(uint64(o.ipID)^fold2, fold1)
	default:
		return 0
	}
	x = fold(x^uint64(s.Window)<<48^uint64(s.Flags)<<32^uint64(s.Payload), fold3)
	if b := o.body; len(b) >= 20 {
		if header := int(b[12]>>4) * 4; header < len(b) {
			x = printBytes(x, b[header:])
		}
	}
	return max(1, x)
}

// tieShifted links flow n, whose direction d has the segment s, to those that have it with other addresses and other numbers.
func (t *Tracker) tieShifted(o *Observation, s *TCPSegment, n uint32, d Direction) {
	if t.accounts.at(n).direction(d).packets > shiftedPackets {
		return
	}
	print := shiftPrint(o, s)
	if print == 0 {
		return
	}
	set := &t.shifts.sets[print%shiftSets]
	for i := range set.captures {
		was := &set.captures[i]
		if set.prints[i] != print || max(o.Time-was.time, was.time-o.Time) > int64(copyTime) ||
			was.sequence == s.Sequence && was.acknowledgment == s.Acknowledgment {
			continue
		}
		if like := t.likeness(&was.capture, o, n); like.weight > 0 && !t.sameTuple(n, was.flow) && t.shifted(s, n, d, was) {
			t.addTranslation(o, n, d, &was.capture, TCPShift, weighsShifted)
		}
	}
	set.prints[set.next] = print
	set.captures[set.next] = shiftCapture{capture{time: o.Time, frame: o.Frame, link: o.Link, flow: n, id: t.records.at(n).id, ipID: o.ipID, point: o.point, ttl: o.TTL,
		d: d}, s.Sequence, s.Acknowledgment}
	set.next = (set.next + 1) % shiftWays
}

// shifted tells whether the numbers of s, which flow n has in direction d, differ from those of was by the same as others of these two flows
// did before.
func (t *Tracker) shifted(s *TCPSegment, n uint32, d Direction, was *shiftCapture) bool {
	low, high := t.records.at(n).id, was.id
	sequence, acknowledgment := was.sequence-s.Sequence, was.acknowledgment-s.Acknowledgment
	if low > high {
		low, high, d = high, low, was.d
		sequence, acknowledgment = -sequence, -acknowledgment
	}
	p := &t.shifts.pairs[fold(uint64(low)<<32^uint64(high), fold1)%shiftPairs]
	var found [2]uint32
	var says [2]bool
	found[d], found[d.Other()] = sequence, acknowledgment
	says[d], says[d.Other()] = true, s.Flags&ACK != 0
	agrees, differs := false, p.low != low || p.high != high
	for x := range found {
		if says[x] && p.known[x] {
			agrees = agrees || found[x] == p.shift[x]
			differs = differs || found[x] != p.shift[x]
		}
	}
	if differs {
		*p = shiftPair{low: low, high: high}
	}
	again := !differs && p.known[d] && p.last[d] == s.Sequence // one that is sent again proves nothing more
	for x := range found {
		if says[x] {
			p.known[x], p.shift[x] = true, found[x]
		}
	}
	p.last[d] = s.Sequence
	return agrees && !differs && !again
}

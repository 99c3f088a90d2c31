package flows

import (
	"cmp"
	"slices"
)

// A Translation says that two segments are one network under two names: the same packets were captured in both.
type Translation struct {
	A, B        *Segment  // A was met first
	Packets     uint64    // captured in both
	Frames      [2]uint64 // numbers of the first of them, at one place and then at the other
	First, Last int64     // times of the first and the last of them, in nanoseconds since the Unix epoch
	Routed      bool      // no frame was the same at both: a router is between them
}

// translations is the evidence, by the two segments' IDs, and for each segment.
type translations struct {
	byPair map[[2]uint32]*evidence
	of     map[uint32][]*evidence
}

func newTranslations() translations {
	return translations{map[[2]uint32]*evidence{}, map[uint32][]*evidence{}}
}

type evidence struct {
	Translation
	bridged   uint64
	ambiguous uint64    // packets that prove nothing, for there were others like them
	latest    [2]uint64 // frames of the last packet, as Frames are of the first
}

// maxTranslations bounds the pairs of segments that are remembered, maxNames those of one segment.
const (
	maxTranslations = 1 << 16
	maxNames        = 256
)

// translate notes that the packet of o, captured in segment b, was captured in a before.
func (t *Tracker) translate(a, b *Segment, was *capture, o *Observation) {
	if a.ID > b.ID {
		a, b = b, a
	}
	key := [2]uint32{a.ID, b.ID}
	tr := &t.translations
	e := tr.byPair[key]
	if e == nil {
		if len(tr.byPair) >= maxTranslations || len(tr.of[a.ID]) >= maxNames || len(tr.of[b.ID]) >= maxNames {
			return
		}
		e = &evidence{Translation: Translation{A: a, B: b}}
		tr.byPair[key] = e
		tr.of[a.ID] = append(tr.of[a.ID], e)
		tr.of[b.ID] = append(tr.of[b.ID], e)
	}
	if e.Packets == 0 {
		e.Frames = [2]uint64{was.frame, o.Frame}
		e.First, e.Last = o.Time, o.Time
	}
	e.First, e.Last = min(e.First, o.Time), max(e.Last, o.Time)
	e.latest = [2]uint64{was.frame, o.Frame}
	e.Packets++
	if o.TTL == was.ttl {
		e.bridged++
	}
}

// retract takes back that two captures, of which a was the first, are of one packet, if that was noted.
func (t *Tracker) retract(a, b *capture) {
	e := t.translations.byPair[pairOf(t.segmentOf(a.flow).ID, t.segmentOf(b.flow).ID)]
	if e == nil {
		return
	}
	e.ambiguous++
	if e.Packets > 0 {
		e.Packets--
	}
	if e.Frames == [2]uint64{a.frame, b.frame} {
		e.Frames = e.latest
	}
	if a.ttl == b.ttl && e.bridged > 0 {
		e.bridged--
	}
}

// contradict notes that what was captured in both segments was captured in a third one, too, at the place of one of them.
func (t *Tracker) contradict(a, b *Segment) {
	if e := t.translations.byPair[pairOf(a.ID, b.ID)]; e != nil {
		e.ambiguous++
	}
}

// minCopies is how many packets prove a translation: one may be chance.
const minCopies = 2

// dominance is by how many times the proof of one translation must exceed that of another one between the same segment and the same
// capture point, for both cannot be true at a time. One after the other they can: a port was given another VLAN.
const dominance = 4

// Translations returns those that are proven, in the order of their segments' IDs.
func (t *Tracker) Translations() (all []Translation) {
	for _, e := range t.translations.byPair {
		if t.proven(e) {
			tr := e.Translation
			tr.Routed = e.bridged == 0
			all = append(all, tr)
		}
	}
	slices.SortFunc(all, func(x, y Translation) int {
		return cmp.Or(cmp.Compare(x.A.ID, y.A.ID), cmp.Compare(x.B.ID, y.B.ID))
	})
	return all
}

// proven tells whether a translation is beyond doubt: there are packets enough, and neither segment has as good a claim to be another one at
// the other's capture point.
func (t *Tracker) proven(e *evidence) bool {
	if e == nil || e.Packets < minCopies+2*e.ambiguous {
		return false
	}
	for _, segment := range []*Segment{e.A, e.B} {
		for _, other := range t.translations.of[segment.ID] {
			if other != e && e.rival(other) && e.meets(other) && other.Packets*dominance > e.Packets {
				return false
			}
		}
	}
	return true
}

// meets tells whether the two were seen at the same time.
func (e *evidence) meets(other *evidence) bool {
	return other.Packets > 0 && e.First <= other.Last && other.First <= e.Last
}

// rival tells whether both translate one segment into different ones of one capture point.
func (e *evidence) rival(other *evidence) bool {
	switch {
	case e.A == other.A:
		return e.B != other.B && !elsewherePoint(e.B, other.B)
	case e.B == other.B:
		return e.A != other.A && !elsewherePoint(e.A, other.A)
	case e.A == other.B:
		return e.B != other.A && !elsewherePoint(e.B, other.A)
	case e.B == other.A:
		return e.A != other.B && !elsewherePoint(e.A, other.B)
	}
	return false
}

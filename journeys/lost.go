package journeys

import (
	"cmp"
	"encoding/binary"
	"slices"

	"pktscope/flows"
)

// A Loss is packets that were captured at one place and not at a next one, where others came that took the same way.
type Loss struct {
	Kind     LossKind
	Of       LossOf
	From, To *Place // From is nil for packets that came from nowhere
	Packets  uint64
	Late     uint64   // others, of which To's file cannot tell: it begins after them, or ends too early behind them
	Expired  uint64   // of Packets: their TTL is 1 at From, so that no router forwards them
	Flows    []uint64 // IDs, ascending
	Frames   []uint64 // numbers of the last captures, ascending; not of all, see maxEvidence
}

// LossKind says where on its way a packet was not captured.
type LossKind uint8

const (
	Disappeared LossKind = iota // it was captured at From, and at no place behind that
	Missed                      // it was captured before and behind To, but not at To: the capture there lost it, or it took a way around
	Appeared                    // it was captured behind To, and nowhere before
)

func (k LossKind) String() string { return [...]string{"disappeared", "missed", "appeared"}[k] }

// LossOf says what else is known of the packets' way.
type LossOf uint8

const (
	SomeOfFlow    LossOf = iota // other packets of the same flow got further
	WholeFlow                   // no packet of the flow did, but others to the same destination
	ToDestination               // none to that destination did: it may be here, or is not reached at all
)

func (o LossOf) String() string {
	return [...]string{"some of a flow", "whole flows", "all to a destination"}[o]
}

// aim is a destination where packets to it were captured first.
type aim struct {
	address [16]byte
	kind    uint16
	place   int32
	prefix  string // places that were passed on the way, and not the last ones
}

// losses finds them, most packets first.
func (f *Follower) losses() (all []Loss) {
	r := &f.routes
	type way struct {
		places  []int32
		packets uint64
	}
	type prefix struct {
		scope  scope
		places string
	}
	whole := map[prefix]*way{} // how far flows come
	furthest := make([][]int, len(r.byID))
	for i, w := range r.byID {
		furthest[i] = w.furthest()
		for _, k := range furthest[i] {
			t := &w.traces[k]
			key := prefix{w.scope(), encode(t.places)}
			if whole[key] == nil {
				whole[key] = &way{places: t.places}
			}
			whole[key].packets += t.packets
		}
	}
	beyond := map[prefix]*way{} // the way of most packets behind the first places of it
	for key, way := range whole {
		for n := 1; n < len(way.places); n++ {
			p := prefix{key.scope, key.places[:4*n]}
			if b := beyond[p]; b == nil || way.packets > b.packets || way.packets == b.packets && encode(way.places) < encode(b.places) {
				beyond[p] = way
			}
		}
	}
	reached := map[aim]bool{}
	for i, w := range r.byID {
		for _, k := range furthest[i] {
			way := encode(w.traces[k].places)
			for n := 4; n < len(way); n += 4 {
				reached[aim{w.key.Dst, w.key.kind, w.key.place, way[:n]}] = true
			}
		}
	}
	alike := map[sameFlow][]int{}
	for i, w := range r.byID {
		key := sameFlow{w.key.Tuple, w.key.kind, w.key.group}
		if len(alike[key]) < maxAlike {
			alike[key] = append(alike[key], i)
		}
	}
	sums := map[lossKey]*Loss{}
	for i, w := range r.byID {
		for k := range w.traces {
			t := &w.traces[k]
			if !slices.Contains(furthest[i], k) {
				f.compareTrace(sums, w, t, w.traces[w.nearest(furthest[i], t)].places, SomeOfFlow)
				continue
			}
			if longer := f.begunElsewhere(alike[sameFlow{w.key.Tuple, w.key.kind, w.key.group}], furthest, t); longer != nil {
				f.compareTrace(sums, w, t, longer.places, SomeOfFlow)
				continue
			}
			way := encode(t.places)
			if b := beyond[prefix{w.scope(), way}]; b != nil {
				of := ToDestination
				if reached[aim{w.key.Dst, w.key.kind, w.key.place, way}] {
					of = WholeFlow
				}
				f.compareTrace(sums, w, t, b.places, of)
			}
		}
	}
	for _, l := range sums {
		slices.Sort(l.Frames)
		l.Frames = l.Frames[:min(len(l.Frames), maxEvidence)]
		all = append(all, *l)
	}
	number := func(p *Place) int {
		if p == nil {
			return 0
		}
		return p.Number
	}
	slices.SortFunc(all, func(a, b Loss) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Of, b.Of), -cmp.Compare(a.Packets, b.Packets), -cmp.Compare(a.Late, b.Late),
			cmp.Compare(number(a.From), number(b.From)), cmp.Compare(a.To.Number, b.To.Number))
	})
	return all
}

// sameFlow is a flow wherever it was captured first. Flows of other tenants may have the same.
type sameFlow struct {
	flows.Tuple
	kind  uint16
	group bool
}

// maxAlike bounds how many of them are looked at.
const maxAlike = 16

// begunElsewhere returns the trace of most packets that is t and something before or between: of a flow that is the same, but was captured
// at an earlier place. Nil for none.
func (f *Follower) begunElsewhere(alike []int, furthest [][]int, t *trace) (longer *trace) {
	for _, i := range alike {
		for _, k := range furthest[i] {
			o := &f.routes.byID[i].traces[k]
			if partOf(t.places, o.places) && (longer == nil || o.packets > longer.packets) {
				longer = o
			}
		}
	}
	return longer
}

type lossKey struct {
	kind     LossKind
	of       LossOf
	from, to int32
}

// compareTrace adds what is missing in t, which is a part of way.
func (f *Follower) compareTrace(sums map[lossKey]*Loss, w *flow, t *trace, way []int32, of LossOf) {
	add := func(kind LossKind, from, to int32) {
		key := lossKey{kind, of, from, to}
		l := sums[key]
		if l == nil {
			l = &Loss{Kind: kind, Of: of, To: f.places.all[to]}
			if from >= 0 {
				l.From = f.places.all[from]
			}
			sums[key] = l
		}
		there, frames := t.live, t.frames
		clock, took := f.clocks.of(l.To.Point.File), f.routes.longest
		if of == SomeOfFlow {
			took = w.longest
		}
		for _, late := range t.late {
			if f.clocks.live(clock, late.time, took) {
				there++
				frames = append(frames[:len(frames):len(frames)], late.frame)
			}
		}
		if kind == Appeared {
			there = t.live - t.early
		}
		l.Packets += there
		l.Late += t.packets - there
		if kind == Disappeared {
			l.Expired += min(t.expired, there)
		}
		if there > 0 {
			l.Flows = append(l.Flows, w.id)
			if len(l.Frames) < 16*maxEvidence {
				l.Frames = append(l.Frames, frames...)
			}
		}
	}
	k := 0
	for i, place := range way {
		switch {
		case k < len(t.places) && t.places[k] == place:
			k++
		case k == 0:
			add(Appeared, -1, place)
		case k == len(t.places):
			add(Disappeared, t.places[k-1], place)
			return
		default:
			add(Missed, way[i-1], place)
		}
	}
}

// furthest are the indices of those traces of w that are no part of another one.
func (w *flow) furthest() (all []int) {
	for i := range w.traces {
		part := false
		for k := range w.traces {
			part = part || partOf(w.traces[i].places, w.traces[k].places)
		}
		if !part {
			all = append(all, i)
		}
	}
	return all
}

// nearest is, of those traces of which t is a part, the one that most packets have.
func (w *flow) nearest(furthest []int, t *trace) (n int) {
	n = -1
	for _, k := range furthest {
		if partOf(t.places, w.traces[k].places) && (n < 0 || w.traces[k].packets > w.traces[n].packets) {
			n = k
		}
	}
	return n
}

// partOf tells whether a is b with some places left out.
func partOf(a, b []int32) bool {
	if len(a) >= len(b) {
		return false
	}
	k := 0
	for _, place := range b {
		if k < len(a) && a[k] == place {
			k++
		}
	}
	return k == len(a)
}

func encode(places []int32) string {
	b := make([]byte, 0, 4*len(places))
	for _, p := range places {
		b = binary.BigEndian.AppendUint32(b, uint32(p))
	}
	return string(b)
}

// scope says which flows go comparable ways.
type scope uint8

const (
	noIP      scope = iota
	noIPGroup       // for more than one station
	linkLocal       // no router forwards it
	routed
)

func (w *flow) scope() scope {
	switch {
	case w.key.group:
		return noIPGroup
	case w.key.kind != 0:
		return noIP
	case local(w.key.Source()) || local(w.key.Destination()):
		return linkLocal
	}
	return routed
}

package journeys

import (
	"cmp"
	"encoding/binary"
	"slices"

	"pktscope/flows"
	"pktscope/reports"
)

// A Route is what packets have in common that were captured at the same places in the same order and changed in the same way between them.
type Route struct {
	Number  int // from 1, in the order in which routes are met
	Packets uint64
	Bytes   uint64 // of IP packets, as they were first

	places []int32          // indices
	first  []capture        // its first packet, at each place
	varies []vary           // what others have there that the first has not
	steps  []reports.Sketch // nanoseconds from the place before, by the clocks as they were known
	total  reports.Sketch
	least  []int64 // of steps
	most   []int64
	lowest int64
	top    int64
}

// vary says what is not the same in all packets of a route at one place.
type vary struct{ source, destination, ports bool }

const (
	maxRoutes = 1 << 12
	maxFlows  = 100_000
	maxTraces = 1 << 18 // of all flows

	maxFlowTraces = 64 // of one
)

// routes are all that packets took.
type routes struct {
	byKey   map[string]*Route
	all     []*Route
	key     []byte
	flows   map[flowKey]*flow
	byID    []*flow
	traces  int
	none    uint64 // packets without a route, for there are too many
	unheld  uint64 // packets of flows for which there was no room
	longest int64  // time that a packet took from its first to its last place

	payloads map[hop]*PayloadChange
	order    []capture
}

func newRoutes() routes {
	return routes{byKey: map[string]*Route{}, flows: map[flowKey]*flow{}, payloads: map[hop]*PayloadChange{}}
}

// flowKey is one direction of a flow where it was seen first.
type flowKey struct {
	flows.Tuple
	kind  uint16
	group bool
	place int32
}

// flow is what is remembered of one.
type flow struct {
	id      uint64 // from 1, in the order in which flows are met
	key     flowKey
	packets uint64
	bytes   uint64
	longest int64 // time that a packet of it took from its first to its last place
	traces  []trace
}

// trace is how far packets of a flow came: the places where they were captured, in order.
type trace struct {
	places  []int32
	packets uint64
	expired uint64   // of them, those whose TTL is 1 at the last place
	live    uint64   // of them, those that each file would have had if they had come there: it has frames before and long after
	early   uint64   // of those, those that may have been captured before a file begins
	frames  []uint64 // numbers of the last captures of those
	late    []moment // others, which the next place's file may have had or not
}

// moment is when a packet was captured last, by the first clock.
type moment struct {
	time  int64
	frame uint64
}

// maxEvidence bounds the frames that are named for one trace.
const maxEvidence = 256

// judge adds a packet to its route. Its captures are put in order.
func (f *Follower) judge(captures []capture, resegments bool) {
	f.Packets++
	r := &f.routes
	order := r.order[:0]
	for i := range captures {
		order = f.insert(order, &captures[i])
	}
	r.order = order
	for i := range order {
		f.places.all[order[i].place].Packets++
	}
	if len(order) == 1 {
		f.places.all[order[0].place].Only++
	}
	f.payloads(order)
	last := &order[len(order)-1]
	r.longest = max(r.longest, f.corrected(last)-f.corrected(&order[0]))
	route := r.of(order)
	if route == nil {
		r.none++
	} else {
		f.add(route, order)
	}
	if resegments {
		f.Segmented++
		return
	}
	f.trace(order)
}

// insert puts a capture where it belongs among those that are in order.
func (f *Follower) insert(order []capture, c *capture) []capture {
	at := len(order)
	for at > 0 && f.earlier(c, &order[at-1]) {
		at--
	}
	return slices.Insert(order, at, *c)
}

// earlier tells whether a was captured before b, both of one packet.
func (f *Follower) earlier(a, b *capture) bool {
	if a.clock != b.clock && a.named() {
		s := f.sighted(a, b)
		if o := f.clocks.order(&s); o != 0 {
			return (o < 0) == (s.x == a)
		}
	}
	return cmp.Or(cmp.Compare(f.corrected(a), f.corrected(b)), cmp.Compare(a.frame, b.frame)) < 0
}

func (f *Follower) corrected(c *capture) int64 { return f.clocks.corrected(int(c.clock), c.time) }

// of returns the route of a packet, nil if there is no room for another one.
func (r *routes) of(order []capture) *Route {
	k := r.key[:0]
	base := &order[0]
	for i := range order {
		c := &order[i]
		k = binary.BigEndian.AppendUint32(k, uint32(c.place))
		k = binary.BigEndian.AppendUint32(k, uint32(c.ends))
		k = append(k, base.ttl-c.ttl, min(1, c.parts))
		var same [5]byte // the first capture that has the same
		for n, equal := range []func(a, b *capture) bool{sameSource, sameDestination, sameSport, sameDport, sameDSCP} {
			for !equal(&order[same[n]], c) {
				same[n]++
			}
		}
		k = append(k, same[:]...)
	}
	r.key = k
	route := r.byKey[string(k)]
	if route != nil || len(r.all) >= maxRoutes {
		return route
	}
	route = &Route{Number: len(r.all) + 1, first: slices.Clone(order), varies: make([]vary, len(order)), steps: make([]reports.Sketch, len(order)),
		least: make([]int64, len(order)), most: make([]int64, len(order))}
	for i := range order {
		route.places = append(route.places, order[i].place)
		route.first[i].text = nil
	}
	r.byKey[string(k)] = route
	r.all = append(r.all, route)
	return route
}

func sameSource(a, b *capture) bool      { return a.Src == b.Src }
func sameDestination(a, b *capture) bool { return a.Dst == b.Dst }
func sameSport(a, b *capture) bool       { return a.Sport == b.Sport }
func sameDport(a, b *capture) bool       { return a.Dport == b.Dport }
func sameDSCP(a, b *capture) bool        { return a.tos>>2 == b.tos>>2 }

// add counts a packet.
func (f *Follower) add(route *Route, order []capture) {
	route.Packets++
	route.Bytes += uint64(order[0].bytes)
	for i := range order {
		c, first, v := &order[i], &route.first[i], &route.varies[i]
		v.source = v.source || c.Src != first.Src
		v.destination = v.destination || c.Dst != first.Dst
		v.ports = v.ports || c.Sport != first.Sport || c.Dport != first.Dport
		if i == 0 {
			continue
		}
		took := f.took(&order[i-1], c)
		route.steps[i].Add(took)
		if route.Packets == 1 {
			route.least[i], route.most[i] = took, took
		}
		route.least[i], route.most[i] = min(route.least[i], took), max(route.most[i], took)
	}
	took := f.took(&order[0], &order[len(order)-1])
	route.total.Add(took)
	if route.Packets == 1 {
		route.lowest, route.top = took, took
	}
	route.lowest, route.top = min(route.lowest, took), max(route.top, took)
}

// trace notes how far a packet of its flow came.
func (f *Follower) trace(order []capture) {
	r := &f.routes
	base, last := &order[0], &order[len(order)-1]
	key := flowKey{base.Tuple, base.kind, base.group, base.place}
	w := r.flows[key]
	if w == nil {
		if len(r.byID) >= maxFlows {
			r.unheld++
			return
		}
		w = &flow{id: uint64(len(r.byID) + 1), key: key}
		r.flows[key] = w
		r.byID = append(r.byID, w)
	}
	when := f.corrected(last)
	w.packets++
	w.longest = max(w.longest, when-f.corrected(base))
	w.bytes += uint64(base.bytes)
	f.draw.take(w, order, f.options.Flow)
	t := w.at(order)
	if t == nil {
		if r.traces >= maxTraces || len(w.traces) >= maxFlowTraces {
			r.unheld++
			return
		}
		r.traces++
		w.traces = append(w.traces, trace{})
		t = &w.traces[len(w.traces)-1]
		for i := range order {
			t.places = append(t.places, order[i].place)
		}
	}
	t.packets++
	if last.kind == 0 && last.ttl <= 1 {
		t.expired++
	}
	everywhere := true
	for k := range f.clocks.all {
		everywhere = everywhere && f.clocks.live(k, when, r.longest)
	}
	switch {
	case !everywhere:
		if len(t.late) < maxEvidence {
			t.late = append(t.late, moment{when, last.frame})
		}
	default:
		t.live++
		if f.clocks.early(f.corrected(base), r.longest) {
			t.early++
		}
		if len(t.frames) < maxEvidence {
			t.frames = append(t.frames, last.frame)
		}
	}
}

// at returns the trace with the places of order, nil if there is none.
func (w *flow) at(order []capture) *trace {
	for i := range w.traces {
		t := &w.traces[i]
		if len(t.places) != len(order) {
			continue
		}
		same := true
		for k := range order {
			same = same && order[k].place == t.places[k]
		}
		if same {
			return t
		}
	}
	return nil
}

// A PayloadChange is packets whose payload was another one at the next place.
type PayloadChange struct {
	From, To *Place
	Packets  [3]uint64    // by what the checksums say at both places: good, unverified, bad
	Frames   [3][2]uint64 // the first of each: numbers of the frames at both places
}

// maxPayloadChanges bounds the pairs of places.
const maxPayloadChanges = 1 << 10

// payloads looks for a payload that changed.
func (f *Follower) payloads(order []capture) {
	for i := 1; i < len(order); i++ {
		a, b := &order[i-1], &order[i]
		if !payloadDiffers(a, b) {
			continue
		}
		h := hop{a.place, b.place}
		change := f.routes.payloads[h]
		if change == nil {
			if len(f.routes.payloads) >= maxPayloadChanges {
				return
			}
			change = &PayloadChange{From: f.places.all[a.place], To: f.places.all[b.place]}
			f.routes.payloads[h] = change
		}
		sum := max(a.sum, b.sum)
		if change.Packets[sum]++; change.Packets[sum] == 1 {
			change.Frames[sum] = [2]uint64{a.frame, b.frame}
		}
	}
}

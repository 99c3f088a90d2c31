package reports

import (
	"encoding/binary"
	"fmt"

	"pktscope/dissect"
)

// Where MAC addresses are: those that move to and fro between tunnel ends or capture points, and frames to addresses that nobody knows. The report on
// MAC addresses says more of them; here a part notes only what it did not note just before, which costs little.

// macNote is what is to be looked at in capture order.
type macNote struct {
	kind      macNoteKind
	point     *dissect.Point
	key       uint64 // a hash of MAC address and network; of known and asked, of the capture point, too
	tags      uint64
	mac       uint64
	frame     uint64
	time      int64
	end       endpoint       // of arrived
	path      enclosing      // of arrived
	from      *dissect.Point // of sent: where it was seen before in the block, nil for nowhere
	lastThere int64          // when that was
}

type macNoteKind uint8

const (
	macSent    macNoteKind = iota // a frame came by at a capture point
	macKnown                      // the same, for the first time in the block
	macAsked                      // a frame to an address that was not known in the block
	macArrived                    // a frame came out of a tunnel
)

// macMemory is what a part noted in its block. What it forgets is noted again.
type macMemory struct {
	sent    [1 << 8]macSlot
	known   [1 << 10]uint64
	arrived [1 << 9][2]uint64 // key, and a hash of the end
}

type macSlot struct {
	key    uint64
	point  *dissect.Point
	last   int64
	period int64
}

const (
	macPeriod = 500e6 // in which an address is noted once at a place
	macAway   = 1e9   // for how long an address was not seen where it was before it has moved: frames pass several points
)

// addMACs looks at the addresses of the frame, which begins with Ethernet.
func (t *findingsPart) addMACs(p *dissect.Packet, of *memo) {
	m := &t.memory
	b := p.SourceBytes(&p.Layers[1])[p.Layers[1].Start:]
	dst, src := binary.BigEndian.Uint64(b)>>16, binary.BigEndian.Uint64(b[4:])&broadcastMAC
	network := fold(of.tags^fold1, src^fold2)
	if src>>40&1 == 0 && !p.Timeless {
		slot := &m.sent[network&uint64(len(m.sent)-1)]
		period := p.Time / macPeriod
		if slot.key != network || slot.point != p.Point || slot.period != period {
			n := macNote{kind: macSent, point: p.Point, key: network, tags: of.tags, mac: src, frame: p.Number, time: p.Time}
			if slot.key == network {
				n.from, n.lastThere = slot.point, slot.last
			}
			t.noted = append(t.noted, n)
		}
		*slot = macSlot{network, p.Point, p.Time, period}
	}
	point := uint64(p.Point.ID) + 1
	key := fold(of.tags^point<<16^fold1, src^fold3)
	if slot := &m.known[key&uint64(len(m.known)-1)]; *slot != key {
		*slot = key
		t.noted = append(t.noted, macNote{kind: macKnown, point: p.Point, key: key, tags: of.tags})
	}
	if groupMAC(dst) {
		return
	}
	key = fold(of.tags^point<<16^fold1, dst^fold3)
	if m.known[key&uint64(len(m.known)-1)] != key {
		t.noted = append(t.noted, macNote{kind: macAsked, point: p.Point, key: key, tags: of.tags, frame: p.Number})
	}
}

// addArrival looks at the frame in a tunnel, which came from one of its ends.
func (t *findingsPart) addArrival(g *glance, m *memo) {
	l := &g.Layers[g.carried]
	mac := binary.BigEndian.Uint64(g.SourceBytes(l)[l.Start+4:]) & broadcastMAC
	from, _ := ipEndpoints(g.Packet, g.around)
	key := fold(pathTo(g.Packet, g.carried, FixedSeed)^uint64(g.Point.ID)<<48, mac^fold2)
	end := fold(from[0]^fold1, from[1]^fold3)
	m.arrival, m.arrived, m.end = true, key, end
	slot := &t.memory.arrived[key&uint64(len(t.memory.arrived)-1)]
	if *slot == [2]uint64{key, end} {
		return
	}
	*slot = [2]uint64{key, end}
	t.noted = append(t.noted, macNote{kind: macArrived, point: g.Point, key: key, mac: mac, frame: g.Number, end: from, path: enclosingOf(g.Packet, g.carried)})
}

// stations is what is remembered of MAC addresses.
type stations struct {
	homes   map[uint64]*macHome
	ends    *Groups[uint64, macArrivals]
	known   map[uint64]struct{}
	asked   map[uint64]uint64 // frames to addresses that have not sent yet
	unknown *Groups[vlanKey, unknownTotal]
}

// maxStations bounds each of the maps.
const maxStations = 1 << 18

type macHome struct {
	point, before *dissect.Point
	seen          *dissect.Point // where it was noted last, and in which period
	period        int64
	last          int64 // when it was at home
	moves         uint64
	frames        firstFrames
	mac, tags     uint64
}

type macArrivals struct {
	point  *dissect.Point
	path   enclosing
	mac    uint64
	end    endpoint
	before endpoint
	moves  uint64
	frames firstFrames
}

type unknownTotal struct {
	point  *dissect.Point
	never  uint64 // frames to addresses that have not sent
	silent uint64 // how many addresses these are
	frames firstFrames
}

func newStations(limit int) *stations {
	return &stations{homes: map[uint64]*macHome{}, ends: NewGroups[uint64, macArrivals](limit), known: map[uint64]struct{}{}, asked: map[uint64]uint64{},
		unknown: NewGroups[vlanKey, unknownTotal](limit)}
}

func (r *stations) reset() {
	clear(r.homes)
	clear(r.known)
	clear(r.asked)
	r.ends.Reset(func(t *macArrivals) { *t = macArrivals{} })
	r.unknown.Reset(func(t *unknownTotal) { *t = unknownTotal{} })
}

// play takes the next note in capture order.
func (r *stations) play(x *macNote, seed Seed) {
	switch x.kind {
	case macSent:
		r.sent(x)
	case macKnown:
		if _, known := r.known[x.key]; known || len(r.known) == maxStations {
			return
		}
		r.known[x.key] = struct{}{}
		if frames := r.asked[x.key]; frames > 0 {
			t := r.unknownAt(x, seed)
			t.never -= frames
			t.silent--
			delete(r.asked, x.key)
		}
	case macAsked:
		if _, known := r.known[x.key]; known || len(r.known) == maxStations || len(r.asked) == maxStations {
			return
		}
		t := r.unknownAt(x, seed)
		t.point = x.point
		t.never++
		t.frames.add(x.frame)
		if r.asked[x.key]++; r.asked[x.key] == 1 {
			t.silent++
		}
	case macArrived:
		t := r.ends.At(x.key, seed.Uint64(x.key))
		if t.point == nil {
			t.point, t.path, t.mac, t.end = x.point, x.path, x.mac, x.end
		}
		if x.end != t.end {
			t.before, t.end = t.end, x.end
			t.moves++
			t.frames.add(x.frame)
		}
	}
}

func (r *stations) unknownAt(x *macNote, seed Seed) *unknownTotal {
	return r.unknown.At(vlanKey{x.point.ID, x.tags}, seed.Uint128(x.tags, uint64(x.point.ID)))
}

// sent finds out whether an address has moved to another capture point. What it decides must not depend on where blocks end: of several notes of
// one period and place only the first decides.
func (r *stations) sent(x *macNote) {
	h := r.homes[x.key]
	if h == nil {
		if len(r.homes) < maxStations {
			r.homes[x.key] = &macHome{point: x.point, last: x.time, mac: x.mac, tags: x.tags}
		}
		return
	}
	if x.from == h.point {
		h.last = max(h.last, x.lastThere)
	}
	period := x.time / macPeriod
	again := h.seen == x.point && h.period == period
	h.seen, h.period = x.point, period
	switch {
	case x.point == h.point:
		h.last = max(h.last, x.time)
	case !again && x.time-h.last > macAway:
		h.before, h.point, h.last = h.point, x.point, x.time
		h.moves++
		h.frames.add(x.frame)
	}
}

// fewSilent is up to how many addresses that never send here are no flood: a router whose answers take another way, a host that only listens.
const fewSilent = 4

func raiseMACs(s *search) {
	for _, h := range s.stations.homes {
		if h.moves < s.threshold(foundMACFlapping) || s.bonded(h.point, h.before) {
			continue
		}
		s.addAcross(foundMACFlapping, Warning, h.point, Finding{
			What: fmt.Sprintf("%s in %s moved %s between capture points, from %s to %s last", macText(h.mac), inVLAN(vlanKey{tags: h.tags}),
				plural(h.moves, "time", "times"), s.names.of(h.before), s.names.of(h.point)),
			Count: h.moves, Frames: h.frames.listed(), Filter: allOf(tagFilter(vlanKey{tags: h.tags}), "eth.src == "+macText(h.mac)),
		})
	}
	for i := range s.stations.ends.Entries() {
		t := &s.stations.ends.Entries()[i].Total
		if t.moves < s.threshold(foundMACFlapping) {
			continue
		}
		in := ""
		if path := t.path.cell(); path.value != nil {
			in = " in " + path.value.(string)
		}
		s.add(foundMACFlapping, Warning, t.point, Finding{
			What: fmt.Sprintf("%s%s moved %s between tunnel ends, from %s to %s last", macText(t.mac), in, plural(t.moves, "time", "times"), t.before.addr(),
				t.end.addr()),
			Count: t.moves, Frames: t.frames.listed(), Filter: allOf(t.path.filter(), "eth.src == "+macText(t.mac)),
		})
	}
	for i := range s.stations.unknown.Entries() {
		k, t := s.stations.unknown.Entries()[i].Key, &s.stations.unknown.Entries()[i].Total
		unicast := s.tags.At(k, s.seed.Uint128(k.tags, uint64(k.point))).unicast
		if t.never < s.threshold(foundUnknownUnicast) || t.silent <= fewSilent || 2*t.never >= unicast {
			continue
		}
		s.add(foundUnknownUnicast, Warning, t.point, Finding{
			What: fmt.Sprintf("%s of %s frames to one address in %s are to %s that never send here", thousands(int64(t.never)), thousands(int64(unicast)),
				inVLAN(k), plural(t.silent, "address", "addresses")),
			Count: t.never, Frames: t.frames.listed(), Filter: allOf(tagFilter(k), "not eth.dst[0] & 1"),
		})
	}
}

// bonded tells whether two capture points are links of bonds, over which an address moves as a hash has it.
func (s *search) bonded(a, b *dissect.Point) bool {
	n := 0
	for i := range s.points.Entries() {
		if p := &s.points.Entries()[i].Total; p.bond && (p.point == a || p.point == b) {
			n++
		}
	}
	return n == 2
}

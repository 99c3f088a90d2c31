package reports

import (
	"encoding/binary"
	"fmt"

	"pktscope/dissect"
)

// Routing loops: one packet that passes the same place with a lower TTL each time. What goes in a circle lives until its TTL is used up, so
// that it is enough to look at packets whose TTL is low: no host sends with less than 32 but for traceroutes and neighbours, and their
// packets do not come again.

// loopTTL is the highest TTL at which packets are looked at. A circle of ten routers passes a place three times below it.
const loopTTL = 31

// agedPacket is what is noted of a packet with a low TTL.
type agedPacket struct {
	point *dissect.Point
	hash  uint64 // of what routers leave alone
	frame uint64
	time  int64
	dst   endpoint
	src   endpoint
	path  enclosing
	ttl   uint8
}

// addAged notes the packet of layer i, which is a whole header of IP, if its TTL is low.
func (t *findingsPart) addAged(g *glance, i int) {
	if g.Timeless || g.ttl(i) > loopTTL {
		return
	}
	l := &g.Layers[i]
	h := g.Header(l)
	var identity uint64
	if l.Protocol == ip4 {
		identity = uint64(binary.BigEndian.Uint32(h[4:]))<<8 | uint64(dissect.IPv4(h).Protocol()) // with the fragment's offset
	} else {
		identity = uint64(dissect.IPv6(h).FlowLabel())<<24 | uint64(dissect.IPv6(h).PayloadLength())<<8 | uint64(dissect.IPv6(h).NextHeader())
	}
	a := agedPacket{point: g.Point, frame: g.Number, time: g.Time, ttl: g.ttl(i)}
	a.src, a.dst = ipEndpoints(g.Packet, i)
	if a.dst.group() {
		return
	}
	body := g.Payload(l)
	if l.Protocol == ip4 && identity>>24 == 0 && len(body) <= 8 {
		return // nothing tells it from others
	}
	a.hash = FixedSeed.Bytes(body[:min(len(body), 64)]) ^ FixedSeed.Uint128(a.src[0]^identity, a.src[1]) ^ FixedSeed.Uint128(a.dst[0], a.dst[1]^identity<<1)
	a.path = enclosingOf(g.Packet, i)
	t.aged = append(t.aged, a)
}

// hops are all routing loops, by where their packets go.
type hops struct {
	loops *Groups[hopKey, hopTotal]
	slots []hopSlot
}

type hopKey struct {
	point int32
	dst   endpoint
}

type hopTotal struct {
	point    *dissect.Point
	packets  uint64 // that loop
	passes   uint64 // the most of one
	src      endpoint
	from, to uint8 // TTLs of that one
	path     enclosing
	frames   firstFrames
}

// hopSlot has the packet that was seen last of those with like hashes.
type hopSlot struct {
	hash   uint64
	point  *dissect.Point
	time   int64
	passes uint64
	from   uint8
	ttl    uint8
	frames firstFrames
}

const (
	hopSlots = 1 << 13
	hopTime  = 10e9 // within how much time a packet comes again
)

func newHops(limit int) *hops {
	return &hops{NewGroups[hopKey, hopTotal](limit), make([]hopSlot, hopSlots)}
}

func (h *hops) reset() {
	h.loops.Reset(func(t *hopTotal) { *t = hopTotal{} })
	clear(h.slots)
}

// play takes the next packet in capture order.
func (h *hops) play(x *agedPacket, r *findings) {
	s := &h.slots[x.hash&(hopSlots-1)]
	if s.hash != x.hash || s.point != x.point || x.time-s.time > hopTime || x.ttl > s.ttl {
		*s = hopSlot{hash: x.hash, point: x.point, time: x.time, passes: 1, from: x.ttl, ttl: x.ttl}
		s.frames.add(x.frame)
		return
	}
	if x.ttl == s.ttl {
		return // captured twice
	}
	s.passes++
	s.ttl, s.time = x.ttl, x.time
	s.frames.add(x.frame)
	if s.passes < r.threshold(foundRoutingLoop) {
		return
	}
	key := hopKey{int32(x.point.ID), x.dst}
	t := h.loops.At(key, r.seed.Uint128(x.dst[0]^uint64(key.point), x.dst[1]))
	t.point = x.point
	if s.passes == r.threshold(foundRoutingLoop) {
		t.packets++
		t.frames.absorb(&s.frames)
	}
	if s.passes > t.passes {
		t.passes, t.from, t.to, t.src, t.path = s.passes, s.from, s.ttl, x.src, x.path
	}
}

func (h *hops) raise(s *search) {
	for i := range h.loops.Entries() {
		k, t := h.loops.Entries()[i].Key, &h.loops.Entries()[i].Total
		s.add(foundRoutingLoop, Critical, t.point, Finding{
			What: fmt.Sprintf("%s to %s went in a circle; one from %s passed %s, with a TTL from %d down to %d", plural(t.packets, "packet", "packets"),
				k.dst.addr(), t.src.addr(), plural(t.passes, "time", "times"), t.from, t.to),
			Count: t.packets, Frames: t.frames.listed(), Filter: allOf(t.path.filter(), hasAddr("dst", k.dst.addr())),
		})
	}
}

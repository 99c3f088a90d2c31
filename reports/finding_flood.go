package reports

import (
	"fmt"

	"pktscope/dissect"
)

// Frames to everybody: storms of them, and the same one again and again.

// floodFrame is what is noted of a frame to a group address, to be looked at in capture order.
type floodFrame struct {
	point *dissect.Point
	tags  uint64
	frame uint64
	time  int64
	hash  uint64 // of all bytes; 0 if it may come again without a loop
	dst   uint64
	src   uint64
	rate  bool // counts for a storm
}

const (
	broadcastMAC  = 0xffffffffffff
	slowProtocols = 0x0180c2000002 // LACP (IEEE 802.1AX)
)

// addFlood notes the packet, which is to a group address. What switches tell their neighbours is never flooded.
func (t *findingsPart) addFlood(g *glance) {
	if g.Timeless || g.control() {
		return
	}
	f := floodFrame{point: g.Point, tags: g.tags, frame: g.Number, time: g.Time, dst: g.dst, src: g.src, rate: !g.stream()}
	if g.mayLoop() {
		f.hash = FixedSeed.Bytes(g.Data) | 1
	}
	t.flooded = append(t.flooded, f)
}

// stream tells whether the frame belongs to a stream of IP multicast, that somebody asked for, and not to the talk of hosts on their link
// (224.0.0.0/24, ff02::/16 and ff01::/16).
func (g *glance) stream() bool {
	switch {
	case g.outer == 0:
		return false
	case g.dst>>24 == 0x01005e:
		return g.dst&0x7fff00 != 0
	case g.dst>>32 == 0x3333 && g.Layers[g.outer].Protocol == ip6:
		h := dissect.IPv6(g.Header(&g.Layers[g.outer]))
		return h.Destination()[1]&0xf > 2
	}
	return false
}

// mayLoop tells whether no sender would send the same frame often within a second. Redundant routers do (VRRP, HSRP, CARP), and so does who
// announces its address, as hypervisors do with RARP for a machine that has moved.
func (g *glance) mayLoop() bool {
	if g.arp != 0 {
		h := dissect.ARP(g.Header(&g.Layers[g.arp]))
		return !h.Gratuitous() && h.Opcode() < 3
	}
	switch g.dst {
	case 0x01005e000012, 0x333300000012, 0x01005e000002, 0x01005e000066: // VRRP and CARP, HSRP
		return false
	}
	return !g.stream()
}

// floods are all storms and loops.
type floods struct {
	rates *Groups[floodKey, floodTotal]
	loops *Groups[vlanKey, loopTotal]
	sets  []loopSet
}

type floodKey struct {
	vlanKey
	broadcast bool
}

type floodTotal struct {
	point      *dissect.Point
	second     int64
	inSecond   uint64
	now        firstFrames // of this second
	peak       uint64
	peakSecond int64
	peakFrames firstFrames
	frames     uint64
	sources    Distinct
}

type loopTotal struct {
	point  *dissect.Point
	copies uint64
	frames uint64 // different ones
	first  firstFrames
	span   span
	dst    uint64 // of the one with the most copies
	src    uint64
	most   uint64
}

// loopSet has a few frames that were seen lately; the hash chooses the set.
type loopSet [4]loopSlot

type loopSlot struct {
	hash    uint64
	point   *dissect.Point
	since   int64 // when the second began in which copies are counted
	copies  uint64
	all     uint64 // copies since it loops
	frames  firstFrames
	looping bool
}

const loopSets = 1 << 10

func newFloods(limit int) *floods {
	return &floods{rates: NewGroups[floodKey, floodTotal](limit), loops: NewGroups[vlanKey, loopTotal](limit), sets: make([]loopSet, loopSets)}
}

func (f *floods) reset() {
	f.rates.Reset(func(t *floodTotal) { *t = floodTotal{} })
	f.loops.Reset(func(t *loopTotal) { *t = loopTotal{} })
	clear(f.sets)
}

// play takes the next frame in capture order.
func (f *floods) play(x *floodFrame, r *findings) {
	key := vlanKey{x.point.ID, x.tags}
	if x.rate {
		k := floodKey{key, x.dst == broadcastMAC}
		hash := r.seed.Uint128(x.tags, uint64(x.point.ID))
		if k.broadcast {
			hash ^= fold1
		}
		f.rates.At(k, hash).add(x)
	}
	if x.hash != 0 {
		f.loop(x, key, r)
	}
}

func (t *floodTotal) add(x *floodFrame) {
	second := x.time / 1e9
	if second != t.second || t.point == nil {
		t.second, t.inSecond, t.now = second, 0, firstFrames{}
	}
	t.point = x.point
	t.frames++
	t.inSecond++
	t.now.add(x.frame)
	t.sources.Add(FixedSeed.Uint64(x.src))
	if t.inSecond > t.peak {
		t.peak, t.peakSecond, t.peakFrames = t.inSecond, second, t.now
	}
}

// loop looks the frame up among those before it. One that was not seen for a second begins anew; in a full set the one with the fewest
// copies makes room.
func (f *floods) loop(x *floodFrame, key vlanKey, r *findings) {
	set := &f.sets[x.hash>>1&(loopSets-1)]
	slot := &set[0]
	for i := range set {
		candidate := &set[i]
		if candidate.hash == x.hash && candidate.point == x.point {
			slot = candidate
			break
		}
		if candidate.weight(x.time) < slot.weight(x.time) {
			slot = candidate
		}
	}
	if slot.hash != x.hash || slot.point != x.point {
		*slot = loopSlot{hash: x.hash, point: x.point, since: x.time}
	}
	if x.time-slot.since > 1e9 || x.time < slot.since {
		slot.since, slot.copies = x.time, 0
		if !slot.looping {
			slot.frames = firstFrames{}
		}
	}
	slot.copies++
	slot.frames.add(x.frame)
	switch {
	case slot.looping:
		slot.all++
		t := f.loops.At(key, r.seed.Uint128(key.tags, uint64(key.point)))
		t.copies++
		t.see(x, slot)
	case slot.copies >= r.threshold(foundLoop):
		slot.looping, slot.all = true, slot.copies
		t := f.loops.At(key, r.seed.Uint128(key.tags, uint64(key.point)))
		t.point = x.point
		t.copies += slot.copies
		t.frames++
		t.first.absorb(&slot.frames)
		t.span.add(slot.since)
		t.see(x, slot)
	}
}

// weight says how much is lost if the slot makes room at a time: nothing of a frame that was not seen for a second.
func (s *loopSlot) weight(now int64) uint64 {
	if now-s.since > 2e9 {
		return 0
	}
	return s.copies
}

func (t *loopTotal) see(x *floodFrame, slot *loopSlot) {
	t.span.add(x.time)
	if slot.all > t.most {
		t.most, t.dst, t.src = slot.all, x.dst, x.src
	}
}

func (f *floods) raise(s *search) {
	for i := range f.rates.Entries() {
		g := &f.rates.Entries()[i]
		t := &g.Total
		if t.peak < s.threshold(foundStorm) {
			continue
		}
		kind, filter := "multicast", "eth.dst[0] & 1 and not eth.dst == ff:ff:ff:ff:ff:ff"
		if g.Key.broadcast {
			kind, filter = "broadcast", "eth.dst == ff:ff:ff:ff:ff:ff"
		}
		s.add(foundStorm, Critical, t.point, Finding{
			What: fmt.Sprintf("%s %s frames in the second from %s on, of %s in %s, from %s", thousands(int64(t.peak)), kind,
				rfc3339.text(t.peakSecond*1e9, 0), thousands(int64(t.frames)), inVLAN(g.Key.vlanKey), distinctText(&t.sources, "source", "sources")),
			Count: t.peak, Frames: t.peakFrames.listed(), Filter: allOf(tagFilter(g.Key.vlanKey), filter),
		})
	}
	for i := range f.loops.Entries() {
		g := &f.loops.Entries()[i]
		t := &g.Total
		s.add(foundLoop, Critical, t.point, Finding{
			What: fmt.Sprintf("%s came again and again in %s, %s in %s; most often one from %s to %s", plural(t.frames, "frame", "frames"),
				inVLAN(g.Key), plural(t.copies, "time", "times"), Duration(t.span.last-t.span.first), macText(t.src), macText(t.dst)),
			Count: t.copies, Frames: t.first.listed(),
			Filter: allOf(tagFilter(g.Key), "eth.src == "+macText(t.src), "eth.dst == "+macText(t.dst)),
		})
	}
}

// inVLAN is "VLAN 100", "untagged frames".
func inVLAN(k vlanKey) string {
	if k.tags == 0 {
		return "untagged frames"
	}
	return "VLAN " + k.String()
}

// distinctText is "1 source", "about 5,000 sources".
func distinctText(d *Distinct, one, more string) string {
	c := d.Cell()
	n, _ := c.value.(int64)
	if c.approximate {
		return "about " + plural(uint64(n), one, more)
	}
	return plural(uint64(n), one, more)
}

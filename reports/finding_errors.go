package reports

import (
	"encoding/binary"
	"fmt"

	"pktscope/dissect"
)

// What routers say of packets that they could not pass on (RFC 792, RFC 4443), and what shows in labels and TRILL headers instead.

// expiredKey is who says that packets to a destination lived too long; of labels and TRILL, which tunnel they are in.
type expiredKey struct {
	point    int32
	protocol dissect.ID // icmp, icmpv6, mpls, trill
	path     uint64
	by, dst  endpoint
}

type expiredTotal struct {
	point  *dissect.Point
	path   enclosing
	traced firstFrames // packets of a kind that traceroutes send
	others firstFrames
}

func (t *expiredTotal) absorb(from *expiredTotal) {
	t.point, t.path = from.point, from.path
	t.traced.absorb(&from.traced)
	t.others.absorb(&from.others)
}

func (t *expiredTotal) reset() { *t = expiredTotal{} }

// largeKey is two hosts whose packets are too large for a router.
type largeKey struct {
	point    int32
	path     uint64
	by       endpoint
	src, dst endpoint
}

type largeTotal struct {
	point *dissect.Point
	path  enclosing
	mtu   uint32 // the smallest
	last  int64  // when it was told last
	run   firstFrames
	most  firstFrames // the longest run
}

// tooLarge is what is noted of an error about a packet that is too large, to be looked at in capture order.
type tooLarge struct {
	point *dissect.Point
	key   largeKey
	path  enclosing
	mtu   uint32
	frame uint64
	time  int64
}

const (
	// What was on the way when a sender was first told comes back as errors, too, within a round trip. A sender that forgets and tries again what
	// it was told is right (RFC 1191 §6.3: after ten minutes).
	heeding    = 200e6
	forgetting = 120e9
)

// playLarge takes the next error in capture order.
func (r *findings) playLarge(x *tooLarge) {
	k := &x.key
	t := r.large.At(*k, fold(r.seed.Uint128(k.src[0]^k.path, k.src[1]^k.by[1]), r.seed.Uint128(k.dst[0]^k.by[0], k.dst[1]^uint64(k.point)<<32)))
	if t.point == nil {
		t.point, t.path, t.mtu = x.point, x.path, x.mtu
	} else if x.time-t.last < heeding {
		return
	} else if x.time-t.last > forgetting {
		t.run = firstFrames{}
	}
	t.mtu, t.last = min(t.mtu, x.mtu), x.time
	t.run.add(x.frame)
	if t.run.count > t.most.count {
		t.most = t.run
	}
}

var icmpID, icmp6ID, mplsID, trillID = dissect.ByName("icmp").ID, dissect.ByName("icmpv6").ID, dissect.ByName("mpls").ID, dissect.ByName("trill").ID

// addICMP looks at a message of ICMP.
func (t *findingsPart) addICMP(g *glance) {
	l := &g.Layers[g.icmp]
	h := g.Header(l)
	if len(h) < 8 {
		return
	}
	if l.Protocol == icmp6ID && h[0] == 136 {
		t.addAdvertisement(g, g.icmp)
		return
	}
	if g.quoted == 0 {
		return
	}
	by, _ := ipEndpoints(g.Packet, int(l.Parent))
	src, dst := ipEndpoints(g.Packet, g.quoted)
	path := pathTo(g.Packet, g.icmp, t.report.seed)
	point := int32(g.Point.ID)
	v4 := l.Protocol == icmpID
	switch {
	case v4 && h[0] == 11 && h[1] == 0, !v4 && h[0] == 3 && h[1] == 0:
		key := expiredKey{point, l.Protocol, path, by, dst}
		total := t.expired.First(key, key.hash(t.report.seed), g.Number)
		total.point, total.path = g.Point, enclosingOf(g.Packet, g.icmp)
		if g.traced() {
			total.traced.add(g.Number)
		} else {
			total.others.add(g.Number)
		}
	case v4 && h[0] == 3 && h[1] == 4, !v4 && h[0] == 2:
		mtu := binary.BigEndian.Uint32(h[4:])
		if v4 {
			mtu &= 0xffff
		}
		t.told = append(t.told, tooLarge{point: g.Point, key: largeKey{point, path, by, src, dst}, path: enclosingOf(g.Packet, g.icmp), mtu: mtu,
			frame: g.Number, time: g.Time})
	}
}

func (k *expiredKey) hash(seed Seed) uint64 {
	return fold(seed.Uint128(k.by[0]^k.path, k.by[1]^uint64(k.protocol)), seed.Uint128(k.dst[0]^uint64(k.point), k.dst[1]))
}

// traced tells whether what is quoted is as traceroutes send it: echo requests, SYNs, UDP to ports from 33,434 on, or so short that nothing
// else is in it.
func (g *glance) traced() bool {
	for i := g.quoted + 1; i < len(g.Layers); i++ {
		l := &g.Layers[i]
		h := g.Header(l)
		switch dissect.ByID(l.Protocol).Name {
		case "icmp":
			return len(h) > 0 && h[0] == 8
		case "icmpv6":
			return len(h) > 0 && h[0] == 128
		case "udp":
			if len(h) < 4 {
				return true
			}
			port := binary.BigEndian.Uint16(h[2:])
			return 33434 <= port && port < 33434+512 || port == 3503 // LSP ping
		case "tcp":
			return len(h) < 14 || h[13]&2 != 0
		}
	}
	return true
}

// addLabelTTL looks whether the TTL of a label or the hop count of TRILL is used up while the packet inside has a long life before it. What has
// not is a traceroute, whose TTL was copied into the label.
func (t *findingsPart) addLabelTTL(g *glance) {
	key := expiredKey{point: int32(g.Point.ID)}
	i := g.trill
	switch {
	case g.trill != 0 && dissect.TRILL(g.Header(&g.Layers[g.trill])).HopCount() == 0:
		h := dissect.TRILL(g.Header(&g.Layers[g.trill]))
		key.protocol, key.by[1], key.dst[1] = trillID, uint64(h.Ingress()), uint64(h.Egress())
	case g.label != 0 && dissect.MPLS(g.Header(&g.Layers[g.label])).TTL() <= 1 && g.inner > g.label && g.ttl(g.inner) > loopTTL:
		i = g.label
		key.protocol, key.dst[1] = mplsID, uint64(dissect.MPLS(g.Header(&g.Layers[g.label])).Label())
	default:
		return
	}
	key.path = pathTo(g.Packet, i, t.report.seed)
	total := t.expired.First(key, key.hash(t.report.seed), g.Number)
	total.point, total.path = g.Point, enclosingOf(g.Packet, i)
	total.others.add(g.Number)
}

func raiseExpired(s *search) {
	traces := map[int]*firstFrames{} // by point
	threshold := s.threshold(foundTTLExpired)
	for i := range s.expired.Entries() {
		k, t := s.expired.Entries()[i].Key, &s.expired.Entries()[i].Total
		if t.traced.count > 0 {
			if traces[t.point.ID] == nil {
				traces[t.point.ID] = new(firstFrames)
			}
			traces[t.point.ID].absorb(&t.traced)
		}
		if t.others.count < threshold {
			continue
		}
		f := Finding{Count: t.others.count, Frames: t.others.listed()}
		packets := plural(t.others.count, "packet", "packets")
		switch k.protocol {
		case mplsID:
			f.What = fmt.Sprintf("%s under label %d have a TTL of 1 in the label and a long life inside", packets, k.dst[1])
			f.Filter = allOf(t.path.filter(), fmt.Sprintf("mpls.label == %d and mpls.ttl <= 1", k.dst[1]))
		case trillID:
			f.What = fmt.Sprintf("%s from 0x%04x to 0x%04x have no hops left", packets, k.by[1], k.dst[1])
			f.Filter = allOf(t.path.filter(), "trill.hop_cnt == 0")
		default:
			f.What = fmt.Sprintf("%s reports that %s to %s lived too long", k.by.addr(), packets, k.dst.addr())
			f.Filter = allOf(t.path.filter(), expiredFilter(k.protocol), hasAddr("src", k.by.addr()), hasAddr("dst", k.dst.addr()))
		}
		s.add(foundTTLExpired, Warning, t.point, f)
	}
	for i := range s.points.Entries() {
		point := s.points.Entries()[i].Total.point
		if t := traces[point.ID]; t != nil && t.count >= threshold {
			s.add(foundTTLExpired, Info, point, Finding{
				What:  fmt.Sprintf("%s of traceroutes: not a fault", plural(t.count, "packet", "packets")),
				Count: t.count, Frames: t.listed(), Filter: "(icmp.type == 11 or icmpv6.type == 3)",
			})
		}
	}
}

func expiredFilter(protocol dissect.ID) string {
	if protocol == icmpID {
		return "icmp.type == 11"
	}
	return "icmpv6.type == 3"
}

func raiseLarge(s *search) {
	for i := range s.large.Entries() {
		k, t := s.large.Entries()[i].Key, &s.large.Entries()[i].Total
		if t.most.count < s.threshold(foundPMTU) {
			continue
		}
		filter := "icmp.type == 3 and icmp.code == 4"
		if !k.src.addr().Is4() {
			filter = "icmpv6.type == 2"
		}
		s.add(foundPMTU, Warning, t.point, Finding{
			What: fmt.Sprintf("%s told %s %s that packets to %s may have %d bytes, and it does not heed that", k.by.addr(), k.src.addr(),
				plural(t.most.count, "time", "times"), k.dst.addr(), t.mtu),
			Count: t.most.count, Frames: t.most.listed(), Filter: allOf(t.path.filter(), filter, hasAddr("dst", k.src.addr())),
		})
	}
}

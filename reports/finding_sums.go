package reports

import (
	"fmt"

	"pktscope/dissect"
)

// Bad checksums, by the link that they came over and the protocol that has them.

// pointSums is how many checksums were good and bad at a capture point, by protocol.
type pointSums struct {
	point *dissect.Point
	bond  bool                 // LACP is spoken there: it is one link of several that share what goes between two systems
	sums  [numSummed][2]uint64 // good, bad
}

func (t *pointSums) absorb(from *pointSums) {
	t.point = from.point
	t.bond = t.bond || from.bond
	for i := range from.sums {
		t.sums[i][0] += from.sums[i][0]
		t.sums[i][1] += from.sums[i][1]
	}
}

func (t *pointSums) reset() { *t = pointSums{} }

// summed are the places in pointSums of the protocols that have most checksums; all others share the last one.
var summed = func() (all [256]uint8) {
	for i := range all {
		all[i] = numSummed - 1
	}
	for i, name := range []string{"ip", "tcp", "udp", "icmp", "icmpv6", "sctp", "gre"} {
		all[dissect.ByName(name).ID] = uint8(i)
	}
	return all
}()

const numSummed = 8

// sumKey is who sent frames with bad checksums at a capture point: the last hop.
type sumKey struct {
	point    int32
	protocol dissect.ID
	mac      uint64 // 0 where there are none
}

type sumTotal struct {
	point   *dissect.Point
	source  endpoint // of the first
	ip      bool     // there is one
	sources Distinct
	bad     firstFrames
	oneBit  firstFrames
	bits    [16]uint64
}

func (t *sumTotal) absorb(from *sumTotal) {
	if t.point == nil {
		t.point, t.source, t.ip = from.point, from.source, from.ip
	}
	t.sources.Merge(&from.sources)
	t.bad.absorb(&from.bad)
	t.oneBit.absorb(&from.oneBit)
	for bit, n := range from.bits {
		t.bits[bit] += n
	}
}

func (t *sumTotal) reset() {
	t.sources.Reset()
	*t = sumTotal{sources: t.sources}
}

// owedKey is whose checksums were owed at a capture point.
type owedKey struct {
	point  int32
	source endpoint
}

// owedTotal is all of them at a capture point.
type owedTotal struct {
	source  endpoint // the first
	sources uint64
	frames  firstFrames
}

// addSums counts bad checksums and those that are owed. What an ICMP error quotes was changed by routers, and proves nothing.
func (t *findingsPart) addSums(g *glance) {
	for i := 1; i < len(g.Layers); i++ {
		l := &g.Layers[i]
		switch {
		case l.Verdict == dissect.Bad && l.Flags&dissect.Quoted == 0:
			t.at.sums[summed[l.Protocol]][1]++
			t.addBad(g, i)
		case l.Verdict == dissect.Offload && l.Flags&dissect.Quoted == 0:
			if source, ok := g.source(i); ok {
				key := owedKey{int32(g.Point.ID), source}
				t.owed.First(key, t.report.seed.Uint128(source[0]^uint64(key.point)<<32, source[1]), g.Number).add(g.Number)
			}
		}
	}
}

// source is the address in the nearest IP header around layer i, or its own.
func (g *glance) source(i int) (endpoint, bool) {
	for j := i; j > 0; j = int(g.Layers[j].Parent) {
		if l := &g.Layers[j]; (l.Protocol == ip4 || l.Protocol == ip6) && l.Flags&dissect.Partial == 0 {
			from, _ := ipEndpoints(g.Packet, j)
			return from, true
		}
	}
	return endpoint{}, false
}

func (t *findingsPart) addBad(g *glance, i int) {
	l := &g.Layers[i]
	key := sumKey{int32(g.Point.ID), l.Protocol, g.src}
	total := t.sums.First(key, t.report.seed.Uint128(key.mac, uint64(key.point)<<8|uint64(key.protocol)), g.Number)
	source, ok := g.source(i)
	if total.point == nil {
		total.point, total.source, total.ip = g.Point, source, ok
	}
	if ok {
		total.sources.Add(FixedSeed.Uint128(source[0], source[1]))
	}
	total.bad.add(g.Number)
	if bit, ok := dissect.ByID(l.Protocol).Verify(g.Packet, i).FlippedBit(); ok {
		total.oneBit.add(g.Number)
		total.bits[bit]++
	}
}

func raiseSums(s *search) {
	for i := range s.sums.Entries() {
		k, t := &s.sums.Entries()[i].Key, &s.sums.Entries()[i].Total
		protocol := k.protocol.String()
		over := ""
		if k.mac != 0 {
			over = " over the link of " + macText(k.mac)
		}
		if t.ip {
			over += fmt.Sprintf(", from %s", t.source.addr())
			if n, _ := t.sources.Cell().value.(int64); n > 1 {
				over += " and " + plural(uint64(n-1), "other", "others")
			}
		}
		at := s.points.At(int(k.point), s.seed.Uint64(uint64(k.point)))
		sums := at.sums[summed[k.protocol]]
		filter := ""
		if k.mac != 0 {
			filter = "eth.src == " + macText(k.mac)
		}
		// Who changes captures, to hide addresses, or computes sums behind the capture point, leaves hardly any that is good.
		severity, why := Warning, ""
		if sums[1] >= sums[0] {
			severity, why = Info, fmt.Sprintf(": as nearly all here (%s good), so that what made the capture is likelier to be at fault than the network",
				thousands(int64(sums[0])))
		}
		if n := t.oneBit.count; 2*n >= t.bad.count && n >= s.threshold(foundOneBit) && severity > Info {
			most := 0
			for bit, n := range t.bits {
				if n > t.bits[most] {
					most = bit
				}
			}
			what := fmt.Sprintf("one flipped bit each explains %s of %s bad checksums of %s%s; in %s of them it is bit %d of a 16-bit word", thousands(int64(n)),
				thousands(int64(t.bad.count)), protocol, over, thousands(int64(t.bits[most])), most)
			if t.bad.count == 1 {
				what = fmt.Sprintf("one flipped bit, bit %d of a 16-bit word, explains a bad checksum of %s%s", most, protocol, over)
			}
			s.add(foundOneBit, severity, t.point, Finding{
				What:  what,
				Count: n, Frames: t.oneBit.listed(), Filter: allOf(filter, protocol, "pktscope.checksum.flipped_bit"),
			})
			if n == t.bad.count {
				continue
			}
		}
		if n := t.bad.count; n >= s.threshold(foundBadChecksum) {
			s.add(foundBadChecksum, severity, t.point, Finding{
				What:  fmt.Sprintf("%s of %s%s%s", plural(n, "bad checksum", "bad checksums"), protocol, over, why),
				Count: n, Frames: t.bad.listed(), Filter: allOf(filter, protocol, `pktscope.checksum.verdict == "bad"`),
			})
		}
	}
	owed := map[int32]*owedTotal{} // by point
	for i := range s.owed.Entries() {
		g := &s.owed.Entries()[i]
		t := owed[g.Key.point]
		if t == nil {
			t = &owedTotal{source: g.Key.source}
			owed[g.Key.point] = t
		}
		t.sources++
		t.frames.absorb(&g.Total)
	}
	for i := range s.points.Entries() {
		point := s.points.Entries()[i].Total.point
		t := owed[int32(point.ID)]
		if t == nil || t.frames.count < s.threshold(foundOffload) {
			continue
		}
		others := ""
		if t.sources > 1 {
			others = " and " + plural(t.sources-1, "other", "others")
		}
		s.add(foundOffload, Info, point, Finding{
			What: fmt.Sprintf("the NIC of %s%s still owed the checksums of %s: nothing is wrong with them", t.source.addr(), others,
				plural(t.frames.count, "packet", "packets")),
			Count: t.frames.count, Frames: t.frames.listed(), Filter: `pktscope.checksum.verdict == "offload"`,
		})
	}
}

package reports

import (
	"fmt"

	"pktscope/dissect"
)

// What the sequence numbers of ESP say (RFC 4303 §3.4.3): packets that are missing, and packets that came again.

// espPacket is what is noted of a packet of ESP, to be looked at in capture order.
type espPacket struct {
	seal   int32 // index of its group in the part
	number uint32
	ttl    uint8
	frame  uint64
}

// espSeal is a direction that a part has met.
type espSeal struct {
	point *dissect.Point
	at    int32 // index of its group in the report, from 1; -1 if there is no room; 0 as long as none of its packets was played
}

func (t *espSeal) reset() { *t = espSeal{} }

// espKey is one direction of a security association.
type espKey struct {
	point    int32
	spi      uint32
	path     uint64
	src, dst endpoint
}

type espTotal struct {
	point    *dissect.Point
	sequence sequence
	gaps     firstFrames // frames behind them
	replays  firstFrames
}

// addESP notes the packet of ESP in layer g.esp. Something other than IP around it would be odd; it is left alone.
func (t *findingsPart) addESP(g *glance, m *memo) {
	if g.around == 0 || g.around > g.esp {
		return
	}
	k := espKey{point: int32(g.Point.ID), spi: dissect.ESP(g.Header(&g.Layers[g.esp])).SPI(), path: pathTo(g.Packet, g.around, t.report.seed)}
	k.src, k.dst = ipEndpoints(g.Packet, g.around)
	seed := t.report.seed
	seal := t.seals.find(&k, uint32(fold(seed.Uint128(k.src[0]^k.path, k.src[1]^uint64(k.spi)), seed.Uint128(k.dst[0]^uint64(k.point), k.dst[1]))))
	t.seals.entries[seal].Total.point = g.Point
	m.esp, m.seal, m.espTTL = uint16(g.esp), int32(seal), g.ttl(g.around)
	t.addSealed(g.Packet, m)
}

// addSealed notes the packet of ESP in a layer.
func (t *findingsPart) addSealed(p *dissect.Packet, m *memo) {
	t.sealed = append(t.sealed, espPacket{m.seal, dissect.ESP(p.Header(&p.Layers[m.esp])).Sequence(), m.espTTL, p.Number})
}

// playESP takes the next packet in capture order.
func (r *findings) playESP(x *espPacket, seals *Groups[espKey, espSeal]) {
	seal := &seals.entries[x.seal]
	if seal.Total.at == 0 {
		seal.Total.at = -1
		if at := r.esp.find(&seal.Key, seals.hashes[x.seal]); at >= 0 {
			seal.Total.at = int32(at + 1)
		}
	}
	t := &r.esp.other
	if seal.Total.at > 0 {
		t = &r.esp.entries[seal.Total.at-1].Total
	}
	if t.point == nil {
		t.point = seal.Total.point
	}
	gaps, replays := t.sequence.gaps, t.sequence.replayed
	t.sequence.take(x.number, x.ttl)
	if t.sequence.gaps > gaps {
		t.gaps.add(x.frame)
	}
	if t.sequence.replayed > replays {
		t.replays.add(x.frame)
	}
}

func raiseESP(s *search) {
	for i := range s.esp.Entries() {
		k, t := &s.esp.Entries()[i].Key, &s.esp.Entries()[i].Total
		q := &t.sequence
		filter := allOf(hasAddr("src", k.src.addr()), fmt.Sprintf("esp.spi == 0x%08x", k.spi))
		association := fmt.Sprintf("0x%08x from %s to %s", k.spi, k.src.addr(), k.dst.addr())
		if q.missing >= s.threshold(foundESPGaps) {
			severity, why := Warning, ""
			switch {
			case s.partial(t.point):
				severity, why = Info, ": this is one link of a bond, and they may have taken another one"
			case q.missing*3 > q.packets:
				severity, why = Info, ": so many that they are likelier not to come by here, or not to have been captured"
			}
			s.add(foundESPGaps, severity, t.point, Finding{
				What: fmt.Sprintf("%s of %s of association %s are missing, in %s%s", thousands(int64(q.missing)),
					plural(q.missing+q.packets, "packet", "packets"), association, plural(q.gaps, "gap", "gaps"), why),
				Count: q.missing, Frames: t.gaps.listed(), Filter: filter,
			})
		}
		if q.replayed >= s.threshold(foundESPReplays) {
			s.add(foundESPReplays, Warning, t.point, Finding{
				What:  fmt.Sprintf("%s of association %s came again", plural(q.replayed, "packet", "packets"), association),
				Count: q.replayed, Frames: t.replays.listed(), Filter: filter,
			})
		}
	}
}

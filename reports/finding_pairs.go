package reports

import (
	"fmt"

	"pktscope/flows"
)

// Findings about the way between two hosts: losses, receivers that are slow, segments that are too large, a direction that is missing.

// foldPair adds direction d of a flow of TCP.
func (t *flowFindings) foldPair(f *flows.Flow, d flows.Direction, from, to endpoint) {
	x, back := &f.Directions[d], &f.Directions[d.Other()]
	again := uint64(x.Counters.Of(flows.TCPRetransmission))
	closed := uint64(x.Counters.Of(flows.TCPZeroWindow))
	alone := back.Packets == 0 && !f.Replied && x.Payload > 0
	if x.Payload == 0 && again == 0 && closed == 0 && !alone {
		return
	}
	p := t.pairs.At(pairKey{f.Segment.ID, from, to}, fold(t.report.seed.Uint128(from[0]^uint64(f.Segment.ID), from[1]), t.report.seed.Uint128(to[0], to[1])))
	p.segment = f.Segment
	p.packets += x.Packets
	p.payload += x.Payload
	p.bytes += x.Counters.RetransmittedBytes
	for _, n := range x.SentAgain {
		if n != 0 {
			p.again.keep(n)
		}
	}
	p.again.count += again
	if closed > 0 {
		p.closed.keep(x.ZeroWindow)
		p.closed.count += closed
		p.probes += uint64(back.Counters.Of(flows.TCPZeroWindowProbe)) + uint64(back.Counters.Of(flows.TCPKeepAlive))
	}
	if alone {
		p.alone.add(f.Frame)
		p.oneWay += x.Packets
	}
	if n, ok := stuck(f, d); ok {
		p.stuck.count += uint64(n)
		p.stuck.keep(x.SentAgain[0])
		p.largest = max(p.largest, f.TCP.Largest(d))
	}
}

// largeSegment is from how many bytes of payload on a segment may be too large for a path: a path carries 576 bytes at least (RFC 791), and
// small ones are lost for other reasons.
const largeSegment = 900

// stuck tells whether direction d sends its large segments again and again without one ever being acknowledged, while the handshake and small ones
// went through; n is how often.
func stuck(f *flows.Flow, d flows.Direction) (n uint32, ok bool) {
	if f.TCP == nil || f.Midstream || !f.Replied {
		return 0, false
	}
	x := &f.Directions[d]
	n = x.Counters.Of(flows.TCPRetransmission) - x.Counters.Of(flows.TCPSYNRetransmission)
	if n == 0 || x.Counters.Of(flows.TCPSpuriousRetransmission) > 0 || f.TCP.Largest(d) < largeSegment ||
		x.Counters.RetransmittedBytes/uint64(n) < largeSegment {
		return 0, false
	}
	sent := x.Payload - min(x.Payload, x.Counters.RepeatedBytes)
	arrived := sent - min(sent, uint64(f.TCP.InFlight(d)))
	return n, f.TCP.InFlight(d) >= largeSegment && arrived < uint64(f.TCP.Largest(d))
}

func (t *flowFindings) raisePairs(s *search) {
	for i := range t.pairs.Entries() {
		k, p := &t.pairs.Entries()[i].Key, &t.pairs.Entries()[i].Total
		if p.again.count == 0 && p.closed.count == 0 && p.alone.count == 0 {
			continue // the usual case
		}
		from, to := k.from.addr(), k.to.addr()
		ways := fmt.Sprintf("from %s to %s%s", from, to, inSegment(p.segment))
		filter := allOf(segmentFilter(p.segment), hasAddr("src", from), hasAddr("dst", to), "tcp")
		point := p.segment.Point
		if n := p.stuck.count; n >= s.threshold(foundPMTU) {
			s.add(foundPMTU, Warning, point, Finding{
				What: fmt.Sprintf("segments of up to %s bytes %s were sent again %s and never arrived, while small ones did", thousands(int64(p.largest)), ways,
					plural(n, "time", "times")),
				Count: n, Frames: p.stuck.listed(), Filter: allOf(filter, "tcp.len > 0"),
			})
			continue
		}
		if n := p.again.count; n >= s.threshold(foundRetransmissions) && n*100 >= p.packets {
			s.add(foundRetransmissions, Warning, point, Finding{
				What: fmt.Sprintf("%s of %s of TCP %s were sent again, %s of %s", thousands(int64(n)), plural(p.packets, "packet", "packets"), ways,
					scaled(int64(p.bytes), byteUnits), scaled(int64(p.payload), byteUnits)),
				Count: n, Frames: p.again.listed(), Filter: filter,
			})
		}
		if n := p.closed.count; n >= s.threshold(foundZeroWindow) {
			severity := Warning
			if p.probes == 0 {
				severity = Info // the window opened before the sender had to ask
			}
			s.add(foundZeroWindow, severity, point, Finding{
				What: fmt.Sprintf("%s%s told %s %s that it can take no more; %s", from, inSegment(p.segment), to, plural(n, "time", "times"),
					plural(p.probes, "probe came", "probes came")),
				Count: n, Frames: p.closed.listed(), Filter: allOf(filter, "tcp.window_size_value == 0 and tcp.flags.reset == 0"),
			})
		}
		if n := p.oneWay; n >= s.threshold(foundOneWayFlow) && t.bothWays(point.ID) {
			s.add(foundOneWayFlow, Warning, point, Finding{
				What:  fmt.Sprintf("%s in %s %s, and none back", plural(n, "packet", "packets"), plural(p.alone.count, "connection", "connections"), ways),
				Count: n, Frames: p.alone.listed(), Filter: filter,
			})
		}
	}
}

// at returns what is known of a capture point.
func (t *flowFindings) at(point int) *pointFlows {
	return t.points.At(point, t.report.seed.Uint64(uint64(point)))
}

// bothWays tells whether the capture point sees both directions of most connections. A mirror of one direction sees no other.
func (t *flowFindings) bothWays(point int) bool { return t.at(point).both > t.at(point).one }

// raisePoints raises that of most connections at a capture point only one direction comes by.
func (t *flowFindings) raisePoints(s *search) {
	for i := range t.points.Entries() {
		p := &t.points.Entries()[i].Total
		if p.packets < s.threshold(foundOneWayFlow) || p.both > p.one {
			continue
		}
		s.add(foundOneWayFlow, Info, p.point, Finding{
			What: fmt.Sprintf("only one direction of %s with %s was captured, of %s both: as where one direction is mirrored", plural(p.one, "connection", "connections"),
				plural(p.packets, "packet", "packets"), thousands(int64(p.both))),
			Count: p.packets, Frames: p.frames.listed(), Filter: "tcp",
		})
	}
}

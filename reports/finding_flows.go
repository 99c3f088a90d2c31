package reports

import (
	"encoding/binary"

	"pktscope/dissect"
	"pktscope/flows"
)

// flowFindings is what flows add up to for findings: of servers, of sources, of pairs of hosts. It is filled by those flows that left, and for a
// search another one by all of them. A flow that was captured at several places counts at the first.
type flowFindings struct {
	report  *findings
	points  *Groups[int, pointFlows]
	servers *Groups[askedKey, askedTotal]
	sources *Groups[sourceKey, sourceTotal]
	pairs   *Groups[pairKey, pairTotal]
	outside *Groups[outsideKey, outsideTotal]
	inside  *Groups[insideKey, insideTotal]
}

// pointFlows is how many flows with more than a few packets there were in both directions and in one.
type pointFlows struct {
	point   *dissect.Point
	both    uint64
	silent  uint64 // requests without an answer, in flows
	orphan  uint64 // answers without a request, in flows
	one     uint64
	frames  firstFrames // of those in one
	packets uint64      // of those in one
}

// askedKey is what flows go to, in a segment.
type askedKey struct {
	segment  uint32
	address  endpoint
	port     uint16
	protocol uint8
}

type askedTotal struct {
	segment    *flows.Segment
	flows      uint64
	unfinished uint64 // handshakes that were not finished
	answered   uint64
	requests   uint64      // packets of those without any answer
	silent     firstFrames // flows without any answer
	errors     uint64      // ICMP errors about those
	half       firstFrames // unfinished handshakes
	span       span        // of their beginnings
	clients    Distinct    // of them
	resets     firstFrames // flows that were refused or cut off
	refused    uint64
}

// insideKey is what flows go to, wherever at a capture point they were seen: a translator has several interfaces.
type insideKey struct {
	place    uint64 // a hash of capture point and identifiers, interfaces left out
	address  endpoint
	port     uint16
	protocol uint8
}

type insideTotal struct {
	segment      *flows.Segment
	translated   uint64      // that were seen behind a translator, too
	untranslated firstFrames // without an answer, and not seen behind it
}

func (t *insideTotal) absorb(from *insideTotal) {
	t.segment = from.segment
	t.translated += from.translated
	t.untranslated.absorb(&from.untranslated)
}

// place is the place of a segment in insideKey.
func place(s *flows.Segment) uint64 {
	h := uint64(s.Point.ID)
	for _, id := range s.Path {
		if id.Kind != flows.Interface {
			h = fold(h^uint64(id.Kind)<<32^uint64(id.Number)^fold1, fold2)
		}
	}
	return h
}

// insideOf is the total that flows in a segment to a server count for.
func (t *flowFindings) insideOf(k *askedKey, segment *flows.Segment) *insideTotal {
	in := insideKey{place(segment), k.address, k.port, k.protocol}
	return t.inside.At(in, fold(t.report.seed.Uint128(in.address[0]^in.place, in.address[1]), uint64(in.port)<<8^uint64(in.protocol)^fold3))
}

// foldInside adds a flow to what it goes to, if that is behind a translator or may be.
func (t *flowFindings) foldInside(f *flows.Flow, silent, before, after bool) {
	if !before && (!silent || after) {
		return
	}
	dst := tupleEndpoint(&f.Dst)
	total := t.insideOf(&askedKey{address: dst, port: f.Dport, protocol: f.Protocol}, f.Segment)
	total.segment = f.Segment
	if before {
		total.translated++
	} else {
		total.untranslated.add(f.Frame)
	}
}

// sourceKey is where flows come from, in a segment.
type sourceKey struct {
	segment uint32
	address endpoint
}

type sourceTotal struct {
	segment *flows.Segment
	flows   uint64
	failed  firstFrames
	targets Distinct // of those that failed
	ports   Distinct
	hosts   Distinct
	span    span
}

// pairKey is a direction between two hosts, in a segment.
type pairKey struct {
	segment  uint32
	from, to endpoint
}

type pairTotal struct {
	segment *flows.Segment
	packets uint64 // of TCP
	payload uint64
	again   firstFrames // retransmissions; count is of all
	bytes   uint64
	closed  firstFrames // zero windows that from announced; the frames are the first of each flow
	probes  uint64      // that to sent then
	stuck   firstFrames // flows whose large segments never arrived
	largest uint16
	alone   firstFrames // flows in this direction only
	oneWay  uint64      // their packets
}

// outsideKey is an address that a translator uses.
type outsideKey struct {
	segment  uint32
	address  endpoint
	protocol uint8
}

type outsideTotal struct {
	ports     Distinct
	low, high uint16
}

func newFlowFindings(r *findings) *flowFindings {
	return &flowFindings{report: r,
		points:  NewGroups[int, pointFlows](r.groups),
		servers: NewGroups[askedKey, askedTotal](r.groups),
		sources: NewGroups[sourceKey, sourceTotal](r.groups),
		pairs:   NewGroups[pairKey, pairTotal](r.groups),
		outside: NewGroups[outsideKey, outsideTotal](r.groups),
		inside:  NewGroups[insideKey, insideTotal](r.groups),
	}
}

func (t *flowFindings) reset() {
	t.points.Reset(func(p *pointFlows) { *p = pointFlows{} })
	t.servers.Reset(func(a *askedTotal) { *a = askedTotal{} })
	t.sources.Reset(func(s *sourceTotal) { *s = sourceTotal{} })
	t.pairs.Reset(func(p *pairTotal) { *p = pairTotal{} })
	t.outside.Reset(func(o *outsideTotal) { *o = outsideTotal{} })
	t.inside.Reset(func(i *insideTotal) { *i = insideTotal{} })
}

// absorb adds what from counted.
func (t *flowFindings) absorb(from *flowFindings) {
	t.points.Absorb(from.points, (*pointFlows).absorb)
	t.servers.Absorb(from.servers, (*askedTotal).absorb)
	t.sources.Absorb(from.sources, (*sourceTotal).absorb)
	t.pairs.Absorb(from.pairs, (*pairTotal).absorb)
	t.outside.Absorb(from.outside, (*outsideTotal).absorb)
	t.inside.Absorb(from.inside, (*insideTotal).absorb)
}

func (t *pointFlows) absorb(from *pointFlows) {
	t.point = from.point
	t.both += from.both
	t.silent += from.silent
	t.orphan += from.orphan
	t.one += from.one
	t.packets += from.packets
	t.frames.absorb(&from.frames)
}

func (t *askedTotal) absorb(from *askedTotal) {
	t.segment = from.segment
	t.flows += from.flows
	t.unfinished += from.unfinished
	t.answered += from.answered
	t.requests += from.requests
	t.silent.absorb(&from.silent)
	t.errors += from.errors
	t.half.absorb(&from.half)
	t.span.absorb(&from.span)
	t.clients.Merge(&from.clients)
	t.resets.absorb(&from.resets)
	t.refused += from.refused
}

func (t *sourceTotal) absorb(from *sourceTotal) {
	t.segment = from.segment
	t.flows += from.flows
	t.failed.absorb(&from.failed)
	t.targets.Merge(&from.targets)
	t.ports.Merge(&from.ports)
	t.hosts.Merge(&from.hosts)
	t.span.absorb(&from.span)
}

func (t *pairTotal) absorb(from *pairTotal) {
	t.segment = from.segment
	t.packets += from.packets
	t.payload += from.payload
	t.again.absorb(&from.again)
	t.bytes += from.bytes
	t.closed.absorb(&from.closed)
	t.probes += from.probes
	t.stuck.absorb(&from.stuck)
	t.largest = max(t.largest, from.largest)
	t.alone.absorb(&from.alone)
	t.oneWay += from.oneWay
}

func (t *outsideTotal) absorb(from *outsideTotal) {
	if t.high == 0 {
		t.low = from.low
	}
	t.low, t.high = min(t.low, from.low), max(t.high, from.high)
	t.ports.Merge(&from.ports)
}

// overfull tells whether flows found no room.
func (t *flowFindings) overfull() bool {
	full := func(_ any, some bool) bool { return some }
	return full(t.points.Other()) || full(t.servers.Other()) || full(t.sources.Other()) || full(t.pairs.Other()) || full(t.outside.Other()) || full(t.inside.Other())
}

// raiseFlows raises what flows show: of those that left, and of all that are there.
func raiseFlows(s *search) {
	if s.flows == nil {
		return
	}
	all := s.whole
	defer all.reset()
	all.absorb(s.left)
	tunnels, spread := newTunnelled(), newSpread()
	s.flows.Flows(func(f *flows.Flow) bool {
		all.fold(f)
		tunnels.fold(f)
		spread.fold(f)
		return true
	})
	all.raiseScans(s)
	all.raiseServers(s)
	all.raiseNAT(s)
	all.raisePairs(s)
	all.raisePoints(s)
	tunnels.raise(s)
	spread.raise(s)
}

// tupleEndpoint is an address of a tuple.
func tupleEndpoint(a *[16]byte) endpoint {
	return endpoint{binary.BigEndian.Uint64(a[:]), binary.BigEndian.Uint64(a[8:])}
}

// asked are the UDP ports of services that answer each request: DNS, NTP, SNMP, Kerberos, LDAP, IKE, RADIUS. A datagram to any other one may
// want no answer.
func asked(port uint16) bool {
	switch port {
	case 53, 88, 123, 161, 389, 500, 1812, 1813:
		return true
	}
	return false
}

const tcpNumber, udpNumber, icmpNumber, icmp6Number = 6, 17, 1, 58

// few is up to how many packets a flow says nothing of directions.
const few = 4

// fold adds a flow.
func (t *flowFindings) fold(f *flows.Flow) {
	copied, before, after := false, false, false
	for _, l := range f.Links {
		switch {
		case l.Kind == flows.DuplicateOf && l.Flow < f.ID:
			copied = true
		case l.Kind == flows.NATOf && l.After:
			after = true
		case l.Kind == flows.NATOf:
			before = true
		}
	}
	if after && (f.Protocol == tcpNumber || f.Protocol == udpNumber) {
		t.foldOutside(f)
	}
	if copied || f.Connection != f.ID {
		return
	}
	src, dst := tupleEndpoint(&f.Src), tupleEndpoint(&f.Dst)
	if dst.group() || uint32(dst[1])&0xff == 0xff && f.V4() {
		return
	}
	seed := t.report.seed
	segment := f.Segment.ID
	t.foldPoint(f)
	key := askedKey{segment, dst, f.Dport, f.Protocol}
	server := t.servers.At(key, seed.Uint128(dst[0]^uint64(segment), dst[1]^uint64(f.Dport)<<32^uint64(f.Protocol)<<48))
	server.segment = f.Segment
	t.foldServer(server, f, src, before, after)
	if f.Protocol == tcpNumber {
		for d := range flows.Direction(2) {
			from, to := src, dst
			if d == flows.Reply {
				from, to = dst, src
			}
			if f.Directions[d].Packets > 0 {
				t.foldPair(f, d, from, to)
			}
		}
	}
}

func (t *flowFindings) foldPoint(f *flows.Flow) {
	id := f.Segment.Point.ID
	p := t.points.At(id, t.report.seed.Uint64(uint64(id)))
	p.point = f.Segment.Point
	switch {
	case f.Directions[flows.Original].Packets == 0:
		p.orphan++
	case f.Packets() <= few && (f.Protocol != tcpNumber || !f.Replied):
	case f.Replied:
		p.both++
	case f.Protocol == tcpNumber && f.Directions[0].Payload+f.Directions[1].Payload > 0:
		p.one++
		p.packets += f.Packets()
		p.frames.add(f.Frame)
	}
}

// foldOutside notes which port a translator used for f, as seen behind it.
func (t *flowFindings) foldOutside(f *flows.Flow) {
	src := tupleEndpoint(&f.Src)
	o := t.outside.At(outsideKey{0, src, f.Protocol}, t.report.seed.Uint128(src[0]^uint64(f.Protocol), src[1]))
	if o.high == 0 {
		o.low = f.Sport
	}
	o.low, o.high = min(o.low, f.Sport), max(o.high, f.Sport)
	o.ports.Add(FixedSeed.Uint64(uint64(f.Sport)))
}

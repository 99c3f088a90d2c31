package ipfix

import (
	"pktscope/flows"
)

// record is one direction of a flow.
type record struct {
	flow      *flows.Flow
	segment   *flows.Segment
	name      string // of the segment
	direction flows.Direction
	tuple     flows.Tuple // of the direction
	behind    flows.Tuple // the same when it has passed the translator
	reason    EndReason

	packets, bytes uint64 // since the last record of the direction
	first, last    int64  // nanoseconds since the Unix epoch
	tos            uint8  // of its first packet
	ttl            [2]uint8
	flags          uint8  // of TCP, that the flow has had so far
	kind           uint8  // of an ICMP query or its answer
	point          uint32 // number of the capture point, from 1

	vlans   [2]uint16
	network uint64              // layer2SegmentId (RFC 7133 section 3.2): what kind of network in the upper byte, its number
	labels  [maxLabels][3]uint8 // the top one first; without the class and with the bottom's mark, as they lie in a packet
	spi     uint32
}

// EndReason is why a record is exported (flowEndReason, RFC 5102 section 5.11.3).
type EndReason uint8

const (
	Idle   EndReason = iota + 1 // it had no packet for as long as conntrack waits
	Active                      // it goes on
	Over                        // its end was seen
	Forced                      // the capture ended
	NoRoom                      // another flow took its place
)

// Kinds of networks in layer2SegmentId (IANA, IPFIX layer 2 segment types).
const (
	segmentVXLAN = 1 << 56
	segmentNVGRE = 2 << 56
)

// set makes r the direction d of f; behind is its tuple when it has passed a translator, nil for none.
func (r *record) set(f *flows.Flow, d flows.Direction, behind *flows.Tuple, reason EndReason) features {
	t := &f.Directions[d]
	if f.Segment != r.segment { // flows of one segment mostly come in a row
		r.segment, r.name = f.Segment, f.Segment.Name()
	}
	*r = record{flow: f, segment: r.segment, name: r.name, direction: d, tuple: f.Tuple, reason: reason, packets: t.Packets, bytes: t.Bytes, first: t.First, last: t.Last, ttl: t.TTL,
		flags: t.TCPFlags, kind: f.Type, point: uint32(f.Segment.Point.ID) + 1}
	if len(t.TOS) > 0 {
		r.tos = t.TOS[0]
	}
	if d == flows.Reply {
		r.tuple = f.Tuple.Reverse()
		r.kind = answer(f.Type)
	}
	var has features
	if !f.V4() {
		has |= version6
	}
	switch f.Protocol {
	case tcp:
		has |= segments
	case icmp, icmpv6:
		has |= query
	}
	if behind != nil {
		r.behind = *behind
		if behind.V4() {
			has |= became4
		} else {
			has |= became6
		}
	}
	return has | r.path(f.Segment.Path)
}

// Numbers of IP protocols that have what others have not: flags, and instead of ports queries and answers.
const (
	icmp   = 1
	tcp    = 6
	icmpv6 = 58
)

// answer is the type of the answer to an ICMP query (RFC 792, RFC 950, RFC 4443 section 4, RFC 4620).
func answer(query uint8) uint8 {
	if query == 8 {
		return 0
	}
	return query + 1
}

// path notes whose the flow is. Of what is there several times, the innermost counts, which is closest to the flow; of labels that stack.
func (r *record) path(path flows.Path) (has features) {
	depth := 0 // labels so far in this stack
	for i, id := range path {
		n := id.Number
		switch id.Kind {
		case flows.VLAN, flows.ServiceVLAN:
			inner := i > 0 && (path[i-1].Kind == flows.VLAN || path[i-1].Kind == flows.ServiceVLAN)
			if inner {
				r.vlans[1] = uint16(n)
				has |= twice
			} else {
				r.vlans = [2]uint16{uint16(n)}
				has = has&^twice | tagged
			}
		case flows.VXLANVNI:
			r.network = segmentVXLAN | uint64(n)
			has |= network
		case flows.VSID:
			r.network = segmentNVGRE | uint64(n)
			has |= network
		case flows.SPI:
			r.spi = n
			has |= sealed
		case flows.Label:
			if i == 0 || path[i-1].Kind != flows.Label {
				r.labels, depth = [maxLabels][3]uint8{}, 0
			}
			bottom := uint8(0)
			if i+1 == len(path) || path[i+1].Kind != flows.Label {
				bottom = 1
			}
			if depth < maxLabels {
				r.labels[depth] = [3]uint8{uint8(n >> 12), uint8(n >> 4), uint8(n<<4) | bottom}
			}
			depth++
			has |= labels
		}
	}
	return has
}

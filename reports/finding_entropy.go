package reports

import (
	"cmp"
	"fmt"
	"slices"

	"pktscope/flows"
)

// Tunnels in UDP whose outer source port does not tell connections apart.

// tunnelled is how many flows are in those of tunnels. It looks at flows that have not left only, for it has to know all that a tunnel's have
// in them.
type tunnelled struct {
	outer    map[outerKey]*outerFlows
	of       map[uint32]*outerFlows // by flow
	children map[uint32]uint64      // by the ID of the flow around them
}

// outerKey is a direction of a tunnel in UDP.
type outerKey struct {
	segment  *flows.Segment
	from, to endpoint
	port     uint16
}

type outerFlows struct {
	key    outerKey
	ids    []uint32
	ports  map[uint16]bool
	frames firstFrames
}

func newTunnelled() *tunnelled {
	return &tunnelled{map[outerKey]*outerFlows{}, map[uint32]*outerFlows{}, map[uint32]uint64{}}
}

func (t *tunnelled) fold(f *flows.Flow) {
	if f.Parent != 0 && f.Replied {
		t.children[f.Parent]++
	}
	if f.Protocol != udpNumber {
		return
	}
	for d := range flows.Direction(2) {
		if f.Directions[d].Packets == 0 {
			continue
		}
		key := outerKey{f.Segment, tupleEndpoint(&f.Src), tupleEndpoint(&f.Dst), f.Dport}
		port := f.Sport
		if d == flows.Reply {
			key.from, key.to, key.port, port = key.to, key.from, f.Sport, f.Dport
		}
		if !carries(key.port) {
			continue
		}
		o := t.outer[key]
		if o == nil {
			o = &outerFlows{key: key, ports: map[uint16]bool{}}
			t.outer[key] = o
		}
		if len(o.ports) < 2 {
			o.ports[port] = true
		}
		o.ids = append(o.ids, f.ID)
		o.frames.add(f.Frame)
	}
}

// carries tells the UDP ports of tunnels whose source port is to be a hash of what they carry: VXLAN and VXLAN-GPE, Geneve, MPLS and GRE in UDP.
func carries(port uint16) bool {
	switch port {
	case 4789, 8472, 4790, 6081, 6635, 4754:
		return true
	}
	return false
}

func (t *tunnelled) raise(s *search) {
	var all []*outerFlows
	for _, o := range t.outer {
		all = append(all, o)
	}
	slices.SortFunc(all, func(a, b *outerFlows) int { return cmp.Compare(a.ids[0], b.ids[0]) })
	for _, o := range all {
		var n uint64
		for _, id := range o.ids {
			n += t.children[id]
		}
		if len(o.ports) > 1 || n < s.threshold(foundPolarised) {
			continue
		}
		var port uint16
		for port = range o.ports {
		}
		k := o.key
		s.add(foundPolarised, Warning, k.segment.Point, Finding{
			What: fmt.Sprintf("%s from %s to %s udp port %d%s all have the outer source port %d", plural(n, "connection", "connections"), k.from.addr(), k.to.addr(),
				k.port, inSegment(k.segment), port),
			Count: n, Frames: o.frames.listed(),
			Filter: allOf(segmentFilter(k.segment), hasAddr("src", k.from.addr()), hasAddr("dst", k.to.addr()), fmt.Sprintf("udp.dstport == %d", k.port)),
		})
	}
}

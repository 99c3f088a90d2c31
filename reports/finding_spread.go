package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pktscope/dissect"
	"pktscope/flows"
)

// Connections whose packets take several links at a time: a hash that counts packets and not flows, which puts them out of order.

// spread is the connections that went on at several capture points.
type spread struct{ all map[uint32]*spreadFlow } // by the ID of the flow that has the connection's state

type spreadFlow struct {
	tuple flows.Tuple
	parts []spreadPart
}

// spreadPart is one direction of a connection at one capture point.
type spreadPart struct {
	point       *dissect.Point
	from        [16]byte
	packets     uint64
	first, last int64
	frame       uint64
}

func newSpread() *spread { return &spread{map[uint32]*spreadFlow{}} }

func (t *spread) fold(f *flows.Flow) {
	if f.Protocol != tcpNumber || !slices.ContainsFunc(f.Links, func(l flows.Link) bool { return l.Kind == flows.ContinuationOf }) {
		return
	}
	s := t.all[f.Connection]
	if s == nil {
		s = &spreadFlow{tuple: f.Tuple}
		t.all[f.Connection] = s
	}
	for d := range flows.Direction(2) {
		x := &f.Directions[d]
		from := f.Src
		if d == flows.Reply {
			from = f.Dst
		}
		if x.Packets > 0 {
			s.parts = append(s.parts, spreadPart{f.Segment.Point, from, x.Packets, x.First, x.Last, f.Frame})
		}
	}
}

// raise raises connections of which two points had packets of one direction, about as many, for all of the time. One that moved from one to the
// other, as at a failover, or there and back, had not.
func (t *spread) raise(s *search) {
	var ids []uint32
	for id := range t.all {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
		c := t.all[id]
		slices.SortStableFunc(c.parts, func(a, b spreadPart) int { return cmp.Compare(a.point.ID, b.point.ID) })
		var points []string
		var packets uint64
		var frames firstFrames
		for i := range c.parts {
			p := &c.parts[i]
			for k := range c.parts {
				q := &c.parts[k]
				together := min(p.last, q.last) - max(p.first, q.first)
				if q.point == p.point || q.from != p.from || together <= 0 || 10*together < 9*max(p.last-p.first, q.last-q.first) || 4*min(p.packets, q.packets) < max(p.packets, q.packets) ||
					2*min(p.packets, q.packets) < s.threshold(foundSpread) {
					continue
				}
				packets += p.packets
				frames.add(p.frame)
				if name := s.names.of(p.point); !slices.Contains(points, name) {
					points = append(points, name)
				}
				break
			}
		}
		if packets == 0 {
			continue
		}
		tuple := &c.tuple
		s.addAcross(foundSpread, Warning, c.parts[0].point, Finding{
			What: fmt.Sprintf("%s of the connection from %s to %s tcp port %d took %s at the same time", plural(packets, "packet", "packets"), tuple.Source(),
				tuple.Destination(), tuple.Dport, strings.Join(points, " and ")),
			Count: packets, Frames: frames.listed(),
			Filter: allOf(hasAddr("addr", tuple.Source()), hasAddr("addr", tuple.Destination()), portFilter(tuple.Protocol, "port", tuple.Sport),
				portFilter(tuple.Protocol, "port", tuple.Dport)),
		})
	}
}

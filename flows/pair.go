package flows

import (
	"cmp"
	"slices"
)

// A Pair is two segments that are the two directions of one: connections go in one and come back in the other. Labels and SPIs differ by
// direction always, VNIs and VLANs where routing is asymmetric, capture points where the members of a bond are captured.
type Pair struct {
	A, B        *Segment // A was met first
	Connections uint64   // of TCP whose numbers show it
	Queries     uint64   // of ICMP whose identifiers and sequence numbers show it; two tenants may have the same ones
	Frame       uint64   // number of the first packet that shows it
}

// pair notes that the packet of o, in segment a, belongs to a connection whose other direction is in b.
func (t *Tracker) pair(a, b *Segment, evidence Evidence, o *Observation) {
	key := pairOf(a.ID, b.ID)
	p := t.pairs[key]
	if p == nil {
		if len(t.pairs) >= maxPairs {
			return
		}
		if a.ID > b.ID {
			a, b = b, a
		}
		p = &Pair{A: a, B: b, Frame: o.Frame}
		t.pairs[key] = p
	}
	if evidence == TCPNumbers {
		p.Connections++
	} else {
		p.Queries++
	}
}

// Pairs returns the pairs of segments that are the two directions of one, in the order of the segments' IDs.
func (t *Tracker) Pairs() (all []Pair) {
	for _, p := range t.pairs {
		all = append(all, *p)
	}
	slices.SortFunc(all, func(x, y Pair) int { return cmp.Or(cmp.Compare(x.A.ID, y.A.ID), cmp.Compare(x.B.ID, y.B.ID)) })
	return all
}

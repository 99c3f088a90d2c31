package flows

import (
	"cmp"
	"slices"

	"pktscope/dissect"
)

// A Network is segments that are one under several names: at each capture point the same packets have another tag, VNI or key around them.
type Network struct {
	Segments []*Segment // in the order of their IDs; no two of one capture point
	Realm    int        // index of the realm that it is in
	Proof    uint64     // packets of the weakest translation without which it would fall apart; 0 for one segment alone
}

// Networks says which segments are one.
type Networks struct {
	All    []Network     // in the order of their first segments; each segment that is remembered is in one
	Realms []Realm       // the same
	Apart  []Translation // that are proven but would make two segments of one capture point one: a port was given another VLAN

	byID map[uint32]int // by the segment's ID
}

// A Realm is networks with the same addresses: the labels, VNIs or capture points of the two directions of its connections. Whoever is in it
// has an address for himself alone (RFC 2663 §2.1 speaks of address realms in this sense). To reports it is a tenant.
type Realm struct {
	Networks []int  // indices of Networks.All, in ascending order
	Tenant   string // what the tenants file calls it; nothing if it does not
}

// Of returns which of All a segment is in, -1 for one that has left.
func (n *Networks) Of(segment uint32) int {
	if i, ok := n.byID[segment]; ok {
		return i
	}
	return -1
}

// RealmOf is the same for Realms.
func (n *Networks) RealmOf(segment uint32) int {
	if i, ok := n.byID[segment]; ok {
		return n.All[i].Realm
	}
	return -1
}

// Networks joins what is proven pair by pair. Those with the best evidence are joined first. What a router is between is not joined: it is
// another network, even if the same packets are in both. Nor is what would make two segments of one capture point one, or two tenants that
// the tenants file keeps apart: to merge tenants is the worst mistake, and to leave one apart is said.
func (t *Tracker) Networks() Networks {
	n := Networks{byID: map[uint32]int{}}
	var union []*growing // by the index of the segment in the order of IDs
	index := map[uint32]int{}
	t.Segments(func(s *Segment) bool {
		index[s.ID] = len(union)
		union = append(union, &growing{Network: Network{Segments: []*Segment{s}}, places: map[spot]bool{spotOf(s): true}, tenant: s.Tenant})
		return true
	})
	translations := slices.DeleteFunc(t.Translations(), func(tr Translation) bool {
		_, a := index[tr.A.ID]
		_, b := index[tr.B.ID]
		return tr.Routed || !a || !b
	})
	slices.SortStableFunc(translations, func(x, y Translation) int { return cmp.Compare(y.Packets, x.Packets) })
	for _, tr := range translations {
		a, b := union[index[tr.A.ID]], union[index[tr.B.ID]]
		if len(a.Segments) < len(b.Segments) {
			a, b = b, a
		}
		switch {
		case a == b:
		case !a.joins(b):
			n.Apart = append(n.Apart, tr)
		default:
			a.absorb(b)
			a.Proof = weaker(a.Proof, tr.Packets)
			for _, s := range b.Segments {
				union[index[s.ID]] = a
			}
		}
	}
	for i, network := range union {
		slices.SortFunc(network.Segments, bySegmentID)
		if index[network.Segments[0].ID] == i {
			for _, s := range network.Segments {
				n.byID[s.ID] = len(n.All)
			}
			n.All = append(n.All, network.Network)
		}
	}
	slices.SortFunc(n.Apart, func(x, y Translation) int { return cmp.Or(bySegmentID(x.A, y.A), bySegmentID(x.B, y.B)) })
	n.realms(t.Pairs())
	return n
}

func weaker(a, b uint64) uint64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// realms joins networks between which connections go. Queries alone prove nothing: two tenants may have the same identifiers.
func (n *Networks) realms(pairs []Pair) {
	above := make([]int, len(n.All)) // a network of the realm that comes before, or the network itself
	names := make([]string, len(n.All))
	for i, network := range n.All {
		above[i], names[i] = i, network.Tenant()
	}
	first := func(i int) int {
		for above[i] != i {
			above[i] = above[above[i]]
			i = above[i]
		}
		return i
	}
	for _, p := range pairs {
		a, b := n.Of(p.A.ID), n.Of(p.B.ID)
		if p.Connections == 0 || a < 0 || b < 0 {
			continue
		}
		a, b = first(a), first(b)
		if a > b {
			a, b = b, a
		}
		if a != b && !apart(names[a], names[b]) {
			above[b], names[a] = a, cmp.Or(names[a], names[b])
		}
	}
	for i := range n.All {
		f := first(i)
		if f == i {
			n.All[i].Realm = len(n.Realms)
			n.Realms = append(n.Realms, Realm{Tenant: names[i]})
		}
		r := n.All[f].Realm
		n.All[i].Realm = r
		n.Realms[r].Networks = append(n.Realms[r].Networks, i)
	}
}

// Tenant is the name that the tenants file gives it; nothing if it gives none.
func (n *Network) Tenant() string {
	for _, s := range n.Segments {
		if s.Tenant != "" {
			return s.Tenant
		}
	}
	return ""
}

// apart tells whether two tenants' names say that they are not one.
func apart(a, b string) bool { return a != b && a != "" && b != "" }

func bySegmentID(a, b *Segment) int { return cmp.Compare(a.ID, b.ID) }

// growing is a network that is being joined from segments.
type growing struct {
	Network
	places map[spot]bool // where they were captured
	tenant string        // that the tenants file names; empty if it names none
}

// spot is a capture point, and the number of the interface where it sees several.
type spot struct {
	point  *dissect.Point
	number uint32
}

func spotOf(s *Segment) spot {
	if len(s.Path) > 0 && s.Path[0].Kind == Interface {
		return spot{s.Point, s.Path[0].Number}
	}
	return spot{s.Point, 0}
}

// joins tells whether g and other, which is not the larger one, can be one network.
func (g *growing) joins(other *growing) bool {
	for p := range other.places {
		if g.places[p] {
			return false
		}
	}
	return !apart(g.tenant, other.tenant)
}

func (g *growing) absorb(other *growing) {
	g.Segments = append(g.Segments, other.Segments...)
	g.Proof = weaker(g.Proof, other.Proof)
	g.tenant = cmp.Or(g.tenant, other.tenant)
	for p := range other.places {
		g.places[p] = true
	}
}

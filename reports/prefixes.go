package reports

import (
	"net/netip"
	"slices"
)

// prefixSet is the prefixes that some addresses are in: those of 24 bits, or 64 of IPv6, and where these are too many, shorter ones. What it
// holds depends on nothing but the set of addresses.
type prefixSet struct {
	v4, v6 prefixList
}

// prefixList is the prefixes of one version, in order, all of the same length.
type prefixList struct {
	prefixes []netip.Prefix
	coarser  int // how often they were shortened
}

// The lengths that there are.
var (
	lengths4 = []int{24, 16, 8, 0}
	lengths6 = []int{64, 48, 32, 16, 0}
)

const (
	maxPrefixes = 64 // that are remembered
	fewPrefixes = 4  // that are shown
)

// add adds the prefix of an address. Link-local addresses are in no prefix that says anything.
func (s *prefixSet) add(a netip.Addr) {
	if a.IsLinkLocalUnicast() {
		return
	}
	if a.Is4() {
		s.v4.add(a, lengths4)
	} else {
		s.v6.add(a, lengths6)
	}
}

func (s *prefixSet) absorb(from *prefixSet) {
	s.v4.absorb(&from.v4, lengths4)
	s.v6.absorb(&from.v6, lengths6)
}

// few are at most four prefixes of each version that all addresses are in.
func (s *prefixSet) few() (texts []string) {
	for _, p := range append(s.v4.shown(lengths4), s.v6.shown(lengths6)...) {
		texts = append(texts, p.String())
	}
	return texts
}

func (l *prefixList) add(a netip.Addr, lengths []int) {
	p, _ := a.Prefix(lengths[l.coarser])
	i, there := slices.BinarySearchFunc(l.prefixes, p, comparePrefixes)
	if there {
		return
	}
	l.prefixes = slices.Insert(l.prefixes, i, p)
	for len(l.prefixes) > maxPrefixes {
		l.shorten(lengths)
	}
}

// shorten makes the prefixes shorter by a step.
func (l *prefixList) shorten(lengths []int) {
	l.coarser++
	for i, p := range l.prefixes {
		l.prefixes[i], _ = p.Addr().Prefix(lengths[l.coarser])
	}
	l.prefixes = slices.Compact(l.prefixes)
}

func (l *prefixList) absorb(from *prefixList, lengths []int) {
	for l.coarser < from.coarser {
		l.shorten(lengths)
	}
	for _, p := range from.prefixes {
		l.add(p.Addr(), lengths)
	}
}

func (l *prefixList) shown(lengths []int) []netip.Prefix {
	few := prefixList{slices.Clone(l.prefixes), l.coarser}
	for len(few.prefixes) > fewPrefixes {
		few.shorten(lengths)
	}
	return few.prefixes
}

func comparePrefixes(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr()) }

// machine tells whether an address can be one machine's: it is not for many, and not unspecified.
func machine(a netip.Addr) bool {
	return !a.IsMulticast() && !a.IsUnspecified() && a != limitedBroadcast
}

var limitedBroadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

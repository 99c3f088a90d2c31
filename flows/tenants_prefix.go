package flows

import (
	"net/netip"
	"slices"
)

// prefixes are those of tenants' networks. The longest that an address is in decides, as in routing.
type prefixes struct {
	all     map[netip.Prefix]tenantID
	lengths [2][]int // that there are, of IPv4 and of IPv6; the longest first
}

func (t *prefixes) add(p netip.Prefix, tenant tenantID) {
	if t.all == nil {
		t.all = map[netip.Prefix]tenantID{}
	}
	t.all[p] = tenant
}

// sort is called when all have been added.
func (t *prefixes) sort() {
	for p := range t.all {
		l := &t.lengths[family(p.Addr())]
		*l = append(*l, p.Bits())
	}
	for i := range t.lengths {
		slices.Sort(t.lengths[i])
		t.lengths[i] = slices.Compact(t.lengths[i])
		slices.Reverse(t.lengths[i])
	}
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// find returns whose address a is, 0 for nobody's.
func (t *prefixes) find(a netip.Addr) tenantID {
	if !a.IsValid() {
		return 0
	}
	a = a.Unmap().WithZone("")
	for _, bits := range t.lengths[family(a)] {
		p, _ := a.Prefix(bits)
		if tenant := t.all[p]; tenant != 0 {
			return tenant
		}
	}
	return 0
}

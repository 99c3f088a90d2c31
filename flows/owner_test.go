package flows_test

import (
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// What the fields pktscope.segment and pktscope.tenant say of a packet is what the tracker says of the segment that it is counted in.
func TestOwner(t *testing.T) {
	names, err := flows.ParseTenants("t.yaml", []byte("tenants: {red: [{vni: 1}, {vlan: 1}], blue: [{vni: 2}, {mpls: 1002}]}"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tenancy := range []flows.Tenancy{nil, names} {
		for name, e := range encapsulations {
			owner := flows.NewOwner(tenancy)
			s := tenantsOf(e)
			want, got := map[string]uint64{}, map[string]uint64{}
			s.play(t, flows.Options{Tenants: tenancy}, 1, 1).Segments(func(segment *flows.Segment) bool {
				if segment.Packets > 0 {
					want[segment.Tenant+"|"+segment.Name()] += segment.Packets
				}
				return true
			})
			for _, p := range s.packets(t) {
				owner.Set(p)
				tenant, in := "", p.Segment
				if p.Tenant != "" {
					tenant, in = p.Tenant, p.Tenant
				}
				got[tenant+"|"+in]++
			}
			for key, n := range want {
				if got[key] != n {
					t.Errorf("%s: %d packets are %s, want %d; all are %v", name, got[key], key, n, got)
				}
			}
		}
	}
}

func tenantsOf(e around) *scene {
	s := tenants(e, 3, differently)
	s.at("p", craft.VLAN{ID: 1}, craft.IPv4{}, craft.UDP{})
	s.at("q", craft.IPv4{}, craft.UDP{})
	return s
}

package flows_test

import (
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// The path of a packet is that of the segment which it is in.
func TestPathOf(t *testing.T) {
	s := new(scene)
	s.at("tap", craft.VLAN{ID: 100}, craft.IPv4{}, craft.UDP{Src: 50000, Dst: 4789}, craft.VXLAN{VNI: 5001}, craft.Ethernet{}, craft.VLAN{ID: 7}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2})
	s.at("tap", craft.MPLS{Label: 16009}, craft.MPLS{Label: 24002}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2})
	s.at("tap", craft.IPv4{}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2})
	s.at("tap", craft.IPv4{}, craft.UDP{Src: 1, Dst: 2})
	for i, p := range s.packets(t) {
		want := []string{"vlan 100 / vxlan 5001 / vlan 7", "mpls 16009/24002", "tunnel 192.0.2.1~192.0.2.2", ""}[i]
		if got := flows.PathOf(p).String(); got != want {
			t.Errorf("packet %d is in %q, want %q", i+1, got, want)
		}
	}
}

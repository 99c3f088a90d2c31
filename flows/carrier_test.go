package flows_test

import (
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// TestCarriers has a conversation in a tunnel of which the other direction was seen first, and one in the direction of the tunnel.
func TestCarriers(t *testing.T) {
	var s scene
	there, back := craft.IPv4{Src: "172.16.0.1", Dst: "172.16.0.2"}, craft.IPv4{Src: "172.16.0.2", Dst: "172.16.0.1"}
	inner := craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}
	s.at("p", there, craft.GRE{}, inner, craft.UDP{Src: 1000, Dst: 2000})
	s.at("p", back, craft.GRE{}, inner, craft.UDP{Src: 1001, Dst: 2000})
	s.at("p", there, craft.GRE{}, inner, craft.UDP{Src: 1001, Dst: 2000})
	s.at("p", inner, craft.UDP{Src: 1002, Dst: 2000})
	carried := map[uint32]string{}
	tracker := s.play(t, flows.Options{Carries: func(id uint32, tuple *flows.Tuple) { carried[id] += tuple.Source().String() }}, 1, 1)
	type flow struct {
		carrier, against bool
		parent           uint32
	}
	got := map[uint16]flow{}
	tracker.Flows(func(f *flows.Flow) bool {
		got[f.Sport] = flow{f.Carrier, f.Against, f.Parent}
		return true
	})
	for port, want := range map[uint16]flow{0: {carrier: true}, 1000: {parent: 1}, 1001: {against: true, parent: 1}, 1002: {}} {
		if got[port] != want {
			t.Errorf("port %d: %+v, want %+v", port, got[port], want)
		}
	}
	if len(carried) != 1 || carried[1] != "172.16.0.1" {
		t.Errorf("carriers %v", carried)
	}
}

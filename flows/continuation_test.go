package flows_test

import (
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// A connection of which one direction is captured at two places goes on at both: neither place is where it went on after the other.
func TestTwoPlacesOfOneWayAreNoContinuation(t *testing.T) {
	ping := func(n int) []craft.Layer {
		return []craft.Layer{craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: uint16(n + 1)}, craft.ICMP{Type: 8, Rest: craft.Echo(7, uint16(n))}, craft.Payload("ping")}
	}
	data := func(n int) []craft.Layer {
		return talk(0, 0, uint16(n+1), craft.TCP{Seq: uint32(4 * n), Flags: craft.ACK}, "data")
	}
	rewritten := craft.Ethernet{Src: "02:00:00:00:00:09"} // by a switch with rules, that leaves the TTL alone
	for _, c := range []struct {
		name   string
		packet func(n int) []craft.Layer
		second func(s *scene, packet []craft.Layer)
	}{
		{"ping, tap and other tap", ping, func(s *scene, p []craft.Layer) { s.at("tap2", p...) }},
		{"ping, tap and trunk", ping, func(s *scene, p []craft.Layer) { s.at("trunk", append([]craft.Layer{craft.VLAN{ID: 5}}, p...)...) }},
		{"TCP, tap and other tap", data, func(s *scene, p []craft.Layer) { s.at("tap2", p...) }},
		{"TCP, untagged and tagged at one place", data, func(s *scene, p []craft.Layer) { s.at("tap1", append([]craft.Layer{craft.VLAN{ID: 5}}, p...)...) }},
		{"TCP, other MAC addresses", data, func(s *scene, p []craft.Layer) {
			s.frame("tap2", craft.Packet(append([]craft.Layer{rewritten}, p...)...))
		}},
	} {
		for _, packets := range []int{1, 2, 5} {
			s := new(scene)
			for n := range packets {
				s.at("tap1", c.packet(n)...)
				c.second(s, c.packet(n))
			}
			if packets == 1 { // an acknowledgment that has no bytes leaves the numbers where they are
				s = new(scene)
				ack := talk(0, 0, 1, craft.TCP{Seq: 1, Ack: 501, Flags: craft.ACK}, "")
				s.at("tap1", ack...)
				c.second(s, ack)
			}
			s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
				for _, l := range f.Links {
					if l.Kind != flows.DuplicateOf {
						t.Errorf("%s, %d packets: %s", c.name, packets, describe(f))
					}
				}
				if f.Ambiguous {
					t.Errorf("%s, %d packets: %s", c.name, packets, describe(f))
				}
				return true
			})
		}
	}
}

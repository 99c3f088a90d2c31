package flows_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

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

// A connection that goes over to another member of a bond, of which both ends of both members are captured: where it was before is known, if
// at two places.
func TestContinuationOfWhatWasCapturedTwice(t *testing.T) {
	s := new(scene)
	for n := range 8 {
		member := "l1"
		if n >= 5 {
			member = "l2"
		}
		packet := talk(0, 0, uint16(n+1), craft.TCP{Seq: uint32(4 * n), Flags: craft.ACK}, "data")
		for _, end := range []string{"a-", "b-"} {
			s.at(end+member, packet...)
		}
	}
	want := []string{
		"1 a-l1[untagged] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED midstream 5 0 continuation-of#3 duplicate-of#2",
		"2 b-l1[untagged] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED midstream 5 0 duplicate-of#1",
		"3 a-l2[untagged] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 3 0 continuation-of#1 duplicate-of#4",
		"4 b-l2[untagged] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED midstream 3 0 duplicate-of#3",
	}
	if diff := cmp.Diff(want, describeAll(s.play(t, flows.Options{}, 1, 1))); diff != "" {
		t.Error(diff)
	}
}

// A bond whose members carry a direction each, captured at both ends: the reply is linked to its request at the same end.
func TestReplyToWhatWasCapturedTwice(t *testing.T) {
	s := new(scene)
	for n, c := range conversation {
		member, ends := "l1", []string{"a-", "b-"}
		if c.direction == 1 {
			member, ends = "l2", []string{"b-", "a-"}
		}
		for _, end := range ends {
			s.at(end+member, talk(c.direction, 0, uint16(n+1), c.tcp, c.payload)...)
		}
	}
	for n := range uint16(2) { // the second proves it
		for _, end := range []string{"a-l1", "b-l1"} {
			s.at(end, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: 100 + n}, craft.ICMP{Type: 8, Rest: craft.Echo(7, n)})
		}
		for _, end := range []string{"b-l2", "a-l2"} {
			s.at(end, craft.IPv4{Src: "10.0.0.2", Dst: "10.0.0.1", ID: 200 + n}, craft.ICMP{Type: 0, Rest: craft.Echo(7, n)})
		}
	}
	want := []string{
		"5 a-l1[untagged] 10.0.0.1:7>10.0.0.2:0 2 0 reply-of#8 duplicate-of#6",
		"6 b-l1[untagged] 10.0.0.1:7>10.0.0.2:0 2 0 reply-of#7 duplicate-of#5",
		"7 b-l2[untagged] 10.0.0.1:7>10.0.0.2:0 midstream 0 2 reply-of#6 duplicate-of#8",
		"8 a-l2[untagged] 10.0.0.1:7>10.0.0.2:0 midstream 0 2 reply-of#5 duplicate-of#7",
	}
	if diff := cmp.Diff(want, describeAll(s.play(t, flows.Options{}, 1, 1))[4:]); diff != "" {
		t.Error(diff)
	}
}

package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// vtep is a packet of a tenant at an underlay.
func vtep(vni int, inner []craft.Layer) []craft.Layer {
	return append(append(outer(0), craft.UDP{Src: 50000}, craft.VXLAN{VNI: uint32(vni)}, craft.Ethernet{}), inner...)
}

// networks are those of more than one segment, a line each, and behind them what is proven but left apart.
func networks(t *flows.Tracker) (lines []string) {
	n := t.Networks()
	for _, network := range n.All {
		if len(network.Segments) > 1 {
			var names []string
			for _, s := range network.Segments {
				names = append(names, s.Name()+" @ "+s.Point.Name)
			}
			lines = append(lines, strings.Join(names, " = "))
		}
	}
	for _, tr := range n.Apart {
		lines = append(lines, fmt.Sprintf("%s @ %s / %s @ %s", tr.A.Name(), tr.A.Point.Name, tr.B.Name(), tr.B.Point.Name))
	}
	return lines
}

// Cloned machines that send the same frames, bit by bit, in two tenants. Wherever both tenants are captured at one point it shows that there
// are two; nothing proves them to be one, neither that point nor any other.
func TestClonesAreNotOneNetwork(t *testing.T) {
	for _, order := range [][]string{
		{"tap1", "vni1", "tap2", "vni2"},
		{"tap1", "tap2", "vni1", "vni2"},
		{"vni1", "vni2", "tap1", "tap2"},
		{"vni2", "tap2", "tap1", "vni1"},
		{"tap1", "vni1", "far1", "tap2", "far2", "vni2"},
	} {
		for _, lost := range []int{0, 4} { // of so many packets the underlay's capture lacks one
			s := new(scene)
			n := 0
			for range 4 {
				for _, c := range conversation {
					n++
					packet := talk(c.direction, 0, uint16(n), c.tcp, c.payload)
					for _, place := range order {
						switch place {
						case "vni1":
							s.at("underlay", vtep(1, packet)...)
						case "vni2":
							if lost == 0 || n%lost != 0 {
								s.at("underlay", vtep(2, packet)...)
							}
						default:
							s.at(place, packet...)
						}
					}
				}
				s.wait(1e9)
			}
			if got := networks(s.play(t, flows.Options{}, 1, 1)); len(got) != 0 {
				t.Errorf("%v, one of %d lost: %q", order, lost, got)
			}
		}
	}
}

// Frames that are the same in several VLANs, a scanner's or a storm's, prove nothing; but those that are not go on proving.
func TestAlikeFramesAmongOthers(t *testing.T) {
	s := new(scene)
	for n, c := range conversation {
		packet := talk(c.direction, 0, uint16(n+1), c.tcp, c.payload)
		s.at("access", packet...)
		s.at("trunk", append([]craft.Layer{craft.VLAN{ID: 102}}, packet...)...)
	}
	probe := []craft.Layer{craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.255", ID: 1}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("probe")}
	s.at("access", probe...)
	for vlan := range 3 {
		s.at("trunk", append([]craft.Layer{craft.VLAN{ID: uint16(101 + vlan)}}, probe...)...)
	}
	if diff := cmp.Diff([]string{"untagged @ access = vlan 102 @ trunk"}, networks(s.play(t, flows.Options{}, 1, 1))); diff != "" {
		t.Error(diff)
	}
}

// A port that is given another VLAN is in one network and then in another. Both translations are true, and the VLANs are not one because of it.
func TestPortMovesToAnotherVLAN(t *testing.T) {
	s := new(scene)
	n := uint16(0)
	for round, times := range []int{3, 1} {
		for range times {
			for _, c := range conversation {
				n++
				packet := talk(c.direction, uint32(round)*1e6, n, c.tcp, c.payload)
				s.at("access", packet...)
				s.at("trunk", append([]craft.Layer{craft.VLAN{ID: uint16(101 + round)}}, packet...)...)
			}
		}
	}
	tracker := s.play(t, flows.Options{}, 1, 1)
	want := []string{"untagged @ access = vlan 101 @ trunk", "untagged @ access / vlan 102 @ trunk"}
	if diff := cmp.Diff(want, networks(tracker)); diff != "" {
		t.Error(diff)
	}
	for _, tr := range tracker.Translations() {
		if tr.First >= tr.Last || tr.Frames[0]+1 != tr.Frames[1] {
			t.Errorf("%s: from %d to %d, frames %d", tr.B.Name(), tr.First, tr.Last, tr.Frames)
		}
	}
}

// Both at the same time cannot be.
func TestTwoVLANsAtATimeAreNotProven(t *testing.T) {
	s := new(scene)
	n := uint16(0)
	for range 3 {
		for i, c := range conversation {
			n++
			packet := talk(c.direction, 0, n, c.tcp, c.payload)
			s.at("access", packet...)
			s.at("trunk", append([]craft.Layer{craft.VLAN{ID: uint16(101 + i%2)}}, packet...)...)
		}
	}
	if got := networks(s.play(t, flows.Options{}, 1, 1)); len(got) != 0 {
		t.Errorf("%q", got)
	}
}

// The segments of a connection whose directions have different labels are a pair, proven by TCP's numbers.
func TestPairs(t *testing.T) {
	labels := func(tenant, d int) []craft.Layer {
		return []craft.Layer{craft.MPLS{Label: uint32(1000*(d+1) + tenant)}}
	}
	var got []string
	for _, p := range tenants(labels, 2, differently).play(t, flows.Options{}, 1, 1).Pairs() {
		got = append(got, fmt.Sprintf("%s / %s: %d, %d, frame %d", p.A.Name(), p.B.Name(), p.Connections, p.Queries, p.Frame))
	}
	want := []string{"mpls 1001 / mpls 2001: 1, 0, frame 3", "mpls 1002 / mpls 2002: 1, 0, frame 4"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What a key of addresses and ports alone would make of tenants whose connections are alike: errors that never happened. The second kind of
// traffic is that of which tshark 4.0.17, in whatever encapsulation, puts 11 packets of 12 into one stream and calls 7 wrong.
func TestMerged(t *testing.T) {
	oneSided := func(e around) *scene {
		s := new(scene)
		for i := range 6 {
			for tenant := 1; tenant <= 2; tenant++ {
				tcp := craft.TCP{Seq: uint32(8000*tenant + 5*i), Flags: craft.ACK}
				if i == 0 {
					tcp.Flags = craft.SYN
				} else {
					tcp.Seq -= 4
				}
				s.at("p", append(e(tenant, 0), talk(0, 0, s.nextID(), tcp, "hello")...)...)
			}
		}
		return s
	}
	for name, e := range encapsulations {
		for _, tt := range []struct {
			scene  *scene
			errors uint64
		}{
			{tenants(e, 2, differently), 3}, // ports used again, and numbers too far apart to be of one stream
			{oneSided(e), 7},
		} {
			seen := map[*flows.Merged]bool{}
			tt.scene.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
				if f.Merged != nil {
					seen[f.Merged] = true
					if m := f.Merged; m.Packets != 11 || m.True != 0 || m.Errors != tt.errors {
						t.Errorf("%s: %d packets, %d errors, %d true, want %d", name, m.Packets, m.Errors, m.True, tt.errors)
					}
				}
				return true
			})
			if len(seen) != 1 {
				t.Errorf("%s: %d are merged", name, len(seen))
			}
		}
	}
}

// The same connection at several places, or under another label, merges nobody.
func TestCopiesAreNotMerged(t *testing.T) {
	s := new(scene)
	for n, c := range conversation {
		packet := talk(c.direction, 0, uint16(n+1), c.tcp, c.payload)
		s.at("tap", packet...)
		s.at("underlay", vtep(7, packet)...)
		s.at("far", packet...)
	}
	tracker := s.play(t, flows.Options{}, 1, 1)
	tracker.Flows(func(f *flows.Flow) bool {
		if f.Merged != nil {
			t.Error(describe(f))
		}
		return true
	})
	n := tracker.Networks()
	if len(n.Realms) != 2 { // the tenant and the underlay
		for _, r := range n.Realms {
			t.Error(r.Networks)
		}
	}
}

// The two labels of a tenant are one realm; two tenants are two.
func TestRealms(t *testing.T) {
	labels := func(tenant, d int) []craft.Layer {
		return []craft.Layer{craft.MPLS{Label: uint32(1000*(d+1) + tenant)}}
	}
	n := tenants(labels, 2, differently).play(t, flows.Options{}, 1, 1).Networks()
	var got []string
	for _, r := range n.Realms {
		var names []string
		for _, i := range r.Networks {
			names = append(names, n.All[i].Segments[0].Name())
		}
		got = append(got, strings.Join(names, " + "))
	}
	if diff := cmp.Diff([]string{"mpls 1001 + mpls 2001", "mpls 1002 + mpls 2002"}, got); diff != "" {
		t.Error(diff)
	}
}

// In one segment, too, what was captured at another point is a copy, even if it has neither an identification nor payload.
func TestCopiesInOneSegment(t *testing.T) {
	s := new(scene)
	for _, c := range conversation {
		packet := talk(c.direction, 0, 0, c.tcp, c.payload)
		s.at("tap", packet...)
		s.at("uplink", packet...)
	}
	want := []string{"1 tap[untagged] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 4,dup=4 2,dup=2"}
	if diff := cmp.Diff(want, describeAll(s.play(t, flows.Options{OneSite: true}, 1, 1))); diff != "" {
		t.Error(diff)
	}
}

// A packet that a tunnel carries may have been captured before without the tunnel, where both places are the same tenant's. The tunnel's own
// packet is none that was captured before, but at the tunnel's other end it is.
func TestCopiesWithATunnelAround(t *testing.T) {
	tenants, err := flows.ParseTenants("t.yaml", []byte("tenants: {red: [{interface: tap}, {vni: 7}], underlay: [{vlan: untagged, interface: [near, far]}]}"))
	if err != nil {
		t.Fatal(err)
	}
	s := new(scene)
	for _, c := range conversation {
		packet := talk(c.direction, 0, 0, c.tcp, c.payload)
		s.at("tap", packet...)
		s.at("near", vtep(7, packet)...)
		s.at("far", vtep(7, packet)...)
		s.wait(60e9) // longer than the tunnel's timeout
	}
	var outside, duplicates uint64
	s.play(t, flows.Options{Tenants: tenants}, 1, 1).Flows(func(f *flows.Flow) bool {
		if f.Dport == 4789 {
			outside += f.Packets()
			duplicates += uint64(f.Directions[0].Duplicates)
		}
		if f.Packets() == 0 {
			t.Errorf("without a packet: %s", describe(f))
		}
		return true
	})
	if outside != 6 || duplicates != 6 {
		t.Errorf("%d packets and %d duplicates of the tunnel, want 6 of each", outside, duplicates)
	}
}

// Where all points are one site, what is captured at two of them under two names is a translation as well, wherever the names were met first.
func TestTranslationsOfOneSite(t *testing.T) {
	s := new(scene)
	s.at("trunk", craft.VLAN{ID: 1}, craft.IPv4{}, craft.UDP{})
	s.at("trunk", craft.VLAN{ID: 5}, craft.IPv4{}, craft.UDP{})
	for n, c := range conversation {
		packet := talk(c.direction, 0, uint16(n+1), c.tcp, c.payload)
		s.at("host-a", append([]craft.Layer{craft.VLAN{ID: 1}}, packet...)...)
		s.at("host-b", append([]craft.Layer{craft.VLAN{ID: 5}}, packet...)...)
	}
	var got []string
	for _, tr := range s.play(t, flows.Options{OneSite: true}, 1, 1).Translations() {
		got = append(got, fmt.Sprintf("%s = %s: %d", tr.A.Name(), tr.B.Name(), tr.Packets))
	}
	if diff := cmp.Diff([]string{"vlan 1 = vlan 5: 6"}, got); diff != "" {
		t.Error(diff)
	}
}

package flows_test

import (
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// Routers of a LAN announce several virtual routers at a time (RFC 9568). What they send differs in nothing but what is in it: the
// identification is often the same in all of them, or there is none.
func TestAnnouncementsOfSeveralRoutersAreNoCopies(t *testing.T) {
	s := new(scene)
	for router := range 3 {
		vrrp := craft.Payload{0x31, byte(router + 1), 200, 1, 0, 100, 0, 0, 10, 0, 0, byte(router + 1)}
		from := craft.Ethernet{Src: "00:00:5e:00:01:0" + string(rune('1'+router)), Dst: "01:00:5e:00:00:12"}
		s.frame("lan", craft.Packet(from, craft.IPv4{Src: "10.0.0.91", Dst: "224.0.0.18", ID: 0x1234, TTL: 255, Protocol: 112}, vrrp))
		s.frame("lan", craft.Packet(from, craft.IPv6{Src: "fe80::1", Dst: "ff02::12", HopLimit: 255, NextHeader: 112}, vrrp))
	}
	want := []string{
		"1 lan[untagged] 10.0.0.91:0>224.0.0.18:0 3 0",
		"2 lan[untagged] fe80::1:0>ff02::12:0 3 0",
	}
	if diff := cmp.Diff(want, describeAll(s.play(t, flows.Options{}, 1, 1))); diff != "" {
		t.Error(diff)
	}
}

// The packets of a security association are told apart by what they hold, where they have no identification.
func TestESPAtTwoPointsIsMatchedPacketByPacket(t *testing.T) {
	s := new(scene)
	esp := func(n uint32) []craft.Layer {
		b := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 0x1001), n)
		return []craft.Layer{craft.IPv6{Src: "2001:db8::1", Dst: "2001:db8::2", NextHeader: 50}, craft.Payload(append(b, make([]byte, 40)...))}
	}
	for n := range uint32(3) {
		s.at("a", esp(n)...)
	}
	for n := range uint32(3) {
		s.at("b", esp(n)...)
	}
	tracker := s.play(t, flows.Options{}, 1, 1)
	tracker.Flows(func(f *flows.Flow) bool {
		if len(f.Links) != 1 || f.Links[0].Kind != flows.DuplicateOf || f.Links[0].Packets != 3 || f.Directions[0].Packets != 3 {
			t.Errorf("%s: %+v", describe(f), f.Links)
		}
		return true
	})
}

// A fragment belongs to a datagram, and counts when that is complete: alone it is no packet of any flow, whatever protocol is in it.
func TestFragmentsAloneAreNoPackets(t *testing.T) {
	long := craft.Payload(make([]byte, 4000))
	for _, c := range []struct {
		name   string
		layers []craft.Layer
	}{
		{"AH", []craft.Layer{craft.IPv4{ID: 7}, craft.AH{SPI: 1}, craft.UDP{Src: 1000, Dst: 2000}, long}},
		{"ICMP", []craft.Layer{craft.IPv4{ID: 7}, craft.ICMP{Type: 8, Rest: craft.Echo(1, 1)}, long}},
		{"GRE", []craft.Layer{craft.IPv4{ID: 7}, craft.GRE{}, craft.IPv4{ID: 8}, craft.UDP{Src: 1000, Dst: 2000}, long}},
		{"OSPF", []craft.Layer{craft.IPv4{ID: 7, Protocol: 89}, long}},
		{"ESP over IPv6", []craft.Layer{craft.IPv6{NextHeader: 50}, long}},
	} {
		frames := craft.Fragment(craft.Packet(append([]craft.Layer{craft.Ethernet{}}, c.layers...)...), 1400)
		for _, complete := range []bool{false, true} {
			s := new(scene)
			for i, frame := range frames {
				if complete || i > 0 {
					s.frame("p", frame)
				}
			}
			tracker := s.play(t, flows.Options{}, 1, 1)
			packets, duplicates := uint64(0), uint32(0)
			tracker.Flows(func(f *flows.Flow) bool {
				if f.Parent == 0 {
					packets += f.Directions[0].Packets
				}
				duplicates += f.Directions[0].Duplicates
				return true
			})
			want := uint64(0)
			if complete {
				want = 1
			}
			if packets != want || duplicates != 0 || tracker.Counts().Portless != uint64(len(frames)-1) {
				t.Errorf("%s, complete %v: %d packets, %d duplicates, %+v", c.name, complete, packets, duplicates, tracker.Counts())
			}
		}
	}
}

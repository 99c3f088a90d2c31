package flows_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// asked is a query that is sent twice within some milliseconds and is the same both times: over IPv6 it has no identification.
var asked = []craft.Layer{craft.IPv6{Src: "2001:db8::1", Dst: "2001:db8::53"}, craft.UDP{Src: 5353, Dst: 53}, craft.Payload("the same question")}

// hop is the query where it has passed so many routers.
func hop(routers int) []byte {
	ip := asked[0].(craft.IPv6)
	ip.HopLimit = uint8(64 - routers)
	from := craft.Ethernet{Src: "02:00:00:00:00:0" + string(rune('1'+routers))}
	return craft.Packet(append([]craft.Layer{from, ip}, asked[1:]...)...)
}

// What is sent twice is captured twice at each place. The first of one place is a copy of the first of the other, the second of the second.
func TestRepeatsAtTwoPointsAreMatchedInOrder(t *testing.T) {
	for _, order := range [][]string{
		{"a", "b", "a", "b"},
		{"a", "a", "b", "b"},
		{"a", "b", "b", "a"},
		{"a", "b", "c", "a", "b", "c"},
		{"a", "a", "b", "b", "c", "c"},
	} {
		s := new(scene)
		for _, place := range order {
			s.at(place, asked...)
		}
		s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
			if f.Directions[0].Packets != 2 || f.Directions[0].Duplicates != 0 {
				t.Errorf("%v: %s", order, describe(f))
			}
			for _, l := range f.Links {
				if l.Kind != flows.DuplicateOf || l.Packets != 2 {
					t.Errorf("%v: %s: %+v", order, describe(f), l)
				}
			}
			return true
		})
	}
}

// If one of them was lost on the way, there is one copy, which proves nothing.
func TestOneOfTwoRepeatsArrives(t *testing.T) {
	s := new(scene)
	for _, place := range []string{"a", "a", "b"} {
		s.at(place, asked...)
	}
	s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
		if len(f.Links) != 0 {
			t.Errorf("%s: %+v", describe(f), f.Links)
		}
		return true
	})
}

// Both sides of a router, captured at one place, or two places of one site: a repeat is no copy of what was captured on the other side.
func TestRepeatsOnTwoHopsAreNoDuplicates(t *testing.T) {
	for _, c := range []struct {
		name   string
		order  []int // routers passed
		points []string
	}{
		{"one by one", []int{0, 1, 0, 1}, []string{"mirror", "mirror"}},
		{"both before", []int{0, 0, 1, 1}, []string{"mirror", "mirror"}},
		{"two points, one by one", []int{0, 1, 0, 1}, []string{"in", "out"}},
		{"two points, both before", []int{0, 0, 1, 1}, []string{"in", "out"}},
	} {
		s := new(scene)
		for _, routers := range c.order {
			s.frame(c.points[routers], hop(routers))
		}
		got := describeAll(s.play(t, flows.Options{OneSite: true}, 1, 1))
		want := []string{"1 " + c.points[0] + "[untagged] 2001:db8::1:5353>2001:db8::53:53 2,dup=2 0"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(c.name, diff)
		}
	}
}

// Over IPv6 a segment that is sent again is the same as the first one, if it is fast or has no timestamps. That the receiver asked for it tells
// it from one that was captured twice.
func TestFastRetransmissionOverIPv6(t *testing.T) {
	hosts, ports := [2]string{"2001:db8::1", "2001:db8::2"}, [2]uint16{40000, 80}
	for _, captured := range []int{1, 2} { // times, each with payload
		for _, roundTrip := range []int64{200e3, 50e6} {
			s := new(scene)
			segment := func(d int, tcp craft.TCP, payload string) {
				tcp.Src, tcp.Dst = ports[d], ports[1-d]
				for range max(1, captured*min(1, len(payload))) { // pure acknowledgments captured twice cannot be told from duplicate ACKs
					s.now -= 1e6 - 1e3
					s.at("p", craft.IPv6{Src: hosts[d], Dst: hosts[1-d]}, tcp, craft.Payload(payload))
				}
			}
			data := func(n uint32) { segment(0, craft.TCP{Seq: 1 + 4*n, Ack: 501, Flags: craft.ACK}, "data") }
			ack := func(n uint32, options ...byte) {
				segment(1, craft.TCP{Seq: 501, Ack: 1 + 4*n, Flags: craft.ACK, Options: options}, "")
			}
			sack := func(left, right uint32) []byte {
				o := []byte{1, 1, 5, 10}
				for _, n := range []uint32{left, right} {
					o = append(o, byte((1+4*n)>>24), byte((1+4*n)>>16), byte((1+4*n)>>8), byte(1+4*n))
				}
				return o
			}
			segment(0, craft.TCP{Seq: 0, Flags: craft.SYN}, "")
			s.wait(roundTrip)
			segment(1, craft.TCP{Seq: 500, Ack: 1, Flags: craft.SYN | craft.ACK}, "")
			segment(0, craft.TCP{Seq: 1, Ack: 501, Flags: craft.ACK}, "")
			for n := range uint32(6) { // the first is lost
				data(n)
			}
			s.wait(roundTrip)
			for n := range uint32(5) {
				ack(0, sack(1, 2+n)...)
			}
			data(0)
			s.wait(roundTrip)
			ack(6)
			s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
				d := &f.Directions[0]
				got := [4]int{int(d.Packets), int(d.Payload), int(d.Counters.Of(flows.TCPRetransmission)), int(d.Duplicates)}
				if want := [4]int{9, 28, 1, 7 * (captured - 1)}; got != want {
					t.Errorf("captured %d times, round trip of %d ns: %d, want %d: %s", captured, roundTrip, got, want, describe(f))
				}
				return true
			})
		}
	}
}

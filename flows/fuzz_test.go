package flows_test

import (
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// FuzzTracker follows the flows of hostile packets, with little room: nothing panics, no limit is broken, every packet is counted, and
// reading them in blocks changes nothing.
func FuzzTracker(f *testing.F) {
	for _, e := range encapsulations {
		s := tenants(e, 2, alike)
		for _, frame := range s.frames[:6] {
			f.Add(frame.Data, s.frames[0].Data, uint8(3), uint32(1000))
		}
	}
	f.Add(craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.ICMP{Type: 8}, craft.Payload("ping")), []byte{}, uint8(9), uint32(1<<31))
	f.Fuzz(func(t *testing.T, a, b []byte, places uint8, gap uint32) {
		s := new(scene)
		for i := range 40 {
			data := append([]byte(nil), a...)
			if i%3 == 1 {
				data = append([]byte(nil), b...)
			}
			if len(data) > 0 { // a bit of everything differs
				data[(i*7)%len(data)] ^= byte(i) >> 2
			}
			s.frame(string(rune('a'+i%(int(places)%4+1))), data)
			s.wait(int64(gap) * int64(i%5))
		}
		left := uint64(0)
		o := flows.Options{MaxFlows: 8, MaxSegments: 4, MaxLinks: 8, Left: func(*flows.Flow) { left++ }}
		tracker := s.play(t, o, 1, 1)
		want := describeAll(tracker)
		if len(want) > o.MaxFlows {
			t.Fatalf("%d flows, the limit is %d", len(want), o.MaxFlows)
		}
		c := tracker.Counts()
		if c.Packets != uint64(len(s.frames)) || c.Left != left {
			t.Fatalf("%d packets of %d, %d flows left and %d were shown", c.Packets, len(s.frames), c.Left, left)
		}
		for _, line := range want {
			if line == "" {
				t.Fatal("a flow without description")
			}
		}
		got := describeAll(s.play(t, flows.Options{MaxFlows: 8, MaxSegments: 4, MaxLinks: 8}, 7, 3))
		for i := range got {
			if i >= len(want) || got[i] != want[i] {
				t.Fatalf("in blocks of 7: %q, one by one: %q", got, want)
			}
		}
	})
}

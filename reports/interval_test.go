package reports

import (
	"runtime"
	"testing"

	"pktscope/dissect"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// A live capture makes tables of each interval, and begins anew: what that takes of memory does not grow with the flows that nobody looks at.
func TestIntervalsAllocateLittle(t *testing.T) {
	const connections = 5000
	var frames []pcaps.Frame
	for i := range 2 * connections {
		frames = append(frames, onTap(craft.Packet(craft.Ethernet{}, craft.IPv4{ID: uint16(i + 1)}, craft.UDP{Src: uint16(2000 + i%connections), Dst: 53}, craft.Payload(make([]byte, i%100))))...)
	}
	set, err := NewSet(nil, nil, Options{Top: 10})
	if err != nil {
		t.Fatal(err)
	}
	interval := func() (allocated uint64) {
		in := inputOf(frames, 0)
		if err := Read(in, Options{}, consumer(func(p *dissect.Packet) error { return set.Packet(p) })); err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, table := range set.Snapshot() {
			if table.Name == "flows" && len(table.Rows)+table.More != connections {
				t.Errorf("%d flows", len(table.Rows)+table.More)
			}
		}
		set.Findings()
		set.Reset()
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	interval()
	for range 3 {
		if n := interval(); n > 400*connections {
			t.Errorf("tables of %d flows took %d bytes", connections, n)
		}
	}
}

package reports

import (
	"strings"
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// What finds no room in the table is added up, whether it left the tracker before or not: all rows together have all packets.
func TestFlowsAddUp(t *testing.T) {
	var frames []pcaps.Frame
	for i := range 50 {
		frames = append(frames, onTap(craft.Packet(craft.Ethernet{}, craft.IPv4{ID: uint16(i + 1)}, craft.UDP{Src: uint16(2000 + i%25), Dst: 9000}, craft.Payload(make([]byte, i))))...)
	}
	for _, limit := range []int{0, 5} {
		s := setup{groups: 10, flows: newTracking(flows.Options{MaxFlows: limit})}
		r := description(t, "flows").make(s)
		playParts(t, s, r, []Part{r.NewPart()}, 7, Options{}, frames)
		table := r.Snapshot()[0]
		var packets, bytes int64
		names := table.names()
		for _, row := range append(table.Rows, table.Other) {
			for i, c := range row {
				switch names[i] {
				case "packets_orig", "packets_reply":
					packets += c.value.(int64)
				case "bytes":
					bytes += c.value.(int64)
				}
			}
		}
		if want := int64(50*28 + 49*50/2); len(table.Rows) != 10 || packets != 50 || bytes != want {
			t.Errorf("at most %d flows: %d rows with %d packets and %d bytes, want 50 and %d", limit, len(table.Rows), packets, bytes, want)
		}
		if said := strings.Contains(strings.Join(table.Notes, "\n"), "because of --max-flows"); said != (limit > 0) {
			t.Errorf("at most %d flows: notes %q", limit, table.Notes)
		}
	}
}

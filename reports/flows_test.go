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
		playParts(t, s, []Part{r.NewPart()}, 7, Options{}, frames)
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

// A condition sees each field in its own kind.
func TestFlowConditions(t *testing.T) {
	f := &flows.Flow{ID: 7, Segment: &flows.Segment{Tenant: "red", ID: 3}, Tuple: flows.Tuple{Sport: 40000, Dport: 443, Protocol: 6}, State: flows.StateTimeWait, Replied: true,
		Links: []flows.Link{{Kind: flows.ReplyOf, Flow: 9}}}
	f.Src, f.Dst = [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: 1}, [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: 9, 15: 2}
	f.Directions[0] = flows.Traffic{Packets: 4, Bytes: 400, First: 1e9, Last: 4e9, TOS: []uint8{0, 184}}
	f.Directions[1] = flows.Traffic{Packets: 1, Bytes: 40, First: 2e9, Last: 2e9}
	for text, want := range map[string]bool{
		`tenant == "red" && bytes > 439`:                     true,
		`tenant == "blue"`:                                   false,
		`orig.dst == 10.9.0.0/16 && orig.dport in {80, 443}`: true,
		`orig.src == 10.9.0.0/16`:                            false,
		`replied && !assured`:                                false, // a field that is there, whatever it says
		`replied == 1 && assured == 0`:                       true,
		`duration >= 3 && duration < 3.1`:                    true,
		`orig.tos == 184`:                                    true,
		`links == "reply-of"`:                                true,
		`state matches "^TIME"`:                              true,
		`dns.name`:                                           false,
		`tcp.rtt > 0`:                                        false, // not known
	} {
		c, err := CompileFlowCondition(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.Match(f); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if _, err := CompileFlowCondition(`tcp.retransmission > 1`); err == nil || !strings.Contains(err.Error(), "did you mean tcp.retransmissions?") {
		t.Errorf("got %v", err)
	}
}

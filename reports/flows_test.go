package reports

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// A table without the rows that nobody looks at is as the one with all of them is when it has been cut.
func TestFlowsNeedNoMoreRows(t *testing.T) {
	points := []*pcaps.Interface{{Name: "eth0", LinkType: pcaps.LinkTypeEthernet}, {ID: 1, Index: 1, Name: "eth1", LinkType: pcaps.LinkTypeEthernet}}
	var frames []pcaps.Frame
	for i := range 100 {
		frame := onTap(craft.Packet(craft.Ethernet{}, craft.IPv4{ID: uint16(i + 1)}, craft.UDP{Src: uint16(2000 + i%50), Dst: 9000}, craft.Payload(make([]byte, i%30))))[0]
		frame.Interface = points[i%50/45] // of the flows with the most bytes there is none at the other
		frames = append(frames, frame)
	}
	made := func(groups, top, limit int) *Table {
		s := setup{groups: groups, top: top, flows: newTracking(flows.Options{MaxFlows: limit})}
		r := description(t, "flows").make(s)
		playParts(t, s, r, []Part{r.NewPart()}, 7, Options{}, frames)
		r.Snapshot() // which changes nothing
		return r.Snapshot()[0]
	}
	for _, groups := range []int{1, 10, 46, 50, 1000} {
		for _, top := range []int{1, 3, 10, 47, 100} {
			for _, limit := range []int{0, 20} {
				want := made(groups, 0, limit)
				want.Top(top)
				got := made(groups, top, limit)
				if diff := cmp.Diff(string(AppendJSON(nil, []*Table{want})), string(AppendJSON(nil, []*Table{got}))); diff != "" {
					t.Errorf("%d rows of %d, at most %d flows: %s", top, groups, limit, diff)
				}
			}
		}
	}
}

// What is forgotten while a capture goes on stays in the table, as the connection that it was: also where its directions are in different segments.
func TestForgottenFlowsAreRows(t *testing.T) {
	var frames []pcaps.Frame
	for i, c := range []struct {
		way     int
		tcp     craft.TCP
		payload string
	}{
		{0, craft.TCP{Seq: 0, Flags: craft.SYN}, ""},
		{1, craft.TCP{Seq: 500, Ack: 1, Flags: craft.SYN | craft.ACK}, ""},
		{0, craft.TCP{Seq: 1, Ack: 501, Flags: craft.ACK}, ""},
		{0, craft.TCP{Seq: 1, Ack: 501, Flags: craft.ACK | craft.PSH}, "question"},
		{1, craft.TCP{Seq: 501, Ack: 9, Flags: craft.ACK | craft.PSH}, "answer"},
	} {
		hosts, ports, labels := [2]string{"10.0.0.1", "10.0.0.2"}, [2]uint16{40000, 80}, [2]uint32{100, 200}
		c.tcp.Src, c.tcp.Dst = ports[c.way], ports[1-c.way]
		frames = append(frames, onTap(craft.Packet(craft.Ethernet{}, craft.MPLS{Label: labels[c.way]},
			craft.IPv4{Src: hosts[c.way], Dst: hosts[1-c.way], ID: uint16(i + 1)}, c.tcp, craft.Payload(c.payload)))...)
	}
	s := setup{groups: 10, flows: newTracking(flows.Options{})}
	r := description(t, "flows").make(s)
	playParts(t, s, r, []Part{r.NewPart()}, 7, Options{}, frames)
	before := r.Snapshot()[0]
	s.flows.forget(0)
	after := r.Snapshot()[0]
	if s.flows.Len() != 0 || len(before.Rows) != 1 {
		t.Fatalf("%d flows are there, of %d rows", s.flows.Len(), len(before.Rows))
	}
	if diff := cmp.Diff(fmt.Sprint(before.Rows), fmt.Sprint(after.Rows)); diff != "" {
		t.Error(diff)
	}
	if notes := strings.Join(after.Notes, "\n"); !strings.Contains(notes, "because of --max-idle") {
		t.Errorf("notes %q", notes)
	}
}

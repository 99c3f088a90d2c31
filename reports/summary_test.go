package reports

import (
	"testing"

	"pktscope/internal/craft"
	"pktscope/pcaps"
)

func TestSummary(t *testing.T) {
	udp := func(n int) []byte {
		return craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}, craft.Payload(make([]byte, n)))
	}
	frames := onTap(udp(0), udp(1), udp(1500), udp(20000), udp(30000))
	frames[1].Data = frames[1].Data[:42] // one byte is not there
	frames[2].Time = -3e9
	frames[3].Timeless, frames[3].Time = true, 0
	frames[4].Time = 2e9
	unknown := &pcaps.Interface{LinkType: 60000, File: "tap.pcap", Name: "isdn0"}
	frames = append(frames, pcaps.Frame{Data: []byte("unknown"), Interface: unknown, WireLen: 1 << 20, Time: 2e9 + 1})
	noTCP := craft.Packet(craft.Ethernet{}, craft.IPv4{Protocol: 6}, craft.Payload("no TCP"))
	frames = append(frames, onTap(udp(0)[:20], noTCP)...)

	tables := count(t, "summary", setup{groups: maxGroups}, frames)
	for i, name := range []string{"summary", "points", "sizes", "stops"} {
		if tables[i].Name != name {
			t.Fatalf("table %d is %s", i, tables[i].Name)
		}
	}
	wantLines(t, tables[0], "formats points packets bytes captured_bytes truncated malformed timeless out_of_order dropped",
		"- 2 8 1100347 51777 2 2 1 - -")
	wantLines(t, tables[0], "first last duration mean_packet_rate mean_bit_rate",
		"1969-12-31T23:59:57.000000000Z 1970-01-01T00:00:02.000000001Z 5000000001 1.4 1728488")
	wantLines(t, tables[0], "peak_packet_rate peak_packet_time peak_bit_rate peak_bit_time",
		"4 1970-01-01T00:00:00.000000000Z 8628944 1970-01-01T00:00:02.000000000Z")
	wantLines(t, tables[0], "deepest_layers deepest_protocols deepest_frame", "4 eth:ip:udp:data 3")
	wantLines(t, tables[1], "point link packets bytes first last",
		"tap.pcap ETHERNET 7 51771 1969-12-31T23:59:57.000000000Z 1970-01-01T00:00:02.000000000Z",
		"isdn0 LINKTYPE_60000 1 1048576 1970-01-01T00:00:02.000000001Z 1970-01-01T00:00:02.000000001Z")
	wantLines(t, tables[2], "from to packets bytes", "0 63 4 145", "1519 2047 1 1542", "9019 65535 2 50084", "65536 - 1 1048576")
	wantLines(t, tables[3], "reason protocol malformed packets frames", "too-short ip true 1 7", "too-short tcp true 1 8", "unknown-protocol frame false 1 6")
}

func TestFirstFrames(t *testing.T) {
	var a, b firstFrames
	for _, n := range []uint64{9, 3, 3, 7, 1, 20} {
		a.add(n)
	}
	for _, n := range []uint64{2, 9, 8} {
		b.add(n)
	}
	a.absorb(&b)
	if a.count != 9 || a.numbers != [5]uint64{1, 2, 3, 7, 8} {
		t.Errorf("%d, first %v", a.count, a.numbers)
	}
	if a.reset(); a != (firstFrames{}) || a.cell().value != nil {
		t.Errorf("after reset: %v", a)
	}
}

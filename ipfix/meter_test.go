package ipfix_test

import (
	"encoding/binary"
	"testing"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/internal/craft"
	"pktscope/ipfix"
)

// counts adds up packetDeltaCount and counts records: the fixed elements stand first, so that it need not read templates.
type counts struct {
	records int
	packets uint64
	reasons map[byte]int
	flags   []byte // of records of TCP
}

func (c *counts) Write(b []byte) (int, error) {
	for rest := b[16:]; len(rest) > 0; {
		id, n := binary.BigEndian.Uint16(rest), binary.BigEndian.Uint16(rest[2:])
		set := rest[4:n]
		rest = rest[n:]
		for id >= 256 && len(set) > 0 { // flows of IPv4 with ports, whose records differ in TCP's flags and in the length of the last element
			c.records++
			c.packets += binary.BigEndian.Uint64(set[25:])
			c.reasons[set[45]]++
			fixed := 8 + 1 + 8 + 8 + 8 + 8 + 1 + 1 + 1 + 1 + 1 + 4 + 4 + 4 + 4 + 2 + 2
			if set[41] == 6 {
				c.flags = append(c.flags, set[fixed])
				fixed++
			}
			set = set[fixed+1+int(set[fixed]):]
		}
	}
	return len(b), nil
}

const second = int64(1e9)

// What intervals export adds up to what there was, once each; a flow that goes on is exported every minute, one that is over at once.
func TestMeter(t *testing.T) {
	config := dissect.NewConfig(dissect.Options{})
	decoder := config.NewDecoder()
	tracker, reader := flows.NewTracker(flows.Options{}), flows.NewReader()
	point := &dissect.Point{Link: 1}
	number := uint64(0)
	play := func(at int64, layers ...craft.Layer) {
		var p dissect.Packet
		var b flows.Batch
		data := craft.Packet(append([]craft.Layer{craft.Ethernet{}}, layers...)...)
		number++
		decoder.Decode(&p, &dissect.Frame{Data: data, WireLen: len(data), Time: at, Number: number, Point: point})
		p.Verify()
		reader.Read(&p, &b)
		tracker.Play(reader, &b)
	}
	out := &counts{reasons: map[byte]int{}}
	m := ipfix.NewMeter(ipfix.NewExporter(out, 0))
	check := func(now int64, last bool, records int, packets uint64) {
		t.Helper()
		if err := m.Interval(tracker, now, last); err != nil {
			t.Fatal(err)
		}
		if out.records != records || out.packets != packets {
			t.Errorf("after %d s there are %d records of %d packets, want %d of %d", now/second, out.records, out.packets, records, packets)
		}
	}
	long := []craft.Layer{craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 5000, Dst: 6000}}
	for s := range int64(130) {
		play(s*second, long...)
		if s == 4 {
			play(s*second, craft.IPv4{Src: "10.0.0.3", Dst: "10.0.0.4"}, craft.TCP{Src: 1, Dst: 2, Seq: 1, Flags: craft.SYN})
			play(s*second, craft.IPv4{Src: "10.0.0.4", Dst: "10.0.0.3"}, craft.TCP{Src: 2, Dst: 1, Ack: 2, Flags: craft.RST | craft.ACK})
		}
		switch s {
		case 4:
			check(5*second, false, 2, 2) // the refused connection, both directions
		case 30:
			check(31*second, false, 2, 2)
		case 59:
			check(60*second, false, 3, 62)
		case 100:
			check(101*second, false, 3, 62)
		case 129:
			check(130*second, false, 4, 132)
		}
	}
	check(131*second, true, 4, 132)
	play(131*second, long...)
	check(132*second, true, 5, 133)
	if out.reasons[byte(ipfix.Over)] != 2 || out.reasons[byte(ipfix.Active)] != 2 || out.reasons[byte(ipfix.Forced)] != 1 {
		t.Errorf("reasons are %v", out.reasons)
	}
	if string(out.flags) != "\x02\x14" { // SYN; RST and ACK
		t.Errorf("flags of TCP are %x", out.flags)
	}
}

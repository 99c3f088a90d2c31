package reports

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"pktscope/dissect"
	"pktscope/internal/craft"
	"pktscope/internal/golden"
	"pktscope/pcaps"
)

// The table in tc-prio(8): the type of service, its bits in words, the priority, the band.
func TestTypesOfService(t *testing.T) {
	const md, mt, mr, mmc = "minimize delay", "maximize throughput", "maximize reliability", "minimize monetary cost"
	var o QueueOptions
	for tos, want := range map[uint8]struct {
		service  string
		priority string
		band     uint8
	}{
		0x00: {"normal service", "0 best effort", 1},
		0x02: {mmc, "0 best effort", 1},
		0x04: {mr, "0 best effort", 1},
		0x06: {mr + " + " + mmc, "0 best effort", 1},
		0x08: {mt, "2 bulk", 2},
		0x0a: {mt + " + " + mmc, "2 bulk", 2},
		0x0c: {mt + " + " + mr, "2 bulk", 2},
		0x0e: {mt + " + " + mr + " + " + mmc, "2 bulk", 2},
		0x10: {md, "6 interactive", 0},
		0x12: {md + " + " + mmc, "6 interactive", 0},
		0x14: {md + " + " + mr, "6 interactive", 0},
		0x16: {md + " + " + mr + " + " + mmc, "6 interactive", 0},
		0x18: {md + " + " + mt, "4 interactive bulk", 1},
		0x1a: {md + " + " + mt + " + " + mmc, "4 interactive bulk", 1},
		0x1c: {md + " + " + mt + " + " + mr, "4 interactive bulk", 1},
		0x1e: {md + " + " + mt + " + " + mr + " + " + mmc, "4 interactive bulk", 1},
	} {
		for _, other := range []uint8{0, 1, 0x20, 0xc0, 0xe1} { // precedence, and the bit that must be zero
			k := queueKey{network: ip4, tos: tos | other}
			priority := o.priority(k)
			if got := priorityText(priority); serviceText(k.tos) != want.service || got != want.priority || o.band(priority) != want.band {
				t.Errorf("TOS %#02x: %s, priority %s, band %d; want %v", k.tos, serviceText(k.tos), got, o.band(priority), want)
			}
		}
	}
}

func TestPriorities(t *testing.T) {
	pcp := &PCPMap{0, 1, 2, 3, 4, 5, 6, 7}
	for _, c := range []struct {
		name string
		QueueOptions
		queueKey
		want uint8
	}{
		{"routed", QueueOptions{}, queueKey{network: ip4, tos: 0x10, pcp: -1}, 6},
		{"routed, from a VLAN", QueueOptions{PCPMap: pcp}, queueKey{network: ip4, tos: 0x10, pcp: 3}, 6},
		{"bridged", QueueOptions{Bridged: true}, queueKey{network: ip4, tos: 0x10, pcp: -1}, 0},
		{"bridged, from a VLAN", QueueOptions{Bridged: true, PCPMap: pcp}, queueKey{network: ip4, tos: 0x10, pcp: 3}, 3},
		{"IPv6", QueueOptions{}, queueKey{network: ip6, tos: 0x10, pcp: -1}, 0},
		{"IPv6, from a VLAN", QueueOptions{PCPMap: pcp}, queueKey{network: ip6, tos: 0x10, pcp: 5}, 5},
		{"IPv6, by its traffic class", QueueOptions{TrafficClass: true}, queueKey{network: ip6, tos: 0x10, pcp: -1}, 6},
		{"IPv6, by its traffic class, from a VLAN", QueueOptions{TrafficClass: true, PCPMap: pcp}, queueKey{network: ip6, tos: 0x10, pcp: 5}, 6},
		{"IPv6, bridged", QueueOptions{TrafficClass: true, Bridged: true}, queueKey{network: ip6, tos: 0x10, pcp: -1}, 0},
		{"no IP", QueueOptions{}, queueKey{pcp: -1}, 0},
	} {
		if got := c.priority(c.queueKey); got != c.want {
			t.Errorf("%s: priority %d, want %d", c.name, got, c.want)
		}
	}
}

func TestParsePriomap(t *testing.T) {
	m, err := ParsePriomap("1 2 2 2 1 2 0 0 1,1,1,1,1,1,1,1")
	if err != nil || *m != DefaultPriomap {
		t.Errorf("%v, %v", m, err)
	}
	for text, want := range map[string]string{
		"1 2 3":                            "a map has 16 numbers, not 3",
		"1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 16": `"16" is not a band: they are 0 to 15`,
		"1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 a":  `"a" is not a band: they are 0 to 15`,
	} {
		if _, err := ParsePriomap(text); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

// marked is traffic of all kinds that the report tells apart.
func marked() (frames [][]byte) {
	packet := func(n int, layers ...craft.Layer) {
		for range n {
			frames = append(frames, craft.Packet(layers...))
		}
	}
	ssh := func(tos uint8, way string) []craft.Layer {
		if way == "back" {
			return []craft.Layer{craft.IPv4{Src: "10.0.0.2", Dst: "10.0.0.1", TOS: tos}, craft.TCP{Src: 22, Dst: 40000, Flags: craft.ACK}}
		}
		return []craft.Layer{craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", TOS: tos}, craft.TCP{Src: 40000, Dst: 22, Flags: craft.ACK}}
	}
	tunnel := func(vni uint32, tos uint8, back bool, inner ...craft.Layer) []craft.Layer {
		outer := craft.IPv4{Src: "172.17.10.10", Dst: "172.16.11.10", TOS: tos}
		if back {
			outer.Src, outer.Dst = outer.Dst, outer.Src
		}
		return append([]craft.Layer{craft.Ethernet{}, craft.VLAN{ID: 100, Priority: 3}, outer, craft.UDP{Src: 49152}, craft.VXLAN{VNI: vni},
			craft.Ethernet{}}, inner...)
	}
	packet(3, append([]craft.Layer{craft.Ethernet{}}, ssh(0x10, "")...)...)
	packet(2, append([]craft.Layer{craft.Ethernet{}}, ssh(0x10, "back")...)...)
	packet(4, tunnel(5001, 0, false, ssh(0xb8, "")...)...)
	packet(3, tunnel(5001, 0, true, ssh(0, "back")...)...)
	packet(2, tunnel(5002, 0x28, false, ssh(0x28, "")...)...)
	packet(2, tunnel(5002, 0x28, true, ssh(0x28, "back")...)...)
	packet(1, tunnel(5002, 0x28, false, ssh(0x48, "")...)...)
	packet(1, tunnel(5002, 0x48, false, ssh(0, "")...)...)
	packet(2, craft.Ethernet{}, craft.IPv6{TrafficClass: 0xb8}, craft.UDP{Src: 53, Dst: 53})
	packet(1, craft.Ethernet{}, craft.VLAN{ID: 7, Priority: 6}, craft.ARP{})
	packet(1, craft.Ethernet{}, craft.IPv4{Src: "10.9.9.9", Dst: "10.0.0.1", TOS: 0xc0}, craft.ICMP{Type: 3, Code: 1},
		craft.IPv4{Src: "10.0.0.1", Dst: "10.8.8.8", TOS: 0x10}, craft.UDP{Src: 1000, Dst: 2000})
	return frames
}

func TestQueues(t *testing.T) {
	var got txtar.Archive
	for _, c := range []struct {
		name string
		QueueOptions
	}{
		{"outer", QueueOptions{}},
		{"inner", QueueOptions{Inner: true}},
		{"bridged, PCP", QueueOptions{Bridged: true, PCPMap: &PCPMap{0, 1, 2, 3, 4, 5, 6, 7}}},
		{"eight bands", QueueOptions{Priomap: &Priomap{0, 1, 2, 3, 4, 5, 6, 7}}},
	} {
		print := func(r Report) []byte {
			var b bytes.Buffer
			if err := WriteText(&b, r.Snapshot(), TextOptions{}); err != nil {
				t.Fatal(err)
			}
			return b.Bytes()
		}
		r := newQueues(setup{groups: maxGroups, queues: c.QueueOptions})
		add(r, marked())
		got.Files = append(got.Files, txtar.File{Name: c.name, Data: print(r)})
		again := newQueues(setup{groups: maxGroups, queues: c.QueueOptions})
		add(again, marked()[:7])
		again.Reset()
		add(again, marked(), 0, 5, 11)
		if diff := cmp.Diff(print(r), print(again)); diff != "" {
			t.Errorf("%s: where blocks end shows:\n%s", c.name, diff)
		}
	}
	golden.Compare(t, *update, "queues.txtar", &got)
}

func TestQueuesDoNotAllocate(t *testing.T) {
	r := newQueues(setup{groups: maxGroups})
	packets := decoded(marked())
	part := r.NewPart()
	fill := func() {
		for i := range packets {
			part.Add(&packets[i])
		}
		part.Flush()
	}
	fill()
	fill()
	if n := testing.AllocsPerRun(10, fill); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkQueues(b *testing.B) {
	packets := decoded(marked())
	part := newQueues(setup{groups: maxGroups}).NewPart()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		part.Add(&packets[i%len(packets)])
	}
}

// What Linux did: five senders, each with a TOS of its own, through pfifo_fast at a rate that is too low for them. The captures before and
// behind the queue tell the bands: a band is a queue, first in, first out; and no packet leaves while one waits in a band before its own.
func TestQueuesOfLinux(t *testing.T) {
	shared := os.Getenv("PKTSCOPE_SHARED")
	if shared == "" {
		shared = "../../shared"
	}
	labs := filepath.Join(shared, "labs", "qos-tc")
	if _, err := os.Stat(labs); err != nil {
		t.Skip(err)
	}
	in, out := queued(t, filepath.Join(labs, "pfifo_fast-in.pcap.zst")), queued(t, filepath.Join(labs, "pfifo_fast-out.pcap.zst"))
	// tc -s: sent 464 packets, dropped 417.
	if len(out) != 464 || len(in) != 464+417 {
		t.Fatalf("%d packets came and %d left", len(in), len(out))
	}
	place := map[string]int{}
	for i, p := range in {
		place[p.id] = i
	}
	leaves := make([]int, len(in)) // when in[i] left, as a place in out; -1 if it was dropped
	for i := range leaves {
		leaves[i] = -1
	}
	var last [3]int // place in in of the packet that left each band last
	for n, p := range out {
		i, ok := place[p.id]
		if !ok {
			t.Fatalf("packet %s left and never came", p.id)
		}
		if i < last[p.band] {
			t.Errorf("packet %d of band %d left behind packet %d", i, p.band, last[p.band])
		}
		last[p.band] = i
		leaves[i] = n
	}
	const wire = 10_000_000 // nanoseconds for the packet that was on its way already: 500 bytes at 400 kbit/s
	for i, p := range in {
		if leaves[i] < 0 {
			continue
		}
		for n := leaves[i] - 1; n >= 0 && out[n].time > p.time+3*wire/2; n-- {
			if out[n].band > p.band {
				t.Errorf("packet %d of band %d waited while one of band %d left", i, p.band, out[n].band)
			}
		}
	}
	dropped := map[uint8]int{}
	for i, p := range in {
		if leaves[i] < 0 {
			dropped[p.band]++
		}
	}
	if want := map[uint8]int{1: 129, 2: 288}; fmt.Sprint(dropped) != fmt.Sprint(want) {
		t.Errorf("dropped by band: %v, want %v", dropped, want)
	}
}

type queuedPacket struct {
	id   string // what the router does not change
	time int64
	band uint8
}

// queued returns the IPv4 packets of a capture with their bands.
func queued(t *testing.T, file string) (packets []queuedPacket) {
	src, err := pcaps.OpenAll([]string{file}, pcaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var o QueueOptions
	err = Read(src, Options{NoChecksums: true}, consumer(func(p *dissect.Packet) error {
		i := slices.IndexFunc(p.Layers, func(l dissect.Layer) bool { return l.Protocol == ip4 })
		if i >= 0 {
			h := p.Header(&p.Layers[i])
			id := fmt.Sprintf("%x %x %x", h[4:6], h[12:20], p.Payload(&p.Layers[i]))
			packets = append(packets, queuedPacket{id, p.Time, o.band(o.priority(o.key(p, i)))})
		}
		return nil
	}))
	if err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return packets
}

package reports

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"

	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// conversations is n frames of several kinds and lengths, in an order of their own: most are like others but for what varies packet by packet, some
// differ in one thing that a report looks at.
func conversations(r *rand.Rand, n int) (frames []pcaps.Frame) {
	other := &pcaps.Interface{File: "other.pcap", ID: -1, LinkType: 1, FCSLen: -1}
	at := int64(1e18)
	var sequences [8]uint32
	for range n {
		k := r.IntN(3)
		host := func(net, i int) string { return fmt.Sprintf("10.%d.0.%d", net, 1+i) }
		link := craft.Ethernet{Src: fmt.Sprintf("02:00:00:00:00:0%d", 1+k), Dst: "02:00:00:00:00:09"}
		around := craft.IPv4{Src: host(1, k), Dst: host(1, 3+r.IntN(2)), TTL: 60, ID: uint16(1 + r.IntN(1<<16-1))}
		inner := craft.IPv4{Src: host(2, r.IntN(3)), Dst: host(2, 4), TTL: 64, ID: uint16(1 + r.IntN(1<<16-1)), TOS: uint8(r.IntN(2) * 46 << 2)}
		if r.IntN(20) == 0 {
			inner.TTL = 3
		}
		var upper []craft.Layer
		switch r.IntN(4) {
		case 0:
			upper = []craft.Layer{craft.UDP{Src: uint16(4000 + r.IntN(9)), Dst: 53}, craft.Payload(make([]byte, 20+r.IntN(60)))}
		case 1:
			upper = []craft.Layer{craft.TCP{Src: uint16(4000 + r.IntN(9)), Dst: 80, Flags: craft.SYN}}
		case 2:
			upper = []craft.Layer{craft.TCP{Src: uint16(4000 + r.IntN(9)), Dst: 80, Seq: r.Uint32(), Flags: craft.ACK}}
		default:
			upper = []craft.Layer{craft.TCP{Src: uint16(4000 + r.IntN(9)), Dst: 80, Seq: r.Uint32(), Flags: craft.ACK}, craft.Payload(make([]byte, 1+r.IntN(900)))}
		}
		packet := append([]craft.Layer{inner}, upper...)
		vni := uint32(5000 + r.IntN(3))
		frameOf := func(layers ...craft.Layer) []craft.Layer { return append(layers, packet...) }
		vxlan := []craft.Layer{link, around, craft.UDP{Src: uint16(50000 + r.IntN(20)), Dst: 4789, Sum: craft.Zero}, craft.VXLAN{VNI: vni}}
		var layers []craft.Layer
		switch r.IntN(10) {
		case 0, 1:
			layers = frameOf(link)
		case 2:
			layers = frameOf(link, craft.VLAN{ID: uint16(10 + r.IntN(2)), Priority: uint8(r.IntN(3))})
		case 3, 4:
			layers = append(vxlan, frameOf(craft.Ethernet{Src: fmt.Sprintf("02:00:00:00:01:0%d", r.IntN(5)), Dst: "02:00:00:00:01:09"})...)
		case 5:
			layers = frameOf(link, around, craft.GRE{Checksum: r.IntN(2) == 0, Key: &vni})
		case 6:
			layers = frameOf(link, craft.MPLS{Label: vni, TTL: uint8(60 + r.IntN(2))}, craft.MPLS{Label: 7, TTL: 60})
		case 7:
			i := r.IntN(len(sequences))
			sequences[i] += uint32(1 + r.IntN(20)/19)
			layers = []craft.Layer{link, around, craft.ESP{SPI: uint32(i), Sequence: sequences[i]}, craft.Payload(make([]byte, 30+r.IntN(50)))}
		case 8:
			layers = frameOf(link, around)
		default:
			layers = append(vxlan, craft.Ethernet{Src: fmt.Sprintf("02:00:00:00:01:0%d", r.IntN(5)), Dst: "ff:ff:ff:ff:ff:ff"}, inner, craft.UDP{Src: 68, Dst: 67})
		}
		f := onTap(craft.Packet(layers...))[0]
		if r.IntN(30) == 0 {
			f.Data[len(f.Data)-1] ^= 4 // a bad checksum, often
		}
		if len(f.Data) < 60 {
			f.Data = append(f.Data, make([]byte, 60-len(f.Data))...)
			f.WireLen = len(f.Data)
		}
		if r.IntN(15) == 0 {
			f.Data = f.Data[:len(f.Data)-r.IntN(len(f.Data)/2)]
		}
		if r.IntN(4) == 0 {
			f.Interface = other
		}
		at += int64(r.IntN(2e6)) - 1e5
		f.Time = at
		if r.IntN(40) == 0 {
			f.Timeless, f.Time = true, 0
		}
		frames = append(frames, f)
	}
	return frames
}

// TestAlike counts with room for no packets that are alike, for a few and for many, with any number of workers, blocks and epochs of any size,
// and tables that have room for few groups only: nothing may depend on what is found.
func TestAlike(t *testing.T) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 1))
		frames := conversations(r, 1500)
		groups := []int{0, 3}[seed%2]
		var want string
		for i, alikes := range []int{-1, 2, 16, 0, 0} {
			o, block := Options{alikes: alikes, Groups: groups}, 0
			if i > 0 {
				o.Workers, block, o.epoch = 1+r.IntN(3), 1+r.IntN(60), 1+r.IntN(20)
			}
			set, err := NewSet(nil, nil, o)
			if err != nil {
				t.Fatal(err)
			}
			in := inputOf(frames, block)
			if err := Read(in, o, set); err != nil {
				t.Fatal(err)
			}
			got := exact(t, set.Snapshot())
			if want == "" {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("seed %d, room for %d, %d workers, blocks of %d, epochs of %d (-want +got):\n%s", seed, alikes, o.Workers, block, o.epoch, diff)
			}
		}
	}
}

// TestAlikeFound checks that what is alike is found, or all the rest would be for nothing.
func TestAlikeFound(t *testing.T) {
	c := newAlikes(1 << 10)
	found := 0
	packets := finished(t, conversations(rand.New(rand.NewPCG(1, 1)), 5000))
	for _, p := range packets {
		c.ask(p)
		slot, some := c.find(p)
		if some {
			found++
			continue
		}
		if slot != nil && slot.hash == 0 {
			c.begin(slot, p)
			c.add(slot, p)
		}
	}
	if found < len(packets)/4 {
		t.Errorf("of %d packets %d were like one before", len(packets), found)
	}
}

func TestShardDoesNotAllocate(t *testing.T) {
	packets := finished(t, generated(t))
	for i, p := range packets {
		p.Number = uint64(i + 1)
	}
	set, err := NewSet([]string{"summary", "protocols", "vlans", "tunnels", "checksums", "anomalies"}, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	shard := set.newShard()
	block := uint64(0)
	round := func() {
		shard.Begin(block)
		for _, p := range packets {
			shard.Packet(p)
		}
		shard.Play()
		shard.Flush()
		block++
	}
	for range 3 * epochBlocks {
		round()
	}
	if n := testing.AllocsPerRun(2*epochBlocks, round); n != 0 {
		t.Errorf("%v allocations in %d packets", n, len(packets))
	}
}

// BenchmarkShard counts packets of many conversations for all reports that are printed unasked, without flows; BenchmarkShardApart does so as if
// none were alike.
func BenchmarkShard(b *testing.B)      { benchmarkShard(b, 0) }
func BenchmarkShardApart(b *testing.B) { benchmarkShard(b, -1) }

func benchmarkShard(b *testing.B, alikes int) {
	packets := finished(b, conversations(rand.New(rand.NewPCG(1, 1)), 4000))
	for i, p := range packets {
		p.Number = uint64(i + 1)
	}
	set, err := NewSet([]string{"summary", "protocols", "vlans", "tunnels", "checksums", "anomalies"}, nil, Options{alikes: alikes})
	if err != nil {
		b.Fatal(err)
	}
	set.add(newFindings(setup{groups: maxGroups}))
	shard := set.newShard()
	b.ReportAllocs()
	i, block := 0, uint64(0)
	for b.Loop() {
		shard.Packet(packets[i])
		if i++; i == len(packets) {
			shard.Flush()
			block++
			shard.Begin(block)
			i = 0
		}
	}
}

// TestSlotSize holds a slot to two lines of cache, which is what a packet that is alike to others waits for.
func TestSlotSize(t *testing.T) {
	if n := unsafe.Sizeof(alikeSlot{}); n != 128 {
		t.Errorf("a slot has %d bytes, want 128", n)
	}
}

package reports

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// variation is frames made of a few packets that come again and again, mostly with one thing changed: what tells packets apart is as often one bit as
// all the rest. A packet is what was chosen for it, choice by choice; another one is made with the same choices but one.
type variation struct {
	r          *rand.Rand
	interfaces []*pcaps.Interface
	sequences  [4]uint32
	recent     [][]uint32 // choices
	chosen     []uint32   // for the packet that is being made
	repeated   []uint32   // what is left of those that it repeats
	at         int64
}

func newVariation(seed uint64) *variation {
	v := &variation{r: rand.New(rand.NewPCG(seed, 2)), at: 1e18}
	for i, fcs := range []int{-1, 4, 0} { // the same number in several files
		v.interfaces = append(v.interfaces, &pcaps.Interface{File: fmt.Sprintf("%d.pcapng", i), ID: 0, LinkType: 1, FCSLen: fcs})
	}
	return v
}

// choose returns a number below n.
func (v *variation) choose(n int) int {
	c := v.r.Uint32()
	if len(v.repeated) > 0 {
		c, v.repeated = v.repeated[0], v.repeated[1:]
	}
	v.chosen = append(v.chosen, c)
	return int(c % uint32(n))
}

// one tells true once in n times.
func (v *variation) one(n int) bool { return v.choose(n) == 0 }

// of chooses one of few, and mostly the first.
func of[T any](v *variation, few ...T) T {
	if i := v.choose(4 * len(few)); i < len(few) {
		return few[i]
	}
	return few[0]
}

func (v *variation) mac(net int) craft.Ethernet {
	return craft.Ethernet{Src: fmt.Sprintf("02:00:00:00:%02x:0%d", net, v.choose(3)),
		Dst: of(v, fmt.Sprintf("02:00:00:00:%02x:09", net), fmt.Sprintf("02:00:00:00:%02x:01", net), "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:05")}
}

func (v *variation) ip(net int) craft.Layer {
	tos, ttl := of[uint8](v, 0, 46<<2, 46<<2|3, 1, 8<<2), of[uint8](v, 64, 63, 3, 2, 1, 128)
	if v.one(4) {
		return craft.IPv6{Src: fmt.Sprintf("2001:db8:%d::%d", net, v.choose(2)), Dst: of(v, fmt.Sprintf("2001:db8:%d::9", net), "ff02::1"),
			TrafficClass: tos, FlowLabel: uint32(v.choose(3)), HopLimit: ttl}
	}
	return craft.IPv4{Src: fmt.Sprintf("10.%d.0.%d", net, v.choose(2)), Dst: of(v, fmt.Sprintf("10.%d.0.9", net), "224.0.0.5"), TOS: tos, TTL: ttl,
		ID: uint16(1 + v.choose(1<<16-1)), DontFragment: v.one(2), MoreFragments: v.one(20), FragmentOffset: of[uint16](v, 0, 0, 0, 8),
		Options: of(v, nil, nil, []byte{7, 7, 4, 0, 0, 0, 0, 0})}
}

// next counts one of the sequences on, as a rule by one.
func (v *variation) next() uint32 {
	s := &v.sequences[v.choose(len(v.sequences))]
	*s += of[uint32](v, 1, 1, 1, 1, 1, 0, 2, 3, 1<<32-2, 1<<31)
	return *s
}

// transport is what is innermost.
func (v *variation) transport() []craft.Layer {
	payload := craft.Payload(make([]byte, of(v, 100, v.choose(1200), 0, 1)))
	sum := of(v, craft.Right, craft.Zero, craft.Partial)
	port := func() uint16 { return uint16(40000 + v.choose(3)) }
	switch v.choose(6) {
	case 0:
		return []craft.Layer{craft.UDP{Src: port(), Dst: of[uint16](v, 9999, 9998, 53, 67, 4500), Sum: sum}, payload}
	case 1:
		return []craft.Layer{craft.ICMP{Type: of[uint8](v, 8, 0, 3, 11), Rest: uint32(v.choose(1 << 30))}, payload}
	case 2:
		return []craft.Layer{craft.ESP{SPI: uint32(v.choose(3)), Sequence: v.next()}, craft.Payload(append(payload, make([]byte, 30)...))}
	}
	flags := of[uint16](v, craft.ACK, craft.ACK|craft.PSH, craft.SYN, craft.SYN|craft.ACK, craft.FIN|craft.ACK, craft.RST, 0, craft.ACK|craft.URG)
	return []craft.Layer{craft.TCP{Src: port(), Dst: of[uint16](v, 80, 443, 22), Seq: v.next(), Ack: uint32(v.choose(1 << 30)), Flags: flags, Sum: sum,
		Window: of[uint16](v, 0, 1, 100), Options: of(v, nil, []byte{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2})}, payload}
}

// around is a tunnel.
func (v *variation) around() []craft.Layer {
	id := uint32(5000 + v.choose(2))
	inner := []craft.Layer{v.mac(1)}
	if v.one(4) {
		inner = append(inner, craft.VLAN{ID: of[uint16](v, 7, 0, 8), Priority: of[uint8](v, 0, 3), DEI: v.one(9)})
	}
	udp := craft.UDP{Src: uint16(50000 + v.choose(4)), Sum: of(v, craft.Zero, craft.Right)}
	var key, sequence *uint32
	if v.one(2) {
		key = &id
	}
	if v.one(3) {
		sequence = new(v.next())
	}
	gre := craft.GRE{Checksum: v.one(3), Key: key, Sequence: sequence}
	switch v.choose(7) {
	case 0:
		return append([]craft.Layer{v.ip(8), udp, craft.VXLAN{VNI: id, DontLearn: v.one(5)}}, inner...)
	case 1:
		return append([]craft.Layer{v.ip(8), udp, craft.Geneve{VNI: id, OAM: v.one(5)}}, inner...)
	case 2:
		return []craft.Layer{v.ip(8), gre}
	case 3:
		return append([]craft.Layer{v.ip(8), gre}, inner...)
	case 4:
		return []craft.Layer{craft.MPLS{Label: id, TC: of[uint8](v, 0, 5), TTL: of[uint8](v, 64, 1, 2)}, craft.MPLS{Label: 17, TTL: 9}}
	case 5:
		return []craft.Layer{v.ip(8)}
	}
	return append([]craft.Layer{v.ip(8), udp, craft.VXLAN{VNI: id}}, append(inner, v.ip(9), gre)...)
}

// packet chooses layers, and where they are captured.
func (v *variation) packet() (f pcaps.Frame) {
	layers := []craft.Layer{v.mac(0)}
	for range of(v, 0, 1, 2) {
		layers = append(layers, craft.VLAN{ID: uint16(100 + v.choose(2)), Priority: of[uint8](v, 0, 5), DEI: v.one(9), TPID: of[uint16](v, 0, 0x88a8)})
	}
	if !v.one(3) {
		layers = append(layers, v.around()...)
	}
	f = pcaps.Frame{Interface: of(v, v.interfaces...), Data: craft.Packet(append(append(layers, v.ip(3)), v.transport()...)...)}
	if len(f.Data) < 60 && v.one(2) {
		f.Data = append(f.Data, make([]byte, 60-len(f.Data))...)
	}
	if f.Interface.FCSLen == 4 {
		f.Data = append(f.Data, 1, 2, 3, 4)
	}
	f.WireLen = len(f.Data)
	if v.one(12) {
		f.Data = f.Data[:len(f.Data)-v.choose(len(f.Data))]
	}
	if v.one(30) {
		f.Flags = of[uint32](v, 1, 2, 4<<5)
	}
	f.Timeless = v.one(40)
	return f
}

// frame is the next one.
func (v *variation) frame() pcaps.Frame {
	v.chosen, v.repeated = nil, nil
	if len(v.recent) > 0 && v.r.IntN(10) > 0 {
		v.repeated = slices.Clone(v.recent[v.r.IntN(len(v.recent))])
		if v.r.IntN(2) == 0 {
			v.repeated[v.r.IntN(len(v.repeated))] = v.r.Uint32()
		}
	}
	f := v.packet()
	if len(v.recent) < 8 {
		v.recent = append(v.recent, v.chosen)
	} else {
		v.recent[v.r.IntN(len(v.recent))] = v.chosen
	}
	v.at += int64(v.r.IntN(2e6))
	if v.r.IntN(20) == 0 {
		v.at -= 1e9
	}
	if f.Time = v.at; f.Timeless {
		f.Time = 0
	}
	return f
}

// FuzzAlike counts captures for all reports with room for no packets that are alike, for two and for many, in blocks and epochs of any size and
// with any number of workers: nothing may depend on what is found. What edits says of a frame changes it: which byte, and which of its bits.
func FuzzAlike(f *testing.F) {
	for seed := range uint64(24) {
		f.Add(seed, uint16(390), []byte{}, uint8(37*seed))
		f.Add(seed, uint16(30), []byte{3, 23, 1, 9, 40, 0x80, 17, 55, 2}, uint8(seed))
	}
	by, err := NewProjection([]string{"ip.src", "vlan.id", "vxlan.vni"}, nil, time.Second)
	if err != nil {
		f.Fatal(err)
	}
	var names []string
	for _, d := range all {
		names = append(names, d.Name)
	}
	f.Fuzz(func(t *testing.T, seed uint64, n uint16, edits []byte, how uint8) {
		v := newVariation(seed)
		var frames []any
		for range int(n%400) + 2 {
			frames = append(frames, v.frame())
		}
		for ; len(edits) >= 3; edits = edits[3:] {
			frame := frames[int(edits[0])%len(frames)].(pcaps.Frame)
			if len(frame.Data) == 0 {
				continue
			}
			frame.Data = slices.Clone(frame.Data)
			frame.Data[int(edits[1])%len(frame.Data)] ^= edits[2]
			frames[int(edits[0])%len(frames)] = frame
		}
		thresholds := map[string]uint64{}
		for _, k := range findingKinds {
			if k.Threshold > 1 {
				thresholds[k.Name] = cmp.Or(uint64(how%8), k.Threshold)
			}
		}
		tables := func(alikes, workers, block, epoch int) string {
			o := Options{alikes: alikes, Workers: workers, epoch: epoch, Groups: []int{0, 4}[how>>3&1], By: by, Findings: FindingOptions{Thresholds: thresholds}}
			set, err := NewSet(names, nil, o)
			if err != nil {
				t.Fatal(err)
			}
			if err := Read(&input{steps: frames, block: block}, o, set); err != nil {
				t.Fatal(err)
			}
			return exact(t, set.Snapshot())
		}
		want := tables(-1, 1, 0, 0)
		if got := tables(2, 1+int(how>>4&1), 1+int(how>>5)*9, 3); got != want {
			t.Fatalf("with room for 2 (-want +got):\n%s", gocmp.Diff(want, got))
		}
		if got := tables(0, 1, 64, 0); got != want {
			t.Fatalf("with room for many (-want +got):\n%s", gocmp.Diff(want, got))
		}
	})
}

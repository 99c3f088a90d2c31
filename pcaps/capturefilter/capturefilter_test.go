package capturefilter_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/tools/txtar"

	"pktscope/internal/craft"
	"pktscope/pcaps/capturefilter"
)

var update = flag.Bool("update", false, "write golden files")

// TestErrors holds what is said about mistakes to testdata/errors.txtar, where each file is an expression and the answer. Before a colon there is the
// link type if it is not that of Ethernet, and live if it is for a socket.
func TestErrors(t *testing.T) {
	const golden = "testdata/errors.txtar"
	archive, err := txtar.ParseFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	changed := false
	for i, f := range archive.Files {
		expression, options := f.Name, capturefilter.Options{Link: 1}
		if link, rest, ok := strings.Cut(f.Name, ": "); ok {
			link, options.Live = strings.CutPrefix(link, "live ")
			n, err := strconv.ParseUint(link, 10, 16)
			if err != nil {
				t.Fatal(err)
			}
			expression, options.Link = rest, uint16(n)
		}
		_, err := capturefilter.Compile(expression, options)
		var mistake *capturefilter.Error
		if !errors.As(err, &mistake) {
			t.Errorf("%s: %v", f.Name, err)
			continue
		}
		got := mistake.Error() + "\n"
		if got != string(f.Data) && !*update {
			t.Errorf("%s:\n%swant\n%s", f.Name, got, f.Data)
		}
		changed = changed || got != string(f.Data)
		archive.Files[i].Data = []byte(got)
	}
	if *update && changed {
		if err := os.WriteFile(golden, txtar.Format(archive), 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMeaning is about what libpcap 1.10 does not know or does not do.
func TestMeaning(t *testing.T) {
	inner := func(layers ...craft.Layer) []craft.Layer {
		return append([]craft.Layer{craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}}, layers...)
	}
	vxlan := func(vni uint32, before ...craft.Layer) []byte {
		outer := append(before, craft.UDP{Src: 50000, Dst: 4789}, craft.VXLAN{VNI: vni})
		return craft.Packet(append(outer, inner(craft.TCP{Src: 40000, Dst: 80, Flags: craft.SYN})...)...)
	}
	plain := vxlan(5001, craft.Ethernet{}, craft.IPv4{Src: "172.16.0.1", Dst: "172.16.0.2"})
	tagged := vxlan(5001, craft.Ethernet{}, craft.VLAN{ID: 100}, craft.IPv4{})
	overIPv6 := vxlan(5001, craft.Ethernet{}, craft.IPv6{})
	tcp := craft.Packet(inner(craft.TCP{Src: 1, Dst: 2})...)
	null := func(family []byte, b []byte) []byte { return slices.Concat(family, b[14:]) }
	ipv6 := craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.UDP{Src: 1, Dst: 2})

	for _, test := range []struct {
		expression string
		link       uint16
		frame      []byte
		want       bool
	}{
		{"vxlan", 1, plain, true},
		{"vxlan 5001", 1, plain, true},
		{"vxlan (5001)", 1, plain, true},
		{"vxlan 5002", 1, plain, false},
		{"vxlan 0x1389 and host 10.0.0.1", 1, plain, true},
		{"host 10.0.0.1", 1, plain, false},
		{"vxlan and host 172.16.0.1", 1, plain, false},
		{"host 172.16.0.1 and vxlan and host 10.0.0.1", 1, plain, true},
		{"vxlan and tcp port 80 and tcp[tcpflags] = tcp-syn", 1, plain, true},
		{"vxlan and tcp[(2 * 1):2] = 80", 1, plain, true},
		{"vxlan and ip[2:2] + ip[8] > ip[9]", 1, plain, true},
		{"vxlan and udp", 1, plain, false},
		{"vxlan", 1, tagged, false},
		{"vlan and vxlan 5001 and dst port 80", 1, tagged, true},
		{"vlan 100 and vxlan and not udp", 1, tagged, true},
		{"vxlan 5001 and src host 10.0.0.1", 1, overIPv6, true},
		{"ip6 and vxlan and ip", 1, overIPv6, true},
		{"vxlan", 1, tcp, false},
		{"not vxlan", 1, tcp, true},
		{"vxlan", 1, plain[:42], false},
		{"not vxlan", 1, plain[:42], false}, // it is too short to tell
		{"vxlan", 101, plain[14:], true},
		{"vxlan and tcp dst port 80", 101, plain[14:], true},

		{"ip[0] + ip[1] + ip[2] + ip[3] + ip[4] + ip[5] + ip[6] + ip[7] + ip[8] + ip[9] + ip[12] = 69 + 40 + 64 + 6 + 10", 1, tcp, true},
		{"189 = ip[0] + (ip[1] + (ip[2] + (ip[3] + (ip[4] + (ip[5] + (ip[6] + (ip[7] + (ip[8] + (ip[9] + ip[12])))))))))", 1, tcp, true},
		{"ip[0] - (ip[8] - ip[9]) * (ip[9] - 4) = 69 - 58 * 2 and ip[9] - ip[8] - ip[0] = -127", 1, tcp, true},

		{"net 10/8", 1, tcp, true},
		{"net 11/8", 1, tcp, false},
		{"net 11/8 or 10/8", 1, tcp, true},
		{"10/5 = 2", 1, tcp, true},
		{"ip proto tcp", 1, tcp, true},
		{"ip proto udp or tcp", 1, tcp, true}, // tcp is the protocol alone here, which any IP carries
		{"host 1.2.3.4 or (10.0.0.1 and port 2)", 1, tcp, true},
		{"byte 14 & 0x40", 1, tcp, true},
		{"byte 14 & 0x10", 1, tcp, false},
		{"byte 14 | 0", 1, tcp, true},
		{"arp", 101, tcp[14:], false},
		{"not arp", 101, tcp[14:], true},
		{"", 1, tcp, true},
		{"  ", 147, tcp, true},
		{"len = 54 and link[13] = 0", 147, tcp, true},

		{"ip", 0, null([]byte{2, 0, 0, 0}, tcp), true},
		{"ip", 0, null([]byte{0, 0, 0, 2}, tcp), true},
		{"tcp port 2", 0, null([]byte{2, 0, 0, 0}, tcp), true},
		{"ip6", 0, null([]byte{30, 0, 0, 0}, ipv6), true},
		{"udp", 0, null([]byte{0, 0, 0, 28}, ipv6), true},
		{"ip6", 108, null([]byte{0, 0, 0, 24}, ipv6), true},
		{"ip6", 108, null([]byte{24, 0, 0, 0}, ipv6), false},

		{"inbound", 113, slices.Concat([]byte{0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}, tcp[14:]), true},
		{"outbound and tcp", 113, slices.Concat([]byte{0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}, tcp[14:]), true},
		{"ifindex 7 and outbound", 276, slices.Concat([]byte{8, 0, 0, 0, 0, 0, 0, 7, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0}, tcp[14:]), true},
		{"ifindex 8", 276, slices.Concat([]byte{8, 0, 0, 0, 0, 0, 0, 7, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0}, tcp[14:]), false},
	} {
		f, err := capturefilter.Compile(test.expression, capturefilter.Options{Link: test.link})
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		if got := f.Match(test.frame, len(test.frame)); got != test.want {
			t.Errorf("%q of link type %d: %v", test.expression, test.link, got)
		}
	}
}

// TestLengthOnTheWire: a frame that was cut has the length that it had.
func TestLengthOnTheWire(t *testing.T) {
	f, err := capturefilter.Compile("greater 1000 and len - 14 <= 1500", capturefilter.Options{Link: 1})
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	for n, want := range map[int]bool{64: false, 999: false, 1000: true, 1514: true, 1515: false} {
		if got := f.Match(b, n); got != want {
			t.Errorf("%d: %v", n, got)
		}
	}
}

// TestSnapLen: what is meant returns the bytes to keep.
func TestSnapLen(t *testing.T) {
	for snap, want := range map[uint32]uint32{0: 262144, 96: 96} {
		f, err := capturefilter.Compile("ip", capturefilter.Options{Link: 1, SnapLen: snap})
		if err != nil {
			t.Fatal(err)
		}
		b := slices.Concat(make([]byte, 12), []byte{8, 0})
		if got := capturefilter.Run(f.Program(), b, 14); got != want {
			t.Errorf("%d: %d", snap, got)
		}
	}
}

// TestSize: long lists fit into a kernel, whose conditional jumps reach 255 instructions far.
func TestSize(t *testing.T) {
	list := func(n int, each func(i int) string) string {
		var all []string
		for i := range n {
			all = append(all, each(i))
		}
		return strings.Join(all, " or ")
	}
	address := func(i int) string { return "10.0." + strconv.Itoa(i/256) + "." + strconv.Itoa(i%256) }
	last := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "192.0.2.1", Dst: address(299)}, craft.TCP{Src: 1, Dst: 10299})
	other := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2"}, craft.TCP{Src: 1, Dst: 2})
	for name, test := range map[string]struct {
		expression string
		most       int
	}{
		"hosts":    {list(300, func(i int) string { return "host " + address(i) }), 3500},
		"tcp":      {list(300, func(i int) string { return "tcp dst port " + strconv.Itoa(10000+i) }), 700},
		"host not": {"not (" + list(300, func(i int) string { return "ip dst host " + address(i) }) + ") or dst port 10299", 400},
	} {
		for _, live := range []bool{false, true} {
			f, err := capturefilter.Compile(test.expression, capturefilter.Options{Link: 1, Live: live})
			if err != nil {
				t.Errorf("%s: %.200s", name, err)
				continue
			}
			if n := len(f.Program()); n > test.most {
				t.Errorf("%s: %d instructions", name, n)
			}
			if !f.Match(last, len(last)) || f.Match(other, len(other)) == (name != "host not") {
				t.Errorf("%s: wrong", name)
			}
		}
	}
	_, err := capturefilter.Compile(list(4200, func(i int) string { return "len = " + strconv.Itoa(i) }), capturefilter.Options{Link: 1, Live: true})
	if err == nil || !strings.Contains(err.Error(), "instructions, and a kernel runs at most 4096") {
		t.Errorf("%.200v", err)
	}
}

// TestMatchDoesNotAllocate holds it there.
func TestMatchDoesNotAllocate(t *testing.T) {
	f, err := capturefilter.Compile("vlan and vxlan and tcp port 80 or len - ip[2:2] > ip[8] * 2", capturefilter.Options{Link: 1})
	if err != nil {
		t.Fatal(err)
	}
	b := bytes.Repeat([]byte{8, 0, 0x45, 0}, 32)
	if n := testing.AllocsPerRun(100, func() { f.Match(b, len(b)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzCompile: nothing panics, places are in the text, and what is accepted is a program that ends.
func FuzzCompile(f *testing.F) {
	for _, e := range expressions(f) {
		f.Add(e, uint16(1), []byte("0123456789ab\x08\x00\x45"), false)
	}
	for _, e := range []string{"vxlan 1 and vxlan and geneve and vlan", "(((((", "\xff", "tcp[tcp[tcp[0]]:2] % 3 ^ 2 = -len", "vlan and vlan and mpls and pppoes and ip"} {
		f.Add(e, uint16(113), []byte{}, true)
	}
	f.Fuzz(func(t *testing.T, text string, link uint16, frame []byte, live bool) {
		filter, err := capturefilter.Compile(text, capturefilter.Options{Link: link, Live: live})
		if err != nil {
			var mistake *capturefilter.Error
			if !errors.As(err, &mistake) || mistake.Pos < 0 || mistake.Pos > mistake.End || mistake.End > len(text) || mistake.Text != text {
				t.Fatalf("%q: %#v", text, err)
			}
			_ = err.Error()
			return
		}
		verify(t, filter.Program())
		got := filter.Match(frame, len(frame))
		if live {
			return // what is beside a frame is for kernels
		}
		if want, err := machine(t, filter).Run(frame); err != nil || got != (want != 0) && !wraps(filter.Program()) {
			t.Fatalf("%q: %v, %d, %v", text, got, want, err)
		}
	})
}

// wraps tells whether a program computes offsets, which may be negative: golang.org/x/net/bpf adds them with more bits than BPF has.
func wraps(program []bpf.RawInstruction) bool {
	return slices.ContainsFunc(program, func(i bpf.RawInstruction) bool { return i.Op == 0x07 || i.K >= 1<<31 && i.Op&0xe7 == 0x40 })
}

// verify checks what Linux checks when a program is attached (net/core/filter.c, bpf_check_classic and check_load_and_stores).
func verify(t *testing.T, program []bpf.RawInstruction) {
	t.Helper()
	if len(program) == 0 || program[len(program)-1].Op != 0x06 {
		t.Fatalf("%d instructions", len(program))
	}
	stored := make([]uint16, len(program)+1) // words that have been, on every way to an instruction
	for i := range stored {
		stored[i] = 1<<16 - 1
	}
	valid := uint16(0)
	for pc, i := range program {
		valid &= stored[pc]
		reach := func(skip uint32) {
			if to := uint64(pc) + 1 + uint64(skip); to >= uint64(len(program)) {
				t.Fatalf("%d jumps out", pc)
			} else {
				stored[to] &= valid
			}
		}
		switch class := i.Op & 7; {
		case i.Op == 0x60 || i.Op == 0x61:
			if i.K > 15 || valid&(1<<i.K) == 0 {
				t.Fatalf("%d loads what was not stored", pc)
			}
		case class == 2 || class == 3:
			if i.K > 15 {
				t.Fatalf("%d stores outside", pc)
			}
			valid |= 1 << i.K
		case i.Op == 0x05:
			reach(i.K)
			valid = 1<<16 - 1
		case class == 5:
			reach(uint32(i.Jt))
			reach(uint32(i.Jf))
			valid = 1<<16 - 1
		case i.Op == 0x34 || i.Op == 0x94:
			if i.K == 0 {
				t.Fatalf("%d divides by zero", pc)
			}
		case i.Op == 0x64 || i.Op == 0x74:
			if i.K > 31 {
				t.Fatalf("%d shifts too far", pc)
			}
		case i.Op == 0x20 || i.Op == 0x28 || i.Op == 0x30:
			if known := []uint32{0, 4, 8, 44, 48}; i.K >= 0xfffff000 && !slices.Contains(known, i.K-0xfffff000) {
				t.Fatalf("%d loads at %#x", pc, i.K)
			}
		}
	}
}

func BenchmarkMatch(b *testing.B) {
	frame := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2"}, craft.TCP{Src: 40000, Dst: 443})
	frame = binary.BigEndian.AppendUint64(frame, 0)
	for _, e := range []string{"ip", "tcp port 443", "host 10.0.0.1 or tcp[tcpflags] & tcp-syn != 0"} {
		f, err := capturefilter.Compile(e, capturefilter.Options{Link: 1})
		if err != nil {
			b.Fatal(err)
		}
		b.Run("ours/"+e, func(b *testing.B) {
			for b.Loop() {
				f.Match(frame, len(frame))
			}
		})
		vm := machine(b, f)
		b.Run("x_net/"+e, func(b *testing.B) {
			for b.Loop() {
				vm.Run(frame)
			}
		})
	}
}

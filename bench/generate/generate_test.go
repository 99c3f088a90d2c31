package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"pktscope/internal/craft/oracle"
)

// generate is the capture that the command writes.
func generate(t *testing.T, args ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := run(args, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// frames are the packets of a capture.
func frames(t *testing.T, capture []byte) (frames [][]byte) {
	t.Helper()
	r, err := pcapgo.NewReader(bytes.NewReader(capture))
	if err != nil {
		t.Fatal(err)
	}
	for last := (gopacket.CaptureInfo{}); ; {
		b, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		if info.Timestamp.Before(last.Timestamp) {
			t.Fatalf("packet %d: time goes back to %s", len(frames)+1, info.Timestamp)
		}
		last = info
		frames = append(frames, b)
	}
}

func TestChecksumsAreRightInEveryLayer(t *testing.T) {
	for name, stacks := range map[string]string{
		"imix": `
			Ethernet IPv4 TCP
			Ethernet IPv4 TCP Payload
			Ethernet IPv4 UDP Payload
			Ethernet IPv6 TCP
			Ethernet IPv6 TCP Payload
			Ethernet IPv6 UDP Payload
			Ethernet Dot1Q IPv4 TCP
			Ethernet Dot1Q IPv4 TCP Payload
			Ethernet Dot1Q IPv4 UDP Payload
			Ethernet IPv4 UDP VXLAN Ethernet IPv4 TCP
			Ethernet IPv4 UDP VXLAN Ethernet IPv4 TCP Payload
			Ethernet IPv4 UDP VXLAN Ethernet IPv4 UDP Payload
			Ethernet IPv4 GRE IPv4 TCP
			Ethernet IPv4 GRE IPv4 TCP Payload
			Ethernet IPv4 GRE IPv4 UDP Payload
			Ethernet MPLS MPLS IPv4 TCP
			Ethernet MPLS MPLS IPv4 TCP Payload
			Ethernet MPLS MPLS IPv4 UDP Payload
			Ethernet IPv4 IPSecESP`,
		"small":    "Ethernet IPv4 TCP Payload",
		"large":    "Ethernet IPv4 TCP Payload",
		"elephant": "Ethernet IPv4 TCP\nEthernet IPv4 TCP Payload",
		"flows":    "Ethernet IPv4 TCP\nEthernet IPv4 TCP Payload\nEthernet IPv4 UDP Payload",
		"tenants": `
			Ethernet IPv4 UDP VXLAN Ethernet IPv4 TCP
			Ethernet IPv4 UDP VXLAN Ethernet IPv4 TCP Payload
			Ethernet IPv4 UDP VXLAN Ethernet IPv4 UDP Payload`,
		"fragments": "Ethernet IPv4 Fragment\nEthernet IPv4 UDP VXLAN Ethernet IPv4 Fragment",
	} {
		want := map[string]bool{}
		for stack := range strings.Lines(stacks) {
			if stack = strings.TrimSpace(stack); stack != "" {
				want[stack] = false
			}
		}
		for i, f := range frames(t, generate(t, "-mix", name, "-packets", "5000", "-flows", "500")) {
			stack, err := oracle.Read(f)
			if err != nil {
				t.Fatalf("%s: packet %d: %s: %v", name, i+1, stack, err)
			}
			if _, ok := want[stack]; !ok {
				t.Errorf("%s: packet %d is %s", name, i+1, stack)
			}
			want[stack] = true
		}
		for stack, seen := range want {
			if !seen {
				t.Errorf("%s: no packet is %s", name, stack)
			}
		}
	}
}

func TestSizes(t *testing.T) {
	for name, want := range map[string]float64{"imix": 550, "small": 64, "large": 1500} {
		const packets = 100_000
		size := float64(len(generate(t, "-mix", name, "-packets", fmt.Sprint(packets)))-24)/packets - 16
		if math.Abs(size-want) > want/100 {
			t.Errorf("%s: %.1f bytes on average, want %.0f", name, size, want)
		}
	}
}

func TestTheSeedChoosesTheCapture(t *testing.T) {
	for _, m := range mixes {
		capture := func(seed string) []byte {
			return generate(t, "-mix", m.name, "-packets", "3000", "-flows", "500", "-seed", seed)
		}
		if !bytes.Equal(capture("7"), capture("7")) {
			t.Errorf("%s: one seed, two captures", m.name)
		}
		if bytes.Equal(capture("7"), capture("8")) {
			t.Errorf("%s: two seeds, one capture", m.name)
		}
	}
}

// talk is what one packet adds to a conversation: who sends, its numbers and the next one after its data.
type talk struct {
	from, to       string
	seq, ack, next uint32
	syn            bool
}

// read finds the flow in a frame, in the headers nearest to its data.
func read(f []byte) (segment string, said talk) {
	p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.NoCopy)
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case gopacket.NetworkLayer:
			said.from, said.to = l.NetworkFlow().Src().String(), l.NetworkFlow().Dst().String()
		case *layers.VXLAN:
			segment = fmt.Sprint("vni ", l.VNI)
		case *layers.GRE:
			segment = fmt.Sprint("key ", l.Key)
		case *layers.Dot1Q:
			segment = fmt.Sprint("vlan ", l.VLANIdentifier)
		case *layers.MPLS:
			segment = fmt.Sprint("label ", l.Label&^1) // the two directions have neighboring labels
		case gopacket.TransportLayer:
			said.from += " " + l.TransportFlow().Src().String() + l.LayerType().String()
			said.to += " " + l.TransportFlow().Dst().String() + l.LayerType().String()
			if tcp, ok := l.(*layers.TCP); ok {
				said.seq, said.ack, said.syn = tcp.Seq, tcp.Ack, tcp.SYN
				said.next = tcp.Seq + uint32(len(tcp.Payload))
				if tcp.SYN {
					said.next++
				}
			}
		}
	}
	return segment, said
}

func TestTCPNumbersGoOn(t *testing.T) {
	for _, name := range []string{"imix", "elephant", "tenants"} {
		next := map[string]uint32{}
		handshakes, checked := 0, 0
		for i, f := range frames(t, generate(t, "-mix", name, "-packets", "20000", "-flows", "64", "-tenants", "8")) {
			segment, said := read(f)
			if !strings.HasSuffix(said.from, "TCP") {
				continue
			}
			out, back := segment+said.from+said.to, segment+said.to+said.from
			if want, ok := next[out]; ok && said.seq != want {
				t.Fatalf("%s: packet %d: sequence number %d, want %d", name, i+1, said.seq, want)
			} else if ok {
				checked++
			}
			if want, ok := next[back]; ok && said.ack != want {
				t.Fatalf("%s: packet %d: acknowledgment %d, want %d", name, i+1, said.ack, want)
			}
			next[out] = said.next
			if said.syn {
				handshakes++
			}
		}
		if handshakes == 0 || checked < 5000 {
			t.Errorf("%s: %d packets with SYN, %d in sequence", name, handshakes, checked)
		}
	}
}

func TestTenantsShareAddresses(t *testing.T) {
	segments, tuples, flows := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, f := range frames(t, generate(t, "-mix", "tenants", "-packets", "50000", "-tenants", "100", "-flows", "1000")) {
		segment, said := read(f)
		if said.from > said.to {
			said.from, said.to = said.to, said.from
		}
		segments[segment] = true
		tuples[strings.ReplaceAll(strings.ReplaceAll(said.from+said.to, "TCP", ""), "UDP", "")] = true
		flows[segment+said.from+said.to] = true
	}
	if len(segments) != 100 || len(flows) != 1000 || len(tuples) > 20 {
		t.Errorf("%d tenants, %d flows, %d tuples; want 100, 1000 and at most 20", len(segments), len(flows), len(tuples))
	}
}

func TestFragmentsMakeDatagrams(t *testing.T) {
	defragmenter := ip4defrag.NewIPv4Defragmenter()
	whole := 0
	for i, f := range frames(t, generate(t, "-mix", "fragments", "-packets", "10000", "-flows", "50")) {
		p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
		var inner *layers.IPv4
		for _, l := range p.Layers() {
			if ip, ok := l.(*layers.IPv4); ok {
				inner = ip
			}
		}
		ip, err := defragmenter.DefragIPv4(inner)
		if err != nil {
			t.Fatalf("packet %d: %v", i+1, err)
		}
		if ip == nil {
			continue
		}
		var udp layers.UDP
		if err := udp.DecodeFromBytes(ip.Payload, gopacket.NilDecodeFeedback); err != nil {
			t.Fatalf("packet %d: %v", i+1, err)
		}
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		if err, sum := udp.VerifyChecksum(); err != nil || !sum.Valid || len(udp.Payload) != 4000 {
			t.Fatalf("packet %d: a datagram of %d bytes, checksum %+v, %v", i+1, len(udp.Payload), sum, err)
		}
		whole++
	}
	if whole < 3200 {
		t.Errorf("%d datagrams of 10,000 fragments", whole)
	}
}

func TestArguments(t *testing.T) {
	for args, want := range map[string]string{
		"-mix tiny":          "-mix tiny: there is no such mix, only imix, small, large, elephant, flows, tenants, fragments",
		"-flows -1":          "-flows -1: must be 0 to 16777216",
		"-tenants 16000001":  "-tenants 16000001: must be 0 to 16000000",
		"-packets many":      `invalid value "many" for flag -packets: parse error (-h lists the flags)`,
		"-packets 1 out.cap": `unexpected argument "out.cap"`,
		"-o /":               "open /: is a directory",
	} {
		if err := run(strings.Fields(args), io.Discard); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", args, err, want)
		}
	}
	help := string(generate(t, "-h"))
	for _, m := range mixes {
		if !strings.Contains(help, m.name+" ") || !strings.Contains(help, m.doc) {
			t.Errorf("-h says nothing of %s", m.name)
		}
	}
}

func BenchmarkPacket(b *testing.B) {
	for _, m := range mixes {
		b.Run(m.name, func(b *testing.B) {
			g := newGenerator(m, 1)
			b.ReportAllocs()
			b.ResetTimer()
			if err := g.write(io.Discard, uint64(b.N)); err != nil {
				b.Fatal(err)
			}
		})
	}
}

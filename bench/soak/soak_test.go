//go:build linux

package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"pktscope/dissect"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// In another pass the ports of clients are others, those of servers are not, and all checksums are as good as before.
func TestPasses(t *testing.T) {
	config := dissect.NewConfig(dissect.Options{})
	inner := []craft.Layer{craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.TCP{Src: 40000, Dst: 80, Flags: craft.SYN}}
	data := craft.Packet(append([]craft.Layer{craft.Ethernet{}, craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2"}, craft.UDP{Src: 50000, Dst: 4789}, craft.VXLAN{VNI: 7}}, inner...)...)
	frame := newFrame(config.NewDecoder(), &pcaps.Frame{Data: data, WireLen: len(data), Interface: &pcaps.Interface{LinkType: pcaps.LinkTypeEthernet}})
	if len(frame.ports) != 2 {
		t.Fatalf("%d ports of clients", len(frame.ports))
	}
	seen := map[[2]uint16]bool{}
	for pass := range 10_000 {
		frame.pass(pass)
		var p dissect.Packet
		config.NewDecoder().Decode(&p, &dissect.Frame{Data: frame.data, WireLen: len(frame.data), Point: &dissect.Point{Link: 1, FCSLen: -1}})
		p.Verify()
		var ports [2]uint16
		for i := range p.Layers {
			l := &p.Layers[i]
			switch l.Protocol.String() {
			case "udp":
				h := dissect.UDP(p.Header(l))
				if ports[0] = h.SourcePort(); h.DestinationPort() != 4789 || ports[0] < firstClient || l.Verdict != dissect.Good && h.Checksum() != 0 {
					t.Fatalf("pass %d: udp %d > %d, %v", pass, ports[0], h.DestinationPort(), l.Verdict)
				}
			case "tcp":
				h := dissect.TCP(p.Header(l))
				if ports[1] = h.SourcePort(); h.DestinationPort() != 80 || ports[1] < firstClient || l.Verdict != dissect.Good {
					t.Fatalf("pass %d: tcp %d > %d, %v", pass, ports[1], h.DestinationPort(), l.Verdict)
				}
			}
		}
		if seen[ports] {
			t.Fatalf("pass %d: %v again", pass, ports)
		}
		seen[ports] = true
	}
}

// What is judged is the memory after the first minutes.
func TestExtremes(t *testing.T) {
	var m measured
	for i, mib := range []int64{10, 50, 100, 90, 105, 95} {
		m.samples = append(m.samples, sample{after: time.Duration(i+1) * time.Minute, resident: mib << 20})
	}
	least, most := m.extremes(3 * time.Minute)
	if least.after != 4*time.Minute || most.after != 5*time.Minute {
		t.Errorf("least at %v, most at %v", least.after, most.after)
	}
	if least, _ := m.extremes(time.Hour); least.resident != 0 {
		t.Errorf("%v after an hour", least)
	}
}

// A short run counts all that was sent.
func TestShortRun(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	if os.Geteuid() != 0 || exec.Command("ip", "netns", "list").Run() != nil {
		t.Skip("needs root, and network namespaces")
	}
	program := t.TempDir() + "/pktscope"
	if out, err := exec.Command("go", "build", "-o", program, "pktscope/cmd/pktscope").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var said strings.Builder
	err := run([]string{"-pktscope", program, "-duration", "3s", "-warm", "1s", "-sample", "500ms", "-rate", "500", "-recordings", "overlay,nat"}, &said)
	if err != nil && !strings.Contains(err.Error(), "memory grew") || !strings.Contains(said.String(), "dropped 0") || !strings.Contains(said.String(), "ratio") {
		t.Errorf("%v: %s", err, said.String())
	}
}

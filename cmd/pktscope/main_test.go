package main

import (
	"encoding/binary"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"pktscope/internal/craft"
)

var update = flag.Bool("update", false, "write what commands print into the scripts instead of comparing with them")

func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"pktscope": main}) }

// TestScripts runs the command lines in testdata/script. In their directory they find generated.pcapng, and tenants.pcap with its
// first 300 bytes in cut.pcap and its first 20 in start.pcap; raw.pcap has a packet without a link layer; lan.pcap and wan.pcap are the two
// sides of a router, whose rule drops two packets; long.pcap has more packets than a worker takes at a time. Those about flows are in
// flowCaptures.
func TestScripts(t *testing.T) {
	generated, err := os.ReadFile("../../pcaps/testdata/generated.pcapng")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/script",
		UpdateScripts: *update,
		Setup: func(env *testscript.Env) error {
			files := flowCaptures()
			maps.Copy(files, map[string][]byte{
				"generated.pcapng": generated,
				"tenants.pcap":     tenants(),
				"cut.pcap":         tenants()[:300],
				"start.pcap":       tenants()[:20],
				"raw.pcap":         raw(),
				"lan.pcap":         captureFrom(0, routed(false)...),
				"wan.pcap":         captureFrom(150, routed(true)...),
				"long.pcap":        long(),
			})
			for name, content := range files {
				if err := os.WriteFile(filepath.Join(env.WorkDir, name), content, 0o644); err != nil {
					return err
				}
			}
			return nil
		},
	})
}

// tenants is a capture of two tenants with the same addresses. In its last packet a bit is flipped.
func tenants() []byte {
	packet := func(vni uint32, inner ...craft.Layer) []byte {
		return craft.Packet(append([]craft.Layer{
			craft.Ethernet{}, craft.VLAN{ID: 100}, craft.IPv4{Src: "172.17.10.10", Dst: "172.16.11.10"}, craft.UDP{Src: 49152},
			craft.VXLAN{VNI: vni}, craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"},
		}, inner...)...)
	}
	flip := func(b []byte) { b[24] ^= 0x10 }
	return capture(
		packet(5001, craft.TCP{Src: 40000, Dst: 80, Seq: 1000, Flags: craft.SYN}),
		packet(5002, craft.TCP{Src: 40000, Dst: 80, Seq: 7000, Flags: craft.SYN}),
		craft.Packet(craft.Ethernet{}, craft.ARP{}),
		packet(5001, craft.Edit(craft.TCP{Src: 40000, Dst: 80, Seq: 1001, Ack: 1, Flags: craft.ACK | craft.PSH}, flip), craft.Payload("GET / HTTP/1.1")),
	)
}

// raw is a capture of one IP packet at the time of the first one of tenants.
func raw() []byte {
	b := capture(craft.Packet(craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}))
	b[20] = 101 // link type
	return b
}

// routed is what a router has at the inner side, or at the outer one: six questions of a client and the answers. It translates the
// client's address, and drops the second question and the fourth answer.
func routed(outside bool) (frames [][]byte) {
	client, ttl, behind := "192.168.1.10", uint8(64), uint8(63)
	if outside {
		client, ttl, behind = "203.0.113.1", 63, 64
	}
	for i := range uint16(6) {
		question := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: client, Dst: "198.51.100.7", ID: 100 + i, TTL: ttl}, craft.UDP{Src: 5000, Dst: 53}, craft.Payload(fmt.Sprint("question ", i)))
		answer := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "198.51.100.7", Dst: client, ID: 200 + i, TTL: behind}, craft.UDP{Src: 53, Dst: 5000}, craft.Payload(fmt.Sprint("answer ", i)))
		if outside && i == 1 {
			question = nil
		}
		if !outside && i == 3 {
			answer = nil
		}
		frames = append(frames, question, answer)
	}
	return frames
}

// long is a capture of twelve thousand packets: connections of two tenants with the same addresses, which go on all the time, and datagrams
// in two fragments with other packets between them.
func long() []byte {
	var frames [][]byte
	for i := range uint16(2000) {
		datagram := craft.Fragment(craft.Packet(craft.Ethernet{}, craft.IPv4{ID: i}, craft.UDP{Src: 4000 + i, Dst: 5000}, craft.Payload(make([]byte, 200))), 150)
		tenant := func(vni uint32) []byte {
			return craft.Packet(craft.Ethernet{}, craft.VLAN{ID: 100}, craft.IPv4{ID: i}, craft.UDP{Src: 49152}, craft.VXLAN{VNI: vni}, craft.Ethernet{},
				craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: i}, craft.TCP{Src: 40000 + i%7, Dst: 80, Seq: vni + uint32(i), Ack: 1, Flags: craft.ACK}, craft.Payload("?"))
		}
		frames = append(frames, datagram[0], tenant(5001), tenant(5002), datagram[1],
			craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "10.0.0.2", Dst: "10.0.0.1"}, craft.TCP{Src: 80, Dst: 40000, Seq: uint32(i), Ack: 5000, Flags: craft.ACK}),
			craft.Packet(craft.Ethernet{}, craft.ARP{}))
	}
	return capture(frames...)
}

// capture is a pcap file with the Ethernet frames, a millisecond between them.
func capture(frames ...[]byte) []byte { return captureFrom(0, frames...) }

// captureFrom is the same, with the first frame so many microseconds later, and what is nil left out. Every other frame is that much
// earlier.
func captureFrom(later int, frames ...[]byte) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4) // microseconds
	for _, word := range []uint32{4<<16 | 2, 0, 0, 1 << 18, 1} {
		b = binary.LittleEndian.AppendUint32(b, word)
	}
	for i, f := range frames {
		at := i*1000 + later
		if i%2 == 1 {
			at -= 2 * later
		}
		if f == nil {
			continue
		}
		for _, word := range []int{1_700_000_000, at, len(f), len(f)} {
			b = binary.LittleEndian.AppendUint32(b, uint32(word))
		}
		b = append(b, f...)
	}
	return b
}

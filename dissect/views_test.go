package dissect

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"pktscope/internal/craft"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// views are packets whose line, tree and JSON are in testdata/views, the last of several frames.
var views = []struct {
	name   string
	frames [][]byte
}{
	{"vxlan", one(craft.Packet(
		craft.Ethernet{}, craft.VLAN{ID: 100, Priority: 5}, craft.IPv4{Src: "172.17.10.10", Dst: "172.16.11.10", TOS: 0xb8},
		craft.UDP{Src: 49152}, craft.VXLAN{VNI: 5001},
		craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"},
		craft.TCP{Src: 40000, Dst: 80, Seq: 1000, Flags: craft.SYN, Options: []byte{2, 4, 5, 0xb4}}))},
	{"ipv6", one(craft.Packet(
		craft.Ethernet{}, craft.IPv6{Src: "2001:db8::1", Dst: "2001:db8::2", FlowLabel: 0xabcde},
		craft.UDP{Src: 5000, Dst: 6000}, craft.Payload("somebody's payload, longer than a line")))},
	{"ip-in-ip", one(craft.Packet(
		craft.Ethernet{}, craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2"}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"},
		craft.TCP{Src: 40000, Dst: 80, Seq: 7, Ack: 8, Flags: craft.ACK | craft.PSH}, craft.Payload("hello")))},
	{"icmp-error", one(craft.Packet(
		craft.Ethernet{}, craft.IPv4{Src: "10.0.0.2", Dst: "10.0.0.1"}, craft.ICMP{Type: 3, Code: 3},
		craft.Payload(craft.Packet(craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 5000, Dst: 53})[:28])))},
	{"arp-in-qinq", one(craft.Packet(
		craft.Ethernet{}, craft.VLAN{TPID: 0x88a8, ID: 200}, craft.VLAN{ID: 10}, craft.ARP{}))},
	{"flipped-bit", one(craft.Packet(
		craft.Ethernet{}, craft.IPv4{},
		craft.Edit(craft.TCP{Src: 40000, Dst: 80, Flags: craft.ACK}, func(b []byte) { b[25] ^= 0x08 }), craft.Payload("some bytes")))},
	{"too-short", one(craft.Packet(
		craft.Ethernet{}, craft.IPv4{}, craft.Edit(craft.TCP{Src: 40000, Dst: 80, Flags: craft.ACK}, func(b []byte) { b[12] = 0xf0 })))},
	{"unknown", one(craft.Packet(
		craft.Ethernet{Type: 0x88b5}, craft.Payload("\x00\"quoted\"\x1b[2J")))},
	{"fragment", fragments()[:1]},
	{"reassembled", fragments()},
	{"mpls-in-gre", one(craft.Packet(
		craft.Ethernet{}, craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2"}, craft.GRE{Key: new(uint32(77))}, craft.MPLS{Label: 24001}, craft.MPLS{Label: 17},
		craft.IPv6{Src: "2001:db8::1", Dst: "2001:db8::2"}, craft.ICMPv6{Type: 128, Rest: craft.Echo(1, 2)}))},
}

// fragments are those of an outer packet, the tunnel's own.
func fragments() [][]byte {
	return craft.Fragment(craft.Packet(
		craft.Ethernet{}, craft.IPv4{Src: "172.17.10.10", Dst: "172.16.11.10", ID: 7}, craft.UDP{Src: 49152}, craft.VXLAN{VNI: 5001},
		craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 5000, Dst: 6000}, craft.Payload(make([]byte, 64))), 100)
}

func one(frame []byte) [][]byte { return [][]byte{frame} }

func TestViews(t *testing.T) {
	for _, v := range views {
		p := last(v.frames)
		var line Line
		line.Read(p)
		var encoder JSONEncoder
		object := encoder.Append(nil, p)
		if !json.Valid(object) {
			t.Errorf("%s: JSON is not valid: %s", v.name, object)
		}
		golden(t, v.name, &txtar.Archive{Files: []txtar.File{
			{Name: "line", Data: []byte(strings.Join([]string{string(line.Source), string(line.Destination), string(line.Info),
				string(line.Around), string(line.Faults), ""}, "\n"))},
			{Name: "tree", Data: p.AppendTree(nil)},
			{Name: "json", Data: append(indented(object), '\n')},
		}})
	}
}

// last is the last of the frames, read after the others.
func last(frames [][]byte) *Packet {
	decoder, resolver, p := defaultConfig.NewDecoder(), defaultConfig.NewResolver(), new(Packet)
	for i, b := range frames {
		decoder.Decode(p, &Frame{Data: b, WireLen: len(b), Time: 1_500_000_000, Number: uint64(i + 1), Point: ethernetPoint})
		resolver.Resolve(p)
		p.Verify()
	}
	return p
}

// An extractor has its own way to the fields; it finds what the tree shows.
func TestExtractorReadsAllValues(t *testing.T) {
	var names []string
	for _, f := range Fields() {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	x, err := NewExtractor(names)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range views {
		p := last(v.frames)
		want := map[string]string{}
		for i := range p.Layers {
			for v := range p.Values(i) {
				for _, name := range append(v.Field.Either, v.Field.Name) {
					if want[name] != "" {
						want[name] += ","
					}
					want[name] += string(v.AppendText(nil))
				}
			}
		}
		for i, cell := range x.Extract(p) {
			if string(cell) != want[names[i]] {
				t.Errorf("%s: %s is %q, the tree says %q", v.name, names[i], cell, want[names[i]])
			}
		}
	}
}

// indented is an object as it is easy to compare: a line a member.
func indented(object []byte) []byte {
	var b bytes.Buffer
	json.Indent(&b, object, "", "  ")
	return b.Bytes()
}

func golden(t *testing.T, name string, got *txtar.Archive) {
	t.Helper()
	path := filepath.Join("testdata", "views", name+".txtar")
	if *update {
		if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(txtar.Format(got))); diff != "" {
		t.Errorf("%s (-want +got; -update accepts what is new):\n%s", path, diff)
	}
}

// In a diagram each line is as wide as the border above or below it, whatever labels there are.
func TestDiagramsAreStraight(t *testing.T) {
	for _, p := range Protocols() {
		drawn := strings.Split(string(p.AppendDiagram(nil)), "\n")
		for i := 2; i+2 < len(drawn); i++ {
			if drawn[i+1][0] != '+' && len(drawn[i]) < len(drawn[i+1]) || drawn[i][0] == '+' && len(drawn[i]) < len(drawn[i+1]) {
				t.Errorf("%s: a line is wider than the one above it:\n%s", p.Name, strings.Join(drawn, "\n"))
			}
		}
		if n := (p.Header.Bits() + lineBits - 1) / lineBits; n > 0 && len(drawn) < 2+2*n {
			t.Errorf("%s: %d lines for %d bits", p.Name, len(drawn), p.Header.Bits())
		}
	}
}

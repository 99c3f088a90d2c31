// Generated writes the captures of the reference corpus that no lab records, since no system here makes what is in them, or since tests
// lean on every number:
//
//	go generate ./bench/generated
//
// It always writes the same bytes. A capture is in a file of its own, with a function a scene: generated.pcapng is what a data centre carries,
// in all encapsulations at once, on three interfaces (tap1.go, uplink.go, core.go); trill.go and nvgre.go are what their names say; regress.go is
// what pktscope once read wrongly. Packets with something wrong carry a comment that says what.
package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"pktscope/internal/craft"
)

//go:generate go run . ../../pcaps/testdata

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "generated: name the directory to write to")
		os.Exit(1)
	}
	files, err := files()
	for name, b := range files {
		err = errors.Join(err, os.WriteFile(filepath.Join(os.Args[1], name), b, 0o644))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "generated:", err)
		os.Exit(1)
	}
}

// files are those to write, by name.
func files() (map[string][]byte, error) {
	all := map[string][]byte{}
	for _, c := range captures {
		b, err := c.bytes()
		if err != nil {
			return nil, err
		}
		all[c.name+".pcapng"] = b
	}
	for _, r := range regressions() {
		all["regress/"+r.name+".pcap"] = r.bytes()
	}
	return all, nil
}

// capture is a file to write.
type capture struct {
	name       string
	comment    string
	interfaces []pcapgo.NgInterface
	play       func(*recorder)
}

var captures = []capture{
	{
		name:    "generated",
		comment: "synthetic: every encapsulation, two tenants with the same addresses",
		interfaces: []pcapgo.NgInterface{
			tap1:   ethernet("tap1", "port of a virtual machine"),
			uplink: ethernet("uplink", "port of its server into the underlay"),
			core:   ethernet("core", "port of a router in the provider's network"),
		},
		play: func(r *recorder) {
			playTap1(r)
			playUplink(r)
			playCore(r)
		},
	},
	{
		name:       "trill",
		comment:    "synthetic: TRILL with VLANs and with fine-grained labels",
		interfaces: []pcapgo.NgInterface{ethernet("campus", "link between two RBridges")},
		play:       playCampus,
	},
	{
		name:       "nvgre",
		comment:    "synthetic: NVGRE with flow IDs",
		interfaces: []pcapgo.NgInterface{ethernet("hyperv", "port of a server into the underlay")},
		play:       playNVGRE,
	},
}

// The interfaces of the capture "generated".
const (
	tap1 = iota
	uplink
	core
)

func ethernet(name, description string) pcapgo.NgInterface {
	return pcapgo.NgInterface{Name: name, Description: description, LinkType: layers.LinkTypeEthernet, TimestampResolution: 9}
}

// begin is when the captures were started.
var begin = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

func (c *capture) bytes() ([]byte, error) {
	r := recorder{random: rand.New(rand.NewPCG(1, 2)), wired: c.name != "generated"}
	c.play(&r)
	slices.SortStableFunc(r.records, func(a, b record) int { return cmp.Compare(a.at, b.at) })

	var b bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&b, c.interfaces[0], pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{
		Application: "bench/generated", Comment: c.comment}})
	if err != nil {
		return nil, err
	}
	for _, i := range c.interfaces[1:] {
		if _, err := w.AddInterface(i); err != nil {
			return nil, err
		}
	}
	for _, p := range r.records {
		info := gopacket.CaptureInfo{Timestamp: begin.Add(p.at), CaptureLength: len(p.frame), Length: len(p.frame), InterfaceIndex: p.on}
		var options pcapgo.NgPacketOptions
		if p.comment != "" {
			options.Comments = []string{p.comment}
		}
		if err := w.WritePacketWithOptions(info, p.frame, options); err != nil {
			return nil, err
		}
	}
	err = w.Flush()
	return b.Bytes(), err
}

// A recorder collects the packets of all scenes.
type recorder struct {
	records []record
	random  *rand.Rand
	wired   bool // all interfaces receive from a wire
}

type record struct {
	at      time.Duration // since begin
	on      int           // the interface
	frame   []byte
	comment string
}

// A scene is packets on one interface, one after the other.
type scene struct {
	*recorder
	on  int
	now time.Duration
}

// wait lets time pass, up to a quarter more than d.
func (s *scene) wait(d time.Duration) { s.now += d + time.Duration(s.random.Int64N(int64(d/4))) }

// frame records one frame, padded as it is received from a wire.
func (s *scene) frame(b []byte, comment string) {
	if s.wired || s.on == core {
		b = append(b, make([]byte, max(0, 60-len(b)))...)
	}
	s.records = append(s.records, record{s.now, s.on, b, comment})
}

// send records a packet and lets the time of an answer in the same building pass.
func (s *scene) send(layers ...craft.Layer) {
	s.frame(craft.Packet(layers...), "")
	s.wait(300 * time.Microsecond)
}

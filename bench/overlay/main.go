// Overlay writes a small capture of what cloud and data-centre networks carry: 209 packets on three interfaces,
// in the encapsulations that keep tenants apart. It is the example in the documentation and
// the first capture to try anything on.
//
//	go run ./bench/overlay > pcaps/testdata/overlay.pcapng
//
// It always writes the same bytes. The story: tap1 is the port of a virtual machine, uplink the port of its server into
// the underlay, core a port of a router in the provider's network. What is to be seen on each is in tap1.go,
// uplink.go and core.go, one function a scene; packets with something wrong carry a comment that says what.
package main

import (
	"bytes"
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"pktscope/internal/craft"
)

func main() {
	b, err := overlay()
	if err == nil {
		_, err = os.Stdout.Write(b)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "overlay:", err)
		os.Exit(1)
	}
}

// The interfaces.
const (
	tap1 = iota
	uplink
	core
)

var interfaces = []pcapgo.NgInterface{
	tap1:   ethernet("tap1", "port of a virtual machine"),
	uplink: ethernet("uplink", "port of its server into the underlay"),
	core:   ethernet("core", "port of a router in the provider's network"),
}

func ethernet(name, description string) pcapgo.NgInterface {
	return pcapgo.NgInterface{Name: name, Description: description, LinkType: layers.LinkTypeEthernet, TimestampResolution: 9}
}

// begin is when the capture was started.
var begin = time.Date(2026, 3, 2, 9, 30, 0, 0, time.UTC)

// overlay returns the capture.
func overlay() ([]byte, error) {
	r := recorder{random: rand.New(rand.NewPCG(1, 2))}
	playTap1(&r)
	playUplink(&r)
	playCore(&r)
	slices.SortStableFunc(r.records, func(a, b record) int { return cmp.Compare(a.at, b.at) })

	var b bytes.Buffer
	w, err := pcapgo.NewNgWriterInterface(&b, interfaces[0], pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{
		Application: "bench/overlay", Comment: "synthetic: every encapsulation, two tenants with the same addresses"}})
	if err != nil {
		return nil, err
	}
	for _, i := range interfaces[1:] {
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
	if s.on == core {
		b = append(b, make([]byte, max(0, 60-len(b)))...)
	}
	s.records = append(s.records, record{s.now, s.on, b, comment})
}

// send records a packet and lets the time of an answer in the same building pass.
func (s *scene) send(layers ...craft.Layer) {
	s.frame(craft.Packet(layers...), "")
	s.wait(300 * time.Microsecond)
}

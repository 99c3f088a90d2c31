//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// small writes a capture of three packets.
func small(t *testing.T) (path string) {
	path = filepath.Join(t.TempDir(), "small.pcap")
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	frame := craft.Packet(craft.Ethernet{}, craft.VLAN{ID: 1}, craft.IPv4{}, craft.UDP{Dst: 4789}, craft.VXLAN{}, craft.Ethernet{}, craft.IPv4{}, craft.TCP{})
	for range 3 {
		if err := w.WritePacket(gopacket.CaptureInfo{CaptureLength: len(frame), Length: len(frame)}, frame); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// What is compressed is the same file for whoever decompresses it.
func TestCompress(t *testing.T) {
	from := small(t)
	for _, ending := range []string{".gz", ".zst", ".lz4"} {
		if err := compress(from, from+ending); err != nil {
			t.Fatal(err)
		}
		r, err := pcaps.Open(from + ending)
		if err != nil {
			t.Fatal(err)
		}
		var b pcaps.Block
		frames := 0
		for r.Fill(&b, 3, func() {}) {
			frames += len(b.Frames)
		}
		if frames != 3 {
			t.Errorf("%s: %d packets", ending, frames)
		}
		r.Close()
	}
	if err := compress(from, from+".rar"); err == nil {
		t.Error("no error for an ending that is no compression")
	}
}

// The library reads to the end, in each of the ways.
func TestLibrary(t *testing.T) {
	path := small(t)
	for name, way := range library {
		if err := readWith(way, []string{path}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := readWith(library["reader"], []string{path + "x"}); err == nil {
		t.Error("no error without a file")
	}
}

func TestDisturbed(t *testing.T) {
	for _, c := range []struct {
		wall, others time.Duration
		want         bool
	}{
		{10 * time.Millisecond, 40 * time.Millisecond, false}, // what the kernel counts by
		{10 * time.Millisecond, 50 * time.Millisecond, true},
		{10 * time.Second, 600 * time.Millisecond, false},
		{10 * time.Second, 700 * time.Millisecond, true},
	} {
		m := measured{wall: c.wall, others: c.others}
		if got := m.disturbed(2); got != c.want {
			t.Errorf("others took %v of %v: disturbed %v", c.others, c.wall, got)
		}
	}
}

func TestMedian(t *testing.T) {
	runs := []measured{{wall: 9}, {wall: 1}, {wall: 5}}
	wall := func(m *measured) time.Duration { return m.wall }
	if got := median(runs, wall); got != 5 {
		t.Errorf("of 9, 1, 5: %v", got)
	}
	if got := median(append(runs, measured{wall: 7}), wall); got != 6 {
		t.Errorf("of 9, 1, 5, 7: %v", got)
	}
}

// A program's processor time and memory are its own, and a table has a line for each that is installed.
func TestTable(t *testing.T) {
	path := small(t)
	o := options{rounds: 2, dir: t.TempDir(), noisy: true}
	table, err := o.table(&capture{path: path, mix: "small", packets: 3}, []program{
		{title: "cat", args: []string{"cat", path}},
		{title: "sleep", args: []string{"sleep", "0.05"}},
		{title: "nothing", args: []string{"a-program-that-is-not-there"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"medians of 2 rounds", "| `cat` |", "| `sleep` |", "Not installed: nothing.", "disturbed ones count"} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	if _, err := o.table(&capture{}, []program{{title: "false", args: []string{"false"}}}); err == nil {
		t.Error("no error for a program that fails")
	}
}

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pktscope/pcaps"
	"pktscope/reports"
	"pktscope/screen"
)

// TestTempo counts in seconds, whenever somebody asks.
func TestTempo(t *testing.T) {
	start := time.Unix(1000, 5e8)
	var s tempo
	for _, ask := range []struct {
		after   time.Duration
		counted uint64
	}{{0, 100}, {250 * time.Millisecond, 110}, {time.Second, 120}, {1900 * time.Millisecond, 170}, {2100 * time.Millisecond, 180}, {5200 * time.Millisecond, 187}} {
		s.add(start.Add(ask.after), screen.Second{Packets: ask.counted, Bytes: 64 * ask.counted, Dropped: ask.counted / 60})
	}
	var packets, dropped []uint64
	for _, second := range s.all {
		packets, dropped = append(packets, second.Packets), append(dropped, second.Dropped)
		if second.Bytes/64 > second.Packets+1 {
			t.Errorf("%d bytes in %d packets", second.Bytes, second.Packets)
		}
	}
	if want := []uint64{20, 60, 3, 2, 2}; !cmp.Equal(packets, want) {
		t.Errorf("packets %v, want %v", packets, want)
	}
	if want := []uint64{1, 1, 0, 0, 0}; !cmp.Equal(dropped, want) {
		t.Errorf("dropped %v, want %v", dropped, want)
	}
	s.add(start.Add(time.Hour), screen.Second{Packets: 1e6})
	if len(s.all) != secondsKept {
		t.Errorf("%d seconds are kept", len(s.all))
	}
}

// TestRecentFramesAgain reads frames several times, packets and trees, though their source can be read once.
func TestRecentFramesAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tenants.pcap")
	if err := os.WriteFile(path, tenants(), 0o644); err != nil {
		t.Fatal(err)
	}
	src, err := pcaps.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	recent := readRecent(src)
	for range 3 {
		all, err := screen.ReadPackets(recent.again(), reports.Options{}, 2)
		if err != nil {
			t.Fatal(err)
		}
		if len(all) != 2 || all[0].Number != 3 || all[1].Number != 4 || all[1].Source != "10.0.0.1:40000" || all[1].Faults == "" {
			t.Errorf("the last two are %+v", all)
		}
		for number := range uint64(6) {
			tree, ok := screen.ReadTree(recent.again(), reports.Options{}, number)
			if there := 1 <= number && number <= 4; ok != there || there && !bytes.Contains([]byte(tree), fmt.Appendf(nil, "frame.number: %d\n", number)) {
				t.Errorf("the tree of packet %d is %v, %q", number, ok, tree)
			}
		}
	}
}

package flows_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pktscope/flows"
)

// Of the connections that both sides of a router saw, the packets link all, and no others: what its connection tracking said is true.
func TestTranslationsOfSharedCaptures(t *testing.T) {
	for _, tt := range []struct {
		truth, files string
		want         int // translations of which both sides were captured
	}{
		{"labs/nat/truth/conntrack-events.txt", "labs/nat/lan.pcap labs/nat/wan.pcap", 52},
		{"labs/nat/truth/conntrack-events.txt", "labs/nat/both.pcapng.zst", 52},
		{"labs/nat/truth/conntrack-events.txt", "labs/nat/l1.pcap labs/nat/wan.pcap", 21},
		{"labs/nat/truth/conntrack-events.txt", "labs/nat/l1.pcap labs/nat/lan.pcap labs/nat/wan.pcap", 52},
		{"labs/nat/truth/conntrack-events.txt", "labs/nat/any-sll2.pcap.zst", 52},
	} {
		t.Run(tt.files, func(t *testing.T) {
			var files []string
			for _, f := range strings.Fields(tt.files) {
				files = append(files, flows.Shared(t, f))
			}
			checkTranslations(t, track(t, flows.Options{}, files...), []string{flows.Shared(t, tt.truth)}, tt.want)
		})
	}
}

// The project's own recordings of a router, likewise.
func TestTranslationsOfRecordings(t *testing.T) {
	for name, want := range map[string]int{"nat": 50, "nat-any": 6} {
		t.Run(name, func(t *testing.T) {
			folder := filepath.Join("..", "pcaps", "testdata")
			file := filepath.Join(folder, name+".pcapng.zst")
			if _, err := os.Stat(file); err != nil {
				t.Skip("the recording is not there")
			}
			truth, _ := filepath.Glob(filepath.Join(folder, "truth", name, "conntrack-[Eae]*.txt")) // events, alive, end
			checkTranslations(t, track(t, flows.Options{}, file), truth, want)
		})
	}
}

// checkTranslations compares the nat-of links between flows with what conntrack said.
func checkTranslations(t *testing.T, tracker *flows.Tracker, truth []string, want int) {
	t.Helper()
	var entries []flows.ConntrackEntry
	for _, name := range truth {
		r, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		some, err := flows.ReadConntrack(r, name)
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, some...)
	}
	type pair [2]flows.Tuple
	seen, all := map[flows.Tuple]bool{}, map[uint32]flows.Tuple{}
	tracker.Flows(func(f *flows.Flow) bool {
		all[f.ID] = f.Undirected()
		seen[f.Undirected()] = true
		return true
	})
	linked, truly := map[pair]bool{}, map[pair]bool{}
	for _, e := range entries {
		translated := e.Translated()
		p := pair{e.Original.Undirected(), translated.Undirected()}
		if p[0] != p[1] && seen[p[0]] && seen[p[1]] {
			truly[p] = true
		}
	}
	tracker.Flows(func(f *flows.Flow) bool {
		for _, l := range f.Links {
			if l.Kind != flows.NATOf || l.After {
				continue
			}
			p := pair{all[f.ID], all[l.Flow]}
			if !truly[p] {
				t.Errorf("flow %d is linked to %d, which conntrack does not say: %s, %+v", f.ID, l.Flow, pairText(p), l)
			}
			linked[p] = true
		}
		return true
	})
	for p := range truly {
		if !linked[p] {
			t.Errorf("not linked: %s", pairText(p))
		}
	}
	if len(truly) != want {
		t.Errorf("%d translations were captured on both sides, want %d", len(truly), want)
	}
}

func pairText(p [2]flows.Tuple) string {
	tuple := func(u flows.Tuple) string {
		return fmt.Sprintf("%d %s:%d~%s:%d", u.Protocol, u.Source(), u.Sport, u.Destination(), u.Dport)
	}
	return tuple(p[0]) + " became " + tuple(p[1])
}

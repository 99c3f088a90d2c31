package reports

import (
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"pktscope/pcaps"
)

// TestFindingsOfSharedCaptures holds what is raised as a warning and above against recordings of real systems, below $PKTSCOPE_SHARED. What is
// not listed here is clean, and nothing must be raised.
func TestFindingsOfSharedCaptures(t *testing.T) {
	shared := cmp.Or(os.Getenv("PKTSCOPE_SHARED"), "../../shared")
	if _, err := os.Stat(shared); errors.Is(err, fs.ErrNotExist) {
		t.Skip("there are no shared captures")
	}
	want := map[string]string{
		// A ring of switches without spanning tree.
		"labs/stp/storm-h2.pcap.zst":  "critical storm, critical l2-loop",
		"labs/stp/storm-x12.pcap.zst": "critical storm, critical l2-loop",
		// A translator with five ports for more flows than these.
		"labs/nat/both.pcapng.zst":   "critical nat-exhausted",
		"labs/nat/any-sll2.pcap.zst": "critical nat-exhausted",
		// A router that drops one packet in thirty.
		"labs/misc/tcp-loss-sender.pcap.zst":     "warning retransmission-burst",
		"labs/misc/tcp-loss-router-out.pcap.zst": "warning retransmission-burst",
		"labs/misc/tcp-loss-receiver.pcap.zst":   "warning retransmission-burst",
		// Open vSwitch's user-space GTP-U, whose UDP checksums are wrong: tshark says so, too.
		"labs/ovs-encaps/underlay.pcap": "warning checksum-errors",
		// Two ends of a bond that chose different links: nothing gets through.
		"labs/ovs-bond/active-backup-mismatch-both.pcapng": "warning blackhole",
		// A port that 70 connections were refused at; a receiver whose window stayed closed until it was asked three times.
		"corpus/FinalProject_Group3__openflow.pcapng": "warning resets",
		"corpus/snort3_demo__http_noblock.pcap":       "warning zero-window",
	}
	got, read := map[string]string{}, 0
	for _, folder := range []string{"labs", "corpus"} {
		err := filepath.WalkDir(filepath.Join(shared, folder), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.Contains(path, "cap") || strings.Contains(path, "/truth/") {
				return err
			}
			src, err := pcaps.Open(path)
			if err != nil {
				return nil // no capture
			}
			defer src.Close()
			set, err := NewSet([]string{"findings"}, src, Options{})
			if err != nil {
				return err
			}
			var incomplete *IncompleteError
			if err := Read(src, Options{}, set); err != nil && !errors.As(err, &incomplete) {
				return err
			}
			read++
			var raised []string
			for _, f := range set.Findings() {
				if name := f.Severity.String() + " " + f.Kind.Name; f.Severity > Info && !slices.Contains(raised, name) {
					raised = append(raised, name)
				}
			}
			if raised != nil {
				got[strings.TrimPrefix(path, shared+"/")] = strings.Join(raised, ", ")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	maps.DeleteFunc(want, func(name, _ string) bool {
		_, err := os.Stat(filepath.Join(shared, name))
		return err != nil
	})
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("of %d captures (-want +got):\n%s", read, diff)
	}
	t.Logf("%d captures", read)
}

package pktscope_test

import (
	"bytes"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pktscope/pcaps"
)

// What is read, written and read again is the same: frames, interfaces, sections, names, secrets. A file that pcap can hold is
// the same in that, too.
func TestRoundTrip(t *testing.T) {
	for _, file := range captures(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			want := readCapture(t, file)
			endings := []string{".pcapng", ".pcapng.zst"}
			if want.format == "pcap" {
				endings = append(endings, ".pcap", ".pcap.gz")
			}
			for _, ending := range endings {
				written := filepath.Join(t.TempDir(), "written"+ending)
				rewrite(t, file, written)
				got := readCapture(t, written)
				compare(t, ending, &want, &got)
			}
		})
	}
}

type capture struct {
	format     string
	frames     []pcaps.Frame
	interfaces []*pcaps.Interface
	sections   []pcaps.Section
	names      []pcaps.NameRecord
	secrets    []pcaps.Secrets
}

// readCapture reads what stands before the damage, if there is some.
func readCapture(t *testing.T, file string) (c capture) {
	t.Helper()
	r, err := pcaps.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for frame, err := range pcaps.Frames(r) {
		var damage *pcaps.DamageError
		if errors.As(err, &damage) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		f := *frame
		f.Data = bytes.Clone(f.Data)
		f.Offset = 0
		c.frames = append(c.frames, f)
	}
	c.format = r.Info().Format
	c.interfaces, c.sections, c.names, c.secrets = r.Interfaces(), r.Sections(), r.Names(), r.Secrets()
	return c
}

func rewrite(t *testing.T, from, to string) {
	t.Helper()
	r, err := pcaps.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	w, err := pcaps.Create(to, r, pcaps.WriteOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for f, err := range pcaps.Frames(r) {
		if err != nil {
			break
		}
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func compare(t *testing.T, ending string, want, got *capture) {
	t.Helper()
	if len(got.frames) != len(want.frames) || len(got.interfaces) != len(want.interfaces) {
		t.Fatalf("%s: %d frames of %d interfaces, were %d of %d", ending, len(got.frames), len(got.interfaces), len(want.frames), len(want.interfaces))
	}
	for i := range want.frames {
		a, b := &want.frames[i], &got.frames[i]
		if !bytes.Equal(a.Data, b.Data) || a.WireLen != b.WireLen || a.Time != b.Time || a.Timeless != b.Timeless || a.Flags != b.Flags ||
			!slices.Equal(a.Comments, b.Comments) || a.Interface.Index != b.Interface.Index {
			t.Fatalf("%s: frame %d is\n%+v, was\n%+v", ending, i+1, b, a)
		}
	}
	for i := range want.interfaces {
		if a, b := want.interfaces[i], got.interfaces[i]; !sameInterface(a, b) {
			t.Errorf("%s: interface %d is\n%+v, was\n%+v", ending, i, b, a)
		}
	}
	if want.sections != nil { // a file that has none gets one that says who wrote it
		equal(t, ending, want.sections, got.sections)
	}
	equal(t, ending, want.names, got.names)
	equal(t, ending, want.secrets, got.secrets)
}

func equal(t *testing.T, ending string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{})); diff != "" {
		t.Errorf("%s (-was +is):\n%s", ending, diff)
	}
}

func sameStatistics(a, b pcaps.Statistics) bool {
	return a.Received == b.Received && a.Dropped == b.Dropped && a.OSDropped == b.OSDropped && slices.Equal(a.Comments, b.Comments)
}

// sameInterface compares what files say of interfaces. Formats without numbers and clocks count as those that have them.
func sameInterface(a, b *pcaps.Interface) bool {
	return a.Index == b.Index && a.Section == b.Section && (a.ID == b.ID || a.ID < 0 || b.ID < 0) &&
		a.Name == b.Name && a.Description == b.Description && a.Hardware == b.Hardware && a.OS == b.OS && a.Filter == b.Filter &&
		slices.Equal(a.Comments, b.Comments) && a.LinkType == b.LinkType && a.SnapLen == b.SnapLen && a.FCSLen == b.FCSLen &&
		a.Speed == b.Speed && a.TicksPerSecond == b.TicksPerSecond &&
		sameStatistics(a.Statistics(), b.Statistics())
}

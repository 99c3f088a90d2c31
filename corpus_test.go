package pktscope_test

import (
	"errors"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/pcaps"
)

// captures returns the capture files of this project, and of $PKTSCOPE_SHARED (../shared) where it is there.
func captures(t *testing.T) []string {
	t.Helper()
	shared := os.Getenv("PKTSCOPE_SHARED")
	if shared == "" {
		shared = "../shared"
	}
	var files []string
	for _, pattern := range []string{"pcaps/testdata/*.pcap*", regress + "/*.pcap", filepath.Join(shared, "corpus", "*"), filepath.Join(shared, "labs", "*", "*.pcap*")} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range found {
			if !strings.HasSuffix(file, ".md") && !strings.HasSuffix(file, ".tsv") {
				files = append(files, file)
			}
		}
	}
	if len(files) == 0 {
		t.Fatal("no captures")
	}
	return files
}

// Every prefix of every packet decodes, or of a hundred where more have the same layers: no panic, no layer beyond what is there, and at
// both ends of the prefix all fields and summaries can be read.
func TestEveryPrefixDecodes(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes millions of prefixes")
	}
	for _, file := range captures(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			decodePrefixes(t, file)
		})
	}
}

const (
	longest = 512 // bytes of a prefix: behind it there is payload only
	alike   = 100 // packets with the same layers
)

func decodePrefixes(t *testing.T, file string) {
	d := newDissector(dissect.Options{Cookie: -1})
	stacks := map[string]int{}
	for f := range frames(t, file) {
		whole := f.Data
		stack := ""
		for i := range d.packet(&f).Layers {
			stack += string(rune(d.p.Layers[i].Protocol))
		}
		if stacks[stack]++; stacks[stack] > alike {
			continue
		}
		for n := min(len(whole), longest); n >= 0; n-- {
			f.Data = append([]byte(nil), whole[:n]...) // with nothing behind it, so that reading too far is seen
			p := d.packet(&f)
			for i := range p.Layers {
				l := &p.Layers[i]
				if l.Start > l.HeaderEnd || int(l.HeaderEnd) > max(len(p.SourceBytes(l)), int(l.Start)) {
					t.Fatalf("packet %d cut to %d bytes: %s from %d to %d", f.Number, n, l.Protocol, l.Start, l.HeaderEnd)
				}
				for range p.Values(i) {
				}
				if summary := dissect.ByID(l.Protocol).Summary; summary != nil {
					summary(nil, p, i)
				}
			}
		}
	}
}

// frames yields the frames of a capture that can be read; what is behind a damage is left out.
func frames(t *testing.T, file string) iter.Seq[dissect.Frame] {
	t.Helper()
	r, err := pcaps.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return func(yield func(dissect.Frame) bool) {
		for f, err := range pcaps.Frames(r) {
			if err != nil {
				var damage *pcaps.DamageError
				if !errors.As(err, &damage) {
					t.Fatal(err)
				}
				return
			}
			point := &dissect.Point{Link: uint16(f.Interface.LinkType), FCSLen: f.FCSLen()}
			if !yield(dissect.Frame{Data: f.Data, WireLen: f.WireLen, Time: f.Time, Number: f.Number, Point: point}) {
				return
			}
		}
	}
}

type dissector struct {
	*dissect.Decoder
	*dissect.Resolver
	p dissect.Packet
}

func newDissector(o dissect.Options) *dissector {
	c := dissect.NewConfig(o)
	return &dissector{Decoder: c.NewDecoder(), Resolver: c.NewResolver()}
}

func (d *dissector) packet(f *dissect.Frame) *dissect.Packet {
	d.Decode(&d.p, f)
	d.p.Verify()
	d.Resolve(&d.p)
	d.p.Verify()
	return &d.p
}

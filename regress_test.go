package pktscope_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/dissect"
	"pktscope/pcaps"
	"pktscope/reports"
)

var update = flag.Bool("update", false, "write what captures show beside them instead of comparing with it")

const regress = "pcaps/testdata/regress"

// Captures that were once read wrongly are read as it stands beside them: every packet as a tree, what is wrong with the file, and the reports
// on tunnels, checksums and anomalies.
func TestRegressions(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(regress, "*.pcap*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d captures, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		t.Run(name, func(t *testing.T) {
			got := shown(t, file)
			golden := filepath.Join(regress, name+".txt")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Error(d)
			}
		})
	}
	texts, err := filepath.Glob(filepath.Join(regress, "*.txt"))
	if err != nil || len(texts) != len(files) {
		t.Errorf("%d texts for %d captures, %v", len(texts), len(files), err)
	}
}

// trees prints packets, and hands them on.
type trees struct {
	out []byte
	set *reports.Set
}

func (c *trees) Packet(p *dissect.Packet) error {
	c.out = append(p.AppendTree(c.out), '\n')
	return c.set.Packet(p)
}

func shown(t *testing.T, file string) []byte {
	t.Helper()
	src, err := pcaps.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	o := reports.Options{Dissect: dissect.Options{Cookie: -1}}
	set, err := reports.NewSet([]string{"tunnels", "checksums", "anomalies"}, src, o)
	if err != nil {
		t.Fatal(err)
	}
	c := trees{set: set}
	var incomplete *reports.IncompleteError
	if err := reports.Read(src, o, &c); errors.As(err, &incomplete) {
		c.out = append(append(c.out, strings.ReplaceAll(err.Error(), regress+"/", "")...), "\n\n"...)
	} else if err != nil {
		t.Fatal(err)
	}
	b := bytes.NewBuffer(c.out)
	if err := reports.WriteText(io.Writer(b), set.Snapshot(), reports.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

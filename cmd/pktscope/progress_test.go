package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pktscope/dissect"
	"pktscope/pcaps"
)

// halfRead is a source of 400 MB of which half is read.
type halfRead struct{ pcaps.Source }

func (halfRead) BytesRead() int64 { return 200e6 }
func (halfRead) Size() int64      { return 400e6 }

func TestProgress(t *testing.T) {
	const erase = "\r\x1b[K"
	for _, c := range []struct {
		name  string
		takes time.Duration
		width int
		want  string
	}{
		{"nothing in the first two seconds", 1900 * time.Millisecond, 80, ""},
		{"then a line twice a second, erased in the end", 2600 * time.Millisecond, 80,
			erase + "200.0 of 400.0 MB, 50 packets/s, 2s left" + erase + "200.0 of 400.0 MB, 40 packets/s, 3s left" + erase},
		{"no line wraps", 2100 * time.Millisecond, 20, erase + "200.0 of 400.0 MB, " + erase},
	} {
		synctest.Test(t, func(t *testing.T) {
			var out strings.Builder
			p := startProgress(&out, func() int { return c.width }, halfRead{})
			p.counting(nil)(&dissect.Frame{Number: 100})
			time.Sleep(c.takes)
			p.stop()
			if out.String() != c.want {
				t.Errorf("%s: printed %q, want %q", c.name, out.String(), c.want)
			}
		})
	}
}

func TestProgressLine(t *testing.T) {
	for _, c := range []struct {
		read, size int64
		want       string
	}{
		{0, 1e9, "0.0 of 1000.0 MB, 3 packets/s"},
		{1e6, 1e9, "1.0 of 1000.0 MB, 3 packets/s, 33m18s left"},
		{2e9, 1e9, "2000.0 of 1000.0 MB, 3 packets/s, 0s left"}, // it grew
		{5e6, -1, "5.0 MB, 3 packets/s"},
	} {
		if got := progressLine(c.read, c.size, 6, 2*time.Second); got != c.want {
			t.Errorf("%d of %d: %q, want %q", c.read, c.size, got, c.want)
		}
	}
}

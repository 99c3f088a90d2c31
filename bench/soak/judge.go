//go:build linux

package main

import (
	"errors"
	"fmt"
	"io"
	"time"
)

// sample is the memory at a time.
type sample struct {
	after               time.Duration
	resident, anonymous int64 // bytes
	sent                uint64
	passes              int
}

func (s *sample) print(w io.Writer) {
	fmt.Fprintf(w, "%6s  %6.1f MiB resident, %6.1f MiB anonymous, %d frames sent, %d passes\n", s.after, mib(s.resident), mib(s.anonymous), s.sent, s.passes)
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// measured is all samples.
type measured struct{ samples []sample }

// extremes are the smallest and the largest memory after a time.
func (m *measured) extremes(after time.Duration) (least, most sample) {
	for _, s := range m.samples {
		if s.after < after {
			continue
		}
		if least.resident == 0 || s.resident < least.resident {
			least = s
		}
		if s.resident > most.resident {
			most = s
		}
	}
	return least, most
}

// judge says what the run came to, and what of it is an error.
func (o *options) judge(m *measured, last *interval, r *replayer, p *program, w io.Writer) error {
	t := &last.Total.Frames
	used := p.ProcessState.UserTime() + p.ProcessState.SystemTime()
	fmt.Fprintf(w, "sent %d frames; seen %d + dropped %d = %d; skipped by analysis %d, ring freezes %d\n",
		r.sent, t.Seen, t.Dropped, t.Seen+t.Dropped, t.Skipped, t.Freezes)
	fmt.Fprintf(w, "recorded %d frames in %d files, of which %d were removed; lost %d\n", last.Recording.Frames, last.Recording.Files, last.Recording.Removed, last.Recording.Lost)
	if n := len(m.samples); n > 0 {
		fmt.Fprintf(w, "processor: user %v, system %v, %.1f %% of one\n", p.ProcessState.UserTime().Round(time.Millisecond),
			p.ProcessState.SystemTime().Round(time.Millisecond), 100*used.Seconds()/m.samples[n-1].after.Seconds())
	}
	var wrong []error
	if !last.Last || r.sent != t.Seen+t.Dropped {
		wrong = append(wrong, fmt.Errorf("%d frames were sent, and %d seen or dropped", r.sent, t.Seen+t.Dropped))
	}
	least, most := m.extremes(o.warm)
	if least.resident == 0 {
		return errors.Join(append(wrong, fmt.Errorf("it ended before %v: memory cannot be judged", o.warm))...)
	}
	ratio := float64(most.resident) / float64(least.resident)
	fmt.Fprintf(w, "after %v: least %.1f MiB (at %v), most %.1f MiB (at %v), ratio %.3f\n", o.warm, mib(least.resident), least.after, mib(most.resident), most.after, ratio)
	if ratio > growth {
		wrong = append(wrong, fmt.Errorf("memory grew by more than %.0f %%", 100*(growth-1)))
	}
	return errors.Join(wrong...)
}

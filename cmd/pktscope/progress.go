package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"pktscope/dissect"
	"pktscope/pcaps"
	"pktscope/reports"
)

// progress shows how far reading is, in one line that it takes back before anything else is printed. It is told by the clock and so no
// part of any output.
type progress struct {
	out     io.Writer
	width   func() int // characters in a line, 0 for no limit
	src     pcaps.Source
	packets atomic.Uint64
	stopped chan struct{} // closed when no more is to be shown
	erased  chan struct{} // closed when nothing is shown any more
}

const (
	patience = 2 * time.Second // what takes less needs no progress
	pace     = 500 * time.Millisecond
)

// consume takes the packets of src to c, and shows how far it is to somebody who sits at a terminal. That must not be where c prints
// meanwhile: printing says so.
func (in *input) consume(src pcaps.Source, o reports.Options, c reports.Consumer, printing bool) error {
	terminal := newOutput(os.Stderr)
	if in.quiet || !terminal.terminal || os.Getenv("TERM") == "dumb" || printing && newOutput(os.Stdout).terminal {
		return reports.Read(src, o, c)
	}
	p := startProgress(terminal.file, terminal.width, src)
	defer p.stop()
	o.Select = p.counting(o.Select)
	return reports.Read(src, o, c)
}

func startProgress(out io.Writer, width func() int, src pcaps.Source) *progress {
	p := &progress{out: out, width: width, src: src, stopped: make(chan struct{}), erased: make(chan struct{})}
	go p.show()
	return p
}

// counting is takes, and counts the frames that it is asked about. A nil takes takes all.
func (p *progress) counting(takes func(*dissect.Frame) bool) func(*dissect.Frame) bool {
	return func(f *dissect.Frame) bool {
		p.packets.Store(f.Number)
		return takes == nil || takes(f)
	}
}

// stop returns when nothing is shown any more.
func (p *progress) stop() {
	close(p.stopped)
	<-p.erased
}

func (p *progress) show() {
	defer close(p.erased)
	const erase = "\r\x1b[K"
	start, shown := time.Now(), false
	for next := time.NewTimer(patience); ; next.Reset(pace) {
		select {
		case <-p.stopped:
			if shown {
				io.WriteString(p.out, erase)
			}
			return
		case <-next.C:
			line := progressLine(p.src.BytesRead(), p.src.Size(), p.packets.Load(), time.Since(start))
			if width := p.width(); width > 0 && len(line) >= width {
				line = line[:width-1] // or it would wrap, and could not be taken back
			}
			io.WriteString(p.out, erase+line)
			shown = true
		}
	}
}

// progressLine says how far reading is after elapsed, which is positive. A size of -1 is unknown.
func progressLine(read, size int64, packets uint64, elapsed time.Duration) string {
	rate := fmt.Sprintf("%.0f packets/s", float64(packets)/elapsed.Seconds())
	if size < 0 {
		return fmt.Sprintf("%.1f MB, %s", float64(read)/1e6, rate)
	}
	line := fmt.Sprintf("%.1f of %.1f MB, %s", float64(read)/1e6, float64(size)/1e6, rate)
	if read > 0 {
		left := time.Duration(float64(elapsed) / float64(read) * float64(max(size-read, 0)))
		line += fmt.Sprintf(", %v left", left.Round(time.Second))
	}
	return line
}

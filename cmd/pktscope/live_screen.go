package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"time"

	"golang.org/x/term"

	"pktscope/dissect/filter"
	"pktscope/live"
	"pktscope/pcaps"
	"pktscope/reports"
	"pktscope/screen"
)

// drawable tells whether there is a terminal for a full screen.
func drawable() bool {
	return term.IsTerminal(int(os.Stdin.Fd())) && term.IsTerminal(int(os.Stdout.Fd())) && screen.Drawable()
}

// recentBytes is how much of frames is kept to look at packets.
const recentBytes = 8 << 20

// liveScreen is a running engine, as a screen sees it.
type liveScreen struct {
	engine  *live.Engine
	reading reports.Options // of recent frames

	mutex    sync.Mutex
	interval *live.Interval // the last one; nil before the first
	over     bool
	notices  []string
	filter   *filter.Filter // that is wanted
	seconds  tempo
	top      int           // rows of each table, 0 for all
	listed   *recentFrames // what the list of packets was read from; nil before the first
}

// newLiveScreen returns one without its engine, which reads as the options say.
func newLiveScreen(o reports.Options) *liveScreen {
	s := &liveScreen{reading: o, filter: o.Filter}
	s.reading.Select, s.reading.MaximumCount, s.reading.NoChecksums = nil, 0, false
	return s
}

// log takes a line about the capture.
func (s *liveScreen) log(line string) {
	const most = 20
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.notices = slices.Clone(append(s.notices[max(0, len(s.notices)-most+1):], line))
}

// see takes an interval.
func (s *liveScreen) see(i *live.Interval) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.interval = i.Top(s.top)
}

// State implements [screen.Feed].
func (s *liveScreen) State() *screen.State {
	now := s.engine.Status()
	all := now.Counters()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.over {
		s.seconds.add(time.Now(), screen.Second{Packets: all.Seen, Bytes: all.Bytes, Dropped: all.Dropped + all.Skipped})
	}
	state := &screen.State{Time: now.Time, Seconds: s.seconds.all, Over: s.over, Behind: uint64(now.Waiting), Notices: s.notices,
		Lost: []screen.Drop{{Reason: "ring freezes", Packets: all.Freezes}}}
	for _, row := range now.Interfaces {
		state.Points = append(state.Points, screen.Point{Name: row.Name, Packets: row.Seen, Bytes: row.Bytes,
			Drops: []screen.Drop{{Reason: "kernel", Packets: row.Dropped}, {Reason: "not analysed", Packets: row.Skipped}}})
	}
	if i := s.interval; i != nil {
		state.Interval, state.Total, state.From, state.To, state.Since = i.Now.Tables, i.Total.Tables, i.From, i.To, i.Since
	}
	if s.filter != nil {
		state.Filter = s.filter.String()
	}
	if r := now.Recording; r != nil {
		state.Recording = fmt.Sprintf("recording %s, file %d: %s packets", r.File, r.Files, reports.KindCount.Text(reports.Int(r.Written)))
		if r.Failed != "" {
			state.Recording += "; " + r.Failed
		}
		state.Lost = append(state.Lost, screen.Drop{Reason: "not recorded", Packets: r.Lost}, screen.Drop{Reason: "removed by rotation", Packets: r.Removed})
	}
	return state
}

// tempo is what was counted in the last seconds that are over.
type tempo struct {
	all    []screen.Second
	start  time.Time     // of the second that is not over; zero before the first
	before screen.Second // the counters then
}

// secondsKept is more than the widest screen shows.
const secondsKept = 600

// add takes the counters since the start. What was counted while nobody looked is spread over the seconds.
func (s *tempo) add(now time.Time, counted screen.Second) {
	if s.start.IsZero() {
		s.start, s.before = now, counted
		return
	}
	n := uint64(max(0, now.Sub(s.start)) / time.Second)
	if n == 0 {
		return
	}
	more := screen.Second{Packets: counted.Packets - s.before.Packets, Bytes: counted.Bytes - s.before.Bytes, Dropped: counted.Dropped - s.before.Dropped}
	all := slices.Clone(s.all)
	for i := range min(n, secondsKept) {
		all = append(all, screen.Second{Packets: part(more.Packets, i, n), Bytes: part(more.Bytes, i, n), Dropped: part(more.Dropped, i, n)})
	}
	s.all = all[max(0, len(all)-secondsKept):]
	s.start, s.before = s.start.Add(time.Duration(n)*time.Second), counted
}

// part is number i of n parts of all.
func part(all, i, n uint64) uint64 {
	share := all / n
	if i < all%n {
		share++
	}
	return share
}

// SetFilter implements [screen.Feed].
func (s *liveScreen) SetFilter(f *filter.Filter) {
	s.mutex.Lock()
	s.filter = f
	s.mutex.Unlock()
	s.engine.SetFilter(f)
}

// Packets implements [screen.Feed].
func (s *liveScreen) Packets(f *filter.Filter, most int) []screen.Packet {
	s.mutex.Lock()
	of := s.filter
	s.mutex.Unlock()
	o := s.reading
	switch {
	case f == nil:
		o.Filter = of
	case of == nil:
		o.Filter = f
	default:
		both, err := filter.Compile("(" + of.String() + ") and (" + f.String() + ")")
		if err != nil {
			s.log(err.Error())
			return nil
		}
		o.Filter = both
	}
	if o.Filter != nil {
		o.Filter = o.Filter.Clone()
	}
	recent := readRecent(s.engine.Recent())
	s.mutex.Lock()
	s.listed = recent
	s.mutex.Unlock()
	all, err := screen.ReadPackets(recent.again(), o, most)
	if err != nil {
		s.log(err.Error())
	}
	return all
}

// Tree implements [screen.Feed]. There is a tree of each packet that is listed, however long ago it was captured.
func (s *liveScreen) Tree(number uint64) (string, bool) {
	s.mutex.Lock()
	recent := s.listed
	s.mutex.Unlock()
	if recent == nil {
		return "", false
	}
	return screen.ReadTree(recent.again(), s.reading, number)
}

// recentFrames are frames of a capture that can be read several times. They hold memory of the capture, but none of its other means.
type recentFrames struct {
	pcaps.Source
	blocks []*pcaps.Block
}

func readRecent(src pcaps.Source) *recentFrames {
	defer src.Close()
	r := &recentFrames{Source: src}
	for b := new(pcaps.Block); src.Fill(b, math.MaxUint64, func() {}); b = new(pcaps.Block) {
		r.blocks = append(r.blocks, b)
	}
	return r
}

// again is a source of all of the frames.
func (r *recentFrames) again() pcaps.Source { return &replay{r.Source, r.blocks} }

// replay is a source of frames that were read before, for one goroutine.
type replay struct {
	pcaps.Source
	blocks []*pcaps.Block
}

// Fill implements [pcaps.Source].
func (r *replay) Fill(b *pcaps.Block, _ uint64, inOrder func()) bool {
	if len(r.blocks) == 0 {
		return false
	}
	b.Frames = append(b.Frames[:0], r.blocks[0].Frames...)
	r.blocks = r.blocks[1:]
	inOrder()
	return true
}

// screened runs the engine behind a full screen, until it is over and the user leaves, or the user or ctx ends it.
func (o *liveOptions) screened(ctx context.Context, cancel func(), s *liveScreen) error {
	s.engine.Subscribe(s.see)
	done := make(chan error, 1)
	left, leave := context.WithCancel(ctx)
	defer leave()
	go func() {
		err := s.engine.Run(ctx)
		s.mutex.Lock()
		s.over = true
		s.mutex.Unlock()
		if err != nil {
			leave()
		}
		done <- err
	}()
	err := screen.Run(left, s, screen.Options{ASCII: screen.ASCIIOnly(), Clock: o.times.clock()})
	cancel()
	return errors.Join(<-done, err)
}

// screenReports are the reports of a screen where none are named: those of every command, and the one on queues, which has a page.
func screenReports(names []string) []string {
	if len(names) > 0 {
		return names
	}
	for _, d := range reports.All() {
		if !d.Asked || d.Name == "queues" {
			names = append(names, d.Name)
		}
	}
	return names
}

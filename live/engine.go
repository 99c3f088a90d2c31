package live

import (
	"context"
	"errors"
	"math"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"pktscope/dissect/filter"
	"pktscope/flows"
	"pktscope/pcaps"
	"pktscope/reports"
)

// Options are choices for [Open].
type Options struct {
	Capture  pcaps.LiveOptions    // Interval, Count and Log are set from those below
	Record   *pcaps.RecordOptions // nil to write no file
	Interval time.Duration        // how long an interval is, 0 for [DefaultInterval]
	Duration time.Duration        // end after so long, 0 for never
	Reports  []string             // names, as for [reports.NewSet]
	Read     reports.Options      // as for files; its Filter is the one to begin with, MaximumCount ends the run
	Span     Span                 // of which time there are tables

	// MaxIdle is how long a flow is remembered without a packet; those that are over are forgotten at once. 0 is for ever.
	MaxIdle time.Duration

	// Flows is shown all flows since the start, before each interval is published, and Left those that leave before to keep a limit. Totals
	// that start over forget flows: then it is shown them with last set, as at the end. Both are nil for nobody; they need tables since the
	// start, and that Read has Follow set.
	Flows func(t *flows.Tracker, now int64, last bool)
	Left  func(*flows.Flow)

	// Watch returns a consumer that sees the packets, too, and hands them on; nil for nobody.
	Watch func(reports.Sharded) reports.Sharded

	User string       // whom to become when all sockets are open; empty to stay who one is
	Log  func(string) // is told in a line what happens meanwhile: an interface went down; nil for nobody

	privileged bool // tests stay who they are
}

// DefaultInterval is how long an interval is where nobody says.
const DefaultInterval = 5 * time.Second

// DefaultMaxIdle is what the command line has for [Options.MaxIdle]: longer than a stream of datagrams or a TCP connection that ended has in conntrack.
const DefaultMaxIdle = 5 * time.Minute

// Engine captures and analyses.
type Engine struct {
	options     Options
	capture     *pcaps.Live
	subscribers []func(*Interval)

	source *source // what the reader is given
	sets   *sets
	reader *reports.Reader

	number      int
	uncollected int64                     // ns of intervals since garbage was collected
	since       int64                     // packet time of the start of totals; 0 before the first interval
	before      sums                      // when the interval began
	counted     []pcaps.InterfaceCounters // when the interval began
	started     []pcaps.InterfaceCounters // when totals began

	mutex   sync.Mutex
	changed bool
	wanted  *filter.Filter // the filter that is in force from the next interval on, if it changed
}

// Open opens the interfaces and gives up all privileges that are not needed from then on. Nothing is captured until Run.
func Open(o Options) (*Engine, error) {
	if o.Interval == 0 {
		o.Interval = DefaultInterval
	}
	o.Capture.Interval, o.Capture.Count, o.Capture.Log = o.Interval, o.Read.MaximumCount, o.Log
	o.Read.MaximumCount = 0 // of what is captured, whether analysis sees it or not
	capture, err := pcaps.OpenLive(o.Capture)
	if err != nil {
		return nil, err
	}
	if n := max(1, o.Read.Workers) + 2; n > runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(n) // who drains the rings and who records should not wait until a worker pauses
	}
	e := &Engine{options: o, capture: capture, source: &source{Live: capture}}
	if err := e.open(); err != nil {
		capture.Close()
		return nil, err
	}
	return e, nil
}

func (e *Engine) open() error {
	var writes string
	if e.options.Record != nil {
		writes = e.options.Record.Path
	}
	if !e.options.privileged {
		if err := DropPrivileges(e.options.User, writes); err != nil {
			return err
		}
	}
	if e.options.Record != nil {
		if err := e.capture.Record(*e.options.Record); err != nil {
			return err
		}
	}
	return e.begin()
}

// begin makes the sets of reports, and what reads for them.
func (e *Engine) begin() (err error) {
	if e.sets, err = newSets(e.options.Span, e.options.Reports, e.source, e.options.Read); err != nil {
		return err
	}
	if e.options.Left != nil && e.sets.total != nil {
		e.sets.total.OnLeave(e.options.Left)
	}
	var c reports.Sharded = e.sets
	if e.options.Watch != nil {
		c = e.options.Watch(c)
	}
	read := e.options.Read
	read.NoChecksums = read.NoChecksums && !e.sets.needsChecksums()
	e.reader = reports.NewReader(e.source, read, c)
	return nil
}

// Subscribe shows each interval to see, in order, from one goroutine. It holds analysis up, so it should not take long. It must not be
// called after Run.
func (e *Engine) Subscribe(see func(*Interval)) { e.subscribers = append(e.subscribers, see) }

// Run captures until ctx is done, the duration is over or there were enough packets, and publishes the last interval before it returns.
func (e *Engine) Run(ctx context.Context) error {
	if e.options.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, e.options.Duration)
		defer cancel()
	}
	defer context.AfterFunc(ctx, e.capture.Stop)()
	for {
		if e.options.Span == NoTables && e.options.Read.Filter == nil {
			e.count()
		} else if err := e.reader.Read(); err != nil {
			return err
		}
		mark := e.source.mark
		if mark == nil {
			return errors.New("the capture ended without a mark")
		}
		e.source.mark = nil
		e.publish(mark)
		if mark.Last {
			return nil
		}
		if err := e.change(mark); err != nil {
			return err
		}
	}
}

// count counts frames of an interval, where that is all.
func (e *Engine) count() {
	var b pcaps.Block
	for e.source.Fill(&b, math.MaxUint64, func() {}) {
		for i := range b.Frames {
			e.sets.sums.packets++
			e.sets.sums.bytes += uint64(b.Frames[i].WireLen)
		}
	}
}

// source is the capture, which ends where an interval does.
type source struct {
	*pcaps.Live
	filling sync.Mutex
	mark    *pcaps.Mark // where it ended
}

// Fill implements [pcaps.Source].
func (s *source) Fill(b *pcaps.Block, last uint64, inOrder func()) bool {
	s.filling.Lock()
	defer s.filling.Unlock()
	if s.mark != nil {
		return false
	}
	mark, ok := s.FillOrMark(b, last, inOrder)
	s.mark = mark
	return ok
}

// publish shows the interval that ends at the mark.
func (e *Engine) publish(m *pcaps.Mark) {
	e.number++
	if e.since == 0 {
		e.since = m.From
	}
	i := &Interval{Number: e.number, Last: m.Last, From: m.From, To: m.To, Since: e.since, Recording: m.Recording}
	if f := e.options.Read.Filter; f != nil {
		i.Filter = f.String()
	}
	if e.options.Flows != nil && e.sets.total != nil {
		e.options.Flows(e.sets.total.Tracker(), m.To, m.Last || e.changing())
	}
	i.Now = e.summed(e.sets.now, e.sets.sums.minus(e.before), m.Interfaces, e.counted)
	i.Total = e.summed(e.sets.total, e.sets.sums, m.Interfaces, e.started)
	for _, see := range e.subscribers {
		see(i)
	}
	if e.sets.now != nil {
		e.sets.now.Reset()
	}
	if e.sets.total != nil && e.options.MaxIdle > 0 {
		e.sets.total.Forget(e.options.MaxIdle)
	}
	e.before, e.counted = e.sets.sums, m.Interfaces
	if e.uncollected += m.To - m.From; e.uncollected >= int64(DefaultInterval) {
		// Tables are the most that becomes garbage. Collected now, they are not there when those of the next interval are made: so memory stays as it
		// is, whenever a collection would have come by itself. What is free then goes back to the kernel at once: by itself it does so by and by, and where
		// processors are busy hardly at all, so that each moment in which more was needed would be seen for long.
		e.uncollected = 0
		debug.FreeOSMemory()
	}
}

func (s sums) minus(t sums) sums { return sums{s.packets - t.packets, s.bytes - t.bytes} }

// summed is what a set says, if there is one, and what was counted at interfaces since the counters before.
func (e *Engine) summed(set *reports.Set, n sums, rows, before []pcaps.InterfaceCounters) Sums {
	s := Sums{Packets: n.packets, Bytes: n.bytes}
	if set != nil {
		s.Tables, s.Findings = set.Snapshot(), set.Findings()
	}
	s.Interfaces = slices.Clone(rows)
	for i := range s.Interfaces {
		if i < len(before) { // rows are only ever added
			s.Interfaces[i].Counters = s.Interfaces[i].Minus(before[i].Counters)
		}
		s.Counters = s.Counters.Plus(s.Interfaces[i].Counters)
	}
	slices.SortFunc(s.Interfaces, func(a, b pcaps.InterfaceCounters) int { return strings.Compare(a.Name, b.Name) })
	return s
}

// changing tells whether another filter will be in force from here on.
func (e *Engine) changing() bool {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	return e.changed
}

// change puts another filter in force, if somebody wants one.
func (e *Engine) change(m *pcaps.Mark) error {
	e.mutex.Lock()
	changed, wanted := e.changed, e.wanted
	e.changed = false
	e.mutex.Unlock()
	if !changed {
		return nil
	}
	e.options.Read.Filter = wanted
	e.since, e.before, e.started = m.To, sums{}, m.Interfaces
	return e.begin()
}

// SetFilter changes the display filter, nil for none. The interval ends at once, and with the next one the filter is in force: totals start
// over there, see [Interval.Since].
func (e *Engine) SetFilter(f *filter.Filter) {
	e.mutex.Lock()
	e.changed, e.wanted = true, f
	e.mutex.Unlock()
	e.capture.Cut()
}

// Status says where the capture is between two intervals. Any goroutine may ask at any time; it does not hold anything up.
func (e *Engine) Status() pcaps.LiveState { return e.capture.State() }

// Recent is the last frames that were analysed, as many as [pcaps.LiveOptions.Recent] keeps, whatever the filter meant: read it with
// [reports.Read] and a filter of one's own. It stays as it is while capturing goes on (to pause is to keep it), and must be closed, for it
// holds memory. Frame numbers are those of the run, and so those of the tables. Any goroutine may ask.
func (e *Engine) Recent() pcaps.Source { return e.capture.Recent() }

// Findings are those since the start, for after Run; none with [OnlyInterval] or [NoTables].
func (e *Engine) Findings() []reports.Finding {
	if e.sets.total == nil {
		return nil
	}
	return e.sets.total.Findings()
}

// Close closes what Open opened.
func (e *Engine) Close() error { return e.capture.Close() }

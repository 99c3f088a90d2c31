package live

import (
	"context"
	"time"

	"pktscope/dissect/filter"
	"pktscope/pcaps"
	"pktscope/reports"
)

// Options are choices for [Open].
type Options struct {
	Capture  pcaps.LiveOptions // Interval and Log are set from those below
	Interval time.Duration     // how long an interval is, 0 for 5 s
	Duration time.Duration     // end after so long, 0 for never
	Reports  []string          // names, as for [reports.NewSet]
	Read     reports.Options   // as for files; its Filter is the one to begin with, MaximumCount ends the run
	Top      int               // rows of each table, 0 for all
	User     string            // whom to become when all sockets are open; empty to stay who one is
	Log      func(string)      // is told in a line what happens meanwhile: an interface went down; nil for nobody
}

// Engine captures and analyses.
type Engine struct{}

// Open opens the interfaces and gives up all privileges that are not needed from then on. Nothing is read until Run.
func Open(o Options) (*Engine, error) { return nil, pcaps.ErrNoLive }

// Subscribe shows each interval to see, in order, from one goroutine. It holds analysis up, so it should not take long. It must not be called after Run.
func (e *Engine) Subscribe(see func(*Interval)) {}

// Run captures until ctx is done, the duration is over or there were enough packets, and publishes the last interval before it returns.
func (e *Engine) Run(ctx context.Context) error { return nil }

// Close closes what Open opened.
func (e *Engine) Close() error { return nil }

// Status is where the engine is between two intervals. It may be asked for at any time from any goroutine, and does not hold anything up.
type Status struct {
	Time       int64                     // packet time of the last frame, in ns since the Unix epoch; 0 before the first
	Counters   pcaps.Counters            // since the start, of all interfaces together
	Interfaces []pcaps.InterfaceCounters // since the start, by name
	Recording  *pcaps.RecordCounters     // nil if nothing is recorded
	Waiting    int                       // bytes of frames that wait for analysis
}

// Status says where the engine is.
func (e *Engine) Status() Status { return Status{} }

// SetFilter changes the display filter, nil for none. The interval ends at once, and with the next one the filter is in force: totals start over there, see
// [Interval.Since].
func (e *Engine) SetFilter(f *filter.Filter) {}

// Recent is the last frames that were analysed, as many as [pcaps.LiveOptions.Recent] keeps, whatever the filter meant: read it with [reports.Read] and a filter
// of one's own. It stays as it is while capturing goes on (to pause is to keep it), and must be closed, for it holds memory.
// Frame numbers are those of the run, and so those of the tables.
func (e *Engine) Recent() pcaps.Source { return nil }

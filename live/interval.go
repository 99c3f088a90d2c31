package live

import (
	"slices"

	"pktscope/pcaps"
	"pktscope/reports"
)

// Interval is what was captured between two moments, and since the start. Nobody changes it after it was published: subscribers may keep it.
type Interval struct {
	Number int // from 1
	Last   bool

	// From and To are packet times, in ns since the Unix epoch: To is not part of it. The last interval, and one that a new filter ended,
	// may be shorter than the others.
	From, To int64

	Now   Sums  // of this interval
	Total Sums  // since Since
	Since int64 // packet time of the start, or of the last change of the filter: where Total.Tables and Total.Findings begin

	Filter string // the display filter, empty for none

	Recording *pcaps.RecordCounters // since the start; nil if nothing is recorded
}

// Sums is what some time came to.
type Sums struct {
	Packets uint64 // analysed, and meant by the filter
	Bytes   uint64 // of these, on the wire

	Counters   pcaps.Counters            // of all interfaces together
	Interfaces []pcaps.InterfaceCounters // by name

	Tables   []*reports.Table  // of the reports that were asked for: what read would say of these packets; see [Options.Span]
	Findings []reports.Finding // the most serious first
}

// Top returns the interval with the n largest rows of each table, 0 for all. The tables of i stay as they are.
func (i *Interval) Top(n int) *Interval {
	if n == 0 {
		return i
	}
	cut := *i
	for _, s := range []*Sums{&cut.Now, &cut.Total} {
		s.Tables = slices.Clone(s.Tables)
		for t := range s.Tables {
			table := *s.Tables[t]
			table.Rows = slices.Clone(table.Rows)
			table.Top(n)
			s.Tables[t] = &table
		}
	}
	return &cut
}

// Rate is n a second, for what was counted in the interval.
func (i *Interval) Rate(n uint64) float64 {
	if i.To <= i.From {
		return 0
	}
	return float64(n) / (float64(i.To-i.From) / 1e9)
}

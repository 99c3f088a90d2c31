package screen

import (
	"pktscope/dissect/filter"
	"pktscope/reports"
)

// A Feed is a capture that goes on. Its methods are called by several goroutines, and do not wait for packets.
type Feed interface {
	// State returns what is known now. It does not change; it is the same one while nothing is new.
	State() *State
	// Packets returns the last packets that f means beside the filter of the feed, at most so many, in capture order; a nil f means all. They are
	// those that the feed keeps, which are few.
	Packets(f *filter.Filter, most int) []Packet
	// Tree returns every field of a packet, a line each, as [pktscope/dissect.Packet.AppendTree] does. It is not ok if the feed does not keep
	// the packet any more; it keeps those that Packets returned last.
	Tree(number uint64) (tree string, ok bool)
	// SetFilter tells which packets are meant from now on; nil for all.
	SetFilter(f *filter.Filter)
}

// State is what is known of a capture at a time.
type State struct {
	Points  []Point  // where it is captured
	Seconds []Second // the last seconds that are over, without gaps, newest last
	Time    int64    // of the last packet, nanoseconds since 1970; 0 for none
	Over    bool     // there will be no more packets

	// Tables of the last interval that is over, and since the start or the last change of the filter. They are only read.
	Interval, Total []*reports.Table
	From, To        int64 // the interval, nanoseconds since 1970; To is 0 before the first one is over
	Since           int64 // where Total begins

	Filter    string   // that packets have to match to be in tables; empty for none
	Recording string   // what is recorded, in a line; empty for nothing
	Lost      []Drop   // beside what points have lost: of the recording, and how often something was full
	Behind    uint64   // bytes that wait for analysis
	Notices   []string // what became of the capture: an interface went down; newest last
}

// A Point is an interface.
type Point struct {
	Name           string
	Packets, Bytes uint64 // since the start
	Drops          []Drop // what it has lost since the start; the same reasons for all points, in the same order
}

// A Drop is packets that were lost for a reason, which is named in a word or two.
type Drop struct {
	Reason  string
	Packets uint64
}

// A Second of all points together.
type Second struct {
	Packets, Bytes, Dropped uint64
}

// A Packet is one line of a list.
type Packet struct {
	Number              uint64
	Time                int64 // nanoseconds since 1970
	Timeless            bool  // nobody knows when it was captured
	Length              int   // bytes on the wire
	Source, Destination string
	Info                string // what it says, and what is around it
	Faults              string // what is wrong with it; empty for nothing
}

// dropped adds up what was lost, by reason.
func (s *State) dropped() (all []Drop, total uint64) {
	for _, p := range s.Points {
		for i, d := range p.Drops {
			if i == len(all) {
				all = append(all, Drop{Reason: d.Reason})
			}
			all[i].Packets += d.Packets
			total += d.Packets
		}
	}
	return all, total
}

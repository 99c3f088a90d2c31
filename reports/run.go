package reports

import (
	"errors"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/flows"
	"pktscope/pcaps"
)

// Consumer is what a run is for: it prints packets, or adds them up.
type Consumer interface {
	// Packet takes a finished packet. Packets come in capture order; p and everything that it points to is valid until the function
	// returns. An error ends the run.
	Packet(p *dissect.Packet) error
}

// Sharded is a consumer of which several goroutines may take packets at a time, each with a shard of its own.
type Sharded interface {
	Consumer
	NewShard() Shard
}

// A Shard takes the packets of one block after another. Its blocks are played in capture order: between any two calls of Play and Flush
// there are only those of other shards, with the packets that were captured between.
type Shard interface {
	// Begin begins the block with that number, which counts from 0 in capture order. All blocks before it were flushed, but for at most
	// [aheadOfPlay] for each other shard of the run.
	Begin(block uint64)
	// Packet takes a finished packet of the block, while other shards take theirs.
	Packet(p *dissect.Packet)
	// Play does what has to be done in capture order, while the bytes of the packets since the last Play, but not the packets, are still there.
	Play() error
	// Flush ends the block, after Play.
	Flush() error
}

// A Watcher is a shard that is shown all frames of its blocks that Options.Select takes, also those that the filter does not mean.
type Watcher interface {
	// See takes a frame, before its packet.
	See(*dissect.Frame)
}

// Options are choices for [Read] and [NewSet].
type Options struct {
	Dissect      dissect.Options
	Filter       *filter.Filter // the packets that the consumer is to see; nil is all
	NoChecksums  bool           // leave checksums unverified: nobody will look at the verdicts (see [Set.NeedsChecksums])
	Undissected  bool           // leave packets without layers: nobody will look at them
	MaximumCount uint64         // end after so many packets; 0 is no limit

	// Select takes the frames that the consumer is to see, if the filter means them, too; nil is all. It is asked about every frame, in
	// capture order.
	Select func(*dissect.Frame) bool

	By         *Projection // a report of the user's own; nil for none
	Groups     int         // the most groups that a table keeps; 0 is 10,000
	Top        int         // the table of flows needs no more rows, as [Table.Top] would leave it; 0 for all
	Queues     QueueOptions
	Directions DirectionOptions
	Conntrack  []flows.ConntrackEntry // what a kernel says of the same connections, for the report on NAT; nil for nothing
	Bonds      []Bond                 // for the report on them
	Flows      flows.Options          // how flows are told apart, for reports that say something of them; Left is not used
	Findings   FindingOptions
	Find       bool // look for findings, also if their report is not printed
	Follow     bool // follow flows, also if no report says something of them, for [Set.Tracker]

	Workers int  // goroutines, for a consumer that is sharded; 0 is 1
	Owner   bool // packets say whose they are, also if the filter does not ask
	epoch   int  // blocks in an epoch; 0 is epochBlocks
	made    int  // bytes that the resolver may make before a block is played; 0 is maxMade
	alikes  int  // packets that are alike, that a worker collects, a power of two; 0 is alikeSlots, -1 none
}

// IncompleteError says that not all of the input could be read. All that could was consumed.
type IncompleteError struct {
	Errs []error // one for each file, in the order in which they were met
}

func (e *IncompleteError) Error() string { return errors.Join(e.Errs...).Error() }

func (e *IncompleteError) Unwrap() []error { return e.Errs }

// Read takes the packets of src through all steps: a worker takes a block of frames, which notes where each was captured, and decodes what
// can be decoded without the packets before; what needs them is resolved, block by block in capture order; the consumer's shard takes the
// packets; and, block by block again, the consumer has its turn. A damaged file does not end the run: the others are read to their ends, and
// the error is an [*IncompleteError] then. Any other error is the consumer's.
func Read(src pcaps.Source, o Options, c Consumer) error {
	sharded, ok := c.(Sharded)
	if !ok {
		r := newRun(src, o)
		r.source = &oneByOne{Source: src}
		w := r.worker(&alone{consumer: c})
		w.work()
		return r.err()
	}
	return NewReader(src, o, sharded).Read()
}

// alone is the one shard of a consumer that is not sharded.
type alone struct {
	consumer Consumer
	failed   error
}

func (a *alone) Begin(uint64)             {}
func (a *alone) Packet(p *dissect.Packet) { a.failed = a.consumer.Packet(p) }
func (a *alone) Play() error              { return a.failed }
func (a *alone) Flush() error             { return nil }

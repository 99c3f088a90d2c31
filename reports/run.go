package reports

import (
	"errors"
	"sync"

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
	// Play does what has to be done in capture order, while the bytes of the packets since the last Play are still there.
	Play() error
	// Flush ends the block, after Play.
	Flush() error
}

// Options are choices for [Read] and [NewSet].
type Options struct {
	Dissect      dissect.Options
	Filter       *filter.Filter // the packets that the consumer is to see; nil is all
	NoChecksums  bool           // leave checksums unverified: nobody will look at the verdicts
	MaximumCount uint64         // end after so many packets; 0 is no limit

	// Select takes the frames that the consumer is to see, if the filter means them, too; nil is all. It is asked about every frame, in
	// capture order.
	Select func(*dissect.Frame) bool

	By         *Projection // a report of the user's own; nil for none
	Groups     int         // the most groups that a table keeps; 0 is 10,000
	Queues     QueueOptions
	Directions DirectionOptions
	Conntrack  []flows.ConntrackEntry // what a kernel says of the same connections, for the report on NAT; nil for nothing
	Bonds      []Bond                 // for the report on them
	Flows      flows.Options          // how flows are told apart, for reports that say something of them; Left is not used
	Findings   FindingOptions
	Find       bool // look for findings, also if their report is not printed

	Workers int  // goroutines, for a consumer that is sharded; 0 is 1
	Owner   bool // packets say whose they are, also if the filter does not ask
	block   int  // most frames in a block; 0 is blockFrames
	epoch   int  // blocks in an epoch; 0 is epochBlocks
	alikes  int  // packets that are alike, that a worker collects, a power of two; 0 is alikeSlots, -1 none
}

// IncompleteError says that not all of the input could be read. All that could was consumed.
type IncompleteError struct {
	Errs []error // one for each file, in the order in which they were met
}

func (e *IncompleteError) Error() string { return errors.Join(e.Errs...).Error() }

func (e *IncompleteError) Unwrap() []error { return e.Errs }

// Read takes the packets of src through all steps: a worker takes a block of frames, which notes where each was captured, and decodes what
// can be decoded without the packets before; then, block by block in capture order, what needs them is resolved, and the consumer has its
// turn. A damaged file does not end the run: the others are read to their ends, and the error is an [*IncompleteError] then. Any other
// error is the consumer's.
func Read(src pcaps.Source, o Options, c Consumer) error {
	r := newRun(src, o)
	sharded, ok := c.(Sharded)
	if !ok {
		w := r.worker(&alone{consumer: c})
		w.serial = true
		w.block.frames = make([]taken, 0, 1) // what somebody waits for at the end of a pipe comes at once
		w.work()
		return r.err()
	}
	workers := make([]*worker, max(1, o.Workers))
	for i := range workers {
		workers[i] = r.worker(sharded.NewShard())
	}
	var working sync.WaitGroup
	for _, w := range workers {
		working.Go(w.work)
	}
	working.Wait()
	return r.err()
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

// intake gives frames their capture points. It sees frames in the order of reading, in which it numbers the points.
type intake struct {
	points map[*pcaps.Interface]*dissect.Point
	last   *pcaps.Interface
	next   dissect.Frame // its Point is that of last
}

// frame is f as dissecting sees it. It is valid until the next call.
func (in *intake) frame(f *pcaps.Frame) *dissect.Frame {
	in.next = dissect.Frame{
		Data:     f.Data,
		WireLen:  f.WireLen,
		Time:     f.Time,
		Timeless: f.Timeless,
		Number:   f.Number,
		Point:    in.point(f),
		Flags:    f.Flags,
		Comments: f.Comments,
	}
	return &in.next
}

// point returns where f was captured; its Origin is the interface. Frames of one interface mostly come in a row, and then it is the point of the frame before.
func (in *intake) point(f *pcaps.Frame) *dissect.Point {
	fcs := f.FCSLen()
	if f.Interface == in.last && fcs == in.next.Point.FCSLen {
		return in.next.Point
	}
	in.last = f.Interface
	point := in.points[f.Interface]
	if point == nil {
		i := f.Interface
		point = &dissect.Point{ID: len(in.points), File: i.File, Index: i.ID, Name: i.Name, Link: uint16(i.LinkType), FCSLen: fcs, Origin: i}
		in.points[i] = point
	}
	if point.FCSLen != fcs { // the frame's own word against its interface's
		other := *point
		other.FCSLen = fcs
		point = &other
	}
	return point
}

package reports

import (
	"errors"
	"io"

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

// Options are choices for [Read] and [NewSet].
type Options struct {
	Dissect      dissect.Options
	Filter       *filter.Filter // the packets that the consumer is to see; nil is all
	NoChecksums  bool           // leave checksums unverified: nobody will look at the verdicts
	MaximumCount uint64         // end after so many packets; 0 is no limit

	// Select takes the frames that the consumer is to see, if the filter means them, too; nil is all. It is asked about every frame, in
	// capture order.
	Select func(*dissect.Frame) bool

	By        *Projection // a report of the user's own; nil for none
	Groups    int         // the most groups that a table keeps; 0 is 10,000
	Queues    QueueOptions
	Conntrack []flows.ConntrackEntry // what a kernel says of the same connections, for the report on NAT; nil for nothing
	Bonds     []Bond                 // for the report on them
	Flows     flows.Options          // how flows are told apart, for reports that say something of them; Left is not used
}

// IncompleteError says that not all of the input could be read. All that could was consumed.
type IncompleteError struct {
	Errs []error // one for each file, in the order in which they were met
}

func (e *IncompleteError) Error() string { return errors.Join(e.Errs...).Error() }

func (e *IncompleteError) Unwrap() []error { return e.Errs }

// Read takes the packets of src through all steps: the intake says where each frame was captured, a worker decodes it, a player
// resolves what needs what came before and hands the packet to the consumer. A damaged file does not end the run: the
// others are read to their ends, and the error is an [*IncompleteError] then. Any other error is the consumer's.
func Read(src pcaps.Source, o Options, c Consumer) error {
	config := dissect.NewConfig(o.Dissect)
	in := intake{points: map[*pcaps.Interface]*dissect.Point{}}
	early := !o.NoChecksums
	if o.Filter != nil { // what it does not mean need not be verified
		early = o.Filter.NeedsChecksums()
	}
	work := worker{decoder: config.NewDecoder(), verify: early}
	play := player{resolver: config.NewResolver(), early: early, takes: o.Select, filter: o.Filter, verify: !o.NoChecksums, consumer: c}
	var damaged IncompleteError
	var frame pcaps.Frame
	for n := uint64(0); o.MaximumCount == 0 || n < o.MaximumCount; {
		err := src.Next(&frame)
		if err == io.EOF {
			break
		}
		if err != nil {
			damaged.Errs = append(damaged.Errs, err)
			continue
		}
		p := work.packet(in.frame(&frame))
		if err := play.packet(p); err != nil {
			return err
		}
		n++
	}
	if damaged.Errs != nil {
		return &damaged
	}
	return nil
}

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

// worker does what a frame alone decides. Any number of them may work on frames in any order.
type worker struct {
	decoder *dissect.Decoder
	scratch dissect.Packet
	verify  bool
}

// packet decodes f. The packet is valid until the next call.
func (w *worker) packet(f *dissect.Frame) *dissect.Packet {
	w.decoder.Decode(&w.scratch, f)
	if w.verify {
		w.scratch.Verify()
	}
	return &w.scratch
}

// player takes packets in capture order, for what depends on it.
type player struct {
	resolver *dissect.Resolver
	early    bool // verify before the filter is asked
	filter   *filter.Filter
	verify   bool
	takes    func(*dissect.Frame) bool
	consumer Consumer
}

func (r *player) packet(p *dissect.Packet) error {
	if p.Pending() {
		r.resolver.Resolve(p)
		if r.early {
			p.Verify()
		}
	}
	if r.takes != nil && !r.takes(&p.Frame) || r.filter != nil && !r.filter.Match(p) {
		return nil
	}
	if r.verify {
		p.Verify()
	}
	return r.consumer.Packet(p)
}

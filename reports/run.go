package reports

import (
	"errors"
	"io"

	"pktscope/dissect"
	"pktscope/pcaps"
)

// Consumer is what a run is for: it prints packets, or adds them up.
type Consumer interface {
	// Packet takes a finished packet. Packets come in capture order; p and everything that it points to is valid until the function
	// returns. An error ends the run.
	Packet(p *dissect.Packet) error
}

// Options are choices for [Read].
type Options struct {
	Dissect      dissect.Options
	NoChecksums  bool   // leave checksums unverified: nobody will look at the verdicts
	MaximumCount uint64 // end after so many packets; 0 is no limit
}

// IncompleteError says that not all of the input could be read. All that could was consumed.
type IncompleteError struct {
	Errs []error // one for each file, in the order in which they were met
}

func (e *IncompleteError) Error() string { return errors.Join(e.Errs...).Error() }

func (e *IncompleteError) Unwrap() []error { return e.Errs }

// Read takes the packets of src through all steps: a worker decodes, a player resolves what needs what came before and
// hands the packet to the consumer. A damaged file does not end the run: the others are read to their ends, and the error is an
// [*IncompleteError] then. Any other error is the consumer's.
func Read(src pcaps.Source, o Options, c Consumer) error {
	config := dissect.NewConfig(o.Dissect)
	work := worker{decoder: config.NewDecoder(), points: map[*pcaps.Interface]*dissect.Point{}, verify: !o.NoChecksums}
	play := player{resolver: config.NewResolver(), consumer: c, verify: !o.NoChecksums}
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
		work.decode(&frame)
		if err := play.packet(&work.packet); err != nil {
			return err
		}
		n++
	}
	if damaged.Errs != nil {
		return &damaged
	}
	return nil
}

// worker does what a frame alone decides. Any number of them may work on frames in any order.
type worker struct {
	decoder *dissect.Decoder
	packet  dissect.Packet
	points  map[*pcaps.Interface]*dissect.Point
	last    *pcaps.Interface
	point   *dissect.Point // of last
	verify  bool
}

// decode makes frame f the worker's packet.
func (w *worker) decode(f *pcaps.Frame) {
	w.decoder.Decode(&w.packet, &dissect.Frame{
		Data:    f.Data,
		WireLen: f.WireLen,
		Time:    f.Time,
		Number:  f.Number,
		Point:   w.capturePoint(f),

		Timeless: f.Timeless,
	})
	if w.verify {
		w.packet.Verify()
	}
}

// capturePoint returns what dissecting has to know of the interface that f was captured on. Frames of one interface mostly come in
// a row, and then it is the one of the frame before.
func (w *worker) capturePoint(f *pcaps.Frame) *dissect.Point {
	fcs := max(0, f.FCSLen())
	if f.Interface == w.last && fcs == w.point.FCSLen {
		return w.point
	}
	point := w.points[f.Interface]
	if point == nil {
		i := f.Interface
		point = &dissect.Point{ID: len(w.points), File: i.File, Index: i.ID, Name: i.Name, Link: uint16(i.LinkType), FCSLen: fcs}
		w.points[i] = point
	}
	if point.FCSLen != fcs { // the frame's own word against its interface's
		other := *point
		other.FCSLen = fcs
		point = &other
	}
	w.last, w.point = f.Interface, point
	return point
}

// player takes packets in capture order, for what depends on it.
type player struct {
	resolver *dissect.Resolver
	consumer Consumer
	verify   bool
}

func (r *player) packet(p *dissect.Packet) error {
	if p.Pending() {
		r.resolver.Resolve(p)
		if r.verify {
			p.Verify()
		}
	}
	return r.consumer.Packet(p)
}

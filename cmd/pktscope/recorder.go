package main

import (
	"context"

	"pktscope/anonymize"
	"pktscope/dissect"
	"pktscope/pcaps"
	"pktscope/reports"
)

// recorder writes packets.
type recorder struct {
	*writing
	sink
	context.Context                // done when the user has seen enough
	anonymous       *anonymous     // nil for packets that stay what they are
	own             *recorderShard // of Packet; nil if nobody has called it
	frame           pcaps.Frame    // that is written
}

// Packet implements [reports.Consumer].
func (r *recorder) Packet(p *dissect.Packet) error {
	if r.own == nil {
		r.own = r.newShard()
	}
	r.own.Packet(p)
	return r.own.Play()
}

// shardedRecorder is a recorder of which several goroutines take packets. They make frames of them, which are written in turn.
type shardedRecorder struct{ *recorder }

// NewShard implements [reports.Sharded].
func (r shardedRecorder) NewShard() reports.Shard { return r.newShard() }

func (r *recorder) newShard() *recorderShard {
	s := &recorderShard{recorder: r, value: r.values()}
	if r.anonymous != nil {
		s.anonymizer, s.inside.Point = r.anonymous.anonymizer(), new(dissect.Point)
	}
	return s
}

type recorderShard struct {
	*recorder
	anonymizer *anonymize.Anonymizer // nil for packets that stay what they are
	inside     dissect.Frame         // that it is given
	value      func([]byte, *dissect.Packet) []byte
	frames     []recorded // since the last Play
	made       []byte     // what they point to that is in no packet
}

// recorded is a frame to be written.
type recorded struct {
	dissect.Frame
	link    uint16 // of a frame that was carried along
	carried bool
	waits   bool   // for its turn to be made anonymous
	value   []byte // by which it is put into one of the files
}

const inherited = 3 // flags of a frame that hold for one inside it, too

// Packet implements [reports.Shard].
func (s *recorderShard) Packet(p *dissect.Packet) {
	f := recorded{Frame: p.Frame}
	if s.decap.given {
		inside, ok := p.Carried(s.decap.n)
		if !ok {
			return
		}
		f.carried, f.link = true, inside.Link
		f.Data, f.WireLen, f.Flags = inside.Data, inside.WireLen, f.Flags&inherited
	}
	if s.value != nil {
		n := len(s.made)
		s.made = s.value(s.made, p)
		f.value = s.made[n:len(s.made):len(s.made)]
	}
	if s.anonymizer != nil {
		f.Comments = nil
		if out, ok := s.anonymizer.Alone(f.dissected(&s.inside)); ok {
			n := len(s.made)
			s.made = append(s.made, out...)
			f.Data = s.made[n:len(s.made):len(s.made)]
		} else {
			f.waits = true
		}
	}
	s.frames = append(s.frames, f)
}

// dissected makes to the frame that is written, as dissecting sees it. Where it was captured says only how it is to be read.
func (f *recorded) dissected(to *dissect.Frame) *dissect.Frame {
	point := to.Point
	*to, *point = f.Frame, dissect.Point{Link: f.Point.Link, FCSLen: f.Point.FCSLen}
	if f.carried {
		point.Link, point.FCSLen = f.link, 0
	}
	to.Point = point
	return to
}

// Play implements [reports.Shard].
func (s *recorderShard) Play() error {
	for i := range s.frames {
		if err := s.record(&s.frames[i]); err != nil {
			return err
		}
	}
	s.frames, s.made = s.frames[:0], s.made[:0]
	return nil
}

func (r *recorder) record(f *recorded) error {
	if f.waits {
		f.Data = r.anonymous.inTurn.Frame(f.dissected(&r.anonymous.inside))
	}
	point := f.Point.Origin.(*pcaps.Interface)
	if f.carried {
		point = r.decap.point(point, f.link)
	}
	if r.anonymous != nil {
		point = r.anonymous.point(point)
	}
	r.frame = pcaps.Frame{Number: f.Number, Time: f.Time, Timeless: f.Timeless, Data: f.Data, WireLen: f.WireLen, Interface: point,
		Flags: f.Flags, Comments: f.Comments}
	if err := r.write(f.value, &r.frame); err != nil {
		return err
	}
	return r.Err()
}

// Flush implements [reports.Shard].
func (s *recorderShard) Flush() error { return nil }

// Begin implements [reports.Shard].
func (s *recorderShard) Begin(uint64) {}

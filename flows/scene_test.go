package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/internal/craft"
)

// scene is packets at capture points, in capture order, a millisecond apart unless something else is said.
type scene struct {
	frames []dissect.Frame
	points map[string]*dissect.Point
	now    int64
	id     uint16
}

func (s *scene) at(point string, layers ...craft.Layer) {
	s.frame(point, craft.Packet(append([]craft.Layer{craft.Ethernet{}}, layers...)...))
}

func (s *scene) frame(point string, data []byte) {
	if s.points == nil {
		s.points = map[string]*dissect.Point{}
	}
	p := s.points[point]
	if p == nil {
		p = &dissect.Point{ID: len(s.points), Name: point, Link: 1, FCSLen: -1}
		s.points[point] = p
	}
	s.now += 1e6
	s.frames = append(s.frames, dissect.Frame{Data: data, WireLen: len(data), Time: s.now, Number: uint64(len(s.frames) + 1), Point: p})
}

// wait lets nanoseconds pass.
func (s *scene) wait(ns int64) { s.now += ns }

// nextID is an identification that no packet had before.
func (s *scene) nextID() uint16 { s.id++; return s.id }

// play tracks the scene, with blocks of so many packets dealt to so many readers.
func (s *scene) play(t testing.TB, o flows.Options, block, readers int) *flows.Tracker {
	t.Helper()
	return s.playing(t, o, block, readers, func(*flows.Tracker) {})
}

// playing is play that shows the tracker to behind after each block.
func (s *scene) playing(t testing.TB, o flows.Options, block, readers int, behind func(*flows.Tracker)) *flows.Tracker {
	t.Helper()
	config := dissect.NewConfig(dissect.Options{Cookie: -1})
	resolver := config.NewResolver()
	tracker := flows.NewTracker(o)
	type worker struct {
		reader  *flows.Reader
		decoder *dissect.Decoder
		batch   flows.Batch
	}
	workers := make([]worker, readers)
	for i := range workers {
		workers[i] = worker{reader: flows.NewReader(), decoder: config.NewDecoder()}
	}
	for n := 0; len(s.frames[n*block:]) > 0; n++ {
		w := &workers[n%readers]
		w.batch.Reset()
		for i := range s.frames[n*block : min((n+1)*block, len(s.frames))] {
			var p dissect.Packet
			w.decoder.Decode(&p, &s.frames[n*block+i])
			resolver.Resolve(&p)
			p.Verify()
			w.reader.Read(&p, &w.batch)
		}
		tracker.Play(w.reader, &w.batch)
		behind(tracker)
		if (n+1)*block >= len(s.frames) {
			break
		}
	}
	return tracker
}

// describe writes a flow in a line: where, who, and of each direction packets and what is wrong with them.
func describe(f *flows.Flow) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s[%s] %s:%d>%s:%d", f.Segment.Point.Name, f.Segment.Name(), f.Source(), f.Sport, f.Destination(), f.Dport)
	if f.State != flows.StateNone {
		fmt.Fprintf(&b, " %s", f.State)
	}
	if f.Midstream {
		b.WriteString(" midstream")
	}
	if f.Ambiguous {
		b.WriteString(" ambiguous")
	}
	if f.Related > 0 {
		fmt.Fprintf(&b, " related=%d", f.Related)
	}
	for d := range f.Directions {
		x := &f.Directions[d]
		fmt.Fprintf(&b, " %d", x.Packets)
		for _, n := range []struct {
			name string
			n    uint32
		}{{"dup", x.Duplicates}, {"frag", x.Fragments}, {"bad", x.Bad}, {"retr", x.Counters.Of(flows.TCPRetransmission)}, {"ooo", x.Counters.Of(flows.TCPOutOfOrder)},
			{"lost", x.Counters.Of(flows.TCPLostSegment)}} {
			if n.n > 0 {
				fmt.Fprintf(&b, ",%s=%d", n.name, n.n)
			}
		}
	}
	for _, l := range f.Links {
		fmt.Fprintf(&b, " %s#%d", l.Kind, l.Flow)
	}
	return b.String()
}

func describeAll(t *flows.Tracker) (lines []string) {
	t.Flows(func(f *flows.Flow) bool {
		lines = append(lines, fmt.Sprintf("%d %s", f.ID, describe(f)))
		return true
	})
	return lines
}

// packets are the scene's, decoded.
func (s *scene) packets(t testing.TB) (all []*dissect.Packet) {
	t.Helper()
	config := dissect.NewConfig(dissect.Options{Cookie: -1})
	decoder, resolver := config.NewDecoder(), config.NewResolver()
	for i := range s.frames {
		p := new(dissect.Packet)
		decoder.Decode(p, &s.frames[i])
		resolver.Resolve(p)
		p.Verify()
		all = append(all, p)
	}
	return all
}

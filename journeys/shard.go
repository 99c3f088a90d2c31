package journeys

import (
	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/reports"
)

// What a packet says is read out of it by any number of goroutines, each with a shard of its own. Which packet it is, and all that follows
// from that, is found in capture order.

var (
	_ reports.Sharded = (*Follower)(nil)
	_ reports.Watcher = (*shard)(nil)
)

// NewShard implements [reports.Sharded].
func (f *Follower) NewShard() reports.Shard { return f.newShard() }

func (f *Follower) newShard() *shard {
	s := &shard{follower: f, insides: flows.NewInsides()}
	s.forget()
	return s
}

// shard reads packets.
type shard struct {
	follower *Follower
	insides  *flows.Insides
	places   places
	ends     endsTable
	placeIDs []int32 // the follower's, by the shard's own; unknown before the first packet of the place is played
	endsIDs  []int32

	seen   []span
	saying []saying
}

const unknownID = -1

// span is when there were frames at a capture point.
type span struct {
	point       *dissect.Point
	first, last int64
}

// saying is what a packet says.
type saying struct {
	capture   // place and ends are the shard's
	prints    prints
	point     *dissect.Point
	wireLen   int
	seen      int // spans that began before
	why       reason
	proves    bool // the print alone is enough where addresses differ
	encrypted bool
}

// See implements [reports.Watcher].
func (s *shard) See(f *dissect.Frame) {
	if f.Timeless {
		return
	}
	played := 0
	if n := len(s.saying); n > 0 {
		played = s.saying[n-1].seen
	}
	if n := len(s.seen); n > played {
		if w := &s.seen[n-1]; w.point == f.Point {
			w.first, w.last = min(w.first, f.Time), max(w.last, f.Time)
			return
		}
	}
	s.seen = append(s.seen, span{f.Point, f.Time, f.Time})
}

// Packet implements [reports.Shard]. Nothing in p is pending, and its checksums are verified.
func (s *shard) Packet(p *dissect.Packet) {
	s.saying = append(s.saying, saying{point: p.Point, wireLen: p.WireLen, seen: len(s.seen), why: timeless})
	if !p.Timeless {
		say := &s.saying[len(s.saying)-1]
		say.why = s.read(p, say)
	}
}

// read makes say what p says.
func (s *shard) read(p *dissect.Packet, say *saying) (why reason) {
	c := &say.capture
	c.time, c.frame = p.Time, p.Number
	in := s.insides.Read(p)
	ip, link := innermost(p)
	path := in.Path
	i := ip
	switch {
	case link > 0:
		path, i = in.Around, link
		say.prints, why = c.readLink(p, link)
	case ip == 0 || in.Observation == nil:
		return unknown
	default:
		say.prints, why = c.readIP(p, ip, &in)
	}
	if why != followed {
		return why
	}
	for j := range p.Layers {
		if l := &p.Layers[j]; l.Protocol == idESP && l.Flags&dissect.Quoted == 0 && p.Stop.Reason == dissect.StopOpaque {
			say.encrypted = true
			break
		}
	}
	c.place, _ = s.places.at(p.Point, path)
	c.ends = s.ends.of(p, i)
	say.proves = c.quotes || in.Observation != nil && in.PrintProves()
	if s.follower.options.Flow > 0 {
		c.text = appendHeaders(nil, p)
	}
	return followed
}

// Play implements [reports.Shard].
func (s *shard) Play() error {
	seen := 0
	for i := range s.saying {
		say := &s.saying[i]
		for ; seen < say.seen; seen++ {
			s.follower.see(&s.seen[seen])
		}
		s.follower.take(s, say)
	}
	for ; seen < len(s.seen); seen++ {
		s.follower.see(&s.seen[seen])
	}
	s.seen, s.saying = s.seen[:0], s.saying[:0]
	if len(s.places.all) > maxPlaces || len(s.ends.all) > maxEnds {
		s.forget()
	}
	return nil
}

// Flush implements [reports.Shard].
func (s *shard) Flush() error { return nil }

// Begin implements [reports.Shard].
func (s *shard) Begin(uint64) {}

// forget forgets the places and tunnels that the shard has met. Between two calls of Play it may meet any number.
func (s *shard) forget() {
	s.places, s.ends = newPlaces(noLimit), newEndsTable(noLimit)
	s.placeIDs, s.endsIDs = s.placeIDs[:0], s.endsIDs[:0]
}

// numbered makes the place and the tunnels of c those of the follower. It is not ok if that has no room for the place.
func (s *shard) numbered(c *capture) (ok bool) {
	f := s.follower
	s.placeIDs = extended(s.placeIDs, len(s.places.all))
	s.endsIDs = extended(s.endsIDs, len(s.ends.all))
	place, ends := c.place, c.ends
	if s.placeIDs[place] == unknownID {
		p := s.places.all[place]
		id, ok := f.places.at(p.Point, p.Path)
		if !ok {
			return false
		}
		s.placeIDs[place] = id
	}
	if s.endsIDs[ends] == unknownID {
		s.endsIDs[ends] = f.ends.number(s.ends.keys[ends])
	}
	c.place, c.ends = s.placeIDs[place], s.endsIDs[ends]
	return true
}

// extended is ids with room for n.
func extended(ids []int32, n int) []int32 {
	for len(ids) < n {
		ids = append(ids, unknownID)
	}
	return ids
}

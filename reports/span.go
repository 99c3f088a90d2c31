package reports

import "pktscope/dissect"

// span is the times of the earliest and the latest of some packets, nanoseconds since 1970. The zero value has none.
type span struct {
	first, last int64
	some        bool
}

func (s *span) add(ns int64) {
	if !s.some {
		*s = span{ns, ns, true}
		return
	}
	s.first, s.last = min(s.first, ns), max(s.last, ns)
}

// addPacket adds the time of p, if it has one.
func (s *span) addPacket(p *dissect.Packet) {
	if !p.Timeless {
		s.add(p.Time)
	}
}

func (s *span) absorb(from *span) {
	if from.some {
		s.add(from.first)
		s.add(from.last)
	}
}

// cells returns the two times as cells of [KindTime].
func (s *span) cells() (first, last Cell) {
	if !s.some {
		return Cell{}, Cell{}
	}
	return Int(s.first), Int(s.last)
}

// overlaps tells whether some time is in both.
func (s *span) overlaps(t *span) bool {
	return s.some && t.some && s.first <= t.last && t.first <= s.last
}

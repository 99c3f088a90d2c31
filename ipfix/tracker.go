package ipfix

import "pktscope/flows"

// Tracker exports all flows that t remembers and that takes chooses.
func (e *Exporter) Tracker(t *flows.Tracker, takes func(*flows.Flow) bool) (err error) {
	all := translated(t)
	t.Flows(func(f *flows.Flow) bool {
		if !takes(f) {
			return true
		}
		err = e.Flow(f, all.behind(f), reasonAtEnd(f))
		return err == nil
	})
	return err
}

// reasonAtEnd is why f, which did not leave, is exported at the end of the capture.
func reasonAtEnd(f *flows.Flow) EndReason {
	switch {
	case f.State == flows.StateTimeWait, f.State == flows.StateClose, f.State == flows.StateClosed && f.Replied:
		return Over
	case f.Remaining == 0:
		return Idle
	}
	return Forced
}

// tuples are those of flows, by their ID.
type tuples map[uint32]flows.Tuple

// translated returns the tuples of the flows that a translator is between.
func translated(t *flows.Tracker) tuples {
	all := tuples{}
	t.Flows(func(f *flows.Flow) bool {
		for i := range f.Links {
			if f.Links[i].Kind == flows.NATOf {
				all[f.ID] = f.Tuple
				break
			}
		}
		return true
	})
	return all
}

// behind returns what a translator makes of f's directions behind the place where f was captured: of the original direction before the translator, and of
// the reply direction after it. Where f is linked to several flows, the link that is surest counts; one whose directions are turned says
// nothing of where the translator is.
func (all tuples) behind(f *flows.Flow) (b Behind) {
	var score [2]float64
	for i := range f.Links {
		l := &f.Links[i]
		if l.Kind != flows.NATOf || l.Turned {
			continue
		}
		d := flows.Original
		if l.After {
			d = flows.Reply
		}
		other, ok := all[l.Flow]
		if !ok || b[d] != nil && l.Score <= score[d] {
			continue
		}
		if d == flows.Reply {
			other = other.Reverse()
		}
		b[d], score[d] = &other, l.Score
	}
	return b
}

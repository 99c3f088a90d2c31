package reports

import "pktscope/flows"

// tracking follows the flows of a run for those reports that say something of them. They share one tracker.
type tracking struct {
	*flows.Tracker
	options flows.Options
	leaving []func(*flows.Flow)
	carries []func(id uint32, t *flows.Tuple)
}

func newTracking(o flows.Options) *tracking {
	t := new(tracking)
	o.Left = func(f *flows.Flow) {
		for _, left := range t.leaving {
			left(f)
		}
	}
	o.Carries = func(id uint32, tuple *flows.Tuple) {
		for _, carries := range t.carries {
			carries(id, tuple)
		}
	}
	t.options = o
	t.reset()
	return t
}

// reset forgets all flows.
func (t *tracking) reset() { t.Tracker = flows.NewTracker(t.options) }

// onLeave shows left each flow that leaves before the end to keep the limit, so that it is counted all the same. All others are there at
// the end, see [flows.Tracker.Flows].
func (t *tracking) onLeave(left func(*flows.Flow)) { t.leaving = append(t.leaving, left) }

// onCarrying shows carries each flow once that others are in.
func (t *tracking) onCarrying(carries func(id uint32, t *flows.Tuple)) {
	t.carries = append(t.carries, carries)
}

package reports

import (
	"time"

	"pktscope/flows"
)

// tracking follows the flows of a run for those reports that say something of them. They share one tracker.
type tracking struct {
	*flows.Tracker
	options flows.Options
	leaving []func(*flows.Flow)
	over    []func(*flows.Connection)
	forgot  []func()
	whole   bool // flows that leave now were shown as connections before
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
func (t *tracking) reset() {
	if t.Tracker == nil {
		t.Tracker = flows.NewTracker(t.options)
	} else {
		t.Tracker = t.Renewed()
	}
}

// onLeave shows left each flow that leaves before the end, so that it is counted all the same. All others are there at the end, see [flows.Tracker.Flows].
func (t *tracking) onLeave(left func(*flows.Flow)) { t.leaving = append(t.leaving, left) }

// onOver shows over each connection that leaves as a whole, before its flows leave.
func (t *tracking) onOver(over func(*flows.Connection)) { t.over = append(t.over, over) }

// onForgotten calls forgot behind each time that connections were let go.
func (t *tracking) onForgotten(forgot func()) { t.forgot = append(t.forgot, forgot) }

// forget lets connections leave that are over.
func (t *tracking) forget(quiet time.Duration) {
	t.whole = true
	t.Forget(quiet, func(c *flows.Connection) {
		for _, over := range t.over {
			over(c)
		}
	})
	t.whole = false
	for _, forgot := range t.forgot {
		forgot()
	}
}

// onCarrying shows carries each flow once that others are in.
func (t *tracking) onCarrying(carries func(id uint32, t *flows.Tuple)) {
	t.carries = append(t.carries, carries)
}

package reports

import (
	"pktscope/dissect"
	"pktscope/flows"
)

// tracking follows the flows of a run for those reports that say something of them. They share one tracker.
type tracking struct {
	*flows.Tracker
	options flows.Options
	reader  *flows.Reader
	batch   flows.Batch
	leaving []func(*flows.Flow)
}

func newTracking(o flows.Options) *tracking {
	t := &tracking{}
	o.Left = func(f *flows.Flow) {
		for _, left := range t.leaving {
			left(f)
		}
	}
	t.options = o
	t.reset()
	return t
}

// reset forgets all flows.
func (t *tracking) reset() { t.reader, t.Tracker = flows.NewReader(), flows.NewTracker(t.options) }

// onLeave shows left each flow that leaves before the end to keep the limit, so that it is counted all the same. All others are there at
// the end, see [flows.Tracker.Flows].
func (t *tracking) onLeave(left func(*flows.Flow)) { t.leaving = append(t.leaving, left) }

func (t *tracking) packet(p *dissect.Packet) {
	t.batch.Reset()
	t.reader.Read(p, &t.batch)
	t.Play(t.reader, &t.batch)
}

package ipfix

import (
	"time"

	"pktscope/flows"
)

// ActiveTimeout is how long a flow that goes on is without a record, in packet time (RFC 7011 section 2, "Flow Expiration").
const ActiveTimeout = time.Minute

// A Meter exports flows while they go on: what each direction had since its last record, when the flow is over, has timed out or leaves, and every
// [ActiveTimeout]. So the records of a flow add up to all that it had.
type Meter struct {
	exporter *Exporter
	told     map[uint32]told // by the flow's ID, until it leaves
}

// told is what records have had of a flow.
type told struct {
	packets, bytes [2]uint64
	until          int64 // the flow's last packet then, in nanoseconds since the Unix epoch
}

// NewMeter returns a meter that exports by e.
func NewMeter(e *Exporter) *Meter { return &Meter{exporter: e, told: map[uint32]told{}} }

// Interval exports what is due at time now, in nanoseconds since the Unix epoch, and whatever there is if it is the last one.
func (m *Meter) Interval(t *flows.Tracker, now int64, last bool) (err error) {
	all := translated(t)
	t.Flows(func(f *flows.Flow) bool {
		was, known := m.told[f.ID]
		since := was.until
		if !known {
			since = f.First()
		}
		reason := reasonAtEnd(f)
		if reason == Forced && !last {
			if now-since < int64(ActiveTimeout) {
				return true
			}
			reason = Active
		}
		err = m.export(f, all.behind(f), reason)
		return err == nil
	})
	if err != nil {
		return err
	}
	return m.exporter.Flush()
}

// Left exports what is left of a flow that leaves to keep a limit.
func (m *Meter) Left(f *flows.Flow) error {
	err := m.export(f, Behind{}, NoRoom)
	delete(m.told, f.ID)
	return err
}

// export exports what f had since it was exported before, if that is something.
func (m *Meter) export(f *flows.Flow, behind Behind, reason EndReason) error {
	was := m.told[f.ID]
	now := told{until: f.Last()}
	for d := range f.Directions {
		t := &f.Directions[d]
		now.packets[d], now.bytes[d] = t.Packets, t.Bytes
		if t.Packets <= was.packets[d] {
			continue
		}
		has := m.exporter.record.set(f, flows.Direction(d), behind[d], reason)
		r := &m.exporter.record
		r.packets, r.bytes = t.Packets-was.packets[d], t.Bytes-min(t.Bytes, was.bytes[d])
		r.first = max(r.first, min(was.until, r.last))
		if err := m.exporter.add(has); err != nil {
			return err
		}
	}
	m.told[f.ID] = now
	return nil
}

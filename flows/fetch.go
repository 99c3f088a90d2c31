package flows

// Where there are many flows, what is remembered of each lies far from the others, and a packet waits for several lines of memory one after
// the other. To look at the flows of the next packets first lets the processor fetch the lines of all of them at a time.

// fetchAhead is for how many observations at a time. What is fetched must still be in the cache when it is needed.
const fetchAhead = 64

// fetch touches what playing the observations will need.
func (t *Tracker) fetch(observations []Observation) {
	var flows [fetchAhead]uint32
	var sum uint32 // so that nothing is left out for want of use
	n := 0
	mask, alike := uint32(len(t.exact.slots)-1), uint32(len(t.alike.slots)-1)
	for i := range observations {
		o := &observations[i]
		hash := keyHash(o.hash, t.numbered[o.path].slot)
		if s := t.exact.slots[hash&mask]; s.record != 0 {
			flows[n] = s.record
			n++
		}
		sum += t.alike.slots[uint32(o.hash>>32)&alike].record
		if o.is(innermost) {
			sum += uint32(t.copies.set(o.Print).next)
		}
	}
	for _, f := range flows[:n] {
		a := t.accounts.at(f)
		sum += uint32(a.deadline) + a.ties + a.troubles[0]
		if tcp := t.records.at(f).tcp; tcp != 0 {
			sum += t.tcps.at(tcp).sides[0].next + t.tcps.at(tcp).sides[1].next
		}
	}
	t.fetched = sum
}

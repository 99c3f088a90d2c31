package flows

// Where there are many flows, what is remembered of each lies far from the others, and a packet waits for several lines of memory one after
// the other. To look at the flows of the next packets first lets the processor fetch the lines of all of them at a time.

// fetchAhead is for how many observations at a time. What is fetched must still be in the cache when it is needed.
const fetchAhead = 32

// fetch touches what playing the observations will need.
func (t *Tracker) fetch(observations []Observation) {
	var flows [fetchAhead]uint32 // first those that are found first, then what is remembered of their connections
	var sum uint32               // so that nothing is left out for want of use
	n := 0
	mask, alike := uint32(len(t.exact.slots)-1), uint32(len(t.alike.slots)-1)
	for i := range observations {
		o := &observations[i]
		s := t.numbered[o.path]
		hash := keyHash(o.hash, s.slot)
		slot := t.exact.slots[hash&mask]
		if slot.hash != hash && slot.record != 0 {
			slot = t.exact.slots[(hash+1)&mask]
		}
		flows[i&(fetchAhead-1)] = slot.record
		if o.is(innermost) {
			sum += uint32(t.copies.set(o.Print).next) + uint32(s.TOS.Values[1].TOS)
		}
	}
	for i := range observations {
		f := flows[i&(fetchAhead-1)]
		if f != 0 {
			a := t.accounts.at(f)
			sum += uint32(a.deadline) + a.ties + a.troubles[0]
			r := t.records.at(f)
			if flows[n] = r.tcp; r.tcp != 0 {
				n++
			}
			if r.state&(hadOriginal|hadReply) == hadOriginal|hadReply {
				continue
			}
		}
		sum += t.alike.slots[uint32(observations[i].hash>>32)&alike].record // where there may be something that it belongs to
	}
	for _, n := range flows[:n] {
		tcp := t.tcps.at(n)
		sum += tcp.sides[0].next + tcp.sides[1].next + tcp.results[0].count + tcp.results[1].inFlight
	}
	t.fetched = sum
}

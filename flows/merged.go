package flows

// What a key of addresses and ports alone would make of flows that have these alike in several segments: the usual mistake, played along
// beside what is right so that reports can say what it costs.

// Merged is a TCP connection as somebody sees it who keeps no tenants apart: all packets with the same addresses and ports, each counted
// once, from where the second flow with them began.
type Merged struct {
	Packets uint64
	Errors  uint64 // packets that seem to be a retransmission, out of order, a duplicate ACK, to show a gap, or to use ports again
	True    uint64 // packets that are, in the flow that they belong to

	// Of both directions.
	Counters TCPCounters
}

// wrong are the events that people call TCP errors. Tools with such a key call data of a SYN that comes again one, too.
const (
	wrong     = TCPRetransmission | TCPOutOfOrder | TCPDuplicateACK | TCPLostSegment | TCPACKedUnseen
	seemWrong = wrong | TCPSYNDataAgain
)

type merged struct {
	Merged
	tuple Tuple // whose direction is the original one
	tcp   TCP
	start [2]uint32 // sequence numbers of the last SYNs by direction
	began [2]bool   // there were some
	flows int       // that feed it
}

// maxMerged bounds the connections that are played along.
const maxMerged = 1 << 16

// merge looks whether another segment has flows with the addresses and ports of flow n, which begins with a packet of TCP. If so they are played
// together from now on, beginning with what the first of them has come to: until now it was alone.
func (t *Tracker) merge(n, hash uint32, copied bool) {
	f := t.records.at(n)
	head := t.alikeHead(hash, &f.Tuple)
	if head == 0 || head == n && f.next == 0 {
		return
	}
	first, m := uint32(0), uint32(0)
	for x := head; x != 0; x = t.records.at(x).next {
		if x == n {
			continue
		}
		if tied := t.tied(t.accounts.at(x)); tied.merged != 0 {
			m = tied.merged
		}
		if first == 0 || t.records.at(x).id < t.records.at(first).id {
			first = x
		}
	}
	if m != 0 {
		t.feed(n, m)
		return
	}
	if copied || t.tied(t.accounts.at(n)).owner != 0 {
		return // the same connection, seen elsewhere
	}
	if t.merged.len() >= maxMerged {
		t.counts.Unmerged++
		return
	}
	m = t.merged.take()
	connection, flip := first, false
	if tied := t.tied(t.accounts.at(first)); tied.owner != 0 {
		connection, flip = tied.owner, tied.flip
	}
	*t.merged.at(m) = merged{tuple: t.records.at(first).Tuple}
	if f, a := t.records.at(first), t.accounts.at(first); f.tcp != 0 && f.state&midstream == 0 {
		// The number that it began with, if nothing was sent twice.
		own := &t.tcps.at(f.tcp).sides[Original]
		t.merged.at(m).start[Original] = own.next - 1 - uint32(a.original.payload)
		t.merged.at(m).began[Original] = own.state&syn != 0
	}
	if tcp := t.records.at(connection).tcp; tcp != 0 {
		at := &t.merged.at(m).tcp
		*at = *t.tcps.at(tcp)
		if flip {
			at.turn()
		}
	}
	for x := head; x != 0; x = t.records.at(x).next {
		if x != n {
			t.feed(x, m)
		}
	}
	t.feed(n, m) // which found no room in the list, if that is long
}

// feed lets flow n be a part of m.
func (t *Tracker) feed(n, m uint32) {
	_, opposite := t.records.at(n).alike(&t.merged.at(m).tuple)
	tied := t.tie(n)
	tied.merged, tied.turned = m, opposite
	t.merged.at(m).flows++
}

// starve ends that; tied are the ties of a flow that leaves.
func (t *Tracker) starve(tied *ties) {
	if tied.merged == 0 {
		return
	}
	m := t.merged.at(tied.merged)
	if m.flows--; m.flows == 0 {
		t.merged.give(tied.merged)
	}
}

// segment plays a packet; e is what it is in its flow.
func (m *merged) segment(d Direction, s *TCPSegment, e TCPEvents) {
	m.Packets++
	if e&wrong != 0 {
		m.True++
	}
	again := false
	if s.Flags&(SYN|ACK) == SYN {
		if again = m.began[d] && m.start[d] != s.Sequence; again {
			m.tcp = TCP{}
		}
		m.began[d], m.start[d] = true, s.Sequence
	}
	e = m.tcp.Segment(d, s)
	if e != 0 {
		m.Counters.Count(&m.tcp, s, e)
	}
	if again || e&seemWrong != 0 {
		m.Errors++
	}
}

// turn makes the original direction the reply.
func (t *TCP) turn() {
	t.sides[0], t.sides[1] = t.sides[1], t.sides[0]
	t.results[0], t.results[1] = t.results[1], t.results[0]
}

package flows

import (
	"cmp"
	"iter"
	"slices"
)

// A Connection is what flows that are linked as reply-of or continuation-of are together. A flow without such links is one by itself.
type Connection struct {
	// Flow is the flow that has the state of the connection. What the others had is added to its directions.
	Flow
	Segments [2][]*Segment // those that the packets of each direction were in, in the order of their flows
	IDs      []uint32      // of all flows of the connection, in their order
}

// Connections calls visit for the connections of all flows that have not left, in the order of the IDs of the flows that have their
// states, until it returns false. The connection is good until visit returns.
func (t *Tracker) Connections(visit func(*Connection) bool) {
	t.connections(func(_ uint32, c *Connection) bool { return visit(c) })
}

// connections is Connections that says the number of the flow that has the state.
func (t *Tracker) connections(visit func(uint32, *Connection) bool) {
	var c Connection
	var member Flow
	for _, n := range t.inOrder() {
		if t.tied(t.accounts.at(n)).owner != 0 {
			continue
		}
		t.view(n, &c.Flow)
		c.alone()
		for m := range t.members(n) {
			t.view(m, &member)
			c.add(&member, t.tied(t.accounts.at(m)).flip)
		}
		slices.Sort(c.IDs)
		if !visit(n, &c) {
			return
		}
	}
}

// members are the flows whose state flow n has.
func (t *Tracker) members(n uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for m := t.tied(t.accounts.at(n)).members; m != 0 && yield(m); {
			m = t.tied(t.accounts.at(m)).nextMember
		}
	}
}

// Alone makes c the connection that f is without the flows that it is linked to, which may have left before. It is good as long as f is.
func (c *Connection) Alone(f *Flow) {
	c.Flow = *f
	c.alone()
}

func (c *Connection) alone() {
	c.IDs = append(c.IDs[:0], c.ID)
	for d := range c.Segments {
		c.Segments[d] = c.Segments[d][:0]
		if c.Directions[d].Packets > 0 {
			c.Segments[d] = append(c.Segments[d], c.Segment)
		}
	}
}

// add adds flow m, whose original direction is the connection's reply if flip is true.
func (c *Connection) add(m *Flow, flip bool) {
	c.IDs = append(c.IDs, m.ID)
	for d := range m.Directions {
		from := &m.Directions[d]
		to := Direction(d).flip(flip)
		if from.Packets > 0 && !slices.Contains(c.Segments[to], m.Segment) {
			c.Segments[to] = append(c.Segments[to], m.Segment)
		}
		c.Directions[to].add(from)
	}
	c.Midstream = c.Midstream && m.Midstream
	c.Related += m.Related
	c.Invalid += m.Invalid
	c.ManyAround = c.ManyAround || m.ManyAround || m.Parent != c.Parent
	if c.TLS == nil {
		c.TLS = m.TLS
	}
	if c.DNS == nil {
		c.DNS = m.DNS
	}
}

func (tr *Traffic) add(from *Traffic) {
	switch {
	case from.Packets == 0:
	case tr.Packets == 0:
		tr.First, tr.Last, tr.TTL = from.First, from.Last, from.TTL
	default:
		tr.First, tr.Last = min(tr.First, from.First), max(tr.Last, from.Last)
		tr.TTL = [2]uint8{min(tr.TTL[0], from.TTL[0]), max(tr.TTL[1], from.TTL[1])}
	}
	tr.MoreTOS = tr.MoreTOS || from.MoreTOS
	for _, tos := range from.TOS {
		if slices.Contains(tr.TOS, tos) {
			continue
		}
		if len(tr.TOS) == maxTOS {
			tr.MoreTOS = true
			break
		}
		tr.TOS = append(tr.TOS, tos)
	}
	tr.Packets += from.Packets
	tr.Bytes += from.Bytes
	tr.Payload += from.Payload
	tr.Good += from.Good
	tr.Bad += from.Bad
	tr.Unverified += from.Unverified
	tr.Fragments += from.Fragments
	tr.Duplicates += from.Duplicates
	tr.Counters.add(&from.Counters)
}

func (c *TCPCounters) add(from *TCPCounters) {
	c.RetransmittedBytes += from.RetransmittedBytes
	c.RepeatedBytes += from.RepeatedBytes
	for i, n := range from.events {
		c.events[i] += n
	}
}

// inOrder is the numbers of all flows that have not left, in the order in which they began.
func (t *Tracker) inOrder() []uint32 {
	numbers := make([]uint32, 0, t.records.len())
	last, sorted := uint32(0), true // numbers are given again only if flows have left
	for n := uint32(1); n <= t.records.used; n++ {
		if id := t.records.at(n).id; id != 0 {
			sorted = sorted && last < id
			last = id
			numbers = append(numbers, n)
		}
	}
	if !sorted {
		slices.SortFunc(numbers, func(a, b uint32) int { return cmp.Compare(t.records.at(a).id, t.records.at(b).id) })
	}
	return numbers
}

// Clone returns a copy that stays good.
func (c *Connection) Clone() *Connection {
	clone := *c
	clone.IDs = slices.Clone(c.IDs)
	clone.Links = slices.Clone(c.Links)
	for d := range clone.Directions {
		clone.Directions[d].TOS = slices.Clone(c.Directions[d].TOS)
		clone.Segments[d] = slices.Clone(c.Segments[d])
	}
	if c.TCP != nil {
		tcp := *c.TCP
		clone.TCP = &tcp
	}
	return &clone
}

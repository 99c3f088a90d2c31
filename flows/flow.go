package flows

import (
	"cmp"
	"slices"
	"time"
)

// Flow is what is known of a flow.
type Flow struct {
	ID      uint32
	Frame   uint64 // number of its first packet
	Segment *Segment
	Tenant  string // the segment's; or else whose its addresses are, as the tenants file says
	Tuple          // of the original direction
	Parent  uint32 // ID of the flow of the tunnel's own packets around it, 0 for none

	State      State         // as conntrack shows it, of the whole connection if it is linked to others
	Replied    bool          // packets were seen in both directions
	Assured    bool          // see Conntrack
	Midstream  bool          // its beginning was not captured
	Flipped    bool          // conntrack takes the reply for the original direction: it was captured first
	Remaining  time.Duration // what is left of its timeout at the last packet of the capture; 0 if it is over
	Ambiguous  bool          // several flows could be its other direction, so that it is linked to none
	ManyAround bool          // it was seen inside several flows, of which Parent is the first
	Against    bool          // its original direction was first seen in the reply direction of Parent
	Carrier    bool          // it is the parent of others: a tunnel
	Ended      bool          // a later flow has the same key

	Directions [2]Traffic
	TCP        *TCP // nil for other protocols, and for flows whose connection is another flow's
	Related    uint32
	Invalid    uint32 // packets that its state has no room for
	Links      []Link
	Doubtful   []Link    // nat-of links that are not believed in, because several flows of one place could be the other one
	Connection uint32    // ID of the flow that has the connection's state; its own if it is not linked
	TLS        *TLSLabel // nil if no ClientHello was seen
	DNS        *DNSLabel // nil if it has no messages of DNS

	// What a key of addresses and ports alone would make of this one and others that are alike in other segments; nil for none. Flows of TCP
	// that are the same connection, captured at several places, may have one, too.
	Merged *Merged
}

// Traffic is what was counted of one direction.
type Traffic struct {
	Packets    uint64 // whole datagrams; those that came in fragments count once, duplicates do not count
	Bytes      uint64 // of IP packets, headers included
	Payload    uint64 // bytes behind the transport headers
	First      int64  // nanoseconds since the Unix epoch
	Last       int64
	Good       uint64 // packets whose checksums are all right
	Bad        uint32
	Unverified uint32 // absent, owed by the NIC, or cut off
	Fragments  uint32
	Duplicates uint32   // packets that were captured again in the same segment
	TOS        []uint8  // values, in the order in which they were met; at most four
	MoreTOS    bool     // there were others
	TTL        [2]uint8 // lowest and highest
	TCPFlags   uint8    // that any segment had, as in the header's last byte of flags

	Counters TCPCounters

	// Numbers of frames, 0 for none: the first retransmissions, reset and zero window.
	SentAgain         [3]uint64
	Reset, ZeroWindow uint64
}

// Packets is how many there are in both directions.
func (f *Flow) Packets() uint64 { return f.Directions[0].Packets + f.Directions[1].Packets }

// Bytes is how many there are in both directions.
func (f *Flow) Bytes() uint64 { return f.Directions[0].Bytes + f.Directions[1].Bytes }

// First is when the flow began, in nanoseconds since the Unix epoch.
func (f *Flow) First() int64 {
	a, b := &f.Directions[0], &f.Directions[1]
	switch {
	case a.Packets == 0:
		return b.First
	case b.Packets == 0:
		return a.First
	}
	return min(a.First, b.First)
}

// Last is when it had its last packet, in nanoseconds since the Unix epoch.
func (f *Flow) Last() int64 { return max(f.Directions[0].Last, f.Directions[1].Last) }

// Len is how many flows have not left.
func (t *Tracker) Len() int { return t.records.len() }

// Flows calls visit for all flows that have not left, in the order in which they began, until it returns false. The flow is good until visit
// returns.
func (t *Tracker) Flows(visit func(*Flow) bool) {
	for _, n := range t.inOrder() {
		t.view(n, &t.flow)
		if !visit(&t.flow) {
			return
		}
	}
}

// view makes v what is known of flow n. It sets fields one by one, in place: a million flows are viewed by several reports.
func (t *Tracker) view(n uint32, v *Flow) {
	f, a := t.records.at(n), t.accounts.at(n)
	tied := t.tied(a)
	links, doubtful := v.Links[:0], v.Doubtful[:0]
	v.ID, v.Frame, v.Segment, v.Tuple, v.Parent = f.id, *t.frames.at(n), t.segments.slots[f.segment], f.Tuple, f.parent
	v.Midstream, v.Ambiguous = f.state&midstream != 0 || a.conntrack.Midstream(), f.state&unsure != 0
	v.Flipped, v.ManyAround = f.state&flipped != 0, f.state&manyAround != 0
	v.Against, v.Carrier, v.Ended = f.state&against != 0, f.state&carrier != 0, f.state&indexed == 0
	v.Related, v.Invalid, v.Connection, v.Remaining = tied.related, tied.invalid, f.id, 0
	v.TCP, v.TLS, v.DNS, v.Merged = nil, nil, nil, nil
	for d := range v.Directions {
		t.traffic(a, Direction(d), &v.Directions[d])
	}
	if v.Tenant = v.Segment.Tenant; v.Tenant == "" && t.options.Tenants != nil {
		v.Tenant, _ = t.options.Tenants.ByPrefix(v.Source(), v.Destination())
	}
	c := a
	switch {
	case tied.owner != 0:
		v.Connection, c = t.records.at(tied.owner).id, t.accounts.at(tied.owner)
	case f.tcp != 0:
		v.TCP = t.tcps.at(f.tcp)
	}
	v.State, v.Replied, v.Assured = c.conntrack.State(), c.conntrack.Replied(), c.conntrack.Assured()
	if !v.Ended {
		v.Remaining = time.Duration(max(0, c.deadline-t.now))
	}
	for l := tied.links; l != 0; l = t.links.at(l).next {
		link := t.links.at(l).Link
		switch link.Kind {
		case DuplicateOf:
			if !t.provenLink(n, l) {
				continue
			}
		case NATOf:
			link.Score = t.score(n, t.links.at(l))
			if !t.proves(n, l) {
				if r := t.links.at(l); r.contested > 0 || r.believed() {
					doubtful = append(doubtful, link)
				}
				continue
			}
		}
		links = append(links, link)
	}
	slices.SortFunc(links, compareLinks)
	slices.SortFunc(doubtful, compareLinks)
	v.Links, v.Doubtful = links, doubtful
	if tied.merged != 0 {
		v.Merged = &t.merged.at(tied.merged).Merged
	}
	t.viewLabel(f, tied.label, v)
}

func compareLinks(x, y Link) int {
	return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Flow, y.Flow))
}

// provenLink tells whether the translation between the segments of a link is proven.
func (t *Tracker) provenLink(n, l uint32) bool {
	a, b := t.segmentOf(n).ID, t.links.at(l).segment
	return t.proven(t.translations.byPair[pairOf(a, b)])
}

// traffic makes tr what was counted of direction d.
func (t *Tracker) traffic(a *account, d Direction, tr *Traffic) {
	from := a.direction(d)
	tr.Packets, tr.Bytes, tr.Payload, tr.First, tr.Last = from.packets, from.bytes, from.payload, from.first, from.last
	tr.Unverified, tr.TTL, tr.TCPFlags = from.unverified, from.ttl, from.tcpFlags
	tr.TOS, tr.MoreTOS = append(tr.TOS[:0], from.tos[:min(int(from.values), len(from.tos))]...), int(from.values) > len(from.tos)
	if n := a.troubles[d]; n != 0 {
		seen := t.troubles.at(n)
		tr.Bad, tr.Fragments, tr.Duplicates, tr.Counters = seen.bad, seen.fragments, seen.duplicates, seen.TCPCounters
		tr.SentAgain, tr.Reset, tr.ZeroWindow = seen.sentAgain, seen.reset, seen.zeroWindow
	} else {
		tr.Bad, tr.Fragments, tr.Duplicates, tr.Counters = 0, 0, 0, TCPCounters{}
		tr.SentAgain, tr.Reset, tr.ZeroWindow = [3]uint64{}, 0, 0
	}
	tr.Good = from.packets - min(from.packets, uint64(tr.Bad)+uint64(tr.Unverified))
}

package reports

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"slices"

	"pktscope/flows"
)

// The segments report: which identifiers were seen at which capture point, which of them are one network under several names, with the
// packets that prove it, and what other ways to tell segments apart would make of the same flows.
type segments struct {
	tracking *tracking
	flows    map[uint32]uint64 // that left, by the segment's ID
	left     uint64
	limit    int
}

func newSegments(s setup) Report {
	r := &segments{tracking: s.flows, flows: map[uint32]uint64{}, limit: s.groups}
	r.tracking.onLeave(func(f *flows.Flow) {
		r.left++
		if r.flows[f.Segment.ID] > 0 || len(r.flows) < r.limit {
			r.flows[f.Segment.ID]++
		}
	})
	return r
}

func (r *segments) NewPart() Part { return noPart{} }

func (r *segments) Reset() {
	clear(r.flows)
	r.left = 0
}

func (r *segments) Snapshot() []*Table {
	realms := newRealms(r.tracking)
	return []*Table{r.segments(realms), r.networks(realms), r.translations(realms), r.pairs(realms), r.policies(realms)}
}

func (r *segments) segments(realms *realms) *Table {
	t := &Table{
		Name: "segments", Title: "Segments",
		Columns: []Column{
			{Name: "id", Title: "ID", Kind: KindNumber},
			{Name: "segment"},
			{Name: "point"},
			{Name: "tenant"},
			{Name: "packets", Kind: KindCount},
			{Name: "bytes", Kind: KindBytes},
			{Name: "bytes_share", Title: "share", Kind: KindShare},
			{Name: "flows", Kind: KindCount},
			{Name: "first", Kind: KindTime},
			{Name: "last", Kind: KindTime},
		},
	}
	count := map[uint32]uint64{}
	for id, n := range r.flows {
		count[id] = n
	}
	r.tracking.Flows(func(f *flows.Flow) bool {
		count[f.Segment.ID]++
		return true
	})
	forgotten := r.tracking.ForgottenSegments()
	whole := forgotten.Bytes
	r.tracking.Segments(func(s *flows.Segment) bool {
		whole += s.Bytes
		return true
	})
	others := forgotten.Packets > 0
	other := struct{ packets, bytes, flows uint64 }{forgotten.Packets, forgotten.Bytes, 0}
	r.tracking.Segments(func(s *flows.Segment) bool {
		if len(t.Rows) >= r.limit {
			others = true
			other.packets += s.Packets
			other.bytes += s.Bytes
			other.flows += count[s.ID]
			return true
		}
		var first, last, point Cell
		if s.Timed {
			first, last = Int(s.First), Int(s.Last)
		}
		if s.Tenant == "" {
			point = Text(cmp.Or(realms.places[s.Point], onePlace(s.Point.Name, s.Point.File)))
		}
		t.Add(Int(s.ID), Text(s.Name()), point, Text(realms.names[realms.RealmOf(s.ID)]), Int(s.Packets), Int(s.Bytes), Share(s.Bytes, whole),
			Int(count[s.ID]), first, last)
		return true
	})
	if others {
		t.Other = []Cell{{}, {}, {}, {}, Int(other.packets), Int(other.bytes), Share(other.bytes, whole), Int(other.flows), {}, {}}
	}
	if forgotten.Count > 0 {
		t.Note("%s segments left to keep the limit on segments (--max-segments)", thousands(int64(forgotten.Count)))
	}
	t.mustSort("-packets", "-bytes", "id")
	return t
}

// onePlace names the only capture point.
func onePlace(name, file string) string { return cmp.Or(name, stem(file)) }

func (r *segments) networks(realms *realms) *Table {
	t := &Table{
		Name: "networks", Title: "Networks that have several names",
		Columns: []Column{
			{Name: "network"},
			{Name: "packets", Title: "proof", Kind: KindCount},
		},
	}
	for i := range realms.All {
		if n := &realms.All[i]; len(n.Segments) > 1 && len(t.Rows) < r.limit {
			t.Add(Text(realms.chain(n)), Int(n.Proof))
		}
	}
	t.mustSort("-packets")
	return t
}

func (r *segments) translations(realms *realms) *Table {
	t := &Table{
		Name: "translations", Title: "Translations",
		Columns: []Column{
			{Name: "a"},
			{Name: "b"},
			{Name: "kind"},
			{Name: "packets", Kind: KindCount},
			{Name: "frame_a", Kind: KindNumber},
			{Name: "frame_b", Kind: KindNumber},
			{Name: "first", Kind: KindTime},
			{Name: "last", Kind: KindTime},
		},
	}
	apart := 0
	for _, tr := range r.tracking.Translations() {
		kind := "same"
		switch {
		case tr.Routed:
			kind = "routed"
		case realms.Of(tr.A.ID) != realms.Of(tr.B.ID):
			kind = "apart"
			apart++
		}
		if len(t.Rows) >= r.limit {
			continue
		}
		t.Add(Text(realms.segment(tr.A)), Text(realms.segment(tr.B)), Text(kind), Int(tr.Packets), Int(tr.Frames[0]), Int(tr.Frames[1]), Int(tr.First), Int(tr.Last))
	}
	if apart > 0 {
		t.Note("%s would make two segments of one capture point one, and are left apart: a port was given another VLAN meanwhile", thousands(int64(apart)))
	}
	t.mustSort("-packets")
	return t
}

func (r *segments) pairs(realms *realms) *Table {
	t := &Table{
		Name: "segment_pairs", Title: "Segments that are the two directions of one",
		Columns: []Column{
			{Name: "a"},
			{Name: "b"},
			{Name: "connections", Title: "TCP", Kind: KindCount},
			{Name: "queries", Title: "ICMP", Kind: KindCount},
			{Name: "frame", Kind: KindNumber},
		},
	}
	for _, p := range r.tracking.Pairs() {
		if len(t.Rows) < r.limit {
			t.Add(Text(realms.segment(p.A)), Text(realms.segment(p.B)), Int(p.Connections), Int(p.Queries), Int(p.Frame))
		}
	}
	t.mustSort("-connections", "-queries")
	return t
}

// oneSite is what the table calls the exact policy with all capture points as one.
const oneSite = "one-site"

// A conversation is a flow for those who count what a policy makes of it.
type conversation struct {
	tuple   uint64 // a hash, the same for both directions
	segment uint32 // index of a list
	realm   int32
}

// policies says what each way to tell segments apart would make of the flows that are remembered. With any other than the exact one in force
// nobody knows what the others would have seen.
func (r *segments) policies(realms *realms) *Table {
	t := &Table{
		Name: "policies", Title: "What other policies would make of it",
		Columns: []Column{
			{Name: "policy"},
			{Name: "segments", Kind: KindCount},
			{Name: "flows", Kind: KindCount},
			{Name: "merged", Title: "merged with others'", Kind: KindCount},
			{Name: "split", Title: "in two directions", Kind: KindCount},
		},
	}
	o := &r.tracking.options
	if o.Policy != flows.Exact || o.OneSite || o.Tenants != nil {
		t.Note("only without --segments, --one-site and --tenants")
		return t
	}
	var segments []*flows.Segment
	index := map[uint32]uint32{}
	r.tracking.Segments(func(s *flows.Segment) bool {
		index[s.ID] = uint32(len(segments))
		segments = append(segments, s)
		return true
	})
	all := make([]conversation, 0, r.tracking.Len())
	halves := map[uint32][]uint32{} // segments of the flows of a connection, if it has several
	r.tracking.Flows(func(f *flows.Flow) bool {
		s := index[f.Segment.ID]
		all = append(all, conversation{hashTuple(&f.Tuple), s, int32(realms.RealmOf(f.Segment.ID))})
		if slices.ContainsFunc(f.Links, func(l flows.Link) bool { return l.Kind == flows.ReplyOf || l.Kind == flows.ContinuationOf }) {
			halves[f.Connection] = append(halves[f.Connection], s)
		}
		return true
	})
	policies := append(slices.Clone(flows.Policies()), oneSite)
	for p, name := range policies {
		policy := flows.Policy(p)
		if name == oneSite {
			policy = flows.Exact
		}
		number := map[string]uint32{}
		under := make([]uint32, len(segments)) // the number of the segment that each is a part of
		for i, s := range segments {
			key := s.Path
			point := uint32(s.Point.ID)
			if name == oneSite || policy == flows.None {
				point = 0
			}
			text := string(binary.BigEndian.AppendUint32(nil, point)) + policy.Apply(key).String()
			if _, ok := number[text]; !ok {
				number[text] = uint32(len(number))
			}
			under[i] = number[text]
		}
		conversations, merged := countMerged(all, under)
		split := uint64(0)
		for _, parts := range halves {
			first := under[parts[0]]
			if slices.ContainsFunc(parts, func(s uint32) bool { return under[s] != first }) {
				split++
			}
		}
		t.Add(Text(name), Int(len(number)), Int(conversations), Int(merged), Int(split))
	}
	if r.left > 0 {
		t.Note("without %s flows that left before the end, because of --max-flows or as they were over", thousands(int64(r.left)))
	}
	return t
}

// countMerged counts the flows that there are if segments are those in under, and how many of all flows would be in one with another
// realm's. It sorts all.
func countMerged(all []conversation, under []uint32) (conversations, merged uint64) {
	slices.SortFunc(all, func(a, b conversation) int {
		return cmp.Or(cmp.Compare(a.tuple, b.tuple), cmp.Compare(under[a.segment], under[b.segment]), cmp.Compare(a.realm, b.realm))
	})
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].tuple == all[i].tuple && under[all[j].segment] == under[all[i].segment] {
			j++
		}
		conversations++
		if all[i].realm != all[j-1].realm {
			merged += uint64(j - i)
		}
		i = j
	}
	return conversations, merged
}

// hashTuple is the same for both directions, and in every run.
func hashTuple(t *flows.Tuple) uint64 {
	c := *t
	if order := bytes.Compare(t.Src[:], t.Dst[:]); order > 0 || order == 0 && t.HasPorts() && t.Sport > t.Dport {
		c = t.Reverse()
	}
	var b [38]byte
	copy(b[:], c.Src[:])
	copy(b[16:], c.Dst[:])
	binary.BigEndian.PutUint16(b[32:], c.Sport)
	binary.BigEndian.PutUint16(b[34:], c.Dport)
	b[36], b[37] = c.Protocol, c.Type
	return FixedSeed.Bytes(b[:])
}

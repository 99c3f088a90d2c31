package reports

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"pktscope/dissect"
	"pktscope/flows"
)

// The overlaps report: addresses, prefixes and whole 5-tuples that more than one tenant has, and what it costs to take them for one: which flows a
// key of addresses and ports alone would merge, and the TCP errors that it would find in them. The merged connections were played along, see
// [flows.Merged].
type overlaps struct {
	tracking *tracking
	left     uint64
	limit    int
}

func newOverlaps(s setup) Report {
	r := &overlaps{tracking: s.flows, limit: s.groups}
	r.tracking.onLeave(func(*flows.Flow) { r.left++ })
	return r
}

func (r *overlaps) NewPart() Part { return noPart{} }

func (r *overlaps) Reset() { r.left = 0 }

// A use is something that a realm has, by its hash.
type use struct {
	hash  uint64
	realm int32
}

// addUse adds u to a list without doubles at its end: where it is full of these, they leave it first.
func addUse(all []use, u use) []use {
	if len(all) == cap(all) && len(all) > 0 {
		if all = distinctUses(all); 2*len(all) > cap(all) {
			all = slices.Grow(all, len(all))
		}
	}
	return append(all, u)
}

// distinctUses sorts the list and leaves doubles out.
func distinctUses(all []use) []use {
	slices.SortFunc(all, func(a, b use) int { return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.realm, b.realm)) })
	return slices.Compact(all)
}

// shared returns those hashes that more than one realm has, in ascending order.
func shared(all []use) (hashes []uint64) {
	all = distinctUses(all)
	for i := 1; i < len(all); i++ {
		if hash := all[i].hash; hash == all[i-1].hash && (len(hashes) == 0 || hashes[len(hashes)-1] != hash) {
			hashes = append(hashes, hash)
		}
	}
	return hashes
}

// overlap is what several realms have.
type overlap struct {
	realms  []int32 // the first few, in the order in which they came
	more    bool    // there are others
	flows   uint64
	packets uint64
	merged  bool   // TCP, played along
	errors  uint64 // as it seems where they are merged
	real    uint64 // of them, that happened
}

// maxNamed bounds the tenants that a row names.
const maxNamed = 8

func (o *overlap) use(realm int32) {
	switch {
	case slices.Contains(o.realms, realm):
	case len(o.realms) < maxNamed:
		o.realms = append(o.realms, realm)
	default:
		o.more = true
	}
}

func (o *overlap) add(f *flows.Flow, realm int32) {
	if !firstCapture(f) {
		return
	}
	o.packets += f.Packets()
	if f.Connection == f.ID {
		o.flows++
		o.use(realm)
	}
}

func (o *overlap) merge(m *flows.Merged) {
	o.merged = true
	o.errors += m.Errors
	o.real += min(m.True, m.Errors)
}

func (o *overlap) names(realms *realms) Cell {
	var names []string
	for _, r := range o.realms {
		names = append(names, realms.names[r])
	}
	if o.more {
		names = append(names, "…")
	}
	return List(names...)
}

// related are pairs of realms that exchange packets: a router is between them, or a port was in one and then in the other; or whose connections go
// on in each other, also behind a translator of addresses.
type related map[[2]int32]bool

func relatedRealms(t *tracking, realms *realms) related {
	r := related{}
	for _, tr := range t.Translations() {
		r.add(realms.RealmOf(tr.A.ID), realms.RealmOf(tr.B.ID))
	}
	for _, p := range t.Pairs() {
		r.add(realms.RealmOf(p.A.ID), realms.RealmOf(p.B.ID))
	}
	return r
}

func (r related) add(a, b int) {
	if a != b && a >= 0 && b >= 0 {
		r[[2]int32{int32(min(a, b)), int32(max(a, b))}] = true
	}
}

// translators finds realms with a translator of addresses between them: flows of both are linked.
type translators struct {
	related related
	realms  map[uint32]int // of linked flows, by ID
}

// maxTranslated bounds the flows that are remembered to find their other side.
const maxTranslated = 1 << 16

func (t *translators) see(f *flows.Flow, realm int) {
	for _, l := range f.Links {
		if l.Kind != flows.NATOf {
			continue
		}
		if other, ok := t.realms[l.Flow]; ok {
			t.related.add(realm, other)
		} else if len(t.realms) < maxTranslated {
			t.realms[f.ID] = realm
		}
	}
}

// connected tells whether all of some realms are related, directly or by way of each other: then an address in several of them is one address.
func (r related) connected(realms []int32) bool {
	reached, todo := map[int32]bool{realms[0]: true}, []int32{realms[0]}
	for len(todo) > 0 {
		a := todo[0]
		todo = todo[1:]
		for _, b := range realms {
			if !reached[b] && r[[2]int32{min(a, b), max(a, b)}] {
				reached[b] = true
				todo = append(todo, b)
			}
		}
	}
	return len(reached) == len(realms)
}

// apart tells whether no two of its tenants were captured at one point.
func (o *overlap) apart(realms *realms) bool {
	seen := map[*dissect.Point]bool{}
	for _, r := range o.realms {
		points := map[*dissect.Point]bool{}
		for _, n := range realms.Realms[r].Networks {
			for _, s := range realms.All[n].Segments {
				points[s.Point] = true
			}
		}
		for p := range points {
			if seen[p] {
				return false
			}
			seen[p] = true
		}
	}
	return true
}

// overlapping is rows by what they are about, in the order in which it came.
type overlapping struct {
	rows  []overlap
	keys  []flows.Tuple // of 5-tuples; of addresses Src alone is set
	index map[uint64]int
	other overlap
	more  uint64 // that found no room
	limit int
}

func (o *overlapping) at(hash uint64, key flows.Tuple) *overlap {
	if i, ok := o.index[hash]; ok {
		if i < 0 {
			return &o.other
		}
		return &o.rows[i]
	}
	if len(o.rows) >= o.limit {
		o.index[hash] = -1
		o.more++
		return &o.other
	}
	o.index[hash] = len(o.rows)
	o.rows = append(o.rows, overlap{})
	o.keys = append(o.keys, key)
	return &o.rows[len(o.rows)-1]
}

func (r *overlaps) Snapshot() []*Table {
	realms := newRealms(r.tracking)
	tuples, addresses := make([]use, 0, 1024), make([]use, 0, 1024)
	prefixes := make([]prefixSet, len(realms.Realms))
	visit := r.tracking.Flows
	if len(realms.Realms) < 2 {
		visit = func(func(*flows.Flow) bool) {} // nobody to have anything in common with
	}
	nat := translators{relatedRealms(r.tracking, realms), map[uint32]int{}}
	visit(func(f *flows.Flow) bool {
		realm := realms.RealmOf(f.Segment.ID)
		if realm < 0 {
			return true
		}
		nat.see(f, realm)
		if !firstCapture(f) || f.Connection != f.ID {
			return true // the same connection, seen elsewhere
		}
		tuples = addUse(tuples, use{hashTuple(&f.Tuple), int32(realm)})
		for _, a := range [...]netip.Addr{f.Source(), f.Destination()} {
			if ownAddress(a) {
				addresses = addUse(addresses, use{hashAddress(a), int32(realm)})
				prefixes[realm].add(a)
			}
		}
		return true
	})
	sharedTuples, sharedAddresses := shared(tuples), shared(addresses)
	merged := map[*flows.Merged]bool{}
	byTuple := &overlapping{index: map[uint64]int{}, limit: r.limit}
	byAddress := &overlapping{index: map[uint64]int{}, limit: r.limit}
	visit(func(f *flows.Flow) bool {
		realm := realms.RealmOf(f.Segment.ID)
		if realm < 0 {
			return true
		}
		hash := hashTuple(&f.Tuple)
		if _, ok := slices.BinarySearch(sharedTuples, hash); ok {
			o := byTuple.at(hash, f.Tuple)
			o.add(f, int32(realm))
			if m := f.Merged; m != nil && !merged[m] {
				merged[m] = true
				o.merge(m)
			}
		}
		for _, a := range [...]netip.Addr{f.Source(), f.Destination()} {
			if !ownAddress(a) {
				continue
			}
			hash := hashAddress(a)
			if _, ok := slices.BinarySearch(sharedAddresses, hash); ok {
				byAddress.at(hash, flows.Tuple{Src: a.As16()}).add(f, int32(realm))
			}
		}
		return true
	})
	return []*Table{r.tuples(realms, byTuple), r.addresses(realms, byAddress, nat.related), r.prefixes(realms, prefixes, nat.related)}
}

// ownAddress tells whether an address is one that a tenant gave a machine.
func ownAddress(a netip.Addr) bool { return machine(a) && !a.IsLinkLocalUnicast() && !a.IsLoopback() }

func hashAddress(a netip.Addr) uint64 {
	b := a.As16()
	return FixedSeed.Bytes(b[:])
}

func (r *overlaps) tuples(realms *realms, all *overlapping) *Table {
	t := &Table{
		Name: "overlaps", Title: "Connections that several tenants have alike", Quiet: true,
		Columns: []Column{
			{Name: "protocol"},
			{Name: "source", Kind: KindAddress},
			{Name: "source_port", Title: "port", Kind: KindNumber},
			{Name: "destination", Kind: KindAddress},
			{Name: "destination_port", Title: "port", Kind: KindNumber},
			{Name: "flows", Kind: KindCount},
			{Name: "packets", Kind: KindCount},
			{Name: "errors", Title: "TCP errors", Kind: KindCount},
			{Name: "merged_errors", Title: "if merged", Kind: KindCount},
			{Name: "tenants", Kind: KindList},
		},
	}
	row := func(tuple *flows.Tuple, o *overlap) []Cell {
		cells := []Cell{{}, {}, {}, {}, {}, Int(o.flows), Int(o.packets), {}, {}, {}}
		if o.merged {
			cells[7], cells[8] = Int(o.real), Int(o.errors)
		}
		if tuple == nil {
			return cells
		}
		copy(cells, []Cell{Text(tuple.ProtocolName()), Addr(tuple.Source()), {}, Addr(tuple.Destination()), {}})
		if tuple.HasPorts() {
			cells[2], cells[4] = Int(tuple.Sport), Int(tuple.Dport)
		}
		cells[9] = o.names(realms)
		return cells
	}
	var total overlap
	apart := 0
	for i := range all.rows {
		o := &all.rows[i]
		t.Add(row(&all.keys[i], o)...)
		total.flows += o.flows
		total.errors += o.errors
		total.real += o.real
		if o.apart(realms) {
			apart++
		}
	}
	n := uint64(len(all.rows)) + all.more
	if all.more > 0 {
		t.Other = row(nil, &all.other)
		total.flows += all.other.flows
		total.errors += all.other.errors
		total.real += all.other.real
	}
	if n > 0 {
		note := fmt.Sprintf("a 5-tuple key would merge these %s flows into %s", thousands(int64(total.flows)), thousands(int64(n)))
		switch never := total.errors - total.real; {
		case never == 0:
		case total.real == 0:
			note += fmt.Sprintf(" and report %s TCP errors that never happened", thousands(int64(never)))
		default:
			note += fmt.Sprintf(" and report %s TCP errors, of which %s never happened", thousands(int64(total.errors)), thousands(int64(never)))
		}
		t.Note("%s", note)
	}
	if apart > 0 {
		t.Note("%s of them are of tenants that no point saw both of: if nothing keeps these apart, --one-site or a tenants file says so", thousands(int64(apart)))
	}
	if lost := r.tracking.Counts().Unmerged; lost > 0 {
		t.Note("for %s flows there was no room to see what merging them would do", thousands(int64(lost)))
	}
	if r.left > 0 {
		t.Note("without %s flows that left before the end, because of --max-flows or as they were over", thousands(int64(r.left)))
	}
	t.mustSort("-merged_errors", "-packets")
	return t
}

func (r *overlaps) addresses(realms *realms, all *overlapping, related related) *Table {
	t := &Table{
		Name: "overlapping_addresses", Title: "Addresses that several tenants have", Quiet: true,
		Columns: []Column{
			{Name: "address", Kind: KindAddress},
			{Name: "flows", Kind: KindCount},
			{Name: "packets", Kind: KindCount},
			{Name: "tenants", Kind: KindList},
		},
	}
	for i := range all.rows {
		o := &all.rows[i]
		if !o.more && related.connected(o.realms) {
			continue
		}
		t.Add(Addr(all.keys[i].Source()), Int(o.flows), Int(o.packets), o.names(realms))
	}
	if all.more > 0 {
		t.Other = []Cell{{}, Int(all.other.flows), Int(all.other.packets), {}}
	}
	t.mustSort("-packets")
	return t
}

func (r *overlaps) prefixes(realms *realms, sets []prefixSet, related related) *Table {
	t := &Table{
		Name: "overlapping_prefixes", Title: "Prefixes that several tenants use", Quiet: true,
		Columns: []Column{
			{Name: "prefix"},
			{Name: "tenants", Kind: KindList},
		},
	}
	by := map[netip.Prefix]*overlap{}
	var order []netip.Prefix
	for realm := range sets {
		for _, p := range append(slices.Clone(sets[realm].v4.prefixes), sets[realm].v6.prefixes...) {
			if by[p] == nil {
				by[p] = new(overlap)
				order = append(order, p)
			}
			by[p].use(int32(realm))
		}
	}
	for _, p := range order {
		if o := by[p]; (o.more || !related.connected(o.realms)) && len(t.Rows) < r.limit {
			t.Add(Text(p.String()), o.names(realms))
		}
	}
	t.mustSort("prefix")
	return t
}

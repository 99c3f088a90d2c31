package reports

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net"
	"slices"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/reports/oui"
)

// The macs report: what the MAC tables of the switches on the way would hold, and what is wrong in them. It looks at Ethernet frames at every
// depth: what a tunnel carries is a network of its own, whose ports are the tunnel's ends.
//
// What depends on the order of frames (whether an address was known by then, where it was before) is decided when blocks are flushed: a part
// notes frames in a log.
type macs struct {
	tenants flows.Tenancy
	seed    Seed
	places  *Groups[uint64, placeTotal]
	macs    *Groups[macKey, macTotal]
	ports   *Groups[portKey, portTotal]
	recent  recent
	last    int64 // time of the latest packet

	known  map[uint64]struct{}       // sources, by a hash of place and address
	asked  map[uint64]uint64         // frames to destinations that are no source yet
	homes  map[[2]uint64]*home       // of addresses outside of tunnels, by network and address
	moves  []macMove                 // between capture points
	bonds  map[uint64]*dissect.Point // by a hash of LACP's system and key, a point that they were seen at
	joined map[int]int               // a capture point's ID, and that of another one of the same bond
	lost   uint64                    // moves that found no room
}

const (
	maxKnownMACs = 1 << 18
	maxMoves     = 10_000

	// away is for how long, in nanoseconds, an address was not seen where it was before it has moved: frames pass several points, and a bond
	// has several ways.
	away = 1e9
	// disorder is how much later than others a point's frames may come.
	disorder = 100e6
	// together is how close to each other the moves of several addresses are if it was not they that moved but the way to them that changed.
	together = 2e9
	// routed is for more addresses than this many a sender is no host but a router.
	routed = 8
)

// macFrame is a frame in the log.
type macFrame struct {
	place, network      uint64 // hashes of the network, with and without the capture point
	source, destination uint64
	sender              endpoint // IP address; zero for none
	end                 endpoint // of the tunnel
	time                int64
	bond                uint64 // a hash of LACP's system and key, 0 for another frame
	point               *dissect.Point
	bytes               uint32
	endKind             endKind
	tunnel              bool // in one
	timeless            bool
}

type placeTotal struct {
	point   *dissect.Point
	path    path
	network uint64
	tunnel  bool // inside one

	macs, silent        uint64 // addresses that sent, and others
	unicast             uint64 // frames
	unknown, neverKnown uint64 // of which the destination had not sent by then; and had not at the end
	packets             uint64
}

type macKey struct{ place, mac uint64 }

type macTotal struct {
	amount
	span    span
	ips     Distinct
	first   endpoint // IP address that it had first; zero for none
	end     endpoint
	endKind endKind
	moves   uint64 // of tunnel ends
	from    Cell   // where it was before
}

// home is where an address is.
type home struct {
	point *dissect.Point
	first int64 // when it was seen there
	last  int64
	next  *dissect.Point // where it may have moved; nil for nowhere
	since int64          // when it was seen there first
}

func (h *home) move(network, mac uint64) macMove {
	return macMove{network, mac, h.point, h.next, h.since}
}

// macMove is an address that came from one point to another.
type macMove struct {
	network, mac uint64
	from, to     *dissect.Point
	time         int64
}

// portKey is a capture point, and how frames are tagged there.
type portKey struct {
	point int
	vlan  uint16
	tag   portTag
}

type portTag uint8

const (
	untagged    portTag = iota
	linkLocal           // untagged, to an address that no bridge forwards
	priorityTag         // VLAN 0
	customerVLAN
	serviceVLAN
	doubleTagged // counted beside serviceVLAN or customerVLAN
)

type portTotal struct {
	packets uint64
	point   *dissect.Point
}

func newMACs(s setup) Report {
	r := &macs{tenants: s.tenants, seed: NewSeed(),
		places: NewGroups[uint64, placeTotal](s.groups),
		macs:   NewGroups[macKey, macTotal](s.groups),
		ports:  NewGroups[portKey, portTotal](s.groups),
	}
	r.recent = newRecent(r.seed)
	r.forget()
	return r
}

func (r *macs) forget() {
	r.known, r.asked, r.homes = map[uint64]struct{}{}, map[uint64]uint64{}, map[[2]uint64]*home{}
	r.bonds, r.joined = map[uint64]*dissect.Point{}, map[int]int{}
	r.moves, r.lost, r.last = nil, 0, 0
}

func (r *macs) Reset() {
	r.places.Reset(func(t *placeTotal) { *t = placeTotal{} })
	r.macs.Reset((*macTotal).reset)
	r.ports.Reset(func(t *portTotal) { *t = portTotal{} })
	r.recent.reset()
	r.forget()
}

func (t *macTotal) reset() {
	t.ips.Reset()
	*t = macTotal{ips: t.ips}
}

func (r *macs) NewPart() Part {
	return &macsPart{report: r, places: NewGroups[uint64, placeTotal](0), ports: NewGroups[portKey, portTotal](0)}
}

type macsPart struct {
	report *macs
	log    []macFrame
	places *Groups[uint64, placeTotal]
	ports  *Groups[portKey, portTotal]
}

func (t *macsPart) Add(p *dissect.Packet) {
	w := newFrameWalk(p, t.report.seed)
	for w.find() {
		source, destination := w.addresses()
		f := macFrame{place: fold(w.network^uint64(p.Point.ID)<<1^fold2, fold1), network: w.network, source: source, destination: destination,
			end: w.end, endKind: w.endKind, tunnel: w.inTunnel, time: p.Time, timeless: p.Timeless, point: p.Point, bytes: uint32(p.WireLen)}
		if sender, ok := w.sender(); ok {
			f.sender = sender
		}
		place := t.places.At(f.place, f.place)
		if place.point == nil {
			place.point, place.path, place.network, place.tunnel = p.Point, w.path, w.network, w.inTunnel
		}
		if w.ethernet == 1 {
			t.port(p, &w, destination)
			f.bond = t.lacp(p, destination)
		}
		t.log = append(t.log, f)
	}
}

// port counts how the frame is tagged.
func (t *macsPart) port(p *dissect.Packet, w *frameWalk, destination uint64) {
	key := portKey{point: p.Point.ID}
	if w.behind > 2 {
		vlan := dissect.VLAN(p.Header(&p.Layers[2])).VID()
		switch {
		case vlan == 0:
			key.tag = priorityTag
		case p.Layers[2].Protocol == dot1ad:
			key.tag, key.vlan = serviceVLAN, vlan
		default:
			key.tag, key.vlan = customerVLAN, vlan
		}
	} else if destination>>4 == 0x0180c2000000>>4 || destination>>8 == 0x01000ccccc00>>8 {
		key.tag = linkLocal
	}
	t.tagged(key, p.Point)
	if w.behind > 3 {
		t.tagged(portKey{point: p.Point.ID, tag: doubleTagged}, p.Point)
	}
}

func (t *macsPart) tagged(key portKey, point *dissect.Point) {
	total := t.ports.At(key, t.report.seed.Uint128(uint64(key.point), uint64(key.vlan)<<8|uint64(key.tag)))
	total.point = point
	total.packets++
}

// lacp returns a hash of the actor's system and key in LACP (IEEE Std 802.1AX §6.4.2.3), 0 for another frame.
func (t *macsPart) lacp(p *dissect.Packet, destination uint64) uint64 {
	const slowProtocols, length = 0x0180c2000002, 14 + 4 + 10
	if destination != slowProtocols {
		return 0
	}
	l := &p.Layers[1]
	b := p.SourceBytes(l)[l.Start:]
	if len(b) < length || binary.BigEndian.Uint16(b[12:]) != 0x8809 || b[14] != 1 || b[16] != 1 || b[17] != 20 {
		return 0
	}
	return max(1, t.report.seed.Bytes(b[18:28]))
}

func (t *macsPart) Flush() {
	r := t.report
	r.places.Absorb(t.places, func(to, from *placeTotal) {
		to.point, to.path, to.network, to.tunnel = from.point, from.path, from.network, from.tunnel
	})
	r.ports.Absorb(t.ports, func(to, from *portTotal) {
		to.packets += from.packets
		to.point = from.point
	})
	for i := range t.log {
		r.play(&t.log[i])
	}
	t.log = t.log[:0]
	t.places.Reset(func(t *placeTotal) { *t = placeTotal{} })
	t.ports.Reset(func(t *portTotal) { *t = portTotal{} })
}

// play takes a frame in capture order.
func (r *macs) play(f *macFrame) {
	if !f.timeless {
		r.last = max(r.last, f.time)
	}
	place := r.places.At(f.place, f.place)
	place.packets++
	hash := fold(f.place^f.source<<8^fold1, r.seed[1]^fold3)
	if _, known := r.known[hash]; !known && len(r.known) < maxKnownMACs {
		r.known[hash] = struct{}{}
		place.macs++
		if frames, some := r.asked[hash]; some {
			place.neverKnown -= frames
			place.silent--
			delete(r.asked, hash)
		}
	}
	r.count(f, hash)
	if f.destination>>40&1 == 0 {
		r.unicast(f, place)
	}
	if f.bond != 0 {
		r.bond(f)
	}
	if !f.tunnel && !f.timeless && f.source != 0 {
		r.locate(f)
	}
}

// unicast counts a frame to one address, and whether it is known.
func (r *macs) unicast(f *macFrame, place *placeTotal) {
	place.unicast++
	hash := fold(f.place^f.destination<<8^fold1, r.seed[1]^fold3)
	if _, known := r.known[hash]; known || len(r.known) == maxKnownMACs || len(r.asked) == maxKnownMACs {
		return
	}
	if r.asked[hash]++; r.asked[hash] == 1 {
		place.silent++
	}
	place.unknown++
	place.neverKnown++
}

// count adds the frame to what its source has sent, of which hash tells it.
func (r *macs) count(f *macFrame, hash uint64) {
	total := r.macs.At(macKey{f.place, f.source}, hash)
	if f.endKind != unknownEnds {
		if total.packets > 0 && total.end != f.end {
			total.moves++
			total.from = total.endKind.cell(total.end)
		}
		total.end, total.endKind = f.end, f.endKind
	}
	total.add(uint64(f.bytes))
	if !f.timeless {
		total.span.add(f.time)
	}
	if f.sender == (endpoint{}) {
		return
	}
	if total.first == (endpoint{}) {
		total.first = f.sender
	}
	if r.recent.fresh(f.sender[0], f.sender[1], hash) {
		total.ips.Add(FixedSeed.Uint128(f.sender[0], f.sender[1]))
	}
}

// bond joins the points at which one system sends with one key: they are members of one bond.
func (r *macs) bond(f *macFrame) {
	first := r.bonds[f.bond]
	if first == nil {
		if len(r.bonds) < maxMoves {
			r.bonds[f.bond] = f.point
		}
		return
	}
	if a, b := r.member(first), r.member(f.point); a != b {
		r.joined[max(a, b)] = min(a, b)
	}
}

// member is the ID of a point, or of the first one of its bond.
func (r *macs) member(p *dissect.Point) int {
	id := p.ID
	for {
		next, some := r.joined[id]
		if !some {
			return id
		}
		id = next
	}
}

// locate finds out whether the frame's source has moved. A frame passes where its sender is before it passes any other point, so that an address
// is where it is seen first, until it is not seen there any more. Frames of several points may come a little out of order.
func (r *macs) locate(f *macFrame) {
	key := [2]uint64{f.network, f.source}
	h := r.homes[key]
	switch {
	case h == nil:
		if len(r.homes) < maxKnownMACs {
			r.homes[key] = &home{point: f.point, first: f.time, last: f.time}
		}
		return
	case h.next == nil:
	case f.time-h.since > disorder: // it was not seen at home
		if len(r.moves) < maxMoves {
			r.moves = append(r.moves, h.move(f.network, f.source))
		} else {
			r.lost++
		}
		h.point, h.first, h.last, h.next = h.next, h.since, h.since, nil
	case f.point.ID == h.point.ID:
		h.next = nil
	case f.time < h.since:
		h.next, h.since = f.point, f.time
	}
	switch {
	case f.point.ID == h.point.ID:
		h.first, h.last = min(h.first, f.time), max(h.last, f.time)
	case f.time < h.first && h.first-f.time <= disorder:
		h.point, h.first = f.point, f.time
	case h.next == nil && f.time-h.last > away:
		h.next, h.since = f.point, f.time
	}
}

// movesTo are those to each place of each address, with the last point that they came from. Several addresses that go from one point to
// the same other one together have not moved: the way to them has changed.
func (r *macs) movesTo() (moved, rerouted map[macKey]uint64, latest map[macKey]macMove) {
	moved, rerouted, latest = map[macKey]uint64{}, map[macKey]uint64{}, map[macKey]macMove{}
	all := slices.Clone(r.moves)
	for key, h := range r.homes {
		if h.next != nil {
			all = append(all, h.move(key[0], key[1]))
		}
	}
	byWay := func(a, b macMove) int {
		return cmp.Or(cmp.Compare(a.from.ID, b.from.ID), cmp.Compare(a.to.ID, b.to.ID))
	}
	slices.SortFunc(all, func(a, b macMove) int {
		return cmp.Or(byWay(a, b), cmp.Compare(a.time, b.time), cmp.Compare(a.mac, b.mac))
	})
	for i, m := range all {
		company := false
		for _, step := range []int{-1, 1} {
			for j := i + step; j >= 0 && j < len(all) && byWay(all[j], m) == 0 && max(all[j].time-m.time, m.time-all[j].time) <= together; j += step {
				if all[j].mac != m.mac {
					company = true
					break
				}
			}
		}
		key := macKey{fold(m.network^uint64(m.to.ID)<<1^fold2, fold1), m.mac}
		switch {
		case r.member(m.from) == r.member(m.to) || company:
			rerouted[key]++
		default:
			moved[key]++
			if was, some := latest[key]; !some || m.time > was.time {
				latest[key] = m
			}
		}
	}
	return moved, rerouted, latest
}

func (r *macs) Snapshot() []*Table {
	return []*Table{r.macTable(), r.placeTable(), r.portTable()}
}

func (r *macs) macTable() *Table {
	t := &Table{
		Name: "macs", Title: "MAC addresses",
		Columns: []Column{
			{Name: "mac", Title: "MAC", Kind: KindAddress},
			{Name: "vendor"},
			{Name: "segment"},
			{Name: "point"},
			{Name: "end", Title: "behind", Kind: KindAddress},
			{Name: "home", Kind: KindBool},
			{Name: "role"},
			{Name: "ips", Title: "IPs", Kind: KindDistinct},
			{Name: "ip", Title: "first IP", Kind: KindAddress},
			{Name: "packets", Kind: KindCount},
			{Name: "bytes", Kind: KindBytes},
			{Name: "moves", Kind: KindCount},
			{Name: "moved_from", Title: "from"},
			{Name: "reroutes", Kind: KindCount},
			{Name: "first", Kind: KindTime},
			{Name: "last", Kind: KindTime, Detail: true},
			{Name: "age", Kind: KindDuration},
		},
	}
	names := r.names()
	moved, rerouted, latest := r.movesTo()
	changed := r.changes()
	for i := range r.macs.Entries() {
		g := &r.macs.Entries()[i]
		total, key := &g.Total, g.Key
		place, ok := r.place(key.place)
		if !ok {
			continue // in Other
		}
		moves, source := total.moves, total.from
		if m, some := latest[key]; some {
			source = Text(names.of(m.from))
		}
		moves += moved[key]
		if s, ok := changed[key]; ok {
			moves++
			source = Text(s)
		}
		ips, _ := total.ips.Count()
		role, count := Text("host"), Int(moves)
		if ips > routed {
			role, count, source = Text("router"), Cell{}, Cell{} // it is in many places at a time
		}
		var home Cell // whether it is here that its frames come in
		if h := r.homes[[2]uint64{place.network, key.mac}]; h != nil {
			home = Bool(h.point.ID == place.point.ID)
		}
		var ip Cell
		if total.first != (endpoint{}) {
			ip = ipEnds.cell(total.first)
		}
		first, last := total.span.cells()
		age := Cell{}
		if total.span.some {
			age = Int(r.last - total.span.last)
		}
		vendor := Cell{}
		if name := oui.Vendor(key.mac); name != "" {
			vendor = Text(name)
		}
		t.Add(macCell(key.mac), vendor, Text(r.segment(place)), Text(names.of(place.point)), total.endKind.cell(total.end), home, role,
			total.ips.Cell(), ip, Int(total.packets), Int(total.bytes), count, source, Int(rerouted[key]), first, last, age)
	}
	if other, some := r.macs.Other(); some {
		t.Other = make([]Cell, len(t.Columns))
		t.Other[9], t.Other[10] = Int(other.packets), Int(other.bytes)
	}
	if r.lost > 0 {
		t.Note("%d moves more were not looked at", r.lost)
	}
	t.mustSort("-packets", "-bytes")
	return t
}

func macCell(mac uint64) Cell {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], mac)
	return Text(net.HardwareAddr(b[2:]).String())
}

// place is one of the places that found room.
func (r *macs) place(hash uint64) (*placeTotal, bool) {
	place := r.places.At(hash, hash)
	other, _ := r.places.Other()
	return place, place != other && place.point != nil
}

func (r *macs) names() (names pointNames) {
	for i := range r.places.Entries() {
		names.see(r.places.Entries()[i].Total.point)
	}
	return names
}

func (r *macs) segment(p *placeTotal) string { return p.path.segment(p.point, r.tenants) }

// changes are addresses that were in one segment at a point and then, after their last frame there, in another one: somebody plugged them in
// elsewhere, or changed the port's VLAN. One that is in several at a time belongs there: a router, a trunk. The name is the segment that it was in
// before.
func (r *macs) changes() map[macKey]string {
	type at struct {
		point int
		mac   uint64
	}
	all := map[at][]*Group[macKey, macTotal]{}
	for i := range r.macs.Entries() {
		g := &r.macs.Entries()[i]
		if place, ok := r.place(g.Key.place); ok && g.Total.span.some && !place.tunnel {
			key := at{place.point.ID, g.Key.mac}
			all[key] = append(all[key], g)
		}
	}
	changed := map[macKey]string{}
	for _, segments := range all {
		slices.SortFunc(segments, func(a, b *Group[macKey, macTotal]) int {
			return cmp.Or(cmp.Compare(a.Total.span.first, b.Total.span.first), cmp.Compare(a.Total.span.last, b.Total.span.last))
		})
		apart := true
		for i := 1; i < len(segments); i++ {
			apart = apart && segments[i].Total.span.first > segments[i-1].Total.span.last
		}
		for _, g := range segments { // a single frame with another tag is no new place
			apart = apart && g.Total.packets > 1
		}
		for i := 1; i < len(segments) && apart; i++ {
			before, _ := r.place(segments[i-1].Key.place)
			changed[segments[i].Key] = r.segment(before)
		}
	}
	return changed
}

func (r *macs) placeTable() *Table {
	t := &Table{
		Name: "mac_segments", Title: "MAC addresses by segment",
		Columns: []Column{
			{Name: "segment"},
			{Name: "point"},
			{Name: "macs", Title: "MACs", Kind: KindCount},
			{Name: "silent", Kind: KindCount},
			{Name: "packets", Kind: KindCount},
			{Name: "unicast", Kind: KindCount},
			{Name: "unknown", Kind: KindCount},
			{Name: "unknown_share", Title: "share", Kind: KindShare},
			{Name: "never_known", Title: "never known", Kind: KindCount},
			{Name: "never_known_share", Title: "share", Kind: KindShare},
		},
	}
	names := r.names()
	row := func(segment, point Cell, p *placeTotal) []Cell {
		return []Cell{segment, point, Int(p.macs), Int(p.silent), Int(p.packets), Int(p.unicast), Int(p.unknown), Share(p.unknown, p.unicast),
			Int(p.neverKnown), Share(p.neverKnown, p.unicast)}
	}
	for i := range r.places.Entries() {
		p := &r.places.Entries()[i].Total
		t.Add(row(Text(r.segment(p)), Text(names.of(p.point)), p)...)
	}
	if other, some := r.places.Other(); some {
		t.Other = row(Cell{}, Cell{}, other)
	}
	if len(r.known) == maxKnownMACs || len(r.asked) == maxKnownMACs {
		t.Note("there are more than %s addresses: the others are not called unknown", thousands(maxKnownMACs))
	}
	t.mustSort("-packets")
	return t
}

func (r *macs) portTable() *Table {
	t := &Table{
		Name: "ports", Title: "VLANs by capture point",
		Columns: []Column{
			{Name: "point"},
			{Name: "mode"},
			{Name: "untagged", Kind: KindCount},
			{Name: "priority_tagged", Title: "priority", Kind: KindCount},
			{Name: "tagged", Kind: KindCount},
			{Name: "double_tagged", Title: "double", Kind: KindCount},
			{Name: "link_local", Title: "link-local", Kind: KindCount},
			{Name: "vlans", Title: "VLAN:packets", Kind: KindList},
		},
	}
	type port struct {
		point *dissect.Point
		tags  [doubleTagged + 1]uint64
		vlans []*Group[portKey, portTotal]
	}
	ports := map[int]*port{}
	var names pointNames
	for i := range r.ports.Entries() {
		g := &r.ports.Entries()[i]
		names.see(g.Total.point)
		p := ports[g.Key.point]
		if p == nil {
			p = &port{point: g.Total.point}
			ports[g.Key.point] = p
		}
		p.tags[g.Key.tag] += g.Total.packets
		if g.Key.tag == customerVLAN || g.Key.tag == serviceVLAN {
			p.vlans = append(p.vlans, g)
		}
	}
	for _, p := range ports {
		slices.SortFunc(p.vlans, func(a, b *Group[portKey, portTotal]) int {
			return cmp.Or(cmp.Compare(a.Key.tag, b.Key.tag), cmp.Compare(a.Key.vlan, b.Key.vlan))
		})
		var vlans Cell
		var texts []string
		for _, g := range p.vlans {
			prefix := ""
			if g.Key.tag == serviceVLAN {
				prefix = "s"
			}
			texts = append(texts, fmt.Sprintf("%s%d:%d", prefix, g.Key.vlan, g.Total.packets))
		}
		if texts != nil {
			vlans = List(texts...)
		}
		tagged := p.tags[customerVLAN] + p.tags[serviceVLAN]
		mode := "trunk"
		switch plain := p.tags[untagged] + p.tags[priorityTag]; {
		case tagged == 0:
			mode = "access"
		case plain > 0:
			mode = "trunk, native"
		}
		t.Add(Text(names.of(p.point)), Text(mode), Int(p.tags[untagged]), Int(p.tags[priorityTag]), Int(tagged), Int(p.tags[doubleTagged]),
			Int(p.tags[linkLocal]), vlans)
	}
	if other, some := r.ports.Other(); some {
		t.Other = make([]Cell, len(t.Columns))
		t.Other[4] = Int(other.packets)
	}
	t.Size = "tagged"
	t.mustSort("point")
	return t
}

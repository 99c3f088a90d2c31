package reports

import "pktscope/dissect"

// The table sequences of the tunnels report: what the sequence numbers of ESP, AH and GRE say of loss, order and repetition. Each direction
// of a tunnel counts by itself, and each capture point, for what was lost at one need not be at another.

type streamKey struct {
	tunnel tunnelKey
	way    uint8
	point  int32
}

// streamTotal in a part knows the sequence of the report, so that the numbers of each block can be played into it in capture order.
type streamTotal struct {
	sequence *sequence // in a part nil, as long as none was played
	span     span
	path     path
	own      uint8
	kind     kindID
	ends     endKind
	point    *dissect.Point
}

// numberSeen is the sequence number of a packet.
type numberSeen struct {
	stream int32 // index of its group
	number uint32
	ttl    uint8
}

func (t *streamTotal) absorb(from *streamTotal) { t.span.absorb(&from.span) }

func (t *streamTotal) reset() { *t = streamTotal{} }

// playNumbers plays the numbers of a block.
func (r *tunnels) playNumbers(t *tunnelsPart) {
	for i := range t.numbers {
		x := &t.numbers[i]
		from := &t.streams.entries[x.stream]
		if from.Total.sequence == nil {
			to := r.streams.at(&from.Key, t.streams.hashes[x.stream])
			if to.sequence == nil {
				to.sequence = new(sequence)
			}
			from.Total.sequence = to.sequence
			to.path, to.own, to.kind, to.ends, to.point = from.Total.path, from.Total.own, from.Total.kind, from.Total.ends, from.Total.point
		}
		from.Total.sequence.take(x.number, x.ttl)
	}
}

// sequenceNumber is that of layer i, which is a tunnel of that kind.
func sequenceNumber(p *dissect.Packet, i int, kind kindID) (number uint32, ok bool) {
	switch kind {
	case kindESP:
		return dissect.ESP(p.Header(&p.Layers[i])).Sequence(), true
	case kindAH:
		return dissect.AH(p.Header(&p.Layers[i])).Sequence(), true
	case kindGRE, kindNVGRE, kindPPTP:
		return dissect.GRE(p.Header(&p.Layers[i])).Sequence()
	}
	return 0, false
}

// number notes the sequence number of layer i, which the hash and the key of its tunnel belong to.
func (w *tunnelWalk) number(i int, kind kindID, own uint8, ends endKind, key tunnelKey, way int, hash uint64) {
	p := w.packet
	number, ok := sequenceNumber(p, i, kind)
	if !ok {
		return
	}
	index := w.streams.first(streamKey{key, uint8(way), int32(p.Point.ID)}, fold(hash^uint64(p.Point.ID)<<1^uint64(way)^fold1, fold2), p.Number)
	stream := &w.streams.entries[index].Total
	if stream.point == nil {
		stream.path, stream.own, stream.kind, stream.ends, stream.point = w.path, own, kind, ends, p.Point
	}
	m := w.memo
	m.sequence, m.stream, m.ttl = true, int32(index), 0
	if w.outer != 0 {
		switch h := p.Header(&p.Layers[w.outer]); p.Layers[w.outer].Protocol {
		case ip4:
			m.ttl = dissect.IPv4(h).TTL()
		case ip6:
			m.ttl = dissect.IPv6(h).HopLimit()
		}
	}
	w.follow(p, m, number)
}

// follow notes the sequence number of a packet.
func (t *tunnelsPart) follow(p *dissect.Packet, m *memo, number uint32) {
	t.numbers = append(t.numbers, numberSeen{m.stream, number, m.ttl})
	t.streams.entries[m.stream].Total.span.addPacket(p)
}

func (r *tunnels) sequenceTable() *Table {
	t := &Table{
		Name: "sequences", Title: "Sequence numbers of ESP, AH and GRE", Quiet: true,
		Columns: []Column{
			{Name: "kind"},
			{Name: "id"},
			{Name: "from", Kind: KindAddress},
			{Name: "to", Kind: KindAddress},
			{Name: "within"},
			{Name: "point"},
			{Name: "packets", Kind: KindCount},
			{Name: "first_number", Kind: KindNumber, Detail: true},
			{Name: "last_number", Kind: KindNumber, Detail: true},
			{Name: "missing", Kind: KindCount},
			{Name: "gaps", Kind: KindCount},
			{Name: "late", Kind: KindCount},
			{Name: "outside_window", Title: "outside", Kind: KindCount},
			{Name: "replayed", Kind: KindCount},
			{Name: "copies", Kind: KindCount},
			{Name: "restarts", Kind: KindCount},
			{Name: "wraps", Kind: KindCount, Detail: true},
			{Name: "first", Kind: KindTime, Detail: true},
			{Name: "last", Kind: KindTime, Detail: true},
		},
	}
	var names pointNames
	for i := range r.streams.Entries() {
		names.see(r.streams.Entries()[i].Total.point)
	}
	for i := range r.streams.Entries() {
		g := &r.streams.Entries()[i]
		total, s := &g.Total, g.Total.sequence
		from, to := g.Key.tunnel.ends[g.Key.way], g.Key.tunnel.ends[1-g.Key.way]
		first, last := total.span.cells()
		t.Add(Text(tunnelKinds[total.kind].name), pathNumber(&total.path, total.own), total.ends.cell(from), total.ends.cell(to),
			pathAround(&total.path, total.own), Text(names.of(total.point)), Int(s.packets), Int(uint32(s.first)), Int(uint32(s.top)),
			Int(s.missing), Int(s.gaps), Int(s.late), Int(s.outside), Int(s.replayed), Int(s.copies), Int(s.restarts), Int(s.wraps()), first, last)
	}
	if other, some := r.streams.Other(); some { // their numbers are of several, and mean nothing together
		packets := uint64(0)
		if other.sequence != nil {
			packets = other.sequence.packets
		}
		t.Other = make([]Cell, len(t.Columns))
		t.Other[6] = Int(packets)
	}
	t.mustSort("-missing", "-replayed", "-late", "-packets")
	return t
}

package reports

import (
	"math/bits"

	"pktscope/dissect"
)

// Where DSCPs do not arrive as they were sent.

// tunnelMarkKey is a tunnel in one direction and the DSCPs of the packets in it.
type tunnelMarkKey struct {
	point        int32
	kind         kindID
	path         uint64 // to what is in it
	from, to     endpoint
	inner, outer uint8
}

type tunnelMarkTotal struct {
	amount
	point *dissect.Point
	path  enclosing
}

func (t *tunnelMarkTotal) absorb(from *tunnelMarkTotal) {
	t.amount.absorb(&from.amount)
	t.point, t.path = from.point, from.path
}

func (t *tunnelMarkTotal) reset() { *t = tunnelMarkTotal{} }

// addTunnel adds p to the tunnel between two layers of IP. Packets without any mark are of no interest.
func (t *queuesPart) addTunnel(p *dissect.Packet, outer, inner int) {
	key := tunnelMarkKey{point: int32(p.Point.ID), inner: dsField(p, inner) >> 2, outer: dsField(p, outer) >> 2}
	if key.inner|key.outer == 0 {
		return
	}
	key.kind = kindBetween(p, outer, inner)
	key.path = pathTo(p, inner, t.report.seed)
	key.from, key.to = ipEndpoints(p, outer)
	hash := fold(key.from[0]^key.path^fold1, key.from[1]^fold2) ^ fold(key.to[0]^fold2, key.to[1]^key.path^uint64(key.inner)<<8^uint64(key.outer)^fold3)
	total := t.tunnels.At(key, hash)
	if total.packets == 0 {
		total.point, total.path = p.Point, enclosingOf(p, inner)
	}
	total.add(uint64(p.WireLen))
}

// kindBetween is the kind of the innermost tunnel between two layers of IP, the second of which is in the first.
func kindBetween(p *dissect.Packet, outer, inner int) kindID {
	for j := int(p.Layers[inner].Parent); j > outer; j = int(p.Layers[j].Parent) {
		switch role := &roles[p.Layers[j].Protocol]; role.meaning {
		case meansTunnel, meansLabel:
			return role.kind
		}
	}
	kind := kind4in4
	if p.Layers[outer].Protocol == ip6 {
		kind = kind4in6
	}
	if p.Layers[inner].Protocol == ip6 {
		kind++
	}
	return kind
}

// ipEndpoints are the source and the destination in layer i, which is a whole header of IP.
func ipEndpoints(p *dissect.Packet, i int) (from, to endpoint) {
	h := p.Header(&p.Layers[i])
	if p.Layers[i].Protocol == ip4 {
		return ip4Endpoint(h[12:]), ip4Endpoint(h[16:])
	}
	return ip6Endpoint(h[8:]), ip6Endpoint(h[24:])
}

// fate says what became of the mark inside in the header around.
func fate(inner, outer uint8) string {
	switch {
	case inner == outer:
		return "leaked"
	case outer == 0:
		return "lost"
	case inner == 0:
		return "added"
	}
	return "changed"
}

func (r *queues) tunnelTable() *Table {
	t := &Table{
		Name: "tunnel_dscp", Title: "DSCP inside and outside of tunnels",
		Columns: []Column{
			{Name: "kind"},
			{Name: "from", Kind: KindAddress},
			{Name: "to", Kind: KindAddress},
			{Name: "path"},
			{Name: "inner"},
			{Name: "outer"},
			{Name: "mark"},
			{Name: "packets", Kind: KindCount},
			{Name: "bytes", Kind: KindBytes},
			{Name: "point"},
		},
	}
	var names pointNames
	for i := range r.tunnels.Entries() {
		names.see(r.tunnels.Entries()[i].Total.point)
	}
	for i := range r.tunnels.Entries() {
		g := &r.tunnels.Entries()[i]
		k := &g.Key
		t.Add(Text(tunnelKinds[k.kind].name), ipEnds.cell(k.from), ipEnds.cell(k.to), g.Total.path.cell(), Text(dscpText(k.inner)), Text(dscpText(k.outer)),
			Text(fate(k.inner, k.outer)), Int(g.Total.packets), Int(g.Total.bytes), Text(names.of(g.Total.point)))
	}
	if other, some := r.tunnels.Other(); some {
		t.Other = append(make([]Cell, 7), Int(other.packets), Int(other.bytes), Cell{})
	}
	t.mustSort("-packets", "-bytes")
	return t
}

type flowMarkTotal struct {
	ways  [2]amount
	marks [2]uint64 // a bit for each DSCP that was seen, from the lower end to the higher and back
	point *dissect.Point
	path  enclosing
}

func (t *flowMarkTotal) absorb(from *flowMarkTotal) {
	for way := range t.ways {
		t.ways[way].absorb(&from.ways[way])
		t.marks[way] |= from.marks[way]
	}
	t.point, t.path = from.point, from.path
}

func (t *flowMarkTotal) reset() { *t = flowMarkTotal{} }

// addFlow adds p to the conversation of layer i, its innermost IP header.
func (t *queuesPart) addFlow(p *dissect.Packet, i int) {
	key, way, ok := hostPairOf(p, i, t.report.seed)
	if !ok {
		return
	}
	total := t.flows.At(key, key.hash(t.report.seed))
	if total.point == nil {
		total.point, total.path = p.Point, enclosingOf(p, i)
	}
	total.ways[way].add(uint64(p.WireLen))
	total.marks[way] |= 1 << (dsField(p, i) >> 2)
}

var protocolField = dissect.FieldsNamed("ip.proto")[0]

func (r *queues) flowTable() *Table {
	t := &Table{
		Name: "flow_dscp", Title: "DSCP that differs between the directions of a conversation",
		Columns: []Column{
			{Name: "protocol"},
			{Name: "a", Kind: KindAddress},
			{Name: "a_port", Title: "port", Kind: KindNumber},
			{Name: "b", Kind: KindAddress},
			{Name: "b_port", Title: "port", Kind: KindNumber},
			{Name: "packets_ab", Title: "a → b", Kind: KindCount},
			{Name: "dscp_ab", Title: "DSCP", Kind: KindList},
			{Name: "packets_ba", Title: "a ← b", Kind: KindCount},
			{Name: "dscp_ba", Title: "DSCP", Kind: KindList},
			{Name: "within"},
			{Name: "point"},
		},
	}
	var names pointNames
	for i := range r.flows.Entries() {
		names.see(r.flows.Entries()[i].Total.point)
	}
	for i := range r.flows.Entries() {
		k, f := &r.flows.Entries()[i].Key, &r.flows.Entries()[i].Total
		if f.marks[0] == f.marks[1] || f.marks[0] == 0 || f.marks[1] == 0 {
			continue
		}
		protocol := protocolField.Enum[uint64(k.protocol)]
		var ports [2]Cell
		if hasPorts(k.protocol) {
			ports = [2]Cell{Int(k.ports[0]), Int(k.ports[1])}
		}
		t.Add(Text(protocol), ipEnds.cell(k.ends[0]), ports[0], ipEnds.cell(k.ends[1]), ports[1], Int(f.ways[0].packets), marksCell(f.marks[0]),
			Int(f.ways[1].packets), marksCell(f.marks[1]), f.path.cell(), Text(names.of(f.point)))
	}
	if other, some := r.flows.Other(); some {
		t.Note("%s packets of conversations beyond the first %s were not looked at", thousands(int64(other.ways[0].packets+other.ways[1].packets)),
			thousands(int64(len(r.flows.Entries()))))
	}
	t.mustSort("-packets_ab", "-packets_ba")
	return t
}

// marksCell lists the DSCPs of a set.
func marksCell(set uint64) Cell {
	var texts []string
	for ; set != 0; set &= set - 1 {
		texts = append(texts, dscpText(uint8(bits.TrailingZeros64(set))))
	}
	return List(texts...)
}

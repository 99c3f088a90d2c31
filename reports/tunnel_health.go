package reports

import (
	"encoding/binary"

	"pktscope/dissect"
)

// The health of a tunnel: whether both directions are there and under one identifier, and whether its source ports spread the flows in it.

// innerFlow is a hash of the addresses and ports in the next IP header in the tunnel of layer i, the same for both directions. It is that
// of estimates, see FixedSeed.
func innerFlow(p *dissect.Packet, i int) (hash uint64, ok bool) {
	for j := i + 1; j < len(p.Layers); j++ {
		l := &p.Layers[j]
		if l.Protocol != ip4 && l.Protocol != ip6 {
			if int(l.Parent) < i {
				return 0, false
			}
			continue
		}
		if l.Flags&(dissect.Partial|dissect.Quoted) != 0 || int(l.Parent) < i {
			return 0, false
		}
		h := p.Header(l)
		var a, b endpoint
		if l.Protocol == ip4 {
			a, b = ip4Endpoint(h[12:]), ip4Endpoint(h[16:])
		} else {
			a, b = ip6Endpoint(h[8:]), ip6Endpoint(h[24:])
		}
		var from, to, protocol uint64
		for j++; j < len(p.Layers) && int(p.Layers[j].Parent) == j-1; j++ {
			l := &p.Layers[j]
			if ipHeaders[l.Protocol] && l.Protocol != ip4 && l.Protocol != ip6 {
				continue
			}
			protocol = uint64(l.Protocol)
			if portProtocols[l.Protocol] && l.Flags&dissect.Partial == 0 {
				b := p.Header(l)
				from, to = uint64(binary.BigEndian.Uint16(b)), uint64(binary.BigEndian.Uint16(b[2:]))
			}
			break
		}
		if b.less(a) || a == b && to < from {
			a, b, from, to = b, a, to, from
		}
		x := fold(a[0]^from<<48^fold1, a[1]^fold2)
		y := fold(b[0]^to<<48^fold2, b[1]^fold3)
		return fold(x^protocol^fold1, y^FixedSeed[0]), true
	}
	return 0, false
}

var (
	portProtocols = func() (all [256]bool) {
		for _, name := range []string{"tcp", "udp", "udplite", "sctp"} {
			all[dissect.ByName(name).ID] = true
		}
		return all
	}()
	erspan = dissect.ByName("erspan").ID
)

// otherWay is how the other direction of a tunnel comes.
type otherWay struct {
	oneWay bool
	under  *tunnelTotal // the tunnel with another identifier that has the other direction of the same flows; nil for none
}

// maxTwins bounds the tunnels between two ends that are compared with each other.
const maxTwins = 64

// directions tells of each tunnel whether and where its other direction is.
func (r *tunnels) directions() []otherWay {
	type sides struct {
		kind   kindID
		within string
		ends   [2]endpoint
	}
	entries := r.tunnels.Entries()
	backs := make([]otherWay, len(entries))
	ways := map[sides]*[2][]int{} // tunnels in one direction only
	keys := make([]sides, len(entries))
	both := map[sides]bool{} // some tunnel has packets in both directions
	for i := range entries {
		g := &entries[i]
		t := &g.Total
		if t.ends == unknownEnds || t.mirror || t.kind == kindTRILL || t.kind == kindNSH || g.Key.ends[0] == g.Key.ends[1] || t.toGroup(g.Key.ends) {
			continue
		}
		within, _ := t.within().value.(string)
		key := sides{t.kind, within, g.Key.ends}
		keys[i] = key
		way := 0
		switch {
		case t.ways[0].packets > 0 && t.ways[1].packets > 0:
			both[key] = true
			continue
		case t.ways[0].packets == 0:
			way = 1
		}
		if ways[key] == nil {
			ways[key] = new([2][]int)
		}
		if list := &ways[key][way]; len(*list) < maxTwins {
			*list = append(*list, i)
		}
		backs[i].oneWay = true
	}
	for key, lists := range ways {
		for way, list := range lists {
			for _, i := range list {
				twin := r.twin(i, lists[1-way])
				switch {
				case twin >= 0:
					backs[i].under = &entries[twin].Total
					backs[i].oneWay = false
				case !tunnelKinds[key.kind].both && (len(lists[1-way]) > 0 || both[key]):
					backs[i].oneWay = false // each direction has a number of its own, and there is another direction
				}
			}
		}
	}
	return backs
}

// toGroup tells that the tunnel's packets are for many receivers: none of them answers in it.
func (t *tunnelTotal) toGroup(ends [2]endpoint) bool {
	for _, e := range ends {
		if t.ends == ipEnds && e.group() || t.ends == macEnds && e[1]>>40&1 != 0 {
			return true
		}
	}
	return false
}

// twin is the one of others with the most inner flows of tunnel i, -1 if there is none, or several.
func (r *tunnels) twin(i int, others []int) int {
	entries := r.tunnels.Entries()
	best, most, several := -1, 0, false
	for _, j := range others {
		switch n := entries[i].Total.flows.common(&entries[j].Total.flows); {
		case n > most:
			best, most, several = j, n, false
		case n == most && n > 0:
			several = true
		}
	}
	if several {
		return -1
	}
	return best
}

// Polarised is a tunnel of so many inner flows at least, with fewer than a quarter as many source ports.
const (
	polarisedFlows  = 8
	polarisedSpread = 4
)

// healthCells are those from inner_flows on.
func (r *tunnels) healthCells(i int, b otherWay) []Cell {
	t := &r.tunnels.Entries()[i].Total
	flows, _ := t.flows.Count()
	ports, _ := t.ports.Count()
	var spread, reverse, health Cell
	var marks []string
	if t.udp && flows > 0 {
		spread = Share(min(ports, flows), flows)
		if flows >= polarisedFlows && ports*polarisedSpread < flows {
			marks = append(marks, "polarised")
		}
	}
	if b.oneWay {
		marks = append(marks, "one-way")
	}
	if b.under != nil {
		reverse = b.under.id()
		if tunnelKinds[t.kind].both {
			marks = append(marks, "asymmetric")
		}
	}
	if marks != nil {
		health = List(marks...)
	}
	inner := t.flows.Cell()
	if flows == 0 && (t.kind == kindESP || t.kind == kindIPComp) {
		inner = Cell{} // nobody knows
	}
	return []Cell{inner, spread, reverse, health}
}

// healthTable is the table of tunnels in which something is not as it usually is.
func healthTable() *Table {
	return &Table{
		Name: "tunnel_health", Title: "Tunnels to look at", Quiet: true,
		Columns: []Column{
			{Name: "kind"},
			{Name: "id"},
			{Name: "a", Kind: KindAddress},
			{Name: "b", Kind: KindAddress},
			{Name: "health", Kind: KindList},
			{Name: "reverse_id", Title: "back in"},
			{Name: "packets", Kind: KindCount},
			{Name: "inner_flows", Title: "flows", Kind: KindDistinct},
			{Name: "source_ports", Title: "ports", Kind: KindDistinct},
			{Name: "port_spread", Title: "spread", Kind: KindShare},
			{Name: "within"},
		},
		Size: "packets",
	}
}

// addHealth adds the tunnel of a row of the table tunnels, if it has a mark. cells are those of healthCells, and last in the row, too.
func (t *Table) addHealth(row, cells []Cell) {
	flows, spread, reverse, health := cells[0], cells[1], cells[2], cells[3]
	if health.value == nil {
		return
	}
	const a, b, within, packets, ports = 2, 3, 4, 5, 15
	t.Add(row[0], row[1], row[a], row[b], health, reverse, row[packets], flows, row[ports], spread, row[within])
}

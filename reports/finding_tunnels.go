package reports

import (
	"fmt"

	"pktscope/dissect"
)

// What is wrong with tunnels: fragments, marks that are lost, segments that will not fit, one direction only. The outermost tunnel of a packet
// counts.

// findingTunnelKey is two ends of a kind of tunnel, whatever its identifiers.
type findingTunnelKey struct {
	point int32
	kind  kindID
	path  uint64 // around its ends
	ends  [2]endpoint
}

// findingTunnel has what each packet changes first, in one line of cache with the key's end.
type findingTunnel struct {
	point    *dissect.Point
	ways     [2]wayTotal // from the lower end to the higher, and back
	protocol dissect.ID
	mirror   bool

	fragments firstFrames // packets that came in fragments
	unmarked  firstFrames // with a DSCP inside only
	large     firstFrames // SYNs whose MSS is too large
	largest   uint64      // bytes of the outer packet of a full segment
	path      enclosing
}

type wayTotal struct{ packets, first uint64 }

func (t *wayTotal) absorb(from *wayTotal) {
	if from.packets > 0 && (t.packets == 0 || from.first < t.first) {
		t.first = from.first
	}
	t.packets += from.packets
}

func (t *findingTunnel) absorb(from *findingTunnel) {
	t.point, t.path, t.protocol = from.point, from.path, from.protocol
	t.mirror = t.mirror || from.mirror
	for way := range from.ways {
		t.ways[way].absorb(&from.ways[way])
	}
	t.fragments.absorb(&from.fragments)
	t.unmarked.absorb(&from.unmarked)
	t.large.absorb(&from.large)
	t.largest = max(t.largest, from.largest)
}

func (t *findingTunnel) reset() { *t = findingTunnel{} }

func (t *findingsPart) addTunnel(g *glance, a *alike) {
	role := roles[g.Layers[g.tunnel].Protocol]
	if role.meaning == meansTunnel {
		if own := tunnelKinds[role.kind].own; own != nil && own(g.Packet, &g.Layers[g.tunnel]) {
			return
		}
	} else {
		role.kind = kindBetween(g.Packet, g.around, g.tunnel)
	}
	key := findingTunnelKey{point: int32(g.Point.ID), kind: role.kind, path: pathTo(g.Packet, g.around, t.report.seed)}
	from, to := ipEndpoints(g.Packet, g.around)
	key.ends = [2]endpoint{from, to}
	way := 0
	if to.less(from) {
		key.ends, way = [2]endpoint{to, from}, 1
	}
	total := t.tunnels.First(key, fold(t.report.seed.Uint128(key.ends[0][0]^key.path, key.ends[0][1]^uint64(key.kind)<<56),
		t.report.seed.Uint128(key.ends[1][0]^uint64(key.point), key.ends[1][1])), a.first())
	if total.point == nil {
		total.point, total.path, total.protocol = g.Point, enclosingOf(g.Packet, g.around), g.Layers[g.tunnel].Protocol
	}
	total.mirror = total.mirror || g.mirror
	total.ways[way].absorb(&wayTotal{a.frames.count, a.first()})
	if g.Layers[g.tunnel].Source != g.Layers[g.around].Source {
		total.fragments.add(g.Number)
	}
	if g.inner <= g.around {
		return
	}
	if dsField(g.Packet, g.inner)>>2 != 0 && dsField(g.Packet, g.around)>>2 == 0 {
		total.unmarked.absorb(&a.frames)
	}
	if g.tcp != 0 {
		t.addMSS(g, total)
	}
}

// addMSS looks at the MSS of a SYN in the tunnel.
func (t *findingsPart) addMSS(g *glance, total *findingTunnel) {
	h := g.Header(&g.Layers[g.tcp])
	if h[13]&2 == 0 {
		return
	}
	mss := uint64(synMSS(h))
	if mss == 0 {
		return
	}
	around := g.Layers[g.tcp].Start - g.Layers[g.around].Start // headers up to TCP's
	if g.Layers[g.tcp].Source != g.Layers[g.around].Source {
		return
	}
	if full := uint64(around) + 20 + mss; full > t.report.threshold(foundMSS) {
		total.large.add(g.Number)
		total.largest = max(total.largest, full)
	}
}

// synMSS is the MSS option in a whole header of TCP, 0 if there is none.
func synMSS(h []byte) uint16 {
	for options := h[20:]; len(options) >= 2 && options[0] != 0; {
		if options[0] == 1 {
			options = options[1:]
			continue
		}
		n := int(options[1])
		if n < 2 || n > len(options) {
			return 0
		}
		if options[0] == 2 && n == 4 {
			return uint16(options[2])<<8 | uint16(options[3])
		}
		options = options[n:]
	}
	return 0
}

func raiseTunnels(s *search) {
	unmarked, large := someTunnels{all: map[tunnelsKey]*sameTunnels{}}, someTunnels{all: map[tunnelsKey]*sameTunnels{}}
	both := map[int]bool{} // points at which a tunnel goes both ways
	for i := range s.tunnels.Entries() {
		t := &s.tunnels.Entries()[i].Total
		if t.ways[0].packets > 0 && t.ways[1].packets > 0 {
			both[t.point.ID] = true
		}
	}
	for i := range s.tunnels.Entries() {
		k, t := &s.tunnels.Entries()[i].Key, &s.tunnels.Entries()[i].Total
		a, b := k.ends[0].addr(), k.ends[1].addr()
		name := tunnelKinds[k.kind].name
		where := fmt.Sprintf("%s between %s and %s", name, a, b)
		shows := ""
		if t.protocol != ip4 && t.protocol != ip6 {
			shows = dissect.ByID(t.protocol).Name
		}
		shows = allOf(t.path.filter(), hasAddr("addr", a), hasAddr("addr", b), shows)
		if n := t.fragments.count; n >= s.threshold(foundTunnelFragments) {
			s.add(foundTunnelFragments, Warning, t.point, Finding{What: fmt.Sprintf("%s of %s came in fragments", plural(n, "packet", "packets"), where),
				Count: n, Frames: t.fragments.listed(), Filter: shows})
		}
		for way := range t.ways {
			n := t.ways[way].packets
			if t.ways[1-way].packets > 0 || n < s.threshold(foundOneWayTunnel) || t.mirror || k.ends[1-way].group() || !both[t.point.ID] {
				continue
			}
			from, to := a, b
			if way == 1 {
				from, to = b, a
			}
			s.add(foundOneWayTunnel, Warning, t.point, Finding{What: fmt.Sprintf("%s of %s from %s to %s, and none back", plural(n, "packet", "packets"), name, from, to),
				Count: n, Frames: []uint64{t.ways[way].first}, Filter: shows})
		}
		of := tunnelsKey{t.point, name}
		if t.unmarked.count > 0 {
			unmarked.add(of, &t.unmarked, shows, 0)
		}
		if t.large.count > 0 {
			large.add(of, &t.large, shows, t.largest)
		}
	}
	for _, k := range unmarked.order {
		x := unmarked.all[k]
		if n := x.frames.count; n >= s.threshold(foundDSCPLost) {
			s.add(foundDSCPLost, Info, k.point, Finding{What: fmt.Sprintf("%s in %s of %s have a DSCP inside and none outside",
				plural(n, "packet", "packets"), plural(x.tunnels, "tunnel", "tunnels"), k.kind), Count: n, Frames: x.frames.listed(), Filter: x.shows})
		}
	}
	for _, k := range large.order {
		x := large.all[k]
		s.add(foundMSS, Info, k.point, Finding{What: fmt.Sprintf("%s in %s of %s allow segments that make packets of up to %s bytes",
			plural(x.frames.count, "SYN", "SYNs"), plural(x.tunnels, "tunnel", "tunnels"), k.kind, thousands(int64(x.largest))),
			Count: x.frames.count, Frames: x.frames.listed(), Filter: allOf(x.shows, "tcp.flags.syn == 1")})
	}
}

// tunnelsKey is all tunnels of a kind at a capture point.
type tunnelsKey struct {
	point *dissect.Point
	kind  string
}

// someTunnels adds tunnels up that have something harmless in common.
type someTunnels struct {
	all   map[tunnelsKey]*sameTunnels
	order []tunnelsKey
}

type sameTunnels struct {
	tunnels uint64
	frames  firstFrames
	largest uint64
	shows   string // a filter for the first
}

func (t *someTunnels) add(k tunnelsKey, frames *firstFrames, shows string, largest uint64) {
	x := t.all[k]
	if x == nil {
		x = &sameTunnels{shows: shows}
		t.all[k] = x
		t.order = append(t.order, k)
	} else if x.tunnels == 1 {
		x.shows = k.kind
		if dissect.ByName(k.kind) == nil {
			x.shows = "ip"
		}
	}
	x.tunnels++
	x.frames.absorb(frames)
	x.largest = max(x.largest, largest)
}

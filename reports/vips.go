package reports

import (
	"cmp"
	"slices"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/reports/oui"
)

// The vips report: addresses that are not one host's. Several hosts answer for one (anycast, ECMP, VRRP, a service that moved), or requests go to
// one host and replies come from another (direct server return, as behind a load balancer).
//
// A server is a MAC address in a network at a capture point, and in a tunnel the tunnel's end. What sends for many addresses is a router and no
// server, and so is what passes an address's packets on: they have a lower TTL than those of another sender.
type vips struct {
	tenants flows.Tenancy
	seed    Seed
	servers *Groups[serverKey, serverTotal]
}

type serverKey struct {
	place uint64 // a hash of the network and the capture point
	ip    endpoint
	mac   uint64
	end   endpoint // of the tunnel; zero if it is in none
}

type serverTotal struct {
	sent, received amount
	arp            uint64 // messages of ARP in which it says that the address is its own
	span           span
	ttl, ttlIn     uint8 // the highest of the packets that it has sent, and of those that it has received
	endKind        endKind
	point          *dissect.Point
	path           path
}

// serversPerGroup is how many servers are kept for each group that a table may have: most addresses have one, and are in no row.
const serversPerGroup = 8

func newVIPs(s setup) Report {
	return &vips{tenants: s.tenants, seed: NewSeed(), servers: NewGroups[serverKey, serverTotal](s.groups * serversPerGroup)}
}

func (t *serverTotal) absorb(from *serverTotal) {
	t.sent.absorb(&from.sent)
	t.received.absorb(&from.received)
	t.arp += from.arp
	t.span.absorb(&from.span)
	t.ttl, t.ttlIn = max(t.ttl, from.ttl), max(t.ttlIn, from.ttlIn)
	t.endKind, t.point, t.path = from.endKind, from.point, from.path
}

func (t *serverTotal) reset() { *t = serverTotal{} }

func (r *vips) NewPart() Part {
	return &vipsPart{report: r, servers: NewGroups[serverKey, serverTotal](0)}
}

func (r *vips) Reset() { r.servers.Reset((*serverTotal).reset) }

type vipsPart struct {
	report  *vips
	servers *Groups[serverKey, serverTotal]
}

func (t *vipsPart) Flush() {
	t.report.servers.Absorb(t.servers, (*serverTotal).absorb)
	t.servers.Reset((*serverTotal).reset)
}

func (t *vipsPart) Add(p *dissect.Packet) {
	w := newFrameWalk(p, t.report.seed)
	for w.find() {
		if w.behind >= len(p.Layers) {
			continue
		}
		l := &p.Layers[w.behind]
		if l.Flags&dissect.Partial != 0 {
			continue
		}
		source, destination := w.addresses()
		switch h := p.Header(l); l.Protocol {
		case ip4:
			t.packet(&w, source, destination, ip4Endpoint(h[12:]), ip4Endpoint(h[16:]), dissect.IPv4(h).TTL())
		case ip6:
			t.packet(&w, source, destination, ip6Endpoint(h[8:]), ip6Endpoint(h[24:]), dissect.IPv6(h).HopLimit())
		case arpID:
			if ip, ok := w.sender(); ok {
				total := t.server(&w, ip, source, w.end)
				total.arp++
			}
		}
	}
}

// packet counts an IP packet of the frame with its sender, and with its receiver.
func (t *vipsPart) packet(w *frameWalk, source, destination uint64, from, to endpoint, ttl uint8) {
	bytes := uint64(w.packet.WireLen)
	if from.host() && source>>40&1 == 0 {
		total := t.server(w, from, source, w.end)
		total.sent.add(bytes)
		total.ttl = max(total.ttl, ttl)
	}
	if to.host() && destination>>40&1 == 0 {
		total := t.server(w, to, destination, w.otherEnd)
		total.received.add(bytes)
		total.ttlIn = max(total.ttlIn, ttl)
	}
}

// host tells whether an address may be a host's: it is not a group's, a link's, nobody's or everybody's own.
func (e endpoint) host() bool {
	switch {
	case e.group(), e[0]>>48 == 0xfe80:
		return false
	case e[0] == 0 && e[1]>>32 == 0xffff:
		first := e[1] >> 24 & 0xff
		return first != 0 && first != 127 && e[1]>>16&0xffff != 0xa9fe
	}
	return e[0] != 0 || e[1] > 1
}

func (t *vipsPart) server(w *frameWalk, ip endpoint, mac uint64, end endpoint) *serverTotal {
	p := w.packet
	key := serverKey{fold(w.network^uint64(p.Point.ID)<<1^fold2, fold1), ip, mac, end}
	total := t.servers.At(key, key.hash())
	total.endKind, total.point, total.path = w.endKind, p.Point, w.path
	total.span.addPacket(p)
	return total
}

func (k *serverKey) hash() uint64 {
	return fold(fold(k.place^k.ip[0]^fold1, k.ip[1]^k.mac<<7^fold2)^k.end[0], k.end[1]^fold3)
}

// service is an address at a place, and all that send or receive for it.
type service struct {
	servers  []*Group[serverKey, serverTotal]
	sent     uint64
	received uint64
	direct   uint64 // requests to servers that never answer
	kind     string
	dsr      bool
	span     span
}

// services are the addresses that are not one host's, in no order.
func (r *vips) services() (all []*service) {
	type sender struct{ place, mac uint64 }
	sends, receives := map[sender]int{}, map[sender]int{} // for how many addresses
	type at struct {
		place uint64
		ip    endpoint
	}
	byAddress := map[at][]*Group[serverKey, serverTotal]{}
	for i := range r.servers.Entries() {
		g := &r.servers.Entries()[i]
		who := sender{g.Key.place, g.Key.mac}
		if g.Total.sent.packets > 0 {
			sends[who]++
		}
		if g.Total.received.packets > 0 {
			receives[who]++
		}
		address := at{g.Key.place, g.Key.ip}
		byAddress[address] = append(byAddress[address], g)
	}
	for _, groups := range byAddress {
		if len(groups) < 2 {
			continue
		}
		top := uint8(0)
		for _, g := range groups {
			top = max(top, g.Total.ttl)
		}
		s := &service{}
		for _, g := range groups {
			who := sender{g.Key.place, g.Key.mac}
			router := max(sends[who], receives[who]) > routed || g.Total.sent.packets > 0 && g.Total.ttl < top && !initial(g.Total.ttl)
			if router && g.Total.arp == 0 {
				continue
			}
			s.servers = append(s.servers, g)
		}
		if s.judge() {
			all = append(all, s)
		}
	}
	return all
}

// answers tells whether a server sends for the address.
func answers(g *Group[serverKey, serverTotal]) bool { return g.Total.sent.packets+g.Total.arp > 0 }

// initial are the TTLs that hosts send with: who sends with another one is not on this link.
func initial(ttl uint8) bool { return ttl == 32 || ttl == 64 || ttl == 128 || ttl == 255 }

// dropForwarders leaves out those who send with the address although they are neither asked nor alone in that: a load balancer that passes a
// client's requests on does so. They are servers if somebody else is asked in their place.
func (s *service) dropForwarders() {
	asked, silent := false, false
	for _, g := range s.servers {
		if g.Total.received.packets > 0 {
			asked = asked || answers(g)
			silent = silent || !answers(g)
		}
	}
	if asked && !silent {
		s.servers = slices.DeleteFunc(s.servers, func(g *Group[serverKey, serverTotal]) bool {
			return g.Total.received.packets == 0 && g.Total.arp == 0
		})
	}
}

// sameHop tells whether all receive packets of as many hops.
func (s *service) sameHop() bool {
	for _, g := range s.servers {
		if g.Total.ttlIn != s.servers[0].Total.ttlIn {
			return false
		}
	}
	return true
}

// judge says what the service is. It is not ok if it is one host's.
func (s *service) judge() bool {
	s.dropForwarders()
	for _, g := range s.servers {
		s.sent += g.Total.sent.packets
		s.received += g.Total.received.packets
		s.span.absorb(&g.Total.span)
	}
	slices.SortFunc(s.servers, func(a, b *Group[serverKey, serverTotal]) int {
		return cmp.Or(cmp.Compare(a.Total.span.first, b.Total.span.first), cmp.Compare(a.Key.mac, b.Key.mac),
			cmp.Compare(a.Key.end[0], b.Key.end[0]), cmp.Compare(a.Key.end[1], b.Key.end[1]))
	})
	var answering []*Group[serverKey, serverTotal]
	here, asked, macs, own := false, false, map[uint64]bool{}, map[uint64]bool{}
	var answer span
	for _, g := range s.servers {
		macs[g.Key.mac] = true
		if answers(g) {
			answering = append(answering, g)
			own[g.Key.mac] = true
			here = here || g.Total.arp > 0 || initial(g.Total.ttl)
			asked = asked || g.Total.received.packets > 0
			answer.absorb(&g.Total.span)
		}
	}
	for _, g := range s.servers {
		// Who was asked only before or after somebody else was there is not asked in his place.
		if !own[g.Key.mac] && (!asked || g.Total.span.overlaps(&answer)) {
			s.direct += g.Total.received.packets
		}
	}
	s.dsr = here && s.direct > 0 && s.sent > 0
	if len(s.servers) < 2 {
		return false
	}
	apart := true // one took over from the other
	for i := 1; i < len(answering); i++ {
		apart = apart && answering[i-1].Total.span.some && answering[i].Total.span.first > answering[i-1].Total.span.last
	}
	switch {
	case len(answering) < 2 && s.dsr:
		s.kind = "direct return"
	case len(answering) < 2 && s.sent > 0, len(answering) == 0 && !s.sameHop():
		return false // routers: the two directions have ways of their own, or one passes the packets to the other
	case len(macs) == 1:
		s.kind = "anycast" // the same MAC address behind several tunnel ends
	case len(answering) > 1 && apart:
		s.kind = "failover"
	default:
		s.kind = "shared"
	}
	return true
}

func (r *vips) Snapshot() []*Table {
	addresses := &Table{
		Name: "vips", Title: "Addresses of several servers",
		Columns: []Column{
			{Name: "address", Kind: KindAddress},
			{Name: "segment"},
			{Name: "point"},
			{Name: "kind"},
			{Name: "servers", Kind: KindCount},
			{Name: "direct_return", Title: "direct return", Kind: KindBool},
			{Name: "packets_in", Title: "in", Kind: KindCount},
			{Name: "packets_out", Title: "out", Kind: KindCount},
			{Name: "direct_share", Title: "asked of who is silent", Kind: KindShare, Detail: true},
			{Name: "first", Kind: KindTime},
			{Name: "last", Kind: KindTime},
		},
	}
	servers := &Table{
		Name: "vip_servers", Title: "Their servers", Quiet: true,
		Columns: []Column{
			{Name: "address", Kind: KindAddress},
			{Name: "segment"},
			{Name: "point"},
			{Name: "mac", Title: "MAC", Kind: KindAddress},
			{Name: "vendor"},
			{Name: "end", Title: "behind", Kind: KindAddress},
			{Name: "role"},
			{Name: "packets_in", Title: "in", Kind: KindCount},
			{Name: "in_share", Title: "share", Kind: KindShare},
			{Name: "packets_out", Title: "out", Kind: KindCount},
			{Name: "out_share", Title: "share", Kind: KindShare},
			{Name: "arp", Title: "ARP", Kind: KindCount},
			{Name: "ttl", Title: "TTL", Kind: KindNumber},
			{Name: "first", Kind: KindTime},
			{Name: "last", Kind: KindTime},
		},
	}
	all := r.services()
	var names pointNames
	for _, s := range all {
		names.see(s.servers[0].Total.point)
	}
	for _, s := range all {
		g := s.servers[0]
		address, segment, point := ipEnds.cell(g.Key.ip), Text(g.Total.path.segment(g.Total.point, r.tenants)), Text(names.of(g.Total.point))
		first, last := s.span.cells()
		addresses.Add(address, segment, point, Text(s.kind), Int(len(s.servers)), Bool(s.dsr), Int(s.received), Int(s.sent),
			Share(s.direct, s.received), first, last)
		for _, g := range s.servers {
			t := &g.Total
			role := "server"
			switch {
			case !answers(g):
				role = "receives only"
			case t.received.packets == 0 && s.received > 0:
				role = "sends only"
			}
			var vendor, ttl Cell
			if name := oui.Vendor(g.Key.mac); name != "" {
				vendor = Text(name)
			}
			if t.sent.packets > 0 {
				ttl = Int(t.ttl)
			}
			first, last := t.span.cells()
			servers.Add(address, segment, point, macCell(g.Key.mac), vendor, t.endKind.cell(g.Key.end), Text(role), Int(t.received.packets),
				Share(t.received.packets, s.received), Int(t.sent.packets), Share(t.sent.packets, s.sent), Int(t.arp), ttl, first, last)
		}
	}
	if other, some := r.servers.Other(); some {
		addresses.Note("there are more addresses: %s packets of them were not looked at", thousands(int64(other.sent.packets+other.received.packets)))
	}
	addresses.Size = "packets_out"
	addresses.mustSort("-packets_out", "-packets_in")
	servers.mustSort("address", "segment", "point", "-packets_out", "-packets_in")
	servers.Size = "packets_out"
	return []*Table{addresses, servers}
}

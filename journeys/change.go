package journeys

import (
	"fmt"
	"net/netip"
	"strconv"

	"pktscope/flows"
)

// changes say what was added to a packet, removed from it or changed between places i-1 and i of a route.
func (f *Follower) changes(r *Route, i int) (all []string) {
	a, b := &r.first[i-1], &r.first[i]
	from, to := f.places.all[a.place], f.places.all[b.place]
	all = f.pathChanges(steps(from.Path), steps(to.Path), f.ends.all[a.ends], f.ends.all[b.ends])
	if a.kind != 0 {
		return all
	}
	all = append(all, translations(a, b, r.varies[i-1], r.varies[i])...)
	if a.tcp && b.tcp && a.first != b.first {
		all = append(all, "TCP sequence numbers shifted")
	}
	if a.ttl != b.ttl {
		all = append(all, fmt.Sprintf("TTL %s", signed(int(b.ttl)-int(a.ttl))))
	}
	if a.tos>>2 != b.tos>>2 {
		all = append(all, fmt.Sprintf("DSCP %d → %d", a.tos>>2, b.tos>>2))
	}
	switch {
	case a.parts == 0 && b.parts > 0:
		all = append(all, fmt.Sprintf("fragmented into %d", b.parts))
	case a.parts > 0 && b.parts == 0:
		all = append(all, "reassembled")
	}
	return all
}

func signed(n int) string {
	if n < 0 {
		return "−" + strconv.Itoa(-n)
	}
	return "+" + strconv.Itoa(n)
}

// steps are the identifiers of a path but for the interface, which is a part of the capture point.
func steps(p flows.Path) flows.Path {
	if len(p) > 0 && p[0].Kind == flows.Interface {
		return p[1:]
	}
	return p
}

// pathChanges compares the identifiers around a packet, and the tunnels' ends.
func (f *Follower) pathChanges(a, b flows.Path, endsA, endsB [][2]netip.Addr) (all []string) {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] { // outside
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] { // inside
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	if len(a) == 1 && len(b) == 1 && a[0].Kind == b[0].Kind && a[0].Kind != flows.Tunnel {
		all = append(all, a[0].String()+" → "+number(b[0]))
		a, b = nil, nil
	}
	pops, pushes := len(endsA) > len(endsB), len(endsB) > len(endsA)
	for i := range a {
		all = append(all, a[i].String()+" popped")
	}
	for i := len(b) - 1; i >= 0; i-- { // the inner one is pushed first
		all = append(all, b[i].String()+" pushed")
	}
	switch {
	case pushes:
		all = append(all, "tunnel "+endsText(endsB[:len(endsB)-len(endsA)]))
	case !pops && !sameEnds(endsA, endsB):
		all = append(all, "tunnel "+endsText(endsA)+" → "+endsText(endsB))
	case pops && len(a) == 0:
		all = append(all, "tunnel "+endsText(endsA[:len(endsA)-len(endsB)])+" left")
	}
	return all
}

// number is an identifier without its kind.
func number(id flows.Identifier) string { return id.String()[len(id.Kind.String())+1:] }

func sameEnds(a, b [][2]netip.Addr) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func endsText(ends [][2]netip.Addr) (s string) {
	for i, e := range ends {
		if i > 0 {
			s += ", "
		}
		s += e[0].String() + "→" + e[1].String()
	}
	return s
}

// translations say which addresses and ports are others. Where those of one packet are not those of all, they are not named.
func translations(a, b *capture, varyA, varyB vary) (all []string) {
	if a.V4() != b.V4() {
		return []string{version(a) + " → " + version(b)}
	}
	ports := func(c *capture, v vary, port uint16) string {
		switch {
		case !c.HasPorts():
			return ""
		case v.ports:
			return ":*"
		}
		return ":" + strconv.Itoa(int(port))
	}
	side := func(name string, was, is netip.Addr, wasPort, isPort uint16, anyWas, anyIs bool) {
		moved := a.HasPorts() && wasPort != isPort
		if was == is && !moved {
			return
		}
		before, after := was.String(), is.String()
		if anyWas {
			before = "*"
		}
		if anyIs {
			after = "*"
		}
		if moved {
			before, after = before+ports(a, varyA, wasPort), after+ports(b, varyB, isPort)
		}
		all = append(all, name+" "+before+" → "+after)
	}
	side("SNAT", a.Source(), b.Source(), a.Sport, b.Sport, varyA.source, varyB.source)
	side("DNAT", a.Destination(), b.Destination(), a.Dport, b.Dport, varyA.destination, varyB.destination)
	if icmp(a.Protocol) && a.Sport != b.Sport && !varyA.ports && !varyB.ports {
		all = append(all, fmt.Sprintf("ICMP identifier %d → %d", a.Sport, b.Sport))
	}
	return all
}

func version(c *capture) string {
	if c.V4() {
		return "IPv4"
	}
	return "IPv6"
}

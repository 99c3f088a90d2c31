package reports

import (
	"cmp"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pktscope/dissect"
	"pktscope/flows"
)

// realms is whose traffic is whose, as far as a tracker knows now, with names for people. The reports on segments, tenants and overlaps speak
// of the same ones.
type realms struct {
	flows.Networks
	names  []string // of Realms
	places places
}

func newRealms(t *tracking) *realms {
	r := &realms{Networks: t.Networks()}
	var points []*dissect.Point
	for _, n := range r.All {
		for _, s := range n.Segments {
			if s.Tenant == "" && !t.options.OneSite && t.options.Policy != flows.None {
				points = append(points, s.Point)
			}
		}
	}
	r.places = newPlaces(points)
	times := map[string]int{}
	for i := range r.Realms {
		r.names = append(r.names, r.realmName(i, func(s *flows.Segment) string { return s.Name() }))
		times[r.names[i]]++
	}
	for i, name := range r.names {
		if times[name] > 1 {
			r.names[i] = r.realmName(i, r.segment)
		}
	}
	return r
}

// cell is the name of whose a segment is, as the report on tenants has it; absent where nobody knows.
func (r *realms) cell(segment uint32) Cell {
	if r == nil {
		return Cell{}
	}
	if i := r.RealmOf(segment); i >= 0 && i < len(r.names) {
		return Text(r.names[i])
	}
	return Cell{}
}

// realmName is the tenant's name, or those of the first segments of a realm. Of each network it is the segment that says most.
func (r *realms) realmName(realm int, name func(*flows.Segment) string) string {
	const most = 2
	var names []string
	for _, n := range r.Realms[realm].Networks {
		s := slices.MaxFunc(r.All[n].Segments, func(a, b *flows.Segment) int {
			return cmp.Or(cmp.Compare(len(a.Tenant), len(b.Tenant)), cmp.Compare(global(a), global(b)), cmp.Compare(len(a.Path), len(b.Path)),
				cmp.Compare(b.ID, a.ID))
		})
		names = append(names, name(s))
	}
	if len(names) > most {
		names = append(names[:most], "…")
	}
	return strings.Join(slices.Compact(names), " + ")
}

// global is how many identifiers a segment has that mean the same wherever they are met: all but those of ports and interfaces.
func global(s *flows.Segment) (n int) {
	for _, id := range s.Path {
		switch id.Kind {
		case flows.VLAN, flows.ServiceVLAN, flows.Interface, flows.DLCI:
		default:
			n++
		}
	}
	return n
}

// segment is a segment's path and where it was captured: "vlan 5 @ eth0".
func (r *realms) segment(s *flows.Segment) string {
	if place := r.places[s.Point]; place != "" && s.Tenant == "" {
		return s.Name() + " @ " + place
	}
	return s.Name()
}

// chain is the names of a network: "vlan 1 @ tun-a = vxlan 100 @ underlay".
func (r *realms) chain(n *flows.Network) string {
	names := make([]string, len(n.Segments))
	for i, s := range n.Segments {
		names[i] = r.segment(s)
	}
	return strings.Join(names, " = ")
}

// chains are those of a realm.
func (r *realms) chains(realm int) []string {
	var all []string
	for _, n := range r.Realms[realm].Networks {
		all = append(all, r.chain(&r.All[n]))
	}
	return all
}

// places are short names of capture points: that of the interface, or the file's without its endings, or both, or as much of it as tells
// them apart. Where there is one point only it has none.
type places map[*dissect.Point]string

func newPlaces(points []*dissect.Point) places {
	p := places{}
	slices.SortFunc(points, func(a, b *dissect.Point) int { return cmp.Compare(a.ID, b.ID) })
	points = slices.CompactFunc(points, func(a, b *dissect.Point) bool { return a.ID == b.ID })
	if len(points) < 2 {
		return p
	}
	var names pointNames
	for _, point := range points {
		names.see(point)
	}
	for _, name := range []func(*dissect.Point) string{
		func(p *dissect.Point) string { return cmp.Or(interfaceName(p), stem(p.File)) },
		func(p *dissect.Point) string {
			if name := interfaceName(p); name != "" {
				return stem(p.File) + ":" + name
			}
			return filepath.Base(p.File)
		},
		names.of,
	} {
		times := map[string]int{}
		for _, point := range points {
			if p[point] == "" {
				times[name(point)]++
			}
		}
		for _, point := range points {
			if n := name(point); p[point] == "" && times[n] == 1 {
				p[point] = n
			}
		}
	}
	for _, point := range points { // the same file twice
		if p[point] == "" {
			p[point] = names.of(point) + " (" + strconv.Itoa(point.ID+1) + ")"
		}
	}
	return p
}

func interfaceName(p *dissect.Point) string {
	if p.Name == "" && p.Index >= 0 {
		return "#" + strconv.Itoa(p.Index)
	}
	return p.Name
}

// stem is a file's name without its folder and the endings that say what format it has.
func stem(file string) string {
	name := filepath.Base(file)
	for {
		switch ext := filepath.Ext(name); ext {
		case ".zst", ".gz", ".xz", ".bz2", ".lz4", ".pcap", ".pcapng", ".cap", ".snoop", ".dmp":
			if ext == name {
				return name
			}
			name = strings.TrimSuffix(name, ext)
		default:
			return name
		}
	}
}

package reports

import (
	"encoding/binary"
	"slices"
	"strings"

	"pktscope/dissect"
)

// The tables replication and meshes of the tunnels report. A frame to all, to a group or to a MAC address that nobody has heard of is sent to
// every other end of its virtual network, by a copy in each tunnel (head-end replication) or one to a group of the underlay. A tunnel that
// is left out is a host that cannot be found.

// networkKey is a virtual network: the path with its identifier last.
type networkKey struct {
	path uint64
	kind kindID
}

// networkTotal is what it is called, and what is known of it.
type networkTotal struct {
	path    path
	own     uint8
	some    bool
	network *network // of the report; in a part nil, as long as no frame was played
}

// frameSent is a frame in a tunnel that may be one of several copies, or whose sender may be new.
type frameSent struct {
	source, destination uint64 // MAC addresses
	print               uint64 // of the frame
	from, to            endpoint
	time                int64
	point               int32
	network             uint32 // index of its group
}

// network is what is known of one. Most have no floods.
type network struct {
	ends   map[endpoint]*replicator // tunnel ends that have flooded
	recent [numFloodClasses][]flooded
	next   [numFloodClasses]uint8
}

const (
	recentFloods   = 16      // in a network, of each class
	maxSources     = 1 << 18 // in all networks; when they are so many none is called unknown any more
	maxReplicators = 256     // in a network, and ends that one of them sends to
	copyWindow     = 100e6   // nanoseconds in which copies of one frame are sent
)

// flooded is a frame of which copies may still come.
type flooded struct {
	print, source uint64
	from          endpoint
	time          int64
	point         int32
	gone          bool // it was sent once more
	reached       []endpoint
}

// floodClass says why a frame is flooded.
type floodClass uint8

const (
	broadcast floodClass = iota
	multicast
	unknownUnicast
	numFloodClasses
)

// replicator is a tunnel end that floods.
type replicator struct {
	frames [numFloodClasses]uint64
	copies map[endpoint]*[numFloodClasses]uint64
	beyond uint64 // copies to ends that found no room
}

func (t *networkTotal) reset() { *t = networkTotal{} }

// playFrames plays the frames of a block.
func (r *tunnels) playFrames(t *tunnelsPart) {
	for i := range t.frames {
		f := &t.frames[i]
		g := &t.networks.entries[f.network]
		if g.Total.network == nil {
			to := r.networks.at(&g.Key, t.networks.hashes[f.network])
			if to.network == nil {
				to.network = new(network)
			}
			to.path, to.own = g.Total.path, g.Total.own
			g.Total.network = to.network
		}
		r.frame(g.Total.network, g.Key, f)
	}
}

// frame takes a frame in capture order.
func (r *tunnels) frame(n *network, key networkKey, f *frameSent) {
	of := func(mac uint64) uint64 { return fold(key.path^mac<<8^uint64(key.kind), r.seed[0]^fold2) }
	if len(r.senders) < maxSources {
		r.senders[of(f.source)] = struct{}{}
	}
	class := unknownUnicast
	switch {
	case f.destination == 0xffffffffffff:
		class = broadcast
	case f.destination>>40&1 != 0:
		class = multicast
	default:
		if _, known := r.senders[of(f.destination)]; known || len(r.senders) == maxSources {
			return
		}
	}
	n.flood(class, f)
}

// flood takes a frame that every end of the network should get.
func (n *network) flood(class floodClass, f *frameSent) {
	for i := range n.recent[class] {
		r := &n.recent[class][i]
		if r.gone || r.print != f.print || r.source != f.source || r.from != f.from || f.time-r.time > copyWindow {
			continue
		}
		if !slices.Contains(r.reached, f.to) {
			n.copyTo(class, r, f.to)
			return
		}
		if r.point != f.point {
			return // the same copy, captured elsewhere
		}
		r.gone = true
		break
	}
	recent := &n.recent[class]
	if len(*recent) < recentFloods {
		*recent = append(*recent, flooded{})
		n.next[class] = uint8(len(*recent) - 1)
	}
	r := &(*recent)[n.next[class]]
	n.next[class] = (n.next[class] + 1) % recentFloods
	*r = flooded{print: f.print, source: f.source, from: f.from, time: f.time, point: f.point, reached: r.reached[:0]}
	n.copyTo(class, r, f.to)
}

// copyTo counts a copy. A single frame to a MAC address that was not heard of is no flood: its sender may know more than the capture.
func (n *network) copyTo(class floodClass, r *flooded, to endpoint) {
	if len(r.reached) == maxReplicators {
		return
	}
	r.reached = append(r.reached, to)
	first := len(r.reached) == 1
	if class == unknownUnicast && first && !to.group() {
		return
	}
	by := n.ends[r.from]
	if by == nil {
		if len(n.ends) == maxReplicators {
			return
		}
		if n.ends == nil {
			n.ends = map[endpoint]*replicator{}
		}
		by = &replicator{copies: map[endpoint]*[numFloodClasses]uint64{}}
		n.ends[r.from] = by
	}
	switch {
	case first:
		by.frames[class]++
	case class == unknownUnicast && len(r.reached) == 2 && !r.reached[0].group():
		by.frames[class]++
		by.add(class, r.reached[0])
	}
	by.add(class, to)
}

func (r *replicator) add(class floodClass, to endpoint) {
	c := r.copies[to]
	if c == nil {
		if len(r.copies) == maxReplicators {
			r.beyond++
			return
		}
		c = new([numFloodClasses]uint64)
		r.copies[to] = c
	}
	c[class]++
}

// Bytes of a frame that its fingerprint is taken of. Frames to one address have numbers that differ in their headers.
const (
	groupPrint   = 192
	unicastPrint = 64
)

// flood notes the frame in layer i, an Ethernet header in a tunnel, if its destination may be flooded or its sender may be new.
func (w *tunnelWalk) flood(i int, own uint8, kind kindID, tunnel tunnelKey, way int) {
	p := w.packet
	l := &p.Layers[i]
	if l.Flags&dissect.Partial != 0 {
		return
	}
	b := p.SourceBytes(l)[l.Start:]
	destination, source := binary.BigEndian.Uint64(b)>>16, binary.BigEndian.Uint64(b[4:])&0xffffffffffff
	fresh := w.sources.fresh(source, macSpace, w.hash)
	if b[0]&1 == 0 {
		w.memo.network = uint16(i)
	} else {
		w.memo.walk = true
	}
	if !fresh && b[0]&1 == 0 && w.sources.has(destination, macSpace, w.hash) {
		return // between two that have spoken
	}
	key := networkKey{w.hash, kind}
	index := w.networks.find(&key, uint32(fold(w.hash^uint64(kind)<<7^fold1, fold3)))
	if total := &w.networks.entries[index].Total; !total.some {
		total.path, total.own, total.some = w.path, own, true
	}
	bytes := unicastPrint
	if b[0]&1 != 0 {
		bytes = groupPrint
	}
	w.frames = append(w.frames, frameSent{
		source: source, destination: destination, print: w.report.seed.Bytes(b[:min(len(b), bytes)]) ^ uint64(l.Len()),
		from: tunnel.ends[way], to: tunnel.ends[1-way], time: p.Time, point: int32(p.Point.ID), network: uint32(index),
	})
}

// group tells whether an address of the underlay is one of many receivers.
func (e endpoint) group() bool {
	if e[0] == 0 && e[1]>>32 == 0xffff {
		return e[1]>>28&0xf == 0xe || uint32(e[1]) == 0xffffffff
	}
	return e[0]>>56 == 0xff
}

// networkEnds are the tunnel ends of each network in order, by the key of its tunnels' paths, and who of them was seen with whom.
func (r *tunnels) networkEnds() map[networkKey]*meshEnds {
	meshes := map[networkKey]*meshEnds{}
	for i := range r.tunnels.Entries() {
		g := &r.tunnels.Entries()[i]
		key := networkKey{g.Key.path, g.Total.kind}
		if g.Total.ends != ipEnds || !tunnelKinds[key.kind].both || !g.Total.path.ids[min(int(g.Total.path.n), len(g.Total.path.ids))-1].some {
			continue
		}
		m := meshes[key]
		if m == nil {
			m = &meshEnds{path: g.Total.path, own: g.Total.own, pairs: map[[2]endpoint]bool{}}
			meshes[key] = m
		}
		for _, e := range g.Key.ends {
			if !e.group() && !slices.Contains(m.ends, e) {
				if len(m.ends) == maxReplicators {
					m.beyond = true
					continue
				}
				m.ends = append(m.ends, e)
			}
		}
		if !g.Key.ends[0].group() && !g.Key.ends[1].group() {
			m.pairs[g.Key.ends] = true
		}
	}
	for _, m := range meshes {
		slices.SortFunc(m.ends, func(a, b endpoint) int {
			if a.less(b) {
				return -1
			}
			return 1
		})
	}
	return meshes
}

type meshEnds struct {
	path   path
	own    uint8
	ends   []endpoint // in order
	pairs  map[[2]endpoint]bool
	beyond bool // there are more ends
}

// center is the end that all pairs have in common, if there is one: then what the others say to each other does not pass here.
func (m *meshEnds) center() (e endpoint, ok bool) {
	if len(m.ends) < 3 {
		return e, false
	}
	count := map[endpoint]int{}
	for pair := range m.pairs {
		count[pair[0]]++
		count[pair[1]]++
	}
	for _, e := range m.ends {
		if count[e] == len(m.pairs) {
			return e, true
		}
	}
	return e, false
}

func (r *tunnels) replicationTable() *Table {
	t := &Table{
		Name: "replication", Title: "Flooded frames in tunnels, and their copies", Quiet: true,
		Columns: []Column{
			{Name: "kind"},
			{Name: "id"},
			{Name: "within"},
			{Name: "from", Kind: KindAddress},
			{Name: "to", Kind: KindAddress},
			{Name: "frames", Kind: KindCount},
			{Name: "copies", Kind: KindCount},
			{Name: "missing", Kind: KindCount},
			{Name: "broadcast", Kind: KindCount},
			{Name: "multicast", Kind: KindCount},
			{Name: "unknown", Kind: KindCount},
		},
	}
	meshes := r.networkEnds()
	for i := range r.networks.Entries() {
		g := &r.networks.Entries()[i]
		mesh := meshes[g.Key]
		for from, by := range g.Total.network.ends {
			frames, grouped := by.frames[broadcast]+by.frames[multicast]+by.frames[unknownUnicast], false
			if frames == 0 {
				continue
			}
			row := func(to endpoint, c *[numFloodClasses]uint64) {
				copies := c[broadcast] + c[multicast] + c[unknownUnicast]
				missing := Int(frames - min(frames, copies))
				if grouped && !to.group() {
					missing = Cell{} // the underlay copies for it
				}
				t.Add(Text(tunnelKinds[g.Key.kind].name), pathNumber(&g.Total.path, g.Total.own), pathAround(&g.Total.path, g.Total.own),
					ipEnds.cell(from), ipEnds.cell(to), Int(frames), Int(copies), missing, Int(c[broadcast]), Int(c[multicast]), Int(c[unknownUnicast]))
			}
			for to := range by.copies {
				grouped = grouped || to.group()
			}
			for to, c := range by.copies {
				row(to, c)
			}
			if mesh == nil || grouped || by.beyond > 0 {
				continue
			}
			for _, to := range mesh.ends {
				if to != from && by.copies[to] == nil {
					row(to, new([numFloodClasses]uint64))
				}
			}
		}
	}
	t.mustSort("-missing", "-frames")
	return t
}

func (r *tunnels) meshTable() *Table {
	t := &Table{
		Name: "meshes", Title: "Virtual networks of three tunnel ends or more", Quiet: true,
		Columns: []Column{
			{Name: "kind"},
			{Name: "id"},
			{Name: "within"},
			{Name: "ends", Kind: KindCount},
			{Name: "pairs", Kind: KindCount},
			{Name: "missing_pairs", Title: "missing", Kind: KindCount},
			{Name: "missing", Title: "which", Kind: KindList},
			{Name: "seen_from", Kind: KindAddress},
		},
	}
	const named = 3
	for key, m := range r.networkEnds() {
		if len(m.ends) < 3 {
			continue
		}
		seenFrom, missing, which := Cell{}, Cell{}, Cell{}
		if center, ok := m.center(); ok {
			seenFrom = ipEnds.cell(center)
		} else {
			n := len(m.ends)*(len(m.ends)-1)/2 - len(m.pairs)
			missing = Int(n)
			var names []string
			for i, a := range m.ends {
				for _, b := range m.ends[i+1:] {
					if !m.pairs[[2]endpoint{a, b}] && len(names) < named {
						names = append(names, ipEnds.text(a)+"~"+ipEnds.text(b))
					}
				}
			}
			if n > named {
				names = append(names, ellipsis)
			}
			if m.beyond {
				missing, names = Cell{}, nil
			}
			if names != nil {
				which = List(names...)
			}
		}
		t.Add(Text(tunnelKinds[key.kind].name), pathNumber(&m.path, m.own), pathAround(&m.path, m.own), Int(len(m.ends)), Int(len(m.pairs)),
			missing, which, seenFrom)
	}
	t.mustSort("-missing_pairs", "-ends")
	return t
}

// text is the endpoint as text.
func (k endKind) text(e endpoint) string {
	return strings.TrimSpace(k.cell(e).plain(KindAddress))
}

package reports

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"pktscope/dissect"
)

// The tunnels report: who carries whose packets, and what that costs. A packet counts once in each tunnel that it is in, with all of
// its bytes on the wire. What an ICMP error quotes is no traffic, and counts in none.
//
// A tunnel is told by its kind, its ends in either order, its identifier, and the identifiers around it: a tunnel between 10.0.0.1 and
// 10.0.0.2 in VXLAN 5001 is not the one in VXLAN 5002.
//
// Beside them stand what sequence numbers say (tunnel_sequences.go), who floods what to whom, and who talks to whom at all (tunnel_floods.go).
type tunnels struct {
	seed     Seed
	tunnels  *Groups[tunnelKey, tunnelTotal]
	streams  *Groups[streamKey, streamTotal]
	networks *Groups[networkKey, networkTotal]
	senders  map[uint64]struct{} // MAC addresses in networks, by a hash of both
	parts    []*tunnelsPart
}

type tunnelKey struct {
	path uint64 // a hash of the identifiers around it and of its own
	ends [2]endpoint
}

// An endpoint is an IP address in its 16-byte form, a MAC address or a nickname.
type endpoint [2]uint64

func (e endpoint) less(f endpoint) bool { return e[0] < f[0] || e[0] == f[0] && e[1] < f[1] }

// tunnelTotal has what each packet changes first: with the key it is two lines of cache.
type tunnelTotal struct {
	ways      [2]amount // from the lower end to the higher, and back
	span      span
	inner     uint64 // bytes of what it carries
	largest   uint32 // bytes of the largest packet around it
	own       uint8  // where its own identifiers start in path
	kind      kindID
	ends      endKind
	udp       bool
	mirror    bool // it carries copies of packets, in one direction as is meant
	verdicts  [dissect.NumVerdicts]uint64
	ports     Distinct // UDP source ports
	flows     Distinct // inner flows, both directions of one together
	fragments uint64   // that packets around it came in
	path      path     // with its own identifiers last
}

// endKind says what endpoints are.
type endKind uint8

const (
	unknownEnds endKind = iota
	ipEnds
	macEnds
	nicknames
)

func (t *tunnelTotal) absorb(from *tunnelTotal) {
	if t.ways[0].packets|t.ways[1].packets == 0 { // all have the same, and it lies far behind
		t.path, t.own, t.kind, t.ends = from.path, from.own, from.kind, from.ends
	}
	t.udp, t.mirror = t.udp || from.udp, t.mirror || from.mirror
	for way := range from.ways {
		t.ways[way].absorb(&from.ways[way])
	}
	t.inner += from.inner
	t.largest = max(t.largest, from.largest)
	t.fragments += from.fragments
	t.ports.Merge(&from.ports)
	t.flows.Merge(&from.flows)
	for v, n := range from.verdicts {
		t.verdicts[v] += n
	}
	t.span.absorb(&from.span)
}

func (t *tunnelTotal) reset() {
	t.ports.Reset()
	t.flows.Reset()
	*t = tunnelTotal{ports: t.ports, flows: t.flows}
}

func newTunnels(s setup) Report {
	return &tunnels{seed: NewSeed(),
		tunnels:  NewGroups[tunnelKey, tunnelTotal](s.groups),
		streams:  NewGroups[streamKey, streamTotal](s.groups),
		networks: NewGroups[networkKey, networkTotal](s.groups),
		senders:  map[uint64]struct{}{},
	}
}

func (r *tunnels) NewPart() Part {
	t := &tunnelsPart{report: r, recent: newRecent(r.seed), sources: newRecent(r.seed),
		tunnels:  r.tunnels.Part(),
		streams:  NewGroups[streamKey, streamTotal](0),
		networks: NewGroups[networkKey, networkTotal](0),
	}
	r.parts = append(r.parts, t)
	return t
}

func (r *tunnels) Reset() {
	r.tunnels.Reset((*tunnelTotal).reset)
	r.streams.Reset((*streamTotal).reset)
	r.networks.Reset((*networkTotal).reset)
	clear(r.senders)
	for _, t := range r.parts {
		t.recent.reset()
		t.sources.reset()
	}
}

type tunnelsPart struct {
	report   *tunnels
	tunnels  *Groups[tunnelKey, tunnelTotal]
	streams  *Groups[streamKey, streamTotal]
	networks *Groups[networkKey, networkTotal]
	recent   recent
	numbers  []numberSeen // of the block
	frames   []frameSent  // of the block
	sources  recent       // MAC addresses that sent, by network

	one   alike // the packet of Add
	noted memo  // of a packet that is looked at by itself
}

func (t *tunnelsPart) Flush() {
	t.report.playNumbers(t)
	t.report.playFrames(t)
	t.numbers, t.frames = t.numbers[:0], t.frames[:0]
}

func (r *tunnels) gather(parts []Part) {
	gather(r.tunnels, parts, func(t *tunnelsPart) *Groups[tunnelKey, tunnelTotal] { return t.tunnels }, (*tunnelTotal).absorb, (*tunnelTotal).reset)
	gather(r.streams, parts, func(t *tunnelsPart) *Groups[streamKey, streamTotal] { return t.streams }, (*streamTotal).absorb, (*streamTotal).reset)
	for _, part := range parts {
		part.(*tunnelsPart).networks.Reset((*networkTotal).reset)
	}
}

func (r *tunnels) size(part Part) int {
	t := part.(*tunnelsPart)
	return max(len(t.tunnels.Entries()), len(t.streams.Entries()), len(t.networks.Entries()))
}

func (t *tunnelsPart) Add(p *dissect.Packet) {
	t.one.alone(p)
	t.noted = memo{}
	t.walk(p, &t.one, &t.noted)
}

func (t *tunnelsPart) addAlike(a *alike) { t.walk(a.Packet, a, nil) }

func (t *tunnelsPart) look(p *dissect.Packet, m *memo) { t.walk(p, nil, m) }

// lookAgain counts what may be new in the only tunnel of a packet, and walks over it only if there are several, or a frame whose sender may be new.
func (t *tunnelsPart) lookAgain(p *dissect.Packet, m *memo, again bool) {
	if m.tunnel == 0 {
		return
	}
	if m.walk || m.network != 0 && t.mayFlood(p, m) {
		t.noted = memo{}
		t.walk(p, nil, &t.noted)
		return
	}
	if !again {
		t.distinct(p, m)
	}
	if m.sequence {
		if number, ok := sequenceNumber(p, int(m.tunnel), m.kind); ok {
			t.follow(p, m, number)
		}
	}
}

// distinct counts the port and the flow in the tunnel, if the two do not seem to have been counted.
func (t *tunnelsPart) distinct(p *dissect.Packet, m *memo) {
	port := uint64(0) // + 1; 0 for none
	if m.udp != 0 {
		port = uint64(dissect.UDP(p.Header(&p.Layers[m.udp])).SourcePort()) + 1
	}
	flow, ok := innerFlow(p, int(m.tunnel))
	if !ok && port == 0 || !t.recent.fresh(flow, port, m.group) {
		return
	}
	total := t.tunnels.total(int(m.total))
	if port != 0 {
		total.ports.Add(FixedSeed.Uint64(port - 1))
	}
	if ok {
		total.flows.Add(flow)
	}
}

// mayFlood tells whether an address of the frame in the tunnel does not seem to have been heard of.
func (t *tunnelsPart) mayFlood(p *dissect.Packet, m *memo) bool {
	l := &p.Layers[m.network]
	b := p.SourceBytes(l)[l.Start:]
	destination, source := binary.BigEndian.Uint64(b)>>16, binary.BigEndian.Uint64(b[4:])&0xffffffffffff
	if !t.sources.has(source, macSpace, m.path) || !t.sources.has(destination, macSpace, m.path) {
		return true
	}
	m.network = 0
	return false
}

// walk goes over the layers of p. It adds up sums, if there are any, of packets like p, and with a memo it looks at what has to be seen of each.
func (t *tunnelsPart) walk(p *dissect.Packet, sums *alike, m *memo) {
	w := tunnelWalk{tunnelsPart: t, packet: p, sums: sums, memo: m, hash: t.report.seed[0]}
	last := 0 // layer that meant something
	for i := 1; i < len(p.Layers); i++ {
		l := &p.Layers[i]
		role := &roles[l.Protocol]
		if role.meaning == meansNothing {
			continue
		}
		// Of several messages in a packet only the first is looked at.
		if l.Flags&(dissect.Partial|dissect.Quoted) != 0 || int(l.Parent) < last {
			return
		}
		last = i
		switch role.meaning {
		case meansEthernet:
			w.outer, w.udp = i, 0
		case meansIP:
			if ipHeaders[p.Layers[l.Parent].Protocol] {
				w.ipInIP(i)
			}
			w.outer, w.udp = i, 0
		case meansUDP:
			w.udp = i
		case meansLabel:
			w.label(i)
		case meansTag:
			if id, ok := tunnelKinds[role.kind].id(p, l); ok {
				w.add(identifier{id, role.kind, true})
			}
		case meansTunnel:
			w.tunnel(i, role.kind)
		}
	}
}

// tunnelWalk goes over the layers of one packet.
type tunnelWalk struct {
	*tunnelsPart
	packet *dissect.Packet
	sums   *alike // nil for none
	memo   *memo  // nil if nobody looks at each packet
	outer  int    // the innermost layer so far that names two ends; 0 if there was none
	udp    int    // UDP in outer; 0 if there was none
	hash   uint64 // of path
	path   path
	labels uint8 // how many at the end of path are labels of the stack that is being read
}

func (w *tunnelWalk) add(d identifier) {
	w.hash = fold(w.hash^d.word(), fold1)
	w.path.add(d)
}

// label reads one entry of a label stack. Special-purpose and entropy labels are no identity.
func (w *tunnelWalk) label(i int) {
	l := &w.packet.Layers[i]
	if label, ok := tunnelKinds[kindMPLS].id(w.packet, l); ok {
		w.add(identifier{label, kindMPLS, true})
		w.labels++
	}
	if dissect.MPLS(w.packet.Header(l)).Bottom() {
		if w.labels == 0 {
			w.add(identifier{kind: kindMPLS})
			w.labels = 1
		}
		w.count(i, kindMPLS, w.path.n-w.labels, l.PayloadLen())
		w.labels = 0
	}
}

// ipInIP counts layer i as an IP packet in another.
func (w *tunnelWalk) ipInIP(i int) {
	kind := kind4in4
	if w.packet.Layers[w.outer].Protocol == ip6 {
		kind = kind4in6
	}
	if w.packet.Layers[i].Protocol == ip6 {
		kind++
	}
	w.add(identifier{kind: kind})
	w.count(i, kind, w.path.n-1, w.packet.Layers[i].Len())
}

// tunnel counts layer i as a tunnel of a kind that its protocol tells.
func (w *tunnelWalk) tunnel(i int, kind kindID) {
	l := &w.packet.Layers[i]
	k := &tunnelKinds[kind]
	if k.own != nil && k.own(w.packet, l) {
		return
	}
	switch kind {
	case kindGRE:
		kind = greKind(dissect.GRE(w.packet.Header(l)), l.Note)
	case kindL2TP:
		if w.udp == 0 || dissect.L2TP(w.packet.Header(l)).Version() == 3 {
			kind = kindL2TPv3
		}
	}
	d := identifier{kind: kind}
	if k.id != nil {
		d.id, d.some = k.id(w.packet, l)
	}
	w.add(d)
	w.count(i, kind, w.path.n-1, max(0, l.PayloadLen()))
}

// greKind returns which kind a GRE header is, note being that of its layer.
func greKind(h dissect.GRE, note uint16) kindID {
	switch {
	case h.PPTP():
		return kindPPTP
	case h.Version() == 1:
		return kindEoIP
	case note == dissect.GRENVGRE:
		return kindNVGRE
	}
	return kindGRE
}

// count counts the packet in the tunnel of layer i, whose identifiers in the path start at own.
func (w *tunnelWalk) count(i int, kind kindID, own uint8, inner int) {
	p := w.packet
	ends, a, b := w.ends(i, tunnelKinds[kind].ends)
	way := 0
	if b.less(a) {
		a, b, way = b, a, 1
	}
	key := tunnelKey{w.hash, [2]endpoint{a, b}}
	hash := fold(w.hash^a[0]^fold1, a[1]^fold2) ^ fold(b[0]^fold2, w.hash^b[1]^fold3)
	index := w.tunnels.first(key, hash, p.Number)
	total := w.tunnels.total(index)
	if total.path.n == 0 {
		total.path, total.own, total.kind, total.ends = w.path, own, kind, ends
	}
	if w.sums != nil {
		w.sum(total, i, kind, way, inner)
	}
	if m := w.memo; m != nil {
		m.walk = m.walk || m.tunnel != 0 // there are several
		m.tunnel, m.udp, m.kind, m.total, m.group, m.path = uint16(i), uint16(w.udp), kind, int32(index), hash, w.hash
		w.distinct(p, m)
		w.number(i, kind, own, ends, key, way, hash)
		if i+1 < len(p.Layers) && p.Layers[i+1].Protocol == eth && ends == ipEnds && w.numbered() {
			w.flood(i+1, own, kind, key, way)
		}
	}
	if !w.numbered() {
		w.hash ^= hash // its ends tell what is in it from what is in another
	}
}

// sum adds the packets up in total, which is that of the tunnel of layer i.
func (w *tunnelWalk) sum(total *tunnelTotal, i int, kind kindID, way, inner int) {
	p := w.packet
	if kind == kindERSPAN || i+1 < len(p.Layers) && p.Layers[i+1].Protocol == erspan {
		total.mirror = true
	}
	more := w.sums.amount()
	if len(p.Sources()) > 1 {
		bytes, fragments, uncut := w.fragments(i)
		more.bytes += bytes
		total.fragments += fragments
		total.largest = max(total.largest, uint32(uncut))
	}
	total.ways[way].absorb(&more)
	total.inner += w.sums.bytesOf(inner)
	total.span.absorb(&w.sums.span)
	if w.outer != 0 {
		outer := &p.Layers[w.outer]
		n := outer.Len()
		if outer.Protocol == eth {
			n = outer.PayloadLen() // so that both are what an MTU limits
		}
		total.largest = max(total.largest, uint32(w.sums.largestOf(n)))
	}
	verdict := p.Layers[i].Verdict
	if w.udp != 0 {
		total.udp = true
		verdict = p.Layers[w.udp].Verdict
	}
	if verdict != dissect.VerdictNone {
		total.verdicts[verdict] += more.packets
	}
}

// numbered tells whether the last step of the path has an identifier.
func (w *tunnelWalk) numbered() bool { return w.path.ids[min(int(w.path.n), len(w.path.ids))-1].some }

// fragments returns the bytes on the wire of the fragments before this one, which completes what layer i is in: their headers are
// taken to be as long as its own. It returns, too, how many fragments the packet around the tunnel came in, and how long it was before it
// was cut; both are 0 if it came whole.
func (w *tunnelWalk) fragments(i int) (bytes, fragments uint64, uncut int) {
	p := w.packet
	for i > 0 {
		source := p.Layers[i].Source
		i = int(p.Layers[i].Parent)
		if l := &p.Layers[i]; l.Source != source && ipHeaders[l.Protocol] {
			own, number := l.PayloadLen(), int(l.Note)
			bytes += uint64((number-1)*max(0, p.WireLen-own) + max(0, len(p.Sources()[source])-own))
			if i >= w.outer {
				fragments, uncut = uint64(number), p.Layers[w.outer].HeaderLen()+len(p.Sources()[source])
			}
		}
	}
	return bytes, fragments, uncut
}

// ends returns the sender and the receiver of the tunnel of layer i.
func (w *tunnelWalk) ends(i int, of endsOf) (kind endKind, from, to endpoint) {
	p := w.packet
	if of == nicknameEnds {
		h := dissect.TRILL(p.Header(&p.Layers[i]))
		return nicknames, endpoint{0, uint64(h.Ingress())}, endpoint{0, uint64(h.Egress())}
	}
	if w.outer == 0 || of == outerIPEnds && p.Layers[w.outer].Protocol == eth {
		return unknownEnds, from, to
	}
	return tunnelEnds(p, w.outer)
}

// tunnelEnds are the sender and the receiver that layer i names, which is a whole header of IP or Ethernet.
func tunnelEnds(p *dissect.Packet, i int) (kind endKind, from, to endpoint) {
	h := p.Header(&p.Layers[i])
	switch p.Layers[i].Protocol {
	case ip4:
		return ipEnds, ip4Endpoint(h[12:]), ip4Endpoint(h[16:])
	case ip6:
		return ipEnds, ip6Endpoint(h[8:]), ip6Endpoint(h[24:])
	}
	return macEnds, endpoint{0, binary.BigEndian.Uint64(h[4:]) & 0xffffffffffff}, endpoint{0, binary.BigEndian.Uint64(h) >> 16}
}

// ip4Endpoint is an IPv4 address in the form of RFC 4291 §2.5.5.2.
func ip4Endpoint(b []byte) endpoint {
	return endpoint{0, 0xffff<<32 | uint64(binary.BigEndian.Uint32(b))}
}

func ip6Endpoint(b []byte) endpoint {
	return endpoint{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

func (r *tunnels) Snapshot() []*Table {
	t := &Table{
		Name: "tunnels", Title: "Tunnels",
		Columns: []Column{
			{Name: "kind"},
			{Name: "id"},
			{Name: "a", Kind: KindAddress},
			{Name: "b", Kind: KindAddress},
			{Name: "within"},
			{Name: "packets", Kind: KindCount, Detail: true},
			{Name: "packets_ab", Title: "packets a→b", Kind: KindCount},
			{Name: "packets_ba", Title: "b→a", Kind: KindCount},
			{Name: "bytes", Kind: KindBytes, Detail: true},
			{Name: "bytes_ab", Title: "bytes a→b", Kind: KindBytes},
			{Name: "bytes_ba", Title: "b→a", Kind: KindBytes},
			{Name: "inner_bytes", Kind: KindBytes, Detail: true},
			{Name: "overhead", Kind: KindShare},
			{Name: "largest", Kind: KindSize},
			{Name: "outer_fragments", Title: "fragments", Kind: KindCount},
			{Name: "source_ports", Title: "ports", Kind: KindDistinct},
			{Name: "checksum_good", Kind: KindCount, Detail: true},
			{Name: "checksum_bad", Title: "bad sums", Kind: KindCount},
			{Name: "checksum_absent", Kind: KindCount, Detail: true},
			{Name: "checksum_other", Kind: KindCount, Detail: true},
			{Name: "first", Kind: KindTime, Detail: true},
			{Name: "last", Kind: KindTime, Detail: true},
			{Name: "inner_flows", Title: "flows", Kind: KindDistinct},
			{Name: "port_spread", Title: "spread", Kind: KindShare, Detail: true},
			{Name: "reverse_id", Title: "back in", Detail: true},
			{Name: "health", Kind: KindList, Detail: true},
			{Name: "filter", Detail: true},
		},
	}
	health := healthTable()
	backs := r.directions()
	for i := range r.tunnels.Entries() {
		g := &r.tunnels.Entries()[i]
		total := &g.Total
		a, b := total.ends.cell(g.Key.ends[0]), total.ends.cell(g.Key.ends[1])
		row := append([]Cell{Text(tunnelKinds[total.kind].name), total.id(), a, b, total.within()}, total.cells()...)
		cells := r.healthCells(i, backs[i])
		health.addHealth(row, cells)
		t.Add(append(append(row, cells...), Text(total.filter(g.Key.ends)))...)
	}
	if other, some := r.tunnels.Other(); some {
		t.Other = append(append(make([]Cell, 5), other.cells()...), other.flows.Cell(), Cell{}, Cell{}, Cell{}, Cell{})
	}
	t.mustSort("-packets", "-bytes")
	health.mustSort("-packets")
	return []*Table{t, health, r.replicationTable(), r.meshTable(), r.sequenceTable()}
}

func (t *tunnelTotal) id() Cell { return pathNumber(&t.path, t.own) }

func (t *tunnelTotal) within() Cell { return pathAround(&t.path, t.own) }

// pathNumber is a tunnel's identifier, which starts at step own of its path; of a label stack the labels from the top down.
func pathNumber(p *path, own uint8) Cell {
	var numbers []string
	for _, d := range p.identifiers(own, p.n) {
		numbers = append(numbers, d.number())
	}
	if id := strings.Join(numbers, "/"); id != "" {
		return Text(id)
	}
	return Cell{}
}

// pathAround is the identifiers around a tunnel, outermost first.
func pathAround(p *path, own uint8) Cell {
	var around []string
	for _, d := range p.identifiers(0, own) {
		around = append(around, d.String())
	}
	if around == nil {
		return Cell{}
	}
	return Text(strings.Join(around, " / "))
}

// cells are those from packets on.
func (t *tunnelTotal) cells() []Cell {
	there, back := t.ways[0], t.ways[1]
	bytes := there.bytes + back.bytes
	var ports, largest Cell
	if t.udp {
		ports = t.ports.Cell()
	}
	if t.largest > 0 {
		largest = Int(t.largest)
	}
	v := &t.verdicts
	first, last := t.span.cells()
	return []Cell{Int(there.packets + back.packets), Int(there.packets), Int(back.packets), Int(bytes), Int(there.bytes), Int(back.bytes),
		Int(t.inner), Share(bytes-min(bytes, t.inner), bytes), largest, Int(t.fragments), ports,
		Int(v[dissect.Good]), Int(v[dissect.Bad]), Int(v[dissect.Absent] + v[dissect.AbsentTunnel]),
		Int(v[dissect.Illegal] + v[dissect.Offload] + v[dissect.Unverifiable] + v[dissect.Excerpt]), first, last}
}

func (k endKind) cell(e endpoint) Cell {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:], e[0])
	binary.BigEndian.PutUint64(b[8:], e[1])
	switch k {
	case ipEnds:
		return Addr(netip.AddrFrom16(b).Unmap())
	case macEnds:
		return Text(net.HardwareAddr(b[10:]).String())
	case nicknames:
		return Text(fmt.Sprintf("0x%04x", e[1]))
	}
	return Cell{}
}

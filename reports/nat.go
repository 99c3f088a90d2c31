package reports

import (
	"bytes"
	"encoding/binary"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pktscope/flows"
)

// The nat report: which flows are one connection before and after a translator of addresses, the ports that each public address lends, and
// what went wrong. The links between flows are the tracker's; here they are added up.
type nat struct {
	tracking  *tracking
	groups    int
	conntrack []flows.ConntrackEntry
	left      map[uint32]*natFlow // flows that left, and were before or after a translator
	lost      uint64              // of those, how many found no room
}

// maxNATLeft bounds the flows that left and are remembered for the sake of those that they became.
const maxNATLeft = 1 << 17

func newNAT(s setup) Report {
	r := &nat{tracking: s.flows, groups: s.groups, conntrack: s.conntrack, left: map[uint32]*natFlow{}}
	s.flows.onLeave(func(f *flows.Flow) {
		switch {
		case !translated(f):
		case len(r.left) == maxNATLeft:
			r.lost++
		default:
			r.left[f.ID] = newNATFlow(f)
		}
	})
	return r
}

func (r *nat) NewPart() Part { return noPart{} }

func (r *nat) Reset() {
	clear(r.left)
	r.lost = 0
}

func translated(f *flows.Flow) bool {
	return len(f.Doubtful) > 0 || slices.ContainsFunc(f.Links, func(l flows.Link) bool { return l.Kind == flows.NATOf })
}

// natFlow is what is kept of a flow that is before or after a translator.
type natFlow struct {
	flows.Tuple
	id          uint32
	segment     *flows.Segment
	state       flows.State
	first, last int64
	packets     uint64
	links       []flows.Link // nat-of
	doubtful    []flows.Link
}

func newNATFlow(f *flows.Flow) *natFlow {
	n := &natFlow{Tuple: f.Tuple, id: f.ID, segment: f.Segment, state: f.State, first: f.First(), last: f.Last(), packets: f.Packets(),
		doubtful: slices.Clone(f.Doubtful)}
	for _, l := range f.Links {
		if l.Kind == flows.NATOf {
			n.links = append(n.links, l)
		}
	}
	return n
}

// natPair is a connection before and after a translator.
type natPair struct {
	before, after *natFlow
	link          flows.Link // of before
	out           flows.Tuple
	conntrack     string // what the kernel says of it; empty if nobody asked
}

// natView is what is known of a run's translations.
type natView struct {
	flows map[uint32]*natFlow // by ID
	pairs []*natPair          // in the order of the IDs of the flows before and after
	names pointNames

	senders map[natHost]bool // private addresses that sent something
	inside  map[uint32]bool  // segments in which connections begin that go out, by ID
	outside map[uint32]bool  // those to which they go, under an address that is not private
	span    map[uint32]*span // when each segment had flows
	pools   map[natLender]*natLent

	untranslated map[flows.Tuple]bool // undirected, of flows outside

	told     map[uint32]bool // flows of which the kernel alone tells what became of them
	troubles []natTrouble
	room     int // for troubles
	crowded  int // of them, how many found none
}

// natHost is an address in a segment.
type natHost struct {
	segment uint32
	address [16]byte
}

func (r *nat) view() *natView {
	v := &natView{flows: map[uint32]*natFlow{}, senders: map[natHost]bool{}, inside: map[uint32]bool{}, outside: map[uint32]bool{}, span: map[uint32]*span{},
		pools: map[natLender]*natLent{}, told: map[uint32]bool{}, untranslated: map[flows.Tuple]bool{}, room: r.groups}
	maps.Copy(v.flows, r.left)
	r.tracking.Flows(func(f *flows.Flow) bool {
		if translated(f) {
			v.flows[f.ID] = newNATFlow(f)
		}
		v.meet(f)
		return true
	})
	for _, id := range slices.Sorted(maps.Keys(v.flows)) {
		before := v.flows[id]
		v.names.see(before.segment.Point)
		for _, l := range before.links {
			after := v.flows[l.Flow]
			if l.After || after == nil {
				continue
			}
			v.pairs = append(v.pairs, &natPair{before: before, after: after, link: l, out: oriented(before, after, l.Change)})
		}
	}
	return v
}

// meet notes when and by whom a segment was used.
func (v *natView) meet(f *flows.Flow) {
	s := v.span[f.Segment.ID]
	if s == nil {
		s = new(span)
		v.span[f.Segment.ID] = s
	}
	s.add(f.First())
	s.add(f.Last())
	for d, address := range [2][16]byte{f.Src, f.Dst} {
		if f.Directions[d].Packets > 0 && len(v.senders) < maxNATLeft && isPrivate(netip.AddrFrom16(address).Unmap()) {
			v.senders[natHost{f.Segment.ID, address}] = true
		}
	}
}

// oriented is the tuple of after in the direction of before's: what a packet of the original direction has behind the translator, which
// changed so much.
func oriented(before, after *natFlow, c flows.Change) flows.Tuple {
	u := after.Tuple
	if (before.Src != u.Src) != (c&flows.SourceAddress != 0) || (before.Dst != u.Dst) != (c&flows.DestinationAddress != 0) ||
		(before.Sport != u.Sport) != (c&flows.SourcePort != 0) || (before.Dport != u.Dport) != (c&flows.DestinationPort != 0) {
		return after.Reverse()
	}
	return u
}

// sharedSpace is for carriers' translators (RFC 6598).
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// isPrivate tells whether an address is for use behind translators: RFC 1918, RFC 4193, RFC 6598.
func isPrivate(a netip.Addr) bool { return a.IsPrivate() || sharedSpace.Contains(a) }

// kind is what people call the translation.
func (p *natPair) kind() string {
	c, before := p.link.Change, p.before
	switch {
	case c&flows.Version != 0 && before.V4():
		return "NAT46"
	case c&flows.Version != 0:
		return "NAT64"
	case c.SNAT() && c.DNAT():
		return "SNAT+DNAT"
	case c&(flows.SourcePort|flows.DestinationPort) == 0 && !before.V4():
		from, to := before.Src, p.out.Src
		if c.DNAT() {
			from, to = before.Dst, p.out.Dst
		}
		switch {
		case addressSum(from) == addressSum(to):
			return "NPTv6"
		case bytes.Equal(from[8:], to[8:]):
			return "prefix"
		}
	}
	if c.DNAT() {
		return "DNAT"
	}
	return "SNAT"
}

// addressSum is an address's part in checksums, which NPTv6 leaves as it is (RFC 6296 §3.1).
func addressSum(a [16]byte) uint16 {
	sum := uint32(0)
	for i := 0; i < 16; i += 2 {
		sum += uint32(binary.BigEndian.Uint16(a[i:]))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}

// changes are conntrack's names of what was translated.
func changes(c flows.Change, query bool) Cell {
	sport := "sport"
	if query {
		sport = "id"
	}
	var names []string
	for i, name := range []string{"src", sport, "dst", "dport"} {
		if c>>i&1 != 0 {
			names = append(names, name)
		}
	}
	return List(names...)
}

// place is where a segment is, for people.
func (v *natView) place(s *flows.Segment) string {
	name := v.names.of(s.Point)
	if path := s.Name(); path != "untagged" {
		name += " / " + path
	}
	return name
}

// end is an address with a port.
func end(u *flows.Tuple, address [16]byte, port uint16) string {
	a := netip.AddrFrom16(address).Unmap()
	if !u.HasPorts() && port == 0 {
		return a.String()
	}
	return netip.AddrPortFrom(a, port).String()
}

// tupleText is a tuple as one text; of ICMP queries the identifier stands behind.
func tupleText(u *flows.Tuple) string {
	if !u.HasPorts() {
		text := u.Source().String() + " > " + u.Destination().String()
		if u.Sport != 0 {
			text += " id " + strconv.Itoa(int(u.Sport))
		}
		return text
	}
	return end(u, u.Src, u.Sport) + " > " + end(u, u.Dst, u.Dport)
}

// fromTo are those sides of a translation that it changes, without the ports that clients choose.
func (p *natPair) fromTo() (from, to string) {
	side := func(u *flows.Tuple) string {
		source, destination := u.Source().String(), end(u, u.Dst, u.Dport)
		switch c := p.link.Change; {
		case !c.DNAT():
			return source
		case !c.SNAT():
			return destination
		}
		return source + " > " + destination
	}
	return side(&p.before.Tuple), side(&p.out)
}

func (r *nat) Snapshot() []*Table {
	v := r.view()
	entries := r.compare(v)
	v.findTroubles(r)
	return []*Table{r.summary(v), r.connections(v), r.ports(v), r.troubles(v), entries}
}

// natKey is a row of the first table.
type natKey struct {
	kind, protocol, from, to, before, after string
	change                                  flows.Change
}

type natTotal struct {
	connections, packets uint64
	score                float64 // lowest
	evidence             []string
	span                 span
}

func (r *nat) summary(v *natView) *Table {
	t := &Table{Name: "nat", Title: "Translations of addresses", Columns: []Column{
		{Name: "kind"},
		{Name: "changed", Kind: KindList},
		{Name: "protocol"},
		{Name: "from"},
		{Name: "to"},
		{Name: "before", Title: "seen before at"},
		{Name: "after", Title: "seen after at"},
		{Name: "connections", Kind: KindCount},
		{Name: "packets", Title: "proven by", Kind: KindCount},
		{Name: "score", Title: "lowest score", Kind: KindShare},
		{Name: "evidence", Kind: KindList, Detail: true},
		{Name: "first", Kind: KindTime, Detail: true},
		{Name: "last", Kind: KindTime, Detail: true},
	}}
	totals := map[natKey]*natTotal{}
	lost := 0
	for _, p := range v.pairs {
		from, to := p.fromTo()
		k := natKey{p.kind(), protocolName(p.before.Protocol), from, to, v.place(p.before.segment), v.place(p.after.segment), p.link.Change}
		total := totals[k]
		if total == nil {
			if len(totals) == r.groups {
				lost++
				continue
			}
			total = &natTotal{score: 1}
			totals[k] = total
		}
		total.connections++
		total.packets += p.link.Packets
		total.score = min(total.score, p.link.Score)
		if e := p.link.Evidence.String(); !slices.Contains(total.evidence, e) {
			total.evidence = append(total.evidence, e)
			slices.Sort(total.evidence)
		}
		total.span.add(p.before.first)
		total.span.add(p.after.last)
	}
	for k, total := range totals {
		first, last := total.span.cells()
		t.Add(Text(k.kind), changes(k.change, strings.HasPrefix(k.protocol, "icmp")), Text(k.protocol), Text(k.from), Text(k.to), Text(k.before), Text(k.after),
			Int(total.connections), Int(total.packets), scoreCell(total.score), List(total.evidence...), first, last)
	}
	if lost > 0 {
		t.Note("%s connections found no room in this table", thousands(int64(lost)))
	}
	if r.lost > 0 {
		t.Note("%s flows left for want of room before what they became was known", thousands(int64(r.lost)))
	}
	t.mustSort("-connections", "-packets")
	return t
}

// scoreCell is a share of 1, rounded down: only what is certain is 1.
func scoreCell(score float64) Cell { return Int(int64(score * 1e6)) }

func protocolName(protocol uint8) string {
	switch protocol {
	case 1:
		return "icmp"
	case 6:
		return "tcp"
	case 17:
		return "udp"
	case 33:
		return "dccp"
	case 47:
		return "gre"
	case 58:
		return "icmpv6"
	case 132:
		return "sctp"
	case 136:
		return "udplite"
	}
	return strconv.Itoa(int(protocol))
}

func (r *nat) connections(v *natView) *Table {
	t := &Table{Name: "nat_connections", Title: "Connections before and after translation", Columns: []Column{
		{Name: "protocol"},
		{Name: "before", Title: "before"},
		{Name: "after", Title: "after"},
		{Name: "kind"},
		{Name: "evidence"},
		{Name: "packets", Title: "proven by", Kind: KindCount},
		{Name: "score", Kind: KindShare},
		{Name: "conntrack", Detail: r.conntrack == nil},
		{Name: "before_at", Detail: true},
		{Name: "after_at", Detail: true},
		{Name: "first", Kind: KindTime, Detail: true},
		{Name: "last", Kind: KindTime, Detail: true},
		{Name: "frame", Kind: KindNumber, Detail: true},
		{Name: "before_flow", Kind: KindNumber, Detail: true},
		{Name: "after_flow", Kind: KindNumber, Detail: true},
	}}
	for _, p := range v.pairs[:min(len(v.pairs), r.groups)] {
		said := Cell{}
		if p.conntrack != "" {
			said = Text(p.conntrack)
		}
		t.Add(Text(protocolName(p.before.Protocol)), Text(tupleText(&p.before.Tuple)), Text(tupleText(&p.out)), Text(p.kind()), Text(p.link.Evidence.String()),
			Int(p.link.Packets), scoreCell(p.link.Score), said, Text(v.place(p.before.segment)), Text(v.place(p.after.segment)),
			Int(p.before.first), Int(max(p.before.last, p.after.last)), Int(p.link.Frame), Int(p.before.id), Int(p.after.id))
	}
	if n := len(v.pairs) - len(t.Rows); n > 0 {
		t.Note("%s connections found no room in this table", thousands(int64(n)))
	}
	t.mustSort("-packets", "first")
	return t
}

// natAddress is an address that a translator lends, and a protocol.
type natAddress struct {
	address  netip.Addr
	protocol uint8
	after    string
}

type natPool struct {
	ports             map[uint16]bool
	connections, kept uint64
	begins, ends      []int64 // of connections
	hosts             map[netip.Addr]bool
}

func (r *nat) ports(v *natView) *Table {
	t := &Table{Name: "nat_ports", Title: "Ports in use for each address outside", Columns: []Column{
		{Name: "address", Kind: KindAddress},
		{Name: "protocol"},
		{Name: "ports", Kind: KindCount},
		{Name: "ranges", Kind: KindList},
		{Name: "connections", Kind: KindCount},
		{Name: "kept", Title: "kept their port", Kind: KindCount},
		{Name: "at_once", Title: "at a time", Kind: KindCount},
		{Name: "hosts", Title: "hosts behind it", Kind: KindCount},
		{Name: "after", Title: "seen at"},
	}}
	pools := map[natAddress]*natPool{}
	for _, p := range v.pairs {
		if !p.link.Change.SNAT() {
			continue
		}
		k := natAddress{p.out.Source(), p.before.Protocol, v.place(p.after.segment)}
		pool := pools[k]
		if pool == nil {
			if len(pools) == r.groups {
				continue
			}
			pool = &natPool{ports: map[uint16]bool{}, hosts: map[netip.Addr]bool{}}
			pools[k] = pool
		}
		pool.connections++
		pool.ports[p.out.Sport] = true
		if p.link.Change&flows.SourcePort == 0 {
			pool.kept++
		}
		pool.hosts[p.before.Source()] = true
		pool.begins, pool.ends = append(pool.begins, p.after.first), append(pool.ends, p.after.last)
	}
	for k, pool := range pools {
		ports := slices.Sorted(maps.Keys(pool.ports))
		t.Add(Addr(k.address), Text(protocolName(k.protocol)), Int(len(ports)), List(ranges(ports)...), Int(pool.connections), Int(pool.kept),
			Int(atOnce(pool.begins, pool.ends)), Int(len(pool.hosts)), Text(k.after))
	}
	if len(t.Rows) > 0 {
		t.Note("ports of ICMP are identifiers; at a time: between their first packets and their last ones")
	}
	t.mustSort("-ports", "-connections")
	return t
}

// ranges writes numbers in ascending order with a hyphen where they follow each other.
func ranges(numbers []uint16) (texts []string) {
	for i := 0; i < len(numbers); {
		j := i + 1
		for j < len(numbers) && numbers[j] == numbers[j-1]+1 {
			j++
		}
		text := strconv.Itoa(int(numbers[i]))
		if j > i+1 {
			text += "-" + strconv.Itoa(int(numbers[j-1]))
		}
		texts = append(texts, text)
		i = j
	}
	return texts
}

// atOnce is how many intervals there are at most at a time. It orders them.
func atOnce(begins, ends []int64) (most int) {
	slices.Sort(begins)
	slices.Sort(ends)
	open, ended := 0, 0
	for _, begin := range begins {
		for ended < len(ends) && ends[ended] < begin {
			ended++
			open--
		}
		open++
		most = max(most, open)
	}
	return most
}

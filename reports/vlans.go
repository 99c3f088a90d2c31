package reports

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"pktscope/dissect"
)

// The vlans report: who is in which VLAN and what kind of traffic it carries, by capture point. It looks at the tags of the outermost Ethernet
// frame; what tunnels carry has VLANs of its own, which the report on tunnels shows.
type vlans struct {
	seed  Seed
	vlans *Groups[vlanKey, vlanTotal]
	total amount
	parts []*vlansPart
}

// vlanKey is a capture point and the tags of a frame, outermost first, 16 bits each: the VLAN and above it what kind of tag it is. Tags beyond
// the fourth do not count.
type vlanKey struct {
	point int
	tags  uint64
}

const (
	customerTag = 0x1000 // 802.1Q
	serviceTag  = 0x2000 // 802.1ad
	maxTags     = 4
)

type vlanTotal struct {
	amount
	point                         *dissect.Point
	broadcast, multicast, unicast uint64
	priorities                    [8]uint64 // PCP of the outermost tag
	span                          span
	macs, ips                     Distinct
}

func (t *vlanTotal) absorb(from *vlanTotal) {
	t.amount.absorb(&from.amount)
	t.point = from.point
	t.broadcast += from.broadcast
	t.multicast += from.multicast
	t.unicast += from.unicast
	for pcp, n := range from.priorities {
		t.priorities[pcp] += n
	}
	t.span.absorb(&from.span)
	t.macs.Merge(&from.macs)
	t.ips.Merge(&from.ips)
}

func (t *vlanTotal) reset() {
	t.macs.Reset()
	t.ips.Reset()
	*t = vlanTotal{macs: t.macs, ips: t.ips}
}

func newVLANs(s setup) Report {
	return &vlans{seed: NewSeed(), vlans: NewGroups[vlanKey, vlanTotal](s.groups)}
}

func (r *vlans) NewPart() Part {
	t := &vlansPart{report: r, vlans: r.vlans.Part(), recent: newRecent(r.seed)}
	r.parts = append(r.parts, t)
	return t
}

func (r *vlans) Reset() {
	r.vlans.Reset((*vlanTotal).reset)
	r.total = amount{}
	for _, t := range r.parts {
		t.recent.reset()
	}
}

type vlansPart struct {
	report *vlans
	vlans  *Groups[vlanKey, vlanTotal]
	total  amount
	recent recent
	last   lastVLAN
}

// lastVLAN is the group of the packet before: mostly it is the next one's, too.
type lastVLAN struct {
	key   vlanKey
	hash  uint64
	group *vlanTotal // nil for none
}

var (
	eth    = dissect.ByName("eth").ID
	dot1q  = dissect.ByName("vlan").ID
	dot1ad = dissect.ByName("ieee8021ad").ID
	ip4    = dissect.ByName("ip").ID
	ip6    = dissect.ByName("ipv6").ID
)

func (t *vlansPart) Add(p *dissect.Packet) {
	var m memo
	t.look(p, &m)
	var a alike
	a.alone(p)
	t.addAlike(&a)
}

// look counts the addresses in an IP header right behind Ethernet and its tags. In packets that are alike they may differ, unless there is
// another IP header in it.
func (t *vlansPart) look(p *dissect.Packet, m *memo) {
	key, _, i, ok := vlanOf(p)
	if !ok || i >= len(p.Layers) || p.Layers[i].Flags&dissect.Partial != 0 || p.Layers[i].Protocol != ip4 && p.Layers[i].Protocol != ip6 {
		return
	}
	m.tags, m.behind = key.tags, uint16(i)
	t.lookAgain(p, m, false)
	for _, l := range p.Layers[i+1:] {
		if l.Protocol == ip4 || l.Protocol == ip6 {
			m.behind = 0
		}
	}
}

func (t *vlansPart) lookAgain(p *dissect.Packet, m *memo, again bool) {
	if m.behind == 0 || again {
		return
	}
	total := t.at(vlanKey{p.Point.ID, m.tags}, p.Number)
	switch h := p.Header(&p.Layers[m.behind]); p.Layers[m.behind].Protocol {
	case ip4:
		t.count(&total.ips, uint64(binary.BigEndian.Uint32(h[12:])), ip4Space)
		t.count(&total.ips, uint64(binary.BigEndian.Uint32(h[16:])), ip4Space)
	case ip6:
		t.count(&total.ips, binary.BigEndian.Uint64(h[8:]), binary.BigEndian.Uint64(h[16:]))
		t.count(&total.ips, binary.BigEndian.Uint64(h[24:]), binary.BigEndian.Uint64(h[32:]))
	}
}

// at is the group with that key, which is that of the next count, too.
func (t *vlansPart) at(key vlanKey, frame uint64) *vlanTotal {
	if t.last.group == nil || key != t.last.key {
		hash := t.report.seed.Uint128(key.tags, uint64(key.point))
		t.last = lastVLAN{key, hash, t.vlans.First(key, hash, frame)}
	}
	return t.last.group
}

// vlanOf returns where p belongs, the priority code point of its outermost tag, -1 for none, and the layer behind the tags. It is not ok for
// a packet that does not begin with a whole Ethernet header.
func vlanOf(p *dissect.Packet) (key vlanKey, priority, behind int, ok bool) {
	if len(p.Layers) < 2 || p.Layers[1].Protocol != eth || p.Layers[1].Flags&dissect.Partial != 0 {
		return key, 0, 0, false
	}
	key.point, priority = p.Point.ID, -1
	i := 2
	for ; i < len(p.Layers); i++ {
		l := &p.Layers[i]
		kind := uint64(customerTag)
		if l.Protocol == dot1ad {
			kind = serviceTag
		} else if l.Protocol != dot1q {
			break
		}
		if l.Flags&dissect.Partial != 0 {
			break
		}
		h := dissect.VLAN(p.Header(l))
		if i < 2+maxTags {
			key.tags |= (kind | uint64(h.VID())) << (16 * (maxTags + 1 - i))
		}
		if priority < 0 {
			priority = int(h.Priority())
		}
	}
	return key, priority, i, true
}

func (t *vlansPart) addAlike(a *alike) {
	more := a.amount()
	t.total.absorb(&more)
	key, priority, _, ok := vlanOf(a.Packet)
	if !ok {
		return
	}
	t.last.group = nil // so that the group hears of this first frame
	total := t.at(key, a.first())
	total.point = a.Point
	total.amount.absorb(&more)
	total.span.absorb(&a.span)
	if priority >= 0 {
		total.priorities[priority] += more.packets
	}
	b := a.SourceBytes(&a.Layers[1])[a.Layers[1].Start:]
	destination, source := binary.BigEndian.Uint64(b)>>16, binary.BigEndian.Uint64(b[4:])&0xffffffffffff
	switch {
	case destination == 0xffffffffffff:
		total.broadcast += more.packets
	case b[0]&1 != 0:
		total.multicast += more.packets
	default:
		total.unicast += more.packets
		t.count(&total.macs, destination, macSpace)
	}
	t.count(&total.macs, source, macSpace)
}

// Second words of addresses that have one only, so that an IPv4 address is no IPv6 address.
const (
	ip4Space = 4
	macSpace = 48
)

// count counts an address in the group of the packet.
func (t *vlansPart) count(d *Distinct, a, b uint64) {
	if t.recent.fresh(a, b, t.last.hash) {
		d.Add(FixedSeed.Uint128(a, b))
	}
}

func (t *vlansPart) Flush() {}

func (r *vlans) gather(parts []Part) {
	gather(r.vlans, parts, func(t *vlansPart) *Groups[vlanKey, vlanTotal] { return t.vlans }, (*vlanTotal).absorb, (*vlanTotal).reset)
	for _, part := range parts {
		t := part.(*vlansPart)
		r.total.absorb(&t.total)
		t.total, t.last = amount{}, lastVLAN{}
	}
}

func (r *vlans) size(part Part) int { return len(part.(*vlansPart).vlans.Entries()) }

func (r *vlans) Snapshot() []*Table {
	t := &Table{
		Name: "vlans", Title: "VLANs",
		Columns: []Column{
			{Name: "vlan"},
			{Name: "point"},
			{Name: "packets", Kind: KindCount},
			{Name: "bytes", Kind: KindBytes},
			{Name: "bytes_share", Title: "share", Kind: KindShare},
			{Name: "macs", Title: "MACs", Kind: KindDistinct},
			{Name: "ips", Title: "IPs", Kind: KindDistinct},
			{Name: "broadcast", Kind: KindCount},
			{Name: "multicast", Kind: KindCount},
			{Name: "unicast", Kind: KindCount},
			{Name: "pcp", Title: "PCP:packets", Kind: KindList},
			{Name: "first", Kind: KindTime},
			{Name: "last", Kind: KindTime},
		},
	}
	row := func(vlan, point Cell, total *vlanTotal) []Cell {
		first, last := total.span.cells()
		return []Cell{vlan, point, Int(total.packets), Int(total.bytes), Share(total.bytes, r.total.bytes),
			total.macs.Cell(), total.ips.Cell(), Int(total.broadcast), Int(total.multicast), Int(total.unicast),
			indexed(total.priorities[:]), first, last}
	}
	var names pointNames
	for i := range r.vlans.Entries() {
		names.see(r.vlans.Entries()[i].Total.point)
	}
	for i := range r.vlans.Entries() {
		g := &r.vlans.Entries()[i]
		t.Add(row(Text(g.Key.String()), Text(names.of(g.Total.point)), &g.Total)...)
	}
	if other, some := r.vlans.Other(); some {
		t.Other = row(Cell{}, Cell{}, other)
	}
	t.mustSort("-packets", "-bytes")
	return []*Table{t}
}

// String returns "untagged", "100", or for several tags "100.200", with an s before the number in an 802.1ad service tag.
func (k vlanKey) String() string {
	if k.tags == 0 {
		return "untagged"
	}
	var s strings.Builder
	for tags := k.tags; tags != 0; tags <<= 16 {
		tag := tags >> 48
		if s.Len() > 0 {
			s.WriteByte('.')
		}
		if tag&serviceTag != 0 {
			s.WriteByte('s')
		}
		fmt.Fprint(&s, tag&0xfff)
	}
	return s.String()
}

// indexed returns those counts that are not 0 with their indices, as a cell of [KindList]: "5:120". It is absent where all are 0.
func indexed(counts []uint64) Cell {
	var texts []string
	for i, n := range counts {
		if n > 0 {
			texts = append(texts, strconv.Itoa(i)+":"+strconv.FormatUint(n, 10))
		}
	}
	if texts == nil {
		return Cell{}
	}
	return List(texts...)
}

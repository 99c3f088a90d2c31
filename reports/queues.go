package reports

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"pktscope/dissect"
)

// The queues report: which band of pfifo_fast a packet is queued in, going by its IP header, and who fills the bands. Beside it, where DSCPs do
// not arrive as they were sent: in a tunnel's outer header, or in the other direction of a conversation.
type queues struct {
	QueueOptions
	seed    Seed
	rows    *Groups[queueKey, queueTotal]
	bands   *Groups[bandKey, queueTotal]
	senders *Groups[senderKey, senderTotal]
	tunnels *Groups[tunnelMarkKey, tunnelMarkTotal]
	flows   *Groups[hostPair, flowMarkTotal]
	all     amount
	parts   []*queuesPart
}

// queueKey is what the priority of a packet follows from, at a capture point.
type queueKey struct {
	point   int32
	network dissect.ID // ip, ipv6, or 0
	tos     uint8      // or traffic class
	pcp     int8       // -1 without a tag, or if it decides nothing
}

type bandKey struct {
	point int32
	band  uint8
}

type senderKey struct {
	bandKey
	path    uint64
	address endpoint
	ends    endKind
}

type queueTotal struct {
	amount
	point   *dissect.Point
	runs    Runs  // of a block
	rates   Rates // of the report
	senders Distinct
}

type senderTotal struct {
	amount
	point *dissect.Point
	path  enclosing
}

func newQueues(s setup) Report {
	return &queues{QueueOptions: s.queues, seed: NewSeed(),
		rows:    NewGroups[queueKey, queueTotal](s.groups),
		bands:   NewGroups[bandKey, queueTotal](s.groups),
		senders: NewGroups[senderKey, senderTotal](s.groups),
		tunnels: NewGroups[tunnelMarkKey, tunnelMarkTotal](s.groups),
		flows:   NewGroups[hostPair, flowMarkTotal](s.groups),
	}
}

func (r *queues) NewPart() Part {
	t := &queuesPart{report: r, recent: newRecent(r.seed),
		rows:    NewGroups[queueKey, queueTotal](0),
		bands:   NewGroups[bandKey, queueTotal](0),
		senders: NewGroups[senderKey, senderTotal](0),
		tunnels: NewGroups[tunnelMarkKey, tunnelMarkTotal](0),
		flows:   NewGroups[hostPair, flowMarkTotal](0),
	}
	r.parts = append(r.parts, t)
	return t
}

func (r *queues) Reset() {
	r.rows.Reset((*queueTotal).reset)
	r.bands.Reset((*queueTotal).reset)
	r.senders.Reset((*senderTotal).reset)
	r.tunnels.Reset((*tunnelMarkTotal).reset)
	r.flows.Reset((*flowMarkTotal).reset)
	r.all = amount{}
	for _, t := range r.parts {
		t.recent.reset()
	}
}

type queuesPart struct {
	report  *queues
	rows    *Groups[queueKey, queueTotal]
	bands   *Groups[bandKey, queueTotal]
	senders *Groups[senderKey, senderTotal]
	tunnels *Groups[tunnelMarkKey, tunnelMarkTotal]
	flows   *Groups[hostPair, flowMarkTotal]
	all     amount
	recent  recent
}

func (t *queuesPart) Flush() {
	r := t.report
	r.all.absorb(&t.all)
	r.rows.Absorb(t.rows, (*queueTotal).absorb)
	r.bands.Absorb(t.bands, (*queueTotal).absorb)
	r.senders.Absorb(t.senders, (*senderTotal).absorb)
	r.tunnels.Absorb(t.tunnels, (*tunnelMarkTotal).absorb)
	r.flows.Absorb(t.flows, (*flowMarkTotal).absorb)
	t.all = amount{}
	t.rows.Reset((*queueTotal).reset)
	t.bands.Reset((*queueTotal).reset)
	t.senders.Reset((*senderTotal).reset)
	t.tunnels.Reset((*tunnelMarkTotal).reset)
	t.flows.Reset((*flowMarkTotal).reset)
}

func (t *queueTotal) absorb(from *queueTotal) {
	if t.point == nil {
		t.point, t.rates = from.point, NewRates(rateWindow)
	}
	t.amount.absorb(&from.amount)
	t.rates.Play(from.runs)
	t.senders.Merge(&from.senders)
}

func (t *queueTotal) reset() {
	t.senders.Reset()
	*t = queueTotal{runs: t.runs[:0], senders: t.senders}
}

func (t *senderTotal) absorb(from *senderTotal) {
	t.amount.absorb(&from.amount)
	t.point, t.path = from.point, from.path
}

func (t *senderTotal) reset() { *t = senderTotal{} }

func (t *queuesPart) Add(p *dissect.Packet) {
	t.all.add(uint64(p.WireLen))
	outermost, innermost := t.headers(p)
	at := outermost
	if t.report.Inner {
		at = innermost
	}
	key := t.report.key(p, at)
	band := bandKey{key.point, t.report.band(t.report.priority(key))}
	from := senderKey{bandKey: band}
	layer := at
	if at == 0 {
		layer = min(1, len(p.Layers)-1)
	}
	from.ends, from.address = sender(p, layer)
	from.path = pathTo(p, layer, t.report.seed)

	hash := from.hash(t.report.seed)
	total := t.senders.At(from, hash)
	if total.packets == 0 {
		total.point, total.path = p.Point, enclosingOf(p, layer)
	}
	total.add(uint64(p.WireLen))

	rowHash := t.report.seed.Uint128(uint64(key.point)<<32|uint64(key.network)<<16|uint64(key.tos), uint64(uint8(key.pcp)))
	t.count(t.rows.At(key, rowHash), p, layer, from.address, rowHash)
	bandHash := t.report.seed.Uint128(uint64(band.point), uint64(band.band))
	t.count(t.bands.At(band, bandHash), p, layer, from.address, bandHash)

	if innermost != 0 {
		t.addFlow(p, innermost)
	}
}

// headers returns the outermost and the innermost layer of IP, 0 if there is none, and adds each pair of them to the tunnel between. What an
// ICMP error quotes is no part of the packet; of several messages in one the first counts.
func (t *queuesPart) headers(p *dissect.Packet) (outermost, innermost int) {
	for i := 1; i < len(p.Layers); i++ {
		l := &p.Layers[i]
		if l.Protocol != ip4 && l.Protocol != ip6 {
			continue
		}
		if l.Flags&(dissect.Quoted|dissect.Partial) != 0 {
			break
		}
		if outermost == 0 {
			outermost = i
		} else {
			t.addTunnel(p, innermost, i)
		}
		innermost = i
	}
	return outermost, innermost
}

// key is that of the packet, of which layer at is the IP header; 0 is none.
func (o *QueueOptions) key(p *dissect.Packet, at int) queueKey {
	k := queueKey{point: int32(p.Point.ID), pcp: -1}
	if at != 0 {
		k.network, k.tos = p.Layers[at].Protocol, dsField(p, at)
	}
	if o.PCPMap != nil && len(p.Layers) > 2 && p.Layers[1].Protocol == eth {
		if l := &p.Layers[2]; (l.Protocol == dot1q || l.Protocol == dot1ad) && l.Flags&dissect.Partial == 0 {
			k.pcp = int8(dissect.VLAN(p.Header(l)).Priority())
		}
	}
	return k
}

// dsField is the byte of DSCP and ECN in layer i, which is a whole header of IP.
func dsField(p *dissect.Packet, i int) uint8 {
	h := p.Header(&p.Layers[i])
	if p.Layers[i].Protocol == ip4 {
		return dissect.IPv4(h).DSField()
	}
	return dissect.IPv6(h).TrafficClass()
}

// priority is that of a packet's sk_buff. The type of service gives one to IPv4 that is routed (ip_forward) or sent (the socket option
// IP_TOS). The traffic class of IPv6 gives none: ip6_forward leaves the priority alone, and so does the socket option IPV6_TCLASS. So do
// bridges. Then it is the one that the packet came in with: 0, or what a VLAN interface made of the PCP. Where rules of tc or nftables
// give IPv6 the priority that the same TOS gives, TrafficClass says so.
func (o *QueueOptions) priority(k queueKey) uint8 {
	switch {
	case !o.Bridged && (k.network == ip4 || k.network == ip6 && o.TrafficClass):
		return tosPriority(k.tos)
	case o.PCPMap != nil && k.pcp >= 0:
		return o.PCPMap[k.pcp]
	}
	return 0
}

// sender is who sent the packet, as layer i has it.
func sender(p *dissect.Packet, i int) (endKind, endpoint) {
	l := &p.Layers[i]
	if l.Flags&dissect.Partial != 0 {
		return unknownEnds, endpoint{}
	}
	h := p.Header(l)
	switch l.Protocol {
	case ip4:
		return ipEnds, ip4Endpoint(h[12:])
	case ip6:
		return ipEnds, ip6Endpoint(h[8:])
	case eth:
		return macEnds, endpoint{0, binary.BigEndian.Uint64(h[4:]) & 0xffffffffffff}
	}
	return unknownEnds, endpoint{}
}

func (k *senderKey) hash(seed Seed) uint64 {
	return fold(fold(k.address[0]^k.path^fold1, k.address[1]^seed[1]^fold2)^uint64(k.point)<<8^uint64(k.band), fold3)
}

// count adds p to a row or a band, whose hash tells it from others. Layer i names the sender.
func (t *queuesPart) count(to *queueTotal, p *dissect.Packet, i int, from endpoint, hash uint64) {
	to.point = p.Point
	to.add(uint64(p.WireLen))
	if !p.Timeless {
		to.runs.Add(p.Time, uint64(p.WireLen))
	}
	if path := pathTo(p, i, FixedSeed); t.recent.fresh(from[0]^path, from[1], hash) {
		to.senders.Add(FixedSeed.Uint128(from[0]^path, from[1]))
	}
}

func (r *queues) Snapshot() []*Table {
	return []*Table{r.rowTable(), r.bandTable(), r.senderTable(), r.tunnelTable(), r.flowTable()}
}

func (r *queues) rowTable() *Table {
	t := &Table{
		Name: "queues", Title: "Queues, by the outermost IP header",
		Columns: []Column{
			{Name: "network"},
			{Name: "tos", Title: "TOS"},
			{Name: "service", Title: "RFC 1349"},
			{Name: "dscp", Title: "DSCP"},
			{Name: "ecn", Title: "ECN"},
			{Name: "pcp", Title: "PCP", Kind: KindNumber, Detail: r.PCPMap == nil},
			{Name: "priority"},
			{Name: "band", Kind: KindNumber},
			{Name: "packets", Kind: KindCount},
			{Name: "bytes", Kind: KindBytes},
			{Name: "bytes_share", Title: "share", Kind: KindShare},
			{Name: "peak_bit_rate", Title: "peak", Kind: KindBitRate},
			{Name: "senders", Kind: KindDistinct},
			{Name: "point"},
		},
	}
	if r.Inner {
		t.Title = "Queues, by the innermost IP header"
	}
	var names pointNames
	for i := range r.rows.Entries() {
		names.see(r.rows.Entries()[i].Total.point)
	}
	for i := range r.rows.Entries() {
		g := &r.rows.Entries()[i]
		t.Add(append(append(r.keyCells(g.Key), r.totalCells(&g.Total)...), Text(names.of(g.Total.point)))...)
	}
	if other, some := r.rows.Other(); some {
		t.Other = append(append(make([]Cell, 8), r.otherCells(other)...), Cell{})
	}
	t.mustSort("-packets", "-bytes")
	switch {
	case r.Bridged:
		t.Note("of bridged frames: TOS and traffic class give no priority")
	case r.TrafficClass:
		t.Note("the TOS gives a priority to IPv4 that Linux routes or sends; of IPv6 this is what the traffic class would give")
	default:
		t.Note("the TOS gives a priority to IPv4 that Linux routes or sends; the traffic class of IPv6 gives none")
	}
	return t
}

// keyCells are those up to the band.
func (r *queues) keyCells(k queueKey) []Cell {
	cells := make([]Cell, 8)
	cells[0] = Text("other")
	if k.network != 0 {
		cells[0] = Text(map[dissect.ID]string{ip4: "IPv4", ip6: "IPv6"}[k.network])
		cells[1] = Text(fmt.Sprintf("0x%02x", k.tos))
		cells[3] = Text(dscpText(k.tos >> 2))
		cells[4] = Text(ecnField.Enum[uint64(k.tos&3)])
	}
	if k.network == ip4 {
		cells[2] = Text(serviceText(k.tos))
	}
	if k.pcp >= 0 {
		cells[5] = Int(k.pcp)
	}
	priority := r.priority(k)
	cells[6], cells[7] = Text(priorityText(priority)), Int(r.band(priority))
	return cells
}

// totalCells are those from packets to senders.
func (r *queues) totalCells(t *queueTotal) []Cell {
	_, peak := t.rates.Peaks()
	return []Cell{Int(t.packets), Int(t.bytes), Share(t.bytes, r.all.bytes), perPeak(peak, 8), t.senders.Cell()}
}

// otherCells are the same of what found no room, without the peak: seconds of several groups come after each other.
func (r *queues) otherCells(t *queueTotal) []Cell {
	cells := r.totalCells(t)
	cells[3] = Cell{}
	return cells
}

func (r *queues) bandTable() *Table {
	t := &Table{
		Name: "bands", Title: "Bands",
		Columns: []Column{
			{Name: "band", Kind: KindNumber},
			{Name: "priorities"},
			{Name: "packets", Kind: KindCount},
			{Name: "bytes", Kind: KindBytes},
			{Name: "bytes_share", Title: "share", Kind: KindShare},
			{Name: "peak_bit_rate", Title: "peak", Kind: KindBitRate},
			{Name: "senders", Kind: KindDistinct},
			{Name: "point"},
		},
	}
	var names pointNames
	for i := range r.bands.Entries() {
		names.see(r.bands.Entries()[i].Total.point)
	}
	for i := range r.bands.Entries() {
		g := &r.bands.Entries()[i]
		t.Add(append(append([]Cell{Int(g.Key.band), r.priorities(g.Key.band)}, r.totalCells(&g.Total)...), Text(names.of(g.Total.point)))...)
	}
	if other, some := r.bands.Other(); some {
		t.Other = append(append(make([]Cell, 2), r.otherCells(other)...), Cell{})
	}
	t.mustSort("point", "band")
	return t
}

// priorities lists the priorities of a band.
func (r *queues) priorities(band uint8) Cell {
	text := ""
	for priority := range uint8(maxPriority + 1) {
		if r.band(priority) == band {
			text += " " + strconv.Itoa(int(priority))
		}
	}
	return Text(text[1:])
}

func (r *queues) senderTable() *Table {
	t := &Table{
		Name: "band_senders", Title: "Who fills the bands",
		Within: "band",
		Columns: []Column{
			{Name: "band", Kind: KindNumber},
			{Name: "sender", Kind: KindAddress},
			{Name: "packets", Kind: KindCount},
			{Name: "bytes", Kind: KindBytes},
			{Name: "band_share", Title: "of band", Kind: KindShare},
			{Name: "within"},
			{Name: "point"},
		},
	}
	bands := map[bandKey]uint64{}
	for i := range r.bands.Entries() {
		g := &r.bands.Entries()[i]
		bands[g.Key] = g.Total.bytes
	}
	var names pointNames
	for i := range r.senders.Entries() {
		names.see(r.senders.Entries()[i].Total.point)
	}
	for i := range r.senders.Entries() {
		g := &r.senders.Entries()[i]
		t.Add(Int(g.Key.band), g.Key.ends.cell(g.Key.address), Int(g.Total.packets), Int(g.Total.bytes), Share(g.Total.bytes, bands[g.Key.bandKey]),
			g.Total.path.cell(), Text(names.of(g.Total.point)))
	}
	if other, some := r.senders.Other(); some {
		t.Other = []Cell{{}, {}, Int(other.packets), Int(other.bytes), {}, {}, {}}
	}
	t.mustSort("band", "-bytes", "-packets")
	return t
}

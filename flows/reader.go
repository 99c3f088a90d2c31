package flows

import (
	"encoding/binary"

	"pktscope/dissect"
)

// A Reader reads observations out of packets. It keeps nothing of a packet but the paths that it has met, so that any number of readers may
// read packets in any order; one reader is for one goroutine.
type Reader struct {
	paths *paths
	walk  walk // over the packet that is being read
}

// NewReader returns a reader.
func NewReader() *Reader {
	r := &Reader{paths: newPaths()}
	r.walk.paths = r.paths
	return r
}

// maxPaths bounds the paths that a reader remembers.
const maxPaths = 1 << 16

// Batch is what a reader read of some packets that follow each other in capture order.
type Batch struct {
	observations []Observation
	segments     []TCPSegment
	packets      []mark

	fresh  []path // of those packets, that no batch of the reader told of before
	forgot bool   // the reader numbers paths from 0 again
}

// path is a new path, and where it was met.
type path struct {
	point *dissect.Point
	steps Path
}

// mark is a packet of a batch.
type mark struct {
	end   int32  // behind its last observation
	path  uint32 // around its innermost header
	bytes uint32 // on the wire
	time  int64

	timeless bool
}

// Reset empties the batch.
func (b *Batch) Reset() {
	b.observations, b.segments, b.packets, b.fresh, b.forgot = b.observations[:0], b.segments[:0], b.packets[:0], b.fresh[:0], false
}

// The protocols that mean something here.
var (
	idIPv4, idIPv6    = protocolNumber("ip"), protocolNumber("ipv6")
	idTCP, idUDP      = protocolNumber("tcp"), protocolNumber("udp")
	idUDPLite, idSCTP = protocolNumber("udplite"), protocolNumber("sctp")
	idICMP, idICMPv6  = protocolNumber("icmp"), protocolNumber("icmpv6")
	idIGMP, idGRE     = protocolNumber("igmp"), protocolNumber("gre")
	idTRILL, idSLL    = protocolNumber("trill"), protocolNumber("sll")
	idEthernet        = protocolNumber("eth")
	idIPv6Fragment    = protocolNumber("ipv6.fraghdr")
	idData            = protocolNumber("data")
)

// linkCooked is LINKTYPE_LINUX_SLL, what capturing on all interfaces gives, without saying which.
const linkCooked = 113

// linkCooked2 is LINKTYPE_LINUX_SLL2, whose header has the number of the interface.
const linkCooked2 = 276

// roles are what the protocols mean here.
type role uint8

const (
	roleNetwork   role = 1 << iota // IP
	roleExtension                  // of IPv6
	roleTransport                  // what an IP header carries
	roleCooked                     // may have the number of an interface
	roleIdentity                   // may have an identifier
	roleOther                      // a tunnel without one
	roleCarrier                    // a tunnel that may carry one frame to several ends
)

var roles = func() (roles [256]role) {
	for id, kind := range kinds {
		if kind != 0 {
			roles[id] |= roleIdentity
		}
	}
	for _, p := range dissect.Protocols() {
		if p.Tunnel {
			roles[p.ID] |= roleOther
		}
		if p.Tunnel && p.Name != "udpencap" { // no two packets of ESP are alike
			roles[p.ID] |= roleCarrier
		}
	}
	roles[idIPv4], roles[idIPv6], roles[idSLL] = roleNetwork, roleNetwork, roleCooked
	for _, name := range []string{"ipv6.hopopts", "ipv6.dstopts", "ipv6.routing", "ipv6.fraghdr"} {
		roles[protocolNumber(name)] |= roleExtension
	}
	for _, id := range []dissect.ID{idTCP, idUDP, idUDPLite, idSCTP, idICMP, idICMPv6, idIGMP, idGRE} {
		roles[id] |= roleTransport
	}
	return roles
}()

func protocolNumber(name string) dissect.ID { return dissect.ByName(name).ID }

// Read adds what p says to b. Nothing in p is pending, and its checksums are verified.
func (r *Reader) Read(p *dissect.Packet, b *Batch) {
	if r.paths.len() >= maxPaths && len(b.packets) == 0 {
		r.paths.reset()
		b.forgot = true
	}
	w := &r.walk
	w.start(p, b)
	w.layers()
	w.finish()
	w.print()
	b.packets = extend(b.packets)
	m := &b.packets[len(b.packets)-1]
	m.end, m.path, m.bytes = int32(len(b.observations)), w.number(), uint32(p.WireLen)
	m.time, m.timeless = p.Time, p.Timeless
}

// extend appends a zero T, in place: append would make it elsewhere and copy it.
func extend[T any](s []T) []T {
	n := len(s)
	var zero T
	if n == cap(s) {
		return append(s, zero)
	}
	s = s[:n+1]
	s[n] = zero
	return s
}

// PathOf returns the identifiers around the innermost header of p, outermost first. It makes a path anew for each packet.
func PathOf(p *dissect.Packet) Path {
	var b Batch
	w := walk{paths: newPaths()}
	w.start(p, &b)
	w.layers()
	return w.paths.path(w.path)
}

// walk goes over the layers of a packet, outermost first.
type walk struct {
	paths         *paths
	path          uint32 // to where the walk is, a node of paths
	numbered, its uint32 // the path whose number was asked for last, and that number
	packet        *dissect.Packet
	batch         *Batch
	ip            int // the observation of the innermost IP header so far, -1 before the first
	layer         int // its layer

	named             bool // an identifier stands between that header and where the walk is
	transport         bool // what follows that header was read
	alone             bool // that header is of a fragment, of whose datagram nothing was read
	trill             bool // the next tag is TRILL's inner VLAN
	quoted            bool // in what an ICMP error quotes
	inner, innerLayer int  // the innermost observation that is not of a quoted header, and its layer; -1 for none
}

// start begins a walk over p. Fields are set one by one: to copy all of them would wait for what was just written.
func (w *walk) start(p *dissect.Packet, b *Batch) {
	w.packet, w.batch, w.ip, w.inner = p, b, -1, -1
	w.named, w.transport, w.trill, w.quoted = false, false, false, false
	w.path = w.paths.root(p.Point)
	w.numbered = noNode
}

func (w *walk) layers() {
	p := w.packet
	last := 0 // layer that meant something
	for i := 1; i < len(p.Layers); i++ {
		l := &p.Layers[i]
		role := roles[l.Protocol]
		if role == 0 {
			continue
		}
		if int(l.Parent) < last { // of several messages in a packet only the first is looked at
			return
		}
		last = i
		whole := l.Flags&dissect.Partial == 0
		switch {
		case role&roleNetwork != 0:
			if !whole {
				return
			}
			w.network(i)
			continue
		case role&roleExtension != 0:
			if h := p.Header(l); w.ip >= 0 && !w.transport && len(h) > 0 {
				w.batch.observations[w.ip].Protocol = h[0]
				w.alone = l.Protocol == idIPv6Fragment && whole && dissect.IPv6Fragment(h).Fragment() && w.unfinished(i)
			}
			continue
		case role&roleTransport != 0 && w.ip >= 0 && !w.transport:
			w.transport = true
			w.upper(i)
		case role&roleCooked != 0 && whole && p.Point.Link == linkCooked2:
			w.add(Interface, binary.BigEndian.Uint32(p.Header(l)[4:]))
		}
		if w.ip >= 0 && role&roleCarrier != 0 {
			w.batch.observations[w.ip].flags |= carrying
		}
		if role&roleIdentity != 0 && whole {
			if n, ok := dissect.ByID(l.Protocol).Identity(p, l); ok {
				w.identify(l, kinds[l.Protocol], n)
			}
		}
		w.trill = w.trill || l.Protocol == idTRILL
	}
}

// identify adds the identifier of layer l to the path.
func (w *walk) identify(l *dissect.Layer, kind IdentifierKind, n uint32) {
	switch {
	case kind == GREKey && l.Note == dissect.GRENVGRE:
		kind = VSID
	case kind == GREKey && dissect.GRE(w.packet.Header(l)).Version() == 1:
		kind = Call
	case (kind == VLAN || kind == ServiceVLAN || kind == FineLabel) && w.trill:
		w.trill = false
		if kind == VLAN {
			kind = TRILLVLAN
		}
	}
	if kind == VLAN || kind == ServiceVLAN || kind == ISID {
		w.ends() // a tag in a tunnel that has no number of its own
	}
	w.add(kind, n)
}

func (w *walk) add(kind IdentifierKind, n uint32) {
	w.path = w.paths.step(w.path, kind, n)
	w.named = true
}

// ends adds the two ends of a tunnel that has no identifier, where the walk is in one.
func (w *walk) ends() {
	if w.ip < 0 || w.named {
		return
	}
	o := &w.batch.observations[w.ip]
	w.path = w.paths.tunnel(w.path, &o.Src, &o.Dst)
	w.named = true
}

// number is that of the path to where the walk is.
func (w *walk) number() uint32 {
	if w.path == w.numbered {
		return w.its
	}
	n, fresh := w.paths.number(w.path)
	w.numbered, w.its = w.path, n
	if fresh {
		w.batch.fresh = append(w.batch.fresh, path{w.packet.Point, w.paths.path(w.path)})
	}
	return n
}

// network begins the observation of the IP header in layer i.
func (w *walk) network(i int) {
	w.finish()
	p := w.packet
	l := &p.Layers[i]
	h := p.Header(l)
	if l.Flags&dissect.Quoted != 0 && !w.quoted {
		w.quoted = true // beside the header of the error, not in a tunnel
	} else {
		w.ends()
	}
	n := len(w.batch.observations)
	w.batch.observations = extend(w.batch.observations)
	o := &w.batch.observations[n]
	o.path, o.tcp = w.number(), -1
	o.Time, o.Frame, o.point = p.Time, p.Number, uint16(p.Point.ID)
	if w.ip >= 0 {
		o.within = int8(n - w.ip)
	}
	o.Bytes = uint32(max(0, l.Len()))
	switch l.Protocol {
	case idIPv4:
		v := dissect.IPv4(h)
		binary.BigEndian.PutUint32(o.Src[8:], 0xffff)
		binary.BigEndian.PutUint32(o.Dst[8:], 0xffff)
		binary.LittleEndian.PutUint32(o.Src[12:], binary.LittleEndian.Uint32(v.Source()))
		binary.LittleEndian.PutUint32(o.Dst[12:], binary.LittleEndian.Uint32(v.Destination()))
		o.TOS, o.TTL, o.Protocol = v.DSField(), v.TTL(), v.Protocol()
		o.ipID = v.Identification()
		if v.Fragment() {
			w.fragment(i, o)
		}
	case idIPv6:
		v := dissect.IPv6(h)
		o.Src, o.Dst = [16]byte(v.Source()), [16]byte(v.Destination())
		o.TOS, o.TTL, o.Protocol = v.TrafficClass(), v.HopLimit(), v.NextHeader()
	}
	if l.Flags&dissect.Quoted != 0 {
		o.flags |= related
	} else {
		w.inner, w.innerLayer = n, i
	}
	if l.Verdict == dissect.Bad {
		o.flags |= badChecksum
	}
	w.ip, w.layer, w.named, w.transport = n, i, false, false
	w.alone = l.Protocol == idIPv4 && dissect.IPv4(h).Fragment() && w.unfinished(i)
}

// unfinished tells whether nothing is known of what the fragment in layer i is a part of: it was not put together, and the layer's payload was
// not looked into, as that of a first fragment that nobody can put together is.
func (w *walk) unfinished(i int) bool {
	p := w.packet
	l := &p.Layers[i]
	for j := i + 1; j < len(p.Layers); j++ {
		if c := &p.Layers[j]; int(c.Parent) == i && (c.Source != l.Source || c.Protocol != idData) {
			return false
		}
	}
	return true
}

// fragment notes of how many fragments the datagram of layer i was made, if it was.
func (w *walk) fragment(i int, o *Observation) {
	p := w.packet
	l := &p.Layers[i]
	for j := i + 1; j < len(p.Layers); j++ {
		if c := &p.Layers[j]; int(c.Parent) == i && c.Source != l.Source {
			o.Fragments = l.Note
			o.Bytes = uint32(l.HeaderLen() + len(p.Sources()[c.Source]))
			return
		}
	}
}

// upper reads layer i, which is the transport header in the IP header of the current observation.
func (w *walk) upper(i int) {
	p := w.packet
	l := &p.Layers[i]
	o := &w.batch.observations[w.ip]
	if l.Source != p.Layers[w.layer].Source && o.Fragments == 0 { // IPv6's fragment header is a layer of its own
		o.Fragments = max(1, p.Layers[l.Parent].Note)
		o.Bytes = uint32(p.Layers[w.layer].HeaderLen() + len(p.Sources()[l.Source]))
	}
	switch l.Verdict {
	case dissect.Good, dissect.VerdictNone:
	case dissect.Bad, dissect.Illegal:
		o.flags |= badChecksum
	default:
		o.flags |= otherChecksum
	}
	h := p.Header(l)
	o.Payload = uint32(max(0, l.PayloadLen()))
	o.body = p.Body(l)
	switch l.Protocol {
	case idTCP, idUDP, idUDPLite, idSCTP:
		o.Protocol = ports[l.Protocol]
		if len(h) < 4 {
			o.flags |= portless
			return
		}
		o.Sport, o.Dport = binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:])
		if o.mayTell() {
			o.flags |= telling
		}
		if l.Protocol == idTCP && o.flags&related == 0 {
			w.tcp(i, o)
		}
	case idICMP:
		o.Protocol = protocolICMP
		if len(h) < 8 {
			o.flags |= untracked
			return
		}
		w.query(o, icmpRequest(h[0]), h)
	case idICMPv6:
		o.Protocol = protocolICMPv6
		if len(h) < 8 {
			o.flags |= untracked
			return
		}
		w.query(o, icmpv6Request(h[0]), h)
	case idIGMP:
		o.flags |= untracked
	case idGRE:
		o.Protocol = protocolGRE
		if l.Flags&dissect.Partial == 0 {
			if call, ok := dissect.GRE(h).Call(); ok {
				o.Dport = call
			}
		}
	}
}

func (w *walk) query(o *Observation, request uint8, h []byte) {
	if request == 0 {
		o.flags |= untracked
		return
	}
	o.Type, o.Sport = request, binary.BigEndian.Uint16(h[4:])
}

// ports are IP's numbers of the protocols that have ports.
var ports = portNumbers()

// icmpRequest is the type of the request of queries and replies, 0 of all else (RFC 792, RFC 950).
func icmpRequest(messageType uint8) uint8 {
	switch messageType {
	case 8, 0:
		return 8
	case 13, 14, 15, 16, 17, 18:
		return messageType - (messageType+1)%2
	}
	return 0
}

// icmpv6Request is the same for ICMPv6 (RFC 4443 §4, RFC 4620).
func icmpv6Request(messageType uint8) uint8 {
	switch messageType {
	case 128, 129:
		return 128
	case 139, 140:
		return 139
	}
	return 0
}

func (w *walk) tcp(i int, o *Observation) {
	n := len(w.batch.segments)
	w.batch.segments = extend(w.batch.segments)
	s := &w.batch.segments[n]
	if !s.Read(w.packet, i) {
		w.batch.segments = w.batch.segments[:n]
		return
	}
	o.tcp, o.Payload = int32(n), s.Payload
	// A SYN that was lost on its way only seemed to be, and then its receiver answers twice at once: two SYN-ACKs are one captured twice only
	// where that is usual, on all interfaces of a machine.
	if s.Payload > 0 || s.Flags&(SYN|FIN) != 0 && w.packet.Point.Link == linkCooked {
		o.flags |= numbered
	}
}

// finish ends the current observation: another IP header begins, or the packet has no more.
func (w *walk) finish() {
	if w.ip < 0 {
		return
	}
	o := &w.batch.observations[w.ip]
	if !w.transport && (hasPorts(o.Protocol) || o.query() || w.alone) {
		o.flags |= portless
	}
	o.hash = o.Tuple.hash()
}

// print takes the fingerprint of the innermost packet.
func (w *walk) print() {
	if w.inner < 0 {
		return
	}
	o := &w.batch.observations[w.inner]
	var s *TCPSegment
	if o.tcp >= 0 {
		s = &w.batch.segments[o.tcp]
	}
	o.flags |= innermost
	o.Print, o.Link = fingerprint(o, s), linkPrint(w.packet, w.innerLayer)
	if o.body == nil { // protocols without ports: what is behind the header tells their packets apart
		o.Print = max(1, printBytes(o.Print, w.packet.Payload(&w.packet.Layers[w.innerLayer])))
	}
	if next := w.inner + 1; next < len(w.batch.observations) {
		if q := &w.batch.observations[next]; q.is(related) {
			q.Print = quotedPrint(q)
		}
	}
}

func portNumbers() (n [256]uint8) {
	n[idTCP], n[idUDP], n[idUDPLite], n[idSCTP] = protocolTCP, protocolUDP, protocolUDPLite, protocolSCTP
	return n
}

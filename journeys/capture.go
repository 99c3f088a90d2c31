package journeys

import (
	"encoding/binary"
	"net/netip"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/internal/mulfold"
)

// capture is a packet at one place.
type capture struct {
	time  int64 // by the clock of the file
	frame uint64
	flows.Tuple
	kind    uint16 // what a packet without an IP header is: the number of the protocol; 0 for IP
	payload uint64 // a hash of all that is behind the transport header, 0 if not all of it was captured
	bytes   uint32 // of the IP packet or what is there instead; of a datagram that came in fragments, all of it
	size    uint32 // of the payload
	link    uint32 // of the MAC addresses around the IP header
	point   int32  // ID
	place   int32
	ends    int32 // the addresses of the tunnels around it, in the follower's table
	clock   int16
	ipID    uint16
	ttl     uint8
	tos     uint8
	parts   uint8 // fragments that it came in; 0 if it came whole
	sum     checksums

	tcp    bool
	syn    bool
	quotes bool   // an ICMP error
	group  bool   // without an IP header, and for more than one station: a switch floods it
	first  uint32 // sequence number of TCP's first byte
	stamps uint64 // TCP's timestamps, 0 if there are none

	text []byte // its headers, if somebody wants to draw them
}

// checksums says how much those of a packet prove: that of the IP header and that of what is in it.
type checksums uint8

const (
	sumsGood checksums = iota
	sumsUnknown
	sumsBad
)

func (s checksums) String() string { return [...]string{"good", "unverified", "bad"}[s] }

// prints are what a packet is known by: what stays the same of it wherever it is captured, and the header that it has where nobody translates
// addresses, which stays the same if its payload changes. 0 is none.
type prints struct{ print, header uint64 }

// A packet without an IP header is known by all that its protocol says: an ARP request has no addresses in any other header that counts.
// Between the Ethernet header and that may stand what has a number and no meaning of its own.
var between = protocolSet("vlan", "ieee8021ad", "ieee8021ah", "mpls", "fgl", "llc", "sll", "eth", "ctp_skip")

func protocolSet(names ...string) (set [256]bool) {
	for _, name := range names {
		if p := dissect.ByName(name); p != nil {
			set[p.ID] = true
		}
	}
	return set
}

var (
	idEthernet = dissect.ByName("eth").ID
	idARP      = dissect.ByName("arp").ID
	idSLL      = dissect.ByName("sll").ID
	idIPv4     = dissect.ByName("ip").ID
	idIPv6     = dissect.ByName("ipv6").ID
	idIPv6Frag = dissect.ByName("ipv6.fraghdr").ID
	idESP      = dissect.ByName("esp").ID
)

// A reason says why a packet is not followed.
type reason uint8

const (
	followed reason = iota
	fragment        // it completes no datagram
	cutOff          // its headers were not captured
	unknown         // nothing in it is known
	timeless        // the capture does not say when
	noRoom          // there are too many places
	reasons
)

// innermost finds the innermost header of IP, and the innermost one of Ethernet that something without IP is in; 0 for none. What an ICMP
// error quotes is no packet.
func innermost(p *dissect.Packet) (ip, link int) {
	for i := 1; i < len(p.Layers); i++ {
		l := &p.Layers[i]
		if l.Flags&(dissect.Quoted|dissect.Partial) != 0 {
			continue
		}
		switch l.Protocol {
		case idIPv4, idIPv6:
			ip, link = i, 0
		case idEthernet, idSLL:
			link = i
		}
	}
	return ip, link
}

// readIP makes c what a packet says by its innermost IP header, in layer i. A fragment is followed as the datagram that it
// completes, and by itself not.
func (c *capture) readIP(p *dissect.Packet, i int, in *flows.Inside) (w prints, why reason) {
	o := in.Observation
	c.Tuple, c.ipID, c.ttl, c.tos = o.Tuple, o.IPID(), o.TTL, o.TOS
	c.bytes, c.size, c.link = o.Bytes, o.Payload, o.Link
	c.parts = uint8(min(o.Fragments, 255))
	switch {
	case o.BadChecksum():
		c.sum = sumsBad
	case o.Unverified():
		c.sum = sumsUnknown
	}
	if c.parts == 0 && isFragment(p, i) {
		return w, fragment
	}
	body := o.Body()
	if body == nil {
		return c.readRaw(p, i), followed
	}
	if o.Fragment() {
		return w, cutOff
	}
	w.print = o.Print
	header := 8
	switch {
	case in.TCP != nil:
		header = int(body[12]>>4) * 4
		c.tcp, c.first, c.syn = true, in.TCP.Sequence, in.TCP.Flags&flows.SYN != 0
		if in.TCP.HasTimestamps {
			c.stamps = uint64(in.TCP.TSVal)<<32 | uint64(in.TCP.TSEcr)
		}
	case c.HasPorts() || o.Query():
	case c.Protocol == protocolICMP && len(body) >= 28 && quotes(body[0]):
		return prints{print: c.printError(body)}, followed
	default: // IGMP, neighbor discovery, GRE that carries nothing known
		header = 0
		w.print = mix(w.print^c.pair(), hash(body))
	}
	if len(body) < header {
		return w, followed
	}
	c.size = o.Payload
	payload := body[header:]
	if header == 0 {
		c.size = uint32(len(body))
	}
	if len(payload) >= int(c.size) {
		c.payload = max(1, hash(payload[:c.size]))
	}
	if c.ipID != 0 && (!c.tcp || c.size > 0) {
		w.header = max(1, mix(c.pair()^uint64(c.ipID)<<48^uint64(c.Sport)<<16^uint64(c.Dport), uint64(c.size)<<8^uint64(c.Protocol)))
	}
	return w, followed
}

// IP's numbers of protocols.
const (
	protocolICMP   = 1
	protocolICMPv6 = 58
)

// quotes tells whether an ICMP message is an error, which quotes a packet (RFC 792).
func quotes(messageType uint8) bool {
	switch messageType {
	case 3, 4, 5, 11, 12:
		return true
	}
	return false
}

// printError is the print of an ICMP error with at least 20 bytes of what it quotes. A translator of addresses changes the addresses and
// checksums in that, too; all else stays.
func (c *capture) printError(body []byte) uint64 {
	var b [16]byte
	copy(b[:2], body)
	copy(b[2:6], body[4:8]) // MTU, gateway
	quoted := body[8:]
	copy(b[6:], quoted[:10]) // up to the protocol, with length, identification, TTL
	c.quotes = true
	return max(1, hash(b[:]))
}

// readRaw reads a packet whose payload is of no transport protocol that is known: ESP, routing protocols.
func (c *capture) readRaw(p *dissect.Packet, i int) (w prints) {
	l := &p.Layers[i]
	payload := p.Payload(l)
	c.size = uint32(max(0, l.PayloadLen()))
	if len(payload) >= int(c.size) {
		c.payload = max(1, hash(payload[:c.size]))
	}
	w.print = max(1, mix(c.pair()^uint64(c.size)<<8^uint64(c.Protocol)^uint64(c.ipID)<<40, hash(payload[:min(len(payload), 64)])))
	return w
}

// isFragment tells whether the IP packet of layer i is a fragment.
func isFragment(p *dissect.Packet, i int) bool {
	if l := &p.Layers[i]; l.Protocol == idIPv4 {
		return dissect.IPv4(p.Header(l)).Fragment()
	}
	for j := i + 1; j < len(p.Layers); j++ {
		if l := &p.Layers[j]; l.Protocol == idIPv6Frag && l.Flags&dissect.Partial == 0 {
			h := dissect.IPv6Fragment(p.Header(l))
			return h.FragmentOffset() > 0 || h.MoreFragments()
		}
	}
	return false
}

// readLink makes c what is in the Ethernet header of layer i, which is not IP.
func (c *capture) readLink(p *dissect.Packet, i int) (w prints, why reason) {
	j := i
	for j+1 < len(p.Layers) && int(p.Layers[j+1].Parent) == j && between[p.Layers[j].Protocol] {
		j++
	}
	l := &p.Layers[j]
	if j == i || l.Flags&dissect.Partial != 0 {
		return w, unknown
	}
	if h := p.Header(&p.Layers[i]); p.Layers[i].Protocol == idEthernet && len(h) >= 12 {
		copy(c.Src[:], h[6:12])
		copy(c.Dst[:], h[:6])
	}
	c.group = toGroup(p, i)
	body := p.Body(l)
	if h := p.Header(l); l.Protocol == idARP && len(h) >= 28 { // who asks or answers, and whom
		c.Src, c.Dst = mapped(h[14:18]), mapped(h[24:28])
	}
	c.kind, c.bytes, c.size = uint16(l.Protocol), uint32(max(0, l.Len())), uint32(max(0, l.Len()))
	if len(body) >= int(c.size) {
		c.payload = max(1, hash(body[:c.size]))
	}
	w.print = max(1, mix(hash(body[:min(len(body), 512)])^uint64(c.size), uint64(c.kind)))
	return w, followed
}

// toGroup tells whether the frame of layer i, of Ethernet or a cooked capture, is for more than one station.
func toGroup(p *dissect.Packet, i int) bool {
	const toBroadcast, toMulticast = 1, 2 // of Linux's packet types
	h := p.Header(&p.Layers[i])
	switch {
	case p.Layers[i].Protocol == idEthernet:
		return len(h) > 0 && h[0]&1 != 0
	case p.Point.Link == linkCooked2:
		return len(h) > 10 && (h[10] == toBroadcast || h[10] == toMulticast)
	}
	return len(h) > 1 && (h[1] == toBroadcast || h[1] == toMulticast)
}

const linkCooked2 = 276 // LINKTYPE_LINUX_SLL2

// mapped is an IPv4 address as RFC 4291 §2.5.5.2 maps it to IPv6.
func mapped(b []byte) (a [16]byte) {
	a[10], a[11] = 0xff, 0xff
	copy(a[12:], b)
	return a
}

// pair is a hash of the two addresses.
func (c *capture) pair() uint64 { return mix(hash(c.Src[:]), hash(c.Dst[:])) }

// named tells whether the hosts are known that talk to each other.
func (c *capture) named() bool { return c.kind == 0 || c.kind == uint16(idARP) }

// hosts are the addresses of an IP packet.
func (c *capture) hosts() [2]netip.Addr { return [2]netip.Addr{c.Source(), c.Destination()} }

// same tells whether two captures have the same addresses and ports.
func (c *capture) same(d *capture) bool { return c.Tuple == d.Tuple && c.kind == d.kind }

// The hash is the same in each run, as flows' fingerprints are: what is compared is checked by more than it.
const (
	mix1 = mulfold.C1
	mix2 = mulfold.C2
	mix3 = mulfold.C3
)

func mix(a, b uint64) uint64 { return mulfold.Fold(a^mix1, b^mix2) }

func hash(b []byte) uint64 {
	x := uint64(len(b)) + mix1
	for ; len(b) >= 8; b = b[8:] {
		x = mix(x^binary.LittleEndian.Uint64(b), mix3)
	}
	var tail uint64
	for i, c := range b {
		tail |= uint64(c) << (8 * i)
	}
	return mix(x^tail, mix3+1)
}

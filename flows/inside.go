package flows

import "pktscope/dissect"

// Insides reads packets one at a time, for those who follow a packet from place to place and no flow. It is for one goroutine.
type Insides struct {
	reader *Reader
	batch  Batch
	known  []path // by the reader's numbers
}

// An Inside is what a packet says by its innermost IP header. It is good until the next packet is read, and no longer than that packet.
type Inside struct {
	*Observation             // nil for a packet without an IP header
	TCP          *TCPSegment // nil if it is no TCP, or the header was cut off
	Path         Path        // around that header
	Around       Path        // around the innermost header of any kind
}

// NewInsides returns a reader of packets.
func NewInsides() *Insides { return &Insides{reader: NewReader()} }

// Read reads p. Nothing in p is pending, and its checksums are verified.
func (r *Insides) Read(p *dissect.Packet) (in Inside) {
	b := &r.batch
	b.Reset()
	r.reader.Read(p, b)
	if b.forgot {
		r.known = r.known[:0]
	}
	r.known = append(r.known, b.fresh...)
	in.Around = r.known[b.packets[0].path].steps
	i := innermostOf(b.observations)
	if i < 0 {
		return in
	}
	in.Observation = &b.observations[i]
	in.Path = r.known[in.path].steps
	if in.tcp >= 0 {
		in.TCP = &b.segments[in.tcp]
	}
	return in
}

// IPID is IPv4's identification, 0 for IPv6.
func (o *Observation) IPID() uint16 { return o.ipID }

// Body is what was captured of the transport header and what it carries; nil if there is none, as in a fragment alone.
func (o *Observation) Body() []byte { return o.body }

// Query tells that the packet is an ICMP query or its reply, whose identifier stands for ports.
func (o *Observation) Query() bool { return o.query() && !o.is(untracked) }

// Fragment tells that the packet is a fragment which completes no datagram, or was cut off before the ports.
func (o *Observation) Fragment() bool { return o.is(portless) }

// BadChecksum tells that a checksum of the IP header, or of what is directly in it, is wrong.
func (o *Observation) BadChecksum() bool { return o.is(badChecksum) }

// Unverified tells that a checksum is neither right nor wrong: absent, owed by the NIC, cut off.
func (o *Observation) Unverified() bool { return o.is(otherChecksum) }

// PrintProves tells whether the packet says enough to be known again by its Print when its addresses are others: two of TCP's numbers, or
// some bytes of payload.
func (o *Observation) PrintProves() bool { return o.printProves() }

package dissect

import "strconv"

// User Datagram Protocol (RFC 768).
var udp = Protocol{
	Name:  "udp",
	Title: "User Datagram Protocol",
	Ref:   "RFC 768",
	Over:  []Over{{IPProtocol, 17}},
	Header: Rows{
		{Name: "udp.srcport", Bits: 16, Either: []string{"udp.port"}},
		{Name: "udp.dstport", Bits: 16, Either: []string{"udp.port"}},
		{Name: "udp.length", Bits: 16, Doc: "bytes of header and payload; 0 in a jumbogram", Ref: "RFC 2675 §4"},
		{Name: "udp.checksum", Bits: 16, Kind: Hex, Doc: "over a pseudo-header, header and payload; 0: not computed"},
	},
	Fields:  []*Field{udpPayload},
	Status:  &Field{Name: "udp.checksum.status", Bits: 8, Enum: statusNames},
	Dissect: dissectUDP,
	Verify:  verifyUDP,
	Walk:    walkUDP,
	Summary: summarizeUDP,
}

var udpPayload = &Field{Name: "udp.payload", Kind: Bytes, Doc: "what was captured of the payload"}

// UDP is a view of a UDP header of 8 bytes.
type UDP []byte

// SourcePort is the sender's port.
func (h UDP) SourcePort() uint16 { return be16(h) }

// DestinationPort is the receiver's port.
func (h UDP) DestinationPort() uint16 { return be16(h[2:]) }

// Length is that of header and payload in bytes; 0 in a jumbogram.
func (h UDP) Length() int { return int(be16(h[4:])) }

// Checksum is 0 when the sender did not compute one.
func (h UDP) Checksum() uint16 { return be16(h[6:]) }

func dissectUDP(d *Decoder, b []byte) ID {
	h := UDP(b)
	switch n := h.Length(); {
	case n >= 8:
		d.extent(n, "udp.length")
	case n > 0 || !d.overIPv6():
		return d.badLength("udp.length", 8, n)
	} // 0: a jumbogram, all that the IPv6 packet holds (RFC 2675 §4)
	// The layer's Note is the protocol of the payload, which decides whether a zero checksum is legal over IPv6.
	id := d.port(UDPPort, h.DestinationPort(), h.SourcePort())
	if id == none && likeVXLAN(b[8:], d.layer().PayloadLen()) { // people choose ports of their own for it
		d.flags |= Guessed
		id = vxlan.ID
	}
	d.layer().Note = uint16(id)
	if d.layer().PayloadLen() == 0 {
		return none
	}
	return id
}

// overIPv6 tells whether the network layer around the layer is IPv6.
func (d *Decoder) overIPv6() bool {
	around := d.p.Enclosing(d.at, func(p *Protocol) bool { return p == &ipv4 || p == &ipv6 })
	return around != nil && around.Protocol == ipv6.ID
}

// port looks a payload up by its ports: the destination first, then the source, so that an ephemeral source port never wins
// over a known destination.
func (d *Decoder) port(t Table, destination, source uint16) ID {
	if id := d.tables[t][destination]; id != none {
		return id
	}
	return d.tables[t][source]
}

func verifyUDP(p *Packet, i int) Checksum {
	l := &p.Layers[i]
	switch h := UDP(p.Header(l)); {
	case l.Flags&Partial != 0: // its length is wrong: nobody knows what was summed
		return Checksum{}
	case h.Checksum() == 0:
		return Checksum{Verdict: zeroUDP(p, i)}
	case h.Length() > l.Len():
		return Checksum{Verdict: Unverifiable}
	}
	return verifyTransport(p, i, 17, 6)
}

// zeroUDP judges a checksum of zero: over IPv6 only a tunnel may send one (RFC 6935 §5).
func zeroUDP(p *Packet, i int) Verdict {
	_, v6, _ := pseudoSum(p, i, 17, 0)
	if !v6 {
		return Absent
	}
	if payload := protocols[p.Layers[i].Note]; payload != nil && payload.Tunnel {
		return AbsentTunnel
	}
	return Illegal
}

func walkUDP(w *Walker) {
	if n := len(w.Body) - 8; n > 0 && w.Layer.Flags&Partial == 0 {
		w.Add(udpPayload, 8, n)
	}
}

func summarizeUDP(dst []byte, p *Packet, i int) []byte {
	l := &p.Layers[i]
	return strconv.AppendInt(append(dst, "UDP len "...), int64(max(0, l.PayloadLen())), 10)
}

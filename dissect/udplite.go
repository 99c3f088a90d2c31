package dissect

import "strconv"

// Lightweight User Datagram Protocol (RFC 3828): UDP whose checksum covers only the first bytes, and whose length is known from
// the IP header alone. Its ports are UDP's, and Wireshark calls its fields as UDP's.
var udplite = Protocol{
	Name:  "udplite",
	Title: "Lightweight User Datagram Protocol",
	Ref:   "RFC 3828",
	Over:  []Over{{IPProtocol, 136}},
	Header: Rows{
		{Name: "udp.srcport", Bits: 16, Either: []string{"udp.port"}},
		{Name: "udp.dstport", Bits: 16, Either: []string{"udp.port"}},
		{Name: "udp.checksum_coverage", Bits: 16, Doc: "bytes that the checksum covers, from the header on; 0 is all", Ref: "RFC 3828 §3.1"},
		{Name: "udp.checksum", Bits: 16, Kind: Hex, Doc: "over a pseudo-header and what is covered", Ref: "RFC 3828 §3.1"},
	},
	Fields:  []*Field{udpliteLength, udplitePayload, udpliteBadCoverage},
	Status:  &Field{Name: "udp.checksum.status", Bits: 8, Enum: statusNames},
	Dissect: dissectUDPLite,
	Verify:  verifyUDPLite,
	Walk:    walkUDPLite,
	Summary: summarizeUDPLite,
}

var (
	udpliteLength      = &Field{Name: "udp.length", Bits: 16, Doc: "bytes of header and payload, as the IP header leaves them"}
	udplitePayload     = &Field{Name: "udp.payload", Kind: Bytes, Doc: "what was captured of the payload"}
	udpliteBadCoverage = &Field{Name: "udplite.checksum_coverage.bad", Kind: Present, Doc: "the checksum covers less than the header, or more than there is",
		Ref: "RFC 3828 §3.1"}
)

// UDPLite is a view of a UDP-Lite header of 8 bytes.
type UDPLite []byte

// SourcePort is the sender's port.
func (h UDPLite) SourcePort() uint16 { return be16(h) }

// DestinationPort is the receiver's port.
func (h UDPLite) DestinationPort() uint16 { return be16(h[2:]) }

// ChecksumCoverage is in bytes from the header on; 0 is all.
func (h UDPLite) ChecksumCoverage() int { return int(be16(h[4:])) }

// Checksum is over a pseudo-header and what is covered; it must not be 0.
func (h UDPLite) Checksum() uint16 { return be16(h[6:]) }

// covered is the number of bytes that are summed of a packet of n bytes. It is not ok when the header says something that
// cannot be.
func (h UDPLite) covered(n int) (covered int, ok bool) {
	switch c := h.ChecksumCoverage(); {
	case c == 0:
		return n, true
	case c >= 8 && c <= n:
		return c, true
	}
	return 0, false
}

func dissectUDPLite(d *Decoder, b []byte) ID {
	h := UDPLite(b)
	if _, ok := h.covered(d.layer().Len()); !ok && d.flags&Quoted == 0 && !d.part {
		d.note(InvalidCoverage)
	}
	return d.port(UDPPort, h.DestinationPort(), h.SourcePort())
}

func verifyUDPLite(p *Packet, i int) Checksum {
	l := &p.Layers[i]
	h := UDPLite(p.Header(l))
	if h.Checksum() == 0 {
		return Checksum{Verdict: Illegal}
	}
	n, ok := h.covered(l.Len())
	pseudo, _, inIP := pseudoSum(p, i, 136, l.Len())
	b := p.Body(l)
	if !ok || !inIP || n > len(b) {
		return Checksum{Verdict: Unverifiable}
	}
	c := judge(fold(sum(pseudo, b[:n])))
	if c.Verdict == Bad && owed(h.Checksum(), pseudo, l.Len()) {
		return Checksum{Verdict: Offload}
	}
	return c
}

func walkUDPLite(w *Walker) {
	h := UDPLite(w.Header())
	if len(h) < 8 {
		return
	}
	w.Num(udpliteLength, 0, 0, uint64(w.Layer.Len()))
	if _, ok := h.covered(w.Layer.Len()); !ok {
		w.Add(udpliteBadCoverage, 4, 2)
	}
	if n := len(w.Body) - 8; n > 0 {
		w.Add(udplitePayload, 8, n)
	}
}

func summarizeUDPLite(dst []byte, p *Packet, i int) []byte {
	l := &p.Layers[i]
	return strconv.AppendInt(append(dst, "UDP-Lite len "...), int64(max(0, l.PayloadLen())), 10)
}

package dissect

import "strconv"

// Internet Protocol version 4 (RFC 791; the second byte as RFC 2474 and RFC 3168 read it).
var ipv4 = Protocol{
	Name:  "ip",
	Title: "Internet Protocol Version 4",
	Ref:   "RFC 791",
	Over:  []Over{{EtherType, 0x0800}, {PPPProtocol, 0x0021}, {IPProtocol, 4}, {LinkType, 228}, {LLCSAP, 0x06}, {NLPID, 0xcc}, {ChannelType, 0x21}, {GREProtocol, greWCCP}, {NextProtocol, 1}},
	Header: Rows{
		{Name: "ip.version", Bits: 4},
		{Name: "ip.hdr_len", Bits: 4, Scale: 4, Doc: "bytes of header; on the wire a number of 32-bit words", Ref: "RFC 791 §3.1"},
		{Name: "ip.dsfield", Bits: 8, Kind: Hex, Ref: "RFC 2474 §3", Parts: Rows{
			{Name: "ip.dsfield.dscp", Bits: 6, Enum: dscpNames, Ref: "RFC 2474 §3"},
			{Name: "ip.dsfield.ecn", Bits: 2, Enum: ecnNames, Ref: "RFC 3168 §5"},
		}},
		{Name: "ip.len", Bits: 16, Doc: "bytes of header and payload"},
		{Name: "ip.id", Bits: 16, Kind: Hex, Doc: "tells the fragments of one datagram from those of another", Ref: "RFC 6864 §4"},
		{Name: "ip.flags", Bits: 3, Kind: Hex, Parts: Rows{
			{Name: "ip.flags.rb", Bits: 1, Kind: Bool, Doc: "reserved"},
			{Name: "ip.flags.df", Bits: 1, Kind: Bool, Doc: "do not fragment"},
			{Name: "ip.flags.mf", Bits: 1, Kind: Bool, Doc: "more fragments follow"},
		}},
		{Name: "ip.frag_offset", Bits: 13, Doc: "place of the fragment in the datagram, in units of 8 bytes"},
		{Name: "ip.ttl", Bits: 8},
		{Name: "ip.proto", Bits: 8, Enum: ipProtocols, Doc: "what follows"},
		{Name: "ip.checksum", Bits: 16, Kind: Hex, Doc: "over the header"},
		{Name: "ip.src", Bits: 32, Kind: IPv4Addr, Either: []string{"ip.addr"}},
		{Name: "ip.dst", Bits: 32, Kind: IPv4Addr, Either: []string{"ip.addr"}},
	},
	Tables:    ipOptionTables,
	Fields:    append(ipOptionFields, ipFragmentCount, ipReassembledLen, ipReassembledData),
	Status:    &Field{Name: "ip.checksum.status", Bits: 8, Enum: statusNames},
	Dissect:   dissectIPv4,
	Verify:    verifyIPv4,
	Resolve:   resolveIPv4,
	Walk:      walkIPv4,
	Summary:   summarizeIPv4,
	Addresses: func(h []byte) []byte { return h[12:20] },
}

var (
	ipFragmentCount   = &Field{Name: "ip.fragment.count", Bits: 16, Doc: "fragments of the datagram that this packet completes"}
	ipReassembledLen  = &Field{Name: "ip.reassembled.length", Bits: 32, Doc: "bytes of payload that were reassembled"}
	ipReassembledData = &Field{Name: "ip.reassembled.data", Kind: Bytes, Doc: "the reassembled payload"}
)

// IPv4 is a view of an IPv4 header of at least 20 bytes.
type IPv4 []byte

// Version is 4, or this is no IPv4.
func (h IPv4) Version() uint8 { return h[0] >> 4 }

// HeaderLength is in bytes.
func (h IPv4) HeaderLength() int { return int(h[0]&15) * 4 }

// DSField is the byte that was the type of service: six bits of DSCP, two of ECN.
func (h IPv4) DSField() uint8 { return h[1] }

// TotalLength is the length of header and payload in bytes; 0 when a sending NIC has yet to segment the packet.
func (h IPv4) TotalLength() int { return int(be16(h[2:])) }

// Identification tells the fragments of one datagram from those of another.
func (h IPv4) Identification() uint16 { return be16(h[4:]) }

// DontFragment is the DF bit.
func (h IPv4) DontFragment() bool { return h[6]&0x40 != 0 }

// MoreFragments is the MF bit.
func (h IPv4) MoreFragments() bool { return h[6]&0x20 != 0 }

// FragmentOffset is in bytes.
func (h IPv4) FragmentOffset() int { return int(be16(h[6:])&0x1fff) * 8 }

// Fragment tells whether this is a part of a datagram only.
func (h IPv4) Fragment() bool { return be16(h[6:])&0x3fff != 0 }

// TTL is the time to live, in hops.
func (h IPv4) TTL() uint8 { return h[8] }

// Protocol names what follows.
func (h IPv4) Protocol() uint8 { return h[9] }

// Checksum is over the header.
func (h IPv4) Checksum() uint16 { return be16(h[10:]) }

// Source is the sender's address.
func (h IPv4) Source() []byte { return h[12:16] }

// Destination is the receiver's address.
func (h IPv4) Destination() []byte { return h[16:20] }

func dissectIPv4(d *Decoder, b []byte) ID {
	h := IPv4(b)
	if h.Version() != 4 {
		d.trust(1)
		d.halt(StopBadVersion)
		return done
	}
	hl := h.HeaderLength()
	if hl < 20 {
		d.trust(1)
		return d.badLength("ip.hdr_len", 20, hl)
	}
	switch n := h.TotalLength(); {
	case n >= hl:
		d.extent(n, "ip.len")
	case n > 0:
		d.trust(4)
		return d.badLength("ip.len", hl, n)
	} // 0: a sending NIC had yet to segment it; the frame is the limit
	if !d.header(hl) {
		return done
	}
	switch {
	case d.l.PayloadLen() == 0: // a header alone is legal: there is nothing that could be cut short
		return done
	case h.Fragment():
		return d.fragment(h.FragmentOffset(), h.Protocol(), fold(sum(0, b[:hl])) == 0xffff)
	}
	return d.next(IPProtocol, uint32(h.Protocol()))
}

func verifyIPv4(p *Packet, i int) Checksum {
	h := p.Header(&p.Layers[i])
	if len(h) < 20 || len(h) < IPv4(h).HeaderLength() {
		return Checksum{Verdict: Unverifiable}
	}
	return judge(fold(sum(0, h)))
}

func walkIPv4(w *Walker) {
	walkIPv4Options(w)
	w.reassembled(ipFragmentCount, ipReassembledLen, ipReassembledData)
}

func summarizeIPv4(dst []byte, p *Packet, i int) []byte {
	h := IPv4(p.Header(&p.Layers[i]))
	if len(h) < 20 || !h.Fragment() {
		return dst
	}
	dst = appendHex(append(dst, "ip fragment id "...), uint64(h.Identification()), 4)
	dst = strconv.AppendInt(append(dst, " offset "...), int64(h.FragmentOffset()), 10)
	if h.MoreFragments() {
		dst = append(dst, " more"...)
	}
	return dst
}

var (
	dscpNames = Names{0: "CS0", 1: "LE", 8: "CS1", 10: "AF11", 12: "AF12", 14: "AF13", 16: "CS2", 18: "AF21", 20: "AF22", 22: "AF23", 24: "CS3",
		26: "AF31", 28: "AF32", 30: "AF33", 32: "CS4", 34: "AF41", 36: "AF42", 38: "AF43", 40: "CS5", 44: "VOICE-ADMIT", 46: "EF",
		48: "CS6", 56: "CS7"}
	ecnNames    = Names{0: "Not-ECT", 1: "ECT(1)", 2: "ECT(0)", 3: "CE"}
	ipProtocols = Names{0: "HOPOPT", 1: "ICMP", 2: "IGMP", 4: "IPv4", 6: "TCP", 17: "UDP", 41: "IPv6", 43: "IPv6-Route", 44: "IPv6-Frag", 46: "RSVP",
		47: "GRE", 50: "ESP", 51: "AH", 58: "IPv6-ICMP", 59: "IPv6-NoNxt", 60: "IPv6-Opts", 88: "EIGRP", 89: "OSPF", 97: "EtherIP", 103: "PIM",
		108: "IPComp", 112: "VRRP", 115: "L2TP", 132: "SCTP", 136: "UDPLite", 137: "MPLS-in-IP", 143: "Ethernet"}
)

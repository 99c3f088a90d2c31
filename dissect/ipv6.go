package dissect

// Internet Protocol version 6 (RFC 8200). Each extension header is a layer of its own.
var ipv6 = Protocol{
	Name:  "ipv6",
	Title: "Internet Protocol Version 6",
	Ref:   "RFC 8200",
	Over:  []Over{{EtherType, 0x86dd}, {PPPProtocol, 0x0057}, {IPProtocol, 41}, {LinkType, 229}, {NLPID, 0x8e}, {ChannelType, 0x57}, {NextProtocol, 2}},
	Header: Rows{
		{Name: "ipv6.version", Bits: 4, Either: []string{"ip.version"}},
		{Name: "ipv6.tclass", Bits: 8, Kind: Hex, Digits: 8, Ref: "RFC 8200 §7", Parts: Rows{
			{Name: "ipv6.tclass.dscp", Bits: 6, Enum: dscpNames, Ref: "RFC 2474 §3"},
			{Name: "ipv6.tclass.ecn", Bits: 2, Enum: ecnNames, Ref: "RFC 3168 §5"},
		}},
		{Name: "ipv6.flow", Bits: 20, Kind: Hex, Doc: "flow label", Ref: "RFC 6437"},
		{Name: "ipv6.plen", Bits: 16, Doc: "bytes behind this header; 0 with a jumbo payload option"},
		{Name: "ipv6.nxt", Bits: 8, Enum: ipProtocols, Doc: "what follows"},
		{Name: "ipv6.hlim", Bits: 8, Doc: "hop limit"},
		{Name: "ipv6.src", Bits: 128, Kind: IPv6Addr, Either: []string{"ipv6.addr"}},
		{Name: "ipv6.dst", Bits: 128, Kind: IPv6Addr, Either: []string{"ipv6.addr"}},
	},
	Dissect:   dissectIPv6,
	Addresses: func(h []byte) []byte { return h[8:40] },
}

const (
	hopByHop     = 0
	noNextHeader = 59
)

// IPv6 is a view of an IPv6 header of 40 bytes.
type IPv6 []byte

// Version is 6, or this is no IPv6.
func (h IPv6) Version() uint8 { return h[0] >> 4 }

// TrafficClass has six bits of DSCP and two of ECN.
func (h IPv6) TrafficClass() uint8 { return uint8(be16(h) >> 4) }

// FlowLabel has 20 bits.
func (h IPv6) FlowLabel() uint32 { return be32(h) & 0xfffff }

// PayloadLength is the number of bytes behind this header; 0 when a jumbo payload option says it, or a NIC has yet to
// segment the packet.
func (h IPv6) PayloadLength() int { return int(be16(h[4:])) }

// NextHeader names what follows.
func (h IPv6) NextHeader() uint8 { return h[6] }

// HopLimit is in hops.
func (h IPv6) HopLimit() uint8 { return h[7] }

// Source is the sender's address.
func (h IPv6) Source() []byte { return h[8:24] }

// Destination is where the packet goes next: with a routing header not yet where it goes in the end.
func (h IPv6) Destination() []byte { return h[24:40] }

func dissectIPv6(d *Decoder, b []byte) ID {
	h := IPv6(b)
	if h.Version() != 6 {
		d.trust(1)
		d.halt(StopBadVersion)
		return done
	}
	if n := h.PayloadLength(); n > 0 {
		d.extent(40+n, "ipv6.plen")
	} else if h.NextHeader() == hopByHop {
		if n := jumboLength(b[40:]); n > 0 {
			d.extent(40+n, "ipv6.opt.jumbo")
		}
	} // 0 without a jumbo payload: a sending NIC had yet to segment it; the frame is the limit
	return d.upper(h.NextHeader())
}

// upper says which protocol a next header field of IPv6 or of one of its extension headers means.
func (d *Decoder) upper(nextHeader uint8) ID {
	if nextHeader == noNextHeader {
		return none
	}
	return d.next(IPProtocol, uint32(nextHeader))
}

package dissect

import "strconv"

// Fragment header of IPv6 (RFC 8200 §4.5).
var ipv6Fragment = Protocol{
	Name:  "ipv6.fraghdr",
	Title: "IPv6 Fragment Header",
	Ref:   "RFC 8200 §4.5",
	Over:  []Over{{IPProtocol, 44}},
	Header: Rows{
		{Name: "ipv6.fraghdr.nxt", Bits: 8, Enum: ipProtocols, Doc: "what the datagram starts with"},
		{Name: "ipv6.fraghdr.reserved_octet", Bits: 8, Kind: Hex},
		{Name: "ipv6.fraghdr.offset", Bits: 13, Doc: "place of the fragment in the datagram, in units of 8 bytes"},
		{Name: "ipv6.fraghdr.reserved_bits", Bits: 2},
		{Name: "ipv6.fraghdr.more", Bits: 1, Kind: Bool, Doc: "more fragments follow"},
		{Name: "ipv6.fraghdr.ident", Bits: 32, Kind: Hex, Doc: "tells the fragments of one datagram from those of another"},
	},
	Fields:  []*Field{ipv6FragmentCount, ipv6ReassembledLen, ipv6ReassembledData},
	Dissect: dissectIPv6Fragment,
	Resolve: resolveIPv6Fragment,
	Walk:    func(w *Walker) { w.reassembled(ipv6FragmentCount, ipv6ReassembledLen, ipv6ReassembledData) },
	Summary: summarizeIPv6Fragment,
}

var (
	ipv6FragmentCount   = &Field{Name: "ipv6.fragment.count", Bits: 16, Doc: "fragments of the datagram that this packet completes"}
	ipv6ReassembledLen  = &Field{Name: "ipv6.reassembled.length", Bits: 32, Doc: "bytes of payload that were reassembled"}
	ipv6ReassembledData = &Field{Name: "ipv6.reassembled.data", Kind: Bytes, Doc: "the reassembled payload"}
)

// IPv6Fragment is a view of a fragment header of 8 bytes.
type IPv6Fragment []byte

// NextHeader names what the datagram starts with.
func (h IPv6Fragment) NextHeader() uint8 { return h[0] }

// FragmentOffset is in bytes.
func (h IPv6Fragment) FragmentOffset() int { return int(be16(h[2:]) &^ 7) }

// MoreFragments tells that more fragments follow.
func (h IPv6Fragment) MoreFragments() bool { return h[3]&1 != 0 }

// Fragment tells whether this is a part of a datagram only. It is not in an atomic fragment (RFC 6946).
func (h IPv6Fragment) Fragment() bool { return be16(h[2:])&0xfff9 != 0 }

// Identification tells the fragments of one datagram from those of another.
func (h IPv6Fragment) Identification() uint32 { return be32(h[4:]) }

func dissectIPv6Fragment(d *Decoder, b []byte) ID {
	h := IPv6Fragment(b)
	if h.Fragment() {
		return d.fragment(h.FragmentOffset(), h.NextHeader(), true)
	}
	return d.upper(h.NextHeader())
}

func summarizeIPv6Fragment(dst []byte, p *Packet, i int) []byte {
	h := IPv6Fragment(p.Header(&p.Layers[i]))
	if len(h) < 8 {
		return append(dst, "ipv6 fragment"...)
	}
	dst = appendHex(append(dst, "ipv6 fragment id "...), uint64(h.Identification()), 8)
	dst = strconv.AppendInt(append(dst, " offset "...), int64(h.FragmentOffset()), 10)
	if h.MoreFragments() {
		dst = append(dst, " more"...)
	}
	return dst
}

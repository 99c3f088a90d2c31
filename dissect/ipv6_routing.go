package dissect

import "strconv"

// Routing header of IPv6 (RFC 8200 §4.4), of the types 0 (RFC 5095 forbids it), 2 (RFC 6275 §6.4), 3 (RPL source route, RFC 6554),
// 4 (segment routing, RFC 8754), 5 and 6 (compact routing, RFC 9631).
var ipv6Routing = Protocol{
	Name:  "ipv6.routing",
	Title: "IPv6 Routing Header",
	Ref:   "RFC 8200 §4.4",
	Over:  []Over{{IPProtocol, 43}},
	Header: Rows{
		{Name: "ipv6.routing.nxt", Bits: 8, Enum: ipProtocols, Doc: "what follows"},
		{Name: "ipv6.routing.len", Bits: 8, Doc: "units of 8 bytes behind the first one"},
		{Name: "ipv6.routing.type", Bits: 8, Enum: routingTypes},
		{Name: "ipv6.routing.segleft", Bits: 8, Doc: "nodes that are still to be visited"},
	},
	Tables: []Rows{routingSource, routingHome, routingRPL, routingSegment, srhTLV},
	Fields: []*Field{routingOctets, routingSourceAddr, routingRPLCount, routingRPLAddr, routingRPLFull, routingSRHAddr, routingSRHValue,
		routingCRH16, routingCRH16Current, routingCRH32, routingCRH32Current, routingUnknown},
	Dissect: dissectIPv6Extension,
	Walk:    walkIPv6Routing,
	Summary: summarizeIPv6Routing,
}

var (
	routingSource = Rows{{Name: "ipv6.routing.src.reserved", Bits: 32, Kind: Bytes}}
	routingHome   = Rows{
		{Name: "ipv6.routing.mipv6.reserved", Bits: 32, Kind: Bytes, Ref: "RFC 6275 §6.4"},
		{Name: "ipv6.routing.mipv6.home_address", Bits: 128, Kind: IPv6Addr, Doc: "the mobile node's address at home", Ref: "RFC 6275 §6.4"},
	}
	routingRPL = Rows{
		{Name: "ipv6.routing.rpl.cmprI", Bits: 4, Doc: "leading bytes that the addresses but the last share with the destination", Ref: "RFC 6554 §3"},
		{Name: "ipv6.routing.rpl.cmprE", Bits: 4, Doc: "leading bytes that the last address shares with the destination"},
		{Name: "ipv6.routing.rpl.pad", Bits: 4, Doc: "bytes of padding at the end"},
		{Name: "ipv6.routing.rpl.reserved", Bits: 20},
	}
	routingSegment = Rows{
		{Name: "ipv6.routing.srh.last_entry", Bits: 8, Doc: "index of the last segment in the list, from 0", Ref: "RFC 8754 §2"},
		{Name: "ipv6.routing.srh.flags", Bits: 8, Kind: Hex},
		{Name: "ipv6.routing.srh.tag", Bits: 16, Kind: Bytes, Doc: "marks packets of one class"},
	}
	srhTLV = Rows{
		{Name: "ipv6.routing.srh.tlv.type", Bits: 8, Enum: srhTLVs, Ref: "RFC 8754 §2.1"},
		{Name: "ipv6.routing.srh.tlv.length", Bits: 8, Doc: "bytes of value"},
	}
	routingOctets       = &Field{Name: "ipv6.routing.len_oct", Bits: 16, Doc: "bytes of the header"}
	routingSourceAddr   = &Field{Name: "ipv6.routing.src.addr", Kind: IPv6Addr, Doc: "node of the route", Ref: "RFC 2460 §4.4"}
	routingRPLCount     = &Field{Name: "ipv6.routing.rpl.addr_count", Bits: 8, Doc: "addresses, as the lengths leave room for"}
	routingRPLAddr      = &Field{Name: "ipv6.routing.rpl.address", Kind: Bytes, Doc: "what of an address is not shared with the destination"}
	routingRPLFull      = &Field{Name: "ipv6.routing.rpl.full_address", Kind: IPv6Addr}
	routingSRHAddr      = &Field{Name: "ipv6.routing.srh.addr", Kind: IPv6Addr, Doc: "segment; the first in the list is the last of the path", Ref: "RFC 8754 §2"}
	routingSRHValue     = &Field{Name: "ipv6.routing.srh.tlv.value", Kind: Bytes, Ref: "RFC 8754 §2.1"}
	routingCRH16        = &Field{Name: "ipv6.routing.crh16.sid", Bits: 16, Doc: "segment; the first in the list is the last of the path", Ref: "RFC 9631 §4"}
	routingCRH16Current = &Field{Name: "ipv6.routing.crh16.current_sid", Bits: 16, Doc: "the segment that segments left points to"}
	routingCRH32        = &Field{Name: "ipv6.routing.crh32.sid", Bits: 32, Doc: "segment; the first in the list is the last of the path", Ref: "RFC 9631 §4"}
	routingCRH32Current = &Field{Name: "ipv6.routing.crh32.current_sid", Bits: 32, Doc: "the segment that segments left points to"}
	routingUnknown      = &Field{Name: "ipv6.routing.unknown_data", Kind: Bytes, Doc: "data of a type that is not known"}
)

// IPv6Routing is a view of a routing header's first 8 bytes and, where it is whole, of what follows them.
type IPv6Routing []byte

// Type says what the header's data is.
func (h IPv6Routing) Type() uint8 { return h[2] }

// SegmentsLeft is the number of nodes that are still to be visited.
func (h IPv6Routing) SegmentsLeft() uint8 { return h[3] }

func walkIPv6Routing(w *Walker) {
	w.octets(routingOctets)
	h := IPv6Routing(w.Header())
	if len(h) < 8 {
		return
	}
	n := len(h) - 4
	switch h.Type() {
	case 0:
		w.Part(routingSource, 4, n)
		for off := 8; off+16 <= len(h); off += 16 {
			w.Add(routingSourceAddr, off, 16)
		}
	case 2:
		w.Part(routingHome, 4, n)
	case 3:
		w.Part(routingRPL, 4, n)
		walkRPLRoute(w, h)
	case 4:
		w.Part(routingSegment, 4, n)
		walkSegments(w, h)
	case 5:
		walkCompact(w, h, 2, routingCRH16, routingCRH16Current)
	case 6:
		walkCompact(w, h, 4, routingCRH32, routingCRH32Current)
	default:
		w.Add(routingUnknown, 4, n)
	}
}

func walkSegments(w *Walker, h IPv6Routing) {
	off := 8
	for range int(h[4]) + 1 {
		if off+16 > len(h) {
			return
		}
		w.Add(routingSRHAddr, off, 16)
		off += 16
	}
	for off < len(h) && !w.done {
		if h[off] == 0 { // Pad1 has no length
			w.Part(srhTLV[:1], off, 1)
			off++
			continue
		}
		if off+2 > len(h) || off+2+int(h[off+1]) > len(h) {
			return
		}
		w.Part(srhTLV, off, 2)
		w.Add(routingSRHValue, off+2, int(h[off+1]))
		off += 2 + int(h[off+1])
	}
}

// walkCompact is for a list of segment identifiers of size bytes.
func walkCompact(w *Walker, h IPv6Routing, size int, sid, current *Field) {
	if off := 4 + int(h.SegmentsLeft())*size; off+size <= len(h) {
		w.Add(current, off, size)
	}
	for off := 4; off+size <= len(h); off += size {
		w.Add(sid, off, size)
	}
}

func walkRPLRoute(w *Walker, h IPv6Routing) {
	n := rplAddresses(h)
	w.Num(routingRPLCount, 0, 0, uint64(n))
	for i := range n {
		off, size := rplAddress(h, i, n)
		w.Add(routingRPLAddr, off, size)
		if w.Wants(routingRPLFull) {
			if ip := w.Packet.ipv6Around(w.Index); ip != nil {
				from := len(w.Packet.scratch)
				w.Packet.scratch = append(append(w.Packet.scratch, ip.Destination()[:16-size]...), h[off:off+size]...)
				w.text(routingRPLFull, w.Packet.scratch[from:])
			}
		}
	}
}

// rplAddresses is the number of addresses in an RPL source route (RFC 6554 §3).
func rplAddresses(h IPv6Routing) int {
	room := len(h) - 8 - int(h[5]>>4) - (16 - int(h[4]&15))
	if room < 0 {
		return 0
	}
	return room/(16-int(h[4]>>4)) + 1
}

// rplAddress is the place of the i-th of n addresses and the number of bytes in which it differs from the destination.
func rplAddress(h IPv6Routing, i, n int) (off, size int) {
	size = 16 - int(h[4]>>4)
	off = 8 + i*size
	if i == n-1 {
		size = 16 - int(h[4]&15)
	}
	return off, size
}

// ipv6Around is the header of the nearest IPv6 packet around layer i, or nil.
func (p *Packet) ipv6Around(i int) IPv6 {
	l := p.Enclosing(i, func(p *Protocol) bool { return p.ID == ipv6.ID })
	if l == nil || l.Flags&Partial != 0 {
		return nil
	}
	return IPv6(p.Header(l))
}

// finalIPv6 is where a routing header h sends a packet in the end; destination is where it goes now (RFC 8200 §8.1: a checksum's
// pseudo-header takes it).
func finalIPv6(h IPv6Routing, destination []byte) (final [16]byte) {
	copy(final[:], destination)
	if h.SegmentsLeft() == 0 || len(h) < 24 && h.Type() != 3 {
		return final
	}
	switch h.Type() {
	case 0:
		n := (len(h) - 8) / 16
		copy(final[:], h[n*16-8:n*16+8])
	case 2, 4: // the home address; the last segment of the path
		copy(final[:], h[8:24])
	case 3:
		if n := rplAddresses(h); n > 0 {
			off, size := rplAddress(h, n-1, n)
			copy(final[16-size:], h[off:off+size])
		}
	}
	return final
}

func summarizeIPv6Routing(dst []byte, p *Packet, i int) []byte {
	h := IPv6Routing(p.Header(&p.Layers[i]))
	if len(h) < 4 {
		return append(dst, "routing"...)
	}
	if h.Type() == 4 {
		dst = append(dst, "srh"...)
	} else {
		dst = strconv.AppendUint(append(dst, "routing "...), uint64(h.Type()), 10)
	}
	return strconv.AppendUint(append(dst, " left "...), uint64(h.SegmentsLeft()), 10)
}

var (
	routingTypes = Names{0: "Source Route", 1: "Nimrod", 2: "Type 2 (mobility)", 3: "RPL Source Route", 4: "Segment Routing", 5: "Compact Routing, 16 bits",
		6: "Compact Routing, 32 bits", 253: "Experiment 1", 254: "Experiment 2"}
	srhTLVs = Names{0: "Pad1", 4: "PadN", 5: "HMAC"}
)

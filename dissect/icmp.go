package dissect

import (
	"slices"
	"strconv"
)

// Internet Control Message Protocol (RFC 792), with path MTU discovery (RFC 1191), router discovery (RFC 1256), extensions
// (RFC 4884) and extended echo (RFC 8335).
var icmp = Protocol{
	Name:  "icmp",
	Title: "Internet Control Message Protocol",
	Ref:   "RFC 792",
	Over:  []Over{{IPProtocol, 1}},
	Header: Rows{
		{Name: "icmp.type", Bits: 8, Enum: icmpTypes},
		{Name: "icmp.code", Bits: 8, Doc: "the case at hand, within the type"},
		{Name: "icmp.checksum", Bits: 16, Kind: Hex, Doc: "over the message"},
		{Bits: 32, Doc: "depends on the type"},
	},
	Tables: slices.Concat([]Rows{icmpEchoRows, icmpExtendedEcho, icmpExtendedReply, icmpAdvertisement, icmpTimes, icmpMask, icmpGateway}, icmpExt.tables),
	Fields: slices.Concat([]*Field{icmpIdentLE, icmpSeqLE, icmpUnused, icmpLength, icmpOriginal, icmpMTU, icmpPointer, icmpRouter, icmpPreference},
		icmpExt.fields),
	Status:  &Field{Name: "icmp.checksum.status", Bits: 8, Enum: statusNames},
	Dissect: dissectICMP,
	Verify:  verifyICMP,
	Walk:    walkICMP,
	Summary: summarizeICMP,
}

const (
	icmpEchoReply          = 0
	icmpUnreachable        = 3
	icmpSourceQuench       = 4
	icmpRedirect           = 5
	icmpEcho               = 8
	icmpRouterAdvert       = 9
	icmpTimeExceeded       = 11
	icmpParameterProblem   = 12
	icmpTimestamp          = 13
	icmpTimestampReply     = 14
	icmpInformation        = 15
	icmpInformationReply   = 16
	icmpMaskRequest        = 17
	icmpMaskReply          = 18
	icmpExtEcho            = 42
	icmpExtEchoReply       = 43
	icmpFragmentationNeeds = 4 // a code of icmpUnreachable
)

var (
	icmpExt      = newICMPExtensions()
	icmpEchoRows = Rows{
		{Name: "icmp.ident", Bits: 16, Doc: "tells one ping from another"},
		{Name: "icmp.seq", Bits: 16},
	}
	icmpExtendedEcho = Rows{
		{Bits: 16, Doc: "identifier"},
		{Name: "icmp.ext.echo.seq", Bits: 8, Ref: "RFC 8335 §2"},
		{Name: "icmp.ext.echo.req.res", Bits: 7, Kind: Hex},
		{Name: "icmp.ext.echo.req.local", Bits: 1, Kind: Bool, Doc: "the interface is one of the node that is asked"},
	}
	icmpExtendedReply = Rows{
		{Name: "icmp.ext.echo.rsp.state", Bits: 3, Enum: neighborStates, Ref: "RFC 8335 §3"},
		{Name: "icmp.ext.echo.rsp.res", Bits: 2, Kind: Hex},
		{Name: "icmp.ext.echo.rsp.active", Bits: 1, Kind: Bool},
		{Name: "icmp.ext.echo.rsp.ipv4", Bits: 1, Kind: Bool, Doc: "IPv4 runs on the interface"},
		{Name: "icmp.ext.echo.rsp.ipv6", Bits: 1, Kind: Bool, Doc: "IPv6 runs on the interface"},
	}
	icmpAdvertisement = Rows{
		{Name: "icmp.num_addrs", Bits: 8, Ref: "RFC 1256 §3"},
		{Name: "icmp.addr_entry_size", Bits: 8, Doc: "32-bit words of each entry", Ref: "RFC 1256 §3"},
		{Name: "icmp.lifetime", Bits: 16, Doc: "in seconds", Ref: "RFC 1256 §3"},
	}
	icmpTimes = Rows{
		{Name: "icmp.originate_timestamp", Bits: 32, Doc: "milliseconds since midnight UTC"},
		{Name: "icmp.receive_timestamp", Bits: 32, Doc: "milliseconds since midnight UTC"},
		{Name: "icmp.transmit_timestamp", Bits: 32, Doc: "milliseconds since midnight UTC"},
	}
	icmpMask       = Rows{{Name: "icmp.address_mask", Bits: 32, Kind: IPv4Addr, Ref: "RFC 950"}}
	icmpGateway    = Rows{{Name: "icmp.redir_gw", Bits: 32, Kind: IPv4Addr, Doc: "the better gateway"}}
	icmpIdentLE    = &Field{Name: "icmp.ident_le", Bits: 16, Doc: "the identifier, read as Windows writes it: least significant byte first"}
	icmpSeqLE      = &Field{Name: "icmp.seq_le", Bits: 16, Doc: "the sequence number, read as Windows writes it"}
	icmpUnused     = &Field{Name: "icmp.unused", Kind: Bytes}
	icmpLength     = &Field{Name: "icmp.length", Bits: 8, Doc: "32-bit words of quoted datagram; extensions follow", Ref: "RFC 4884 §4"}
	icmpOriginal   = &Field{Name: "icmp.length.original_datagram", Bits: 16, Doc: "the same in bytes"}
	icmpMTU        = &Field{Name: "icmp.mtu", Bits: 16, Doc: "of the next hop, in bytes; 0 from routers that do not know RFC 1191", Ref: "RFC 1191 §4"}
	icmpPointer    = &Field{Name: "icmp.pointer", Bits: 8, Doc: "byte of the quoted header that is at fault"}
	icmpRouter     = &Field{Name: "icmp.router_address", Kind: IPv4Addr, Ref: "RFC 1256 §3"}
	icmpPreference = &Field{Name: "icmp.pref_level", Bits: 32, Kind: Signed, Doc: "higher is better", Ref: "RFC 1256 §3"}
)

// ICMP is a view of an ICMP header of 8 bytes.
type ICMP []byte

// Type says what the message is.
func (h ICMP) Type() uint8 { return h[0] }

// Code is the case at hand, within the type.
func (h ICMP) Code() uint8 { return h[1] }

// Checksum is over the message.
func (h ICMP) Checksum() uint16 { return be16(h[2:]) }

// Identifier tells one ping from another; it means something in queries.
func (h ICMP) Identifier() uint16 { return be16(h[4:]) }

// Sequence means something in queries.
func (h ICMP) Sequence() uint16 { return be16(h[6:]) }

// Error tells whether the message reports a fault, and so quotes the packet that caused it (RFC 1122 §3.2.2).
func (h ICMP) Error() bool {
	switch h[0] {
	case icmpUnreachable, icmpSourceQuench, icmpRedirect, icmpTimeExceeded, icmpParameterProblem:
		return true
	}
	return false
}

// OriginalLength is how many bytes of quoted datagram the message says that it has (RFC 4884 §4); 0 where it says nothing.
func (h ICMP) OriginalLength() int {
	switch h[0] {
	case icmpUnreachable, icmpTimeExceeded, icmpParameterProblem:
		return int(h[5]) * 4
	}
	return 0
}

func dissectICMP(d *Decoder, b []byte) ID {
	switch h := ICMP(b); {
	case h.Error():
		n, extended := originalDatagram(b[8:], d.l.Len()-8, h.OriginalLength())
		if h.OriginalLength() > n {
			d.exceeds()
		}
		if n > 0 {
			limit := d.limit
			if extended {
				limit = "icmp.length"
			}
			d.quote(quotedIP(b[8:]), n, limit)
		}
		return done
	case h.Type() == icmpRouterAdvert:
		d.header(8 + int(b[4])*int(b[5])*4)
		return done
	case h.Type() == icmpTimestamp, h.Type() == icmpTimestampReply:
		if !d.header(20) {
			return done
		}
	case h.Type() == icmpMaskRequest, h.Type() == icmpMaskReply:
		if !d.header(12) {
			return done
		}
	case h.Type() == icmpExtEcho:
		return done
	}
	return none
}

// quote decodes the n bytes behind an ICMP error's header as a quoted packet of protocol id. Some senders quote something else: of that
// only the version is believed, however short it is.
func (d *Decoder) quote(id ID, n int, limit string) {
	first := len(d.p.Layers)
	d.child(id, 8, n, limit, Quoted)
	if len(d.p.Layers) == first {
		return
	}
	l := &d.p.Layers[first]
	if b := d.p.Header(l); len(b) > 1 && b[0]>>4 != 4 && b[0]>>4 != 6 {
		l.HeaderEnd = l.Start + 1
	}
}

// verifyICMP leaves the message that another one quotes alone: more often than not it is cut off.
func verifyICMP(p *Packet, i int) Checksum {
	l := &p.Layers[i]
	if _, _, ok := pseudoSum(p, i, 0, 0); !ok || !p.Whole(l) || l.Flags&Quoted != 0 {
		return Checksum{Verdict: Unverifiable}
	}
	return judge(fold(sum(0, p.Body(l))))
}

func walkICMP(w *Walker) {
	h := ICMP(w.Header())
	if len(h) < 8 {
		return
	}
	switch h.Type() {
	case icmpEcho, icmpEchoReply, icmpTimestamp, icmpTimestampReply, icmpInformation, icmpInformationReply, icmpMaskRequest, icmpMaskReply:
		w.Part(icmpEchoRows, 4, 4)
		w.Num(icmpIdentLE, 4, 2, uint64(h[5])<<8|uint64(h[4]))
		w.Num(icmpSeqLE, 6, 2, uint64(h[7])<<8|uint64(h[6]))
	case icmpExtEcho, icmpExtEchoReply:
		w.Part(icmpEchoRows[:1], 4, 2)
		w.Num(icmpIdentLE, 4, 2, uint64(h[5])<<8|uint64(h[4]))
	}
	switch h.Type() {
	case icmpRouterAdvert:
		w.Part(icmpAdvertisement, 4, 4)
		for off := 8; h[5] == 2 && off+8 <= len(h); off += 8 {
			w.Add(icmpRouter, off, 4)
			w.Add(icmpPreference, off+4, 4)
		}
	case icmpTimestamp, icmpTimestampReply:
		w.Part(icmpTimes, 8, len(h)-8)
	case icmpMaskRequest, icmpMaskReply:
		w.Part(icmpMask, 8, len(h)-8)
	case icmpExtEcho:
		w.Part(icmpExtendedEcho, 4, 4)
		icmpExt.walk(w, 8)
	case icmpExtEchoReply:
		w.Part(icmpExtendedEcho[:2], 4, 3)
		w.Part(icmpExtendedReply, 7, 1)
	case icmpRedirect:
		w.Part(icmpGateway, 4, 4)
	case icmpUnreachable, icmpTimeExceeded, icmpParameterProblem:
		walkICMPError(w, h)
	}
}

// walkICMPError is for the errors that may have extensions.
func walkICMPError(w *Walker, h ICMP) {
	at, end := 4, 8
	if h.Type() == icmpParameterProblem {
		w.Add(icmpPointer, at, 1)
		at++
	}
	if h.Type() == icmpUnreachable && h.Code() == icmpFragmentationNeeds {
		w.Add(icmpMTU, 6, 2)
		end = 6
	}
	if h.OriginalLength() > 0 {
		if at < 5 {
			w.Add(icmpUnused, at, 5-at)
		}
		w.Add(icmpLength, 5, 1)
		w.Num(icmpOriginal, 5, 1, uint64(h.OriginalLength()))
		at = 6
	}
	if at < end {
		w.Add(icmpUnused, at, end-at)
	}
	if n, extended := originalDatagram(w.Body[8:], w.Layer.Len()-8, h.OriginalLength()); extended {
		icmpExt.walk(w, 8+n)
	}
}

func summarizeICMP(dst []byte, p *Packet, i int) []byte {
	h := ICMP(p.Header(&p.Layers[i]))
	if len(h) < 8 {
		return append(dst, "ICMP"...)
	}
	dst = appendICMPName(append(dst, "ICMP "...), h.Type(), h.Code(), icmpTypes, icmpCodes)
	switch h.Type() {
	case icmpEcho, icmpEchoReply:
		dst = strconv.AppendUint(append(dst, " id "...), uint64(h.Identifier()), 10)
		dst = strconv.AppendUint(append(dst, " seq "...), uint64(h.Sequence()), 10)
	case icmpUnreachable:
		if h.Code() == icmpFragmentationNeeds {
			dst = strconv.AppendUint(append(dst, " mtu "...), uint64(h.Sequence()), 10)
		}
	}
	return dst
}

// appendICMPName names the code if its name is known, else the type, else it gives the type's number.
func appendICMPName(dst []byte, kind, code uint8, types Names, codes map[uint8]Names) []byte {
	if name := codes[kind][uint64(code)]; name != "" {
		return append(dst, name...)
	}
	if name := types[uint64(kind)]; name != "" {
		return append(dst, name...)
	}
	return strconv.AppendUint(append(dst, "type "...), uint64(kind), 10)
}

var (
	icmpTypes = Names{0: "echo reply", 3: "destination unreachable", 4: "source quench", 5: "redirect", 6: "alternate host address", 8: "echo request",
		9: "router advertisement", 10: "router solicitation", 11: "time exceeded", 12: "parameter problem", 13: "timestamp request", 14: "timestamp reply",
		15: "information request", 16: "information reply", 17: "address mask request", 18: "address mask reply", 30: "traceroute", 37: "domain name request",
		38: "domain name reply", 40: "Photuris", 41: "experimental mobility", 42: "extended echo request", 43: "extended echo reply"}
	icmpCodes = map[uint8]Names{
		3: {0: "network unreachable", 1: "host unreachable", 2: "protocol unreachable", 3: "port unreachable", 4: "fragmentation needed", 5: "source route failed",
			6: "network unknown", 7: "host unknown", 8: "source host isolated", 9: "network administratively prohibited", 10: "host administratively prohibited",
			11: "network unreachable for TOS", 12: "host unreachable for TOS", 13: "administratively filtered", 14: "host precedence violation",
			15: "precedence cutoff in effect"},
		5:  {0: "redirect for network", 1: "redirect for host", 2: "redirect for TOS and network", 3: "redirect for TOS and host"},
		11: {0: "time exceeded in transit", 1: "fragment reassembly time exceeded"},
		12: {0: "parameter problem", 1: "required option missing", 2: "bad length"},
		43: {1: "malformed query", 2: "no such interface", 3: "no such table entry", 4: "multiple interfaces satisfy query"},
	}
	neighborStates = Names{0: "reserved", 1: "incomplete", 2: "reachable", 3: "stale", 4: "delay", 5: "probe", 6: "failed"}
)

package dissect

import (
	"slices"
	"strconv"
)

// Internet Control Message Protocol for IPv6 (RFC 4443). Neighbor discovery (RFC 4861) has its options in icmpv6_options.go, multicast
// listener discovery (RFC 2710, RFC 3810) is in icmpv6_mld.go.
var icmpv6 = Protocol{
	Name:  "icmpv6",
	Title: "Internet Control Message Protocol v6",
	Ref:   "RFC 4443",
	Over:  []Over{{IPProtocol, 58}},
	Header: Rows{
		{Name: "icmpv6.type", Bits: 8, Enum: icmpv6Types},
		{Name: "icmpv6.code", Bits: 8, Doc: "the case at hand, within the type"},
		{Name: "icmpv6.checksum", Bits: 16, Kind: Hex, Doc: "over a pseudo-header and the message"},
	},
	Tables:  slices.Concat(icmpv6Tables, mldTables, ndOptionTables, icmpv6Ext.tables),
	Fields:  slices.Concat(icmpv6Fields, mldFields, ndOptionFields, icmpv6Ext.fields),
	Status:  &Field{Name: "icmpv6.checksum.status", Bits: 8, Enum: statusNames},
	Dissect: dissectICMPv6,
	Verify:  verifyICMPv6,
	Walk:    walkICMPv6,
	Summary: summarizeICMPv6,
}

const (
	icmpv6Unreachable     = 1
	icmpv6TooBig          = 2
	icmpv6TimeExceeded    = 3
	icmpv6ParameterProb   = 4
	icmpv6Echo            = 128
	icmpv6EchoReply       = 129
	icmpv6MLDQuery        = 130
	icmpv6MLDReport       = 131
	icmpv6MLDDone         = 132
	icmpv6RouterSolicit   = 133
	icmpv6RouterAdvert    = 134
	icmpv6NeighborSolicit = 135
	icmpv6NeighborAdvert  = 136
	icmpv6Redirect        = 137
	icmpv6NodeQuery       = 139
	icmpv6NodeReply       = 140
	icmpv6MLDv2Report     = 143
	icmpv6RPL             = 155
	icmpv6ExtEcho         = 160
	icmpv6ExtEchoReply    = 161
)

var (
	icmpv6Ext      = newICMPExtensions()
	icmpv6Reserved = &Field{Name: "icmpv6.reserved", Kind: Bytes}
	icmpv6Length   = &Field{Name: "icmpv6.length", Bits: 8, Doc: "64-bit words of quoted datagram; extensions follow", Ref: "RFC 4884 §4"}
	icmpv6Data     = &Field{Name: "icmpv6.data", Kind: Bytes, Doc: "an option that is not known"}
	nodeSubject6   = &Field{Name: "icmpv6.ni.query.subject_ipv6", Kind: IPv6Addr, Ref: "RFC 4620 §4"}
	nodeSubject4   = &Field{Name: "icmpv6.ni.query.subject_ipv4", Kind: IPv4Addr, Ref: "RFC 4620 §4"}
	nodeTTL        = &Field{Name: "icmpv6.ni.reply.node_ttl", Bits: 32, Doc: "in seconds", Ref: "RFC 4620 §6"}
	nodeAddress6   = &Field{Name: "icmpv6.ni.reply.node_address", Kind: IPv6Addr}
	nodeAddress4   = &Field{Name: "icmpv6.ni.reply.ipv4_address", Kind: IPv4Addr}
	icmpv6Fields   = []*Field{icmpv6Reserved, icmpv6Length, icmpv6Data, nodeSubject6, nodeSubject4, nodeTTL, nodeAddress6, nodeAddress4}
)

var (
	icmpv6MTU     = Rows{{Name: "icmpv6.mtu", Bits: 32, Doc: "of the next hop, in bytes", Ref: "RFC 4443 §3.2"}}
	icmpv6Pointer = Rows{{Name: "icmpv6.pointer", Bits: 32, Doc: "byte of the quoted packet that is at fault", Ref: "RFC 4443 §3.4"}}
	icmpv6Ping    = Rows{
		{Name: "icmpv6.echo.identifier", Bits: 16, Kind: Hex, Ref: "RFC 4443 §4.1"},
		{Name: "icmpv6.echo.sequence_number", Bits: 16},
	}
	routerAdvertisement = Rows{
		{Name: "icmpv6.nd.ra.cur_hop_limit", Bits: 8, Doc: "hop limit that hosts are to send with; 0: not said", Ref: "RFC 4861 §4.2"},
		{Name: "icmpv6.nd.ra.flag", Bits: 8, Kind: Hex, Parts: Rows{
			{Name: "icmpv6.nd.ra.flag.m", Bits: 1, Kind: Bool, Doc: "addresses come from DHCPv6"},
			{Name: "icmpv6.nd.ra.flag.o", Bits: 1, Kind: Bool, Doc: "other configuration comes from DHCPv6"},
			{Name: "icmpv6.nd.ra.flag.h", Bits: 1, Kind: Bool, Doc: "the router is a home agent", Ref: "RFC 6275 §7.1"},
			{Name: "icmpv6.nd.ra.flag.prf", Bits: 2, Enum: routerPreferences, Ref: "RFC 4191 §2.2"},
			{Name: "icmpv6.nd.ra.flag.p", Bits: 1, Kind: Bool, Doc: "proxied", Ref: "RFC 4389 §4.1.3.3"},
			{Name: "icmpv6.nd.ra.flag.rsv", Bits: 2},
		}},
		{Name: "icmpv6.nd.ra.router_lifetime", Bits: 16, Doc: "in seconds; 0: not a default router"},
		{Name: "icmpv6.nd.ra.reachable_time", Bits: 32, Doc: "in milliseconds; 0: not said"},
		{Name: "icmpv6.nd.ra.retrans_timer", Bits: 32, Doc: "in milliseconds; 0: not said"},
	}
	neighborSolicitation = Rows{
		{Bits: 32},
		{Name: "icmpv6.nd.ns.target_address", Bits: 128, Kind: IPv6Addr, Doc: "whose link-layer address is asked for", Ref: "RFC 4861 §4.3"},
	}
	neighborAdvertisement = Rows{
		{Name: "icmpv6.nd.na.flag", Bits: 32, Kind: Hex, Ref: "RFC 4861 §4.4", Parts: Rows{
			{Name: "icmpv6.nd.na.flag.r", Bits: 1, Kind: Bool, Doc: "the sender is a router"},
			{Name: "icmpv6.nd.na.flag.s", Bits: 1, Kind: Bool, Doc: "it was asked"},
			{Name: "icmpv6.nd.na.flag.o", Bits: 1, Kind: Bool, Doc: "this overrides what is known"},
			{Name: "icmpv6.nd.na.flag.rsv", Bits: 29},
		}},
		{Name: "icmpv6.nd.na.target_address", Bits: 128, Kind: IPv6Addr, Doc: "whose link-layer address this is", Ref: "RFC 4861 §4.4"},
	}
	neighborRedirect = Rows{
		{Bits: 32},
		{Name: "icmpv6.nd.rd.target_address", Bits: 128, Kind: IPv6Addr, Doc: "the better next hop", Ref: "RFC 4861 §4.5"},
		{Name: "icmpv6.rd.na.destination_address", Bits: 128, Kind: IPv6Addr, Doc: "what is reached through it", Ref: "RFC 4861 §4.5"},
	}
	nodeInformation = Rows{
		{Name: "icmpv6.ni.qtype", Bits: 16, Enum: Names{0: "NOOP", 2: "Node Name", 3: "Node Addresses", 4: "IPv4 Addresses"}, Ref: "RFC 4620 §6"},
		{Name: "icmpv6.ni.flag", Bits: 16, Kind: Hex, Parts: Rows{
			{Name: "icmpv6.ni.flag.rsv", Bits: 10, Kind: Hex},
			{Name: "icmpv6.ni.flag.g", Bits: 1, Kind: Bool, Doc: "global addresses"},
			{Name: "icmpv6.ni.flag.s", Bits: 1, Kind: Bool, Doc: "site-local addresses"},
			{Name: "icmpv6.ni.flag.l", Bits: 1, Kind: Bool, Doc: "link-local addresses"},
			{Name: "icmpv6.ni.flag.c", Bits: 1, Kind: Bool, Doc: "IPv4-compatible and mapped addresses"},
			{Name: "icmpv6.ni.flag.a", Bits: 1, Kind: Bool, Doc: "addresses of all interfaces"},
			{Name: "icmpv6.ni.flag.t", Bits: 1, Kind: Bool, Doc: "there were more than fit"},
		}},
		{Name: "icmpv6.ni.nonce", Bits: 64, Kind: Hex, Doc: "the reply has that of the query"},
	}
	homeAgentQuery = Rows{
		{Name: "icmpv6.mip6.identifier", Bits: 16, Ref: "RFC 6275 §6.5"},
		{Bits: 16},
		{Name: "icmpv6.mip6.home_agent_address", Bits: 128, Kind: IPv6Addr, Doc: "a home agent", Ref: "RFC 6275 §6.6"},
	}
	multicastRouter = Rows{
		{Name: "icmpv6.mcast_ra.query_interval", Bits: 16, Doc: "in seconds", Ref: "RFC 4286 §3.3"},
		{Name: "icmpv6.mcast_ra.robustness_variable", Bits: 16, Ref: "RFC 4286 §3.4"},
	}
	rplSolicitation = Rows{{Name: "icmpv6.rpl.dis.flags", Bits: 8, Ref: "RFC 6550 §6.2.1"}, {Bits: 8}}
	rplDIO          = Rows{
		{Name: "icmpv6.rpl.dio.instance", Bits: 8, Ref: "RFC 6550 §6.3.1"},
		{Name: "icmpv6.rpl.dio.version", Bits: 8},
		{Name: "icmpv6.rpl.dio.rank", Bits: 16},
		{Name: "icmpv6.rpl.dio.flag", Bits: 8, Kind: Hex, Parts: Rows{
			{Name: "icmpv6.rpl.dio.flag.g", Bits: 1, Kind: Bool, Doc: "grounded"},
			{Name: "icmpv6.rpl.dio.flag.0", Bits: 1, Kind: Bool},
			{Name: "icmpv6.rpl.dio.flag.mop", Bits: 3, Kind: Hex, Doc: "mode of operation"},
			{Name: "icmpv6.rpl.dio.flag.preference", Bits: 3},
		}},
		{Name: "icmpv6.rpl.dio.dtsn", Bits: 8, Doc: "sequence number that triggers destination advertisements"},
		{Bits: 16},
		{Name: "icmpv6.rpl.dio.dagid", Bits: 128, Kind: IPv6Addr},
	}
	rplDAO = Rows{
		{Name: "icmpv6.rpl.dao.instance", Bits: 8, Ref: "RFC 6550 §6.4.1"},
		{Name: "icmpv6.rpl.dao.flag", Bits: 8, Kind: Hex, Parts: Rows{
			{Name: "icmpv6.rpl.dao.flag.k", Bits: 1, Kind: Bool, Doc: "an acknowledgment is asked for"},
			{Name: "icmpv6.rpl.dao.flag.d", Bits: 1, Kind: Bool, Doc: "the DODAG's identifier is there"},
			{Name: "icmpv6.rpl.dao.flag.rsv", Bits: 6},
		}},
		{Bits: 8},
		{Name: "icmpv6.rpl.dao.sequence", Bits: 8},
	}
	icmpv6ExtendedEcho = Rows{
		{Name: "icmpv6.ext.echo.seq", Bits: 8, Ref: "RFC 8335 §2"},
		{Name: "icmpv6.ext.echo.req.res", Bits: 7, Kind: Hex},
		{Name: "icmpv6.ext.echo.req.local", Bits: 1, Kind: Bool, Doc: "the interface is one of the node that is asked"},
	}
	icmpv6ExtendedReply = Rows{
		{Name: "icmpv6.ext.echo.rsp.state", Bits: 3, Enum: neighborStates, Ref: "RFC 8335 §3"},
		{Name: "icmpv6.ext.echo.rsp.res", Bits: 2, Kind: Hex},
		{Name: "icmpv6.ext.echo.rsp.active", Bits: 1, Kind: Bool},
		{Name: "icmpv6.ext.echo.rsp.ipv4", Bits: 1, Kind: Bool, Doc: "IPv4 runs on the interface"},
		{Name: "icmpv6.ext.echo.rsp.ipv6", Bits: 1, Kind: Bool, Doc: "IPv6 runs on the interface"},
	}
	icmpv6Tables = []Rows{icmpv6MTU, icmpv6Pointer, icmpv6Ping, routerAdvertisement, neighborSolicitation, neighborAdvertisement, neighborRedirect,
		nodeInformation, homeAgentQuery, multicastRouter, rplSolicitation, rplDIO, rplDAO, icmpv6ExtendedEcho, icmpv6ExtendedReply}
)

// icmpv6Body is what stands behind the checksum in a type of message.
type icmpv6Body struct {
	rows    Rows
	options bool // of neighbor discovery follow
	payload bool // somebody's data follows
}

var icmpv6Bodies = map[uint8]icmpv6Body{
	icmpv6TooBig:          {rows: icmpv6MTU},
	icmpv6ParameterProb:   {rows: icmpv6Pointer},
	icmpv6Echo:            {rows: icmpv6Ping, payload: true},
	icmpv6EchoReply:       {rows: icmpv6Ping, payload: true},
	icmpv6RouterSolicit:   {rows: Rows{{Bits: 32}}, options: true},
	icmpv6RouterAdvert:    {rows: routerAdvertisement, options: true},
	icmpv6NeighborSolicit: {rows: neighborSolicitation, options: true},
	icmpv6NeighborAdvert:  {rows: neighborAdvertisement, options: true},
	icmpv6Redirect:        {rows: neighborRedirect, options: true},
	141:                   {rows: Rows{{Bits: 32}}, options: true},
	142:                   {rows: Rows{{Bits: 32}}, options: true},
	icmpv6NodeQuery:       {rows: nodeInformation},
	icmpv6NodeReply:       {rows: nodeInformation},
	144:                   {rows: homeAgentQuery[:2]},
	145:                   {rows: homeAgentQuery},
	146:                   {rows: homeAgentQuery[:2]},
	147:                   {rows: homeAgentQuery[:2], options: true},
	148:                   {rows: Rows{{Bits: 32}}, options: true},
	149:                   {rows: Rows{{Bits: 64}}, options: true},
	151:                   {rows: multicastRouter},
}

// ICMPv6 is a view of an ICMPv6 header of 4 bytes.
type ICMPv6 []byte

// Type says what the message is.
func (h ICMPv6) Type() uint8 { return h[0] }

// Code is the case at hand, within the type.
func (h ICMPv6) Code() uint8 { return h[1] }

// Checksum is over a pseudo-header and the message.
func (h ICMPv6) Checksum() uint16 { return be16(h[2:]) }

// Error tells whether the message reports a fault, and so quotes the packet that caused it (RFC 4443 §2.1).
func (h ICMPv6) Error() bool { return h[0] >= icmpv6Unreachable && h[0] <= icmpv6ParameterProb }

// originalLength6 is how many bytes of quoted datagram a message with header h says that it has (RFC 4884 §4), -1 where it says nothing:
// only ICMP for IPv4 has senders of extensions that do not know of the length field.
func originalLength6(h []byte) int {
	if (h[0] == icmpv6Unreachable || h[0] == icmpv6TimeExceeded) && h[4] > 0 {
		return int(h[4]) * 8
	}
	return -1
}

func dissectICMPv6(d *Decoder, b []byte) ID {
	h := ICMPv6(b)
	switch {
	case h.Error():
		if !d.header(8) {
			return done
		}
		n, extended := originalDatagram(b[8:], d.l.Len()-8, originalLength6(b))
		if originalLength6(b) > n {
			d.exceeds()
		}
		if n > 0 {
			limit := d.limit
			if extended {
				limit = "icmpv6.length"
			}
			d.quote(ipv6.ID, n, limit)
		}
		return done
	case h.Type() == icmpv6MLDQuery, h.Type() == icmpv6MLDReport, h.Type() == icmpv6MLDDone, h.Type() == icmpv6MLDv2Report:
		d.header(mldLength(b, d.l.Len()))
		return done
	case h.Type() == icmpv6ExtEcho:
		d.header(8)
		return done
	case h.Type() == icmpv6RPL:
		d.header(d.l.Len())
		return done
	}
	body, ok := icmpv6Bodies[h.Type()]
	if !ok {
		d.header(min(d.l.Len(), 8))
		return none
	}
	n := 4 + body.rows.Bits()/8
	if !d.header(n) || !body.options {
		if body.payload {
			return none
		}
		return done
	}
	if h.Type() == icmpv6Redirect {
		for off, option := range ndOptions(b, n) {
			if option[0] == ndRedirectedHeader && len(option) > 8 {
				d.child(ipv6.ID, off+8, len(option)-8, "icmpv6.opt.length", Quoted)
			}
		}
	}
	return done
}

func verifyICMPv6(p *Packet, i int) Checksum {
	if p.Layers[i].Flags&Quoted != 0 { // more often than not it is cut off
		return Checksum{Verdict: Unverifiable}
	}
	return verifyTransport(p, i, 58, 2)
}

func walkICMPv6(w *Walker) {
	h := w.Header()
	if len(h) < 8 {
		return
	}
	body := icmpv6Bodies[h[0]]
	n := 4 + body.rows.Bits()/8
	w.Part(body.rows, 4, min(n, len(h))-4)
	switch h[0] {
	case icmpv6Unreachable, icmpv6TimeExceeded:
		length := originalLength6(h)
		if length > 0 {
			w.Add(icmpv6Length, 4, 1)
			w.Add(icmpv6Reserved, 5, 3)
		} else {
			w.Add(icmpv6Reserved, 4, 4)
		}
		if n, extended := originalDatagram(w.Body[8:], w.Layer.Len()-8, length); extended {
			icmpv6Ext.walk(w, 8+n)
		}
	case icmpv6RouterSolicit, icmpv6NeighborSolicit, icmpv6Redirect:
		w.Add(icmpv6Reserved, 4, 4)
	case icmpv6MLDQuery, icmpv6MLDReport, icmpv6MLDDone, icmpv6MLDv2Report:
		walkMLD(w, h)
	case icmpv6NodeQuery, icmpv6NodeReply:
		walkNodeInformation(w, n)
	case icmpv6RPL:
		walkRPL(w, h)
	case icmpv6ExtEcho:
		w.Part(icmpv6Ping[:1], 4, 2)
		w.Part(icmpv6ExtendedEcho, 6, 2)
		icmpv6Ext.walk(w, 8)
	case icmpv6ExtEchoReply:
		w.Part(icmpv6Ping[:1], 4, 2)
		w.Part(icmpv6ExtendedEcho[:1], 6, 1)
		w.Part(icmpv6ExtendedReply, 7, 1)
	}
	if body.options {
		walkNDOptions(w, n)
	}
}

// walkNodeInformation yields what a node information message has at off: a query whom it is about, a reply addresses and how long they
// last (RFC 4620 §4, §6).
func walkNodeInformation(w *Walker, off int) {
	code, kind := w.Body[1], be16(w.Body[4:])
	switch {
	case w.Body[0] == icmpv6NodeQuery && code == 0:
		w.Add(nodeSubject6, off, 16)
	case w.Body[0] == icmpv6NodeQuery && code == 2:
		w.Add(nodeSubject4, off, 4)
	case w.Body[0] == icmpv6NodeReply && kind == 3:
		for ; off+20 <= len(w.Body); off += 20 {
			w.Add(nodeTTL, off, 4)
			w.Add(nodeAddress6, off+4, 16)
		}
	case w.Body[0] == icmpv6NodeReply && kind == 4:
		for ; off+8 <= len(w.Body); off += 8 {
			w.Add(nodeTTL, off, 4)
			w.Add(nodeAddress4, off+4, 4)
		}
	}
}

// walkRPL is for the base objects of RPL's control messages (RFC 6550 §6), by code.
func walkRPL(w *Walker, h []byte) {
	n := len(w.Body) - 4
	switch h[1] {
	case 0:
		w.Part(rplSolicitation, 4, n)
	case 1:
		w.Part(rplDIO, 4, n)
	case 2:
		w.Part(rplDAO, 4, n)
	}
}

func summarizeICMPv6(dst []byte, p *Packet, i int) []byte {
	l := &p.Layers[i]
	h := ICMPv6(p.Header(l))
	if len(h) < 4 {
		return append(dst, "ICMPv6"...)
	}
	dst = appendICMPName(append(dst, "ICMPv6 "...), h.Type(), h.Code(), icmpv6Types, icmpv6Codes)
	switch {
	case (h.Type() == icmpv6Echo || h.Type() == icmpv6EchoReply) && len(h) >= 8:
		dst = strconv.AppendUint(append(dst, " id "...), uint64(be16(h[4:])), 10)
		dst = strconv.AppendUint(append(dst, " seq "...), uint64(be16(h[6:])), 10)
	case h.Type() == icmpv6TooBig && len(h) >= 8:
		dst = strconv.AppendUint(append(dst, " mtu "...), uint64(be32(h[4:])), 10)
	case (h.Type() == icmpv6NeighborSolicit || h.Type() == icmpv6NeighborAdvert) && len(h) >= 24:
		dst = appendIPv6(append(dst, " for "...), h[8:24])
	}
	return dst
}

var (
	icmpv6Types = Names{1: "destination unreachable", 2: "packet too big", 3: "time exceeded", 4: "parameter problem", 128: "echo request", 129: "echo reply",
		130: "multicast listener query", 131: "multicast listener report", 132: "multicast listener done", 133: "router solicitation",
		134: "router advertisement", 135: "neighbor solicitation", 136: "neighbor advertisement", 137: "redirect", 138: "router renumbering",
		139: "node information query", 140: "node information reply", 141: "inverse neighbor solicitation", 142: "inverse neighbor advertisement",
		143: "multicast listener report v2", 144: "home agent discovery request", 145: "home agent discovery reply", 146: "mobile prefix solicitation",
		147: "mobile prefix advertisement", 148: "certification path solicitation", 149: "certification path advertisement",
		151: "multicast router advertisement", 152: "multicast router solicitation", 153: "multicast router termination", 154: "FMIPv6", 155: "RPL control",
		156: "ILNPv6 locator update", 157: "duplicate address request", 158: "duplicate address confirmation", 159: "MPL control", 160: "extended echo request",
		161: "extended echo reply"}
	icmpv6Codes = map[uint8]Names{
		1: {0: "no route to destination", 1: "administratively prohibited", 2: "beyond scope of source address", 3: "address unreachable", 4: "port unreachable",
			5: "source address failed policy", 6: "reject route to destination", 7: "error in source routing header", 8: "headers too long"},
		3: {0: "hop limit exceeded", 1: "fragment reassembly time exceeded"},
		4: {0: "erroneous header field", 1: "unrecognized next header", 2: "unrecognized option", 3: "incomplete header chain", 4: "SR upper-layer header error"},
		155: {0: "RPL DODAG information solicitation", 1: "RPL DODAG information object", 2: "RPL destination advertisement object",
			3: "RPL destination advertisement acknowledgment", 0x8a: "RPL consistency check"},
	}
	routerPreferences = Names{0: "medium", 1: "high", 2: "reserved", 3: "low"}
)

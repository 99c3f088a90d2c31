package flows

import (
	"net/netip"
	"slices"

	"pktscope/dissect"
	"pktscope/dissect/filter"
)

// Fields are what conditions on flows can ask for and flows can be sorted by, in the order of the documentation.
var Fields = slices.Concat(flowFields, directionFields("orig", Original), directionFields("reply", Reply), tcpFields, shortFields)

// Records compiles conditions on flows and orders of them.
var Records = filter.NewRecords("a field of flows", Fields)

type (
	field  = filter.RecordField[*Flow]
	values = filter.Values
)

var flowFields = []field{
	{Name: "id", Doc: "number of the flow, in the order in which flows began",
		Read: func(f *Flow, v *values) { v.Number(uint64(f.ID)) }},
	{Name: "parent", Doc: "id of the tunnel's own flow around it",
		Read: func(f *Flow, v *values) { some(v, f.Parent) }},
	{Name: "connection", Doc: "id of the flow that stands for the connection that this one is linked to; its own if it is not linked",
		Read: func(f *Flow, v *values) { v.Number(uint64(f.Connection)) }},
	{Name: "segment", Kind: filter.Text, Doc: "tenant, and the identifiers around the flow, outermost first: red / vlan 10",
		Read: func(f *Flow, v *values) { v.Text(f.Segment.Name()) }},
	{Name: "tenant", Kind: filter.Text, Doc: "whose it is, as the tenants file says",
		Read: func(f *Flow, v *values) { v.Text(f.Segment.Tenant) }},
	{Name: "interface", Kind: filter.Text, Doc: "name of the interface where it was captured first",
		Read: func(f *Flow, v *values) { v.Text(f.Segment.Point.Name) }},
	{Name: "file", Kind: filter.Text, Doc: "name of the capture in which it was first",
		Read: func(f *Flow, v *values) { v.Text(f.Segment.Point.File) }},
	{Name: "proto", Enum: conntrackNames, Doc: "IP protocol, as a number or by conntrack's name",
		Read: func(f *Flow, v *values) { v.Number(uint64(f.Protocol)) }},
	{Name: "state", Enum: stateEnum(), Doc: "state of TCP and SCTP, as conntrack has it",
		Read: func(f *Flow, v *values) {
			if f.Protocol == protocolTCP || f.Protocol == protocolSCTP {
				v.Number(uint64(f.State))
			}
		}},
	{Name: "replied", Kind: filter.Boolean, Doc: "there were packets in both directions",
		Read: func(f *Flow, v *values) { v.Boolean(f.Replied) }},
	{Name: "assured", Kind: filter.Boolean, Doc: "conntrack would mark it ASSURED",
		Read: func(f *Flow, v *values) { v.Boolean(f.Assured) }},
	{Name: "midstream", Kind: filter.Boolean, Doc: "its beginning was not captured",
		Read: func(f *Flow, v *values) { v.Boolean(f.Midstream) }},
	{Name: "ambiguous", Kind: filter.Boolean, Doc: "several flows could be its other direction, so that it is linked to none",
		Read: func(f *Flow, v *values) { v.Boolean(f.Ambiguous) }},
	{Name: "packets", Doc: "in both directions, duplicates left out",
		Read: func(f *Flow, v *values) { v.Number(f.Packets()) }},
	{Name: "bytes", Doc: "of IP packets in both directions",
		Read: func(f *Flow, v *values) { v.Number(f.Bytes()) }},
	{Name: "payload", Doc: "bytes behind the transport headers, in both directions",
		Read: func(f *Flow, v *values) { v.Number(f.Directions[Original].Payload + f.Directions[Reply].Payload) }},
	{Name: "first", Kind: filter.Time, Doc: "time of its first packet, in seconds since 1970",
		Read: func(f *Flow, v *values) { v.Number(uint64(f.First())) }},
	{Name: "last", Kind: filter.Time, Doc: "time of its last packet, in seconds since 1970",
		Read: func(f *Flow, v *values) { v.Number(uint64(f.Last())) }},
	{Name: "duration", Kind: filter.Seconds, Doc: "from the first packet to the last",
		Read: func(f *Flow, v *values) { v.Number(uint64(f.Last() - f.First())) }},
	{Name: "remaining", Kind: filter.Seconds, Doc: "what is left of its timeout at the end of the capture",
		Read: func(f *Flow, v *values) { v.Number(uint64(f.Remaining)) }},
	{Name: "fragments", Doc: "fragments that its packets came in",
		Read: both(func(t *Traffic) uint32 { return t.Fragments })},
	{Name: "duplicates", Doc: "packets that were captured again",
		Read: both(func(t *Traffic) uint32 { return t.Duplicates })},
	{Name: "bad_checksums", Doc: "packets with a bad checksum",
		Read: both(func(t *Traffic) uint32 { return t.Bad })},
	{Name: "related", Doc: "ICMP errors that quote it",
		Read: func(f *Flow, v *values) { v.Number(uint64(f.Related)) }},
	{Name: "invalid", Doc: "packets that its state has no room for",
		Read: func(f *Flow, v *values) { v.Number(uint64(f.Invalid)) }},
	{Name: "links", Doc: "how many flows it is linked to",
		Read: func(f *Flow, v *values) { v.Number(uint64(len(f.Links))) }},
	{Name: "link", Kind: filter.Text, Doc: "kinds of its links: reply-of, duplicate-of …",
		Read: func(f *Flow, v *values) {
			for i := range f.Links {
				v.Text(f.Links[i].Kind.String())
			}
		}},
	{Name: "label", Kind: filter.Text, Doc: "what the payload says of it: TLS server name, DNS query",
		Read: func(f *Flow, v *values) { v.Text(f.Label) }},
}

// directionFields are those of one direction.
func directionFields(prefix string, d Direction) []field {
	of := func(f *Flow) *Traffic { return &f.Directions[d] }
	fields := []field{
		{Name: "src", Kind: filter.Address, Doc: "source address", Read: func(f *Flow, v *values) { v.Address(f.end(d)) }},
		{Name: "dst", Kind: filter.Address, Doc: "destination address", Read: func(f *Flow, v *values) { v.Address(f.end(d.Other())) }},
		{Name: "sport", Doc: "source port", Read: func(f *Flow, v *values) { f.port(v, d) }},
		{Name: "dport", Doc: "destination port", Read: func(f *Flow, v *values) { f.port(v, d.Other()) }},
		{Name: "packets", Doc: "packets", Read: func(f *Flow, v *values) { v.Number(of(f).Packets) }},
		{Name: "bytes", Doc: "bytes of IP packets", Read: func(f *Flow, v *values) { v.Number(of(f).Bytes) }},
		{Name: "payload", Doc: "bytes behind the transport headers", Read: func(f *Flow, v *values) { v.Number(of(f).Payload) }},
		{Name: "first", Kind: filter.Time, Doc: "time of the first packet", Read: func(f *Flow, v *values) { moment(v, of(f), of(f).First) }},
		{Name: "last", Kind: filter.Time, Doc: "time of the last packet", Read: func(f *Flow, v *values) { moment(v, of(f), of(f).Last) }},
		{Name: "fragments", Doc: "fragments", Read: func(f *Flow, v *values) { v.Number(uint64(of(f).Fragments)) }},
		{Name: "duplicates", Doc: "packets that were captured again", Read: func(f *Flow, v *values) { v.Number(uint64(of(f).Duplicates)) }},
		{Name: "bad_checksums", Doc: "packets with a bad checksum", Read: func(f *Flow, v *values) { v.Number(uint64(of(f).Bad)) }},
		{Name: "tos", Doc: "values of the TOS field or traffic class, at most four", Read: func(f *Flow, v *values) {
			for _, tos := range of(f).TOS {
				v.Number(uint64(tos))
			}
		}},
		{Name: "ttl", Doc: "the lowest and the highest TTL or hop limit", Read: func(f *Flow, v *values) {
			if t := of(f); t.Packets > 0 {
				v.Number(uint64(t.TTL[0]))
				if t.TTL[1] != t.TTL[0] {
					v.Number(uint64(t.TTL[1]))
				}
			}
		}},
		{Name: "rtt", Kind: filter.Seconds, Doc: "TCP's mean time from a segment to its ACK", Read: func(f *Flow, v *values) {
			if f.TCP != nil {
				interval(v, int64(f.TCP.RTT(d).Mean))
			}
		}},
	}
	for i := range fields {
		fields[i].Name = prefix + "." + fields[i].Name
		fields[i].Doc = d.String() + " direction: " + fields[i].Doc
	}
	return fields
}

var tcpFields = []field{
	counter("tcp.retransmissions", TCPRetransmission, "segments that were sent before, fast and spurious ones among them"),
	counter("tcp.fast_retransmissions", TCPFastRetransmission, "retransmissions that duplicate ACKs asked for"),
	counter("tcp.spurious_retransmissions", TCPSpuriousRetransmission, "retransmissions of what was acknowledged"),
	counter("tcp.syn_retransmissions", TCPSYNRetransmission, "SYNs that were sent again"),
	counter("tcp.out_of_order", TCPOutOfOrder, "segments that were overtaken"),
	counter("tcp.dup_acks", TCPDuplicateACK, "duplicate ACKs"),
	counter("tcp.lost_segments", TCPLostSegment, "gaps in front of segments"),
	counter("tcp.acked_unseen", TCPACKedUnseen, "ACKs of what was never captured"),
	counter("tcp.zero_windows", TCPZeroWindow, "segments whose sender can take no more"),
	counter("tcp.windows_full", TCPWindowFull, "segments that fill the receiver's window"),
	counter("tcp.keep_alives", TCPKeepAlive, "keep-alives"),
	counter("tcp.resets", TCPReset, "RSTs"),
	{Name: "tcp.rtt", Kind: filter.Seconds, Doc: "mean round-trip time: from segments to their ACKs, both directions together",
		Read: func(f *Flow, v *values) {
			if f.TCP != nil {
				interval(v, int64(f.TCP.RTT(Original).Mean+f.TCP.RTT(Reply).Mean))
			}
		}},
	{Name: "tcp.handshake", Kind: filter.Seconds, Doc: "from the first SYN to the ACK that opens the connection",
		Read: func(f *Flow, v *values) {
			if f.TCP != nil {
				interval(v, int64(f.TCP.Handshake().Whole))
			}
		}},
}

// shortFields have the names that display filters have for addresses and ports of packets.
var shortFields = []field{
	{Name: "ip.addr", Kind: filter.Address, Doc: "either address", Read: func(f *Flow, v *values) {
		v.Address(f.Source())
		v.Address(f.Destination())
	}},
	{Name: "ip.src", Kind: filter.Address, Doc: "orig.src", Read: func(f *Flow, v *values) { v.Address(f.Source()) }},
	{Name: "ip.dst", Kind: filter.Address, Doc: "orig.dst", Read: func(f *Flow, v *values) { v.Address(f.Destination()) }},
	{Name: "port", Doc: "either port", Read: func(f *Flow, v *values) { f.ports(v) }},
	{Name: "tcp.port", Doc: "either port, of TCP", Read: portsOf(protocolTCP)},
	{Name: "udp.port", Doc: "either port, of UDP", Read: portsOf(protocolUDP)},
	{Name: "sctp.port", Doc: "either port, of SCTP", Read: portsOf(protocolSCTP)},
}

// counter is a field with how many segments of both directions are e.
func counter(name string, e TCPEvents, doc string) field {
	return field{Name: name, Doc: doc, Read: func(f *Flow, v *values) {
		if f.Protocol == protocolTCP {
			v.Number(uint64(f.Directions[Original].Counters.Of(e)) + uint64(f.Directions[Reply].Counters.Of(e)))
		}
	}}
}

// both reads the sum of what the two directions have.
func both(of func(*Traffic) uint32) func(*Flow, *values) {
	return func(f *Flow, v *values) {
		v.Number(uint64(of(&f.Directions[Original])) + uint64(of(&f.Directions[Reply])))
	}
}

// some adds a number that is 0 where there is none.
func some(v *values, n uint32) {
	if n != 0 {
		v.Number(uint64(n))
	}
}

// interval adds a time that is 0 where it is not known.
func interval(v *values, ns int64) {
	if ns != 0 {
		v.Number(uint64(ns))
	}
}

// moment adds the time of a packet of t, which may have none.
func moment(v *values, t *Traffic, at int64) {
	if t.Packets > 0 {
		v.Number(uint64(at))
	}
}

// end is the address that sends in direction d.
func (f *Flow) end(d Direction) netip.Addr {
	if d == Original {
		return f.Source()
	}
	return f.Destination()
}

// port adds the port that sends in direction d, where there are ports.
func (f *Flow) port(v *values, d Direction) {
	switch {
	case !f.HasPorts():
	case d == Original:
		v.Number(uint64(f.Sport))
	default:
		v.Number(uint64(f.Dport))
	}
}

func (f *Flow) ports(v *values) {
	f.port(v, Original)
	f.port(v, Reply)
}

func portsOf(protocol uint8) func(*Flow, *values) {
	return func(f *Flow, v *values) {
		if f.Protocol == protocol {
			f.ports(v)
		}
	}
}

// conntrackNames are conntrack's.
var conntrackNames = dissect.Names{protocolICMP: "icmp", 2: "igmp", protocolTCP: "tcp", protocolUDP: "udp", protocolDCCP: "dccp", protocolGRE: "gre",
	50: "esp", 51: "ah", protocolICMPv6: "icmpv6", 89: "ospf", 112: "vrrp", protocolSCTP: "sctp", protocolUDPLite: "udplite"}

func stateEnum() dissect.Names {
	names := dissect.Names{}
	for s := StateNone; s < states; s++ {
		names[uint64(s)] = s.String()
	}
	return names
}

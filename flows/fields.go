package flows

import (
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pktscope/dissect"
)

// What can be said of a flow is declared once, here: it is what JSON and CSV print, and what flows are chosen and sorted by.

// A Field is one thing that can be said of a flow.
type Field struct {
	Name string // stable: in JSON an object for each part before a dot
	Kind ValueKind
	Doc  string

	value func(*Flow) Value
}

// Value is what f has; absent if that is not known, or if flows of f's protocol have no such thing.
func (d *Field) Value(f *Flow) Value { return d.value(f) }

// Enum is the names of the numbers of a field of [KindName].
func (d *Field) Enum() dissect.Names {
	switch d.Name {
	case "proto":
		return ianaKeywords
	case "state":
		return stateEnum
	}
	return nil
}

var stateEnum = func() dissect.Names {
	names := dissect.Names{}
	for s := StateNone; s < states; s++ {
		names[uint64(s)] = s.String()
	}
	return names
}()

// Fields returns all fields, in the order in which they are printed.
func Fields() []Field { return slices.Clone(fields) }

// FieldByName returns the field of that name, nil if there is none.
func FieldByName(name string) *Field { return byName[name] }

// fields are those of the flow, then those of each direction, then what protocols say.
var fields = slices.Concat([]Field{
	{"id", KindNumber, "number of the flow, in the order in which flows began", func(f *Flow) Value { return numberOf(f.ID) }},
	{"connection", KindNumber, "the id that all flows of one connection share: that of the flow that has its state",
		func(f *Flow) Value { return numberOf(f.Connection) }},
	{"segment", KindText, "whose addresses it has: the tenant, and the identifiers around it, outermost first", func(f *Flow) Value { return textOf(f.Segment.Name()) }},
	{"zone", KindNumber, "number of the segment, in the order in which segments were met", func(f *Flow) Value { return numberOf(f.Segment.ID) }},
	{"tenant", KindText, "its name in the tenants file", func(f *Flow) Value { return textOf(f.Tenant) }},
	{"interface", KindText, "name of the interface where its segment was captured first, or # and its number", func(f *Flow) Value { return textOf(pointText(f.Segment.Point)) }},
	{"file", KindText, "capture file in which that is", func(f *Flow) Value { return textOf(f.Segment.Point.File) }},
	{"parent", KindNumber, "id of the flow of the tunnel around it", func(f *Flow) Value { return unlessZero(f.Parent) }},
	{"links", KindLinks, "flows that it belongs together with", func(f *Flow) Value { return Value{Kind: KindLinks, Links: f.Links} }},
	{"proto", KindName, "protocol in the IP header: its name, or its number", func(f *Flow) Value {
		return Value{Kind: KindName, Number: int64(f.Protocol), Text: f.ProtocolName()}
	}},
	{"state", KindName, "of TCP and SCTP, as conntrack calls it", func(f *Flow) Value {
		if !f.tcp() && f.Protocol != protocolSCTP {
			return Value{}
		}
		return Value{Kind: KindName, Number: int64(f.State), Text: f.State.String()}
	}},
	{"timeout", KindDuration, "what is left of its timeout at the last packet of the capture; 0 if it is over",
		func(f *Flow) Value { return Value{Kind: KindDuration, Number: int64(f.Remaining)} }},
	{"replied", KindBool, "packets were seen in both directions", func(f *Flow) Value { return boolOf(f.Replied) }},
	{"assured", KindBool, "traffic went both ways for long enough that conntrack would not drop it early", func(f *Flow) Value { return boolOf(f.Assured) }},
	{"midstream", KindBool, "its beginning was not captured", func(f *Flow) Value { return boolOf(f.Midstream) }},
	{"ended", KindBool, "a later flow has the same addresses and ports in the same segment",
		func(f *Flow) Value { return boolOf(f.Ended) }},
	{"ambiguous", KindBool, "several flows could be its other direction, so that it is linked to none", func(f *Flow) Value { return boolOf(f.Ambiguous) }},
	{"many_parents", KindBool, "it was seen in several tunnels; parent is the first", func(f *Flow) Value { return boolOf(f.ManyAround) }},
	{"related", KindNumber, "ICMP errors that quote it", func(f *Flow) Value { return numberOf(f.Related) }},
	{"invalid", KindNumber, "packets that its state has no room for", func(f *Flow) Value { return numberOf(f.Invalid) }},
	{"first", KindTime, "its first packet", func(f *Flow) Value { return timeOf(f.First()) }},
	{"last", KindTime, "its last packet", func(f *Flow) Value { return timeOf(f.Last()) }},
	{"duration", KindDuration, "from the first packet to the last", func(f *Flow) Value { return Value{Kind: KindDuration, Number: f.Last() - f.First()} }},
	{"packets", KindNumber, "in both directions", func(f *Flow) Value { return numberOf(f.Packets()) }},
	{"bytes", KindNumber, "of IP packets, in both directions", func(f *Flow) Value { return numberOf(f.Bytes()) }},
	{"payload", KindNumber, "bytes behind the transport headers, in both directions", func(f *Flow) Value {
		return numberOf(f.Directions[0].Payload + f.Directions[1].Payload)
	}},
	{"fragments", KindNumber, "that its datagrams came in", func(f *Flow) Value { return numberOf(f.Directions[0].Fragments + f.Directions[1].Fragments) }},
	{"duplicates", KindNumber, "packets that were captured again in the same segment, in both directions; they count nowhere else",
		func(f *Flow) Value { return numberOf(f.Directions[0].Duplicates + f.Directions[1].Duplicates) }},
	{"community_id", KindText, "Community ID version 1", func(f *Flow) Value { return textOf(f.CommunityID()) }},
	{"segment_id", KindText, "the same with the segment's name in it, so that it differs for tenants with the same addresses",
		func(f *Flow) Value { return textOf(f.SegmentID()) }},
	{"icmp.type", KindNumber, "of ICMP and ICMPv6, that of the request", func(f *Flow) Value { return numberIf(f.query(), f.Type) }},
	{"icmp.ident", KindNumber, "identifier of the queries", func(f *Flow) Value { return numberIf(f.query(), f.Sport) }},
	{"gre.call", KindNumber, "of PPTP, the receiver's call in the original direction", func(f *Flow) Value {
		return numberIf(f.Protocol == protocolGRE && f.Dport != 0, f.Dport)
	}},
},
	directionFields("orig", Original),
	directionFields("reply", Reply),
	eventFields("tcp", "both directions", func(c *Flow, e TCPEvents) Value {
		return numberIf(c.tcp(), c.Directions[0].Counters.Of(e)+c.Directions[1].Counters.Of(e))
	}),
	[]Field{
		{"tcp.reset_by", KindText, "who sent a RST: orig, reply or both", func(f *Flow) Value {
			switch a, b := f.Directions[0].Counters.Of(TCPReset) > 0, f.Directions[1].Counters.Of(TCPReset) > 0; {
			case a && b:
				return textOf("both")
			case a:
				return textOf("orig")
			case b:
				return textOf("reply")
			}
			return Value{}
		}},
		{"tcp.rtt", KindDuration, "a round trip between the hosts: of the handshake, or else the means of both directions added", func(f *Flow) Value {
			if f.TCP == nil {
				return Value{}
			}
			if h := f.TCP.Handshake(); h.SYNToSYNACK > 0 && h.SYNACKToACK > 0 {
				return durationOf(h.SYNToSYNACK + h.SYNACKToACK)
			}
			a, b := f.TCP.RTT(Original), f.TCP.RTT(Reply)
			if a.Count == 0 || b.Count == 0 {
				return Value{}
			}
			return durationOf(a.Mean + b.Mean)
		}},
		handshakeField("syn_to_synack", "from the SYN to the SYN+ACK: to the server and back", func(h Handshake) Value { return durationOf(h.SYNToSYNACK) }),
		handshakeField("synack_to_ack", "from the SYN+ACK to the ACK: to the client and back", func(h Handshake) Value { return durationOf(h.SYNACKToACK) }),
		handshakeField("whole", "from the first SYN to the first ACK, with what was sent again", func(h Handshake) Value { return durationOf(h.Whole) }),
		{"tls.server_name", KindText, "host that the client of TLS asks for", func(f *Flow) Value {
			if f.TLS == nil {
				return Value{}
			}
			return textOf(f.TLS.ServerName)
		}},
		{"tls.alpn", KindText, "protocols that it offers, with commas between them", func(f *Flow) Value {
			if f.TLS == nil {
				return Value{}
			}
			return textOf(f.TLS.ALPN)
		}},
		dnsField("name", KindText, "in the first question", func(l *DNSLabel) Value { return textOf(l.Name) }),
		dnsField("type", KindText, "of the first question", func(l *DNSLabel) Value {
			if l.Type == 0 {
				return Value{}
			}
			return textOf(l.Type.String())
		}),
		dnsField("queries", KindNumber, "messages that ask", func(l *DNSLabel) Value { return numberOf(l.Queries) }),
		dnsField("responses", KindNumber, "messages that answer", func(l *DNSLabel) Value { return numberOf(l.Responses) }),
		dnsField("code", KindNumber, "of the last response: 0 is no error, 2 server failure, 3 no such name", func(l *DNSLabel) Value {
			if l.Responses == 0 {
				return Value{}
			}
			return numberOf(l.Code)
		}),
	},
	rttFields("dns.time", "a query to its response", func(f *Flow) RTT {
		if f.DNS == nil {
			return RTT{}
		}
		return f.DNS.Time
	}))

func directionFields(name string, d Direction) []Field {
	field := func(field string, kind ValueKind, doc string, value func(*Flow, *Traffic) Value) Field {
		return Field{name + "." + field, kind, doc, func(f *Flow) Value { return value(f, &f.Directions[d]) }}
	}
	// seen is a field of what is not known without packets.
	seen := func(name string, kind ValueKind, doc string, value func(*Flow, *Traffic) Value) Field {
		return field(name, kind, doc, func(f *Flow, tr *Traffic) Value {
			if tr.Packets == 0 {
				return Value{}
			}
			return value(f, tr)
		})
	}
	tcp := func(name string, kind ValueKind, doc string, value func(*TCP) Value) Field {
		return field("tcp."+name, kind, doc, func(f *Flow, _ *Traffic) Value {
			if f.TCP == nil {
				return Value{}
			}
			return value(f.TCP)
		})
	}
	return slices.Concat([]Field{
		field("src", KindAddress, "source address", func(f *Flow, _ *Traffic) Value { return addressOf(f.source(d)) }),
		field("dst", KindAddress, "destination address", func(f *Flow, _ *Traffic) Value { return addressOf(f.source(d.Other())) }),
		field("sport", KindNumber, "source port", func(f *Flow, _ *Traffic) Value { return numberIf(f.HasPorts(), f.sport(d)) }),
		field("dport", KindNumber, "destination port", func(f *Flow, _ *Traffic) Value { return numberIf(f.HasPorts(), f.sport(d.Other())) }),
		field("packets", KindNumber, "whole datagrams: those that came in fragments count once", func(_ *Flow, tr *Traffic) Value { return numberOf(tr.Packets) }),
		field("bytes", KindNumber, "of IP packets, headers included", func(_ *Flow, tr *Traffic) Value { return numberOf(tr.Bytes) }),
		field("payload", KindNumber, "bytes behind the transport headers", func(_ *Flow, tr *Traffic) Value { return numberOf(tr.Payload) }),
		seen("first", KindTime, "the direction's first packet", func(_ *Flow, tr *Traffic) Value { return timeOf(tr.First) }),
		seen("last", KindTime, "its last packet", func(_ *Flow, tr *Traffic) Value { return timeOf(tr.Last) }),
		field("tos", KindNumbers, "values of the TOS or traffic class, in the order in which they were met, at most four", func(_ *Flow, tr *Traffic) Value {
			return Value{Kind: KindNumbers, Numbers: tr.TOS}
		}),
		field("more_tos", KindBool, "there were other values", func(_ *Flow, tr *Traffic) Value { return boolOf(tr.MoreTOS) }),
		seen("ttl.min", KindNumber, "lowest TTL or hop limit", func(_ *Flow, tr *Traffic) Value { return numberOf(tr.TTL[0]) }),
		seen("ttl.max", KindNumber, "highest", func(_ *Flow, tr *Traffic) Value { return numberOf(tr.TTL[1]) }),
		field("fragments", KindNumber, "that datagrams came in", func(_ *Flow, tr *Traffic) Value { return numberOf(tr.Fragments) }),
		field("duplicates", KindNumber, "packets that were captured again", func(_ *Flow, tr *Traffic) Value { return numberOf(tr.Duplicates) }),
		field("checksums.good", KindNumber, "packets whose checksums are all right", func(_ *Flow, tr *Traffic) Value { return numberOf(tr.Good) }),
		field("checksums.bad", KindNumber, "with a wrong one", func(_ *Flow, tr *Traffic) Value { return numberOf(tr.Bad) }),
		field("checksums.unverified", KindNumber, "with none, one that the NIC still owed, or bytes cut off", func(_ *Flow, tr *Traffic) Value { return numberOf(tr.Unverified) }),
	},
		eventFields(name+".tcp", "this direction", func(f *Flow, e TCPEvents) Value { return numberIf(f.tcp(), f.Directions[d].Counters.Of(e)) }),
		[]Field{
			field("tcp.retransmitted_bytes", KindNumber, "payload of retransmissions", func(f *Flow, tr *Traffic) Value {
				return numberIf(f.tcp(), tr.Counters.RetransmittedBytes)
			}),
			field("tcp.repeated_bytes", KindNumber, "payload that was captured before", func(f *Flow, tr *Traffic) Value {
				return numberIf(f.tcp(), tr.Counters.RepeatedBytes)
			}),
			tcp("mss", KindNumber, "maximum segment size that the sender announces; the lowest of several", func(t *TCP) Value {
				lowest, _ := t.MSS(d)
				return unlessZero(lowest)
			}),
			tcp("highest_mss", KindNumber, "the highest; more than mss if somebody between clamps it", func(t *TCP) Value {
				_, highest := t.MSS(d)
				return unlessZero(highest)
			}),
			tcp("largest_segment", KindNumber, "payload of the largest segment", func(t *TCP) Value { return numberOf(t.Largest(d)) }),
			tcp("window_scale", KindNumber, "shift of the windows that the sender announces, as its SYN says", func(t *TCP) Value {
				scale, ok := t.Scale(d)
				return numberIf(ok, scale)
			}),
			tcp("sack_permitted", KindBool, "its SYN allows selective acknowledgments", func(t *TCP) Value { return boolOf(t.SACKPermitted(d)) }),
			tcp("in_flight", KindNumber, "bytes that are not acknowledged at the end", func(t *TCP) Value { return numberOf(t.InFlight(d)) }),
			tcp("max_in_flight", KindNumber, "the most that ever were", func(t *TCP) Value { return numberOf(t.MaxInFlight(d)) }),
		},
		rttFields(name+".tcp.rtt", "the capture point to the receiver of this direction's data and back", func(f *Flow) RTT {
			if f.TCP == nil {
				return RTT{}
			}
			return f.TCP.RTT(d)
		}))
}

// eventFields are what is counted of the segments of one direction, or of both.
func eventFields(object, where string, value func(*Flow, TCPEvents) Value) (all []Field) {
	for _, e := range []struct {
		name  string
		event TCPEvents
		doc   string
	}{
		{"retransmissions", TCPRetransmission, "segments whose bytes were sent before; the next three are among them"},
		{"fast_retransmissions", TCPFastRetransmission, "right behind duplicate ACKs that ask for them"},
		{"spurious_retransmissions", TCPSpuriousRetransmission, "of what was acknowledged before"},
		{"syn_retransmissions", TCPSYNRetransmission, "SYNs that were sent again"},
		{"out_of_order", TCPOutOfOrder, "segments that were overtaken"},
		{"dup_acks", TCPDuplicateACK, "ACKs that repeat one and say nothing new"},
		{"lost_segments", TCPLostSegment, "segments before which something is missing: lost, late, or not captured"},
		{"acked_unseen", TCPACKedUnseen, "ACKs of what was never captured"},
		{"zero_windows", TCPZeroWindow, "segments that say that their sender can take no more"},
		{"full_windows", TCPWindowFull, "segments that fill the receiver's window"},
		{"window_updates", TCPWindowUpdate, "segments that only change the window"},
		{"keep_alives", TCPKeepAlive, "segments that ask an idle peer for an ACK"},
		{"zero_window_probes", TCPZeroWindowProbe, "single bytes into a window of zero"},
		{"sacks", TCPSACK, "segments that say that something arrived behind a gap"},
		{"dsacks", TCPDSACK, "segments that say that something arrived twice"},
		{"resets", TCPReset, "RSTs"},
	} {
		all = append(all, Field{object + "." + e.name, KindNumber, e.doc + "; in " + where, func(f *Flow) Value { return value(f, e.event) }})
	}
	return all
}

func rttFields(object, of string, value func(*Flow) RTT) []Field {
	field := func(name string, kind ValueKind, doc string, of func(RTT) Value) Field {
		return Field{object + "." + name, kind, doc, func(f *Flow) Value {
			r := value(f)
			if r.Count == 0 {
				return Value{}
			}
			return of(r)
		}}
	}
	duration := func(d int64) Value { return Value{Kind: KindDuration, Number: d} }
	return []Field{
		field("samples", KindNumber, "how often the time from "+of+" was measured", func(r RTT) Value { return numberOf(r.Count) }),
		field("min", KindDuration, "the shortest", func(r RTT) Value { return duration(int64(r.Min)) }),
		field("mean", KindDuration, "the mean", func(r RTT) Value { return duration(int64(r.Mean)) }),
		field("max", KindDuration, "the longest", func(r RTT) Value { return duration(int64(r.Max)) }),
	}
}

func handshakeField(name, doc string, value func(Handshake) Value) Field {
	return Field{"tcp.handshake." + name, KindDuration, doc, func(f *Flow) Value {
		if f.TCP == nil {
			return Value{}
		}
		return value(f.TCP.Handshake())
	}}
}

func dnsField(name string, kind ValueKind, doc string, value func(*DNSLabel) Value) Field {
	return Field{"dns." + name, kind, doc, func(f *Flow) Value {
		if f.DNS == nil {
			return Value{}
		}
		return value(f.DNS)
	}}
}

func numberIf[N ~uint8 | ~uint16 | ~uint32 | ~uint64](there bool, n N) Value {
	if !there {
		return Value{}
	}
	return numberOf(n)
}

func addressOf(a netip.Addr) Value { return Value{Kind: KindAddress, Address: a} }

// source is who sends the packets of direction d.
func (t *Tuple) source(d Direction) netip.Addr {
	if d == Reply {
		return t.Destination()
	}
	return t.Source()
}

// sport is the port from which they are sent.
func (t *Tuple) sport(d Direction) uint16 {
	if d == Reply {
		return t.Dport
	}
	return t.Sport
}

func (t *Tuple) tcp() bool { return t.Protocol == protocolTCP }

// pointText is how a capture point is called: by its interface, and by its file if that has none.
func pointText(p *dissect.Point) string {
	if name := pointName(p); name != "" {
		return name
	}
	return filepath.Base(p.File)
}

// ianaKeywords are IANA's in small letters, of protocols that have flows.
var ianaKeywords = dissect.Names{1: "icmp", 2: "igmp", 4: "ipip", 6: "tcp", 8: "egp", 17: "udp", 33: "dccp", 41: "ipv6", 46: "rsvp", 47: "gre",
	50: "esp", 51: "ah", 58: "icmpv6", 59: "ipv6-nonxt", 88: "eigrp", 89: "ospf", 94: "ipip", 97: "etherip", 98: "encap", 103: "pim", 108: "ipcomp",
	112: "vrrp", 115: "l2tp", 124: "isis", 132: "sctp", 135: "mobility", 136: "udplite", 137: "mpls", 139: "hip", 143: "ethernet"}

// ProtocolName is what the protocol is called, its number if it has no name.
func (t *Tuple) ProtocolName() string {
	if name := ianaKeywords[uint64(t.Protocol)]; name != "" {
		return name
	}
	return strconv.Itoa(int(t.Protocol))
}

// object is fields whose names begin alike, as JSON nests them.
type object struct {
	name  string
	field *Field // nil if there are parts
	parts []*object
}

var byName, root = nest()

func nest() (map[string]*Field, *object) {
	names, top := map[string]*Field{}, new(object)
	for i := range fields {
		f := &fields[i]
		names[f.Name] = f
		at := top
		for part := range strings.SplitSeq(f.Name, ".") {
			at = at.part(part)
		}
		at.field = f
	}
	return names, top
}

func (o *object) part(name string) *object {
	for _, p := range o.parts {
		if p.name == name {
			return p
		}
	}
	p := &object{name: name}
	o.parts = append(o.parts, p)
	return p
}

// AppendJSON appends the flow as one JSON object, in one line without an end. An object in it of which nothing is known is left out.
func (f *Flow) AppendJSON(dst []byte) []byte {
	dst, _ = root.appendJSON(dst, f)
	return dst
}

func (o *object) appendJSON(dst []byte, f *Flow) (_ []byte, known bool) {
	dst = append(dst, '{')
	start := len(dst)
	for _, p := range o.parts {
		before := len(dst)
		if before > start {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), p.name...), '"', ':')
		there := true
		if p.field != nil {
			v := p.field.value(f)
			there = v.Kind != 0
			dst = v.AppendJSON(dst)
		} else if dst, there = p.appendJSON(dst, f); !there {
			dst = dst[:before]
		}
		known = known || there
	}
	return append(dst, '}'), known
}

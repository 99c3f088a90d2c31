package ipfix

import (
	"encoding/binary"
	"net/netip"
)

// element is an information element of a record: how a template names it, and its value. What has several elements of one kind, as a
// label stack, has several of these.
type element struct {
	id     uint16 // IANA's number
	length uint16 // bytes; variable for a string (RFC 7011 section 7)
	append func(dst []byte, r *record) []byte
}

// variable is the length of an element that brings its own.
const variable = 0xffff

// The features of a record decide which elements it has, and so which template: those with the same features share one.
type features uint16

const (
	version6    features = 1 << iota // addresses of IPv6
	segments                         // TCP, which has flags
	query                            // ICMP, which has a type and a code where others have ports
	tagged                           // in one VLAN or two
	twice                            // in two
	network                          // in a VXLAN or an NVGRE network
	labels                           // with MPLS labels, of which up to maxLabels are told
	sealed                           // in ESP
	became4                          // behind a translator it has other addresses, of IPv4
	became6                          // of IPv6
	numFeatures = iota
)

// maxLabels is how many entries of a label stack a record has. One that is shorter has zeros for those below.
const maxLabels = 3

// layout returns the elements of records with these features, in their order.
func layout(f features) []element {
	list := []element{
		{148, 8, func(b []byte, r *record) []byte { return binary.BigEndian.AppendUint64(b, uint64(r.flow.ID)) }},     // flowId
		{239, 1, func(b []byte, r *record) []byte { return append(b, byte(1+r.direction)) }},                          // biflowDirection
		{152, 8, func(b []byte, r *record) []byte { return binary.BigEndian.AppendUint64(b, milliseconds(r.first)) }}, // flowStartMilliseconds
		{153, 8, func(b []byte, r *record) []byte { return binary.BigEndian.AppendUint64(b, milliseconds(r.last)) }},  // flowEndMilliseconds
		{2, 8, func(b []byte, r *record) []byte { return binary.BigEndian.AppendUint64(b, r.packets) }},               // packetDeltaCount
		{1, 8, func(b []byte, r *record) []byte { return binary.BigEndian.AppendUint64(b, r.bytes) }},                 // octetDeltaCount
		{4, 1, func(b []byte, r *record) []byte { return append(b, r.tuple.Protocol) }},                               // protocolIdentifier
		{5, 1, func(b []byte, r *record) []byte { return append(b, r.tos) }},                                          // ipClassOfService
		{52, 1, func(b []byte, r *record) []byte { return append(b, r.ttl[0]) }},                                      // minimumTTL
		{53, 1, func(b []byte, r *record) []byte { return append(b, r.ttl[1]) }},                                      // maximumTTL
		{136, 1, func(b []byte, r *record) []byte { return append(b, byte(r.reason)) }},                               // flowEndReason
		{10, 4, func(b []byte, r *record) []byte { return binary.BigEndian.AppendUint32(b, r.point) }},                // ingressInterface
		{234, 4, func(b []byte, r *record) []byte { return binary.BigEndian.AppendUint32(b, r.flow.Segment.ID) }},     // ingressVRFID
	}
	if f&version6 != 0 {
		list = append(list, address(27, 16, source), address(28, 16, destination)) // source and destinationIPv6Address
	} else {
		list = append(list, address(8, 4, source), address(12, 4, destination)) // source and destinationIPv4Address
	}
	switch {
	case f&query != 0 && f&version6 != 0:
		list = append(list, element{139, 2, typeAndCode}) // icmpTypeCodeIPv6
	case f&query != 0:
		list = append(list, element{32, 2, typeAndCode}) // icmpTypeCodeIPv4
	default:
		list = append(list, number16(7, func(r *record) uint16 { return r.tuple.Sport }), // sourceTransportPort
			number16(11, func(r *record) uint16 { return r.tuple.Dport })) // destinationTransportPort
	}
	if f&segments != 0 {
		list = append(list, element{6, 1, func(b []byte, r *record) []byte { return append(b, r.flags) }}) // tcpControlBits, of which one byte is those of RFC 9293 (RFC 7125 section 3)
	}
	if f&tagged != 0 {
		list = append(list, number16(58, func(r *record) uint16 { return r.vlans[0] }), // vlanId
			number16(243, func(r *record) uint16 { return r.vlans[0] })) // dot1qVlanId
	}
	if f&twice != 0 {
		list = append(list, number16(245, func(r *record) uint16 { return r.vlans[1] })) // dot1qCustomerVlanId
	}
	if f&network != 0 {
		list = append(list, element{351, 8, func(b []byte, r *record) []byte { return binary.BigEndian.AppendUint64(b, r.network) }}) // layer2SegmentId
	}
	if f&labels != 0 {
		for i := range maxLabels { // mplsTopLabelStackSection, mplsLabelStackSection2 and so on
			list = append(list, element{70 + uint16(i), 3, func(b []byte, r *record) []byte { return append(b, r.labels[i][:]...) }})
		}
	}
	if f&sealed != 0 {
		list = append(list, element{295, 4, func(b []byte, r *record) []byte { return binary.BigEndian.AppendUint32(b, r.spi) }}) // IPSecSPI
	}
	switch {
	case f&became4 != 0: // postNATSourceIPv4Address, postNATDestinationIPv4Address
		list = append(list, address(225, 4, sourceBehind), address(226, 4, destinationBehind))
	case f&became6 != 0: // postNATSourceIPv6Address, postNATDestinationIPv6Address
		list = append(list, address(281, 16, sourceBehind), address(282, 16, destinationBehind))
	}
	if f&(became4|became6) != 0 && f&query == 0 {
		list = append(list, number16(227, func(r *record) uint16 { return r.behind.Sport }), // postNAPTSourceTransportPort
			number16(228, func(r *record) uint16 { return r.behind.Dport })) // postNAPTDestinationTransportPort
	}
	return append(list, element{236, variable, func(b []byte, r *record) []byte { return appendString(b, r.name) }}) // VRFname
}

func source(r *record) netip.Addr            { return r.tuple.Source() }
func destination(r *record) netip.Addr       { return r.tuple.Destination() }
func sourceBehind(r *record) netip.Addr      { return r.behind.Source() }
func destinationBehind(r *record) netip.Addr { return r.behind.Destination() }

func address(id, length uint16, of func(*record) netip.Addr) element {
	return element{id, length, func(b []byte, r *record) []byte {
		all := of(r).As16()
		return append(b, all[len(all)-int(length):]...)
	}}
}

func number16(id uint16, of func(*record) uint16) element {
	return element{id, 2, func(b []byte, r *record) []byte { return binary.BigEndian.AppendUint16(b, of(r)) }}
}

// typeAndCode is an ICMP query's type in the upper byte; codes of queries are 0.
func typeAndCode(b []byte, r *record) []byte { return append(b, r.kind, 0) }

// milliseconds is a time in nanoseconds since the Unix epoch as IPFIX has it; 0 for one before.
func milliseconds(t int64) uint64 { return uint64(max(0, t) / 1e6) }

// maxString is the longest string in a record. A message has to have room for a record.
const maxString = 254

// appendString appends a string with its length before it (RFC 7011 section 7).
func appendString(dst []byte, s string) []byte {
	for len(s) > maxString { // not within a character
		n := maxString
		for n > 0 && s[n]&0xc0 == 0x80 {
			n--
		}
		s = s[:n]
	}
	return append(append(dst, byte(len(s))), s...)
}

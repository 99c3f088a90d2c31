package reports

import (
	"fmt"
	"net/netip"
	"strings"

	"pktscope/dissect"
	"pktscope/flows"
)

// Display filters that show what a finding is about.

// allOf is a filter for packets that all of the given ones mean; empty ones mean all.
func allOf(filters ...string) string {
	var all []string
	for _, f := range filters {
		if f != "" {
			all = append(all, f)
		}
	}
	return strings.Join(all, " and ")
}

// identityFields are the fields of identifiers, by protocol.
var identityFields = func() (all [256]string) {
	for name, field := range map[string]string{"vlan": "vlan.id", "ieee8021ad": "ieee8021ad.id", "ieee8021ah": "ieee8021ah.isid", "mpls": "mpls.label",
		"vxlan": "vxlan.vni", "vxlan_gpe": "vxlan_gpe.vni", "geneve": "geneve.vni", "gtp": "gtp.teid", "gre": "gre.key", "esp": "esp.spi"} {
		all[dissect.ByName(name).ID] = field
	}
	return all
}()

// filter means packets with those identifiers.
func (e *enclosing) filter() string {
	var all []string
	for _, s := range e.steps[:e.n] {
		if field := identityFields[s.protocol]; field != "" {
			all = append(all, fmt.Sprintf("%s == %d", field, s.number))
		}
	}
	return strings.Join(all, " and ")
}

// tagFilter means frames with those tags.
func tagFilter(k vlanKey) string {
	if k.tags == 0 {
		return "not vlan and not ieee8021ad"
	}
	var all []string
	for tags := k.tags; tags != 0; tags <<= 16 {
		field := "vlan.id"
		if tags>>48&serviceTag != 0 {
			field = "ieee8021ad.id"
		}
		all = append(all, fmt.Sprintf("%s == %d", field, tags>>48&0xfff))
	}
	return strings.Join(all, " and ")
}

// pathFields are the fields of identifiers, by kind.
var pathFields = map[flows.IdentifierKind]string{flows.VLAN: "vlan.id", flows.ServiceVLAN: "ieee8021ad.id", flows.ISID: "ieee8021ah.isid",
	flows.Label: "mpls.label", flows.GREKey: "gre.key", flows.VXLANVNI: "vxlan.vni", flows.GeneveVNI: "geneve.vni", flows.TEID: "gtp.teid"}

// segmentFilter means packets in the segment.
func segmentFilter(s *flows.Segment) string { return pathFilter(s.Path) }

// pathFilter means packets with those identifiers.
func pathFilter(p flows.Path) string {
	var all []string
	for _, id := range p {
		if field := pathFields[id.Kind]; field != "" {
			all = append(all, fmt.Sprintf("%s == %d", field, id.Number))
		}
	}
	return strings.Join(all, " and ")
}

// addr is the endpoint as an IP address.
func (e endpoint) addr() netip.Addr {
	a, _ := ipEnds.cell(e).value.(netip.Addr)
	return a
}

// hasAddr means packets with the address; field is addr, src or dst.
func hasAddr(field string, a netip.Addr) string {
	protocol := "ip"
	if a.Is6() {
		protocol = "ipv6"
	}
	return fmt.Sprintf("%s.%s == %s", protocol, field, a)
}

// portFilter means packets of the protocol with that number; field is port, srcport or dstport.
func portFilter(protocol uint8, field string, port uint16) string {
	switch protocol {
	case 6:
		return fmt.Sprintf("tcp.%s == %d", field, port)
	case 17:
		return fmt.Sprintf("udp.%s == %d", field, port)
	case 132:
		return fmt.Sprintf("sctp.%s == %d", field, port)
	case 1:
		return "icmp"
	case 58:
		return "icmpv6"
	}
	return ""
}

// plural is "1 frame", "2 frames".
func plural[N ~int | ~uint32 | ~uint64](n N, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return thousands(int64(n)) + " " + more
}

// listed are the numbers that were kept, in order.
func (f *firstFrames) listed() (all []uint64) {
	for _, n := range f.numbers {
		if n != 0 {
			all = append(all, n)
		}
	}
	return all
}

package reports

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
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

// tunnelPorts and tunnelProtocols are where tunnels are found in UDP and IP.
var tunnelPorts, tunnelProtocols = func() (ports, numbers map[uint32]bool) {
	ports, numbers = map[uint32]bool{}, map[uint32]bool{4: true, 41: true}
	for _, p := range dissect.Protocols() {
		if m := roles[p.ID].meaning; m != meansTunnel && m != meansLabel && p.Name != "udpencap" {
			continue
		}
		for _, o := range p.Over {
			switch o.Table {
			case dissect.UDPPort:
				ports[o.Key] = true
			case dissect.IPProtocol:
				numbers[o.Key] = true
			}
		}
	}
	return ports, numbers
}()

// mayCarry tells whether there may be packets of others in a flow, which are not all IP.
func mayCarry(f *flows.Flow) bool {
	return f.Carrier || tunnelProtocols[uint32(f.Protocol)] || f.Protocol == 17 && (tunnelPorts[uint32(f.Sport)] || tunnelPorts[uint32(f.Dport)])
}

// filter means the packets of a connection, and ICMP errors about it. What a tunnel carries is in segments of its own, so of its flow the
// identifiers around it must do.
func (n *segmentNames) filter(c *flows.Connection) string {
	where := pathFilter(c.Segment.Path)
	if !mayCarry(&c.Flow) {
		var any []string
		for _, segments := range c.Segments {
			for _, s := range segments {
				if f := n.owned(s); !slices.Contains(any, f) {
					any = append(any, f)
				}
			}
		}
		if where = strings.Join(any, " or "); len(any) > 1 {
			where = "(" + where + ")"
		}
	}
	src, dst := hasAddr("addr", c.Source()), hasAddr("addr", c.Destination())
	if src == dst {
		dst = ""
	}
	first, second := portFilter(c.Protocol, "port", c.Sport), portFilter(c.Protocol, "port", c.Dport)
	switch {
	case first == "" && c.Source().Is6():
		first = fmt.Sprintf("ipv6.nxt == %d", c.Protocol)
	case first == "":
		first = fmt.Sprintf("ip.proto == %d", c.Protocol)
	}
	if first == second {
		second = ""
	}
	return allOf(where, src, dst, first, second)
}

// owned means packets whose innermost header is in the segment.
func (n *segmentNames) owned(s *flows.Segment) string {
	if s.Tenant != "" {
		return "pktscope.tenant == " + strconv.Quote(s.Name())
	}
	f := "pktscope.segment == " + strconv.Quote(s.Name())
	if n.several && !n.oneSite && s.Point.Name != "" {
		f += " and frame.interface_name == " + strconv.Quote(s.Point.Name)
	}
	return f
}

// filter means packets of the tunnel.
func (t *tunnelTotal) filter(ends [2]endpoint) string {
	var all []string
	for _, d := range t.path.identifiers(0, t.path.n) {
		k := &tunnelKinds[d.kind]
		if k.protocol == "" {
			continue
		}
		if field := identityFields[dissect.ByName(k.protocol).ID]; field != "" && d.some {
			all = append(all, fmt.Sprintf("%s == %d", field, d.id))
		} else {
			all = append(all, k.protocol)
		}
	}
	if t.ends == ipEnds {
		all = append(all, hasAddr("addr", ends[0].addr()), hasAddr("addr", ends[1].addr()))
	}
	return allOf(all...)
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

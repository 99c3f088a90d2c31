package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

// group6 is the address 2001:db8::n.
func group6(n byte) []byte { return []byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, n} }

func TestICMPv6(t *testing.T) {
	udp := []craft.Layer{craft.IPv6{}, craft.UDP{Src: 1000, Dst: 2000}, craft.Payload("hello")}
	long := []craft.Layer{craft.IPv6{}, craft.UDP{Src: 1000, Dst: 2000}, craft.Payload(make([]byte, 300))}
	for _, c := range []struct {
		name   string
		icmp   craft.ICMPv6
		body   []byte
		layers string
		want   map[string]string
	}{
		{"echo", craft.ICMPv6{Type: 128, Rest: craft.Echo(7, 9)}, []byte("abc"), "icmpv6 data",
			map[string]string{"icmpv6.echo.identifier": "0x0007", "icmpv6.echo.sequence_number": "9", "icmpv6.checksum.status": "1"}},
		{"too big", craft.ICMPv6{Type: 2, Rest: 1280}, quoted(48, long...), "icmpv6 ipv6 udp", map[string]string{"icmpv6.mtu": "1280", "udp.checksum.status": "2"}},
		{"unreachable", craft.ICMPv6{Type: 1, Code: 4}, quoted(99, udp...), "icmpv6 ipv6 udp data", map[string]string{"icmpv6.reserved": "00000000", "udp.checksum.status": "1"}},
		{"unreachable, with labels", craft.ICMPv6{Type: 3, Rest: 16 << 24}, extended(quoted(128, long...), 128, labelStack), "icmpv6 ipv6 udp data",
			map[string]string{"icmpv6.length": "16", "icmp.mpls.label": "5000,256", "icmp.ext.checksum.status": "1"}},
		{"no extensions without length", craft.ICMPv6{Type: 3}, extended(quoted(128, long...), 128, labelStack), "icmpv6 ipv6 udp data", map[string]string{"icmp.ext": ""}},
		{"neighbor solicitation", craft.ICMPv6{Type: 135}, craft.Neighbor("2001:db8::9", 1, "02:00:00:00:00:07"), "icmpv6",
			map[string]string{"icmpv6.nd.ns.target_address": "2001:db8::9", "icmpv6.opt.linkaddr": "02:00:00:00:00:07", "icmpv6.opt.src_linkaddr": "02:00:00:00:00:07"}},
		{"neighbor advertisement", craft.ICMPv6{Type: 136, Rest: 0xe0000000}, craft.Neighbor("2001:db8::9", 2, "02:00:00:00:00:07"), "icmpv6",
			map[string]string{"icmpv6.nd.na.target_address": "2001:db8::9", "icmpv6.nd.na.flag.o": "1", "icmpv6.opt.target_linkaddr": "02:00:00:00:00:07"}},
		{"option of length 0", craft.ICMPv6{Type: 133}, []byte{1, 0, 1, 2, 3, 4, 5, 6}, "icmpv6", map[string]string{"icmpv6.opt.type": "1", "icmpv6.opt.length": "0", "icmpv6.opt.linkaddr": ""}},
		{"option past the end", craft.ICMPv6{Type: 133}, []byte{1, 2, 1, 2, 3, 4, 5, 6}, "icmpv6", map[string]string{"icmpv6.opt.type": "1", "icmpv6.opt.linkaddr": ""}},
		{"prefix, MTU, servers", craft.ICMPv6{Type: 134, Rest: 64<<24 | 0xd8<<16 | 1800}, concat(make([]byte, 8),
			[]byte{3, 4, 64, 0xc0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0}, group6(0), []byte{5, 1, 0, 0, 0, 0, 5, 0xdc}, []byte{25, 5, 0, 0, 0, 0, 0, 9}, group6(1), group6(2)), "icmpv6",
			map[string]string{"icmpv6.nd.ra.router_lifetime": "1800", "icmpv6.nd.ra.flag.prf": "3", "icmpv6.opt.prefix": "2001:db8::", "icmpv6.opt.prefix.valid_lifetime": "256",
				"icmpv6.opt.mtu": "1500", "icmpv6.opt.rdnss": "2001:db8::1,2001:db8::2"}},
		{"routes, search list, portal", craft.ICMPv6{Type: 134}, concat(make([]byte, 8), []byte{24, 2, 64, 0x08, 0, 0, 0, 9}, group6(0)[:8],
			[]byte{31, 3, 0, 0, 0, 0, 0, 9, 3, 'f', 'o', 'o', 3, 'c', 'o', 'm', 0, 1, 'b', 0, 0, 0, 0, 0}, []byte{37, 1, 'u', 'r', 'n', ':', 'x', 0}), "icmpv6",
			map[string]string{"icmpv6.opt.prefix": "2001:db8::", "icmpv6.opt.prefix.length": "64", "icmpv6.opt.route_info.flag.route_preference": "1",
				"icmpv6.opt.dnssl": "foo.com,b", "icmpv6.opt.captive_portal": "urn:x"}},
		{"redirect", craft.ICMPv6{Type: 137}, concat(group6(9), group6(8), []byte{4, 8, 0, 0, 0, 0, 0, 0}, quoted(56, long...)), "icmpv6 ipv6 udp data",
			map[string]string{"icmpv6.nd.rd.target_address": "2001:db8::9", "icmpv6.rd.na.destination_address": "2001:db8::8", "icmpv6.opt.redirected_packet": "1"}},
		{"listener query", craft.ICMPv6{Type: 130, Rest: 1000 << 16}, group6(9), "icmpv6", map[string]string{"icmpv6.mld.maximum_response_delay": "1000", "icmpv6.mld.multicast_address": "2001:db8::9"}},
		{"listener query v2", craft.ICMPv6{Type: 130, Rest: 0x9000 << 16}, concat(group6(9), []byte{0x0a, 0x91, 0, 1}, group6(1)), "icmpv6",
			map[string]string{"icmpv6.mld.maximum_response_code": "65536", "icmpv6.mld.flag.s": "1", "icmpv6.mld.qqi": "272", "icmpv6.mld.source_address": "2001:db8::1"}},
		{"listener report v2", craft.ICMPv6{Type: 143, Rest: 2}, concat([]byte{4, 0, 0, 1}, group6(1), group6(2), []byte{3, 1, 0, 0}, group6(3), []byte{1, 2, 3, 4}), "icmpv6",
			map[string]string{"icmpv6.mldr.mar.multicast_address": "2001:db8::1,2001:db8::3", "icmpv6.mldr.mar.source_address": "2001:db8::2", "icmpv6.mldr.mar.auxiliary_data": "01020304"}},
		{"node information", craft.ICMPv6{Type: 140, Rest: 3 << 16}, concat([]byte{1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 9}, group6(1)), "icmpv6",
			map[string]string{"icmpv6.ni.nonce": "0x0102030405060708", "icmpv6.ni.reply.node_address": "2001:db8::1"}},
		{"RPL", craft.ICMPv6{Type: 155, Code: 1, Rest: 0x1e010100}, concat([]byte{0x88, 1, 0, 0}, group6(1)), "icmpv6", map[string]string{"icmpv6.rpl.dio.rank": "256", "icmpv6.rpl.dio.dagid": "2001:db8::1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv6{}, c.icmp, craft.Payload(c.body)))
			layers(t, p, "eth ipv6 "+c.layers)
			if p.Stop.Reason.Malformed() {
				t.Errorf("stop: %s", p.Stop)
			}
			for name, values := range c.want {
				want(t, p, name, values)
			}
		})
	}
}

// A report whose records say that they are longer than the message is cut short, and what is there of it is read.
func TestMLDRecordTooLong(t *testing.T) {
	p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.ICMPv6{Type: 143, Rest: 3}, craft.Payload(concat([]byte{4, 0, 0xff, 0xff}, group6(1), group6(2)))))
	layers(t, p, "eth ipv6 icmpv6")
	want(t, p, "icmpv6.mldr.mar.source_address", "2001:db8::2")
	if p.Stop.Reason != StopShort {
		t.Errorf("stop: %s", p.Stop)
	}
}

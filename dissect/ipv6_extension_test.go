package dissect

import (
	"encoding/binary"
	"testing"

	"pktscope/internal/craft"
)

func TestIPv6Options(t *testing.T) {
	for _, c := range []struct {
		name    string
		options []byte
		want    map[string]string
	}{
		{"router alert", []byte{5, 2, 0, 1}, map[string]string{"ipv6.opt.type": "0x05,0x01", "ipv6.opt.router_alert": "1", "ipv6.opt.padn": "<none>", "ipv6.hopopts.len_oct": "8"}},
		{"Pad1", []byte{0, 0, 0, 0, 0, 0}, map[string]string{"ipv6.opt.pad1": "1,1,1,1,1,1", "ipv6.opt.type.rest": ""}},
		{"RPL", []byte{0x63, 4, 0x80, 1, 2, 3}, map[string]string{"ipv6.opt.rpl.flag.o": "1", "ipv6.opt.rpl.sender_rank": "0x0203", "ipv6.opt.type.action": "1"}},
		{"Quick-Start", []byte{0x26, 6, 3, 4, 0, 0, 0, 5}, map[string]string{"ipv6.opt.qs_ttl_diff": "60", "ipv6.opt.qs_nonce": "0x00000001"}},
		{"CALIPSO", []byte{7, 12, 0, 0, 0, 1, 1, 2, 0xab, 0xcd, 1, 2, 3, 4}, map[string]string{"ipv6.opt.calipso.checksum": "0xabcd", "ipv6.opt.calipso.cmpt_bitmap": "01020304"}},
		{"duplicate detection", []byte{8, 4, 0x11, 2, 3, 4}, map[string]string{"ipv6.opt.smf_dpd.tagger_id": "0203", "ipv6.opt.smf_dpd.ident": "04"}},
		{"path MTU", []byte{0x30, 4, 5, 0x78, 5, 0x79}, map[string]string{"ipv6.opt.pmtu.min": "1400", "ipv6.opt.pmtu.rtn": "1400", "ipv6.opt.pmtu.r_flag": "1"}},
		{"MPL", []byte{0x6d, 4, 0x60, 7, 1, 2}, map[string]string{"ipv6.opt.mpl.flag.s": "1", "ipv6.opt.mpl.seed_id": "0102"}},
		{"line", []byte{0x8c, 4, 3, 'a', 'b', 'c'}, map[string]string{"ipv6.opt.lio.line_id": "abc"}},
		{"unknown", []byte{0x99, 4, 1, 2, 3, 4}, map[string]string{"ipv6.opt.unknown": "01020304"}},
		{"too long", []byte{5, 100, 0, 1}, map[string]string{"ipv6.opt.router_alert": "1", "ipv6.opt_unknown_data": "0100"}},
		{"no length", []byte{0, 0, 0, 0, 0, 5}, map[string]string{"ipv6.opt.type": "0x00,0x00,0x00,0x00,0x00,0x05", "ipv6.opt.length": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.HopByHop{Options: c.options}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("x")))
			layers(t, p, "eth ipv6 ipv6.hopopts udp data")
			for name, values := range c.want {
				want(t, p, name, values)
			}
		})
	}
}

// A home address option changes whose address a checksum covers.
func TestHomeAddressChecksum(t *testing.T) {
	home := []byte{0xc9, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}
	udp := craft.Packet(craft.Ethernet{}, craft.IPv6{Src: "2001:db8::9"}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("x"))[54:]
	p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv6{Src: "2001:db8::77"}, craft.DestinationOptions{Options: home, NextHeader: 17}, craft.Payload(udp)))
	layers(t, p, "eth ipv6 ipv6.dstopts udp data")
	want(t, p, "ipv6.opt.mipv6.home_address", "2001:db8::9")
	want(t, p, "udp.checksum.status", "1")
}

func TestRouting(t *testing.T) {
	a := func(last byte) []byte { return []byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last} }
	join := func(parts ...[]byte) (b []byte) {
		for _, p := range parts {
			b = append(b, p...)
		}
		return b
	}
	for _, c := range []struct {
		name  string
		route craft.Routing
		final string // where the checksum says that the packet goes
		want  map[string]string
	}{
		{"source route", craft.Routing{Type: 0, SegmentsLeft: 1, Data: join(make([]byte, 4), a(8), a(9))}, "2001:db8::9", map[string]string{"ipv6.routing.src.addr": "2001:db8::8,2001:db8::9"}},
		{"source route used up", craft.Routing{Type: 0, Data: join(make([]byte, 4), a(8), a(9))}, "2001:db8::2", nil},
		{"home", craft.Routing{Type: 2, SegmentsLeft: 1, Data: join(make([]byte, 4), a(9))}, "2001:db8::9", map[string]string{"ipv6.routing.mipv6.home_address": "2001:db8::9"}},
		{"RPL", craft.Routing{Type: 3, SegmentsLeft: 2, Data: []byte{0xef, 0x50, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0}}, "2001:db8::3",
			map[string]string{"ipv6.routing.rpl.addr_count": "2", "ipv6.routing.rpl.address": "0102,03", "ipv6.routing.rpl.full_address": "2001:db8::102,2001:db8::3"}},
		{"segments", craft.Routing{Type: 4, SegmentsLeft: 1, Data: join([]byte{1, 8, 0, 7}, a(9), a(8), []byte{4, 2, 0, 0, 0, 4, 1, 5})}, "2001:db8::9",
			map[string]string{"ipv6.routing.srh.addr": "2001:db8::9,2001:db8::8", "ipv6.routing.srh.tag": "0007", "ipv6.routing.srh.tlv.type": "4,0,4", "ipv6.routing.srh.tlv.value": "0000,05"}},
		{"segments that are not there", craft.Routing{Type: 4, Data: join([]byte{5, 0, 0, 0}, a(9))}, "2001:db8::2", map[string]string{"ipv6.routing.srh.addr": "2001:db8::9"}},
		{"compact", craft.Routing{Type: 6, SegmentsLeft: 1, Data: []byte{0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}}, "2001:db8::2",
			map[string]string{"ipv6.routing.crh32.current_sid": "2", "ipv6.routing.crh32.sid": "1,2,3"}},
		{"unknown", craft.Routing{Type: 253, Data: []byte{1, 2, 3, 4}}, "2001:db8::2", map[string]string{"ipv6.routing.unknown_data": "01020304"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			udp := craft.Packet(craft.Ethernet{}, craft.IPv6{Dst: c.final}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("x"))[54:]
			c.route.NextHeader = 17
			p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv6{}, c.route, craft.Payload(udp)))
			layers(t, p, "eth ipv6 ipv6.routing udp data")
			want(t, p, "udp.checksum.status", "1")
			for name, values := range c.want {
				want(t, p, name, values)
			}
		})
	}
}

func TestJumbo(t *testing.T) {
	for length, c := range map[uint32]struct{ layers, anomaly string }{
		70016:   {"eth ipv6 ipv6.hopopts udp data", ""},
		70017:   {"eth ipv6 ipv6.hopopts udp data", "length-exceeds-frame"},
		65535:   {"eth ipv6 ipv6.hopopts udp data", ""}, // too small for a jumbo payload: it does not count
		1 << 31: {"eth ipv6 ipv6.hopopts udp data", ""},
	} {
		b := craft.Packet(craft.Ethernet{}, craft.Edit(craft.IPv6{}, func(b []byte) { b[4], b[5] = 0, 0 }),
			craft.HopByHop{Options: binary.BigEndian.AppendUint32([]byte{0xc2, 4}, length)}, craft.UDP{Src: 1, Dst: 2, Sum: craft.Zero}, craft.Payload(make([]byte, 70000)))
		p := decode(t, b)
		layers(t, p, c.layers)
		want(t, p, "pktscope.anomaly", c.anomaly)
	}
}

func TestNoNextHeader(t *testing.T) {
	p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv6{NextHeader: 59}, craft.Payload("rest")))
	layers(t, p, "eth ipv6 data")
	if p.Stop.Reason != StopNone {
		t.Errorf("stop: %s", p.Stop)
	}
}

// Headers that stand between IPv6 and a payload as extension headers do.
func TestIPv6Shims(t *testing.T) {
	udp := craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("x"))[54:]
	for _, c := range []struct {
		name     string
		protocol uint8
		header   []byte
		layers   string
		want     map[string]string
	}{
		{"binding update", 135, []byte{59, 1, 5, 0, 0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "mipv6", map[string]string{"mip6.mhtype": "5", "mip6.csum": "0x1234", "pktscope.checksum.verdict": "bad"}},
		{"HIP", 139, append([]byte{59, 4, 1, 0x21, 0, 0, 0, 1}, make([]byte, 32)...), "hip", map[string]string{"hip.packet_type": "1", "hip.version": "2", "hip.shim6_fixed_s": "1", "hip.controls.a": "1"}},
		{"shim6 control", 140, []byte{59, 0, 64, 0, 0x12, 0x34, 0, 0}, "shim6", map[string]string{"shim6.type": "64", "shim6.checksum": "0x1234"}},
		{"shim6 payload", 140, append([]byte{17, 0, 0x80, 0, 0, 0, 0, 7}, udp...), "shim6 udp data", map[string]string{"shim6.ct": "800000000007", "udp.checksum.status": "2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv6{NextHeader: c.protocol}, craft.Payload(c.header)))
			layers(t, p, "eth ipv6 "+c.layers)
			for name, values := range c.want {
				want(t, p, name, values)
			}
		})
	}
}

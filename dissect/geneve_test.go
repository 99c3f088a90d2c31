package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

func TestGeneve(t *testing.T) {
	outer, inner, udp := craft.Ethernet{}, craft.Ethernet{Src: "02:00:00:00:01:01"}, craft.UDP{Src: 50000}
	options := craft.Geneve{VNI: 5001, OAM: true, Options: []craft.GeneveOption{{Class: 0x0102, Type: 0x80, Data: []byte{1, 2, 3, 4}}, {Class: 0x0103, Type: 1}}}
	google := craft.Geneve{VNI: 1, Options: []craft.GeneveOption{{Class: 0x0132, Type: 1, Data: []byte{0, 0, 0, 0x7f}}, {Class: 0x0132, Type: 2, Data: []byte{1, 2, 3, 4}},
		{Class: 0x0132, Type: 3, Data: []byte{0, 0, 0, 0, 0, 0, 1, 0}}}}
	overrun := craft.Edit(options, func(b []byte) { b[8+3] = 5 })
	beyond := craft.Edit(craft.Geneve{VNI: 1}, func(b []byte) { b[0] = 63 })
	version := craft.Edit(options, func(b []byte) { b[0] |= 0x40 })
	check(t, 1, []expect{
		{"plain", craft.Packet(outer, craft.IPv4{}, udp, craft.Geneve{VNI: 5001}, inner, someIP, someUDP), "eth ip udp geneve eth ip udp", []string{"geneve.version", "0", "geneve.flags", "0x00",
			"geneve.proto_type", "0x6558", "geneve.vni", "0x001389", "geneve.option.length", "0", "geneve.options", ""}},
		{"options", craft.Packet(outer, craft.IPv6{}, udp, options, inner, someIP, someUDP), "eth ipv6 udp geneve eth ip udp", []string{"geneve.flags", "0xc0", "geneve.flags.oam", "1",
			"geneve.flags.critical", "1", "geneve.options", "010280010102030401030100", "geneve.option.class", "0x0102,0x0103", "geneve.option.type", "0x80,0x01",
			"geneve.option.type.critical", "1,0", "geneve.option.length", "12,8,4", "geneve.option.unknown.data", "01020304", "pktscope.anomaly", ""}},
		{"Google's options", craft.Packet(outer, craft.IPv4{}, udp, google, inner, someIP, someUDP), "eth ip udp geneve eth ip udp", []string{"geneve.option.gcp.vnid", "7",
			"geneve.option.gcp.reserved", "1", "geneve.option.gcp.direction", "1", "geneve.option.gcp.endpoint", "01020304", "geneve.option.gcp.profile", "256"}},
		{"IPv4", craft.Packet(outer, craft.IPv4{}, udp, craft.Geneve{VNI: 1}, someIP, someUDP), "eth ip udp geneve ip udp", nil},
		{"NSH", craft.Packet(outer, craft.IPv4{}, udp, craft.Geneve{VNI: 1}, craft.NSH{}, someIP, someUDP), "eth ip udp geneve nsh ip udp", nil},
		{"unknown type", craft.Packet(outer, craft.IPv4{}, udp, craft.Geneve{VNI: 1}, craft.Payload("x")), "eth ip udp geneve data", nil},
		{"an option longer than all", craft.Packet(outer, craft.IPv4{}, udp, overrun, inner, someIP, someUDP), "eth ip udp geneve eth ip udp", []string{"geneve.option.class", "",
			"geneve.option.length.invalid", "1", "pktscope.anomaly", "length-exceeds-frame"}},
		{"options beyond the packet", craft.Packet(outer, craft.IPv4{}, udp, beyond, inner, someIP, someUDP), "eth ip udp geneve", []string{"pktscope.stop", "geneve needs 260 bytes, 50 left, limited by udp.length"}},
		{"another version", craft.Packet(outer, craft.IPv4{}, udp, version, inner, someIP, someUDP), "eth ip udp geneve data", []string{"geneve.version", "1", "geneve.version.unknown", "1",
			"geneve.options", "", "pktscope.stop", "geneve: bad-version"}},
	})
}

package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

func TestVXLAN(t *testing.T) {
	outer, inner := craft.Ethernet{}, craft.Ethernet{Src: "02:00:00:00:01:01"}
	network := craft.VXLAN{VNI: 5001}
	invalid := craft.Edit(network, func(b []byte) { b[0] = 0 })
	check(t, 1, []expect{
		{"plain", craft.Packet(outer, craft.IPv4{}, craft.UDP{Src: 50000}, network, inner, someIP, someUDP), "eth ip udp vxlan eth ip udp",
			[]string{"vxlan.flags", "0x0800", "vxlan.flag_i", "1", "vxlan.vni", "5001", "vxlan.gbp", "0", "vxlan.flags_reserved", "0x0000", "pktscope.anomaly", ""}},
		{"group policy", craft.Packet(outer, craft.IPv6{}, craft.UDP{Src: 50000, Sum: craft.Zero}, craft.VXLAN{VNI: 1, Group: new(uint16(100)), DontLearn: true, PolicyApplied: true}, inner, someIP, someUDP),
			"eth ipv6 udp vxlan eth ip udp", []string{"vxlan.gbp", "100", "vxlan.flag_g", "1", "vxlan.flag_d", "1", "vxlan.flag_a", "1", "pktscope.checksum.verdict", "absent,good,good"}},
		{"invalid VNI", craft.Packet(outer, craft.IPv4{}, craft.UDP{Src: 50000}, invalid, inner, someIP, someUDP), "eth ip udp vxlan eth ip udp", []string{"pktscope.anomaly", "invalid-vni"}},
	})
}

func TestVXLANGPE(t *testing.T) {
	outer, udp, network := craft.Ethernet{}, craft.UDP{Src: 50000}, craft.VXLANGPE{VNI: 5001}
	flags := func(f byte) craft.Layer { return craft.Edit(network, func(b []byte) { b[0] = f }) }
	check(t, 1, []expect{
		{"IPv4", craft.Packet(outer, craft.IPv4{}, udp, network, someIP, someUDP), "eth ip udp vxlan_gpe ip udp", []string{"vxlan.flags", "0x0c", "vxlan.next_proto", "1", "vxlan.vni", "5001",
			"vxlan.i_bit", "1", "vxlan.p_bit", "1", "vxlan.o_bit", "0", "vxlan.ver", "0", "vxlan.flags_reserved", "0"}},
		{"IPv6", craft.Packet(outer, craft.IPv4{}, udp, network, craft.IPv6{}, someUDP), "eth ip udp vxlan_gpe ipv6 udp", nil},
		{"Ethernet", craft.Packet(outer, craft.IPv4{}, udp, network, craft.Ethernet{}, someIP, someUDP), "eth ip udp vxlan_gpe eth ip udp", nil},
		{"MPLS", craft.Packet(outer, craft.IPv4{}, udp, network, craft.MPLS{Label: 16}, someIP, someUDP), "eth ip udp vxlan_gpe mpls ip udp", nil},
		{"NSH", craft.Packet(outer, craft.IPv4{}, udp, network, craft.NSH{Path: 7}, someIP, someUDP), "eth ip udp vxlan_gpe nsh ip udp", []string{"nsh.spi", "7"}},
		{"unknown", craft.Packet(outer, craft.IPv4{}, udp, network, craft.Payload("x")), "eth ip udp vxlan_gpe data", []string{"pktscope.stop", "vxlan_gpe names nsh.next_proto 254, which is not known"}},
		{"without the P flag", craft.Packet(outer, craft.IPv4{}, udp, flags(0x08), craft.Ethernet{}, someIP, someUDP), "eth ip udp vxlan_gpe eth ip udp", nil},
		{"without the I flag", craft.Packet(outer, craft.IPv4{}, udp, flags(0x04), someIP, someUDP), "eth ip udp vxlan_gpe ip udp", []string{"pktscope.anomaly", "invalid-vni"}},
		{"B and O flags", craft.Packet(outer, craft.IPv4{}, udp, flags(0x0f), someIP, someUDP), "eth ip udp vxlan_gpe ip udp", []string{"vxlan.b_bit", "1", "vxlan.o_bit", "1"}},
		{"version 1", craft.Packet(outer, craft.IPv4{}, udp, flags(0x1c), someIP, someUDP), "eth ip udp vxlan_gpe data", []string{"pktscope.stop", "vxlan_gpe: bad-version"}},
	})
}

// On a port that nobody knows, VXLAN is what parses whole as VXLAN; one wrong bit and it is data.
func TestVXLANOnAnUnknownPort(t *testing.T) {
	network, inner := craft.VXLAN{VNI: 5001}, craft.Ethernet{Src: "02:00:00:00:01:01"}
	policy := craft.VXLAN{VNI: 5001, Group: new(uint16(7)), PolicyApplied: true}
	frame := func(layers ...craft.Layer) []byte {
		return craft.Packet(append([]craft.Layer{craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 50000, Dst: 50001}}, layers...)...)
	}
	v4, v6 := frame(network, inner, someIP, someUDP), frame(policy, inner, craft.IPv6{}, someUDP)
	check(t, 1, []expect{
		{"IPv4", v4, "eth ip udp vxlan eth ip udp", []string{"pktscope.guessed", "1,1,1,1", "vxlan.vni", "5001"}},
		{"IPv6, with a group policy", v6, "eth ip udp vxlan eth ipv6 udp", []string{"pktscope.guessed", "1,1,1,1"}},
		{"ARP", frame(network, inner, craft.ARP{}), "eth ip udp data", nil},
		{"too short", frame(craft.Payload{0x08, 0, 0}), "eth ip udp data", nil},
	})
	const header, sender, etherType, packet = 42, 42 + 8 + 6, 42 + 8 + 12, 42 + 8 + 14
	for _, c := range []struct {
		name  string
		frame []byte
		at    int
		bit   byte
	}{
		{"no I flag", v4, header, 0x08},
		{"a reserved flag", v4, header, 0x01},
		{"a policy flag without a policy", v4, header + 1, 0x08},
		{"a reserved bit", v4, header + 7, 0x01},
		{"a reserved flag beside a policy", v6, header + 1, 0x01},
		{"a multicast sender", v4, sender, 0x01},
		{"another type", v4, etherType + 1, 0x40},
		{"another version", v6, packet, 0x20},
		{"a wrong length", v6, packet + 5, 0x20},
		{"a wrong checksum", v4, packet + 8, 0x01},
	} {
		b := append([]byte(nil), c.frame...)
		b[c.at] ^= c.bit
		if got := layerNames(decode(t, b)); got != "eth ip udp data" {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

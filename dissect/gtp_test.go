package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

func TestGTP(t *testing.T) {
	outer, udp := craft.Ethernet{}, craft.UDP{Src: 2152}
	tunnel := craft.GTPU{TEID: 0xaabbccdd}
	container := func(kind uint8, content ...byte) craft.GTPU {
		return craft.GTPU{TEID: 1, Extensions: []craft.GTPExtension{{Type: kind, Content: content}}}
	}
	two := craft.GTPU{TEID: 1, Sequence: new(uint16(0x1234)), Extensions: []craft.GTPExtension{{Type: 0x85, Content: []byte{0x10, 9}}, {Type: 0x40, Content: []byte{8, 104}}}}
	edited := func(l craft.GTPU, at int, b byte) craft.Layer { return craft.Edit(l, func(h []byte) { h[at] = b }) }
	user := func(layers ...craft.Layer) []byte {
		return craft.Packet(append([]craft.Layer{outer, craft.IPv4{}, udp}, layers...)...)
	}
	check(t, 1, []expect{
		{"IPv4", user(tunnel, someIP, someUDP), "eth ip udp gtp ip udp", []string{"gtp.flags", "0x30", "gtp.flags.version", "1", "gtp.flags.payload", "1", "gtp.message", "0xff", "gtp.length", "28",
			"gtp.teid", "0xaabbccdd", "gtp.seq_number", "", "gtp.ext_hdr.next", "", "pktscope.guessed", ""}},
		{"IPv6", user(tunnel, craft.IPv6{}, someUDP), "eth ip udp gtp ipv6 udp", nil},
		{"Ethernet", user(tunnel, craft.Ethernet{}, someIP, someUDP), "eth ip udp gtp eth ip udp", []string{"pktscope.guessed", "1,1,1"}},
		{"something else", user(tunnel, craft.Payload{0xff, 3, 0, 0x21}), "eth ip udp gtp data", nil},
		{"nothing", user(tunnel), "eth ip udp gtp", []string{"gtp.length", "0", "pktscope.stop", ""}},
		{"sequence number", user(craft.GTPU{Sequence: new(uint16(7))}, someIP, someUDP), "eth ip udp gtp ip udp", []string{"gtp.flags.s", "1", "gtp.seq_number", "0x0007", "gtp.npdu_number", ""}},
		{"downlink", user(container(0x85, 0x00, 0x95, 0xe0, 0, 0, 0), someIP, someUDP), "eth ip udp gtp ip udp", []string{"gtp.flags.e", "1", "gtp.ext_hdr", "1", "gtp.ext_hdr.next", "0x85,0x00",
			"gtp.ext_hdr.length", "2", "gtp.ext_hdr.pdu_ses_con.pdu_type", "0", "gtp.ext_hdr.pdu_ses_cont.ppp", "1", "gtp.ext_hdr.pdu_ses_cont.rqi", "0",
			"gtp.ext_hdr.pdu_ses_con.qos_flow_id", "21", "gtp.ext_hdr.pdu_ses_cont.ppi", "7"}},
		{"uplink, and a port", user(two, someIP, someUDP), "eth ip udp gtp ip udp", []string{"gtp.ext_hdr.next", "0x85,0x40,0x00", "gtp.ext_hdr.pdu_ses_con.pdu_type", "1",
			"gtp.ext_hdr.pdu_ses_con.qos_flow_id", "9", "gtp.ext_hdr.pdu_ses_cont.rqi", "", "gtp.ext_hdr.udp_port", "2152", "gtp.seq_number", "0x1234"}},
		{"PDCP", user(container(0xc0, 0x12, 0x34), someIP, someUDP), "eth ip udp gtp ip udp", []string{"gtp.ext_hdr.pdcp_sn", "4660"}},
		{"long PDCP", user(container(0x82, 1, 0x23, 0x45, 0, 0, 0), someIP, someUDP), "eth ip udp gtp ip udp", []string{"gtp.ext_hdr.long_pdcp_sn", "74565"}},
		{"RAN container", user(container(0x81, 0x12, 0x34), someIP, someUDP), "eth ip udp gtp ip udp", []string{"gtp.ext_hdr.ran_cont", "1234"}},
		{"unknown extension", user(container(0x77, 1, 2), someIP, someUDP), "eth ip udp gtp ip udp", []string{"gtp.ext_hdr.next", "0x77,0x00"}},
		{"extension of no length", user(edited(container(0x77, 1, 2), 12, 0), someIP, someUDP), "eth ip udp gtp", []string{"gtp.ext_length.invalid", "1",
			"pktscope.stop", "gtp: gtp.ext_hdr.length says 0 bytes, at least 4 are needed"}},
		{"extension beyond the packet", user(edited(container(0x77, 1, 2), 12, 64), someIP, someUDP), "eth ip udp gtp", []string{"pktscope.stop", "gtp: gtp.length says 44 bytes, at least 268 are needed"}},
		{"too short for its flags", user(edited(tunnel, 0, 0x32), craft.Payload{1}), "eth ip udp gtp", []string{"pktscope.stop", "gtp: gtp.length says 9 bytes, at least 12 are needed"}},
		{"echo response", user(craft.GTPU{Type: 2, Sequence: new(uint16(1))}, craft.Payload{14, 5, 255, 0, 3, 0x11, 0x22, 0x33}), "eth ip udp gtp", []string{"gtp.message", "0x02",
			"gtp.recovery", "5", "gtp.ext_length", "3", "gtp.ext_id", "4386", "gtp.ext_val", "33"}},
		{"error indication", user(craft.GTPU{Type: 26}, craft.Payload{16, 1, 2, 3, 4, 133, 0, 4, 192, 0, 2, 1}), "eth ip udp gtp", []string{"gtp.teid_data", "0x01020304",
			"gtp.gsn_address_length", "4", "gtp.gsn_ipv4", "192.0.2.1", "gtp.gsn_ipv6", ""}},
		{"supported extensions", user(craft.GTPU{Type: 31}, craft.Payload{141, 2, 0x85, 0xc0}), "eth ip udp gtp", []string{"gtp.num_ext_hdr_types", "2", "gtp.ext_hdr_type", "133,192"}},
		{"an element beyond the message", user(craft.GTPU{Type: 31}, craft.Payload{141, 9, 0x85}), "eth ip udp gtp", []string{"gtp.num_ext_hdr_types", ""}},
		{"end marker", user(craft.GTPU{Type: 254, TEID: 7}), "eth ip udp gtp", []string{"gtp.message", "0xfe", "gtp.teid", "0x00000007"}},
		{"control plane", craft.Packet(outer, craft.IPv4{}, craft.UDP{Src: 2123, Dst: 2123}, craft.GTPU{Type: 16}, craft.Payload("elements")), "eth ip udp gtp", []string{"gtp.message", "0x10"}},
		{"version 2", user(edited(tunnel, 0, 0x48), craft.Payload{0, 0, 0, 0}), "eth ip udp gtp", []string{"gtp.flags.version", "2", "gtp.message", "", "pktscope.stop", "gtp: bad-version"}},
		{"GTP'", user(edited(tunnel, 0, 0x20), craft.Payload{0, 0, 0, 0}), "eth ip udp gtp", []string{"gtp.flags.payload", "0", "gtp.message", ""}},
	})
}

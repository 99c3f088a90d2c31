package dissect

import (
	"encoding/hex"
	"strings"
	"testing"

	"pktscope/internal/craft"
)

// inIP returns an Ethernet frame with an IPv4 packet of the given protocol, whose payload starts with the given hexadecimal bytes.
func inIP(t *testing.T, protocol uint8, header string, inside ...craft.Layer) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(header, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return craft.Packet(craft.Ethernet{}, craft.IPv4{Protocol: protocol}, craft.Payload(append(b, craft.Packet(inside...)...)))
}

func TestGRE(t *testing.T) {
	outer, inner := craft.Ethernet{}, craft.Ethernet{Src: "02:00:00:00:01:01"}
	all := craft.GRE{Checksum: true, Key: new(uint32(5001)), Sequence: new(uint32(7))}
	check(t, 1, []expect{
		{"plain", craft.Packet(outer, craft.IPv4{}, craft.GRE{}, someIP, someUDP), "eth ip gre ip udp", []string{"gre.flags_and_version", "0x0000", "gre.proto", "0x0800",
			"gre.flags.reserved", "0", "gre.flags.version", "0", "gre.key", "", "gre.checksum.status", ""}},
		{"all of RFC 2890", craft.Packet(outer, craft.IPv6{}, all, craft.IPv6{}, someUDP), "eth ipv6 gre ipv6 udp", []string{"gre.flags.checksum", "1", "gre.flags.key", "1",
			"gre.flags.sequence_number", "1", "gre.checksum.status", "1", "gre.offset", "0", "gre.key", "0x00001389", "gre.sequence_number", "7", "nvgre.vsid", ""}},
		{"bad checksum", craft.Packet(outer, craft.IPv4{}, craft.Edit(all, func(b []byte) { b[len(b)-1] ^= 1 }), someIP, someUDP, craft.Payload("data")), "eth ip gre ip udp data",
			[]string{"gre.checksum.status", "0"}},
		{"a checksum whose header is cut short", inIP(t, 47, "8000 0800 0000"), "eth ip gre", []string{"gre.checksum.status", "", "gre.checksum", "0x0000"}},
		{"source routes", inIP(t, 47, "4800 0800 0000 0004 0800 0408 0a000001 0a000002 0000 0000", someIP, someUDP), "eth ip gre ip udp", []string{"gre.flags.routing", "1",
			"gre.flags.strict_source_route", "1", "gre.offset", "4", "gre.checksum.status", "3", "gre.routing", "1,1", "gre.routing.address_family", "2048,0",
			"gre.routing.sre_offset", "4,0", "gre.routing.src_length", "8,0", "gre.routing.information", "0a0000010a000002"}},
		{"source routes without an end", inIP(t, 47, "4000 0800 0000 0000 0800 00ff 0a000001"), "eth ip gre", []string{"gre.routing.src_length", "255",
			"pktscope.stop", "gre needs 271 bytes, 16 left, limited by ip.len"}},
		{"in UDP", craft.Packet(outer, craft.IPv4{}, craft.UDP{Src: 50000}, craft.GRE{Key: new(uint32(9))}, someIP, someUDP), "eth ip udp gre ip udp", []string{"gre.key", "0x00000009"}},
		{"a tag within", craft.Packet(outer, craft.IPv4{}, craft.GRE{}, craft.VLAN{ID: 7}, someIP, someUDP), "eth ip gre vlan ip udp", nil},
		{"Cisco keepalive", craft.Packet(outer, craft.IPv4{}, craft.GRE{}, craft.IPv4{Protocol: 47}, craft.Payload{0, 0, 0, 0}), "eth ip gre ip gre", []string{"gre.proto", "0x0800,0x0000"}},
		{"WCCP", inIP(t, 47, "0000 883e", someIP, someUDP), "eth ip gre ip udp", []string{"gre.wccp.redirect_header", ""}},
		{"WCCP version 2", inIP(t, 47, "0000 883e 05 33 04 07", someIP, someUDP), "eth ip gre ip udp", []string{"gre.wccp.redirect_header", "1", "gre.wccp.dynamic_service", "1",
			"gre.wccp.redirect_header_valid", "1", "gre.wccp.service_id", "51", "gre.wccp.alternative_bucket", "4", "gre.wccp.primary_bucket", "7"}},
		{"Frame Relay", inIP(t, 47, "0000 6559 1841 03cc", someIP, someUDP), "eth ip gre fr ip udp", nil},
		{"unknown protocol", inIP(t, 47, "0000 88b5 01"), "eth ip gre data", []string{"pktscope.stop", "gre names ethertype 0x88b5, which is not known"}},
		{"unknown version", inIP(t, 47, "2002 0800 00000005", someIP, someUDP), "eth ip gre data", []string{"gre.flags.version", "2", "gre.key", "", "pktscope.stop", "gre: bad-version"}},
		{"PPTP", craft.Packet(outer, craft.IPv4{}, craft.PPTP{CallID: 7, Sequence: new(uint32(1)), Ack: new(uint32(2))}, craft.PPP{}, someIP, someUDP), "eth ip gre ppp ip udp",
			[]string{"gre.flags.ack", "1", "gre.flags.reserved", "0", "gre.key", "", "gre.key.payload_length", "30", "gre.key.call_id", "7", "gre.sequence_number", "1", "gre.ack_number", "2"}},
		{"PPTP acknowledgment", craft.Packet(outer, craft.IPv4{}, craft.PPTP{CallID: 7, Ack: new(uint32(2))}), "eth ip gre", []string{"gre.ack_number", "2", "gre.sequence_number", ""}},
		{"PPTP behind which something follows", inIP(t, 47, "3001 880b 0003 0007 00000001 0021 45 ffff"), "eth ip gre ppp ip", nil},
		{"MikroTik EoIP", inIP(t, 47, "2001 6400 0022 0500", inner, someIP, someUDP), "eth ip gre eth ip udp", []string{"gre.key", "0x00220500", "nvgre.vsid", ""}},
		{"NVGRE", craft.Packet(outer, craft.IPv4{}, craft.NVGRE{VSID: 0x5001, FlowID: 9}, inner, someIP, someUDP), "eth ip gre eth ip udp",
			[]string{"gre.key", "0x00500109", "nvgre.vsid", "20481", "nvgre.flowid", "9"}},
	})
}

func TestERSPAN(t *testing.T) {
	outer, inner := craft.Ethernet{}, craft.Ethernet{Src: "02:00:00:00:01:01"}
	numbered := craft.GRE{Sequence: new(uint32(1))}
	typeIII := "1000 22eb 00000001 2064 bc05 11223344 0102 "
	check(t, 1, []expect{
		{"type I", craft.Packet(outer, craft.IPv4{}, craft.GRE{Protocol: 0x88be}, inner, someIP, someUDP), "eth ip gre erspan eth ip udp", []string{"erspan.version", ""}},
		{"type II", craft.Packet(outer, craft.IPv4{}, numbered, craft.ERSPAN{VLAN: 100, COS: 5, Trunk: 2, Truncated: true, Session: 5, Index: 0xabcde}, inner, someIP, someUDP),
			"eth ip gre erspan eth ip udp", []string{"erspan.version", "1", "erspan.vlan", "100", "erspan.cos", "5", "erspan.encap", "2", "erspan.truncated", "1", "erspan.spanid", "5",
				"erspan.index", "703710", "erspan.bso", ""}},
		{"type III", inIP(t, 47, typeIII+"83fa", inner, someIP, someUDP), "eth ip gre erspan eth ip udp", []string{"erspan.version", "2", "erspan.bso", "3", "erspan.truncated", "1",
			"erspan.timestamp", "287454020", "erspan.sgt", "258", "erspan.p", "1", "erspan.ft", "0", "erspan.hw", "63", "erspan.direction", "1", "erspan.gra", "1", "erspan.o", "0", "erspan.encap", ""}},
		{"type III of an IPv4 packet", inIP(t, 47, typeIII+"0800", someIP, someUDP), "eth ip gre erspan ip udp", []string{"erspan.ft", "2"}},
		{"type III of an IPv6 packet", inIP(t, 47, typeIII+"0800", craft.IPv6{}, someUDP), "eth ip gre erspan ipv6 udp", nil},
		{"type III of something else", inIP(t, 47, typeIII+"1400 0000"), "eth ip gre erspan data", []string{"erspan.ft", "5"}},
		{"type III with a platform's header", inIP(t, 47, typeIII+"0001 0eaabbcc 99887766", inner, someIP, someUDP), "eth ip gre erspan eth ip udp",
			[]string{"erspan.platid", "3", "erspan.pid3.rsvd1", "2730", "erspan.pid3.port_index", "15308", "erspan.pid3.timestamp", "2575857510"}},
		{"unknown version", inIP(t, 47, "1000 88be 00000001 3064 bc05"), "eth ip gre erspan", []string{"erspan.version", "3", "erspan.vlan", "", "pktscope.stop", "erspan: bad-version"}},
	})
}

func TestEtherIP(t *testing.T) {
	check(t, 1, []expect{
		{"version 3", inIP(t, 97, "3000", craft.Ethernet{}, someIP, someUDP), "eth ip etherip eth ip udp", []string{"etherip.ver", "3", "etherip.reserved", "0x0000"}},
		{"another version", inIP(t, 97, "4000", craft.Ethernet{}, someIP, someUDP), "eth ip etherip data", []string{"pktscope.stop", "etherip: bad-version"}},
	})
}

// tunnelFrames are frames of tunnels with all that their headers can have, for fuzzing to start from.
func tunnelFrames() [][]byte {
	in := func(layers ...craft.Layer) []byte {
		return craft.Packet(append([]craft.Layer{craft.Ethernet{}, craft.IPv4{}}, append(layers, someIP, someUDP)...)...)
	}
	udp, inner, sequence := craft.UDP{Src: 50000}, craft.Ethernet{}, new(uint32(1))
	return [][]byte{
		in(craft.GRE{Checksum: true, Key: sequence, Sequence: sequence}),
		in(craft.PPTP{Sequence: sequence, Ack: sequence}, craft.PPP{}),
		in(craft.GRE{Sequence: sequence}, craft.ERSPAN{VLAN: 1}, inner),
		in(craft.GRE{Sequence: sequence, Protocol: 0x22eb}, craft.Payload{0x20, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0x0c, 0, 0, 0, 0, 0, 0, 0}, inner),
		in(udp, craft.VXLANGPE{}, craft.NSH{Metadata: []byte{1, 2, 3, 4, 1, 2, 3, 4}}, inner),
		in(udp, craft.Geneve{Options: []craft.GeneveOption{{Class: 0x0132, Type: 1, Data: make([]byte, 4)}, {Class: 0x0102, Type: 0x80}}}, inner),
		in(udp, craft.GTPU{Sequence: new(uint16(1)), Extensions: []craft.GTPExtension{{Type: 0x85, Content: []byte{0, 0x95, 0xe0}}, {Type: 0xc0, Content: []byte{1, 2}}}}),
		in(udp, craft.GTPU{Type: 2}, craft.Payload{14, 5, 141, 1, 0x85, 133, 0, 4, 1, 2, 3, 4, 255, 0, 3, 1, 2, 3}),
	}
}

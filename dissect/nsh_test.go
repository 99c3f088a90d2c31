package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

func TestNSH(t *testing.T) {
	outer := craft.Ethernet{}
	context := craft.NSH{Path: 7, Index: 3, Context: [16]byte{0: 1, 15: 9}}
	tlvs := craft.NSH{Path: 7, Metadata: []byte{1, 2, 3, 0x85, 1, 2, 3, 4, 5, 0, 0, 0, 1, 3, 5, 0}}
	overrun := craft.NSH{Metadata: []byte{1, 2, 3, 0x7f, 1, 2, 3, 4}}
	first := func(l craft.Layer, b0, b1 byte) craft.Layer {
		return craft.Edit(l, func(b []byte) { b[0], b[1] = b0, b1 })
	}
	check(t, 1, []expect{
		{"context", craft.Packet(outer, context, someIP, someUDP), "eth nsh ip udp", []string{"nsh.spi", "7", "nsh.si", "3", "nsh.mdtype", "1", "nsh.nextproto", "1", "nsh.length", "6", "nsh.ttl", "0x003f",
			"nsh.contextheader", "01000000,00000000,00000000,00000009"}},
		{"no context", craft.Packet(outer, craft.NSH{Metadata: []byte{}}, craft.IPv6{}, someUDP), "eth nsh ipv6 udp", []string{"nsh.mdtype", "2", "nsh.length", "2", "nsh.nextproto", "2"}},
		{"TLVs", craft.Packet(outer, tlvs, craft.Ethernet{}, someIP, someUDP), "eth nsh eth ip udp", []string{"nsh.metadataclass", "258,259", "nsh.metadatatype", "3,5",
			"nsh.metadataunassignedbit", "0x01,0x00", "nsh.metadatalen", "0x05,0x00", "nsh.metadata", "0102030405"}},
		{"a TLV beyond the header", craft.Packet(outer, overrun, someIP, someUDP), "eth nsh ip udp", []string{"nsh.metadatalen", "0x7f", "nsh.metadata", ""}},
		{"NSH in NSH", craft.Packet(outer, context, context, someIP, someUDP), "eth nsh nsh ip udp", nil},
		{"MPLS", craft.Packet(outer, context, craft.MPLS{Label: 16}, someIP, someUDP), "eth nsh mpls ip udp", nil},
		{"over IP", craft.Packet(outer, craft.IPv4{}, context, someIP, someUDP), "eth ip nsh ip udp", nil},
		{"in GRE", craft.Packet(outer, craft.IPv4{}, craft.GRE{}, context, someIP, someUDP), "eth ip gre nsh ip udp", nil},
		{"too short for context", craft.Packet(outer, first(context, 0x0f, 0xc5), someIP, someUDP), "eth nsh", []string{"nsh.spi", "7", "nsh.contextheader", "", "nsh.length.invalid", "1",
			"pktscope.stop", "nsh: nsh.length says 20 bytes, at least 24 are needed"}},
		{"no length", craft.Packet(outer, first(craft.NSH{Metadata: []byte{}}, 0x0f, 0xc0), someIP, someUDP), "eth nsh", []string{"pktscope.stop", "nsh: nsh.length says 0 bytes, at least 8 are needed"}},
		{"another version", craft.Packet(outer, first(context, 0x4f, 0xc6), someIP, someUDP), "eth nsh data", []string{"nsh.version", "1", "pktscope.stop", "nsh: bad-version"}},
	})
}

package dissect

import (
	"encoding/hex"
	"strings"
	"testing"

	"pktscope/internal/craft"
)

// behind returns a frame that starts with the given hexadecimal bytes.
func behind(t *testing.T, header string, inside ...craft.Layer) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(header, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return append(b, craft.Packet(inside...)...)
}

func TestCooked(t *testing.T) {
	check(t, 113, []expect{
		{"long address", behind(t, "0000 0020 0014 0102030405060708 0800", someIP, someUDP), "sll ip udp", []string{"sll.src.other", "0102030405060708", "sll.unused", ""}},
		{"LLC", behind(t, "0003 0001 0006 0200000000010000 0004", craft.LLC{}, craft.SNAP{}, someIP, someUDP), "sll llc ip udp", []string{"sll.ltype", "0x0004", "llc.type", "0x0800"}},
		{"Ethernet", behind(t, "0003 0304 0006 0000000000000000 0003", craft.Ethernet{}, someIP, someUDP), "sll eth ip udp", nil},
		{"tagged", behind(t, "0003 0001 0006 0200000000010000 8100", craft.VLAN{ID: 7}, someIP, someUDP, craft.Payload("tail")), "sll vlan ip udp data", []string{"vlan.id", "7"}},
		{"trailer", behind(t, "0003 0001 0006 0200000000010000 0806", craft.ARP{}, craft.Payload("tail")), "sll arp", []string{"sll.trailer", "7461696c"}},
	})
}

func TestPPPFraming(t *testing.T) {
	check(t, 9, []expect{
		{"HDLC-like framing", craft.Packet(craft.PPP{HDLC: true, Protocol: 0x21}, someIP, someUDP), "ppp ip udp", []string{"ppp.address", "0xff", "ppp.control", "0x03", "ppp.protocol", "0x0021"}},
		{"none", craft.Packet(craft.PPP{Protocol: 0x57}, craft.IPv6{}, someUDP), "ppp ipv6 udp", []string{"ppp.address", "", "ppp.protocol", "0x0057"}},
		{"compressed protocol", behind(t, "21", someIP, someUDP), "ppp ip udp", []string{"ppp.protocol", "0x0021"}},
		{"all at once", behind(t, "ff0321", someIP, someUDP), "ppp ip udp", []string{"ppp.protocol", "0x0021"}},
		{"LCP", behind(t, "ff03 c021 01010004"), "ppp data", []string{"ppp.protocol", "0xc021"}},
		{"Cisco HDLC", behind(t, "0f00 0800", someIP, someUDP), "ppp chdlc ip udp", []string{"ppp.protocol", "", "chdlc.protocol", "0x0800"}},
	})
	session := craft.Packet(craft.Ethernet{}, craft.PPPoE{Session: 7}, craft.PPP{Protocol: 0x21}, someIP, someUDP, craft.Payload("data"))
	discovery := "02 00 00 00 00 02 02 00 00 00 00 01 8863 1109 0000 "
	check(t, 1, []expect{
		{"session", session, "eth pppoes ppp ip udp data", []string{"pppoe.session_id", "0x0007", "pppoe.code", "0x00", "pppoe.payload_length", "34", "ppp.protocol", "0x0021"}},
		{"session of a frame with padding", append(session, make([]byte, 4)...), "eth pppoes ppp ip udp data", []string{"eth.padding", "", "eth.trailer", "00000000"}},
		{"discovery", behind(t, discovery+"0012 0101 0000 0103 0002 abcd 0102 0002 6163"), "eth pppoed", []string{"pppoe.code", "0x09", "pppoed.tag", "0x0101,0x0103,0x0102",
			"pppoed.tag_length", "0,2,2", "pppoed.tags.service_name", "", "pppoed.tags.host_uniq", "abcd", "pppoed.tags.ac_name", "ac"}},
		{"end of list", behind(t, discovery+"000c 0000 0000 0103 0002 abcd 1234"), "eth pppoed", []string{"pppoed.tag", "0x0000"}},
		{"a tag beyond the payload", behind(t, discovery+"0006 0fff 0010 abcd"), "eth pppoed", []string{"pppoed.tag", "0x0fff", "pppoed.tag.unknown_data", ""}},
	})
}

func TestSerialLines(t *testing.T) {
	check(t, 104, []expect{
		{"IPv4", behind(t, "0f00 0800", someIP, someUDP), "chdlc ip udp", []string{"chdlc.address", "0x0f", "chdlc.protocol", "0x0800"}},
		{"SLARP is not RARP", behind(t, "8f00 8035 00000002"), "chdlc data", nil},
		{"padded OSI", behind(t, "8f00 fefe 03 83"), "chdlc data", []string{"chdlc.clns_padding", "0x03"}},
	})
	check(t, 107, []expect{
		{"RFC 2427", behind(t, "1841 03cc", someIP, someUDP), "fr ip udp", []string{"fr.dlci", "100", "fr.ea", "0,1", "fr.control", "0x03", "fr.nlpid", "0xcc", "fr.fecn", "0"}},
		{"bits", behind(t, "1a4f 038e", craft.IPv6{}, someUDP), "fr ipv6 udp", []string{"fr.dlci", "100", "fr.cr", "1", "fr.fecn", "1", "fr.becn", "1", "fr.de", "1"}},
		{"three bytes", behind(t, "184021 03cc", someIP, someUDP), "fr ip udp", []string{"fr.dlci", "6408", "fr.lower_dlci", "0x08", "fr.dc", "0", "fr.ea", "0,0,1"}},
		{"four bytes", behind(t, "18404061 03cc", someIP, someUDP), "fr ip udp", []string{"fr.dlci", "821272", "fr.third_dlci", "0x20"}},
		{"four bytes with control bits", behind(t, "18404043 03cc", someIP, someUDP), "fr ip udp", []string{"fr.dlci", "12832", "fr.dlcore_control", "0x10", "fr.lower_dlci", ""}},
		{"SNAP", behind(t, "1841 03 00 80", craft.SNAP{}, someIP, someUDP), "fr ip udp", []string{"fr.nlpid", "0x00,0x80", "fr.snap.oui", "0", "fr.snaptype", "0x0800"}},
		{"bridged Ethernet", behind(t, "1841 03 00 80", craft.SNAP{OUI: 0x80c2, Type: 7}, craft.Ethernet{}, someIP, someUDP), "fr eth ip udp", []string{"fr.snap.pid", "0x0007"}},
		{"PPP", behind(t, "1841 03 cf", craft.PPP{Protocol: 0x21}, someIP, someUDP), "fr ppp ip udp", nil},
		{"Cisco", behind(t, "1841 86dd", craft.IPv6{}, someUDP), "fr ipv6 udp", []string{"fr.chdlctype", "0x86dd", "fr.control", ""}},
		{"OSI", behind(t, "1841 03 83 1b"), "fr data", []string{"fr.nlpid", "", "data.len", "2"}},
	})
}

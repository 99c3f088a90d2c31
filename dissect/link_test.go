package dissect

import (
	"encoding/binary"
	"hash/crc32"
	"strings"
	"testing"

	"pktscope/internal/craft"
)

var (
	someIP  = craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}
	someUDP = craft.UDP{Src: 1, Dst: 2}
)

// expect is a frame and what is to be read out of it: name, value, name, value …
type expect struct {
	name   string
	frame  []byte
	layers string
	fields []string
}

func check(t *testing.T, link uint16, cases []expect) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := decodeFrame(Frame{Data: c.frame, Number: 1, Point: &Point{Link: link, FCSLen: -1}})
			layers(t, p, c.layers)
			for i := 0; i < len(c.fields); i += 2 {
				want(t, p, c.fields[i], c.fields[i+1])
			}
			checkPacket(t, p)
			for n := range c.frame {
				checkPacket(t, decodeFrame(Frame{Data: c.frame[:n:n], WireLen: len(c.frame), Point: &Point{Link: link}}))
				checkPacket(t, decodeFrame(Frame{Data: c.frame[:n:n], Point: &Point{Link: link}}))
			}
		})
	}
}

func TestTags(t *testing.T) {
	check(t, 1, []expect{
		{"QinQ", craft.Packet(craft.Ethernet{}, craft.VLAN{TPID: 0x88a8, ID: 7, Priority: 3}, craft.VLAN{ID: 100, DEI: true}, someIP, someUDP),
			"eth ieee8021ad vlan ip udp", []string{"ieee8021ad.id", "7", "ieee8021ad.priority", "3", "ieee8021ad.dei", "0", "ieee8021ah.etype", "0x8100",
				"vlan.id", "100", "vlan.dei", "1", "vlan.etype", "0x0800"}},
		{"QinQ before 802.1ad", craft.Packet(craft.Ethernet{}, craft.VLAN{TPID: 0x9100, ID: 7}, craft.VLAN{ID: 100}, someIP, someUDP),
			"eth vlan vlan ip udp", []string{"vlan.id", "7,100", "vlan.etype", "0x8100,0x0800"}},
		{"PBB", craft.Packet(craft.Ethernet{}, craft.VLAN{TPID: 0x88a8, ID: 7}, craft.ITag{Priority: 5, DEI: true, ISID: 0xabcdef}, craft.Ethernet{}, craft.VLAN{ID: 100}, someIP, someUDP),
			"eth ieee8021ad ieee8021ah vlan ip udp", []string{"ieee8021ah.isid", "11259375", "ieee8021ah.priority", "5", "ieee8021ah.drop", "1",
				"ieee8021ah.cdst", "02:00:00:00:00:02", "ieee8021ah.csrc", "02:00:00:00:00:01", "vlan.id", "100"}},
		{"LLC in a tag", craft.Packet(craft.Ethernet{}, craft.VLAN{ID: 1}, craft.LLC{}, craft.SNAP{}, someIP, someUDP),
			"eth vlan llc ip udp", []string{"vlan.len", "36", "vlan.etype", "", "llc.type", "0x0800"}},
	})
}

func TestLLC(t *testing.T) {
	check(t, 1, []expect{
		{"SNAP", craft.Packet(craft.Ethernet{}, craft.LLC{}, craft.SNAP{}, someIP, someUDP),
			"eth llc ip udp", []string{"eth.len", "36", "eth.type", "", "llc.dsap", "0xaa", "llc.ssap.sap", "85", "llc.control", "0x0003", "llc.control.ftype", "0x03",
				"llc.control.u_modifier_cmd", "0x00", "llc.oui", "0", "llc.type", "0x0800", "llc.pid", ""}},
		{"SNAP of IEEE 802.1H", craft.Packet(craft.Ethernet{}, craft.LLC{}, craft.SNAP{OUI: 0xf8}, someIP, someUDP), "eth llc ip udp", nil},
		{"IP under its own SAP", craft.Packet(craft.Ethernet{}, craft.LLC{DSAP: 6, SSAP: 6}, someIP, someUDP), "eth llc ip udp", nil},
		{"Cisco", craft.Packet(craft.Ethernet{}, craft.LLC{}, craft.SNAP{OUI: 0xc, Type: 0xffff}, craft.Payload("?")),
			"eth llc data", []string{"llc.cisco_pid", "0xffff", "llc.pid", ""}},
		{"another vendor", craft.Packet(craft.Ethernet{}, craft.LLC{}, craft.SNAP{OUI: 0x123456, Type: 0x800}, craft.Payload("?")),
			"eth llc data", []string{"llc.oui", "1193046", "llc.pid", "0x0800"}},
		{"bridged Ethernet", craft.Packet(craft.Ethernet{}, craft.LLC{}, craft.SNAP{OUI: 0x80c2, Type: 7}, craft.Payload("\x00\x00"), craft.Ethernet{}, someIP, someUDP),
			"eth llc eth ip udp", []string{"llc.pid", "0x0007"}},
		{"bridged Ethernet with FCS", craft.Packet(craft.Ethernet{}, craft.LLC{}, craft.SNAP{OUI: 0x80c2, Type: 1}, craft.Payload("\x00\x00"), craft.Ethernet{}, someIP, someUDP, craft.Payload("data"), craft.Payload("fcs!")),
			"eth llc eth ip udp data", []string{"eth.trailer", ""}},
		{"information", craft.Packet(craft.Ethernet{}, craft.LLC{DSAP: 0xf0, SSAP: 0xf0, Control: 2}, craft.Payload("\x05?")),
			"eth llc data", []string{"llc.control", "0x0502", "llc.control.n_s", "1", "llc.control.n_r", "2", "llc.control.p", "1", "llc.control.ftype", "0x00"}},
		{"supervisory", craft.Packet(craft.Ethernet{}, craft.LLC{DSAP: 0xf0, SSAP: 0xf1, Control: 9}, craft.Payload("\x05")),
			"eth llc", []string{"llc.control", "0x0509", "llc.control.s_ftype", "0x0002", "llc.control.n_r", "2", "llc.control.f", "1", "llc.control.p", ""}},
		{"response", craft.Packet(craft.Ethernet{}, craft.LLC{DSAP: 0x00, SSAP: 0x01, Control: 0xbf}, craft.Payload("xid")),
			"eth llc data", []string{"llc.control", "0x00bf", "llc.control.u_modifier_resp", "0x2b", "llc.control.f", "1", "llc.ssap.cr", "1"}},
		{"IPX without LLC", craft.Packet(craft.Ethernet{Type: 4}, craft.Payload("\xff\xff\x00\x04")), "eth data", []string{"eth.len", "4"}},
		{"length beyond the frame", craft.Packet(craft.Ethernet{Type: 1500}, craft.LLC{}, craft.SNAP{}, someIP, someUDP),
			"eth llc ip udp", []string{"pktscope.anomaly", "length-exceeds-frame", "eth.len", "1500"}},
		{"neither length nor type", craft.Packet(craft.Ethernet{Type: 1535}, craft.Payload("?")), "eth data", []string{"eth.invalid_lentype", "0x05ff", "eth.type", "", "eth.len", ""}},
		{"zero", append(make([]byte, 14), "?"...), "eth data", []string{"eth.type", "0x0000", "eth.len", ""}},
	})
}

func TestARP(t *testing.T) {
	request := func(sender, target string) []byte {
		return craft.Packet(craft.Ethernet{}, craft.ARP{SenderIP: sender, TargetIP: target})
	}
	check(t, 1, []expect{
		{"request", request("10.0.0.1", "10.0.0.2"), "eth arp", []string{"arp.opcode", "1", "arp.src.hw_mac", "02:00:00:00:00:01", "arp.src.proto_ipv4", "10.0.0.1",
			"arp.dst.hw_mac", "00:00:00:00:00:00", "arp.dst.proto_ipv4", "10.0.0.2", "arp.isgratuitous", "", "arp.isprobe", ""}},
		{"probe", request("0.0.0.0", "10.0.0.2"), "eth arp", []string{"arp.isprobe", "1", "arp.isgratuitous", ""}},
		{"announcement", request("10.0.0.1", "10.0.0.1"), "eth arp", []string{"arp.isgratuitous", "1", "arp.isannouncement", "1", "arp.isprobe", ""}},
		{"gratuitous reply", craft.Packet(craft.Ethernet{}, craft.ARP{Operation: 2, TargetIP: "192.0.2.1"}), "eth arp", []string{"arp.isgratuitous", "1", "arp.isannouncement", ""}},
		{"InfiniBand", craft.Packet(craft.Ethernet{Type: 0x806}, craft.Payload("\x00\x20\x08\x00\x03\x04\x00\x01abc\x0a\x00\x00\x01def\x0a\x00\x00\x02")),
			"eth arp", []string{"arp.src.hw", "616263", "arp.dst.hw", "646566", "arp.src.hw_mac", "", "arp.src.proto_ipv4", "10.0.0.1", "arp.dst.proto_ipv4", "10.0.0.2"}},
		{"addresses of no size", craft.Packet(craft.Ethernet{Type: 0x806}, craft.Payload("\x00\x01\x08\x00\x00\x00\x00\x01")),
			"eth arp", []string{"arp.src.hw", "", "arp.src.hw_mac", "", "arp.isgratuitous", ""}},
	})
}

func TestLinkControl(t *testing.T) {
	const ethernet = "0180c2000001 020000000001 "
	check(t, 1, []expect{
		{"pause", behind(t, ethernet+"8808 0001 00ff"+strings.Repeat("00", 42)), "eth macc", []string{"macc.opcode", "0x0001", "macc.pause_time", "255", "eth.padding", strings.Repeat("00", 42)}},
		{"priority-based flow control", behind(t, ethernet+"8808 0101 0081 0001 0002 0003 0004 0005 0006 0007 0008"), "eth macc", []string{"macc.cbfc.enbv", "0x0081", "macc.cbfc.enbv.c0", "1",
			"macc.cbfc.enbv.c1", "0", "macc.cbfc.enbv.c7", "1", "macc.cbfc.pause_time.c0", "1", "macc.cbfc.pause_time.c7", "8"}},
		{"gate", behind(t, ethernet+"8808 0002 00000001 ff"), "eth macc data", []string{"macc.timestamp", "1"}},
		{"something else", behind(t, ethernet+"8808 0099 ff"), "eth macc data", nil},
		{"loop test", behind(t, ethernet+"9000 0000 0200 020000000001 0100 0500 aa"), "eth loop data", []string{"loop.skipcount", "0", "loop.relevant_function", "2", "loop.function", "2,1",
			"loop.forwarding_address", "02:00:00:00:00:01", "loop.receipt_number", "5"}},
		{"loop test that came back", behind(t, ethernet+"9000 0800 0200 020000000001 0100 0500"), "eth loop", []string{"loop.relevant_function", "1"}},
		{"unknown function", behind(t, ethernet+"9000 0000 0300 aa"), "eth loop data", []string{"loop.function", "3"}},
	})
}

// What is behind the payload is padding, trailer or frame check sequence.
func TestTrailer(t *testing.T) {
	const zeros = "000000000000000000000000000000000000"
	arp := func(behind string, tags ...craft.Layer) []byte {
		return craft.Packet(append(append([]craft.Layer{craft.Ethernet{}}, tags...), craft.ARP{}, craft.Payload(behind))...)
	}
	pad := string(make([]byte, 18))
	check(t, 1, []expect{
		{"padding", arp(pad), "eth arp", []string{"eth.padding", zeros, "eth.trailer", "", "eth.fcs", ""}},
		{"padding that is not zero", arp(pad[:17] + "!"), "eth arp", []string{"eth.padding", "", "eth.trailer", zeros[:34] + "21", "eth.fcs", ""}},
		{"padding and trailer", arp(pad + "!"), "eth arp", []string{"eth.padding", zeros, "eth.trailer", "21"}},
		{"padding and FCS", arp(pad + "fcs!"), "eth arp", []string{"eth.padding", zeros, "eth.trailer", "", "eth.fcs", "0x66637321", "eth.fcs.status", ""}},
		{"a trailer of a short frame", arp("four"), "eth arp", []string{"eth.padding", "", "eth.trailer", "666f7572", "eth.fcs", ""}},
		{"behind a tag", arp(pad[:14]+"!", craft.VLAN{ID: 7}), "eth vlan arp", []string{"eth.padding", zeros[:28], "vlan.trailer", "21", "eth.trailer", ""}},
		{"behind an 802.1ad tag", arp(pad[:10]+"!", craft.VLAN{TPID: 0x88a8}, craft.VLAN{ID: 7}), "eth ieee8021ad vlan arp", []string{"eth.padding", zeros[:20], "vlan.trailer", "21", "ieee8021ah.trailer", ""}},
		{"behind LLC", craft.Packet(craft.Ethernet{Type: 7}, craft.LLC{DSAP: 0x7e, SSAP: 0x7e}, craft.Payload("data"), craft.Payload(make([]byte, 39))), "eth llc data",
			[]string{"eth.padding", zeros + zeros + zeros[:6]}},
	})

	p := decode(t, arp(pad+"none"))
	want(t, p, "eth.trailer", "6e6f6e65")
	want(t, p, "eth.fcs", "")

	b := arp(pad)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	point := &Point{Link: 1, FCSLen: 4}
	p = decodeFrame(Frame{Data: b, Point: point})
	want(t, p, "eth.padding", zeros)
	want(t, p, "eth.trailer", "")
	want(t, p, "eth.fcs.status", "1")
	b[20] ^= 1
	p = decodeFrame(Frame{Data: b, Point: point})
	want(t, p, "eth.fcs.status", "0")
	want(t, p, "pktscope.checksum.verdict", "bad")
	p = decodeFrame(Frame{Data: b[:40:40], WireLen: len(b), Point: point})
	want(t, p, "pktscope.checksum.verdict", "unverifiable")
}

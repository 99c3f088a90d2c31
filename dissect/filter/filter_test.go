package filter_test

import (
	"testing"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/internal/craft"
)

// overlay is a packet of one tenant in another's: all its fields are there twice.
func overlay(t testing.TB) *dissect.Packet {
	return decode(t, craft.Packet(
		craft.Ethernet{Src: "02:00:00:00:00:01", Dst: "02:00:00:00:00:02"},
		craft.VLAN{ID: 100},
		craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", TTL: 63},
		craft.UDP{Src: 49152},
		craft.VXLAN{VNI: 5001},
		craft.Ethernet{Src: "02:00:00:00:01:01", Dst: "ff:ff:ff:ff:ff:ff"},
		craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", TTL: 64},
		craft.TCP{Src: 40000, Dst: 443, Flags: craft.SYN},
		craft.Payload("hello, HELLO \x00\xff")))
}

var decoder = dissect.NewConfig(dissect.Options{Cookie: -1}).NewDecoder()

func decode(t testing.TB, frame []byte) *dissect.Packet {
	p := new(dissect.Packet)
	f := dissect.Frame{Data: frame, WireLen: len(frame), Number: 7, Time: 1_700_000_000_250_000_000, Point: &dissect.Point{Link: 1, Name: "tap1"}}
	decoder.Decode(p, &f)
	p.Verify()
	return p
}

func compile(t testing.TB, text string) *filter.Filter {
	t.Helper()
	f, err := filter.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What a capture says of offloading is a field where it is set.
func TestMatchOffload(t *testing.T) {
	p := overlay(t)
	for flags, want := range map[uint32]bool{0: false, 2: false, 2 | 1<<9: false, 2 | 1<<11: true} {
		p.Flags = flags
		for _, text := range []string{"pktscope.offload.gso", "pktscope.offload.gso == 1", "pktscope.offload.gso == true", "tcp and pktscope.offload.gso"} {
			if compile(t, text).Match(p) != want {
				t.Errorf("flags %#x: %s is %v", flags, text, !want)
			}
		}
	}
}

// Of the overlay packet: which filters mean it. Each block is about one operator and what it says of several occurrences.
func TestMatch(t *testing.T) {
	p := overlay(t)
	for _, c := range []struct {
		filter string
		want   bool
	}{
		{"", true},
		{" \t", true},

		{"ip", true},
		{"arp", false},
		{".ip", true},
		{"ip.src", true},
		{"tcp.flags.ack", true}, // it is there, though it is not set
		{"ipv6.src", false},
		{"eth.dst[5]", true},
		{"eth.dst[6]", false},

		{"ip.ttl == 63", true},
		{"ip.ttl eq 64", true},
		{"ip.ttl any_eq 65", false},
		{"ip.ttl === 63", false},
		{"ip.ttl all_eq 64", false},
		{"vxlan.vni === 5001", true},
		{"ipv6.hlim === 64", false}, // of nothing is not all right
		{"ip.ttl != 63", false},
		{"ip.ttl ne 64", false},
		{"ip.ttl all_ne 65", true},
		{"ipv6.hlim != 64", false},
		{"ip.ttl !== 63", true},
		{"ip.ttl any_ne 64", true},
		{"ip.ttl ~= 64", true},
		{"vxlan.vni !== 5001", false},

		{"ip.ttl > 63", true},
		{"ip.ttl > 64", false},
		{"ip.ttl >= 64", true},
		{"ip.ttl < 64", true},
		{"ip.ttl < 63", false},
		{"ip.ttl <= 63", true},
		{"ip.ttl gt 63 and ip.ttl lt 64 and ip.ttl ge 64 and ip.ttl le 63", true},
		{"any ip.ttl > 63", true},
		{"all ip.ttl > 63", false},
		{"all ip.ttl > 62", true},
		{"all ipv6.hlim > 0", false},
		{"all ip.ttl == 63", false},
		{"any ip.ttl != 63", true},
		{"62 < ip.ttl < 65", true},
		{"63 < ip.ttl", true},
		{"ip.ttl > -1", true},
		{"ip.ttl == -1", false},

		{"ip.addr == 10.0.0.1", true},
		{"ip.addr == 10.0.0.3", false},
		{"ip.addr != 10.0.0.1", false},
		{"ip.addr == 10.0.0.0/8", true},
		{"ip.addr == 11.0.0.0/8", false},
		{"ip.addr != 10.0.0.0/8", false},
		{"ip.addr == 10.0.0.2/31", true},
		{"ip.addr == 0.0.0.0/0", true},
		{"ip.src > 10.0.0.0/8", true},  // 192.0.2.1
		{"ip.src < 10.0.0.0/8", false}, // a prefix is as large as its bits
		{"ip.src >= 10.0.0.0/8", true},
		{"ip.src == ip.dst", false},
		{"ip.src != ip.dst", true},
		{"ip.ttl == ip.ttl", true},
		{"ip.ttl != ip.ttl", false},
		{"ip.ttl === ip.ttl", false},
		{"ip.ttl !== ip.ttl", true},
		{"eth.src == 02:00:00:00:00:01", true},
		{"eth.src == 02-00-00-00-00-01", true},
		{"eth.src == 0200.0000.0001", true},
		{"eth.addr == ff:ff:ff:ff:ff:ff", true},
		{"eth.dst > eth.src", true},
		{"tcp.flags.syn == 1 and tcp.flags.syn == true and tcp.flags.syn == Set and tcp.flags.syn == 2", true},
		{"tcp.flags.syn == 0 or tcp.flags.syn == false", false},
		{"tcp.flags.ack < tcp.flags.syn", true},
		{`ip.proto == "tcp" and ip.proto == 0x11 and ip.proto == 021 and ip.proto == 0b110 and ip.proto == '\x06'`, true},
		{"eth.type == IPv4", true},
		{"frame.time_epoch == 1700000000.25", true},
		{"frame.time_epoch > 1700000000", true},
		{"frame.time_epoch - 1700000000 == 0.25", true},
		{"frame.time_epoch < -1", false},

		{"tcp.port in {80, 443}", true},
		{"tcp.port in {80, 8080}", false},
		{"tcp.port in {400..500}", true},
		{"tcp.port in {500..400}", false},
		{"tcp.port not in {80}", true},
		{"tcp.port not in {443}", false},
		{"ipv6.src not in {::1}", true},
		{"any tcp.port in {443}", true},
		{"all tcp.port in {443}", false},
		{"all tcp.port in {443..40000}", true},
		{"ip.src in {172.16.0.0/12, 10.0.0.0/8}", true},
		{"ip.src in {10.0.0.1..10.0.0.9}", true},
		{"ip.src in {10.0.0.2..10.0.0.9}", false},
		{"ip.src in {ip.dst, 10.0.0.1}", true},
		{"ip.ttl in {-5..-1}", false},
		{"ip.ttl in {-5..63}", true},
		{`frame.interface_name in {"tap1", "tap2"}`, true},
		{"eth.src[0:3] in {02:00:00}", true},
		{"len(ip.src) in {4}", true},

		{"ip and tcp", true},
		{"ip && arp", false},
		{"arp or tcp", true},
		{"arp || ipv6", false},
		{"ip xor tcp", false},
		{"ip ^^ arp", true},
		{"not arp", true},
		{"!ip", false},
		{"not not ip", true},
		{"arp and arp or ip", true},
		{"ip or arp and arp", true},
		{"ip or ip xor ip", true},
		{"(ip or arp) and arp", false},
		{"not ip.ttl == 65", true},
		{"!ip.ttl & 128", true},

		{"eth.src[0:3] == 02:00:00", true},
		{"eth.src[0-2] == 02:00:00", true},
		{"eth.src[:3] == 020000", true},
		{"eth.src[4:] == 01:01", true},
		{"eth.src[-1] == 1", true},
		{"eth.src[-2:] == 01:01", true},
		{"eth.src[-2--1] == 01:01", true},
		{"eth.src[0,4-5] == 02:01:01", true},
		{"eth.src[4:4] == 01:01", false},
		{"eth.dst[0] == 0xff", true},
		{"eth.dst[0:2] contains ff", true},
		{"eth.src[0:3] == eth.dst[0:3]", true},
		{"eth.dst[0:3] > 02:00:00", true},
		{"eth.dst[0:3] > ff:ff:ff", false},
		{"all eth.src[0:3] == 02:00:00", true},
		{"eth.src[4:] != 01:01", false},
		{"eth.src[4:] !== 01:01", true},
		{"eth.addr[5] === 02", false},
		{"eth.src[0:6] == 02:00:00:00:01:01", true},
		{"eth.src[0:7] == 02:00:00:00:01:01:00", false},
		{"ip.src[0:2] >= c0:00", true},
		{"ip.src[2:2] < 00:01", false},
		{"ip.src[2:2] <= 00:01", true},
		{"ip.src[0:4] == 0a:00:00:01", true},
		{"ip.addr[3] <= 00", false},
		{"ip.src[0] == 0a", true},
		{"ip[0] == 45", true},
		{"ip[8] & 40", true},
		{"frame[0:2] == 02:00", true},
		{"frame[-1] == ff", true},
		{"tcp[13] & 02 == 02", true},
		{"ip.src[0:2][1] == 0", true},
		{"eth.dst[0:3] > 02:00", true}, // the longer one

		{"tcp.flags & 2", true},
		{"tcp.flags & 0x10", false},
		{"tcp.flags & 0x12 == 2", true},
		{"(tcp.flags & 0x12) == 2", true},
		{"(tcp.flags & 0x12) * 2 == 4", true},
		{"tcp.flags bitwise_and 2", true},
		{"ip.src & 255.0.0.0 == 10.0.0.0", true},
		{"eth.dst & 01:00:00:00:00:00", true},
		{"tcp.srcport - tcp.dstport > 39000", true},
		{"tcp.dstport - tcp.srcport < 0", true},
		{"tcp.dstport == tcp.srcport - 39557", true},
		{"tcp.dstport + 1 == 444", true},
		{"{tcp.dstport + 1} * 2 == 888", true},
		{"tcp.dstport + 1 * 2 == 445", true},
		{"tcp.dstport / 100 == 4", true},
		{"tcp.dstport % 100 == 43", true},
		{"tcp.dstport / 0 == 0", false},
		{"tcp.dstport == 400 + 43", true},
		{"-tcp.dstport == -443", true},
		{"tcp.port + ip.ttl == 507", true},

		{`tcp contains "hello"`, true},
		{`tcp contains 68:65:6c`, true},
		{`tcp contains "hallo"`, false},
		{`udp contains "HELLO"`, true},
		{`frame contains "\x00\xff"`, true},
		{`frame contains '\377'`, true},
		{`eth.dst contains ff:ff`, true},
		{`frame.interface_name contains tap`, true},
		{`tcp matches "H.LLO"`, true},
		{`tcp matches "(?-i)H.llo"`, false},
		{`tcp matches "\\x00\\xff$"`, true},
		{`tcp matches r"\x00\xff$"`, true},
		{`eth.dst matches "^\xff{6}$"`, true},
		{`all eth.dst matches "^\xff{6}$"`, false},
		{`frame.interface_name ~ "^TAP[0-9]$"`, true},
		{`frame.interface_name == "tap1" && frame.interface_name == tap1 && frame.interface_name == "\u0074\x61\1601"`, true},

		{"len(ip.src) == 4 and len(eth.src) == 6 and len(tcp.port) == 2 and len(vxlan) == 8", true},
		{"count(ip.addr) == 4", true},
		{"count(ip) == 2", true},
		{"count(arp) == 0", false},
		{`upper(frame.interface_name) == "TAP1" and lower(upper(frame.interface_name)) == "tap1"`, true},
		{"max(tcp.port) == 40000 and min(tcp.port) == 443", true},
		{"min(tcp.port, ip.ttl) == 63", true},
		{"max(tcp.port, ipv6.hlim) == 40000", false},
		{"max(tcp.dstport, 500) == 500", true},
		{"max(ip.src) == 192.0.2.1", true},
		{"abs(tcp.dstport - tcp.srcport) == 39557", true},
		{`string(ip.src) matches "^10" and string(tcp.flags) == "2" and string(eth.src) contains "01:01"`, true},

		{"ip.src#1 == 192.0.2.1", true},
		{"ip.src#1 == 10.0.0.1", false},
		{"ip.src #2 == 10.0.0.1", true},
		{"ip.src#3", false},
		{"ip#2", true},
		{"ip#3", false},
		{"ip.src#0", false},
		{"ip.src#[-1] == 10.0.0.1", true},
		{"ip.src#[-2] == 10.0.0.1", false},
		{"ip.src#[1-2] == 10.0.0.1", true},
		{"ip.src#[1,2] == 10.0.0.1", true},
		{"ip.src#[2:] == 10.0.0.1", true},
		{"ip.src#[:2] == 10.0.0.1", false}, // layers 0 and 1
		{"eth.src#2[4:] == 01:01", true},
		{"tcp.port#[1-2] == 443", true},
		{"inner.ip.src == 10.0.0.1", true},
		{"inner.ip.src == 192.0.2.1", false},
		{"outer.ip.src == 192.0.2.1", true},
		{"outer.ip.addr == 192.0.2.2", true},
		{"inner.eth.dst[0:3] == ff:ff:ff", true},
		{"outer.udp", true},
		{"inner.tcp.port == outer.udp.port", false},

		{`pktscope.checksum.verdict == "good"`, true},
		{`pktscope.checksum.verdict == bad`, false},
		{"ip.checksum.status == Good", true},
		{"pktscope.anomaly", false},
	} {
		f, err := filter.Compile(c.filter)
		if err != nil {
			t.Error(err)
			continue
		}
		if got := f.Match(p); got != c.want {
			t.Errorf("%s is %v", c.filter, got)
		}
		if got := f.Clone().Match(p); got != c.want {
			t.Errorf("%s is %v when cloned", c.filter, got)
		}
	}
}

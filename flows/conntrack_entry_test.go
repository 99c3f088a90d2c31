package flows_test

import (
	"fmt"
	"strings"
	"testing"

	"pktscope/flows"
)

func TestReadConntrack(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"plain", "tcp      6 106 TIME_WAIT src=192.0.2.1 dst=203.0.113.9 sport=50000 dport=80 src=203.0.113.9 dst=198.51.100.1 sport=80 dport=1024 [ASSURED] mark=0 use=1",
			"6 TIME_WAIT 192.0.2.1:50000>203.0.113.9:80 as 198.51.100.1:1024>203.0.113.9:80 replied assured"},
		{"extended, counted", "ipv4     2 udp      17 8 src=192.0.2.1 dst=203.0.113.9 sport=30002 dport=53 packets=1 bytes=47 [UNREPLIED] src=203.0.113.9 dst=198.51.100.1 sport=53 dport=40002 packets=0 bytes=0 mark=0 delta-time=21 use=1",
			"17 NONE 192.0.2.1:30002>203.0.113.9:53 as 198.51.100.1:40002>203.0.113.9:53 1/47 0/0"},
		{"proc, zone", "ipv4     2 icmp     1 18 src=192.0.2.1 dst=203.0.113.9 type=8 code=0 id=141 src=203.0.113.9 dst=198.51.100.1 type=0 code=0 id=7 mark=0 zone=5 use=2",
			"1 NONE 192.0.2.1:141>203.0.113.9:0 as 198.51.100.1:7>203.0.113.9:0 replied zone 5"},
		{"IPv6", "ipv6     10 tcp      6 431999 ESTABLISHED src=2001:db8::1 dst=2001:db8::2 sport=1 dport=2 src=2001:db8::2 dst=2001:db8::3 sport=2 dport=1 [OFFLOAD] mark=0 use=1",
			"6 ESTABLISHED 2001:db8::1:1>2001:db8::2:2 as 2001:db8::3:1>2001:db8::2:2 replied"},
		{"protocol without ports", "unknown  2 577 src=192.0.2.1 dst=224.0.0.22 [UNREPLIED] src=224.0.0.22 dst=192.0.2.1 mark=0 use=1",
			"2 NONE 192.0.2.1:0>224.0.0.22:0 as 192.0.2.1:0>224.0.0.22:0"},
		{"events: the last counts", "[1.5]\t    [NEW] ipv4     2 tcp      6 120 SYN_SENT src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1\n" +
			"[1.6]\t [UPDATE] ipv4     2 tcp      6 60 TIME_WAIT src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1 [ASSURED]\n" +
			"[9.0]\t[DESTROY] ipv4     2 tcp      6 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1",
			"6 TIME_WAIT 192.0.2.1:1>192.0.2.2:2 as 192.0.2.1:1>192.0.2.2:2 replied assured ended"},
		{"what it says on standard error", "conntrack v1.4.7 (conntrack-tools): 0 flow entries have been shown.\n\n", ""},
		{"no tuple", "tcp 6 10 SYN_SENT", "c:1: the original tuple has no src"},
		{"half a tuple", "\ntcp 6 10 SYN_SENT src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 src=192.0.2.2 dst=192.0.2.1 sport=2", "c:2: the reply tuple has no dport"},
		{"address", "tcp 6 10 SYN_SENT src=192.0.2 dst=192.0.2.2", `c:1: "192.0.2" is not an IP address`},
		{"port", "tcp 6 10 SYN_SENT src=192.0.2.1 sport=65536", "c:1: sport=65536 is not a number from 0 to 65535"},
		{"state", "tcp 6 10 WAITING src=192.0.2.1", `c:1: "WAITING" is not a state of conntrack`},
		{"protocol", "tcp 17 10 src=192.0.2.1", "c:1: tcp is protocol 6, not 17"},
		{"three tuples", "unknown 2 5 src=192.0.2.1 dst=192.0.2.2 src=192.0.2.2 dst=192.0.2.1 src=192.0.2.1", "c:1: there are more than two tuples"},
		{"counter", "unknown 2 5 src=192.0.2.1 dst=192.0.2.2 packets=x", "c:1: packets=x is no number"},
		{"other text", "hello", "c:1: a protocol, its number and two tuples are expected"},
		{"a word too many", "unknown 2 5 src=192.0.2.1 dst=192.0.2.2 ASSURED", `c:1: "ASSURED" is not expected here`},
		{"a long line", "\n" + strings.Repeat("x", 1<<17), "c:2: the line is longer than 65536 bytes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			entries, err := flows.ReadConntrack(strings.NewReader(tt.text), "c")
			var got []string
			for i := range entries {
				got = append(got, describeEntry(&entries[i]))
			}
			if err != nil {
				got = append(got, err.Error())
			}
			if text := strings.Join(got, "\n"); text != tt.want {
				t.Errorf("got  %s\nwant %s", text, tt.want)
			}
		})
	}
}

func describeEntry(e *flows.ConntrackEntry) string {
	tuple := func(u flows.Tuple) string {
		return fmt.Sprintf("%s:%d>%s:%d", u.Source(), u.Sport, u.Destination(), u.Dport)
	}
	text := fmt.Sprintf("%d %s %s as %s", e.Original.Protocol, e.State, tuple(e.Original), tuple(e.Translated()))
	for _, flag := range []struct {
		name string
		set  bool
	}{{"replied", e.Replied}, {"assured", e.Assured}, {"ended", e.Ended}, {fmt.Sprintf("zone %d", e.Zone), e.Zone != 0},
		{fmt.Sprintf("%d/%d %d/%d", e.Packets[0], e.Bytes[0], e.Packets[1], e.Bytes[1]), e.Counted}} {
		if flag.set {
			text += " " + flag.name
		}
	}
	return text
}

func FuzzReadConntrack(f *testing.F) {
	f.Add("tcp      6 106 TIME_WAIT src=192.0.2.1 dst=203.0.113.9 sport=50000 dport=80 src=203.0.113.9 dst=198.51.100.1 sport=80 dport=1024 [ASSURED] mark=0 use=1")
	f.Add("ipv4     2 icmp     1 18 src=192.0.2.1 dst=203.0.113.9 type=8 code=0 id=141 src=203.0.113.9 dst=198.51.100.1 type=0 code=0 id=7 mark=0 zone=5 use=2")
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := flows.ReadConntrack(strings.NewReader(text), "c")
		if err != nil && !strings.HasPrefix(err.Error(), "c:") {
			t.Errorf("an error without a place: %v", err)
		}
		for i := range entries {
			e := &entries[i]
			if back := e.Translated(); back.Reverse() != e.Reply {
				t.Errorf("line %d: %v is not the reverse of %v", e.Line, back, e.Reply)
			}
		}
	})
}

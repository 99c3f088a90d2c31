package flows_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// Lines have the form of conntrack -L -o extended, which was compared with what that tool prints of a kernel
// with zones of one direction and of both.
func TestConntrackText(t *testing.T) {
	s := new(scene)
	for i, c := range conversation {
		s.at("p", append([]craft.Layer{craft.MPLS{Label: uint32(100 + 100*c.direction)}}, talk(c.direction, 0, s.nextID(), c.tcp, c.payload)...)...)
		if i == 0 {
			s.at("p", craft.IPv4{ID: s.nextID()}, craft.UDP{Src: 35533, Dst: 5555}, craft.Payload("x"))
		}
	}
	for d, kind := range []uint8{128, 129} {
		ends := [2]string{"2001:db8::1", "2001:db8::2"}
		s.at("p", craft.IPv6{Src: ends[d], Dst: ends[1-d]}, craft.ICMPv6{Type: kind, Rest: craft.Echo(2102, 1)})
	}
	s.at("p", craft.IPv4{ID: s.nextID()}, craft.ICMP{Type: 8, Rest: craft.Echo(2101, 1)})
	s.at("p", craft.IPv4{ID: s.nextID()}, craft.GRE{Protocol: 0x88b5}, craft.Payload("x"))
	s.at("p", craft.IPv4{ID: s.nextID(), Protocol: 253}, craft.Payload("x"))
	s.at("p", craft.VLAN{ID: 1}, craft.IPv4{ID: s.nextID()}, craft.SCTP{Src: 1, Dst: 2, Tag: 0, Chunks: []craft.Chunk{{Type: 1, Value: make([]byte, 16)}}})
	var got []string
	s.play(t, flows.Options{}, 1, 1).Connections(func(c *flows.Connection) bool {
		got = append(got, string(c.AppendConntrack(nil)))
		return true
	})
	want := []string{
		"ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.0.0.2 sport=40000 dport=80 zone-orig=1 packets=4 bytes=168 src=10.0.0.2 dst=10.0.0.1 sport=80 dport=40000 zone-reply=3 packets=2 bytes=86 [ASSURED] mark=0 use=1",
		"ipv4     2 udp      17 29 src=192.0.2.1 dst=192.0.2.2 sport=35533 dport=5555 packets=1 bytes=29 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 sport=5555 dport=35533 packets=0 bytes=0 mark=0 zone=2 use=1",
		"ipv6     10 icmpv6   58 29 src=2001:db8::1 dst=2001:db8::2 type=128 code=0 id=2102 packets=1 bytes=48 src=2001:db8::2 dst=2001:db8::1 type=129 code=0 id=2102 packets=1 bytes=48 mark=0 zone=2 use=1",
		"ipv4     2 icmp     1 29 src=192.0.2.1 dst=192.0.2.2 type=8 code=0 id=2101 packets=1 bytes=28 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 type=0 code=0 id=2101 packets=0 bytes=0 mark=0 zone=2 use=1",
		"ipv4     2 gre      47 29 src=192.0.2.1 dst=192.0.2.2 srckey=0x0 dstkey=0x0 packets=1 bytes=25 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 srckey=0x0 dstkey=0x0 packets=0 bytes=0 mark=0 zone=2 use=1",
		"ipv4     2 unknown  253 599 src=192.0.2.1 dst=192.0.2.2 packets=1 bytes=21 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 packets=0 bytes=0 mark=0 zone=2 use=1",
		"ipv4     2 sctp     132 10 CLOSED src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 packets=1 bytes=52 [UNREPLIED] src=192.0.2.2 dst=192.0.2.1 sport=2 dport=1 packets=0 bytes=0 mark=0 zone=4 use=1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

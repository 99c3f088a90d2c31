package reports

import (
	"testing"

	"pktscope/internal/craft"
)

// hop is a frame between two MAC addresses with a packet between two IP addresses, all given by their last byte.
func hop(fromMAC, toMAC, from, to int, ttl uint8) []craft.Layer {
	ip := hosts(from, to)
	ip.TTL = ttl
	return []craft.Layer{craft.Ethernet{Src: mac(fromMAC), Dst: mac(toMAC)}, ip, craft.UDP{Src: 1, Dst: 2}}
}

func TestVIPs(t *testing.T) {
	for _, tt := range []struct {
		name    string
		scene   func(s *bench)
		want    []string // address, segment, kind, servers, direct return, in, out
		servers []string // MAC, tunnel end, role, in, its share, out, its share
	}{
		{"hosts", func(s *bench) {
			s.at(0, "p", hop(1, 2, 1, 2, 64)...)
			s.at(1, "p", hop(2, 1, 2, 1, 128)...)
		}, nil, nil},
		{"two servers of one address", func(s *bench) {
			for n := range 8 {
				server := 100 + n%4/3 // three in four go to the first
				s.at(2*n, "p", hop(1, server, 1, 10, 64)...)
				s.at(2*n+1, "p", hop(server, 1, 10, 1, 64)...)
			}
		}, []string{"10.0.0.10 untagged shared 2 false 8 8"},
			[]string{mac(100) + " - server 6 0.75 6 0.75", mac(101) + " - server 2 0.25 2 0.25"}},
		{"one after the other", func(s *bench) {
			for n := range 8 {
				server := 100 + n/4
				s.at(1000*n, "p", hop(1, server, 1, 10, 64)...)
				s.at(1000*n+1, "p", hop(server, 1, 10, 1, 64)...)
			}
		}, []string{"10.0.0.10 untagged failover 2 false 8 8"},
			[]string{mac(100) + " - server 4 0.5 4 0.5", mac(101) + " - server 4 0.5 4 0.5"}},
		{"direct server return, all hops captured", func(s *bench) {
			for n := range 4 {
				server := 100 + n%2
				s.at(3*n, "p", hop(1, 50, 1, 10, 64)...)
				s.at(3*n+1, "p", hop(50, server, 1, 10, 64)...)
				s.at(3*n+2, "p", hop(server, 1, 10, 1, 64)...)
			}
		}, []string{"10.0.0.10 untagged shared 3 true 8 4"}, []string{
			mac(100) + " - server 2 0.25 2 0.5", mac(101) + " - server 2 0.25 2 0.5", mac(50) + " - receives only 4 0.5 0 0",
		}},
		{"direct server return of one server, seen at the client", func(s *bench) {
			s.at(0, "p", hop(1, 50, 1, 10, 64)...)
			s.at(1, "p", hop(100, 1, 10, 1, 64)...)
		}, []string{"10.0.0.10 untagged direct return 2 true 1 1"}, []string{mac(100) + " - sends only 0 0 1 1", mac(50) + " - receives only 1 1 0 0"}},
		{"two routers to one address far away", func(s *bench) {
			s.at(0, "p", hop(1, 50, 1, 10, 64)...)
			s.at(1, "p", hop(51, 1, 10, 1, 57)...)
		}, nil, nil},
		{"routers send for many", func(s *bench) {
			for n := range 12 {
				s.at(2*n, "p", hop(1, 50, 1, 100+n, 64)...)
				s.at(2*n+1, "p", hop(51, 1, 100+n, 1, 64)...)
			}
		}, nil, nil},
		{"both sides of a router", func(s *bench) {
			s.at(0, "p", hop(1, 50, 1, 10, 64)...)
			s.at(1, "p", hop(51, 2, 1, 10, 63)...)
			s.at(2, "p", hop(2, 51, 10, 1, 64)...)
			s.at(3, "p", hop(50, 1, 10, 1, 63)...)
		}, nil, nil},
		{"the same address of two tenants", func(s *bench) {
			s.at(0, "p", tagged(1, hop(100, 1, 10, 1, 64))...)
			s.at(1, "p", tagged(2, hop(101, 1, 10, 1, 64))...)
		}, nil, nil},
		{"one gateway behind each tunnel end", func(s *bench) {
			s.at(0, "p", overVXLAN(1, 9, 7, hop(80, 1, 10, 1, 64))...)
			s.at(1, "p", overVXLAN(2, 9, 7, hop(80, 1, 10, 1, 64))...)
			s.at(2, "p", overVXLAN(1, 9, 7, hop(80, 1, 10, 1, 64))...)
		}, []string{"10.0.0.10 vxlan 7 anycast 2 false 0 3"}, []string{
			mac(80) + " 172.16.0.1 server 0 - 2 0.666667", mac(80) + " 172.16.0.2 server 0 - 1 0.333333",
		}},
		{"an answer of ARP that was out of date", func(s *bench) {
			s.at(0, "p", hop(1, 99, 1, 10, 64)...)
			for n := 1; n < 4; n++ {
				s.at(1000*n, "p", hop(10, 1, 10, 1, 64)...)
				s.at(1000*n+1, "p", hop(1, 10, 1, 10, 64)...)
			}
		}, nil, nil},
		{"what a mirror carries is where it was", func(s *bench) {
			for n, route := range [][2]int{{1, 10}, {10, 1}} {
				sequence := uint32(n)
				frame := hop(route[0], route[1], route[0], route[1], 64)
				s.at(n, "p", append([]craft.Layer{eth1, ends(1, 2), craft.GRE{Sequence: &sequence}, craft.ERSPAN{Session: 3}}, frame...)...)
			}
		}, nil, nil},
		{"everybody's own addresses", func(s *bench) {
			for n, address := range []string{"127.0.0.1", "169.254.1.1", "0.0.0.0"} {
				for server := range 2 {
					s.at(n, "p", craft.Ethernet{Src: mac(60 + server)}, craft.IPv4{Src: address, Dst: "10.0.0.9"}, craft.UDP{})
				}
			}
		}, nil, nil},
		{"VRRP, by ARP", func(s *bench) {
			for n, from := range []string{mac(60), mac(61)} {
				s.at(1000*n, "p", craft.Ethernet{Src: from, Dst: everybody}, craft.ARP{SenderMAC: from, SenderIP: "10.0.0.10", TargetIP: "10.0.0.10"})
			}
		}, []string{"10.0.0.10 untagged failover 2 false 0 0"}, []string{mac(60) + " - server 0 - 0 -", mac(61) + " - server 0 - 0 -"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var s bench
			tt.scene(&s)
			tables := count(t, "vips", setup{groups: maxGroups}, s.frames)
			wantLines(t, tables[0], "address segment kind servers direct_return packets_in packets_out", tt.want...)
			wantLines(t, tables[1], "mac end role packets_in in_share packets_out out_share", tt.servers...)
		})
	}
}

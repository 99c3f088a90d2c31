package reports

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/flows"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// scene is frames at capture points, in capture order, a millisecond apart unless something else is said.
type scene struct {
	frames []pcaps.Frame
	points map[string]*pcaps.Interface
	now    int64
	id     uint16

	tenants string // a file that names them, empty for none
	bonds   []Bond
}

// at adds a frame of those layers behind Ethernet, which may be the first of them.
func (s *scene) at(point string, layers ...craft.Layer) {
	if _, ok := layers[0].(craft.Ethernet); !ok {
		layers = append([]craft.Layer{craft.Ethernet{}}, layers...)
	}
	s.frame(point, craft.Packet(layers...))
}

func (s *scene) frame(point string, b []byte) {
	if s.points == nil {
		s.points = map[string]*pcaps.Interface{}
	}
	i := s.points[point]
	if i == nil {
		i = &pcaps.Interface{File: "scene.pcapng", ID: len(s.points), Name: point, LinkType: 1, FCSLen: -1}
		s.points[point] = i
	}
	s.now += 1e6
	s.frames = append(s.frames, pcaps.Frame{Data: b, WireLen: len(b), Time: 1_700_000_000e9 + s.now, Interface: i})
}

func (s *scene) wait(ns int64)  { s.now += ns }
func (s *scene) nextID() uint16 { s.id++; return s.id }

// ip is an IPv4 header with an identification of its own.
func (s *scene) ip(src, dst string) craft.IPv4 { return craft.IPv4{Src: src, Dst: dst, ID: s.nextID()} }

// find returns what is found, with blocks of so many packets. If they are of several, somebody asks behind each.
func (s *scene) find(t testing.TB, o FindingOptions, block int) []Finding {
	t.Helper()
	return s.search(t, o, block).Findings()
}

func (s *scene) search(t testing.TB, o FindingOptions, block int) *Set {
	t.Helper()
	in := inputOf(s.frames, 0)
	options := Options{Findings: o, Bonds: s.bonds}
	if s.tenants != "" {
		tenants, err := flows.ParseTenants("tenants.yaml", []byte(s.tenants))
		if err != nil {
			t.Fatal(err)
		}
		options.Flows.Tenants = tenants
	}
	set, err := NewSet([]string{"findings"}, nil, options)
	if err != nil {
		t.Fatal(err)
	}
	err = Read(in, Options{}, consumer(func(p *dissect.Packet) error {
		switch {
		case set.Packets()%uint64(block) != 0:
		case block > 1:
			set.Findings()
		default:
			set.flush()
		}
		return set.Packet(p)
	}))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// chat is a TCP connection that goes well, with so many bytes from the server, at a capture point, the layers of a tunnel around it.
func (s *scene) chat(point, client string, sport uint16, server string, port uint16, bytes int, around ...craft.Layer) {
	s.open(point, client, sport, server, port, around...)
	seq := uint32(501)
	for bytes > 0 {
		n := min(bytes, 1000)
		s.tcp(point, server, port, client, sport, craft.PSH|craft.ACK, seq, 101, n, around...)
		bytes -= n
		seq += uint32(n)
		s.tcp(point, client, sport, server, port, craft.ACK, 101, seq, 0, around...)
	}
	s.tcp(point, client, sport, server, port, craft.FIN|craft.ACK, 101, seq, 0, around...)
	s.tcp(point, server, port, client, sport, craft.FIN|craft.ACK, seq, 102, 0, around...)
	s.tcp(point, client, sport, server, port, craft.ACK, 102, seq+1, 0, around...)
}

// open is a handshake.
func (s *scene) open(point, client string, sport uint16, server string, port uint16, around ...craft.Layer) {
	s.tcp(point, client, sport, server, port, craft.SYN, 100, 0, 0, around...)
	s.tcp(point, server, port, client, sport, craft.SYN|craft.ACK, 500, 101, 0, around...)
	s.tcp(point, client, sport, server, port, craft.ACK, 101, 501, 0, around...)
}

func (s *scene) tcp(point, src string, sport uint16, dst string, dport uint16, flags uint16, seq, ack uint32, payload int, around ...craft.Layer) {
	h := craft.TCP{Src: sport, Dst: dport, Flags: flags, Seq: seq, Ack: ack}
	if flags&craft.SYN != 0 {
		h.Options = []byte{2, 4, 5, 180} // MSS 1460
	}
	layers := append(slices.Clone(around), s.ip(src, dst), h)
	if payload > 0 {
		layers = append(layers, craft.Payload(strings.Repeat("x", payload)))
	}
	s.at(point, layers...)
}

// echo is a ping, answered or not.
func (s *scene) echo(point, src, dst string, id, seq uint16, answered bool) {
	rest := uint32(id)<<16 | uint32(seq)
	s.at(point, s.ip(src, dst), craft.ICMP{Type: 8, Rest: rest}, craft.Payload("abcdefgh"))
	if answered {
		s.at(point, s.ip(dst, src), craft.ICMP{Rest: rest}, craft.Payload("abcdefgh"))
	}
}

// vxlan is what stands around a packet in a VXLAN tunnel.
func (s *scene) vxlan(src, dst string, port uint16) []craft.Layer {
	return []craft.Layer{s.ip(src, dst), craft.UDP{Src: port, Dst: 4789, Sum: craft.Zero}, craft.VXLAN{VNI: 100}, craft.Ethernet{}}
}

func flip(b []byte, at int, mask byte) []byte {
	b = slices.Clone(b)
	b[at] ^= mask
	return b
}

func address(format string, i int) string { return fmt.Sprintf(format, i) }

// findingScenes has for each kind what raises it, and what looks like it and must not.
var findingScenes = []struct {
	kind   findingID
	name   string
	raised Severity // numSeverities for not at all
	play   func(*scene)
}{
	{foundStorm, "broadcasts of many hosts", Critical, func(s *scene) {
		for i := range 600 {
			s.at("tap", craft.Ethernet{Src: address("02:00:00:00:01:%02x", i%200), Dst: "ff:ff:ff:ff:ff:ff"}, craft.VLAN{ID: 7}, s.ip("10.0.0.1", "10.0.0.255"), craft.UDP{Src: 1, Dst: 2})
			s.now -= 0.5e6
		}
	}},
	{foundStorm, "a stream of IP multicast", numSeverities, func(s *scene) {
		for range 600 {
			s.at("tap", craft.Ethernet{Dst: "01:00:5e:01:02:03"}, s.ip("10.0.0.1", "239.1.2.3"), craft.UDP{Src: 5004, Dst: 5004}, craft.Payload("frame"))
			s.now -= 0.5e6
		}
	}},
	{foundStorm, "broadcasts over minutes", numSeverities, func(s *scene) {
		for range 600 {
			s.at("tap", craft.Ethernet{Dst: "ff:ff:ff:ff:ff:ff"}, s.ip("10.0.0.1", "10.0.0.255"), craft.UDP{Src: 1, Dst: 2})
			s.wait(200e6)
		}
	}},
	{foundLoop, "an ARP request that comes back", Critical, func(s *scene) {
		for range 50 {
			s.at("tap", craft.Ethernet{Dst: "ff:ff:ff:ff:ff:ff"}, craft.VLAN{ID: 7}, craft.ARP{SenderIP: "10.0.0.1", TargetIP: "10.0.0.2"})
		}
	}},
	{foundLoop, "BPDUs, LACP, VRRP, gratuitous ARP, RARP of a hypervisor", numSeverities, func(s *scene) {
		for range 50 {
			s.at("tap", craft.Ethernet{Dst: "01:80:c2:00:00:00"}, craft.LLC{DSAP: 0x42, SSAP: 0x42}, craft.Payload("bpdu"))
			s.at("tap", craft.Ethernet{Dst: "01:80:c2:00:00:02", Type: 0x8809}, craft.Payload("lacp"))
			s.at("tap", craft.Ethernet{Dst: "01:00:5e:00:00:12"}, craft.IPv4{Src: "10.0.0.1", Dst: "224.0.0.18", Protocol: 112}, craft.Payload("vrrp"))
			s.at("tap", craft.Ethernet{Dst: "ff:ff:ff:ff:ff:ff"}, craft.ARP{SenderIP: "10.0.0.1", TargetIP: "10.0.0.1"})
			s.at("tap", craft.Ethernet{Dst: "ff:ff:ff:ff:ff:ff", Type: 0x8035}, craft.ARP{Operation: 3, SenderIP: "0.0.0.0", TargetIP: "0.0.0.0"})
		}
	}},
	{foundLoop, "a mirror that shows each frame four times", numSeverities, func(s *scene) {
		for range 50 {
			b := craft.Packet(craft.Ethernet{Dst: "ff:ff:ff:ff:ff:ff"}, s.ip("10.0.0.1", "255.255.255.255"), craft.UDP{Src: 68, Dst: 67})
			for range 4 {
				s.frame("tap", b)
			}
		}
	}},
	{foundLoop, "a request that is sent again each second", numSeverities, func(s *scene) {
		for range 50 {
			s.at("tap", craft.Ethernet{Dst: "ff:ff:ff:ff:ff:ff"}, craft.ARP{SenderIP: "10.0.0.1", TargetIP: "10.0.0.2"})
			s.wait(1e9)
		}
	}},
	{foundRoutingLoop, "a packet that comes back with a lower TTL", Critical, func(s *scene) {
		for ttl := 64; ttl > 0; ttl -= 2 {
			s.at("tap", craft.IPv4{Src: "10.0.0.1", Dst: "10.9.9.9", ID: 77, TTL: uint8(ttl)}, craft.UDP{Src: 4000, Dst: 5000}, craft.Payload("around and around"))
		}
	}},
	{foundRoutingLoop, "the same in IPv6, in a VLAN", Critical, func(s *scene) {
		for ttl := 63; ttl > 0; ttl -= 2 {
			s.at("tap", craft.VLAN{ID: 5}, craft.IPv6{HopLimit: uint8(ttl)}, craft.UDP{Src: 4000, Dst: 5000}, craft.Payload("around and around"))
		}
	}},
	{foundRoutingLoop, "traceroute", numSeverities, func(s *scene) {
		for ttl := 30; ttl > 0; ttl-- {
			s.at("tap", craft.IPv4{Src: "10.0.0.1", Dst: "10.9.9.9", ID: s.nextID(), TTL: uint8(ttl)}, craft.UDP{Src: 4000, Dst: 33434 + uint16(ttl)}, craft.Payload("probe"))
		}
	}},
	{foundRoutingLoop, "both sides of a router, and a mirror", numSeverities, func(s *scene) {
		for range 10 {
			id := s.nextID()
			for _, ttl := range []uint8{20, 20, 19, 19} {
				s.at("tap", craft.IPv4{Src: "10.0.0.1", Dst: "10.9.9.9", ID: id, TTL: ttl}, craft.UDP{Src: 4000, Dst: 5000}, craft.Payload("once"))
			}
		}
	}},
	{foundDuplicateAddress, "two machines answer", Critical, func(s *scene) {
		for range 4 {
			for _, mac := range []string{"02:00:00:00:00:0a", "02:00:00:00:00:0b"} {
				s.at("tap", craft.Ethernet{Src: mac}, craft.VLAN{ID: 5}, craft.ARP{Operation: 2, SenderMAC: mac, SenderIP: "10.0.0.5", TargetMAC: "02:00:00:00:00:01", TargetIP: "10.0.0.1"})
			}
			s.wait(1e9)
		}
	}},
	{foundDuplicateAddress, "the same in IPv6", Critical, func(s *scene) {
		for range 4 {
			for _, mac := range []string{"02:00:00:00:00:0a", "02:00:00:00:00:0b"} {
				option := append([]byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 1}, 2, 0, 0, 0, 0, mac[16]-'0')
				s.at("tap", craft.Ethernet{Src: mac}, craft.IPv6{HopLimit: 255, Dst: "ff02::1"}, craft.ICMPv6{Type: 136, Rest: 0x20000000}, craft.Payload(option))
			}
		}
	}},
	{foundDuplicateAddress, "a VIP that moves and moves back", numSeverities, func(s *scene) {
		for _, mac := range []string{"02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:0a"} {
			for range 5 {
				s.at("tap", craft.Ethernet{Src: mac, Dst: "ff:ff:ff:ff:ff:ff"}, craft.ARP{SenderMAC: mac, SenderIP: "10.0.0.5", TargetIP: "10.0.0.5"})
			}
			s.wait(300e9)
		}
	}},
	{foundDuplicateAddress, "VRRP, an anycast gateway, an address in two VLANs", numSeverities, func(s *scene) {
		for i := range 10 {
			for k, mac := range []string{"02:00:00:00:00:0a", "00:00:5e:00:01:07"} {
				s.at("tap", craft.Ethernet{Src: mac}, craft.ARP{Operation: 2, SenderMAC: mac, SenderIP: "10.0.0.5", TargetMAC: "02:00:00:00:00:01", TargetIP: "10.0.0.1"})
				vlan := craft.VLAN{ID: uint16(1 + k)}
				own := address("02:00:00:00:00:0%x", 1+k)
				s.at("tap", craft.Ethernet{Src: own}, vlan, craft.ARP{SenderMAC: own, SenderIP: "10.1.0.1", TargetIP: address("10.1.0.%d", 2+i)})
			}
		}
	}},
	{foundDuplicateAddress, "a bond that tells each asker another member", numSeverities, func(s *scene) {
		for i := range 20 {
			mac := address("02:00:00:00:00:0%x", i%2)
			s.at("tap", craft.Ethernet{Src: mac}, craft.ARP{Operation: 2, SenderMAC: mac, SenderIP: "10.0.0.5", TargetMAC: address("02:00:00:00:00:1%x", i%2), TargetIP: "10.0.0.1"})
		}
	}},
	{foundNATExhausted, "five ports, and a sixth connection", Critical, func(s *scene) {
		for i := range 12 {
			ask := func(point, src string, port uint16, ttl uint8, id uint16) {
				s.at(point, craft.IPv4{Src: src, Dst: "203.0.113.9", TTL: ttl, ID: id}, craft.UDP{Src: port, Dst: 53}, craft.Payload(address("a question, number %d", i)))
			}
			id := s.nextID()
			ask("lan", "192.168.1.7", uint16(50000+7*i), 64, id)
			if i < 5 {
				ask("wan", "203.0.113.2", uint16(40000+i), 63, id)
				answer := func(point, dst string, port uint16, ttl uint8) {
					s.at(point, craft.IPv4{Src: "203.0.113.9", Dst: dst, TTL: ttl, ID: 9000 + id}, craft.UDP{Src: 53, Dst: port}, craft.Payload(address("an answer, number %d", i)))
				}
				answer("wan", "203.0.113.2", uint16(40000+i), 64)
				answer("lan", "192.168.1.7", uint16(50000+7*i), 63)
			}
		}
	}},
	{foundNATFailure, "a translator that leaves some out", Warning, func(s *scene) {
		for i := range 20 {
			ask := func(point, src string, port uint16, ttl uint8, id uint16) {
				s.at(point, craft.IPv4{Src: src, Dst: "203.0.113.9", TTL: ttl, ID: id}, craft.UDP{Src: port, Dst: 53}, craft.Payload(address("a question, number %d", i)))
			}
			id := s.nextID()
			ask("lan", "192.168.1.7", uint16(50000+7*i), 64, id)
			if i%2 == 0 {
				ask("wan", "203.0.113.2", uint16(20000+777*i), 63, id)
			}
		}
	}},
	{foundNATFailure, "a server that does not answer behind a translator", numSeverities, func(s *scene) {
		for i := range 20 {
			id := s.nextID()
			for k, src := range []string{"192.168.1.7", "203.0.113.2"} {
				s.at([]string{"lan", "wan"}[k], craft.IPv4{Src: src, Dst: "203.0.113.9", TTL: uint8(64 - k), ID: id}, craft.UDP{Src: uint16(50000 + 7*i), Dst: 53},
					craft.Payload(address("a question, number %d", i)))
			}
		}
	}},
	{foundSYNFlood, "SYNs from everywhere", Critical, func(s *scene) {
		for i := range 200 {
			client := fmt.Sprintf("198.51.%d.%d", i/100, i%100+1)
			s.tcp("tap", client, uint16(1000+i), "10.0.0.5", 80, craft.SYN, 100, 0, 0)
			s.tcp("tap", "10.0.0.5", 80, client, uint16(1000+i), craft.SYN|craft.ACK, 500, 101, 0)
		}
	}},
	{foundSYNFlood, "many connections that go well", numSeverities, func(s *scene) {
		for i := range 200 {
			s.chat("tap", fmt.Sprintf("198.51.%d.%d", i/100, i%100+1), uint16(1000+i), "10.0.0.5", 80, 500)
		}
	}},
	{foundBlackhole, "pings that nobody answers, while others are", Warning, func(s *scene) {
		for i := range 8 {
			s.echo("tap", "10.0.0.1", "10.0.0.9", 7, uint16(i), false)
			s.echo("tap", "10.0.0.1", "10.0.0.2", 8, uint16(i), true)
		}
	}},
	{foundBlackhole, "SYNs that nobody answers, while others are", Warning, func(s *scene) {
		for i := range 3 {
			for range 3 {
				s.tcp("tap", "10.0.0.1", uint16(4000+i), "10.0.0.9", 443, craft.SYN, 100, 0, 0)
				s.wait(1e9)
			}
		}
		s.chat("tap", "10.0.0.1", 5000, "10.0.0.2", 443, 500)
	}},
	{foundBlackhole, "where one direction is mirrored", numSeverities, func(s *scene) {
		for i := range 8 {
			s.echo("tap", "10.0.0.1", "10.0.0.9", 7, uint16(i), false)
		}
	}},
	{foundBlackhole, "on one way of two", Info, func(s *scene) {
		for i := range 8 {
			s.echo("tap", "10.0.0.1", "10.0.0.9", 7, uint16(i), false)
			s.at("tap", s.ip("10.0.0.8", "10.0.0.1"), craft.ICMP{Rest: uint32(i)}, craft.Payload("abcdefgh")) // the answer to what came another way
			s.echo("tap", "10.0.0.1", "10.0.0.2", 8, uint16(i), true)
		}
	}},
	{foundBlackhole, "a sender of syslog and one that was answered later", numSeverities, func(s *scene) {
		for i := range 8 {
			s.at("tap", s.ip("10.0.0.1", "10.0.0.9"), craft.UDP{Src: 514, Dst: 514}, craft.Payload("<14>all is well"))
			s.echo("tap", "10.0.0.1", "10.0.0.2", 8, uint16(i), i > 5)
		}
	}},
	{foundPMTU, "a sender that does not heed its router", Warning, func(s *scene) {
		for i := range 5 {
			quoted := craft.Packet(craft.IPv4{Src: "10.0.0.1", Dst: "10.9.9.9", DontFragment: true, ID: uint16(i)}, craft.TCP{Src: 4000, Dst: 80, Seq: uint32(i)})
			s.at("tap", s.ip("10.0.0.254", "10.0.0.1"), craft.ICMP{Type: 3, Code: 4, Rest: 1400}, craft.Payload(quoted))
			s.wait(1e9)
		}
	}},
	{foundPMTU, "a window that was on the way when the sender was told", numSeverities, func(s *scene) {
		for range 3 {
			for i := range 10 {
				quoted := craft.Packet(craft.IPv4{Src: "10.0.0.1", Dst: "10.9.9.9", DontFragment: true, ID: uint16(i)}, craft.TCP{Src: 4000, Dst: 80, Seq: uint32(i)})
				s.at("tap", s.ip("10.0.0.254", "10.0.0.1"), craft.ICMP{Type: 3, Code: 4, Rest: 1400}, craft.Payload(quoted))
			}
			s.wait(600e9)
		}
	}},
	{foundPMTU, "large segments that never arrive", Warning, func(s *scene) {
		s.open("tap", "10.0.0.1", 4000, "10.0.0.9", 80)
		for range 5 {
			s.tcp("tap", "10.0.0.1", 4000, "10.0.0.9", 80, craft.ACK, 101, 501, 1400)
			s.wait(500e6)
		}
	}},
	{foundPMTU, "a sender that learns, and a segment that is lost once", numSeverities, func(s *scene) {
		quoted := craft.Packet(craft.IPv4{Src: "10.0.0.1", Dst: "10.9.9.9", DontFragment: true}, craft.TCP{Src: 4000, Dst: 80})
		s.at("tap", s.ip("10.0.0.254", "10.0.0.1"), craft.ICMP{Type: 3, Code: 4, Rest: 1400}, craft.Payload(quoted))
		s.open("tap", "10.0.0.1", 4000, "10.0.0.9", 80)
		for range 4 {
			s.tcp("tap", "10.0.0.1", 4000, "10.0.0.9", 80, craft.ACK, 101, 501, 1400)
			s.wait(500e6)
		}
		s.tcp("tap", "10.0.0.9", 80, "10.0.0.1", 4000, craft.ACK, 501, 1501, 0)
	}},
	{foundTTLExpired, "packets of connections that expire", Warning, func(s *scene) {
		for i := range 6 {
			quoted := craft.Packet(craft.IPv4{Src: "10.0.0.1", Dst: "10.9.9.9", ID: uint16(i), TTL: 1}, craft.TCP{Src: 4000, Dst: 80, Flags: craft.ACK})
			s.at("tap", s.ip("10.0.0.254", "10.0.0.1"), craft.ICMP{Type: 11}, craft.Payload(quoted))
		}
	}},
	{foundTTLExpired, "labels whose TTL is used up", Warning, func(s *scene) {
		for range 6 {
			s.at("tap", craft.MPLS{Label: 16009, TTL: 1}, s.ip("10.0.0.1", "10.9.9.9"), craft.UDP{Src: 1, Dst: 2})
		}
	}},
	{foundTTLExpired, "TRILL without hops", Warning, func(s *scene) {
		for range 6 {
			s.at("tap", craft.Edit(craft.TRILL{Ingress: 1, Egress: 2}, func(b []byte) { b[1] &^= 0x3f }), craft.Ethernet{}, s.ip("10.0.0.1", "10.9.9.9"), craft.UDP{Src: 1, Dst: 2})
		}
	}},
	{foundTTLExpired, "traceroute", Info, func(s *scene) {
		for i := range 9 {
			quoted := craft.Packet(craft.IPv4{Src: "10.0.0.1", Dst: "10.9.9.9", ID: uint16(i), TTL: 1}, craft.UDP{Src: 4000, Dst: uint16(33434 + i)})
			s.at("tap", s.ip("10.0.0.254", "10.0.0.1"), craft.ICMP{Type: 11}, craft.Payload(quoted))
			s.at("tap", craft.MPLS{Label: 16009, TTL: 1}, craft.IPv4{TTL: 3}, craft.UDP{Src: 4000, Dst: uint16(33434 + i)})
		}
	}},
	{foundOneBit, "a bit that flips", Warning, func(s *scene) {
		for i := range 10 {
			b := craft.Packet(craft.Ethernet{}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2}, craft.Payload("some payload"))
			if i%4 == 0 {
				b = flip(b, 50, 0x10)
			}
			s.frame("tap", b)
		}
	}},
	{foundOneBit, "payload that was changed altogether", numSeverities, func(s *scene) {
		for i := range 10 {
			b := craft.Packet(craft.Ethernet{}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2}, craft.Payload("some payload"))
			if i%4 == 0 {
				b = flip(b, 50, 0x3f)
			}
			s.frame("tap", b)
		}
	}},
	{foundBadChecksum, "payload that was changed altogether", Warning, func(s *scene) {
		for i := range 10 {
			b := craft.Packet(craft.Ethernet{}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2}, craft.Payload("some payload"))
			if i%4 == 0 {
				b = flip(b, 50, 0x3f)
			}
			s.frame("tap", b)
		}
	}},
	{foundBadChecksum, "a capture whose addresses were changed", Info, func(s *scene) {
		for range 10 {
			b := craft.Packet(craft.Ethernet{}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2}, craft.Payload("some payload"))
			s.frame("tap", flip(flip(b, 28, 0x5a), 29, 0x17))
		}
	}},
	{foundBadChecksum, "sums that the NIC owes, absent ones, what an error quotes", numSeverities, func(s *scene) {
		for range 10 {
			s.at("tap", s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2, Sum: craft.Partial}, craft.Payload("some payload"))
			s.at("tap", s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2, Sum: craft.Zero}, craft.Payload("some payload"))
			quoted := craft.Packet(s.ip("10.0.0.1", "10.9.9.9"), craft.UDP{Src: 1, Dst: 2}, craft.Payload("some payload"))
			s.at("tap", s.ip("10.0.0.254", "10.0.0.1"), craft.ICMP{Type: 3, Code: 1}, craft.Payload(flip(quoted, 30, 0x3f)))
		}
	}},
	{foundOffload, "sums that the NIC owes", Info, func(s *scene) {
		s.at("tap", s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2, Sum: craft.Partial}, craft.Payload("some payload"))
	}},
	{foundOffload, "good sums", numSeverities, func(s *scene) {
		s.at("tap", s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2}, craft.Payload("some payload"))
	}},
	{foundRetransmissions, "a path that loses", Warning, func(s *scene) {
		s.open("tap", "10.0.0.1", 4000, "10.0.0.9", 80)
		for i := range 60 {
			for k := range 2 {
				if k == 0 || i%2 == 0 {
					s.tcp("tap", "10.0.0.9", 80, "10.0.0.1", 4000, craft.ACK, 501+uint32(i)*100, 101, 100)
					s.wait(300e6)
				}
			}
			s.tcp("tap", "10.0.0.1", 4000, "10.0.0.9", 80, craft.ACK, 101, 601+uint32(i)*100, 0)
		}
	}},
	{foundRetransmissions, "a mirror that shows each frame twice", numSeverities, func(s *scene) {
		s.open("tap", "10.0.0.1", 4000, "10.0.0.9", 80)
		for i := range 60 {
			b := craft.Packet(craft.Ethernet{}, s.ip("10.0.0.9", "10.0.0.1"), craft.TCP{Src: 80, Dst: 4000, Flags: craft.ACK, Seq: 501 + uint32(i)*100, Ack: 101},
				craft.Payload(strings.Repeat("x", 100)))
			s.frame("tap", b)
			s.frame("tap", b)
			s.tcp("tap", "10.0.0.1", 4000, "10.0.0.9", 80, craft.ACK, 101, 601+uint32(i)*100, 0)
		}
	}},
	{foundRetransmissions, "keep-alives", numSeverities, func(s *scene) {
		s.open("tap", "10.0.0.1", 4000, "10.0.0.9", 80)
		for range 60 {
			s.tcp("tap", "10.0.0.1", 4000, "10.0.0.9", 80, craft.ACK, 100, 501, 0)
			s.tcp("tap", "10.0.0.9", 80, "10.0.0.1", 4000, craft.ACK, 501, 101, 0)
			s.wait(10e9)
		}
	}},
	{foundZeroWindow, "a receiver that stalls", Warning, func(s *scene) {
		s.open("tap", "10.0.0.1", 4000, "10.0.0.9", 80)
		s.tcp("tap", "10.0.0.9", 80, "10.0.0.1", 4000, craft.ACK, 501, 101, 1000)
		for range 5 {
			s.closed("tap", 1501)
			s.wait(300e6)
			s.tcp("tap", "10.0.0.9", 80, "10.0.0.1", 4000, craft.ACK, 1500, 101, 0) // a probe, as Linux sends it
		}
	}},
	{foundZeroWindow, "a window that opens again before anybody asks", Info, func(s *scene) {
		s.open("tap", "10.0.0.1", 4000, "10.0.0.9", 80)
		for i := range 5 {
			next := 501 + uint32(i)*1000
			s.tcp("tap", "10.0.0.9", 80, "10.0.0.1", 4000, craft.ACK, next, 101, 1000)
			s.closed("tap", next+1000)
			s.tcp("tap", "10.0.0.1", 4000, "10.0.0.9", 80, craft.ACK, 101, next+1000, 0)
		}
	}},
	{foundResets, "a service that does not run", Warning, func(s *scene) {
		for i := range 12 {
			s.tcp("tap", "10.0.0.1", uint16(4000+i), "10.0.0.9", 80, craft.SYN, 100, 0, 0)
			s.tcp("tap", "10.0.0.9", 80, "10.0.0.1", uint16(4000+i), craft.RST|craft.ACK, 0, 101, 0)
		}
	}},
	{foundResets, "connections that are cut off", Warning, func(s *scene) {
		for i := range 12 {
			s.open("tap", "10.0.0.1", uint16(4000+i), "10.0.0.9", 80)
			s.tcp("tap", "10.0.0.1", uint16(4000+i), "10.0.0.9", 80, craft.PSH|craft.ACK, 101, 501, 100)
			s.tcp("tap", "10.0.0.9", 80, "10.0.0.1", uint16(4000+i), craft.RST, 501, 0, 0)
		}
	}},
	{foundResets, "browsers that end with a reset what is finished", numSeverities, func(s *scene) {
		for i := range 12 {
			s.chat("tap", "10.0.0.1", uint16(4000+i), "10.0.0.9", 80, 100)
			s.tcp("tap", "10.0.0.1", uint16(4000+i), "10.0.0.9", 80, craft.RST, 102, 0, 0)
		}
	}},
	{foundScan, "a source that tries ports", Warning, func(s *scene) {
		for i := range 80 {
			s.tcp("tap", "198.51.100.1", 4000, "10.0.0.9", uint16(1+i), craft.SYN, 100, 0, 0)
			if i%2 == 0 {
				s.tcp("tap", "10.0.0.9", uint16(1+i), "198.51.100.1", 4000, craft.RST|craft.ACK, 0, 101, 0)
			}
		}
	}},
	{foundScan, "a proxy that talks to many", numSeverities, func(s *scene) {
		for i := range 80 {
			s.chat("tap", "10.0.0.1", uint16(4000+i), address("198.51.100.%d", 1+i), 443, 100)
		}
	}},
	{foundOneWayTunnel, "a peer that does not know this one", Warning, func(s *scene) {
		for i := range 120 {
			s.at("tap", append(s.vxlan("192.0.2.1", "192.0.2.9", uint16(50000+i)), s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})...)
		}
		s.at("tap", append(s.vxlan("192.0.2.1", "192.0.2.2", 50000), s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})...)
		s.at("tap", append(s.vxlan("192.0.2.2", "192.0.2.1", 50001), s.ip("10.0.0.2", "10.0.0.1"), craft.UDP{Src: 2, Dst: 1})...)
	}},
	{foundOneWayTunnel, "a mirror, a multicast group, and one direction of all", numSeverities, func(s *scene) {
		for i := range 120 {
			s.at("tap", append(s.vxlan("192.0.2.1", "192.0.2.9", uint16(50000+i)), s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})...)
			sequence := uint32(i)
			s.at("mirror", s.ip("192.0.2.3", "192.0.2.4"), craft.GRE{Sequence: &sequence}, craft.ERSPAN{VLAN: 1, Session: 1}, craft.Ethernet{}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
			s.at("mirror", append(s.vxlan("192.0.2.1", "239.0.0.1", uint16(50000+i)), s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})...)
		}
		s.at("mirror", append(s.vxlan("192.0.2.1", "192.0.2.2", 50000), s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})...)
		s.at("mirror", append(s.vxlan("192.0.2.2", "192.0.2.1", 50001), s.ip("10.0.0.2", "10.0.0.1"), craft.UDP{Src: 2, Dst: 1})...)
	}},
	{foundOneWayFlow, "a connection whose answers take another way", Warning, func(s *scene) {
		for i := range 120 {
			s.tcp("tap", "10.0.0.1", 4000, "10.0.0.9", 80, craft.ACK, 101+uint32(i)*100, 501, 100)
		}
		for i := range 3 {
			s.chat("tap", "10.0.0.1", uint16(5000+i), "10.0.0.2", 80, 500)
		}
	}},
	{foundOneWayFlow, "where one direction is mirrored", Info, func(s *scene) {
		for i := range 120 {
			s.tcp("tap", "10.0.0.1", 4000, "10.0.0.9", 80, craft.ACK, 101+uint32(i)*100, 501, 100)
		}
	}},
	{foundTunnelFragments, "packets around a tunnel that are too large", Warning, func(s *scene) {
		for range 12 {
			whole := craft.Packet(craft.UDP{Src: 50000, Dst: 4789, Sum: craft.Zero}, craft.VXLAN{VNI: 100}, craft.Ethernet{}, s.ip("10.0.0.1", "10.0.0.2"),
				craft.UDP{Src: 1, Dst: 2, Sum: craft.Zero}, craft.Payload(strings.Repeat("x", 1400)))
			id := s.nextID()
			s.at("tap", craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", ID: id, Protocol: 17, MoreFragments: true}, craft.Payload(whole[:1400]))
			s.at("tap", craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2", ID: id, Protocol: 17, FragmentOffset: 1400}, craft.Payload(whole[1400:]))
		}
	}},
	{foundTunnelFragments, "fragments inside of a tunnel", numSeverities, func(s *scene) {
		for range 12 {
			whole := craft.Packet(craft.UDP{Src: 1, Dst: 2, Sum: craft.Zero}, craft.Payload(strings.Repeat("x", 1600)))
			id := s.nextID()
			s.at("tap", append(s.vxlan("192.0.2.1", "192.0.2.2", 5), craft.IPv4{ID: id, Protocol: 17, MoreFragments: true}, craft.Payload(whole[:1400]))...)
			s.at("tap", append(s.vxlan("192.0.2.1", "192.0.2.2", 5), craft.IPv4{ID: id, Protocol: 17, FragmentOffset: 1400}, craft.Payload(whole[1400:]))...)
		}
	}},
	{foundESPGaps, "packets that were lost", Warning, func(s *scene) {
		for i := range 200 {
			if i%10 != 5 {
				s.at("tap", s.ip("192.0.2.1", "192.0.2.2"), craft.ESP{SPI: 0x1234, Sequence: uint32(i + 1)}, craft.Payload(strings.Repeat("s", 64)))
			}
		}
	}},
	{foundESPGaps, "packets that overtook others", numSeverities, func(s *scene) {
		for i := range 200 {
			s.at("tap", s.ip("192.0.2.1", "192.0.2.2"), craft.ESP{SPI: 0x1234, Sequence: uint32(i ^ 3)}, craft.Payload(strings.Repeat("s", 64)))
		}
	}},
	{foundESPReplays, "packets that came again", Warning, func(s *scene) {
		for i := range 20 {
			s.at("tap", s.ip("192.0.2.1", "192.0.2.2"), craft.ESP{SPI: 0x1234, Sequence: uint32(i%10 + 1)}, craft.Payload(strings.Repeat("s", 64)))
		}
	}},
	{foundESPReplays, "both sides of a router, and a new association with the same numbers", numSeverities, func(s *scene) {
		for i := range 20 {
			ip := s.ip("192.0.2.1", "192.0.2.2")
			for range 2 {
				s.at("tap", ip, craft.ESP{SPI: uint32(0x1234 + i/10), Sequence: uint32(i%10 + 1)}, craft.Payload(strings.Repeat("s", 64)))
				ip.TTL = 63
			}
		}
	}},
	{foundMACFlapping, "one machine behind two tunnel ends", Warning, func(s *scene) {
		for i := range 8 {
			around := s.vxlan(address("192.0.2.%d", 1+i%2), "192.0.2.9", 50000)
			around[3] = craft.Ethernet{Src: "02:00:00:00:00:77"}
			s.at("tap", append(around, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})...)
		}
	}},
	{foundMACFlapping, "one machine at two ports", Warning, func(s *scene) {
		for i := range 8 {
			for range 3 {
				s.at(address("port%d", 1+i%2), craft.Ethernet{Src: "02:00:00:00:00:77"}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
			}
			s.wait(3e9)
		}
	}},
	{foundMACFlapping, "a machine that moves, a router in several VLANs, a path over two points, members of a bond", numSeverities, func(s *scene) {
		for i := range 20 {
			around := s.vxlan(address("192.0.2.%d", 1+i/10), "192.0.2.9", 50000)
			around[3] = craft.Ethernet{Src: "02:00:00:00:00:77"}
			s.at("tap", append(around, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})...)
			s.at("tap", craft.Ethernet{Src: "02:00:00:00:00:66"}, craft.VLAN{ID: uint16(5 + i%3)}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
			for _, port := range []string{"port1", "port2"} {
				s.at(port, craft.Ethernet{Src: "02:00:00:00:00:88"}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
			}
			lacp := append([]byte{1, 1, 1, 20}, "prioritysystemkey"...)
			for _, port := range []string{"bond1", "bond2"} {
				s.at(port, craft.Ethernet{Src: "02:00:00:00:00:99", Dst: "01:80:c2:00:00:02", Type: 0x8809}, craft.Payload(lacp))
			}
			s.at(address("bond%d", 1+i%2), craft.Ethernet{Src: "02:00:00:00:00:55"}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
			s.wait(3e9)
		}
	}},
	{foundUnknownUnicast, "floods beside what two hosts say", Warning, func(s *scene) {
		for i := range 1500 {
			s.at("tap", craft.Ethernet{}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
			s.at("tap", craft.Ethernet{Src: "02:00:00:00:00:02", Dst: "02:00:00:00:00:01"}, s.ip("10.0.0.2", "10.0.0.1"), craft.UDP{Src: 2, Dst: 1})
			s.at("tap", craft.Ethernet{Src: "02:00:00:00:00:03", Dst: address("02:00:00:00:01:%02x", i%20)}, s.ip("10.0.0.3", "10.0.0.4"), craft.UDP{Src: 1, Dst: 2})
		}
	}},
	{foundUnknownUnicast, "one direction of all; a router whose answers take another way", numSeverities, func(s *scene) {
		for i := range 1500 {
			s.at("mirror", craft.Ethernet{Src: "02:00:00:00:00:03", Dst: address("02:00:00:00:01:%02x", i%20)}, s.ip("10.0.0.3", "10.0.0.4"), craft.UDP{Src: 1, Dst: 2})
			s.at("tap", craft.Ethernet{}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
			s.at("tap", craft.Ethernet{Src: "02:00:00:00:00:02", Dst: "02:00:00:00:00:01"}, s.ip("10.0.0.2", "10.0.0.1"), craft.UDP{Src: 2, Dst: 1})
			s.at("tap", craft.Ethernet{Dst: "02:00:00:00:00:03"}, s.ip("10.0.0.1", "198.51.100.1"), craft.UDP{Src: 1, Dst: 2})
		}
	}},
	{foundForeignTenant, "red in blue's port", Critical, func(s *scene) {
		s.tenants = "tenants:\n  red: [{vni: 5001}, {interface: tap1}]\n  blue: [{vni: 5002}, {interface: tap2}]\n"
		s.at("tap2", craft.Ethernet{}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
		s.at("tap2", craft.Ethernet{}, s.ip("192.0.2.1", "192.0.2.2"), craft.UDP{Src: 1, Dst: 4789, Sum: craft.Zero}, craft.VXLAN{VNI: 5001}, craft.Ethernet{}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
	}},
	{foundForeignTenant, "each at its own, both on an uplink, and a network of nobody", numSeverities, func(s *scene) {
		s.tenants = "tenants:\n  red: [{vni: 5001}, {interface: tap1}]\n  blue: [{vni: 5002}, {interface: tap2}]\n"
		for i, port := range []string{"tap1", "tap2", "uplink", "uplink", "uplink"} {
			s.at(port, craft.Ethernet{}, s.ip("192.0.2.1", "192.0.2.2"), craft.UDP{Src: 1, Dst: 4789, Sum: craft.Zero}, craft.VXLAN{VNI: uint32(5001 + i%3)}, craft.Ethernet{}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
			s.at(port, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
		}
	}},
	{foundDoubleTag, "an access port that gets tagged frames", Warning, func(s *scene) {
		s.at("tap", craft.VLAN{ID: 7}, craft.VLAN{ID: 7}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
	}},
	{foundDoubleTag, "QinQ", numSeverities, func(s *scene) {
		s.at("tap", craft.VLAN{ID: 7, TPID: 0x88a8}, craft.VLAN{ID: 7}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
		s.at("tap", craft.VLAN{ID: 7}, craft.VLAN{ID: 8}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
	}},
	{foundPolarised, "one source port for all", Warning, func(s *scene) {
		for i := range 40 {
			s.open("tap", "10.0.0.1", uint16(4000+i), "10.0.0.2", 80, s.vxlan("192.0.2.1", "192.0.2.2", 4789)...)
		}
	}},
	{foundPolarised, "a source port for each connection", numSeverities, func(s *scene) {
		for i := range 40 {
			s.open("tap", "10.0.0.1", uint16(4000+i), "10.0.0.2", 80, s.vxlan("192.0.2.1", "192.0.2.2", uint16(50000+i))...)
		}
	}},
	{foundSpread, "packets in turn over two links", Warning, func(s *scene) {
		s.open("eth0", "10.0.0.1", 4000, "10.0.0.2", 80)
		for i := range 40 {
			s.tcp(address("eth%d", i%2), "10.0.0.2", 80, "10.0.0.1", 4000, craft.ACK, 501+uint32(i)*100, 101, 100)
			s.tcp("eth0", "10.0.0.1", 4000, "10.0.0.2", 80, craft.ACK, 101, 601+uint32(i)*100, 0)
		}
	}},
	{foundSpread, "a failover, and one direction on each link", numSeverities, func(s *scene) {
		s.open("eth0", "10.0.0.1", 4000, "10.0.0.2", 80)
		for i := range 40 {
			s.tcp(address("eth%d", i/20), "10.0.0.2", 80, "10.0.0.1", 4000, craft.ACK, 501+uint32(i)*100, 101, 100)
			s.tcp("eth0", "10.0.0.1", 4000, "10.0.0.2", 80, craft.ACK, 101, 601+uint32(i)*100, 0)
		}
	}},
	{foundBondFailover, "a member that falls silent", Warning, func(s *scene) {
		s.bonds = []Bond{{Name: "lag", Members: []string{"eth0", "eth1"}}}
		for i := range uint16(40) {
			s.echo(address("eth%d", int(i)/20), "10.0.0.1", "10.0.0.2", 7, i, true)
			s.wait(100e6)
		}
	}},
	{foundBondFailover, "a flow that leaves a member where others stay", numSeverities, func(s *scene) {
		s.bonds = []Bond{{Name: "lag", Members: []string{"eth0", "eth1"}}}
		for i := range uint16(40) {
			s.echo(address("eth%d", int(i)/20), "10.0.0.1", "10.0.0.2", 7, i, true)
			s.echo("eth0", "10.0.0.3", "10.0.0.4", 7, i, true)
			s.wait(100e6)
		}
	}},
	{foundBondMismatch, "a member at which nobody listens", Critical, func(s *scene) {
		s.bonds = []Bond{{Name: "lag", Members: []string{"eth0", "eth1"}}}
		for i := range uint16(10) {
			s.echo("eth0", "10.0.0.1", "10.0.0.2", 7, i, false)
			s.echo("eth1", "10.0.0.3", "10.0.0.2", 7, i, true)
			s.echo("eth0", "10.0.0.1", "10.0.0.4", 7, i, false)
			s.wait(100e6)
		}
	}},
	{foundBondMismatch, "a host that is not there", numSeverities, func(s *scene) {
		s.bonds = []Bond{{Name: "lag", Members: []string{"eth0", "eth1"}}}
		for i := range uint16(10) {
			s.echo("eth0", "10.0.0.1", "10.0.0.2", 7, i, false)
			s.echo("eth0", "10.0.0.3", "10.0.0.4", 7, i, true)
			s.wait(100e6)
		}
	}},
	{foundMSS, "an MSS of 1460 in VXLAN", Info, func(s *scene) {
		s.open("tap", "10.0.0.1", 4000, "10.0.0.2", 80, s.vxlan("192.0.2.1", "192.0.2.2", 50000)...)
	}},
	{foundMSS, "the same outside of tunnels", numSeverities, func(s *scene) { s.open("tap", "10.0.0.1", 4000, "10.0.0.2", 80) }},
	{foundUntagged, "untagged frames beside two VLANs", Info, func(s *scene) {
		for i := range 12 {
			s.at("tap", s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
			s.at("tap", craft.VLAN{ID: uint16(5 + i%2)}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
		}
	}},
	{foundUntagged, "what switches tell each other on a trunk; an access port", numSeverities, func(s *scene) {
		for i := range 12 {
			s.at("trunk", craft.Ethernet{Dst: "01:80:c2:00:00:00"}, craft.LLC{DSAP: 0x42, SSAP: 0x42}, craft.Payload("bpdu"))
			s.at("trunk", craft.VLAN{ID: uint16(5 + i%2)}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
			s.at("access", s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
		}
	}},
	{foundVLAN1, "VLAN 1 beside another", Info, func(s *scene) {
		for i := range 24 {
			s.at("tap", craft.VLAN{ID: uint16(1 + i%2)}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
		}
	}},
	{foundVLAN1, "VLAN 1 alone", numSeverities, func(s *scene) {
		for range 24 {
			s.at("tap", craft.VLAN{ID: 1}, s.ip("10.0.0.1", "10.0.0.2"), craft.UDP{Src: 1, Dst: 2})
		}
	}},
	{foundDSCPLost, "a tunnel that does not inherit", Info, func(s *scene) {
		for range 12 {
			s.at("tap", append(s.vxlan("192.0.2.1", "192.0.2.2", 50000), craft.IPv4{TOS: 0xb8, ID: s.nextID()}, craft.UDP{Src: 1, Dst: 2})...)
		}
	}},
	{foundDSCPLost, "one that does", numSeverities, func(s *scene) {
		for range 12 {
			around := s.vxlan("192.0.2.1", "192.0.2.2", 50000)
			around[0] = craft.IPv4{TOS: 0xb8, ID: s.nextID()}
			s.at("tap", append(around, craft.IPv4{TOS: 0xb8, ID: s.nextID()}, craft.UDP{Src: 1, Dst: 2})...)
		}
	}},
	{foundIdenticalEndpoints, "two tenants with one plan of addresses", Info, func(s *scene) {
		for k := range 2 {
			mac := address("02:00:00:00:00:0%x", 1+k)
			s.at("tap", craft.Ethernet{Src: mac}, craft.VLAN{ID: uint16(5 + k)}, craft.ARP{SenderMAC: mac, SenderIP: "10.0.0.1", TargetIP: "10.0.0.2"})
		}
	}},
	{foundIdenticalEndpoints, "an anycast gateway", numSeverities, func(s *scene) {
		for k := range 2 {
			s.at("tap", craft.VLAN{ID: uint16(5 + k)}, craft.ARP{SenderIP: "10.0.0.1", TargetIP: "10.0.0.2"})
		}
	}},
}

// closed is an ACK of 10.0.0.1 that closes its window.
func (s *scene) closed(point string, ack uint32) {
	s.at(point, s.ip("10.0.0.1", "10.0.0.9"), craft.Edit(craft.TCP{Src: 4000, Dst: 80, Flags: craft.ACK, Seq: 101, Ack: ack}, func(b []byte) {
		b[14], b[15] = 0, 0 // for 65,535, which leaves the checksum right
	}))
}

// TestFindings plays all scenes, in blocks of any size. Frames and filter of a finding have to show what it is about.
func TestFindings(t *testing.T) {
	for _, tt := range findingScenes {
		t.Run(findingKinds[tt.kind].Name+"/"+tt.name, func(t *testing.T) {
			s := new(scene)
			tt.play(s)
			all := s.find(t, FindingOptions{}, 1000)
			for _, block := range []int{1, 7} {
				if diff := cmp.Diff(all, s.find(t, FindingOptions{}, block)); diff != "" {
					t.Errorf("in blocks of %d (-want +got):\n%s", block, diff)
				}
			}
			raised := numSeverities
			for _, f := range all {
				if f.Kind == &findingKinds[tt.kind] {
					raised = f.Severity
				}
				checkEvidence(t, s, f)
			}
			if raised != tt.raised {
				t.Errorf("raised as %d, want %d", raised, tt.raised)
			}
			for _, f := range all {
				t.Logf("%s %s: %s %v %s", f.Severity, f.Kind.Name, f.What, f.Frames, f.Filter)
			}
		})
	}
}

// checkEvidence checks that a finding's filter means the frames that it names.
func checkEvidence(t *testing.T, s *scene, f Finding) {
	t.Helper()
	shows, err := filter.Compile(f.Filter)
	if err != nil {
		t.Errorf("%s: the filter %s: %v", f.Kind.Name, f.Filter, err)
		return
	}
	if len(f.Frames) == 0 {
		t.Errorf("%s names no frame", f.Kind.Name)
	}
	in := &input{}
	for _, frame := range s.frames {
		in.steps = append(in.steps, frame)
	}
	var shown []uint64
	err = Read(in, Options{Filter: shows}, consumer(func(p *dissect.Packet) error {
		shown = append(shown, p.Number)
		return nil
	}))
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	for _, n := range f.Frames {
		if !slices.Contains(shown, n) {
			t.Errorf("%s: the filter %s does not show frame %d", f.Kind.Name, f.Filter, n)
		}
	}
}

// TestFindingKinds checks that each kind has a scene that raises it and one that does not, as seriously as it says.
func TestFindingKinds(t *testing.T) {
	for id := range numFindings {
		k := findingKinds[id]
		var most Severity
		raised, calm := false, false
		for _, tt := range findingScenes {
			switch {
			case tt.kind != id:
			case tt.raised == numSeverities || tt.raised < k.Severity:
				calm = true
			default:
				raised, most = true, max(most, tt.raised)
			}
		}
		if id == foundNATExhausted {
			calm = true // its look-alikes are those of nat-failure
		}
		if !raised || !calm || most != k.Severity {
			t.Errorf("%s: raised %v, not raised %v, as %s, want %s", k.Name, raised, calm, most, k.Severity)
		}
		if k.Title == "" || k.Means == "" || k.Check == "" || k.Unit == "" || k.Threshold == 0 || k.Name != strings.ToLower(k.Name) {
			t.Errorf("%s lacks words: %+v", k.Name, k)
		}
	}
}

// The table and the list are of one search. Who has the list may change it, and a Reset ends what was found.
func TestFindingsAreSearchedForOnce(t *testing.T) {
	s := new(scene)
	findingScenes[0].play(s)
	set := s.search(t, FindingOptions{}, 100)
	rows, known := set.Snapshot()[0].Rows, set.known
	found := set.Findings()
	if len(found) == 0 || len(rows) != len(found) || set.known != known {
		t.Errorf("%d rows, %d findings, searched for once: %v", len(rows), len(found), set.known == known)
	}
	first := found[0]
	found[0] = Finding{}
	if again := set.Findings(); again[0].What != first.What {
		t.Errorf("the next list has %+v", again[0])
	}
	set.Reset()
	if found := set.Findings(); len(found) != 0 || len(set.Snapshot()[0].Rows) != 0 {
		t.Errorf("behind a reset there is %+v", found)
	}
}

// A threshold decides from which number on something is found.
func TestFindingThreshold(t *testing.T) {
	s := new(scene)
	for i := range 8 {
		s.echo("tap", "10.0.0.1", "10.0.0.9", 7, uint16(i), false)
	}
	s.echo("tap", "10.0.0.1", "10.0.0.2", 8, 1, true)
	for threshold, want := range map[uint64]int{8: 1, 9: 0} {
		all := s.find(t, FindingOptions{Thresholds: map[string]uint64{"blackhole": threshold}}, 100)
		if len(all) != want {
			t.Errorf("%d findings at a threshold of %d, want %d", len(all), threshold, want)
		}
	}
}

// TestFindingsPage holds the page for users against the list.
func TestFindingsPage(t *testing.T) {
	page, err := os.ReadFile("../docs/findings.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range findingKinds {
		row := fmt.Sprintf("| `%s` | %s | %s %s | %s |\n", k.Name, k.Severity, thousands(int64(k.Threshold)), k.Unit, k.Means)
		if !strings.Contains(string(page), row) {
			t.Errorf("docs/findings.md lacks %s", row)
		}
		if !strings.Contains(string(page), fmt.Sprintf("| `%s` | %s |\n", k.Name, k.Check)) {
			t.Errorf("docs/findings.md does not say what to look at next for %s", k.Name)
		}
	}
}

// FuzzFindings looks at frames of any kind, several times and in turn with others.
func FuzzFindings(f *testing.F) {
	for _, tt := range findingScenes {
		s := new(scene)
		tt.play(s)
		f.Add(s.frames[0].Data, s.frames[len(s.frames)-1].Data)
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		s := new(scene)
		for range 3 {
			s.frame("tap0", a)
			s.frame("tap1", b)
		}
		for _, found := range s.find(t, FindingOptions{Thresholds: map[string]uint64{"l2-loop": 2, "routing-loop": 2, "pmtu-black-hole": 1, "ttl-expired": 1}}, 4) {
			if _, err := filter.Compile(found.Filter); err != nil {
				t.Errorf("%s: %v", found.Kind.Name, err)
			}
		}
	})
}

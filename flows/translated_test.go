package flows_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// udp captures a datagram: "lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 7 text".
func (s *scene) udp(t *testing.T, line string) {
	t.Helper()
	var point, ends, text string
	var ttl uint8
	var id uint16
	if n, err := fmt.Sscanf(line, "%s %s ttl %d id %d %s", &point, &ends, &ttl, &id, &text); n != 5 {
		t.Fatal(line, err)
	}
	from, to, _ := strings.Cut(ends, ">")
	src, dst := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
	udp := craft.UDP{Src: src.Port(), Dst: dst.Port()}
	if src.Addr().Is4() {
		s.at(point, craft.IPv4{Src: src.Addr().String(), Dst: dst.Addr().String(), TTL: ttl, ID: id}, udp, craft.Payload(text))
	} else {
		s.at(point, craft.IPv6{Src: src.Addr().String(), Dst: dst.Addr().String(), HopLimit: ttl}, udp, craft.Payload(text))
	}
}

// translations are the nat-of links of the flows before a translator, and what is doubtful, in lines.
func translations(tracker *flows.Tracker) (lines []string) {
	tracker.Flows(func(f *flows.Flow) bool {
		for _, l := range f.Links {
			if l.Kind == flows.NATOf && !l.After {
				lines = append(lines, fmt.Sprintf("%d became %d, %s, %d packets, change %05b", f.ID, l.Flow, l.Evidence, l.Packets, l.Change))
			}
		}
		for _, l := range f.Doubtful {
			if !l.After {
				lines = append(lines, fmt.Sprintf("%d perhaps %d", f.ID, l.Flow))
			}
		}
		return true
	})
	return lines
}

const text = "sixteen-bytes-of-text"

func TestTranslatedDatagrams(t *testing.T) {
	for _, tt := range []struct {
		name, packets, want string
	}{
		{"masquerade",
			`lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 7 ` + text + `
			wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 7 ` + text,
			"1 became 2, same-payload, 1 packets, change 00011"},
		{"identifications are rewritten: one packet is not enough",
			`lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 7 ` + text + `
			wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 8 ` + text, ""},
		{"identifications are rewritten, and there is an answer",
			`lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 7 ` + text + `
			wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 8 ` + text + `
			wan 203.0.113.9:53>198.51.100.1:1024 ttl 64 id 9 another-` + text + `
			lan 203.0.113.9:53>10.0.0.1:1000 ttl 63 id 10 another-` + text,
			"1 became 2, same-payload, 2 packets, change 00011"},
		{"two hosts say the same, and one of them is translated: nobody knows which",
			`lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 0 ` + text + `
			lan 10.0.0.2:1000>203.0.113.9:53 ttl 64 id 0 ` + text + `
			wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 0 ` + text,
			"1 perhaps 3\n2 perhaps 3"},
		{"the same, and the outside is captured first",
			`wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 0 ` + text + `
			lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 0 ` + text + `
			lan 10.0.0.2:1000>203.0.113.9:53 ttl 64 id 0 ` + text,
			"2 perhaps 1\n3 perhaps 1"},
		{"the same, but the identification tells",
			`wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 6 ` + text + `
			lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 5 ` + text + `
			lan 10.0.0.2:1000>203.0.113.9:53 ttl 64 id 6 ` + text,
			"3 became 1, same-payload, 1 packets, change 00011"},
		{"the same, but the server differs",
			`lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 0 ` + text + `
			lan 10.0.0.2:1000>203.0.113.8:53 ttl 64 id 0 ` + text + `
			wan 198.51.100.1:1024>203.0.113.8:53 ttl 63 id 0 ` + text,
			"2 became 3, same-payload, 1 packets, change 00011"},
		{"two hosts that say the same at two places, without a router between",
			`tap1 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 0 ` + text + `
			tap2 10.0.0.2:1000>203.0.113.9:53 ttl 64 id 0 ` + text + `
			tap1 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 0 ` + text + `
			tap2 10.0.0.2:1000>203.0.113.9:53 ttl 64 id 0 ` + text, ""},
		{"two streams of the same hosts that say the same again and again",
			`in 10.0.1.1:1000>10.0.2.2:5010 ttl 64 id 7 ` + text + `
			out 10.0.1.1:1001>10.0.2.2:5011 ttl 63 id 8 ` + text + `
			in 10.0.1.1:1000>10.0.2.2:5010 ttl 64 id 9 ` + text + `
			out 10.0.1.1:1001>10.0.2.2:5011 ttl 63 id 10 ` + text, ""},
		{"what is said again and again proves nothing more",
			`lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 7 ` + text + `
			wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 8 ` + text + `
			lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 9 ` + text + `
			wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 10 ` + text, ""},
		{"four bytes of payload are little",
			`lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 0 ping
			wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 0 ping`, ""},
		{"a port that is given to another host later",
			`lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 1 one-` + text + `
			wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 1 one-` + text + `
			lan 10.0.0.2:1000>203.0.113.9:53 ttl 64 id 2 two-` + text + `
			wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 2 two-` + text,
			"1 became 2, same-payload, 1 packets, change 00011\n3 became 2, same-payload, 1 packets, change 00011"},
		{"three capture points",
			`tap 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 7 ` + text + `
			lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 7 ` + text + `
			wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 7 ` + text,
			"1 became 3, same-payload, 1 packets, change 00011\n2 became 3, same-payload, 1 packets, change 00011"},
		{"two translators one after the other, at one place",
			`lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 7 ` + text + `
			mid 100.64.0.1:2000>203.0.113.9:53 ttl 63 id 7 ` + text + `
			wan 198.51.100.1:3000>203.0.113.9:53 ttl 62 id 7 ` + text,
			"1 became 2, same-payload, 1 packets, change 00011\n1 became 3, same-payload, 1 packets, change 00011\n2 became 3, same-payload, 1 packets, change 00011"},
		{"hairpin: both ends are translated, at one place",
			`lan 10.0.0.1:1000>198.51.100.1:53 ttl 64 id 7 ` + text + `
			lan 10.0.0.254:1000>10.0.0.2:5353 ttl 63 id 7 ` + text,
			"1 became 2, same-payload, 1 packets, change 01101"},
		{"NAT64",
			`lan [2001:db8::1]:1000>[64:ff9b::203.0.113.9]:53 ttl 64 id 0 ` + text + `
			wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 0 ` + text + `
			wan 203.0.113.9:53>198.51.100.1:1024 ttl 64 id 9 another-` + text + `
			lan [64:ff9b::203.0.113.9]:53>[2001:db8::1]:1000 ttl 63 id 0 another-` + text,
			"1 became 2, same-payload, 2 packets, change 10111"},
		{"prefixes of IPv6",
			`lan [fd00::1]:1000>[2001:db8::9]:53 ttl 64 id 0 ` + text + `
			wan [2001:db8:1::1]:1000>[2001:db8::9]:53 ttl 63 id 0 ` + text,
			"1 became 2, same-payload, 1 packets, change 00001"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := new(scene)
			for line := range strings.Lines(tt.packets) {
				s.udp(t, strings.TrimSpace(line))
			}
			var first []string
			for i, block := range []int{1, 2, 3} {
				got := translations(s.play(t, flows.Options{}, block, block))
				if i == 0 {
					first = got
				} else if !slices.Equal(got, first) {
					t.Errorf("in blocks of %d: %q, otherwise %q", block, got, first)
				}
			}
			if got := strings.Join(first, "\n"); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// Packets of a generator, whose numbers are 0, are alike and prove nothing.
func TestNumbersOfGenerators(t *testing.T) {
	s := new(scene)
	for i := range 3 {
		for k, point := range []string{"lan", "wan"} {
			s.at(point, craft.IPv4{Src: fmt.Sprintf("10.%d.0.%d", k, i+1), Dst: "203.0.113.9", TTL: uint8(64 - k)}, craft.TCP{Src: 20, Dst: 179, Flags: craft.SYN})
		}
		s.wait(200e6)
	}
	if got := translations(s.play(t, flows.Options{}, 1, 1)); got != nil {
		t.Errorf("got %q", got)
	}
}

// A firewall adds a constant to the numbers that its clients choose.
func TestShiftedNumbers(t *testing.T) {
	for _, tt := range []struct {
		name  string
		shift func(packet int) uint32
		want  []string
	}{
		{"by a constant", func(int) uint32 { return 0xdeadbeef }, []string{"1 became 2, tcp-shift, 4 packets, change 00001"}},
		{"each by another one", func(packet int) uint32 { return uint32(packet+1) * 1000003 }, nil},
	} {
		s := new(scene)
		stamps := func(a, b uint32) []byte {
			return []byte{1, 1, 8, 10, byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a), byte(b >> 24), byte(b >> 16), byte(b >> 8), byte(b)}
		}
		for i, c := range conversation {
			id := s.nextID()
			for k, point := range []string{"lan", "wan"} {
				if c.direction == 1 {
					point = []string{"wan", "lan"}[k]
				}
				ip, tcp := craft.IPv4{Src: "10.0.0.1", Dst: "203.0.113.9", ID: id, TTL: uint8(64 - k)}, c.tcp
				tcp.Src, tcp.Dst, tcp.Options = 40000, 80, stamps(1e9+uint32(i), 2e9)
				if point == "wan" {
					ip.Src = "198.51.100.1"
					if c.direction == 0 {
						tcp.Seq += tt.shift(i)
					} else {
						tcp.Ack += tt.shift(i)
					}
				}
				if c.direction == 1 {
					ip.Src, ip.Dst, tcp.Src, tcp.Dst = ip.Dst, ip.Src, tcp.Dst, tcp.Src
				}
				s.at(point, ip, tcp, craft.Payload(c.payload))
			}
		}
		if got := translations(s.play(t, flows.Options{}, 1, 1)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// An ICMP error that passes a translator quotes the same packet before and after.
func TestQuotedPackets(t *testing.T) {
	s := new(scene)
	quote := func(src, dst string, sport, dport uint16) craft.Payload {
		return craft.Packet(craft.IPv4{Src: src, Dst: dst, ID: 77, TTL: 1}, craft.UDP{Src: sport, Dst: dport}, craft.Payload(text))
	}
	// The probe itself proves nothing: it says little.
	s.udp(t, "lan 10.0.0.1:1000>203.0.113.9:33434 ttl 64 id 0 probe")
	s.udp(t, "wan 198.51.100.1:1024>203.0.113.9:33434 ttl 63 id 0 probe")
	if got := translations(s.play(t, flows.Options{}, 1, 1)); got != nil {
		t.Fatal(got)
	}
	s.at("wan", craft.IPv4{Src: "203.0.113.9", Dst: "198.51.100.1", TTL: 64}, craft.ICMP{Type: 3, Code: 3}, quote("198.51.100.1", "203.0.113.9", 1024, 33434))
	s.at("lan", craft.IPv4{Src: "203.0.113.9", Dst: "10.0.0.1", TTL: 63}, craft.ICMP{Type: 3, Code: 3}, quote("10.0.0.1", "203.0.113.9", 1000, 33434))
	got := translations(s.play(t, flows.Options{}, 1, 1))
	if want := []string{"1 became 2, same-payload, 2 packets, change 00011"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Echoes keep their numbers through translators that give them another identifier, or make ICMPv6 of ICMP.
func TestTranslatedEchoes(t *testing.T) {
	payload := craft.Payload("sixteen bytes of payload")
	s := new(scene)
	for i := range uint16(2) {
		id := s.nextID()
		s.at("lan", craft.IPv4{Src: "10.0.0.1", Dst: "203.0.113.9", TTL: 64, ID: id}, craft.ICMP{Type: 8, Rest: craft.Echo(77, i)}, payload)
		s.at("wan", craft.IPv4{Src: "198.51.100.1", Dst: "203.0.113.9", TTL: 63, ID: id}, craft.ICMP{Type: 8, Rest: craft.Echo(1024, i)}, payload)
	}
	s.wait(200e6)
	for i := range uint16(2) {
		s.at("lan", craft.IPv6{Src: "2001:db8::1", Dst: "64:ff9b::203.0.113.8", HopLimit: 64}, craft.ICMPv6{Type: 128, Rest: craft.Echo(78, i)}, payload)
		s.at("wan", craft.IPv4{Src: "198.51.100.1", Dst: "203.0.113.8", TTL: 63}, craft.ICMP{Type: 8, Rest: craft.Echo(1025, i)}, payload)
		s.at("wan", craft.IPv4{Src: "203.0.113.8", Dst: "198.51.100.1", TTL: 64, ID: s.nextID()}, craft.ICMP{Type: 0, Rest: craft.Echo(1025, i)}, payload)
		s.at("lan", craft.IPv6{Src: "64:ff9b::203.0.113.8", Dst: "2001:db8::1", HopLimit: 63}, craft.ICMPv6{Type: 129, Rest: craft.Echo(78, i)}, payload)
		s.wait(200e6)
	}
	got := translations(s.play(t, flows.Options{}, 1, 1))
	want := []string{"1 became 2, icmp-sequence, 2 packets, change 00011", "3 became 4, icmp-sequence, 4 packets, change 10111"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What an ICMP error quotes is the same on both sides of NAT64, too.
func TestQuotedPacketsOfNAT64(t *testing.T) {
	s := new(scene)
	s.udp(t, "lan [2001:db8::1]:1000>[64:ff9b::203.0.113.9]:33434 ttl 64 id 0 probe")
	s.udp(t, "wan 198.51.100.1:1024>203.0.113.9:33434 ttl 63 id 0 probe")
	s.at("wan", craft.IPv4{Src: "203.0.113.9", Dst: "198.51.100.1", TTL: 64}, craft.ICMP{Type: 3, Code: 3},
		craft.Payload(craft.Packet(craft.IPv4{Src: "198.51.100.1", Dst: "203.0.113.9", TTL: 1}, craft.UDP{Src: 1024, Dst: 33434}, craft.Payload("probe"))))
	s.at("lan", craft.IPv6{Src: "64:ff9b::203.0.113.9", Dst: "2001:db8::1", HopLimit: 63}, craft.ICMPv6{Type: 1, Code: 4},
		craft.Payload(craft.Packet(craft.IPv6{Src: "2001:db8::1", Dst: "64:ff9b::203.0.113.9", HopLimit: 1}, craft.UDP{Src: 1000, Dst: 33434}, craft.Payload("probe"))))
	got := translations(s.play(t, flows.Options{}, 1, 1))
	if want := []string{"1 became 2, same-payload, 2 packets, change 10111"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Programs that say the same over both versions of IP are not translated: traceroute has the same payload in all probes, the ping of some
// systems the same in all echoes.
func TestBothVersionsAreNoTranslation(t *testing.T) {
	s := new(scene)
	four, six := craft.IPv4{Src: "10.1.0.1", Dst: "10.2.0.2"}, craft.IPv6{Src: "2001:db8:1::1", Dst: "2001:db8:2::2"}
	probe, echo := craft.Payload("@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_"), craft.Payload("abcdefghijklmnopqrstuvwabcdefghi")
	for hop := range uint8(3) {
		for place, name := range []string{"h0", "a1", "b1"} {
			if int(hop) < place {
				break
			}
			id := s.nextID()
			four.ID, four.TTL, six.HopLimit = id, hop+1-uint8(place), hop+1-uint8(place)
			s.at(name, four, craft.UDP{Src: 35992, Dst: 33434 + uint16(hop)}, probe)
			s.at(name, six, craft.UDP{Src: 42081 + uint16(hop), Dst: 33434 + uint16(hop)}, probe)
			s.at(name, four, craft.ICMP{Type: 8, Rest: craft.Echo(1, uint16(hop))}, echo)
			s.at(name, six, craft.ICMPv6{Type: 128, Rest: craft.Echo(1, uint16(hop))}, echo)
		}
	}
	if got := translations(s.play(t, flows.Options{}, 1, 1)); got != nil {
		t.Errorf("%q", got)
	}
}

// Hosts of one kind say the same to a server at the same time. What passed a router as it was did not become somebody else's.
func TestRoutedPacketsAreNotTranslated(t *testing.T) {
	echo := craft.Payload("abcdefghijklmnopqrstuvwabcdefghi")
	for _, places := range [][]string{{"a", "b"}, {"mirror", "mirror"}} {
		for _, hosts := range [][]string{{"10.0.0.1", "10.0.0.2"}, {"2001:db8::1", "2001:db8::2"}} {
			for _, order := range [][]int{{0, 1, 2, 3}, {0, 2, 1, 3}, {0, 2, 3, 1}, {2, 0, 3, 1}, {0, 3, 1, 2}, {0, 3, 2, 1}, {3, 0, 1, 2}} {
				s := new(scene)
				for n := range uint16(3) {
					for _, i := range order {
						host, place := i%2, i/2
						ttl := uint8(128 - place)
						if strings.Contains(hosts[host], ":") {
							ip := craft.IPv6{Src: hosts[host], Dst: "2001:db8:1::1", HopLimit: ttl}
							s.at(places[place], ip, craft.ICMPv6{Type: 128, Rest: craft.Echo(1, n)}, echo)
							s.at(places[place], ip, craft.UDP{Src: 123, Dst: 123}, echo)
							continue
						}
						ip := craft.IPv4{Src: hosts[host], Dst: "203.0.113.9", TTL: ttl, ID: 1000*uint16(host+1) + n}
						s.at(places[place], ip, craft.ICMP{Type: 8, Rest: craft.Echo(1, n)}, echo)
						ip.ID += 100
						s.at(places[place], ip, craft.UDP{Src: 123, Dst: 123}, echo)
					}
					s.wait(1e9)
				}
				for _, line := range translations(s.play(t, flows.Options{}, 1, 1)) {
					if strings.Contains(line, "became") {
						t.Errorf("%s, %s, order %d: %s", places, hosts, order, line)
					}
				}
			}
		}
	}
}

// NAT64 puts the address of version 4 behind a prefix of one of six lengths (RFC 6052 §2.4 has these examples).
func TestPrefixesOfNAT64(t *testing.T) {
	for _, server := range []string{"2001:db8:c000:221::", "2001:db8:1c0:2:21::", "2001:db8:122:c000:2:2100::", "2001:db8:122:3c0:0:221::",
		"2001:db8:122:344:c0:2:2100::", "2001:db8:122:344::192.0.2.33"} {
		s := new(scene)
		s.udp(t, "lan [2001:db8::1]:1000>["+server+"]:53 ttl 64 id 0 "+text)
		s.udp(t, "wan 198.51.100.1:1024>192.0.2.33:53 ttl 63 id 0 "+text)
		got := translations(s.play(t, flows.Options{}, 1, 1))
		if want := []string{"1 became 2, same-payload, 1 packets, change 10111"}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", server, got, want)
		}
	}
}

// The score is the part of the packets that prove a link, and of that what its bits leave certain.
func TestScore(t *testing.T) {
	const before, after = "lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 7 " + text, "wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 7 " + text
	for _, tt := range []struct {
		name    string
		packets []string
		want    string
	}{
		{"one packet: 28 bits", []string{before, after}, "0.912"}, // 12 of the payload, 12 of the identification, 4 of the TTL
		{"two that both have, of which one is proof", []string{before, after, "lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 8 ab", "wan 198.51.100.1:1024>203.0.113.9:53 ttl 63 id 8 ab"},
			"0.456"},
		{"what one of them lacks could not prove anything", []string{before, after, "lan 10.0.0.1:1000>203.0.113.9:53 ttl 64 id 8 ab"}, "0.912"},
	} {
		s := new(scene)
		for _, line := range tt.packets {
			s.udp(t, line)
		}
		s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
			if len(f.Links) != 1 || fmt.Sprintf("%.3f", f.Links[0].Score) != tt.want {
				t.Errorf("%s: flow %d has %+v, want a score of %s", tt.name, f.ID, f.Links, tt.want)
			}
			return true
		})
	}
}

package flows_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// around is the headers that tell a tenant: its number, and which direction they go in.
type around func(tenant, direction int) []craft.Layer

var encapsulations = map[string]around{
	"vlan": func(tenant, _ int) []craft.Layer { return []craft.Layer{craft.VLAN{ID: uint16(100 * tenant)}} },
	"qinq": func(tenant, _ int) []craft.Layer {
		return []craft.Layer{craft.VLAN{TPID: 0x88a8, ID: 7}, craft.VLAN{ID: uint16(tenant)}}
	},
	"mpls": func(tenant, _ int) []craft.Layer {
		return []craft.Layer{craft.MPLS{Label: 16}, craft.MPLS{Label: uint32(100 * tenant)}}
	},
	"vxlan": func(tenant, d int) []craft.Layer {
		return append(outer(d), craft.UDP{Src: 50000}, craft.VXLAN{VNI: uint32(tenant)}, craft.Ethernet{})
	},
	"geneve": func(tenant, d int) []craft.Layer {
		return append(outer(d), craft.UDP{Src: 50000}, craft.Geneve{VNI: uint32(tenant)}, craft.Ethernet{})
	},
	"nvgre": func(tenant, d int) []craft.Layer {
		return append(outer(d), craft.NVGRE{VSID: uint32(tenant)}, craft.Ethernet{})
	},
	"gre-key": func(tenant, d int) []craft.Layer {
		key := uint32(tenant)
		return append(outer(d), craft.GRE{Key: &key})
	},
	"mpls-in-gre": func(tenant, d int) []craft.Layer {
		return append(outer(d), craft.GRE{}, craft.MPLS{Label: uint32(100 * tenant)})
	},
	"ip-in-ip": func(tenant, d int) []craft.Layer {
		ends := [2]string{"198.51.100.1", fmt.Sprintf("198.51.100.%d", 1+tenant)}
		return []craft.Layer{craft.IPv4{Src: ends[d], Dst: ends[1-d]}}
	},
	"trill": func(tenant, _ int) []craft.Layer {
		return []craft.Layer{craft.TRILL{Ingress: 1, Egress: 2}, craft.Ethernet{}, craft.VLAN{ID: uint16(tenant)}}
	},
}

func outer(direction int) []craft.Layer {
	ends := [2]string{"198.51.100.1", "198.51.100.2"}
	return []craft.Layer{craft.IPv4{Src: ends[direction], Dst: ends[1-direction]}}
}

// talk is a TCP segment of the connection that all tenants have alike, but for where its numbers start.
func talk(direction int, start uint32, id uint16, tcp craft.TCP, payload string) []craft.Layer {
	hosts, ports := [2]string{"10.0.0.1", "10.0.0.2"}, [2]uint16{40000, 80}
	tcp.Src, tcp.Dst = ports[direction], ports[1-direction]
	tcp.Seq += start
	if tcp.Flags&craft.ACK != 0 {
		tcp.Ack += start
	}
	return []craft.Layer{craft.IPv4{Src: hosts[direction], Dst: hosts[1-direction], ID: id}, tcp, craft.Payload(payload)}
}

// conversation is both directions of it, six packets: handshake, question, answer.
var conversation = []struct {
	direction int
	tcp       craft.TCP
	payload   string
}{
	{0, craft.TCP{Seq: 0, Flags: craft.SYN}, ""},
	{1, craft.TCP{Seq: 500, Ack: 1, Flags: craft.SYN | craft.ACK}, ""},
	{0, craft.TCP{Seq: 1, Ack: 501, Flags: craft.ACK}, ""},
	{0, craft.TCP{Seq: 1, Ack: 501, Flags: craft.ACK | craft.PSH}, "question"},
	{1, craft.TCP{Seq: 501, Ack: 9, Flags: craft.ACK | craft.PSH}, "answer"},
	{0, craft.TCP{Seq: 9, Ack: 507, Flags: craft.ACK}, ""},
}

// tenants are n of them that have the same connection at the same time.
func tenants(e around, n int, start func(tenant int) uint32) *scene {
	s := new(scene)
	for _, c := range conversation {
		for tenant := 1; tenant <= n; tenant++ {
			s.at("p", append(e(tenant, c.direction), talk(c.direction, start(tenant), s.nextID(), c.tcp, c.payload)...)...)
		}
	}
	return s
}

func differently(tenant int) uint32 { return uint32(tenant) * 1e6 }

func alike(int) uint32 { return 1000 }

// Tenants with the same addresses, ports and even TCP numbers are different flows, whatever tells them apart, and nothing is wrong with any.
func TestTenantsStayApart(t *testing.T) {
	for name, e := range encapsulations {
		for _, numbers := range []func(int) uint32{differently, alike} {
			s := tenants(e, 3, numbers)
			inner := 0
			s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
				if f.Sport != 40000 || f.Protocol != 6 {
					return true
				}
				inner++
				if got, want := trimSegment(describe(f)), "10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 4 2"; got != want {
					t.Errorf("%s: %s: got %s, want %s", name, f.Segment.Name(), got, want)
				}
				return true
			})
			if inner != 3 {
				t.Errorf("%s: %d flows of three tenants", name, inner)
			}
		}
	}
}

func trimSegment(line string) string { return line[strings.Index(line, "] ")+2:] }

// The same with everything that makes it hard: each frame captured twice, the snap length behind the headers.
func TestTenantsStayApartAmongDuplicatesAndCuts(t *testing.T) {
	for name, e := range encapsulations {
		s := tenants(e, 2, alike)
		once := s.frames
		s.frames = nil
		for i, f := range once {
			if conversation[i/2].payload != "" {
				f.Data = f.Data[:len(f.Data)-3]
			}
			for range 2 {
				f.Number = uint64(len(s.frames) + 1)
				s.frames = append(s.frames, f)
			}
		}
		s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
			if f.Sport != 40000 || f.Protocol != 6 {
				return true
			}
			if got, want := trimSegment(describe(f)), "10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 4,dup=4 2,dup=2"; got != want {
				t.Errorf("%s: %s: got %s, want %s", name, f.Segment.Name(), got, want)
			}
			return true
		})
	}
}

// Labels differ by direction. What acknowledges what only one other flow sent is its reply; two tenants whose numbers are alike too
// stay unlinked, and it is said.
func TestReplyUnderAnotherLabel(t *testing.T) {
	labels := func(tenant, d int) []craft.Layer {
		return []craft.Layer{craft.MPLS{Label: uint32(1000*(d+1) + tenant)}}
	}
	for _, tt := range []struct {
		name    string
		numbers func(int) uint32
		want    []string
	}{
		{"different numbers", differently, []string{
			"1 p[mpls 1001] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 4 0 reply-of#3",
			"2 p[mpls 1002] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 4 0 reply-of#4",
			"3 p[mpls 2001] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED midstream 0 2 reply-of#1",
			"4 p[mpls 2002] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED midstream 0 2 reply-of#2",
		}},
		{"same numbers", alike, []string{
			"1 p[mpls 1001] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED ambiguous 4 0",
			"2 p[mpls 1002] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED ambiguous 4 0",
			"3 p[mpls 2001] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED midstream ambiguous 0 2",
			"4 p[mpls 2002] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED midstream ambiguous 0 2",
		}},
	} {
		got := describeAll(tenants(labels, 2, tt.numbers).play(t, flows.Options{}, 1, 1))
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// Two tenants ping with the same identifier: a reply belongs to the requests that have its number.
func TestPingsUnderOtherLabels(t *testing.T) {
	s := new(scene)
	for n := range uint16(3) {
		for d := range 2 {
			for tenant := range uint16(2) {
				ip := craft.IPv4{ID: s.nextID()}
				ip.Src, ip.Dst = []string{"10.0.0.1", "10.0.0.2"}[d], []string{"10.0.0.2", "10.0.0.1"}[d]
				s.at("p", craft.MPLS{Label: uint32(1000*(d+1)) + uint32(tenant)}, ip,
					craft.ICMP{Type: uint8(8 - 8*d), Rest: craft.Echo(7, 1000*tenant+n)}, craft.Payload("ping"))
			}
		}
	}
	want := []string{
		"1 p[mpls 1000] 10.0.0.1:7>10.0.0.2:0 3 0 reply-of#3",
		"2 p[mpls 1001] 10.0.0.1:7>10.0.0.2:0 3 0 reply-of#4",
		"3 p[mpls 2000] 10.0.0.1:7>10.0.0.2:0 midstream 0 3 reply-of#1",
		"4 p[mpls 2001] 10.0.0.1:7>10.0.0.2:0 midstream 0 3 reply-of#2",
	}
	if diff := cmp.Diff(want, describeAll(s.play(t, flows.Options{}, 1, 1))); diff != "" {
		t.Error(diff)
	}
}

// The two directions of a connection may come over different members of a bond, and a connection may move to another one.
func TestBondMembers(t *testing.T) {
	s := new(scene)
	for _, c := range conversation {
		s.at([]string{"member1", "member2"}[c.direction], append([]craft.Layer{craft.VLAN{ID: 5}}, talk(c.direction, 0, s.nextID(), c.tcp, c.payload)...)...)
	}
	s.at("member2", append([]craft.Layer{craft.VLAN{ID: 5}}, talk(0, 0, s.nextID(), craft.TCP{Seq: 9, Ack: 507, Flags: craft.ACK}, "more")...)...)
	got := describeAll(s.play(t, flows.Options{}, 1, 1))
	want := []string{
		"1 member1[vlan 5] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 4 0 reply-of#2",
		"2 member2[vlan 5] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED midstream 1 2 reply-of#1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	s = new(scene)
	for i, c := range conversation {
		s.at([]string{"member1", "member2"}[i/4], talk(c.direction, 0, s.nextID(), c.tcp, c.payload)...)
	}
	got = describeAll(s.play(t, flows.Options{}, 1, 1))
	want = []string{
		"1 member1[untagged] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 3 1 continuation-of#2",
		"2 member2[untagged] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED midstream 1 1 continuation-of#1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A ping goes on at another member as well, for its frames are the same and its numbers go on. That of a machine that was cloned does not.
func TestPingMovesToAnotherMember(t *testing.T) {
	for _, tt := range []struct {
		name   string
		source string // of the frames at the second place
		want   []string
	}{
		{"moved", "02:00:00:00:00:01", []string{
			"1 member1[vlan 5] 10.0.0.1:7>10.0.0.2:0 3 0 continuation-of#2",
			"2 member2[vlan 5] 10.0.0.1:7>10.0.0.2:0 3 0 continuation-of#1",
		}},
		{"cloned", "02:00:00:00:00:02", []string{
			"1 member1[vlan 5] 10.0.0.1:7>10.0.0.2:0 3 0",
			"2 member2[vlan 5] 10.0.0.1:7>10.0.0.2:0 3 0",
		}},
	} {
		s := new(scene)
		for i := range 6 {
			source := craft.Ethernet{Src: "02:00:00:00:00:01"}
			if i >= 3 {
				source.Src = tt.source
			}
			s.frame([]string{"member1", "member2"}[i/3], craft.Packet(source, craft.VLAN{ID: 5}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: s.nextID()},
				craft.ICMP{Type: 8, Rest: craft.Echo(7, uint16(i))}, craft.Payload("ping")))
		}
		if diff := cmp.Diff(tt.want, describeAll(s.play(t, flows.Options{}, 1, 1))); diff != "" {
			t.Errorf("%s: %s", tt.name, diff)
		}
	}
}

// A frame that was captured twice is a duplicate, one that was sent twice a retransmission.
func TestDuplicateAndRetransmission(t *testing.T) {
	s := new(scene)
	for _, c := range conversation {
		s.at("p", talk(c.direction, 0, s.nextID(), c.tcp, c.payload)...)
	}
	s.frame("p", s.frames[3].Data) // the mirror's second copy
	s.at("p", talk(0, 0, s.nextID(), craft.TCP{Seq: 1, Ack: 501, Flags: craft.ACK | craft.PSH}, "question")...)
	got := describeAll(s.play(t, flows.Options{}, 1, 1))
	if want := "1 p[untagged] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 5,dup=1,retr=1 2"; got[0] != want {
		t.Errorf("got  %s\nwant %s", got[0], want)
	}
}

// Of TCP's flags a direction has all that a segment of it had, also of one that its state has no room for; other protocols have none.
func TestFlagsOfDirections(t *testing.T) {
	s := new(scene)
	for _, c := range conversation {
		s.at("p", talk(c.direction, 0, s.nextID(), c.tcp, c.payload)...)
	}
	s.at("p", talk(1, 0, s.nextID(), craft.TCP{Seq: 1 << 30, Ack: 9, Flags: craft.RST}, "")...)
	s.at("p", craft.Ethernet{}, craft.IPv4{Src: "10.0.0.3", Dst: "10.0.0.4"}, craft.UDP{Src: 1, Dst: 2})
	var got [][2]uint8
	s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
		got = append(got, [2]uint8{f.Directions[0].TCPFlags, f.Directions[1].TCPFlags})
		return true
	})
	want := [][2]uint8{{uint8(craft.SYN | craft.ACK | craft.PSH), uint8(craft.SYN | craft.ACK | craft.PSH | craft.RST)}, {}}
	if !slices.Equal(got, want) {
		t.Errorf("flags %#x, want %#x", got, want)
	}
}

// A SYN that was captured at several interfaces of a machine is a duplicate, too. Two SYN-ACKs that were captured at one are two answers to a
// SYN that was sent twice.
func TestSYNCapturedTwice(t *testing.T) {
	for _, tt := range []struct {
		link uint16
		want string
	}{
		{113, "1 p[untagged] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 4,dup=1 2,dup=1"},
		{101, "1 p[untagged] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 5,retr=1 3,retr=1"},
	} {
		s := new(scene)
		for i, c := range conversation {
			data := craft.Packet(talk(c.direction, 0, 0, c.tcp, c.payload)...)
			if tt.link == 113 {
				data = append([]byte{0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0}, data...)
			}
			s.frame("p", data)
			if i < 2 {
				s.frame("p", data)
			}
		}
		s.points["p"].Link = tt.link
		if got := describeAll(s.play(t, flows.Options{}, 1, 1)); got[0] != tt.want {
			t.Errorf("link type %d:\ngot  %s\nwant %s", tt.link, got[0], tt.want)
		}
	}
}

// A tunnel's packets with the same broadcast to two ends are no translation of each other.
func TestFloodIsNoTranslation(t *testing.T) {
	s := new(scene)
	arp := []craft.Layer{craft.VXLAN{VNI: 5}, craft.Ethernet{Dst: "ff:ff:ff:ff:ff:ff"}, craft.ARP{}}
	for i, point := range []string{"a", "b"} {
		s.at(point, append([]craft.Layer{craft.IPv4{Dst: fmt.Sprintf("192.0.2.%d", 2+i), ID: 9, TTL: uint8(64 - i)}, craft.UDP{Src: 50000}}, arp...)...)
	}
	for _, line := range describeAll(s.play(t, flows.Options{}, 1, 1)) {
		if strings.Contains(line, "nat-of") {
			t.Error(line)
		}
	}
}

// The same frames at several places prove what each place calls a network, and no more: what cloned machines send is alike, too.
func TestTranslations(t *testing.T) {
	s := new(scene)
	clone := func(n int) craft.Ethernet {
		return craft.Ethernet{Src: fmt.Sprintf("02:00:00:00:00:%02x", n), Dst: fmt.Sprintf("02:00:00:00:01:%02x", n)}
	}
	for _, c := range conversation {
		for tenant := 1; tenant <= 2; tenant++ { // with the same numbers and identifications
			packet := append([]craft.Layer{clone(tenant)}, talk(c.direction, 0, 7, c.tcp, c.payload)...)
			s.frame(fmt.Sprintf("tap%d", tenant), craft.Packet(packet...))
			s.frame("underlay", craft.Packet(append([]craft.Layer{craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 50000}, craft.VXLAN{VNI: uint32(tenant)}}, packet...)...))
		}
	}
	var got []string
	for _, tr := range s.play(t, flows.Options{}, 1, 1).Translations() {
		got = append(got, fmt.Sprintf("%s[%s]=%s[%s] %d", tr.A.Point.Name, tr.A.Name(), tr.B.Point.Name, tr.B.Name(), tr.Packets))
	}
	want := []string{"tap1[untagged]=underlay[vxlan 1] 6", "tap2[untagged]=underlay[vxlan 2] 6"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// An error belongs to the flow that it quotes, in a tunnel as well.
func TestErrorsRelate(t *testing.T) {
	s := new(scene)
	inner := []craft.Layer{craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: 9}, craft.UDP{Src: 4000, Dst: 5000}, craft.Payload("x")}
	vxlan := append(outer(0), craft.UDP{Src: 50000}, craft.VXLAN{VNI: 7}, craft.Ethernet{})
	s.at("p", append(slices.Clone(vxlan), inner...)...)
	quoted := craft.Packet(inner...)
	s.at("p", append(append(outer(1), craft.UDP{Src: 50001}, craft.VXLAN{VNI: 7}, craft.Ethernet{}),
		craft.IPv4{Src: "10.0.0.2", Dst: "10.0.0.1"}, craft.ICMP{Type: 3, Code: 3}, craft.Payload(quoted))...)
	got := describeAll(s.play(t, flows.Options{}, 1, 1))
	want := []string{
		"1 p[untagged] 198.51.100.1:50000>198.51.100.2:4789 1 0",
		"2 p[vxlan 7] 10.0.0.1:4000>10.0.0.2:5000 related=1 1 0",
		"3 p[untagged] 198.51.100.2:50001>198.51.100.1:4789 1 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A tuple that is used again after its end is another flow; so is one that was silent for longer than its timeout.
func TestTupleUsedAgain(t *testing.T) {
	s := new(scene)
	for range 2 {
		s.at("p", craft.IPv4{ID: s.nextID()}, craft.UDP{Src: 4000, Dst: 5000}, craft.Payload("x"))
		s.at("p", craft.IPv4{ID: s.nextID()}, craft.UDP{Src: 4000, Dst: 5000}, craft.Payload("x"))
		s.wait(31e9)
	}
	start := uint32(0)
	for range 2 {
		for _, c := range conversation {
			s.at("p", talk(c.direction, start, s.nextID(), c.tcp, c.payload)...)
		}
		s.at("p", talk(0, start, s.nextID(), craft.TCP{Seq: 9, Ack: 507, Flags: craft.RST | craft.ACK}, "")...)
		start += 1e6
	}
	got := describeAll(s.play(t, flows.Options{}, 1, 1))
	want := []string{
		"1 p[untagged] 192.0.2.1:4000>192.0.2.2:5000 2 0",
		"2 p[untagged] 192.0.2.1:4000>192.0.2.2:5000 2 0",
		"3 p[untagged] 10.0.0.1:40000>10.0.0.2:80 CLOSE 5 2",
		"4 p[untagged] 10.0.0.1:40000>10.0.0.2:80 CLOSE 5 2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Fragments count with the datagram that they make.
func TestFragments(t *testing.T) {
	s := new(scene)
	whole := craft.Packet(craft.Ethernet{}, craft.IPv4{ID: 5}, craft.UDP{Src: 4000, Dst: 5000}, craft.Payload(make([]byte, 3000)))
	for _, f := range craft.Fragment(whole, 1500) {
		s.frame("p", f)
	}
	tracker := s.play(t, flows.Options{}, 1, 1)
	got := describeAll(tracker)
	if want := []string{"1 p[untagged] 192.0.2.1:4000>192.0.2.2:5000 1,frag=3 0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := tracker.Counts().Portless; n != 2 {
		t.Errorf("%d packets without ports, want the two fragments that complete nothing", n)
	}

	s = new(scene)
	whole = craft.Packet(craft.Ethernet{}, craft.IPv4{ID: 6}, craft.ICMP{Type: 8, Rest: craft.Echo(77, 1)}, craft.Payload(make([]byte, 3000)))
	for _, f := range craft.Fragment(whole, 1500) {
		s.frame("p", f)
	}
	got = describeAll(s.play(t, flows.Options{}, 1, 1))
	if want := []string{"1 p[untagged] 192.0.2.1:77>192.0.2.2:0 1,frag=3 0"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What leaves because of a limit is shown, and counted; nothing is lost between.
func TestLimits(t *testing.T) {
	s := new(scene)
	const n = 1000
	for i := range n {
		s.at("p", craft.VLAN{ID: uint16(1 + i%300)}, craft.IPv4{ID: s.nextID()}, craft.UDP{Src: uint16(2000 + i), Dst: 9000}, craft.Payload("x"))
	}
	var left, packets uint64
	count := func(f *flows.Flow) { packets += f.Packets() }
	o := flows.Options{MaxFlows: 100, MaxSegments: 10, Left: func(f *flows.Flow) { left++; count(f) }}
	tracker := s.play(t, o, 1, 1)
	there := 0
	tracker.Flows(func(f *flows.Flow) bool { there++; count(f); return true })
	if there > 100 || uint64(there)+left != n || packets != n {
		t.Errorf("%d flows are there, %d left, with %d packets of %d", there, left, packets, n)
	}
	if got := tracker.Counts().Left; got != left {
		t.Errorf("Left is %d, %d were shown", got, left)
	}
	if tracker.ForgottenSegments().Count == 0 {
		t.Error("no segment was forgotten")
	}
}

// For want of room those leave that say nothing: who goes on talking is one flow, however many others come.
func TestWhoTalksStays(t *testing.T) {
	s := new(scene)
	for i := range 1000 {
		s.at("p", craft.IPv4{ID: s.nextID()}, craft.UDP{Src: uint16(2000 + i), Dst: 9000}, craft.Payload("x"))
		s.at("p", craft.IPv4{ID: s.nextID()}, craft.UDP{Src: 1999, Dst: 9001}, craft.Payload("x"))
	}
	left := 0
	tracker := s.play(t, flows.Options{MaxFlows: 100, Left: func(f *flows.Flow) {
		if left++; f.Sport == 1999 {
			t.Errorf("%s left", describe(f))
		}
	}}, 1, 1)
	tracker.Flows(func(f *flows.Flow) bool {
		if f.Sport == 1999 && f.Packets() != 1000 {
			t.Error(describe(f))
		}
		return true
	})
	if left != 901 {
		t.Errorf("%d flows left", left)
	}
}

// However packets are dealt to readers, the flows are the same.
func TestBlocksAndReaders(t *testing.T) {
	s := new(scene)
	for _, name := range []string{"vlan", "vxlan", "mpls", "ip-in-ip"} {
		for _, f := range tenants(encapsulations[name], 3, differently).frames {
			s.frame("p"+fmt.Sprint(len(s.frames)%2), f.Data)
		}
	}
	want := describeAll(s.play(t, flows.Options{}, 1, 1))
	for _, block := range []int{1, 2, 7, 1000} {
		for _, readers := range []int{1, 2, 5} {
			if diff := cmp.Diff(want, describeAll(s.play(t, flows.Options{}, block, readers))); diff != "" {
				t.Errorf("blocks of %d, %d readers: %s", block, readers, diff)
			}
		}
	}
}

// Packets of flows that are known cost no memory.
func TestPlayDoesNotAlloc(t *testing.T) {
	s := tenants(encapsulations["vxlan"], 3, differently)
	s.at("p", craft.IPv4{}, craft.ICMP{Type: 8, Rest: craft.Echo(1, 1)}, craft.Payload("ping"))
	s.at("p", craft.IPv6{}, craft.UDP{Src: 1000, Dst: 2000}, craft.Payload("datagram"))
	tracker, packets := flows.NewTracker(flows.Options{}), s.packets(t)
	reader := flows.NewReader()
	var b flows.Batch
	play := func() {
		for _, p := range packets {
			b.Reset()
			reader.Read(p, &b)
			tracker.Play(reader, &b)
		}
	}
	play()
	if n := testing.AllocsPerRun(100, play); n != 0 {
		t.Errorf("%v allocations for %d packets", n, len(packets))
	}
}

// Once there are as many flows as there may be, new ones cost no memory either: they have that of those that leave.
func TestNewFlowsDoNotAlloc(t *testing.T) {
	const block, limit = 64, 1000
	f := newTraffic(t, block, flows.Options{MaxFlows: limit})
	play := func() {
		f.next(1 << 31)
		f.play()
	}
	for f.made < 4*limit {
		play()
	}
	left := f.tracker.Counts().Left
	if n := testing.AllocsPerRun(100, play); n != 0 {
		t.Errorf("%v allocations for %d packets", n, block)
	}
	if n := f.tracker.Counts().Left - left; n < 100*block {
		t.Errorf("%d flows left, so that not each packet began a new one", n)
	}
}

// Reading packets costs no memory once there is room for a block of them.
func TestReadDoesNotAlloc(t *testing.T) {
	s := tenants(encapsulations["vxlan"], 3, differently)
	s.at("p", craft.IPv4{}, craft.ICMP{Type: 8, Rest: craft.Echo(1, 1)}, craft.Payload("ping"))
	s.at("p", craft.IPv4{}, craft.ICMP{Type: 3, Code: 3}, craft.IPv4{}, craft.UDP{Src: 1000, Dst: 2000}, craft.Payload("quoted"))
	s.at("p", craft.IPv6{}, craft.UDP{Src: 1000, Dst: 53}, craft.Payload("datagram"))
	packets, reader := s.packets(t), flows.NewReader()
	var b flows.Batch
	read := func() {
		b.Reset()
		for _, p := range packets {
			reader.Read(p, &b)
		}
	}
	read()
	if n := testing.AllocsPerRun(100, read); n != 0 {
		t.Errorf("%v allocations for %d packets", n, len(packets))
	}
}

// Random packets at random places: every packet is counted exactly once for each of its IP headers.
func TestPacketsAreCountedOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		s := new(scene)
		n := 1 + r.IntN(200)
		for range n {
			vlan := craft.VLAN{ID: uint16(1 + r.IntN(4))}
			ip := craft.IPv4{Src: fmt.Sprintf("10.0.0.%d", r.IntN(4)), Dst: fmt.Sprintf("10.0.0.%d", r.IntN(4)), ID: uint16(r.IntN(5))}
			s.at(fmt.Sprint(r.IntN(3)), vlan, ip, craft.TCP{Src: uint16(r.IntN(3)), Dst: uint16(r.IntN(3)), Seq: r.Uint32N(40), Ack: r.Uint32N(40), Flags: uint16(r.IntN(32))}, craft.Payload(make([]byte, r.IntN(4))))
			s.wait(r.Int64N(1e9))
		}
		packets := uint64(0)
		count := func(f *flows.Flow) {
			for d := range f.Directions {
				packets += f.Directions[d].Packets + uint64(f.Directions[d].Duplicates)
			}
		}
		tracker := s.playing(t, flows.Options{MaxFlows: 1 + r.IntN(40), Left: count}, 1+r.IntN(9), 1+r.IntN(3), func(tracker *flows.Tracker) {
			if r.IntN(2) == 0 {
				tracker.Forget(time.Duration(r.Int64N(30e9)), func(*flows.Connection) {})
			}
		})
		tracker.Flows(func(f *flows.Flow) bool { count(f); return true })
		if packets != uint64(n) {
			t.Fatalf("%d of %d packets are counted", packets, n)
		}
	}
}

// A router that translates addresses leaves numbers and payload as they are: both sides are one connection. What two hosts send alike is
// linked to neither.
func TestNAT(t *testing.T) {
	type side struct{ point, src, dst string }
	for _, tt := range []struct {
		name       string
		before     side
		after      side
		sport      uint16
		ttl        uint8
		wantBefore string
		wantAfter  string
	}{
		{"SNAT", side{"lan", "10.0.0.1", "203.0.113.9"}, side{"wan", "198.51.100.1", "203.0.113.9"}, 50000, 63, "nat-of#2 before", "nat-of#1 after"},
		{"DNAT", side{"wan", "203.0.113.9", "198.51.100.1"}, side{"lan", "203.0.113.9", "10.0.0.1"}, 40000, 63, "nat-of#2 before", "nat-of#1 after"},
		{"hairpin", side{"lan", "10.0.0.1", "198.51.100.1"}, side{"lan", "10.0.0.254", "10.0.0.2"}, 50000, 63, "nat-of#2 before", "nat-of#1 after"},
	} {
		s := new(scene)
		for _, c := range conversation {
			id := s.nextID()
			sides := []side{tt.before, tt.after}
			ttl, ports := uint8(64), [2][2]uint16{{40000, 80}, {tt.sport, 80}}
			for k := range sides {
				at := k
				if c.direction == 1 {
					at = 1 - k
				}
				x, p := sides[at], ports[at]
				ip, tcp := craft.IPv4{Src: x.src, Dst: x.dst, ID: id, TTL: ttl}, c.tcp
				tcp.Src, tcp.Dst = p[0], p[1]
				if c.direction == 1 {
					ip.Src, ip.Dst, tcp.Src, tcp.Dst = ip.Dst, ip.Src, tcp.Dst, tcp.Src
				}
				s.at(x.point, ip, tcp, craft.Payload(c.payload))
				ttl = tt.ttl
			}
		}
		var got []string
		s.play(t, flows.Options{}, 1, 1).Flows(func(f *flows.Flow) bool {
			for _, l := range f.Links {
				got = append(got, fmt.Sprintf("%s#%d %s", l.Kind, l.Flow, map[bool]string{true: "after", false: "before"}[l.After]))
				if l.Packets != uint64(len(conversation)) {
					t.Errorf("%s: %d packets prove it, want %d", tt.name, l.Packets, len(conversation))
				}
			}
			return true
		})
		if want := []string{tt.wantBefore, tt.wantAfter}; !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, want)
		}
	}
}

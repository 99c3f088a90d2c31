package journeys_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pktscope/internal/craft"
	"pktscope/journeys"
	"pktscope/reports"
)

var (
	vm = []craft.Layer{craft.Ethernet{Src: "02:00:00:00:00:0a", Dst: "02:00:00:00:00:0b"}}
	// host is the link of a router's other side.
	host = []craft.Layer{craft.Ethernet{Src: "02:00:00:00:01:0a", Dst: "02:00:00:00:01:0b"}}
)

// TestTunnel follows packets of both directions from a tap to another one, over a VLAN and a VXLAN.
func TestTunnel(t *testing.T) {
	var s scene
	tagged := around(vm, craft.VLAN{ID: 1})
	remote := around(vm, craft.VLAN{ID: 5})
	tunnel := func(src, dst string) []craft.Layer {
		return around(host, craft.IPv4{Src: src, Dst: dst}, craft.UDP{Src: 50000}, craft.VXLAN{VNI: 100}, vm[0])
	}
	for i := range uint32(10) {
		there := segment(&s, true, 1+i*5, "hello")
		s.at("c:tap1", around(vm, there...)...)
		s.at("c:br-a", around(tagged, there...)...)
		s.at("c:phy", around(tunnel("192.0.2.1", "192.0.2.2"), there...)...)
		s.at("c:br-b", around(remote, there...)...)
		s.at("c:tap2", around(vm, there...)...)
		s.wait(time.Millisecond)
		back := segment(&s, false, 1, "")
		s.at("c:tap2", around(vm, back...)...)
		s.at("c:br-b", around(remote, back...)...)
		s.at("c:phy", around(tunnel("192.0.2.2", "192.0.2.1"), back...)...)
		s.at("c:br-a", around(tagged, back...)...)
		s.at("c:tap1", around(vm, back...)...)
		s.wait(time.Millisecond)
	}
	f := s.follow(t, journeys.Options{})
	same(t, "routes", table(t, f, "routes", "packets", "way", "least", "p50", "most"),
		"10 | tap1 → br-a [vlan 1] → phy [vxlan 100] → br-b [vlan 5] → tap2 | 4000 | 4000 | 4000",
		"10 | tap2 → br-b [vlan 5] → phy [vxlan 100] → br-a [vlan 1] → tap1 | 4000 | 4000 | 4000")
	same(t, "steps", table(t, f, "steps", "from", "to", "p99", "changes")[:4],
		"tap1 | br-a [vlan 1] | 1000 | vlan 1 pushed",
		"br-a [vlan 1] | phy [vxlan 100] | 1000 | vlan 1 popped;vxlan 100 pushed;tunnel 192.0.2.1→192.0.2.2",
		"phy [vxlan 100] | br-b [vlan 5] | 1000 | vxlan 100 popped;vlan 5 pushed",
		"br-b [vlan 5] | tap2 | 1000 | vlan 5 popped")
	same(t, "losses", table(t, f, "losses", "kind"))
	same(t, "places", table(t, f, "places", "name", "frames", "packets", "only"),
		"tap1 | 20 | 20 | 0", "br-a [vlan 1] | 20 | 20 | 0", "phy [vxlan 100] | 20 | 20 | 0", "br-b [vlan 5] | 20 | 20 | 0", "tap2 | 20 | 20 | 0")
}

// TestTranslation follows packets through a router that translates the source's address and port, and back: at interfaces of one file, and
// in files whose clocks differ by more than any packet takes.
func TestTranslation(t *testing.T) {
	for _, test := range []struct {
		lan, wan string
		ahead    time.Duration
	}{{"c:lan", "c:wan", 0}, {"lan.pcap:", "wan.pcap:", 0}, {"lan.pcap:", "wan.pcap:", 1500 * time.Millisecond}, {"lan.pcap:", "wan.pcap:", -1500 * time.Millisecond}} {
		s := scene{ahead: map[string]time.Duration{"wan.pcap": test.ahead}}
		for i := range 20 {
			id := s.nextID()
			s.at(test.lan, around(vm, craft.IPv4{Src: "192.168.1.10", Dst: "198.51.100.1", ID: id}, craft.UDP{Src: 5000, Dst: 53}, craft.Payload(fmt.Sprint("question ", i)))...)
			s.at(test.wan, around(host, craft.IPv4{Src: "203.0.113.1", Dst: "198.51.100.1", ID: id, TTL: 63}, craft.UDP{Src: 40001, Dst: 53}, craft.Payload(fmt.Sprint("question ", i)))...)
			s.wait(time.Millisecond)
			id = s.nextID()
			s.at(test.wan, around(host, craft.IPv4{Src: "198.51.100.1", Dst: "203.0.113.1", ID: id}, craft.UDP{Src: 53, Dst: 40001}, craft.Payload(fmt.Sprint("answer ", i)))...)
			s.at(test.lan, around(vm, craft.IPv4{Src: "198.51.100.1", Dst: "192.168.1.10", ID: id, TTL: 63}, craft.UDP{Src: 53, Dst: 5000}, craft.Payload(fmt.Sprint("answer ", i)))...)
			s.wait(time.Millisecond)
		}
		f := s.follow(t, journeys.Options{})
		steps := table(t, f, "steps", "from", "to", "most", "changes")
		slices.Sort(steps)
		same(t, test.lan+test.ahead.String(), steps,
			"lan | wan | 1000 | SNAT 192.168.1.10:5000 → 203.0.113.1:40001;TTL −1",
			"wan | lan | 1000 | DNAT 203.0.113.1:40001 → 192.168.1.10:5000;TTL −1")
	}
}

// TestErrorThroughTranslator follows an ICMP error, in which a translator changes the quoted packet, too.
func TestErrorThroughTranslator(t *testing.T) {
	var s scene
	quote := func(src string, sport uint16) craft.Payload {
		return craft.Payload(craft.Packet(craft.IPv4{Src: src, Dst: "198.51.100.1", ID: 77, TTL: 63}, craft.UDP{Src: sport, Dst: 53}, craft.Payload("question")))
	}
	s.at("c:wan", around(host, craft.IPv4{Src: "198.51.100.1", Dst: "203.0.113.1", ID: 9}, craft.ICMP{Type: 3, Code: 3}, quote("203.0.113.1", 40001))...)
	s.at("c:lan", around(vm, craft.IPv4{Src: "198.51.100.1", Dst: "192.168.1.10", ID: 9, TTL: 63}, craft.ICMP{Type: 3, Code: 3}, quote("192.168.1.10", 5000))...)
	same(t, "steps", table(t, s.follow(t, journeys.Options{}), "steps", "from", "to", "changes"),
		"wan | lan | DNAT 203.0.113.1 → 192.168.1.10;TTL −1")
}

// TestDisappear loses packets of a flow, a whole flow, and all to a destination.
func TestDisappear(t *testing.T) {
	var s scene
	send := func(dst string, sport uint16, lost bool) {
		inner := []craft.Layer{craft.IPv4{Src: "10.0.0.1", Dst: dst, ID: s.nextID()}, craft.UDP{Src: sport, Dst: 9}, craft.Payload("datagram")}
		s.at("c:in", around(vm, inner...)...)
		if !lost {
			s.at("c:out", around(host, less(1, inner)...)...)
		}
		s.wait(time.Millisecond)
	}
	for i := range 10 {
		send("10.0.0.2", 1000, i == 3 || i == 7)
	}
	send("10.0.0.2", 1001, true)
	send("10.0.0.2", 1001, true)
	send("10.0.0.254", 1000, true)
	send("10.0.0.2", 1000, false)
	s.at("c:out", around(host, craft.ARP{})...)
	f := s.follow(t, journeys.Options{})
	same(t, "losses", table(t, f, "losses", "kind", "of", "from", "to", "packets", "untold", "flows", "frames"),
		"disappeared | some of a flow | in | out | 2 | 0 | 1 | 7;14",
		"disappeared | whole flows | in | out | 2 | 0 | 2 | 19;20",
		"disappeared | all to a destination | in | out | 1 | 0 | 3 | 21")
	same(t, "summary", table(t, f, "path", "packets", "frames", "disappeared"), "15 | 24 | 4")
}

// TestEnd says nothing of packets so near to the end that they may still have been on their way, and of those from before the next
// file's begin.
func TestEnd(t *testing.T) {
	var s scene
	send := func(lost bool) {
		inner := segment(&s, true, uint32(s.id)*8, "datagram")
		s.at("a.pcap:eth0", around(vm, inner...)...)
		if !lost {
			s.wait(time.Millisecond)
			s.at("b.pcap:eth0", around(vm, inner...)...)
		}
		s.wait(10 * time.Millisecond)
	}
	send(true) // b has not begun
	send(false)
	send(true)
	send(false)
	s.wait(-10 * time.Millisecond)
	send(true) // b ends
	same(t, "losses", table(t, s.follow(t, journeys.Options{}), "losses", "from", "to", "packets", "untold", "frames"), "a | b | 1 | 2 | 4")
}

// TestFlood has a switch that floods a question to two ports, and a question for one station that goes to one: nothing is lost.
func TestFlood(t *testing.T) {
	var s scene
	ask := func(dst string, ports ...string) {
		for _, port := range ports {
			s.at(port, craft.Ethernet{Dst: dst}, craft.ARP{})
		}
		s.wait(3 * time.Second)
	}
	ask("ff:ff:ff:ff:ff:ff", "c:in", "c:out1", "c:out2")
	ask("02:00:00:00:00:02", "c:in", "c:out1")
	ask("ff:ff:ff:ff:ff:ff", "c:in", "c:out1", "c:out2")
	f := s.follow(t, journeys.Options{})
	same(t, "routes", table(t, f, "routes", "packets", "way"), "2 | in → out1 → out2", "1 | in → out1")
	same(t, "losses", table(t, f, "losses", "kind"))
}

// TestMissed tells what a capture lost on the way from what disappeared.
func TestMissed(t *testing.T) {
	var s scene
	for i := range uint32(6) {
		inner := segment(&s, true, i*4, "data")
		for n, point := range []string{"c:a", "c:b", "c:d"} {
			if !(i == 2 && n == 1) && !((i == 0 || i == 4) && n == 0) { // the first one may have passed a before the capture began
				s.at(point, around(vm, inner...)...)
			}
		}
		s.wait(time.Millisecond)
	}
	same(t, "losses", table(t, s.follow(t, journeys.Options{}), "losses", "kind", "from", "to", "packets"), "missed | a | b | 1", "appeared |  | a | 1")
}

// TestRetransmissions are packets of their own, though all but their identifications is the same; the same frame once more is not.
func TestRetransmissions(t *testing.T) {
	var s scene
	for range 3 { // the first two are lost
		inner := segment(&s, true, 1, "data")
		s.at("c:a", around(vm, inner...)...)
		if s.id == 3 {
			s.at("c:a", around(vm, inner...)...) // a mirror of two ports
			s.at("c:b", around(vm, inner...)...)
		}
		s.wait(300 * time.Millisecond)
	}
	s.at("c:b", around(vm, craft.ARP{})...)
	f := s.follow(t, journeys.Options{})
	same(t, "losses", table(t, f, "losses", "of", "packets", "frames"), "some of a flow | 2 | 1;2")
	same(t, "places", table(t, f, "places", "name", "frames", "packets", "again"), "a | 4 | 3 | 1", "b | 2 | 2 | 0")
}

// TestSentAgainAtOnce has segments that are sent again within the tick of TCP's timestamps, while the clock of the next file is behind: what was
// sent again is captured there before the first one is at its sender. The first ones are lost all the same.
func TestSentAgainAtOnce(t *testing.T) {
	s := scene{ahead: map[string]time.Duration{"b.pcap": -50 * time.Millisecond}}
	for i := range uint32(40) {
		packet := func(there bool) []craft.Layer {
			p := segment(&s, there, i*4, "data")
			tcp := p[1].(craft.TCP)
			tcp.Options = []byte{1, 1, 8, 10, 0, 0, 1, byte(i), 0, 0, 0, 1}
			p[1] = tcp
			return around(vm, p...)
		}
		if i%10 == 9 {
			s.at("a.pcap:x", packet(true)...)
		}
		there := packet(true)
		s.at("a.pcap:x", there...)
		s.at("b.pcap:x", there...)
		s.wait(time.Millisecond)
		back := packet(false)
		s.at("b.pcap:x", back...)
		s.at("a.pcap:x", back...)
		s.wait(2 * time.Millisecond)
	}
	s.wait(100 * time.Millisecond)
	s.at("b.pcap:x", around(vm, craft.ARP{})...)
	f := s.follow(t, journeys.Options{})
	same(t, "losses", table(t, f, "losses", "kind", "of", "from", "to", "packets", "untold"), "disappeared | some of a flow | a | b | 4 | 0")
	same(t, "clocks", table(t, f, "clocks", "offset", "error"), "0 | ", "-50000000 | 1000")
}

// TestAlike are datagrams that nothing tells from each other: IPv6, with the same payload. Each joins the one that it fits best by time.
func TestAlike(t *testing.T) {
	var s scene
	inner := around(vm, craft.IPv6{}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("the same every time"))
	for i := range 6 {
		s.at("c:a", inner...)
		if i != 3 {
			s.wait(10 * time.Microsecond)
			s.at("c:b", inner...)
		}
		s.wait(200 * time.Millisecond)
	}
	f := s.follow(t, journeys.Options{})
	same(t, "losses", table(t, f, "losses", "of", "packets", "frames"), "some of a flow | 1 | 7")
	same(t, "routes", table(t, f, "routes", "packets", "least", "most"), "5 | 11000 | 11000")
}

// TestTenants that send alike at the same time are not one, though the packets are the same to the last bit.
func TestTenants(t *testing.T) {
	var s scene
	for i := range uint32(4) {
		inner := []craft.Layer{craft.IPv4{ID: uint16(i + 1)}, craft.TCP{Src: 1, Dst: 2, Seq: i, Ack: 1, Flags: craft.ACK}}
		s.at("c:trunk", around(vm, around([]craft.Layer{craft.VLAN{ID: 10}}, inner...)...)...)
		s.wait(7 * time.Millisecond)
		s.at("c:trunk", around(vm, around([]craft.Layer{craft.VLAN{ID: 20}}, inner...)...)...)
		s.wait(7 * time.Millisecond)
	}
	same(t, "routes", table(t, s.follow(t, journeys.Options{}), "routes", "way"))
}

// TestLoop follows a packet that comes to the same point again and again.
func TestLoop(t *testing.T) {
	var s scene
	inner := segment(&s, true, 1, "data")
	for n := range uint8(3) {
		s.at("c:a", around(vm, less(2*n, inner)...)...)
		s.at("c:b", around(host, less(2*n+1, inner)...)...)
	}
	same(t, "routes", table(t, s.follow(t, journeys.Options{}), "routes", "packets", "way"), "1 | a → b → a → b → a → b")
}

// TestPayload finds a payload that changed under a good checksum, tells it from one under a bad one, and from a packet sent again.
func TestPayload(t *testing.T) {
	var s scene
	for i := range uint32(6) {
		udp := []craft.Layer{craft.IPv4{ID: s.nextID()}, craft.UDP{Src: 7, Dst: 8}}
		before := around(vm, around(udp, craft.Payload(fmt.Sprint("the payload of packet ", i)))...)
		after := before
		switch i {
		case 4: // all sums are right again
			after = around(vm, around(udp, craft.Payload(fmt.Sprint("the paYload of packet ", i)))...)
		case 5:
			after = around(vm, craft.Edit(udp[0], func([]byte) {}), craft.Edit(craft.UDP{Src: 7, Dst: 8}, func(b []byte) { b[12] ^= 1 }), craft.Payload(fmt.Sprint("the payload of packet ", i)))
		}
		s.at("c:a", before...)
		s.at("c:b", after...)
		s.wait(time.Millisecond)
		inner := segment(&s, true, i*4, "data")
		s.at("c:a", around(vm, inner...)...)
		if i == 2 {
			inner[2] = craft.Payload("dAta")
		}
		s.at("c:b", around(vm, inner...)...)
		s.wait(time.Millisecond)
	}
	f := s.follow(t, journeys.Options{})
	same(t, "payloads", table(t, f, "payloads", "from", "to", "checksums", "packets", "frames"), "a | b | good | 2 | 11;12", "a | b | bad | 1 | 21;22")
	same(t, "losses", table(t, f, "losses", "kind"))
	if !strings.Contains(notes(f), "a → b: the payload changed while all checksums are good") {
		t.Error(notes(f))
	}
}

// TestFragments follows a datagram that a router cuts in fragments.
func TestFragments(t *testing.T) {
	var s scene
	datagram := craft.Packet(craft.IPv4{ID: 7, TTL: 64}, craft.UDP{Src: 7, Dst: 8}, craft.Payload(strings.Repeat("0123456789abcdef", 100)))
	payload := craft.Payload(datagram[20:])
	s.at("c:a", append(vm, craft.Payload(datagram))...)
	s.frames[0].Data[12], s.frames[0].Data[13] = 0x08, 0x00
	for off := 0; off < len(payload); off += 800 {
		end := min(off+800, len(payload))
		s.at("c:b", around(host, craft.IPv4{ID: 7, TTL: 63, Protocol: 17, FragmentOffset: uint16(off), MoreFragments: end < len(payload)}, payload[off:end])...)
	}
	f := s.follow(t, journeys.Options{})
	same(t, "steps", table(t, f, "steps", "from", "to", "changes"), "a | b | TTL −1;fragmented into 3")
	same(t, "summary", table(t, f, "path", "packets", "frames", "not_followed"), "1 | 4 | 2")
}

// TestSegmentation has a sender whose network card cuts a segment in three; no piece is lost, and none of them is the whole.
func TestSegmentation(t *testing.T) {
	var s scene
	big := strings.Repeat("x", 3000)
	for i := range uint32(5) {
		inner := segment(&s, true, i*3000, big)
		s.at("c:a", around(vm, inner...)...)
		for n := range uint32(3) {
			piece := segment(&s, true, i*3000+n*1000, big[:1000])
			s.at("c:b", around(vm, piece...)...)
		}
		s.wait(time.Millisecond)
	}
	inner := segment(&s, true, 99_000, "small")
	s.at("c:a", around(vm, inner...)...)
	s.at("c:b", around(vm, inner...)...)
	f := s.follow(t, journeys.Options{})
	same(t, "losses", table(t, f, "losses", "kind"))
	same(t, "summary", table(t, f, "path", "packets", "segmented"), "21 | 20")
}

// TestEncrypted says that what is in ESP cannot be followed, and follows the packets around it.
func TestEncrypted(t *testing.T) {
	var s scene
	for i := range uint32(3) {
		esp := []craft.Layer{craft.IPv4{ID: s.nextID()}, craft.ESP{SPI: 0x1001, Sequence: i + 1}, craft.Payload(fmt.Sprintf("%032d", i))}
		s.at("c:a", around(vm, esp...)...)
		s.at("c:b", around(host, less(1, esp)...)...)
	}
	f := s.follow(t, journeys.Options{})
	same(t, "routes", table(t, f, "routes", "packets", "way"), "3 | a → b")
	if !strings.Contains(notes(f), "6 frames are encrypted (ESP)") {
		t.Error(notes(f))
	}
}

// TestWaiting bounds how many packets wait, and counts those that are judged early.
func TestWaiting(t *testing.T) {
	var s scene
	for i := range uint32(20) {
		s.at("c:a", around(vm, segment(&s, true, i, "x")...)...)
	}
	s.id = 0
	for i := range uint32(20) {
		s.at("c:b", around(vm, segment(&s, true, i, "x")...)...)
	}
	same(t, "all wait", table(t, s.follow(t, journeys.Options{}), "routes", "packets"), "20")
	f := s.follow(t, journeys.Options{Packets: 5})
	same(t, "few wait", table(t, f, "routes", "packets"))
	if f.Crowded == 0 || !strings.Contains(notes(f), "judged early") {
		t.Errorf("%d crowded: %s", f.Crowded, notes(f))
	}
	same(t, "short window", table(t, s.follow(t, journeys.Options{Window: 5 * time.Microsecond}), "routes", "packets"))
}

// TestOnePoint has nothing to follow packets to.
func TestOnePoint(t *testing.T) {
	var s scene
	s.at("c:a", around(vm, segment(&s, true, 1, "x")...)...)
	if err := s.follow(t, journeys.Options{}).Check(); err != journeys.ErrOnePoint {
		t.Error(err)
	}
	s.at("c:b", around(vm, segment(&s, true, 1, "x")...)...)
	if err := s.follow(t, journeys.Options{}).Check(); err != nil {
		t.Error(err)
	}
	if err := s.follow(t, journeys.Options{Flow: 9}).Check(); err == nil || err.Error() != "there is no flow 9: they have the numbers 1 to 2" {
		t.Error(err)
	}
}

// TestDraw draws a packet that came through and one that did not.
func TestDraw(t *testing.T) {
	var s scene
	for i := range uint32(3) {
		inner := segment(&s, true, i*4, "data")
		s.at("c:a", around(vm, inner...)...)
		if i != 1 {
			s.at("c:b", around(host, less(1, inner)...)...)
		}
	}
	got, err := s.follow(t, journeys.Options{Flow: 1}).Draw()
	if err != nil {
		t.Fatal(err)
	}
	want := `flow 1  tcp  10.0.0.1:40000 → 10.0.0.2:80, 3 packets

a  frame 1  2001-09-09T01:46:40.000001000Z
    │   eth  02:00:00:00:00:0a → 02:00:00:00:00:0b
    │   ip  10.0.0.1 → 10.0.0.2  ttl 64, id 0x0001, dscp 0
    │   tcp  40000 → 80  [.] seq 0 ack 1 win 65535 len 4
    │   data  4 bytes
    │ 1.00 µs, TTL −1
b  frame 2  2001-09-09T01:46:40.000002000Z
    │   eth  02:00:00:00:01:0a → 02:00:00:00:01:0b
    │   ip  10.0.0.1 → 10.0.0.2  ttl 63, id 0x0001, dscp 0
    │   tcp  40000 → 80  [.] seq 0 ack 1 win 65535 len 4
    │   data  4 bytes

a  frame 3  2001-09-09T01:46:40.000003000Z
    │   eth  02:00:00:00:00:0a → 02:00:00:00:00:0b
    │   ip  10.0.0.1 → 10.0.0.2  ttl 64, id 0x0002, dscp 0
    │   tcp  40000 → 80  [.] seq 4 ack 1 win 65535 len 4
    │   data  4 bytes
    ╳ never at b
`
	if string(got) != want {
		t.Errorf("%s", got)
	}
}

// TestSameAgain gives the same bytes for the same packets.
func TestSameAgain(t *testing.T) {
	var s scene
	for i := range uint32(50) {
		inner := segment(&s, i%2 == 0, i*4, "data")
		for n, point := range []string{"a.pcap:x", "b.pcap:x", "d.pcap:x"} {
			if i%7 != uint32(n) {
				s.at(point, around(vm, inner...)...)
			}
		}
		s.wait(time.Millisecond)
	}
	var first []byte
	for range 5 {
		var out bytes.Buffer
		if err := reports.WriteJSON(&out, s.follow(t, journeys.Options{}).Tables(), "test"); err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = out.Bytes()
		}
		if !bytes.Equal(out.Bytes(), first) {
			t.Fatal("another output")
		}
	}
}

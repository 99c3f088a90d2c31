package flows_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// hello is a ClientHello with a server's name and the protocols h2 and http/1.1.
func hello(server string) string {
	sized := func(n int, s string) string {
		return string([]byte{byte(len(s) >> 16), byte(len(s) >> 8), byte(len(s))}[3-n:]) + s
	}
	extensions := "\x00\x00" + sized(2, sized(2, "\x00"+sized(2, server))) + "\x00\x10" + sized(2, sized(2, "\x02h2\x08http/1.1"))
	body := "\x03\x03" + strings.Repeat("r", 32) + "\x00" + sized(2, "\x13\x01") + "\x01\x00" + sized(2, extensions)
	return "\x16\x03\x01" + sized(2, "\x01"+sized(3, body))
}

// dns is a message about a name in example.com, of type A.
func dns(id byte, response bool, code byte, name string) string {
	flags := "\x01" + string([]byte{code})
	if response {
		flags = "\x81" + string([]byte{0x80 | code})
	}
	return "\x00" + string([]byte{id}) + flags + "\x00\x01\x00\x00\x00\x00\x00\x00" + string([]byte{byte(len(name))}) + name + "\x07example\x03com\x00\x00\x01\x00\x01"
}

func labelsOf(t *flows.Tracker) (all []string) {
	t.Flows(func(f *flows.Flow) bool {
		text := ""
		if f.TLS != nil {
			text += fmt.Sprintf("tls %q %q", f.TLS.ServerName, f.TLS.ALPN)
		}
		if d := f.DNS; d != nil {
			text += fmt.Sprintf("dns %s %s %d/%d code %d %d %v %v", d.Name, d.Type, d.Queries, d.Responses, d.Code, d.Time.Count, d.Time.Min, d.Time.Max)
		}
		all = append(all, text)
		return true
	})
	return all
}

// The first payload of a TCP connection may say whom the client wants.
func TestLabelsOfTLS(t *testing.T) {
	s := new(scene)
	segment := func(port uint16, d int, seq uint32, payload string) {
		s.at("p", talk(d, 0, s.nextID(), craft.TCP{Seq: seq, Ack: 1, Flags: craft.ACK | craft.PSH}, payload)...)
	}
	segment(443, 0, 1, "")
	segment(443, 0, 1, hello("www.example.com"))
	segment(443, 0, 500, hello("later.example.com"))
	for i, payload := range []string{"GET / HTTP/1.1", hello("other.example.com")} {
		s.at("p", craft.VLAN{ID: 7}, craft.IPv4{ID: s.nextID()}, craft.TCP{Src: 5000, Dst: 443, Seq: uint32(1 + 100*i), Ack: 1, Flags: craft.ACK}, craft.Payload(payload))
	}
	if got, want := fmt.Sprint(labelsOf(s.play(t, flows.Options{}, 1, 1))), `[tls "www.example.com" "h2,http/1.1" ]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// Answers are timed by their ID, several under way at a time, from the first time that they were asked.
func TestLabelsOfDNS(t *testing.T) {
	s := new(scene)
	message := func(d int, payload string) {
		ends, ports := [2]string{"10.0.0.1", "10.0.0.53"}, [2]uint16{40000, 53}
		s.at("p", craft.IPv4{Src: ends[d], Dst: ends[1-d], ID: s.nextID()}, craft.UDP{Src: ports[d], Dst: ports[1-d]}, craft.Payload(payload))
	}
	message(0, dns(1, false, 0, "www")) // at 1 ms
	message(0, dns(2, false, 0, "www"))
	message(0, dns(1, false, 0, "www"))  // again
	message(1, dns(2, true, 0, "www"))   // after 2 ms
	message(1, dns(1, true, 3, "www"))   // after 4 ms
	message(1, dns(9, true, 0, "other")) // nobody asked
	message(0, "no dns")
	got := labelsOf(s.play(t, flows.Options{}, 2, 2))
	if want := "[dns www.example.com A 3/3 code 0 2 2ms 4ms]"; fmt.Sprint(got) != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What flows that left had as labels leaves with them: there is room for those of others.
func TestLabelsLeave(t *testing.T) {
	s := new(scene)
	for i := range 5000 {
		s.at("p", craft.IPv4{ID: s.nextID()}, craft.UDP{Src: uint16(1024 + i), Dst: 53}, craft.Payload(dns(1, false, 0, strings.Repeat("x", 40)+fmt.Sprint(i))))
	}
	var left []string
	tracker := s.play(t, flows.Options{MaxFlows: 10, Left: func(f *flows.Flow) { left = append(left, f.DNS.Name) }}, 1, 1)
	if c := tracker.Counts(); len(left) != 4990 || c.Left != 4990 || c.Unlabeled != 0 {
		t.Errorf("%d left with labels, %d in all, %d without", len(left), c.Left, c.Unlabeled)
	}
	for i, name := range left {
		if want := fmt.Sprintf("%s%d.example.com", strings.Repeat("x", 40), i); name != want {
			t.Fatalf("%d: %s, want %s", i, name, want)
		}
	}
}

// A packet that says nothing new allocates nothing.
func TestLabelsDoNotAllocate(t *testing.T) {
	s := new(scene)
	s.at("p", craft.IPv4{ID: 1}, craft.UDP{Src: 4000, Dst: 53}, craft.Payload(dns(1, false, 0, "www")))
	s.at("p", craft.IPv4{ID: 2}, craft.TCP{Src: 4000, Dst: 443, Seq: 1, Ack: 1, Flags: craft.ACK}, craft.Payload(hello("www.example.com")))
	packets := s.packets(t)
	tracker, reader := flows.NewTracker(flows.Options{}), flows.NewReader()
	var b flows.Batch
	play := func() {
		for _, p := range packets {
			p.Time += int64(time.Second)
			p.Number += 2
			b.Reset()
			reader.Read(p, &b)
			tracker.Play(reader, &b)
		}
	}
	play()
	if n := testing.AllocsPerRun(100, play); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

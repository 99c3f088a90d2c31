package journeys_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"pktscope/dissect"
	"pktscope/internal/craft"
	"pktscope/journeys"
	"pktscope/reports"
)

// scene is packets at capture points, in capture order. A point is called FILE:INTERFACE.
type scene struct {
	frames []dissect.Frame
	points map[string]*dissect.Point
	now    time.Duration            // by the true clock
	ahead  map[string]time.Duration // what the clocks of files are ahead of that
	id     uint16
}

// at captures a packet at a point, a microsecond later than the one before.
func (s *scene) at(point string, layers ...craft.Layer) {
	s.now += time.Microsecond
	s.frame(point, craft.Packet(layers...))
}

func (s *scene) frame(point string, data []byte) {
	if s.points == nil {
		s.points = map[string]*dissect.Point{}
	}
	p := s.points[point]
	file, name, _ := strings.Cut(point, ":")
	if p == nil {
		p = &dissect.Point{ID: len(s.points), File: file, Name: name, Link: 1, FCSLen: -1}
		s.points[point] = p
	}
	at := int64(s.now+s.ahead[file]) + 1e18
	s.frames = append(s.frames, dissect.Frame{Data: data, WireLen: len(data), Time: at, Point: p})
}

// wait lets time pass.
func (s *scene) wait(d time.Duration) { s.now += d }

// nextID is an identification that no packet had before.
func (s *scene) nextID() uint16 { s.id++; return s.id }

// follow follows the scene. Files are merged by their own times, as the command does.
func (s *scene) follow(t testing.TB, o journeys.Options) *journeys.Follower {
	t.Helper()
	config := dissect.NewConfig(dissect.Options{Cookie: -1})
	decoder, resolver := config.NewDecoder(), config.NewResolver()
	if o.Files == nil {
		o.Files = []string{"a.pcap", "b.pcap", "d.pcap"}
	}
	f := journeys.NewFollower(o)
	frames := append([]dissect.Frame(nil), s.frames...)
	for i := range frames { // insertion sort: stable, and nearly in order
		for k := i; k > 0 && frames[k].Time < frames[k-1].Time; k-- {
			frames[k], frames[k-1] = frames[k-1], frames[k]
		}
	}
	var p dissect.Packet
	for i := range frames {
		frames[i].Number = uint64(i + 1)
		decoder.Decode(&p, &frames[i])
		resolver.Resolve(&p)
		p.Verify()
		f.See(&frames[i])
		if err := f.Packet(&p); err != nil {
			t.Fatal(err)
		}
	}
	f.Finish()
	return f
}

// table returns lines of a table: the cells of the named columns, in CSV's form.
func table(t testing.TB, f *journeys.Follower, name string, columns ...string) (lines []string) {
	t.Helper()
	for _, table := range f.Tables() {
		if table.Name != name {
			continue
		}
		var out bytes.Buffer
		if err := reports.WriteCSV(&out, []*reports.Table{table}); err != nil {
			t.Fatal(err)
		}
		var header []string
		for i, line := range strings.Split(strings.TrimSpace(out.String()), "\n") {
			cells := strings.Split(line, ",")
			if i == 0 {
				header = cells
				continue
			}
			var chosen []string
			for _, want := range columns {
				found := false
				for k, have := range header {
					if have == want {
						chosen, found = append(chosen, cells[k]), true
					}
				}
				if !found {
					t.Fatalf("%s has no column %s: %q", name, want, header)
				}
			}
			lines = append(lines, strings.Join(chosen, " | "))
		}
	}
	return lines
}

// notes are those of all tables.
func notes(f *journeys.Follower) string {
	var all []string
	for _, t := range f.Tables() {
		all = append(all, t.Notes...)
	}
	return strings.Join(all, "\n")
}

func same(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Errorf("%s:\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// segment is the inside of a TCP packet of client or server.
func segment(s *scene, there bool, seq uint32, payload string) []craft.Layer {
	ip, tcp := craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: s.nextID()}, craft.TCP{Src: 40000, Dst: 80, Seq: seq, Ack: 1, Flags: craft.ACK}
	if !there {
		ip.Src, ip.Dst, tcp.Src, tcp.Dst = ip.Dst, ip.Src, tcp.Dst, tcp.Src
	}
	return []craft.Layer{ip, tcp, craft.Payload(payload)}
}

// less returns layers with the TTL of their first IPv4 header lower by n.
func less(n uint8, layers []craft.Layer) []craft.Layer {
	layers = append([]craft.Layer(nil), layers...)
	ip := layers[0].(craft.IPv4)
	if ip.TTL == 0 {
		ip.TTL = 64
	}
	ip.TTL -= n
	layers[0] = ip
	return layers
}

func around(outer []craft.Layer, inner ...craft.Layer) []craft.Layer {
	return append(append([]craft.Layer(nil), outer...), inner...)
}

// steadyState returns a follower that has seen many packets, and packets for it to see, three captures of each.
func steadyState(t testing.TB) (*journeys.Follower, []*dissect.Packet) {
	t.Helper()
	var s scene
	for i := range 3000 {
		inner := segment(&s, true, uint32(i), "x")
		for _, point := range []string{"c:a", "c:b", "c:d"} {
			s.at(point, around(vm, inner...)...)
		}
		s.wait(time.Millisecond)
	}
	config := dissect.NewConfig(dissect.Options{Cookie: -1})
	decoder := config.NewDecoder()
	f := journeys.NewFollower(journeys.Options{Window: 100 * time.Millisecond})
	var rest []*dissect.Packet
	for i := range s.frames {
		s.frames[i].Number = uint64(i + 1)
		p := new(dissect.Packet)
		decoder.Decode(p, &s.frames[i])
		p.Verify()
		f.See(&s.frames[i])
		if i < 6000 {
			f.Packet(p)
		} else {
			rest = append(rest, p)
		}
	}
	return f, rest
}

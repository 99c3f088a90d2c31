package journeys_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pktscope/internal/craft"
	"pktscope/journeys"
)

// talk has packets go from a to b and back, with these delays; b's clock is ahead.
func talkOver(ahead time.Duration, there, back func(i int) time.Duration) *scene {
	s := &scene{ahead: map[string]time.Duration{"b.pcap": ahead}}
	for i := range 40 {
		inner := segment(s, true, uint32(i*4), "data")
		s.at("a.pcap:x", around(vm, inner...)...)
		s.wait(there(i))
		s.at("b.pcap:x", around(vm, inner...)...)
		s.wait(time.Millisecond)
		inner = segment(s, false, 1, "")
		s.at("b.pcap:x", around(vm, inner...)...)
		s.wait(back(i))
		s.at("a.pcap:x", around(vm, inner...)...)
		s.wait(3 * time.Millisecond)
	}
	return s
}

func steady(d time.Duration) func(int) time.Duration { return func(int) time.Duration { return d } }

// TestOffset estimates the offset of two clocks, whichever is ahead, and takes it out of order and delays.
func TestOffset(t *testing.T) {
	jitter := func(i int) time.Duration { return 99*time.Microsecond + time.Duration(i*i%17)*50*time.Microsecond }
	for _, ahead := range []time.Duration{0, 30 * time.Microsecond, 700 * time.Microsecond, -time.Millisecond, 1500 * time.Millisecond, -1900 * time.Millisecond} {
		t.Run(ahead.String(), func(t *testing.T) {
			f := talkOver(ahead, jitter, jitter).follow(t, journeys.Options{})
			offset := ahead
			if offset.Abs() <= 100*time.Microsecond {
				offset = 0 // no packet tells that it is not
			}
			bound := 100 * time.Microsecond
			if offset == 0 {
				bound += ahead
			}
			same(t, "clocks", table(t, f, "clocks", "file", "offset", "error", "packets_to", "packets_back")[1:],
				fmt.Sprintf("b.pcap | %d | %d | 40 | 40", offset, bound))
			for _, way := range table(t, f, "routes", "packets", "way") {
				if way != "40 | a → b" && way != "40 | b → a" {
					t.Error(way)
				}
			}
			if offset != 0 {
				for _, delay := range table(t, f, "routes", "least", "most") {
					if delay != "100000 | 900000" {
						t.Error(delay)
					}
				}
			}
		})
	}
}

// TestAsymmetry is what nobody can see from outside: the error is as large as it can be, and says so.
func TestAsymmetry(t *testing.T) {
	f := talkOver(time.Second, steady(99*time.Microsecond), steady(299*time.Microsecond)).follow(t, journeys.Options{})
	same(t, "clocks", table(t, f, "clocks", "offset", "error")[1:], fmt.Sprintf("%d | %d", time.Second-100*time.Microsecond, 200*time.Microsecond))
}

// TestOneWay has packets of one direction only: no offset is known.
func TestOneWay(t *testing.T) {
	var s scene
	for i := range uint32(10) {
		inner := segment(&s, true, i, "x")
		s.at("a.pcap:x", around(vm, inner...)...)
		s.at("b.pcap:x", around(vm, inner...)...)
	}
	f := s.follow(t, journeys.Options{})
	same(t, "clocks", table(t, f, "clocks", "file", "offset", "error"), "a.pcap | 0 | ", "b.pcap |  | ")
	same(t, "routes", table(t, f, "routes", "packets", "way"), "10 | a → b")
	if !strings.Contains(notes(f), "b.pcap: no packets of both directions tell its clock from others'") {
		t.Error(notes(f))
	}
}

// TestDrift has a clock that is so much faster than the other one that the least delays contradict each other.
func TestDrift(t *testing.T) {
	s := talkOver(time.Second, steady(9*time.Microsecond), steady(9*time.Microsecond))
	for i := range s.frames {
		if p := &s.frames[i]; p.Point.File == "b.pcap" {
			p.Time += (p.Time - s.frames[0].Time) / 1000
		}
	}
	if f := s.follow(t, journeys.Options{}); !strings.Contains(notes(f), "drift") {
		t.Error(notes(f))
	}
}

// TestThreeClocks has a clock that can be compared with another one only through a third: its packets never come to the first.
func TestThreeClocks(t *testing.T) {
	s := &scene{ahead: map[string]time.Duration{"b.pcap": 20 * time.Millisecond, "d.pcap": 50 * time.Millisecond}}
	way := func(points ...string) {
		for i := range uint32(20) {
			out := []craft.Layer{craft.IPv4{ID: s.nextID()}, craft.TCP{Src: 1, Dst: 2, Seq: i, Ack: 1, Flags: craft.ACK}}
			s.at(points[0]+".pcap:x", around(vm, out...)...)
			s.wait(9 * time.Microsecond)
			s.at(points[1]+".pcap:x", around(vm, out...)...)
			s.wait(time.Millisecond)
			back := []craft.Layer{craft.IPv4{ID: s.nextID(), Src: "192.0.2.2", Dst: "192.0.2.1"}, craft.TCP{Src: 2, Dst: 1, Seq: 1, Ack: i, Flags: craft.ACK}}
			s.at(points[1]+".pcap:x", around(vm, back...)...)
			s.wait(9 * time.Microsecond)
			s.at(points[0]+".pcap:x", around(vm, back...)...)
			s.wait(time.Millisecond)
		}
	}
	way("a", "b")
	way("b", "d")
	same(t, "clocks", table(t, s.follow(t, journeys.Options{}), "clocks", "file", "offset", "error", "against"),
		"a.pcap | 0 |  | ", "b.pcap | 20000000 | 10000 | a.pcap", "d.pcap | 50000000 | 20000 | b.pcap")
}

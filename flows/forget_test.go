package flows_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// A connection leaves as a whole: when its timeout is over, or sooner when it has been quiet for so long as it may.
func TestForget(t *testing.T) {
	s := new(scene)
	labels := [2]uint32{100, 200}
	for _, c := range conversation {
		s.at("p", append([]craft.Layer{craft.MPLS{Label: labels[c.direction]}}, talk(c.direction, 0, s.nextID(), c.tcp, c.payload)...)...)
	}
	datagram := func(port uint16) {
		s.at("p", craft.IPv4{ID: s.nextID()}, craft.UDP{Src: port, Dst: 5000}, craft.Payload("x"))
	}
	datagram(4001)
	s.wait(int64(29 * time.Second)) // below the timeout
	datagram(4002)
	s.wait(int64(2 * time.Second))
	datagram(4002)
	s.wait(int64(5 * time.Minute))
	datagram(4003)

	var left, whole []string
	var packets []int // played when each connection left
	n := 0
	tracker := s.playing(t, flows.Options{Left: func(f *flows.Flow) { left = append(left, fmt.Sprint(f.ID, " of ", f.Connection)) }}, 1, 1, func(tracker *flows.Tracker) {
		n++
		tracker.Forget(5*time.Minute, func(c *flows.Connection) {
			packets = append(packets, n)
			whole = append(whole, fmt.Sprint(c.IDs, " ", describe(&c.Flow)))
		})
	})
	if diff := cmp.Diff([]string{
		"[3] p[untagged] 192.0.2.1:4001>192.0.2.2:5000 1 0",
		"[1 2] p[mpls 100] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 4 2 reply-of#2",
		"[4] p[untagged] 192.0.2.1:4002>192.0.2.2:5000 2 0",
	}, whole); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{9, 10, 10}, packets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"3 of 3", "2 of 1", "1 of 1", "4 of 4"}, left); diff != "" {
		t.Error(diff)
	}
	if c := tracker.Counts(); c.Quiet != 2 || c.Left != 0 {
		t.Errorf("%d flows could have gone on, %d left because of a limit", c.Quiet, c.Left)
	}
	if got := describeConnections(tracker); len(got) != 1 {
		t.Errorf("%q are there", got)
	}
}

// Forgetting what is over changes nothing: those that left and those that are there are the connections that there are without it.
func TestForgettingChangesNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	forgotten := 0
	for range 50 {
		s := new(scene)
		for range 1 + r.IntN(200) {
			vlan := craft.VLAN{ID: uint16(1 + r.IntN(3))}
			ip := craft.IPv4{Src: fmt.Sprintf("10.0.0.%d", r.IntN(4)), Dst: fmt.Sprintf("10.0.0.%d", r.IntN(4)), ID: s.nextID()}
			if r.IntN(2) == 0 {
				s.at("p", vlan, ip, craft.UDP{Src: uint16(r.IntN(3)), Dst: uint16(r.IntN(3))}, craft.Payload(fmt.Sprint("payload ", r.Uint64())))
			} else {
				s.at("p", vlan, ip, craft.TCP{Src: uint16(r.IntN(3)), Dst: uint16(r.IntN(3)), Seq: r.Uint32(), Ack: r.Uint32(), Flags: uint16(r.IntN(32))})
			}
			s.wait(r.Int64N(20e9))
		}
		block := 1 + r.IntN(9)
		var got []string
		add := func(c *flows.Connection) { got = append(got, fmt.Sprint(c.IDs, " ", describe(&c.Flow))) }
		tracker := s.playing(t, flows.Options{}, block, 2, func(tracker *flows.Tracker) {
			tracker.Forget(1000*time.Hour, func(c *flows.Connection) { forgotten++; add(c) })
		})
		tracker.Connections(func(c *flows.Connection) bool { add(c); return true })
		var want []string
		s.play(t, flows.Options{}, block, 2).Connections(func(c *flows.Connection) bool {
			want = append(want, fmt.Sprint(c.IDs, " ", describe(&c.Flow)))
			return true
		})
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
		if n := tracker.Counts().Quiet; n != 0 {
			t.Fatalf("%d flows could have gone on", n)
		}
	}
	if forgotten == 0 {
		t.Error("nothing was forgotten")
	}
}

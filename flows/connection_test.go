package flows_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// Linked flows are one connection, with the packets of all of them in the directions that the connection has.
func TestConnections(t *testing.T) {
	s := new(scene)
	labels := [2]uint32{100, 200}
	for _, c := range conversation {
		s.at("p", append([]craft.Layer{craft.MPLS{Label: labels[c.direction]}}, talk(c.direction, 0, s.nextID(), c.tcp, c.payload)...)...)
	}
	s.at("p", craft.VLAN{ID: 5}, craft.IPv4{ID: s.nextID()}, craft.UDP{Src: 4000, Dst: 5000})
	got := describeConnections(s.play(t, flows.Options{}, 1, 1))
	want := []string{
		"[1 2] [mpls 100] [mpls 200] p[mpls 100] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 4 2 reply-of#2",
		"[3] [vlan 5] [] p[vlan 5] 192.0.2.1:4000>192.0.2.2:5000 1 0",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	s = new(scene)
	for i, c := range conversation { // the other member of a bond takes over
		s.at([]string{"member1", "member2"}[i/4], talk(c.direction, 0, s.nextID(), c.tcp, c.payload)...)
	}
	got = describeConnections(s.play(t, flows.Options{}, 1, 1))
	want = []string{"[1 2] [untagged untagged] [untagged untagged] member1[untagged] 10.0.0.1:40000>10.0.0.2:80 ESTABLISHED 4 2 continuation-of#2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func describeConnections(t *flows.Tracker) (lines []string) {
	t.Connections(func(c *flows.Connection) bool {
		var names [2][]string
		for d, segments := range c.Segments {
			for _, s := range segments {
				names[d] = append(names[d], s.Name())
			}
		}
		lines = append(lines, fmt.Sprint(c.IDs, " ", names[0], " ", names[1], " ", describe(&c.Flow)))
		return true
	})
	return lines
}

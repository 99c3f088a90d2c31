package reports

import (
	"fmt"
	"strings"
	"testing"

	"pktscope/dissect"
)

func (s stack) String() string {
	var all []string
	for _, n := range s.nodes() {
		all = append(all, fmt.Sprintf("%d<%d", n.protocol, n.parent))
	}
	return strings.Join(all, " ")
}

func TestStack(t *testing.T) {
	// layers lists protocols and the layers that carry them; layer 0 is the frame.
	layers := func(pairs ...int) *dissect.Packet {
		p := &dissect.Packet{Layers: []dissect.Layer{{Parent: -1}}}
		for i := 0; i < len(pairs); i += 2 {
			p.Layers = append(p.Layers, dissect.Layer{Protocol: dissect.ID(pairs[i]), Parent: int16(pairs[i+1])})
		}
		return p
	}
	chain := func(n int) *dissect.Packet {
		var pairs []int
		for i := range n {
			pairs = append(pairs, 7, i)
		}
		return layers(pairs...)
	}
	var star, bush []int // children of one layer: all different, and each with a child
	for i := range 60 {
		star = append(star, 10+i, 0)
		bush = append(bush, 10+i, 0, 5, 2*i+1)
	}
	for _, tt := range []struct {
		name string
		p    *dissect.Packet
		want string
	}{
		{"nothing", layers(), ""},
		{"a chain", layers(5, 0, 6, 1, 7, 2), "5<0 6<1 7<2"},
		{"the same message twice", layers(5, 0, 6, 1, 7, 2, 7, 2, 7, 2), "5<0 6<1 7<2"},
		{"two kinds of messages", layers(5, 0, 6, 1, 7, 2, 8, 2, 9, 4), "5<0 6<1 7<2 8<2 9<4"},
		{"a message's contents in its second occurrence", layers(5, 0, 6, 1, 6, 1, 9, 3), "5<0 6<1 9<2"},
		{"two at the root", layers(5, 0, 6, 0), "5<0 6<0"},
		{"as deep as it gets", chain(40), chained(40)},
	} {
		if got := stackOf(tt.p).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	for _, p := range []*dissect.Packet{chain(300), layers(star...), layers(bush...)} {
		s := stackOf(p)
		if n := len(s.nodes()); n < stackBytes/3 || n > stackBytes {
			t.Errorf("%d protocols of a stack that does not fit", n)
		}
		for i, n := range s.nodes() {
			if int(n.parent) > i || n.protocol == 0 {
				t.Errorf("place %d is %v", i+1, n)
			}
		}
	}
}

// chained is n protocols 7, each below the one before.
func chained(n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("7<%d", i))
	}
	return strings.Join(all, " ")
}

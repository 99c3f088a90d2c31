package reports

import (
	"fmt"
	"testing"

	"pktscope/dissect"
)

// A name says no more than is needed to tell capture points apart.
func TestPointNames(t *testing.T) {
	eth0 := func(file string) *dissect.Point { return &dissect.Point{File: file, Name: "eth0", Index: 0} }
	plain := func(file string) *dissect.Point { return &dissect.Point{File: file, Index: -1} }
	for _, test := range []struct {
		points []*dissect.Point
		want   string
	}{
		{[]*dissect.Point{eth0("day/a.pcapng"), {File: "day/a.pcapng", Index: 1}}, "[eth0 #1]"},
		{[]*dissect.Point{plain("day/a.pcap")}, "[a.pcap]"},
		{[]*dissect.Point{plain("day/a.pcap"), eth0("night/b.pcapng")}, "[a.pcap b.pcapng:eth0]"},
		{[]*dissect.Point{eth0("day/a.pcapng"), plain("b.pcap"), eth0("night/a.pcapng")}, "[day/a.pcapng:eth0 b.pcap night/a.pcapng:eth0]"},
	} {
		var n pointNames
		var names []string
		for _, p := range test.points {
			n.see(p)
		}
		for _, p := range test.points {
			names = append(names, n.of(p))
		}
		if got := fmt.Sprint(names); got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

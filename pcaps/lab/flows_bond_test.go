package lab_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"pktscope/flows"
)

// Flows over the members of a bond.

// What crosses a bond is one connection, on whichever members its packets are: where one end is captured by links, at one site anyway.
func TestFlowsOverBonds(t *testing.T) {
	spreads := 0 // where a hash puts a connection is chance, and that it spreads none in any recording next to impossible
	spread := map[string]bool{"bond-slb": true, "bond-lacp": true}
	for _, name := range []string{"bond-active-backup", "bond-slb", "bond-lacp"} {
		for _, end := range []string{"a", "b", ""} {
			o, means := flows.Options{}, fmt.Sprintf(`frame.interface_name matches "^%s-l"`, end)
			if end == "" {
				o, means = flows.Options{OneSite: true}, ""
			}
			// What the cut or silent member lost has no answer; it is pings only.
			f := follow(t, name, means, o)
			perPort, both, kinds := map[string]int{}, 0, map[flows.Evidence]int{}
			for _, c := range f.connections {
				if c.Protocol == icmp && c.Source().Compare(c.Destination()) > 0 { // h1 to h4 ask, s1 to s4 answer, whatever was captured first
					t.Errorf("%s %s: %s", name, end, describe(&c.Flow))
				}
				if c.Protocol != tcp && c.Protocol != udp {
					continue
				}
				perPort[fmt.Sprint(c.Protocol, c.Source(), c.Sport)]++
				if c.Protocol == tcp && (c.State != flows.StateTimeWait || c.Midstream || c.Invalid > 0 || c.Directions[flows.Reply].Payload != 1500) {
					t.Errorf("%s %s: %s %s, %d bytes back", name, end, describe(&c.Flow), c.State, c.Directions[flows.Reply].Payload)
				}
				if !c.Replied || c.Ambiguous || c.Dport != 9000 && c.Dport != 9001 {
					t.Errorf("%s %s: %s has no answer", name, end, describe(&c.Flow))
				}
				if len(c.IDs) > 1 {
					both++
				}
				for _, l := range c.Links {
					kinds[l.Evidence]++
				}
			}
			if len(perPort) != 16 {
				t.Errorf("%s %s: %d clients' ports", name, end, len(perPort))
			}
			if both > 0 && (end == "" || !spread[name]) {
				t.Errorf("%s %s: %d connections are on both members", name, end, both)
			}
			if both > 0 && kinds[flows.TCPNumbers] == 0 {
				t.Errorf("%s %s: evidence %v", name, end, kinds)
			}
			spreads += both
		}
	}
	if spreads == 0 {
		t.Error("no connection is on both members of any bond")
	}
}

// Where both ends are captured, or most of them, what cannot be told is left open: no packet counts twice in a connection, and no member's
// frames are taken for those of another one, or of a translator.
func TestBothEndsOfBonds(t *testing.T) {
	for _, name := range []string{"bond-active-backup", "bond-slb", "bond-lacp"} {
		for _, missing := range []string{"", "a-l1", "a-l2", "b-l1", "b-l2"} {
			f := follow(t, name, fmt.Sprintf("not frame.interface_name == %q", missing), flows.Options{})
			for _, c := range f.connections {
				if answer := c.Directions[flows.Reply].Payload; c.Protocol == tcp && answer != 0 && answer != 1500 {
					t.Errorf("%s without %q: %s has an answer of %d bytes", name, missing, describe(&c.Flow), answer)
				}
			}
			for i := range f.flows {
				one := &f.flows[i]
				for _, l := range one.Links {
					if other := f.byID(t, l.Flow); l.Kind == flows.NATOf || l.Kind == flows.DuplicateOf && !oneMember(one, other) {
						t.Errorf("%s without %q: %s is %s of %s", name, missing, describe(one), l.Kind, describe(other))
					}
				}
			}
		}
	}
}

// oneMember tells whether two flows are at the two ends of one member.
func oneMember(a, b *flows.Flow) bool {
	x, y := a.Segment.Point.Name, b.Segment.Point.Name
	return x[0] != y[0] && x[1:] == y[1:]
}

// Each ping has its requests and its replies in one connection at one end of the bond, as many as the host sent and got.
func TestPingsOverBonds(t *testing.T) {
	for _, name := range []string{"bond-slb", "bond-active-backup"} {
		sent := regexp.MustCompile(`(\d+) packets transmitted, (\d+) received`).FindStringSubmatch(truth(t, name, "mend.txt"))
		f := follow(t, name, `icmp and frame.interface_name matches "^a-l"`, flows.Options{OneSite: true})
		last := f.connections[0]
		found := false
		for _, c := range f.connections {
			if fmt.Sprint(c.Directions[flows.Original].Packets) == sent[1] && fmt.Sprint(c.Directions[flows.Reply].Packets) == sent[2] {
				found = true
			}
			last = c
		}
		if !found {
			t.Errorf("%s: no connection has %s requests and %s replies; the last one is %s", name, sent[1], sent[2], describe(&last.Flow))
		}
	}
}

// When the same ports are used again after the timeout, in a later recording of the same hosts, that is another flow.
func TestFlowsEndAsTimePasses(t *testing.T) {
	const means = `udp.port >= 41001 and udp.port <= 41008`
	whole := follow(t, "bond-active-backup bond-lacp", means, flows.Options{OneSite: true})
	apart := map[uint16][]int64{}
	for _, name := range []string{"bond-active-backup", "bond-lacp"} {
		alone := follow(t, name, means, flows.Options{OneSite: true})
		for i := range alone.flows {
			one := &alone.flows[i]
			apart[one.Sport] = append(apart[one.Sport], one.First(), one.Last())
		}
	}
	ended := 0
	for port, times := range apart {
		same := whole.of(func(one *flows.Flow) bool { return one.Sport == port })
		want := 1
		if len(times) != 4 {
			t.Fatalf("port %d: %d times", port, len(times))
		}
		pause := time.Duration(max(times[2]-times[1], times[0]-times[3])) // whichever was recorded first
		if pause > 30*time.Second {                                       // of UDP that is no stream
			want = 2
			ended++
		}
		if len(same) != want || want == 2 && (!same[0].Ended || same[1].Ended) {
			t.Errorf("port %d: %d flows, %s apart", port, len(same), pause)
		}
	}
	t.Logf("%d of %d flows ended", ended, len(apart))
}

package lab_test

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pktscope/flows"
)

// Flows on both sides of a translator, as its connection tracking has them.

// What a line of conntrack says of each direction.
var (
	conntrackTuple    = regexp.MustCompile(`src=\S+ dst=\S+ (?:sport=\S+ dport=\S+|type=\S+ code=\S+ id=\S+)`)
	conntrackCounters = regexp.MustCompile(`packets=\d+ bytes=\d+`)
)

// The router's connection tracking has each connection's counters and both of its tuples: before the translation on one side, behind it
// on the other. The tracker has a flow with the same numbers on each side, and links the two, which one is behind included.
func TestFlowsAsTheRouterCounts(t *testing.T) {
	except := []string{"44000", "44002", "45300", "53000", "53001", "52003", "81"} // see TestNATBothSides
	f := follow(t, "nat", "", flows.Options{})
	counted := func(c *flows.Connection) string { // without what the router says of the other side, and of time
		line := string(c.AppendConntrack(nil))
		return strings.Join(append(conntrackTuple.FindAllString(line, -1), conntrackCounters.FindAllString(line, -1)...), " ")
	}
	seen := map[string]*flows.Connection{}
	for _, c := range f.connections {
		seen[c.Segment.Point.Name+" "+counted(c)] = c
	}
	translated, compared := 0, 0
	for _, e := range conntrack(t, "nat", "conntrack-end.txt") {
		original, reply := e.tuples[0], e.tuples[1]
		noFlow := original["dport"] == "" && original["id"] == "" // IGMP
		if noFlow || slices.Contains(except, original["sport"]) || slices.Contains(except, original["dport"]) {
			continue
		}
		compared++
		counters := " " + strings.Join(conntrackCounters.FindAllString(e.flags, -1), " ")
		tuples := conntrackTuple.FindAllString(e.flags, -1)
		in := seen[side(original["src"])+" "+tuples[0]+" "+mirrored(tuples[0])+counters]
		if in == nil {
			t.Errorf("not on the side where it came in: %s", e.flags)
			continue
		}
		if mirrored(tuples[0]) == tuples[1] || reply["src"] == "203.0.113.1" {
			continue // not translated, or answered by the router itself
		}
		out := seen[side(reply["src"])+" "+mirrored(tuples[1])+" "+tuples[1]+counters]
		if out == nil {
			t.Errorf("not on the side where it went out: %s", e.flags)
			continue
		}
		if e.protocol == "udp" && in.Segment == out.Segment {
			continue // both addresses are others, which a datagram does not prove
		}
		translated++
		for _, way := range []struct {
			from, to *flows.Connection
			after    bool
		}{{in, out, false}, {out, in, true}} {
			l := links(&way.from.Flow, flows.NATOf)
			proof := way.from.Packets() + uint64(way.from.Related) // an error that quotes a packet shows it, too
			if len(l) != 1 || l[0].Flow != way.to.ID || l[0].After != way.after || l[0].Packets != proof {
				t.Errorf("%s: links %+v, want nat-of %d with all packets, after is %v", describe(&way.from.Flow), l, way.to.ID, way.after)
			}
		}
		for d := range in.Directions {
			a, b := in.Directions[d].TTL, out.Directions[d].TTL
			if in.Directions[d].Packets > 0 && (a[0] != a[1] || max(a[0], b[0])-min(a[0], b[0]) != 1) {
				t.Errorf("%s: the router takes one from the TTL, which is %d and %d", describe(&in.Flow), a, b)
			}
		}
	}
	if compared < 40 || translated < 30 {
		t.Errorf("%d entries, %d of them translated", compared, translated)
	}
}

// mirrored is the tuple of the answers to what has another one, in conntrack's words.
func mirrored(tuple string) string {
	words := strings.Fields(tuple)
	value := func(i int) string { _, v, _ := strings.Cut(words[i], "="); return v }
	words[0], words[1] = "src="+value(1), "dst="+value(0)
	switch {
	case len(words) == 4:
		words[2], words[3] = "sport="+value(3), "dport="+value(2)
	default:
		words[2] = map[string]string{"8": "type=0", "0": "type=8", "128": "type=129", "129": "type=128"}[value(2)]
	}
	return strings.Join(words, " ")
}

// What is left of each connection's time when the recording ends is what the router says a moment later, less that moment.
func TestTimeoutsAsTheRouterCounts(t *testing.T) {
	except := []string{"45300", "81"} // the kernel does not renew what is sent again
	f := follow(t, "nat", "", flows.Options{})
	left := map[string]time.Duration{}
	for _, c := range f.connections {
		if !c.Ended {
			tuple := conntrackTuple.FindString(string(c.AppendConntrack(nil)))
			left[fmt.Sprint(c.Protocol, " ", tuple)] = c.Remaining
		}
	}
	earliest, latest, compared := math.Inf(1), math.Inf(-1), 0
	var first, last string
	for _, e := range conntrack(t, "nat", "conntrack-end.txt") {
		words := strings.Fields(e.flags)
		remaining, ok := left[words[3]+" "+conntrackTuple.FindString(e.flags)]
		if !ok || slices.Contains(except, e.tuples[0]["sport"]) || slices.Contains(except, e.tuples[0]["dport"]) {
			continue
		}
		compared++
		moment := remaining.Seconds() - float64(number(t, words[4]))
		if moment < earliest {
			earliest, first = moment, e.flags
		}
		if moment > latest {
			latest, last = moment, e.flags
		}
	}
	if compared < 40 || latest-earliest > 1.5 || earliest < -1 {
		t.Errorf("%d entries are %.1f to %.1f seconds later than here:\n%s%s", compared, earliest, latest, first, last)
	}
}

// A tuple that the router saw begin twice is as many flows.
func TestFlowsThatBeginAgain(t *testing.T) {
	f := follow(t, "nat", `frame.interface_name == "lan"`, flows.Options{})
	began := map[string]int{}
	for line := range strings.Lines(truth(t, "nat", "conntrack-E.txt")) {
		if strings.Contains(line, "[NEW]") && strings.Contains(line, " tcp ") && strings.Contains(line, "src=192.168.1.10") {
			began[conntrackTuple.FindString(line)]++
		}
	}
	again := 0
	for tuple, n := range began {
		if strings.Contains(tuple, "44002") { // the router was made to forget it
			continue
		}
		same := f.of(func(one *flows.Flow) bool {
			var c flows.Connection
			c.Alone(one)
			return one.Protocol == tcp && conntrackTuple.FindString(string(c.AppendConntrack(nil))) == tuple
		})
		if n > 1 {
			again++
		}
		if len(same) != n {
			t.Errorf("%s: %d flows, the router saw %d", tuple, len(same), n)
			continue
		}
		for i, one := range same {
			if one.Ended != (i < n-1) {
				t.Errorf("%s: ended is %v of the flow %d of %d", tuple, one.Ended, i+1, n)
			}
		}
	}
	if again < 2 {
		t.Errorf("%d tuples are used again", again)
	}
}

// At the interface any a packet is there at the port, at the bridge and behind the router: the first is counted, the second is a
// duplicate, the third is the other flow's.
func TestFlowsAtAny(t *testing.T) {
	f := follow(t, "nat-any", "", flows.Options{})
	compared := 0
	for _, e := range conntrack(t, "nat-any", "conntrack-end.txt") {
		tuples := conntrackTuple.FindAllString(e.flags, -1)
		for i := range f.flows {
			one := &f.flows[i]
			var c flows.Connection
			c.Alone(one)
			tuple := conntrackTuple.FindString(string(c.AppendConntrack(nil)))
			if tuple != tuples[0] && tuple != mirrored(tuples[1]) {
				continue
			}
			compared++
			from := &one.Directions[flows.Original]
			if fmt.Sprint(from.Packets, from.Bytes) != e.tuples[0]["packets"]+" "+e.tuples[0]["bytes"] {
				t.Errorf("%s: %d packets, %d bytes, the router has %s", describe(one), from.Packets, from.Bytes, e.flags)
			}
			if l := links(one, flows.NATOf); len(l) != 1 || l[0].After != (tuple != tuples[0]) {
				t.Errorf("%s: links %+v", describe(one), one.Links)
			}
		}
	}
	if compared < 10 {
		t.Errorf("%d flows", compared)
	}
	var duplicates, frames uint64
	for i := range f.flows {
		for d := range f.flows[i].Directions {
			duplicates += uint64(f.flows[i].Directions[d].Duplicates)
			frames += f.flows[i].Directions[d].Packets
		}
	}
	if n := uint64(count(t, "nat-any", "tcp or udp or icmp")); duplicates == 0 || duplicates+frames != n {
		t.Errorf("%d packets and %d duplicates of %d frames", frames, duplicates, n)
	}
}

// The NAT that changes IKE's and ESP's ports is seen on both sides, with every packet.
func TestFlowsOfIPsecThroughNAT(t *testing.T) {
	f := follow(t, "ipsec-nat", "udp", flows.Options{})
	behind := f.of(func(one *flows.Flow) bool {
		return one.Segment.Point.Name == "r2" && (one.Dport == 500 || one.Dport == 4500)
	})
	for _, one := range behind {
		l := links(one, flows.NATOf)
		if len(l) != 1 || !l[0].After || l[0].Packets != one.Packets() || f.byID(t, l[0].Flow).Segment.Point.Name != "wan" ||
			one.Sport == one.Dport {
			t.Errorf("%s: %+v", describe(one), one.Links)
		}
	}
	if len(behind) != 2 {
		t.Errorf("%d flows at r2", len(behind))
	}
}

// Which side of a translator is behind it is told from answers alone, too.
func TestTranslationsOfAnswers(t *testing.T) {
	f := follow(t, "nat", "tcp.srcport == 80 and ip.src == 203.0.113.100", flows.Options{})
	inside := f.of(func(one *flows.Flow) bool {
		return strings.HasPrefix(one.Source().String(), "192.168.1.1") && one.Segment.Point.Name == "lan"
	})
	for _, one := range inside {
		l := links(one, flows.NATOf)
		if one.Source().String() == "192.168.1.12" { // leaves with its own address
			continue
		}
		if len(l) != 1 || l[0].After {
			t.Errorf("%s: %+v", describe(one), one.Links)
		}
	}
	if len(inside) < 4 {
		t.Errorf("%d flows", len(inside))
	}
}

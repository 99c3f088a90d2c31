package lab_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pktscope/flows"
)

// Flows on their way between two hosts: loss, fragments, errors, checksums.

// The sender's sockets say what it sent, the router what it dropped, and every capture point on the way has what is left of it.
func TestFlowsOfLoss(t *testing.T) {
	lossAsTheSocketsCount(t, follow(t, "loss", "", flows.Options{}))
}

// A tracker with little room hands over what leaves: together with what stays it is the same.
func TestFlowsOfLossWithLittleRoom(t *testing.T) {
	all := follow(t, "loss", "", flows.Options{})
	f := follow(t, "loss", "", flows.Options{MaxFlows: 12})
	if len(f.flows) != 12 || f.Counts().Left != uint64(len(f.left)) || len(f.left)+len(f.flows) != len(all.flows) {
		t.Errorf("%d flows remain, %d left, %d are counted as having left", len(f.flows), len(f.left), f.Counts().Left)
	}
	f.flows = append(f.left, f.flows...)
	lossAsTheSocketsCount(t, f)
}

func lossAsTheSocketsCount(t *testing.T, f *followed) {
	t.Helper()
	for _, line := range truthRows(t, "loss", "tcp-info.txt") {
		info := map[string]int{}
		for _, pair := range line {
			name, value, _ := strings.Cut(pair, "=")
			info[name] = number(t, value)
		}
		at := map[string]*flows.Flow{}
		for _, one := range f.of(func(one *flows.Flow) bool { return one.Protocol == tcp && int(one.Dport) == info["port"] }) {
			if at[one.Segment.Point.Name] != nil {
				t.Errorf("%s is not the only one there", describe(one))
			}
			at[one.Segment.Point.Name] = one
		}
		if len(at) != 4 {
			t.Errorf("port %d is at %d places", info["port"], len(at))
			continue
		}
		sent := &at["s0"].Directions[flows.Original]
		if int(sent.Payload) != info["bytes_sent"] {
			t.Errorf("port %d: %d bytes, the socket sent %d", info["port"], sent.Payload, info["bytes_sent"])
		}
		if n := sent.Counters.Of(flows.TCPRetransmission); int(n) != info["total_retrans"] {
			t.Errorf("port %d: %d retransmissions, the socket counted %d", info["port"], n, info["total_retrans"])
		}
		fresh := int(sent.Payload - sent.Counters.RepeatedBytes)
		if flags := info["bytes_acked"] - fresh; flags < 1 || flags > 2 { // SYN and FIN count as a byte each
			t.Errorf("port %d: %d bytes that are new, the socket says that %d were acknowledged", info["port"], fresh, info["bytes_acked"])
		}
		for point, one := range at {
			ttls := []uint8{64, 63}
			if point == "r1" || point == "d0" {
				ttls = []uint8{63, 64}
			}
			for d, ttl := range ttls {
				if tr := &one.Directions[d]; tr.TTL != [2]uint8{ttl, ttl} || tr.Duplicates > 0 || tr.Good+uint64(tr.Unverified) != tr.Packets {
					t.Errorf("%s %s: TTL %d, %d duplicates, %d of %d good", describe(one), flows.Direction(d), tr.TTL, tr.Duplicates, tr.Good, tr.Packets)
				}
			}
			if one.State != flows.StateTimeWait || one.Midstream || one.Flipped {
				t.Errorf("%s: %s", describe(one), one.State)
			}
			if len(f.left) > 0 {
				continue // then the other places may have left before
			}
			same := links(one, flows.DuplicateOf)
			if len(same) != 3 || len(one.Links) != 3 {
				t.Errorf("%s: links %+v", describe(one), one.Links)
			}
			for _, l := range same {
				// Of 5006 two SYN-ACKs are alike, so soon after each other that one may be the other's copy.
				if other := f.byID(t, l.Flow); l.Packets != min(one.Packets(), other.Packets()) && info["port"] != 5006 {
					t.Errorf("%s has %d packets, %s has %d, both have %d", describe(one), one.Packets(), describe(other), other.Packets(), l.Packets)
				}
			}
		}
	}
}

// The datagrams that are missing behind the router are those that it dropped.
func TestDatagramsOfLoss(t *testing.T) {
	f := follow(t, "loss", "udp", flows.Options{})
	packets := map[string]uint64{}
	for i := range f.flows {
		if one := &f.flows[i]; one.Dport == 5009 {
			packets[one.Segment.Point.Name] += one.Directions[flows.Original].Packets
		}
	}
	rule := regexp.MustCompile(`udp dport 5009 .* counter packets (\d+)`).FindStringSubmatch(truth(t, "loss", "nft.txt"))
	if lost := packets["r0"] - packets["r1"]; fmt.Sprint(lost) != rule[1] || packets["s0"] != packets["r0"] || packets["r1"] != packets["d0"] {
		t.Errorf("%v, the router dropped %s", packets, rule[1])
	}
}

// A connection that is captured at one place first and then at another is one connection.
func TestFlowsThatContinueElsewhere(t *testing.T) {
	// It is told by TCP's numbers where nothing is on its way from one place to the other: where both have the same packets.
	const port = "tcp.port == 5008 and frame.interface_name in {\"s0\", \"d0\"}"
	seen, ahead := 0, map[string]int{}
	cut := ""
	for _, row := range rows(t, "loss", port, "frame.interface_name", "ip.src", "frame.number") {
		if seen > 2 && ahead["10.1.0.1"] == 0 && ahead["10.2.0.2"] == 0 {
			cut = row[2]
		}
		seen++
		if row[0] == "s0" {
			ahead[row[1]]++
		} else {
			ahead[row[1]]--
		}
		if cut != "" && seen > 20 {
			break
		}
	}
	const places = `%s and (frame.interface_name == "s0" and frame.number < %s or frame.interface_name == "d0" and frame.number >= %s)`
	means := fmt.Sprintf(places, port, cut, cut)
	f := follow(t, "loss", means, flows.Options{})
	if len(f.connections) != 1 {
		t.Fatalf("%d connections", len(f.connections))
	}
	c := f.connections[0]
	l := links(&c.Flow, flows.ContinuationOf)
	if len(l) != 1 || l[0].Evidence != flows.TCPNumbers || len(c.Segments[0]) != 2 || len(c.Segments[1]) != 2 ||
		c.State != flows.StateTimeWait || c.Midstream {
		t.Errorf("%s %s midstream %v: links %+v", describe(&c.Flow), c.State, c.Midstream, c.Links)
	}
}

// Errors of ICMP belong to the flows that they quote: each is counted once, at its place, as related or as nobody's.
func TestErrorsAreRelated(t *testing.T) {
	const quotes = "icmp.type in {3, 11} or icmpv6.type in {1, 2, 3}"
	for _, name := range []string{"nat", "fragments"} {
		f := follow(t, name, "", flows.Options{})
		errors, related := map[string]int{}, map[string]int{}
		for _, row := range rows(t, name, quotes, "frame.interface_name") {
			errors[row[0]]++
		}
		total := 0
		for i := range f.flows {
			one := &f.flows[i]
			related[one.Segment.Point.Name] += int(one.Related)
			total += int(one.Related)
			if (one.Protocol == icmp || one.Protocol == icmpv6) && one.Directions[flows.Original].Packets == 0 && !one.Midstream {
				t.Errorf("%s: %s began with an answer", name, describe(one))
			}
		}
		all := 0
		for point, n := range errors {
			all += n
			if related[point] > n {
				t.Errorf("%s: %d errors at %s, %d are related to flows", name, n, point, related[point])
			}
		}
		counts := f.Counts()
		if total == 0 || total+int(counts.Unrelated)+quotedFragments(t, name, quotes) != all {
			t.Errorf("%s: %d errors, %d related to flows, %d to none", name, all, total, counts.Unrelated)
		}
	}
	// Who asked a closed port was told so.
	f := follow(t, "nat", "", flows.Options{})
	told := f.of(func(one *flows.Flow) bool { return one.Protocol == udp && one.Dport == 777 })
	for _, one := range told {
		if one.Related != 1 || one.Replied {
			t.Errorf("%s: %d errors", describe(one), one.Related)
		}
	}
	if len(told) != 2 {
		t.Errorf("%d flows to the closed port", len(told))
	}
}

// quotedFragments is how many errors quote what names no flow: a fragment that is not the first.
func quotedFragments(t *testing.T, name, quotes string) int {
	t.Helper()
	return count(t, name, "("+quotes+") and (inner.ip.frag_offset > 0 or ipv6.fraghdr.offset > 0)")
}

// A datagram counts once, with all of its bytes, and its fragments as fragments, at every point that has them all.
func TestFlowsOfFragments(t *testing.T) {
	f := follow(t, "fragments", "icmp.type == 8 or icmp.type == 0 or udp or outer.ip.frag_offset > 0 or outer.ip.flags.mf == 1", flows.Options{})
	echo := f.of(func(one *flows.Flow) bool {
		return one.Protocol == icmp && one.Directions[0].Packets > 0 && one.Directions[0].Payload/one.Directions[0].Packets > 3000
	})
	long := regexp.MustCompile(`-s 4000 (\S+)\nPING .* 4000\((\d+)\) (?:.*\n)+?(\d+) packets transmitted, (\d+) received`)
	sent := long.FindStringSubmatch(truth(t, "fragments", "probes.txt"))
	if sent == nil || len(echo) != 5 {
		t.Fatalf("%d flows of long pings", len(echo))
	}
	for _, one := range echo {
		for d, packets := range sent[3:5] {
			tr := &one.Directions[d]
			if fmt.Sprint(tr.Packets) != packets || tr.Bytes != tr.Packets*uint64(number(t, sent[2])) || uint64(tr.Fragments) < 3*tr.Packets {
				t.Errorf("%s: %+v, the host says %q", describe(one), tr, sent[2:])
			}
		}
	}
	points := map[string]bool{}
	for i := range f.flows {
		points[f.flows[i].Segment.Point.Name] = true
	}
	for point := range points {
		var whole uint64
		for _, one := range f.of(func(one *flows.Flow) bool { return one.Protocol == icmp && one.Segment.Point.Name == point }) {
			whole += uint64(one.Directions[0].Fragments + one.Directions[1].Fragments)
		}
		frames := count(t, "fragments",
			fmt.Sprintf("frame.interface_name == %q and outer.ip.proto == 1 and (outer.ip.frag_offset > 0 or outer.ip.flags.mf == 1)", point))
		if whole != uint64(frames) || frames == 0 {
			t.Errorf("%s: %d fragments of pings, the flows have %d", point, frames, whole)
		}
	}
}

// The segment whose bit was flipped is counted as bad, and moves no state: it comes again.
func TestFlowOfTheFlippedBit(t *testing.T) {
	f := follow(t, "overlay", "", flows.Options{})
	at := f.of(func(one *flows.Flow) bool { return one.Protocol == tcp && one.Sport == 40002 })
	for _, one := range at {
		back := &one.Directions[flows.Reply]
		if back.Bad != 1 || back.Good != back.Packets-1 || one.Directions[flows.Original].Bad != 0 || one.Invalid != 1 ||
			one.State != flows.StateTimeWait || back.Counters.Of(flows.TCPRetransmission) != 1 {
			t.Errorf("%s %s: %d of %d packets are bad, %d invalid", describe(one), one.State, back.Bad, back.Packets, one.Invalid)
		}
	}
	if len(at) != 2 {
		t.Errorf("%d flows", len(at))
	}
}

// A checksum that the card owes is neither good nor bad.
func TestFlowsOfOffload(t *testing.T) {
	f := follow(t, "offload", "", flows.Options{})
	owed, unverified := count(t, "offload", `pktscope.checksum.verdict == "offload" and (tcp or udp) and not icmp`), 0
	for i := range f.flows {
		for d := range f.flows[i].Directions {
			tr := &f.flows[i].Directions[d]
			unverified += int(tr.Unverified)
			if tr.Bad > 0 || tr.Good+uint64(tr.Unverified) != tr.Packets {
				t.Errorf("%s: %d good, %d bad, %d unverified", describe(&f.flows[i]), tr.Good, tr.Bad, tr.Unverified)
			}
		}
	}
	if owed == 0 || owed != unverified {
		t.Errorf("%d checksums are owed, the flows have %d", owed, unverified)
	}
}

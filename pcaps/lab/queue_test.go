package lab_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pktscope/pcaps"
)

// What left a queue is behind it, what it dropped is not, and what entered is the sum, as tc counted.
func TestQueuesAsTcCounts(t *testing.T) {
	root := regexp.MustCompile(`qdisc \w+ [0-9a-f]+: root.*\n Sent (\d+) bytes (\d+) pkt \(dropped (\d+),`)
	n := 0
	for _, r := range pcaps.Corpus() {
		if !strings.HasPrefix(r.Name, "qos-") {
			continue
		}
		n++
		m := root.FindStringSubmatch(truth(t, r.Name, "tc.txt"))
		if m == nil {
			t.Errorf("%s: no root in tc.txt", r.Name)
			continue
		}
		points := map[string]map[string]string{}
		for _, row := range by(t, r.Name, "udp", "frame.interface_name", "packets,bytes") {
			points[row["frame.interface_name"]] = row
		}
		in, out := number(t, points["in0"]["packets"]), number(t, points["out0"]["packets"])
		if fmt.Sprint(out) != m[2] || points["out0"]["bytes"] != m[1] || fmt.Sprint(in-out) != m[3] {
			t.Errorf("%s: %d packets in, %d out with %s bytes; tc sent %s with %s bytes and dropped %s", r.Name, in, out, points["out0"]["bytes"], m[2], m[1], m[3])
		}
		sent := 0
		for _, row := range truthRows(t, r.Name, "sent.txt") {
			port, frames := strings.TrimPrefix(row[0], "port="), strings.TrimPrefix(row[1], "sent=")
			if got := count(t, r.Name, `frame.interface_name == "in0" and udp.dstport == `+port); fmt.Sprint(got) != frames {
				t.Errorf("%s: %d frames to port %s, %s were sent", r.Name, got, port, frames)
			}
			sent++
		}
		if sent == 0 {
			t.Errorf("%s: no streams", r.Name)
		}
	}
	if n == 0 {
		t.Error("no recording of a queue")
	}
}

// The queues report puts each TOS into the band that the kernel's priomap has for it, and the first band is never made to wait:
// nothing of it is dropped while others overflow.
func TestBandsOfPfifoFast(t *testing.T) {
	const name = "qos-pfifo-fast"
	m := regexp.MustCompile(`priomap((?: \d)+)`).FindStringSubmatch(truth(t, name, "tc.txt"))
	if m == nil {
		t.Fatal("no priomap")
	}
	priomap := strings.Fields(m[1])
	packets := map[string]map[string]int{"in0": {}, "out0": {}}
	for _, row := range report(t, name, "queues") {
		priority := number(t, strings.Fields(row["priority"])[0])
		if row["band"] != priomap[priority] {
			t.Errorf("TOS %s of priority %d: band %s, the kernel has %s", row["tos"], priority, row["band"], priomap[priority])
		}
		packets[row["point"]][row["band"]] += number(t, row["packets"])
	}
	if in, out := packets["in0"], packets["out0"]; in["0"] == 0 || in["0"] != out["0"] || in["2"] <= out["2"] || out["2"] == 0 {
		t.Errorf("packets by band: %v before the queue, %v behind it", in, out)
	}
}

// A switch with rules counts at its ports what the recording has there.
func TestRulesPorts(t *testing.T) {
	points := map[string]portCounters{}
	for _, row := range by(t, "ovs-rules", "", "frame.interface_name", "packets,bytes") {
		points[row["frame.interface_name"]] = portCounters{number(t, row["packets"]), number(t, row["bytes"])}
	}
	ports := portLines.FindAllStringSubmatch(truth(t, "ovs-rules", "counters.txt"), -1)
	for _, m := range ports {
		want := portCounters{number(t, m[2]) + number(t, m[4]), number(t, m[3]) + number(t, m[5])}
		if got := points["s"+m[1]]; got != want {
			t.Errorf("port %s: the switch counted %+v, we %+v", m[1], want, got)
		}
	}
	if len(ports) != 4 {
		t.Errorf("%d ports", len(ports))
	}
}

package lab_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Recordings whose protocols are dissected later: what the data plane shows of them.

// timed is the events of a recording whose lines have a time and words: the time of the first that begins with the words.
func timed(t *testing.T, name, words string) float64 {
	t.Helper()
	for line := range strings.Lines(truth(t, name, "events.txt")) {
		when, what, _ := strings.Cut(line, " ")
		if strings.HasPrefix(what, words) {
			n, err := strconv.ParseFloat(when, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("%s: no event %q", name, words)
	return 0
}

var received = regexp.MustCompile(`(\d+) packets transmitted, (\d+) received`)

// While a link is down, nothing of the hosts crosses it; and as many pings leave h1 and come back as it says, beside those by which the lab
// waits for the way to be open.
func TestSpanningTreeLoss(t *testing.T) {
	for _, name := range []string{"stp", "rstp"} {
		down, up := timed(t, name, "link x31 down"), timed(t, name, "link x31 up")
		crossed := fmt.Sprintf(`frame.interface_name in {"x13", "x31"} and icmp and frame.time_epoch > %f and frame.time_epoch < %f`, down+0.1, up)
		if n := count(t, name, crossed); n > 0 {
			t.Errorf("%s: %d pings crossed a link that was down", name, n)
		}
		sent, answered := 0, 0
		for _, file := range []string{"before.txt", "cut.txt", "after.txt"} {
			for _, m := range received.FindAllStringSubmatch(truth(t, name, file), -1) {
				sent, answered = sent+number(t, m[1]), answered+number(t, m[2])
			}
		}
		if got := count(t, name, `frame.interface_name == "p1" and icmp.type == 8`); got < sent || sent == 0 {
			t.Errorf("%s: %d pings at h1's port, it sent %d", name, got, sent)
		}
		if got := count(t, name, `frame.interface_name == "p1" and icmp.type == 0`); got < answered {
			t.Errorf("%s: %d answers at h1's port, it received %d", name, got, answered)
		}
	}
}

// One request is at each port again and again, as long as the loop is closed, and is the same frame.
func TestStorm(t *testing.T) {
	const request = "arp.dst.proto_ipv4 == 10.0.0.99"
	begin, end := timed(t, "storm", "link x31 up"), timed(t, "storm", "link x31 down")
	if n := count(t, "storm", fmt.Sprintf("%s and (frame.time_epoch < %f or frame.time_epoch > %f)", request, begin, end+0.2)); n > 0 {
		t.Errorf("%d copies outside the storm", n)
	}
	ports := by(t, "storm", request, "frame.interface_name", "packets,distinct(eth.src),distinct(arp.src.hw_mac)")
	for _, row := range ports {
		if number(t, row["packets"]) < 100 || row["distinct(eth.src)"] != "1" || row["distinct(arp.src.hw_mac)"] != "1" {
			t.Errorf("%v", row)
		}
	}
	if len(ports) != 8 {
		t.Errorf("the request is at %d ports", len(ports))
	}
}

// The label under which r3 announced its VPN route is the inner one of packets to it, and EVPN's VXLAN has its VNI and VTEPs.
func TestLabelsAndVNIsOfBGP(t *testing.T) {
	const packets = "mpls and ip.dst == 198.18.3.1"
	vpn := truth(t, "frr", "r3.conf")
	m := regexp.MustCompile(`label vpn export (\d+)`).FindStringSubmatch(vpn)
	if m == nil {
		t.Fatal("r3 exports no label")
	}
	if all, labelled := count(t, "frr", packets), count(t, "frr", packets+" and mpls.label == "+m[1]+" and mpls.bottom == 1"); all == 0 || all != labelled {
		t.Errorf("%d packets, %d with the label %s", all, labelled, m[1])
	}
	sent := received.FindStringSubmatch(truth(t, "frr", "ping.txt"))
	for _, way := range [][2]string{{"10.255.0.1", "10.255.0.3"}, {"10.255.0.3", "10.255.0.1"}} {
		for _, point := range []string{"e21", "e23"} {
			means := fmt.Sprintf(`frame.interface_name == %q and vxlan.vni == 10 and outer.ip.src == %s and outer.ip.dst == %s and icmp`, point, way[0], way[1])
			if got := count(t, "frr", means); fmt.Sprint(got) != sent[2] {
				t.Errorf("%d pings from %s to %s at %s, c1 sent %s", got, way[0], way[1], point, sent[2])
			}
		}
	}
}

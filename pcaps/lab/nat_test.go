package lab_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// tuple is conntrack's, with the capture point. ICMP has its identifier in place of both ports.
type tuple struct {
	point, protocol, source, destination, from, to string
}

// tuples counts the packets of a recording by point and tuple. What ICMP errors quote is no packet of a flow.
func tuples(t *testing.T, name string) map[tuple]int {
	t.Helper()
	all := map[tuple]int{}
	errors := "icmp.type == 3 or icmp.type == 11 or icmpv6.type < 128"
	for _, row := range rows(t, name, "(tcp or udp or icmp or icmpv6) and not ("+errors+")", "frame.interface_name", "ip.src", "ip.dst", "ipv6.src", "ipv6.dst",
		"tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport", "icmp.ident", "icmpv6.echo.identifier") {
		k := tuple{point: row[0], source: row[1] + row[3], destination: row[2] + row[4]}
		switch {
		case row[5] != "":
			k.protocol, k.from, k.to = "tcp", row[5], row[6]
		case row[7] != "":
			k.protocol, k.from, k.to = "udp", row[7], row[8]
		case row[9] != "":
			k.protocol, k.from, k.to = "icmp", ident(row[9]), ident(row[9])
		case row[10] != "":
			k.protocol, k.from, k.to = "icmpv6", ident(row[10]), ident(row[10])
		}
		all[k]++
	}
	return all
}

// ident is an identifier as conntrack prints it. tshark gives ICMP's in both byte orders.
func ident(text string) string {
	var n int
	first, _, _ := strings.Cut(text, ",")
	fmt.Sscanf(first, "%v", &n)
	return fmt.Sprint(n)
}

// entry is a line of conntrack: the tuples of both directions, with their packets.
type entry struct {
	protocol string
	tuples   [2]map[string]string
	flags    string
}

func conntrack(t *testing.T, name, file string) (all []entry) {
	t.Helper()
	for line := range strings.Lines(truth(t, name, file)) {
		e := entry{tuples: [2]map[string]string{{}, {}}, flags: line}
		e.protocol = strings.Fields(line)[2]
		n := 0
		for _, word := range strings.Fields(line) {
			key, value, ok := strings.Cut(word, "=")
			if !ok {
				continue
			}
			if key == "src" && e.tuples[0]["src"] != "" {
				n = 1
			}
			e.tuples[n][key] = value
		}
		all = append(all, e)
	}
	return all
}

// side is the capture point of the router at which an address of the network `nat` is.
func side(address string) string {
	if strings.HasPrefix(address, "192.168.1.") || strings.HasPrefix(address, "2001:db8:1:") {
		return "lan"
	}
	return "wan"
}

func at(point string, protocol string, k map[string]string, reverse bool) tuple {
	t := tuple{point, protocol, k["src"], k["dst"], k["sport"], k["dport"]}
	if k["id"] != "" {
		t.from, t.to = k["id"], k["id"]
	}
	if reverse {
		t.source, t.destination, t.from, t.to = t.destination, t.source, t.to, t.from
	}
	return t
}

// Each connection of the router's connection tracking is in the recording as many times as the router counted: with the tuple that it had
// before, and with the one that it got, on the other side.
func TestNATBothSides(t *testing.T) {
	// Their counters have packets from before the recording, or from an earlier connection of the same tuple, or miss a SYN that was sent
	// again: the description says which.
	except := []string{"44000", "44002", "45300", "53000", "53001", "52003", "81"}
	packets := tuples(t, "nat")
	compared := 0
	for _, e := range conntrack(t, "nat", "conntrack-end.txt") {
		original, reply := e.tuples[0], e.tuples[1]
		if slices.Contains(except, original["sport"]) || slices.Contains(except, original["dport"]) {
			continue
		}
		in, out := side(original["src"]), side(reply["src"])
		if slices.Contains([]string{"203.0.113.1", "203.0.113.2", "192.168.1.1"}, reply["src"]) {
			out = in // the router answers itself, with the address that was asked
		}
		want := []struct {
			tuple
			packets string
		}{
			{at(in, e.protocol, original, false), original["packets"]},
			{at(in, e.protocol, original, true), reply["packets"]},
		}
		if out != in || original["dst"] != reply["src"] && !strings.HasPrefix(reply["src"], "203.") {
			want = append(want, []struct {
				tuple
				packets string
			}{
				{at(out, e.protocol, reply, true), original["packets"]},
				{at(out, e.protocol, reply, false), reply["packets"]},
			}...)
		}
		for _, w := range want {
			compared++
			if got := packets[w.tuple]; fmt.Sprint(got) != w.packets {
				t.Errorf("%+v: %d packets, conntrack has %s", w.tuple, got, w.packets)
			}
		}
	}
	if compared < 100 {
		t.Errorf("only %d directions of connections were compared", compared)
	}
}

// Packets that found no port are at lan and never at wan, as many as the router could not insert.
func TestNATExhaustion(t *testing.T) {
	entered := count(t, "nat", `frame.interface_name == "lan" and udp.dstport == 6053 and ip.src == 192.168.1.0/24 and ip.dst == 203.0.113.100 and udp.srcport < 31000`)
	left := count(t, "nat", `frame.interface_name == "wan" and udp.dstport == 6053 and ip.src == 203.0.113.2 and udp.srcport >= 40000 and udp.srcport <= 40004`)
	if left == 0 || entered <= left {
		t.Errorf("%d datagrams to port 6053 entered, %d left", entered, left)
	}
	ports := map[string]bool{}
	for _, row := range rows(t, "nat", `frame.interface_name == "wan" and udp.dstport == 6053 and ip.src == 203.0.113.2`, "udp.srcport") {
		ports[row[0]] = true
	}
	if got := slices.Sorted(maps.Keys(ports)); !slices.Equal(got, []string{"40000", "40001", "40002", "40003", "40004"}) {
		t.Errorf("outside ports %v", got)
	}
}

// At the interface any, both sides of a translation are at one point.
func TestNATAtAny(t *testing.T) {
	packets := tuples(t, "nat-any")
	compared := 0
	for _, e := range conntrack(t, "nat-any", "conntrack-end.txt") {
		original, reply := e.tuples[0], e.tuples[1]
		for _, want := range []tuple{at("any", e.protocol, original, false), at("any", e.protocol, reply, true), at("any", e.protocol, reply, false), at("any", e.protocol, original, true)} {
			compared++
			if packets[want] == 0 {
				t.Errorf("no packet of %+v", want)
			}
		}
	}
	if compared < 20 {
		t.Errorf("only %d tuples were compared", compared)
	}
}

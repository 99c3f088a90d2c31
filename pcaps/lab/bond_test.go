package lab_test

import (
	"fmt"
	"math"
	"strconv"
	"testing"
)

// events are the times, in seconds since 1970, at which something was done to a network.
func events(t *testing.T, name string) map[string]float64 {
	t.Helper()
	all := map[string]float64{}
	for _, row := range truthRows(t, name, "events.txt") {
		when, err := strconv.ParseFloat(row[0], 64)
		if err != nil {
			t.Fatal(err)
		}
		all[row[1]] = when
	}
	return all
}

// While the first member is cut, nothing crosses it; before and after, everything does, and the second member is idle.
func TestActiveMember(t *testing.T) {
	const name = "bond-active-backup"
	when := events(t, name)
	cut, mend := when["cut"], when["mend"]
	if cut == 0 || mend == 0 {
		t.Fatalf("%v", when)
	}
	const settle = 0.5 // s, for what is on its way
	members := func(from, to float64) (first, second int) {
		while := fmt.Sprintf(" and icmp and frame.time_epoch > %f and frame.time_epoch < %f", from, to)
		return count(t, name, `frame.interface_name matches "^[ab]-l1$"`+while), count(t, name, `frame.interface_name matches "^[ab]-l2$"`+while)
	}
	if first, second := members(0, cut); first == 0 || second > 0 {
		t.Errorf("before the cut: %d frames on the first member, %d on the second", first, second)
	}
	if first, second := members(cut+settle, mend); first > 0 || second == 0 {
		t.Errorf("while it is cut: %d frames on the first member, %d on the second", first, second)
	}
	if first, second := members(mend+settle, math.MaxInt32); first == 0 || second > 0 {
		t.Errorf("after it was mended: %d frames on the first member, %d on the second", first, second)
	}
}

// With balance-slb all frames of a host and VLAN are on one member in each direction, however many flows they have, as long as nothing is cut.
func TestSpreadBySource(t *testing.T) {
	cut := events(t, "bond-slb")["cut"]
	for _, end := range []string{"a", "b"} {
		// Each end chooses for the hosts behind it: h1 to h4 at a, s1 to s4 at b.
		hosts := map[string]string{"a": "ip.src < 10.0.0.100", "b": "ip.src > 10.0.0.100"}[end]
		means := fmt.Sprintf(`frame.interface_name matches "^%s-l[12]$" and %s and frame.time_epoch < %f`, end, hosts, cut)
		members := map[string]string{}
		for _, row := range by(t, "bond-slb", means, "eth.src,vlan.id,frame.interface_name", "packets") {
			host := row["eth.src"] + " " + row["vlan.id"]
			if before := members[host]; before != "" {
				t.Errorf("%s is on %s and on %s", host, before, row["frame.interface_name"])
			}
			members[host] = row["frame.interface_name"]
		}
		if len(members) < 4 {
			t.Errorf("%d hosts at %s", len(members), end)
		}
	}
}

// With balance-tcp the flows of one pair of hosts are on both members.
func TestSpreadByFlow(t *testing.T) {
	members := map[string]bool{}
	for _, row := range by(t, "bond-lacp", `frame.interface_name matches "^a-l[12]$" and tcp.srcport >= 42001 and tcp.srcport <= 42008`, "frame.interface_name,ip.src,ip.dst", "distinct(tcp.srcport)") {
		members[row["frame.interface_name"]] = true
	}
	if len(members) != 2 {
		t.Errorf("%v", members)
	}
}

// Where the ends do not agree, frames that cross one member in a direction are never answered there.
func TestMembersThatDoNotAgree(t *testing.T) {
	cut := events(t, "bond-mismatch")["cut"]
	before := fmt.Sprintf(" and icmp and frame.time_epoch < %f", cut)
	if n := count(t, "bond-mismatch", "icmp.type == 8"+before); n == 0 {
		t.Error("nobody pings")
	}
	if n := count(t, "bond-mismatch", "icmp.type == 0"+before); n > 0 {
		t.Errorf("%d answers", n)
	}
}

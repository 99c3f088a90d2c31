package reports

import (
	"encoding/csv"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/pcaps"
)

// recorded returns the tables of a report over a recording of real systems.
func recorded(t *testing.T, recording, report string) []*Table {
	t.Helper()
	return setOf(t, recording, []string{report}, Options{}).Snapshot()
}

// setOf returns reports over a recording.
func setOf(t *testing.T, recording string, names []string, o Options) *Set {
	t.Helper()
	src, err := pcaps.Open("corpus:" + recording)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	set, err := NewSet(names, src, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := Read(src, o, set); err != nil {
		t.Fatal(err)
	}
	return set
}

// TestPortsOfSwitches holds the VLANs at each port against the configuration of the switches that had them: which are tagged, and whether there
// is one without a tag.
func TestPortsOfSwitches(t *testing.T) {
	tables := recorded(t, "ovs-vlan", "macs")
	f, err := os.Open("../pcaps/testdata/truth/ovs-vlan/ports.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	ports := map[string]map[string]string{}
	for _, r := range records[1:] {
		ports[r[0]] = map[string]string{"tag": r[1], "trunks": strings.Trim(r[2], "[]"), "mode": r[3]}
	}
	for _, row := range cellsOf(tables[2]) {
		name := row["point"]
		port := ports[name]
		if port == nil {
			t.Fatalf("no port %s in ports.csv", name)
		}
		var vlans []string
		for _, v := range strings.Split(row["vlans"], ";") {
			vlan, _, _ := strings.Cut(v, ":")
			vlans = append(vlans, strings.TrimPrefix(vlan, "s"))
		}
		switch {
		case port["trunks"] != "": // all but the native VLAN come with tags
			want := slices.DeleteFunc(strings.Split(port["trunks"], ", "), func(v string) bool { return v == port["tag"] })
			slices.Sort(vlans)
			if diff := cmp.Diff(want, vlans); diff != "" || row["mode"] != "trunk, native" || row["untagged"] == "0" {
				t.Errorf("%s: %v (-want +got):\n%s", name, row, diff)
			}
		case port["mode"] == "dot1q-tunnel": // the customer's own tags
			if row["vlans"] == "" || row["untagged"] != "0" {
				t.Errorf("%s: %v", name, row)
			}
		case name == "p1": // its host sends with tags, too, one of them a priority tag
			if row["priority_tagged"] != "1" || row["tagged"] != "4" || row["double_tagged"] != "2" {
				t.Errorf("%s: %v", name, row)
			}
		default:
			if row["mode"] != "access" || row["tagged"] != "0" {
				t.Errorf("%s: %v", name, row)
			}
		}
	}
}

// TestMACTableOfSwitches holds where addresses are at home against the switches: host n has 02:00:00:00:00:0n and is at port pn, and no frame of
// it comes in anywhere else in its VLAN. Nobody moves.
func TestMACTableOfSwitches(t *testing.T) {
	homes := map[string]string{}
	for _, row := range cellsOf(recorded(t, "ovs-vlan", "macs")[0]) {
		if row["moves"] != "0" || row["reroutes"] != "0" {
			t.Errorf("moved: %v", row)
		}
		if row["segment"] == "untagged" && row["home"] == "true" {
			if homes[row["mac"]] != "" {
				t.Errorf("%s is at home twice", row["mac"])
			}
			homes[row["mac"]] = row["point"]
		}
	}
	want := map[string]string{}
	for n := 1; n <= 9; n++ {
		want[mac(n)] = fmt.Sprint("p", n)
	}
	if diff := cmp.Diff(want, homes); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestBondsMoveNobody has bonds of four kinds whose members fail: addresses go from one to the other, but no host moves.
func TestBondsMoveNobody(t *testing.T) {
	for _, recording := range []string{"bond-active-backup", "bond-slb", "bond-lacp", "bond-mismatch"} {
		t.Run(recording, func(t *testing.T) {
			rerouted := false
			for _, row := range cellsOf(recorded(t, recording, "macs")[0]) {
				if row["moves"] != "0" {
					t.Errorf("moved: %v", row)
				}
				rerouted = rerouted || row["reroutes"] != "0"
			}
			if !rerouted && recording != "bond-lacp" { // whose hash may have left everybody where he was
				t.Error("nothing was rerouted")
			}
		})
	}
}

// TestTunnelEndsOfMachines holds the tunnel ends that machines are behind, and what was flooded to the other end, against OpenStack's tunnel bridge.
func TestTunnelEndsOfMachines(t *testing.T) {
	ends := map[string]string{}
	for _, row := range cellsOf(recorded(t, "ovs-tunnel", "macs")[0]) {
		if row["end"] != "" && strings.HasPrefix(row["mac"], "fa:16:3e:00:00:") {
			if was := ends[row["mac"]]; was != "" && was != row["end"] || row["vendor"] != "OpenStack" || row["moves"] != "0" {
				t.Errorf("%v was behind %s", row, was)
			}
			ends[row["mac"]] = row["end"]
		}
	}
	if diff := cmp.Diff(map[string]string{
		"fa:16:3e:00:00:01": "192.0.2.1", "fa:16:3e:00:00:02": "192.0.2.2", "fa:16:3e:00:00:03": "192.0.2.1",
		"fa:16:3e:00:00:04": "192.0.2.2", "fa:16:3e:00:00:05": "192.0.2.1", "fa:16:3e:00:00:06": "192.0.2.2",
		"fa:16:3e:00:00:77": "192.0.2.2", // in a network that nobody else has
	}, ends); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	tables := recorded(t, "ovs-tunnel", "tunnels")
	for _, row := range cellsOf(tables[0]) {
		want := ""
		if row["id"] == "2457" { // the network that only b has
			want = "one-way"
		}
		if row["health"] != want {
			t.Errorf("health %q: %v", row["health"], row)
		}
	}
	for _, row := range cellsOf(tables[2]) {
		if row["missing"] != "0" || row["multicast"] != "0" || row["unknown"] != "0" {
			t.Errorf("%v", row)
		}
	}
	for _, row := range cellsOf(recorded(t, "ovs-tunnel", "vips")[0]) {
		t.Errorf("a service: %v", row)
	}
}

// TestFloodsByGroup has VXLAN over multicast groups: the underlay copies, and everybody talks to everybody.
func TestFloodsByGroup(t *testing.T) {
	tables := recorded(t, "vxlan-multicast", "tunnels")
	wantLines(t, tables[2], "id from to frames copies missing broadcast",
		"42 192.0.2.1 239.1.1.1 5 5 0 5", "42 192.0.2.2 239.1.1.1 1 1 0 1", "43 192.0.2.1 239.1.1.2 1 1 0 1", "44 2001:db8:2::1 ff05::44 1 1 0 1")
	wantLines(t, tables[3], "id ends pairs missing_pairs seen_from", "42 3 3 0 -")
	for _, row := range cellsOf(tables[0]) {
		if row["health"] != "" {
			t.Errorf("%v", row)
		}
	}
}

// TestSequencesOfGateways holds the sequence numbers of ESP between strongSwan gateways against tshark's list of its packets: how many there are
// at each capture point, how many numbers are not there, and how many came again.
func TestSequencesOfGateways(t *testing.T) {
	for _, recording := range []string{"ipsec-cbc", "ipsec-cbc256", "ipsec-gcm", "ipsec-ikev1", "ipsec-nat", "ipsec-null"} {
		t.Run(recording, func(t *testing.T) {
			tables := recorded(t, recording, "tunnels")
			text, err := os.ReadFile("../pcaps/testdata/truth/" + recording + "/esp.tsv")
			if err != nil {
				t.Fatal(err)
			}
			numbers := map[string][]int{}
			for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
				f := strings.Split(line, "\t")
				if n, err := strconv.Atoi(f[3]); i > 0 && err == nil {
					numbers[f[1]+" "+f[2]] = append(numbers[f[1]+" "+f[2]], n)
				}
			}
			var want, got []string
			for key, all := range numbers {
				slices.Sort(all)
				different := slices.Compact(slices.Clone(all))
				missing := all[len(all)-1] - all[0] + 1 - len(different)
				want = append(want, fmt.Sprint(key, " ", len(all), " ", missing, " ", len(all)-len(different)))
			}
			for _, row := range cellsOf(tables[4]) {
				got = append(got, strings.Join([]string{row["point"], row["id"], row["packets"], row["missing"], row["replayed"]}, " "))
			}
			slices.Sort(want)
			slices.Sort(got)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestBondFindings names the ends of bonds whose members fail: it is a finding which member failed, and on bonds whose ends do not agree which
// member it is that the other end does not listen at.
func TestBondFindings(t *testing.T) {
	for recording, want := range map[string][]string{
		"bond-active-backup": {"bond-failover at %-l1: 2", "bond-failover at %-l2: 2"},
		"bond-slb":           {"bond-failover at %-l1: 1"},
		"bond-lacp":          {"bond-failover at %-l1: 1"},
		"bond-mismatch":      {"bond-mismatch at %-l1: 30", "bond-failover at %-l1: 1"},
	} {
		for _, end := range []string{"a", "b"} {
			bond, err := ParseBond("lag=" + end + "-l1," + end + "-l2")
			if err != nil {
				t.Fatal(err)
			}
			for _, names := range [][]string{{"findings"}, {"findings", "bonds"}} {
				set := setOf(t, recording, names, Options{Bonds: []Bond{bond}})
				var got []string
				for _, f := range set.Findings() {
					if strings.HasPrefix(f.Kind.Name, "bond-") {
						got = append(got, fmt.Sprintf("%s at %s: %d", f.Kind.Name, f.Where, f.Count))
						if len(f.Frames) == 0 {
							t.Errorf("%s, end %s: %s has no frames", recording, end, f.Kind.Name)
						}
					}
				}
				for i, w := range want {
					if w = strings.ReplaceAll(w, "%", end); i >= len(got) || got[i] != w {
						t.Fatalf("%s, end %s: %q, want %q", recording, end, got, want)
					}
				}
				if len(got) != len(want) {
					t.Errorf("%s, end %s: %q, want %q", recording, end, got, want)
				}
			}
		}
	}
}

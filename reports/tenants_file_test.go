package reports

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/flows"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// firstFile is the tenants file of what a tracker saw.
func firstFile(t testing.TB, s setup) string {
	t.Helper()
	return string((&TenantsFile{tracking: s.flows}).Text())
}

// checkGroups checks that a tenants file, read back, groups segments as they were grouped without it.
func checkGroups(t *testing.T, s setup, text string) {
	t.Helper()
	tenants, err := flows.ParseTenants("tenants.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	realms := newRealms(s.flows)
	realmOf, nameOf := map[string]int{}, map[int]string{}
	for _, n := range realms.All {
		for _, segment := range n.Segments {
			if segment.Packets == 0 {
				continue
			}
			tenant, steps, ok := tenants.Match(segment.Point, segment.Path)
			name := tenant + " / " + segment.Path[steps:].String()
			if !ok {
				name = realms.segment(segment)
			}
			if r, there := realmOf[name]; there && r != n.Realm && !strings.Contains(text, "also "+realms.segment(segment)) {
				t.Errorf("%s is of two realms\n%s", name, text)
			}
			if other, there := nameOf[n.Realm]; there && other != name {
				t.Errorf("a realm is %s and %s\n%s", other, name, text)
			}
			realmOf[name], nameOf[n.Realm] = n.Realm, name
		}
	}
}

func TestTenantsFile(t *testing.T) {
	for _, file := range []string{"ovs-tunnel.pcapng.zst", "ovs-vlan.pcapng.zst", "generated.pcapng", "overlay.pcapng.zst"} {
		s := tracked(t, file, flows.Options{})
		text := firstFile(t, s)
		checkGroups(t, s, text)

		// With the file there are as many tenants, and no trouble that was not there without.
		name := filepath.Join(t.TempDir(), "tenants.yaml")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		tenants, err := flows.ReadTenants(name)
		if err != nil {
			t.Fatal(err)
		}
		columns := []string{"packets", "bytes", "endpoints", "retransmissions", "out_of_order"}
		before, after := newTenants(s).Snapshot()[0], newTenants(tracked(t, file, flows.Options{Tenants: tenants})).Snapshot()[0]
		if file == "ovs-vlan.pcapng.zst" { // has frames in VLAN 101 and 7 with either EtherType outside
			if !strings.Contains(text, "also s-vlan 101 / vlan 7") && !strings.Contains(text, "also vlan 101 / vlan 7") {
				t.Errorf("the file does not say what it cannot keep apart\n%s", text)
			}
			before.Top(7)
			after.Top(7)
		}
		if diff := cmp.Diff(lines(before, columns...), lines(after, columns...)); diff != "" {
			t.Errorf("%s with the file: %s", file, diff)
		}
	}
}

// What the file has no words for, or cannot say beside other entries, is left out and said; the rest is good.
func TestTenantsFileLeavesOut(t *testing.T) {
	var packets [][]byte
	add := func(layers ...craft.Layer) {
		layers = append(append([]craft.Layer{craft.Ethernet{}}, layers...), craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: uint16(len(packets))},
			craft.UDP{Src: 1000, Dst: 2000}, craft.Payload("x"))
		packets = append(packets, craft.Packet(layers...))
	}
	underlay := craft.IPv4{Src: "198.51.100.1", Dst: "198.51.100.2"}
	for range 3 {
		add(craft.MPLS{Label: 16}, craft.MPLS{Label: 100})
	}
	add(craft.MPLS{Label: 100})
	add(underlay, craft.UDP{Src: 50000}, craft.VXLAN{VNI: 7}, craft.Ethernet{}, craft.VLAN{ID: 5})
	add(underlay, craft.UDP{Src: 50000}, craft.VXLAN{VNI: 7}, craft.Ethernet{}, craft.VLAN{ID: 6})
	add(underlay)
	add(craft.VLAN{ID: 1}, craft.VLAN{ID: 2}, craft.VLAN{ID: 3})
	s := setup{groups: maxGroups, flows: newTracking(flows.Options{})}
	playParts(t, s, nil, nil, 1000, Options{}, onTap(packets...))
	text := firstFile(t, s)
	checkGroups(t, s, text)
	for _, want := range []string{"mpls: 16/100", "vni: 7", `endpoints: ["198.51.100.1", "198.51.100.2"]`, "vlan: 1.2"} {
		if !strings.Contains(text, "- "+want) {
			t.Errorf("no entry %s in\n%s", want, text)
		}
	}
}

// Interfaces of the same name in two files, names that YAML reads as something else, and captures without any name.
func TestTenantsFilePlaces(t *testing.T) {
	s := setup{groups: maxGroups, flows: newTracking(flows.Options{})}
	var frames []pcaps.Frame
	for i, p := range []*pcaps.Interface{
		{File: "x/a.pcapng", Name: "eth0", LinkType: 1, FCSLen: -1}, {File: "x/b.pcapng", Name: "eth0", LinkType: 1, FCSLen: -1},
		{File: "y/a.pcapng", Name: "eth0", LinkType: 1, FCSLen: -1}, {File: "c.pcap", ID: -1, LinkType: 1, FCSLen: -1},
		{File: "d.pcapng", ID: 0, LinkType: 1, FCSLen: -1}, {File: "d.pcapng", ID: 1, Name: "no", LinkType: 1, FCSLen: -1},
		{File: "d.pcapng", ID: 2, Name: `a "b": {c}`, LinkType: 1, FCSLen: -1},
	} {
		b := craft.Packet(craft.Ethernet{}, craft.VLAN{ID: 9}, craft.IPv4{ID: uint16(i), Src: fmt.Sprintf("10.0.0.%d", i+1)}, craft.UDP{Src: 1, Dst: 2})
		frames = append(frames, pcaps.Frame{Data: b, WireLen: len(b), Time: int64(i) * 1e9, Interface: p})
	}
	playParts(t, s, nil, nil, 1000, Options{}, frames)
	text := firstFile(t, s)
	checkGroups(t, s, text)
	if n := strings.Count(text, "    - "); n != len(frames) {
		t.Errorf("%d entries for %d places\n%s", n, len(frames), text)
	}
}

func TestTenantsFileOfNothing(t *testing.T) {
	if text := firstFile(t, setup{flows: newTracking(flows.Options{})}); !strings.HasSuffix(text, "tenants:\n  # There are none.\n") {
		t.Errorf("got\n%s", text)
	}
}

var _ Consumer = (*TenantsFile)(nil)

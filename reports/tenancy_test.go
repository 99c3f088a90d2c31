package reports

import (
	"encoding/csv"
	"fmt"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/flows"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// tracked follows the flows of a file of the reference corpus.
func tracked(t testing.TB, file string, o flows.Options) setup {
	t.Helper()
	src, err := pcaps.Open("../pcaps/testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	s := setup{groups: maxGroups, flows: newTracking(o)}
	follow := TenantsFile{tracking: s.flows} // which does nothing but follow flows
	if err := Read(src, Options{}, &follow); err != nil {
		t.Fatal(err)
	}
	return s
}

// networkSets are the names of the segments of each network that has several, in order.
func networkSets(t *tracking) (sets []string) {
	r := newRealms(t)
	for i := range r.All {
		if n := &r.All[i]; len(n.Segments) > 1 {
			sets = append(sets, sorted(strings.Split(r.chain(n), " = ")))
		}
	}
	slices.Sort(sets)
	return sets
}

func sorted(names []string) string {
	slices.Sort(names)
	return strings.Join(names, " = ")
}

func truth(t testing.TB, file string) string {
	t.Helper()
	text, err := os.ReadFile("../pcaps/testdata/truth/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTunnelTenants holds the networks of OpenStack's tunnel bridge against its flow tables: three tenants with the same addresses, whose taps
// have no tags, and each of which has another local VLAN on each host. Nothing but the same frames at several points says what is one.
func TestTunnelTenants(t *testing.T) {
	tenants := map[string][]string{}
	for line := range strings.Lines(truth(t, "ovs-tunnel/translations.txt")) {
		f := strings.Fields(line)
		if f[0] == "#" {
			continue
		}
		name, host, tap, vlan, kind, id := f[0], f[1], f[2], f[3], f[4], f[5]
		if kind == "gre" {
			var key int
			fmt.Sscan(id, &key)
			kind, id = "gre key", fmt.Sprintf("0x%08x", key)
		}
		tenants[name] = append(tenants[name], "untagged @ "+tap, "vlan "+vlan+" @ tun-"+host, kind+" "+id+" @ phy-"+host)
	}
	want := []string{"untagged @ phy-a = untagged @ phy-b"} // the underlay
	for _, names := range tenants {
		want = append(want, sorted(names))
	}
	slices.Sort(want)
	if len(want) != 4 {
		t.Fatalf("the truth has %d tenants", len(want)-1)
	}
	s := tracked(t, "ovs-tunnel.pcapng.zst", flows.Options{})
	if diff := cmp.Diff(want, networkSets(s.flows)); diff != "" {
		t.Error(diff)
	}

	// The connections are the same in all three. Whoever merges them finds errors where there are none.
	r := newOverlaps(s)
	wantLines(t, r.Snapshot()[0], "protocol source source_port destination destination_port flows errors",
		"tcp 10.1.0.1 40000 10.1.0.2 9000 3 0",
		"tcp 10.1.0.1 40001 10.1.0.2 9000 3 0",
		"udp 10.1.0.1 40002 10.1.0.2 9001 3 -",
		"udp 10.7.7.7 7 10.7.7.255 7 6 -")
}

// TestVLANNetworks holds the networks of two switches against their ports' configuration: an access port is the VLAN of its tag, the trunk
// has them with tags and its native one without, and a customer's tags are inside the provider's.
func TestVLANNetworks(t *testing.T) {
	rows, err := csv.NewReader(strings.NewReader(truth(t, "ovs-vlan/ports.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	access, native := map[string][]string{}, ""
	for _, row := range rows[1:] {
		name, tag, mode := row[0], row[1], row[3]
		switch {
		case mode == "native-untagged":
			native = tag
		case mode == "[]" && tag != "[]" && strings.HasPrefix(name, "p"):
			access[tag] = append(access[tag], "untagged @ "+name)
		}
	}
	var want []string
	for tag, names := range access {
		switch {
		case tag == native:
			names = append(names, "untagged @ t1", "untagged @ t2")
		case tag == "103": // missing on the trunk: two networks of one port each
			continue
		default:
			names = append(names, "vlan "+tag+" @ t1", "vlan "+tag+" @ t2")
		}
		want = append(want, sorted(names))
	}
	for _, tag := range []string{"7", "8"} {
		want = append(want, sorted([]string{"vlan " + tag + " @ pc1", "vlan " + tag + " @ pc2", "s-vlan 200 / vlan " + tag + " @ t1", "s-vlan 200 / vlan " + tag + " @ t2"}))
	}
	slices.Sort(want)
	if len(want) != 5 {
		t.Fatalf("the truth has %d networks", len(want))
	}
	if diff := cmp.Diff(want, networkSets(tracked(t, "ovs-vlan.pcapng.zst", flows.Options{}).flows)); diff != "" {
		t.Error(diff)
	}
}

// oneSided is a connection that two tenants have alike, in whatever tells them apart: six packets each, in turn. tshark 4.0.17 puts 11 of
// the 12 into one stream, and calls 7 of these wrong.
func oneSided(around func(tenant int) []craft.Layer) (frames []pcaps.Frame) {
	var packets [][]byte
	for i := range 6 {
		for tenant := 1; tenant <= 2; tenant++ {
			tcp := craft.TCP{Src: 40000, Dst: 80, Seq: uint32(8000*tenant + 5*i), Flags: craft.SYN}
			if i > 0 {
				tcp.Seq -= 4
				tcp.Flags = craft.ACK
			}
			layers := append([]craft.Layer{craft.Ethernet{}}, around(tenant)...)
			layers = append(layers, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: uint16(len(packets) + 1)}, tcp, craft.Payload("hello"))
			packets = append(packets, craft.Packet(layers...))
		}
	}
	return onTap(packets...)
}

func TestOverlappingTenants(t *testing.T) {
	underlay := craft.IPv4{Src: "198.51.100.1", Dst: "198.51.100.2"}
	for name, tt := range map[string]struct {
		around  func(tenant int) []craft.Layer
		tenants string
	}{
		"vlan": {func(n int) []craft.Layer { return []craft.Layer{craft.VLAN{ID: uint16(100 * n)}} }, "vlan 100;vlan 200"},
		"mpls": {func(n int) []craft.Layer {
			return []craft.Layer{craft.MPLS{Label: 16}, craft.MPLS{Label: uint32(100 * n)}}
		}, "mpls 16/100;mpls 16/200"},
		"vxlan": {func(n int) []craft.Layer {
			return []craft.Layer{underlay, craft.UDP{Src: 50000}, craft.VXLAN{VNI: uint32(100 * n)}, craft.Ethernet{}}
		}, "vxlan 100;vxlan 200"},
		"nvgre": {func(n int) []craft.Layer {
			return []craft.Layer{underlay, craft.NVGRE{VSID: uint32(100 * n)}, craft.Ethernet{}}
		}, "gre key 0x00006400;gre key 0x0000c800"},
		"mpls in gre": {func(n int) []craft.Layer {
			return []craft.Layer{underlay, craft.GRE{}, craft.MPLS{Label: uint32(100 * n)}}
		}, "mpls 100;mpls 200"},
	} {
		frames := oneSided(tt.around)
		overlaps := count(t, "overlaps", setup{groups: maxGroups}, frames)
		columns := "protocol source source_port destination destination_port flows packets errors merged_errors"
		wantLines(t, overlaps[0], columns, "tcp 10.0.0.1 40000 10.0.0.2 80 2 12 0 7")
		if diff := cmp.Diff([]string{"a 5-tuple key would merge these 2 flows into 1 and report 7 TCP errors that never happened"}, overlaps[0].Notes); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		a, b, _ := strings.Cut(tt.tenants, ";")
		tenants := count(t, "tenants", setup{groups: maxGroups}, frames)[0]
		wantLines(t, tenants, "packets flows endpoints tcp_packets retransmissions out_of_order", "6 1 2 6 0 0", "6 1 2 6 0 0")
		if got := lines(tenants, "tenant"); !slices.Equal(got, []string{a, b}) {
			t.Errorf("%s: tenants %q", name, got)
		}
		wantLines(t, overlaps[2], "prefix", "10.0.0.0/24")
		for how, worse := range map[string][]pcaps.Frame{"each frame twice": twice(frames), "cut behind the TCP header": snapped(frames, 5)} {
			wantLines(t, count(t, "overlaps", setup{groups: maxGroups}, worse)[0], columns, "tcp 10.0.0.1 40000 10.0.0.2 80 2 12 0 7")
			tenants := count(t, "tenants", setup{groups: maxGroups}, worse)[0]
			wantLines(t, tenants, "flows tcp_packets retransmissions out_of_order", "1 6 0 0", "1 6 0 0")
			if t.Failed() {
				t.Fatal(name, " ", how)
			}
		}
		wantLines(t, overlaps[1], "address flows packets", "10.0.0.1 2 12", "10.0.0.2 2 12")
	}
}

// twice is the frames as a mirror of two ports has them.
func twice(frames []pcaps.Frame) (all []pcaps.Frame) {
	for _, f := range frames {
		all = append(all, f, f)
	}
	return all
}

// snapped is the frames with a snap length that leaves so many bytes away.
func snapped(frames []pcaps.Frame, n int) (all []pcaps.Frame) {
	for _, f := range frames {
		f.Data = f.Data[:len(f.Data)-n]
		all = append(all, f)
	}
	return all
}

// What leaves because of a limit on flows counts with its tenant all the same, and the report on overlaps says what it did not look at.
func TestTenantsKeepFlowsThatLeft(t *testing.T) {
	var packets [][]byte
	for i := range 300 {
		packets = append(packets, craft.Packet(craft.Ethernet{}, craft.VLAN{ID: uint16(1 + i%3)}, craft.IPv4{Src: fmt.Sprintf("10.0.%d.%d", i%3, i/3), ID: uint16(i)},
			craft.UDP{Src: uint16(2000 + i), Dst: 9000}, craft.Payload("x")))
	}
	s := setup{groups: maxGroups, flows: newTracking(flows.Options{MaxFlows: 50})}
	tenants, overlaps := newTenants(s), newOverlaps(s)
	playParts(t, s, nil, nil, 1000, Options{}, onTap(packets...))
	table := tenants.Snapshot()[0]
	wantLines(t, table, "tenant packets flows endpoints", "vlan 1 100 100 101", "vlan 2 100 100 101", "vlan 3 100 100 101")
	if notes := strings.Join(overlaps.Snapshot()[0].Notes, "; "); !strings.Contains(notes, "without 250 flows that left") {
		t.Errorf("notes %q", notes)
	}
}

// Prefixes are few, however many addresses there are, and do not depend on the order in which they come.
func TestPrefixSet(t *testing.T) {
	var a, b prefixSet
	var addresses []string
	for i := range 200 {
		addresses = append(addresses, fmt.Sprintf("10.%d.%d.1", i%2, i), fmt.Sprintf("2001:db8:%x::1", i%3))
	}
	for i := range addresses {
		a.add(netip.MustParseAddr(addresses[i]))
		b.add(netip.MustParseAddr(addresses[len(addresses)-1-i]))
	}
	want := []string{"10.0.0.0/16", "10.1.0.0/16", "2001:db8::/64", "2001:db8:1::/64", "2001:db8:2::/64"}
	if diff := cmp.Diff(want, a.few()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(a.few(), b.few()); diff != "" {
		t.Error(diff)
	}
	var both prefixSet
	both.absorb(&a)
	both.absorb(&b)
	if diff := cmp.Diff(want, both.few()); diff != "" {
		t.Error(diff)
	}
}

// A router's packets are the same on both sides of it, or have other addresses: nobody has anything in common with another tenant.
func TestRoutedIsNoOverlap(t *testing.T) {
	inside, outside := &pcaps.Interface{File: "r.pcapng", Name: "in", LinkType: 1, FCSLen: -1}, &pcaps.Interface{File: "r.pcapng", ID: 1, Name: "out", LinkType: 1, FCSLen: -1}
	for name, translated := range map[string]string{"routed": "10.0.0.1", "translated": "203.0.113.1"} {
		var frames []pcaps.Frame
		add := func(p *pcaps.Interface, layers ...craft.Layer) {
			b := craft.Packet(layers...)
			frames = append(frames, pcaps.Frame{Data: b, WireLen: len(b), Time: int64(len(frames)) * 1e5, Interface: p})
		}
		client, router := craft.Ethernet{Src: "02:00:00:00:00:01", Dst: "02:00:00:00:00:02"}, craft.Ethernet{Src: "02:00:00:00:00:03", Dst: "02:00:00:00:00:04"}
		for i := range 6 {
			tcp := craft.TCP{Src: 40000, Dst: 80, Seq: uint32(1000 + 5*i), Flags: craft.ACK}
			answer := craft.TCP{Src: 80, Dst: 40000, Seq: uint32(9000 + i), Ack: uint32(1005 + 5*i), Flags: craft.ACK}
			id := uint16(2 * (i + 1))
			add(inside, client, craft.IPv4{Src: "10.0.0.1", Dst: "198.51.100.9", ID: id, TTL: 64}, tcp, craft.Payload("hello"))
			add(outside, router, craft.IPv4{Src: translated, Dst: "198.51.100.9", ID: id, TTL: 63}, tcp, craft.Payload("hello"))
			add(outside, router, craft.IPv4{Src: "198.51.100.9", Dst: translated, ID: id + 1, TTL: 60}, answer, craft.Payload("x"))
			add(inside, client, craft.IPv4{Src: "198.51.100.9", Dst: "10.0.0.1", ID: id + 1, TTL: 59}, answer, craft.Payload("x"))
		}
		for _, table := range count(t, "overlaps", setup{groups: maxGroups}, frames) {
			if len(table.Rows) != 0 {
				t.Errorf("%s: %s has rows: %q", name, table.Name, lines(table, table.names()...))
			}
		}
	}
}

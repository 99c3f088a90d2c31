package lab_test

import (
	"encoding/csv"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// portCounters are frames and bytes that passed a port of Open vSwitch, both ways together.
type portCounters struct{ packets, bytes int }

var (
	portName  = regexp.MustCompile(`(?m)^ (\d+)\(([^)]+)\)`)
	portLines = regexp.MustCompile(`port +(\d+): rx pkts=(\d+), bytes=(\d+).*\n +tx pkts=(\d+), bytes=(\d+)`)
)

// counters reads what `ovs-ofctl show` and `ovs-ofctl dump-ports` said of a bridge: by the names of ports.
func counters(t *testing.T, name, bridge string) map[string]portCounters {
	t.Helper()
	names := map[string]string{}
	for _, m := range portName.FindAllStringSubmatch(truth(t, name, "show-"+bridge+".txt"), -1) {
		names[m[1]] = m[2]
	}
	all := map[string]portCounters{}
	for _, m := range portLines.FindAllStringSubmatch(truth(t, name, "counters-"+bridge+".txt"), -1) {
		all[names[m[1]]] = portCounters{number(t, m[2]) + number(t, m[4]), number(t, m[3]) + number(t, m[5])}
	}
	if len(all) == 0 {
		t.Fatalf("no counters of %s", bridge)
	}
	return all
}

// The switch counts as many frames and bytes at each port as the recording has at that capture point.
func agreeWithCounters(t *testing.T, name string, except []string, bridges ...string) {
	t.Helper()
	points := map[string]map[string]string{}
	for _, row := range by(t, name, "", "frame.interface_name", "packets,bytes") {
		points[row["frame.interface_name"]] = row
	}
	compared := 0
	for _, bridge := range bridges {
		for port, want := range counters(t, name, bridge) {
			row, ok := points[port]
			if !ok || slices.Contains(except, port) {
				continue
			}
			compared++
			if got := (portCounters{number(t, row["packets"]), number(t, row["bytes"])}); got != want {
				t.Errorf("%s: the switch counted %+v, we %+v", port, want, got)
			}
		}
	}
	if compared < 4 {
		t.Errorf("only %d ports were compared", compared)
	}
}

func TestVLANPorts(t *testing.T) {
	const name = "ovs-vlan"
	agreeWithCounters(t, name, nil, "br1", "br2")

	// The VLAN report has frames and bytes for each VLAN at each port: they add up to the port's, and a port has the VLANs of its mode.
	vlans, sums := map[string][]string{}, map[string]portCounters{}
	for _, row := range report(t, name, "vlans") {
		vlans[row["point"]] = append(vlans[row["point"]], row["vlan"])
		s := sums[row["point"]]
		sums[row["point"]] = portCounters{s.packets + number(t, row["packets"]), s.bytes + number(t, row["bytes"])}
	}
	for _, bridge := range []string{"br1", "br2"} {
		for port, want := range counters(t, name, bridge) {
			if got, ok := sums[port]; ok && got != want {
				t.Errorf("%s: the switch counted %+v, the VLANs of the report add up to %+v", port, want, got)
			}
		}
	}
	ports, err := csv.NewReader(strings.NewReader(truth(t, name, "ports.csv"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range ports[1:] {
		port, trunks, mode := p[0], p[2], p[3]
		if len(vlans[port]) == 0 {
			continue
		}
		slices.Sort(vlans[port])
		want := []string{"untagged"}
		switch {
		case mode == "native-untagged":
			want = []string{"101", "102", "s200.7", "s200.8", "untagged"} // 200 is the customer's, with his tags inside
			for _, vlan := range []string{"101", "102", "200"} {
				if !strings.Contains(trunks, vlan) {
					t.Errorf("%s does not carry %s", port, vlan)
				}
			}
		case mode == "dot1q-tunnel":
			want = []string{"7", "8"}
		case port == "p1": // h1 tries tags
			want = []string{"0", "101", "101.7", "102", "s101.7", "untagged"}
		}
		if !slices.Equal(vlans[port], want) {
			t.Errorf("%s (%s) has the VLANs %v, want %v", port, mode, vlans[port], want)
		}
	}
}

// Who answered whom is in the packets: ARP for a host is answered exactly if its VLAN reaches it.
func TestVLANReach(t *testing.T) {
	line := regexp.MustCompile(`^\w+ (\S+) vlan \d+ -> \w+ (\S+) vlan \d+: (yes|no)`)
	answered := map[string]bool{}
	for _, row := range rows(t, "ovs-vlan", `icmp.type == 0 and frame.interface_name matches "^p[0-9]$"`, "ip.dst", "ip.src") {
		answered[row[0]+" "+row[1]] = true
	}
	pairs := 0
	for text := range strings.Lines(truth(t, "ovs-vlan", "reach.txt")) {
		m := line.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		pairs++
		if got := answered[m[1]+" "+m[2]]; got != (m[3] == "yes") {
			t.Errorf("%s -> %s: answered is %v, the host says %s", m[1], m[2], got, m[3])
		}
	}
	if pairs < 72 {
		t.Errorf("%d pairs of hosts", pairs)
	}
}

// The customer's VLANs have the same addresses and ports: payload that names the VLAN is under its tag only.
func TestVLANsOfACustomerStayApart(t *testing.T) {
	for _, row := range by(t, "ovs-vlan", "tcp.port == 40000 and ieee8021ad", "ieee8021ad.id,vlan.id,frame.interface_name", "packets,distinct(tcp.seq)") {
		if row["ieee8021ad.id"] != "200" || row["vlan.id"] != "7" && row["vlan.id"] != "8" || row["packets"] == "0" {
			t.Errorf("%v", row)
		}
	}
	for _, port := range []string{"t1", "t2"} {
		for _, pair := range []string{"7", "8"} {
			inside := count(t, "ovs-vlan", fmt.Sprintf("frame.interface_name == %q and vlan.id == %s and ieee8021ad.id == 200 and ip", port, pair))
			at := count(t, "ovs-vlan", fmt.Sprintf("frame.interface_name == %q and vlan.id == %s and ip", "pc"+port[1:], pair))
			if inside == 0 || inside != at {
				t.Errorf("VLAN %s: %d packets at the customer's port, %d in 200 on %s", pair, at, inside, port)
			}
		}
	}
}

func TestTunnelBridge(t *testing.T) {
	const name = "ovs-tunnel"
	agreeWithCounters(t, name, []string{"phy-a", "phy-b"}, "br-int-a", "br-int-b", "br-tun-a", "br-tun-b")

	// What the flow tables matched on tunnels is what the tunnels report has, of packets that arrive: n_packets of the tables 2 and 3.
	for _, host := range []string{"a", "b"} {
		matched := map[string]int{}
		rule := regexp.MustCompile(`table=([23]),.*n_packets=(\d+),.*tun_id=0x([0-9a-f]+) actions`)
		for _, m := range rule.FindAllStringSubmatch(truth(t, name, "flows-br-tun-"+host+".txt"), -1) {
			kind := "vxlan.vni"
			if m[1] == "2" {
				kind = "gre.key"
			}
			matched[kind+" == 0x"+m[3]] = number(t, m[2])
		}
		if len(matched) != 3 {
			t.Fatalf("%d rules for tunnels", len(matched))
		}
		to := map[string]string{"a": "192.0.2.1", "b": "192.0.2.2"}[host]
		for means, want := range matched {
			if got := count(t, name, fmt.Sprintf("%s and frame.interface_name == %q and outer.ip.dst == %s", means, "phy-"+host, to)); got != want {
				t.Errorf("%s: the table of %s counted %d, we %d", means, host, want, got)
			}
		}
	}
}

// The tenants have the same addresses and ports, and answers that name them. Each byte of payload is found under the identifier of
// its tenant and at its taps, and nowhere else.
func TestTenantsOfTheTunnelBridge(t *testing.T) {
	const name = "ovs-tunnel"
	flows := map[string]map[string]bool{}
	for _, row := range truthRows(t, name, "translations.txt") {
		tenant, host, tap, vlan, tunnel, id := row[0], row[1], row[2], row[3], row[4], row[5]
		means := map[string]string{"vxlan": "vxlan.vni == " + id, "gre": "gre.key == " + id}[tunnel]
		inTunnel := fmt.Sprintf("frame.interface_name == %q and %s and inner.tcp", "phy-"+host, means)
		between := fmt.Sprintf("frame.interface_name == %q and vlan.id == %s and tcp", "tun-"+host, vlan)
		at := fmt.Sprintf("frame.interface_name == %q and tcp", tap)
		want := count(t, name, at)
		for _, filter := range []string{inTunnel, between} {
			if got := count(t, name, filter); got != want || got == 0 {
				t.Errorf("%s: %d segments at %s, %d where %s", tenant, want, tap, got, filter)
			}
		}
		for _, filter := range []string{inTunnel, between, at} {
			for _, seen := range rows(t, name, filter, "tcp.seq_raw", "tcp.srcport") {
				key := seen[0] + " " + seen[1]
				if flows[key] == nil {
					flows[key] = map[string]bool{}
				}
				flows[key][tenant] = true
			}
		}
	}
	if len(flows) < 50 {
		t.Errorf("%d segments", len(flows))
	}
	for key, tenants := range flows {
		if len(tenants) != 1 {
			t.Errorf("sequence number and port %s are of %v", key, slices.Sorted(maps.Keys(tenants)))
		}
	}
}

package flows_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"pktscope/dissect/filter"
	"pktscope/flows"
)

const example = "../pcaps/testdata/generated.pcapng"

// exampleTenants names what is in the example: a tenant whose two directions have different labels, one whose two directions have different
// flow identifiers in NVGRE's keys, two with the same addresses and ports.
const exampleTenants = `
tenants:
  vpn:
    - mpls: [24002, 24017]
  red:
    - vni: 5001
    - vsid: 7001
  blue:
    - vni: 5002
  metro:
    - vlan: 200
  office:
    - interface: tap1
  lab:
    - {interface: uplink, vlan: 100}
`

// named tracks the example with names.
func named(t testing.TB) *flows.Tracker {
	t.Helper()
	tenants, err := flows.ParseTenants("tenants.yaml", []byte(exampleTenants))
	if err != nil {
		t.Fatal(err)
	}
	return track(t, flows.Options{Tenants: tenants}, example)
}

// short is a flow in few words.
func short(f *flows.Flow) string {
	return fmt.Sprintf("%s %s:%d %d+%d", f.Segment.Name(), f.Source(), f.Sport, f.Directions[0].Packets, f.Directions[1].Packets)
}

// TestTenantsOfExample holds against each other what the example's connections are with names and without: those whose directions have
// different identifiers are halves without, and no two tenants are ever one.
func TestTenantsOfExample(t *testing.T) {
	connections := func(tracker *flows.Tracker) (all []string) {
		tracker.Flows(func(f *flows.Flow) bool {
			if f.Sport == 43210 || f.Sport == 49701 || f.Sport == 40000 || f.Sport == 51000 || f.Sport == 50022 && f.Protocol == 6 {
				all = append(all, short(f))
			}
			return true
		})
		slices.Sort(all)
		return all
	}
	for _, c := range []struct {
		tracker *flows.Tracker
		want    []string
	}{
		{track(t, flows.Options{}, example), []string{
			"gre key 0x001b5921 10.0.0.1:49701 6+0", "gre key 0x001b5984 10.0.0.1:49701 0+3",
			"mpls 16005/24017 10.1.1.10:43210 0+3", "mpls 16009/24002 10.1.1.10:43210 6+0",
			"s-vlan 200 / vlan 10 192.168.1.10:51000 6+3", "s-vlan 200 / vlan 20 192.168.1.10:51000 6+3",
			"vlan 100 192.168.100.11:50022 6+3", "vxlan 5001 10.0.0.1:40000 4+2", "vxlan 5002 10.0.0.1:40000 4+2"}},
		{named(t), []string{
			"blue 10.0.0.1:40000 4+2", "lab 192.168.100.11:50022 6+3",
			"metro / vlan 10 192.168.1.10:51000 6+3", "metro / vlan 20 192.168.1.10:51000 6+3",
			"red 10.0.0.1:40000 4+2", "red 10.0.0.1:49701 6+3", "vpn 10.1.1.10:43210 6+3"}},
	} {
		if got := connections(c.tracker); !slices.Equal(got, c.want) {
			t.Errorf("got %q\nwant %q", got, c.want)
		}
	}
}

func TestWhere(t *testing.T) {
	tracker := named(t)
	for _, c := range []struct {
		where string
		want  []string // see short
	}{
		{`tenant == "red" && tcp.retransmissions == 0`, []string{"red 10.0.0.1:40000 4+2", "red 10.0.0.1:49701 6+3"}},
		{`tenant == "red" && tcp.retransmissions > 10`, nil},
		{`segment matches "^metro / " and proto == tcp`, []string{"metro / vlan 10 192.168.1.10:51000 6+3", "metro / vlan 20 192.168.1.10:51000 6+3"}},
		{`tcp.port == 40000`, []string{"red 10.0.0.1:40000 4+2", "blue 10.0.0.1:40000 4+2"}},
		{`port == 40000 and parent and tenant in {"red"}`, []string{"red 10.0.0.1:40000 4+2"}},
		{`ip.addr == 10.0.0.0/24 and state == time_wait`, []string{"red 10.0.0.1:49701 6+3"}},
		{`orig.src == 203.0.113.2 && orig.dport == 179`, []string{"untagged 203.0.113.2:50179 2+2"}},
		{`ip.addr == 2001:db8::/32 and proto == tcp`, []string{"office 2001:db8:20::11:40666 6+3"}},
		{`reply.src == 198.51.100.80 and reply.sport == 80 and tcp.retransmissions`, []string{"office 10.20.0.11:40112 6+5", "office 10.20.0.11:40114 4+3", "office 10.20.0.11:40116 4+2",
			"office 10.20.0.11:40118 3+1"}},
		{`not replied and proto == 47`, nil},
		{`reply.packets == 0 and proto == udp and not port in {1..50000} and midstream`, nil},
		{`reply.packets == 0 and proto == udp and bytes > 1000`, []string{"untagged 172.16.1.2:53718 6+0"}},
		{`tcp.retransmissions + tcp.out_of_order > 0`, []string{"office 10.20.0.11:40114 4+3"}},
		{`duration > 100 or tcp.zero_windows > 100 or label contains "nobody"`, nil},
		{`tcp.handshake.whole > 0 and tenant == "lab"`, []string{"lab 192.168.100.11:50022 6+3"}},
		{`orig.ttl.min < 64 and orig.tos in {0..255} and tenant == "vpn" and proto == tcp`, []string{"vpn 10.1.1.10:43210 6+3"}},
		{`first > 0 and last >= 0 and id == 1`, []string{"office 10.20.0.11:41053 1+1"}},
		{`state`, nil}, // filled in below: what has a state is TCP
	} {
		condition, err := flows.Records.Compile(c.where)
		if err != nil {
			t.Errorf("%s: %v", c.where, err)
			continue
		}
		var got, tcp []string
		tracker.Flows(func(f *flows.Flow) bool {
			if condition.Match(f) {
				got = append(got, short(f))
			}
			if f.Protocol == 6 {
				tcp = append(tcp, short(f))
			}
			return true
		})
		if c.where == "state" {
			c.want = tcp
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.where, got, c.want)
		}
	}
}

func TestWhereErrors(t *testing.T) {
	for text, want := range map[string]string{
		`tenat == "red"`: `"tenat" is not a field of flows; did you mean tenant?
    tenat == "red"
    ^~~~~`,
		`tcp.retransmission > 1`: `"tcp.retransmission" is not a field of flows; did you mean tcp.retransmissions?
    tcp.retransmission > 1
    ^~~~~~~~~~~~~~~~~~`,
		`tenant == "red" && state == TIME_WAI`: `TIME_WAI is neither a number nor a value that state has a name for; did you mean "TIME_WAIT"?
    tenant == "red" && state == TIME_WAI
                                ^~~~~~~~`,
		`orig.src == 10.0.0.0/40`: `the length of a prefix of an IP address is 0 to 32
    orig.src == 10.0.0.0/40
                ^~~~~~~~~~~`,
		`bytes == "many"`: `"many" is not a number; a number is written without quotes
    bytes == "many"
             ^~~~~~`,
	} {
		if _, err := flows.Records.Compile(text); err == nil || err.Error() != want {
			t.Errorf("%s: got\n%v\nwant\n%s", text, err, want)
		}
	}
}

func TestSortFlows(t *testing.T) {
	order, err := flows.Records.Order("tenant,-packets,orig.sport")
	if err != nil {
		t.Fatal(err)
	}
	type placed struct {
		key []byte
		f   string
	}
	var list []placed
	named(t).Flows(func(f *flows.Flow) bool {
		if f.Protocol == 6 && f.Segment.Tenant != "office" {
			list = append(list, placed{order.AppendKey(nil, f), short(f)})
		}
		return true
	})
	slices.SortFunc(list, func(a, b placed) int { return cmp.Or(bytes.Compare(a.key, b.key), strings.Compare(a.f, b.f)) })
	var got []string
	for _, p := range list {
		got = append(got, p.f)
	}
	want := []string{"blue 10.0.0.1:40000 4+2", "lab 192.168.100.11:50022 6+3", "metro / vlan 10 192.168.1.10:51000 6+3",
		"metro / vlan 20 192.168.1.10:51000 6+3", "red 10.0.0.1:40000 4+2", "red 10.0.0.1:49701 6+3", "vpn 10.1.1.10:43210 6+3"}
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("got %q, want first %q", got, want)
	}
}

// TestFields reads every field of every flow of the example, which must not allocate.
func TestFields(t *testing.T) {
	seen := map[string]bool{}
	for f := range flows.Records.Fields() {
		if seen[f.Name] || f.Doc == "" || strings.ContainsAny(f.Doc, "\n|") {
			t.Errorf("%s is there twice, or is not explained in a line", f.Name)
		}
		seen[f.Name] = true
	}
	tracker := named(t)
	var missing []string
	for f := range flows.Records.Fields() {
		condition, err := flows.Records.Compile(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		text, err := flows.Records.Compile("count(" + f.Name + `) > 0 and string(` + f.Name + `) matches "."`)
		if err != nil {
			t.Fatal(err)
		}
		there := false
		tracker.Flows(func(flow *flows.Flow) bool {
			there = there || text.Match(flow)
			condition.Match(flow) // makes room
			made := f.Name == "segment" || f.Name == "segment_id" || f.Name == "community_id"
			if n := testing.AllocsPerRun(10, func() { condition.Match(flow) }); n > 0 && !made {
				t.Errorf("%s: %v allocations", f.Name, n)
			}
			return true
		})
		if !there {
			missing = append(missing, f.Name)
		}
	}
	if want := []string{"links", "gre.call", "tcp.reset_by", "tls.server_name", "tls.alpn", "sctp.port"}; !slices.Equal(missing, want) {
		t.Errorf("no flow of the example has %q; only %q should be missing", missing, want)
	}
}

// TestWherePage holds the table of the page for users against the fields that there are.
func TestWherePage(t *testing.T) {
	const file, mark = "../docs/where.md", "## Fields\n"
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, got, _ := strings.Cut(string(page), mark)
	kinds := map[filter.RecordKind]string{filter.Number: "number", filter.Seconds: "seconds", filter.Time: "time", filter.Boolean: "yes or no",
		filter.Address: "address", filter.Text: "text"}
	var want strings.Builder
	want.WriteString("\n| field | | |\n|---|---|---|\n")
	for f := range flows.Records.Fields() {
		fmt.Fprintf(&want, "| `%s` | %s | %s |\n", f.Name, kinds[f.Kind], f.Doc)
	}
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(before+mark+want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != want.String() {
		t.Errorf("the table in %s is not that of the fields; -update writes it", file)
	}
	_, examples, _ := strings.Cut(before, "```\n")
	examples, _, _ = strings.Cut(examples, "```")
	for line := range strings.Lines(examples) {
		if _, err := flows.Records.Compile(line); err != nil {
			t.Error(err)
		}
	}
}

// A condition sees each field in its own kind.
func TestFlowConditions(t *testing.T) {
	f := &flows.Flow{ID: 7, Tenant: "red", Segment: &flows.Segment{Tenant: "red", ID: 3}, Tuple: flows.Tuple{Sport: 40000, Dport: 443, Protocol: 6}, State: flows.StateTimeWait, Replied: true,
		Links: []flows.Link{{Kind: flows.ReplyOf, Flow: 9}}}
	f.Src, f.Dst = [16]byte{10: 0xff, 11: 0xff, 12: 10, 15: 1}, [16]byte{10: 0xff, 11: 0xff, 12: 10, 13: 9, 15: 2}
	f.Directions[0] = flows.Traffic{Packets: 4, Bytes: 400, First: 1e9, Last: 4e9, TOS: []uint8{0, 184}}
	f.Directions[1] = flows.Traffic{Packets: 1, Bytes: 40, First: 2e9, Last: 2e9}
	for text, want := range map[string]bool{
		`tenant == "red" && bytes > 439`:                     true,
		`tenant == "blue"`:                                   false,
		`orig.dst == 10.9.0.0/16 && orig.dport in {80, 443}`: true,
		`orig.src == 10.9.0.0/16`:                            false,
		`replied && !assured`:                                true,
		`replied == 1 && assured == 0`:                       true,
		`duration >= 3 && duration < 3.1`:                    true,
		`orig.tos == 184`:                                    true,
		`links == "reply-of"`:                                true,
		`state == time_wait && proto == tcp`:                 true,
		`dns.name`:                                           false,
		`tcp.rtt > 0`:                                        false, // not known
	} {
		c, err := flows.Records.Compile(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := c.Match(f); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if _, err := flows.Records.Compile(`tcp.retransmission > 1`); err == nil || !strings.Contains(err.Error(), "did you mean tcp.retransmissions?") {
		t.Errorf("got %v", err)
	}
}

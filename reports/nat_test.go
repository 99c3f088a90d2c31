package reports

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// natScene captures datagrams at a router, a millisecond apart: "lan 10.0.0.1:1000>203.0.113.9:53 64 7 text" with TTL and identification, or
// TCP's SYNs if the text is SYN.
func natScene(t *testing.T, text string) (frames []pcaps.Frame) {
	t.Helper()
	interfaces := map[string]*pcaps.Interface{}
	for line := range strings.Lines(text) {
		var point, ends, payload string
		var ttl uint8
		var id uint16
		if n, err := fmt.Sscan(line, &point, &ends, &ttl, &id, &payload); n != 5 {
			t.Fatal(line, err)
		}
		if interfaces[point] == nil {
			interfaces[point] = &pcaps.Interface{File: "router.pcapng", ID: len(interfaces), Name: point, LinkType: 1, FCSLen: -1}
		}
		from, to, _ := strings.Cut(ends, ">")
		src, dst := netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
		var ip craft.Layer = craft.IPv4{Src: src.Addr().String(), Dst: dst.Addr().String(), TTL: ttl, ID: id}
		if src.Addr().Is6() {
			ip = craft.IPv6{Src: src.Addr().String(), Dst: dst.Addr().String(), HopLimit: ttl}
		}
		b := craft.Packet(craft.Ethernet{}, ip, craft.UDP{Src: src.Port(), Dst: dst.Port()}, craft.Payload(payload))
		frames = append(frames, pcaps.Frame{Data: b, WireLen: len(b), Time: int64(len(frames)) * 1e6, Number: uint64(len(frames) + 1), Interface: interfaces[point]})
	}
	return frames
}

// natTables are the report's, by name.
func natTables(t *testing.T, frames []pcaps.Frame, conntrack []flows.ConntrackEntry) map[string]*Table {
	t.Helper()
	in := inputOf(frames, 0)
	set, err := NewSet([]string{"nat"}, nil, Options{Conntrack: conntrack})
	if err != nil {
		t.Fatal(err)
	}
	if err := Read(in, Options{}, set); err != nil {
		t.Fatal(err)
	}
	tables := map[string]*Table{}
	for _, table := range set.Snapshot() {
		tables[table.Name] = table
	}
	return tables
}

// pool is two clients that a translator gives ports of its own, of which there are two, for one server.
const pool = `lan 10.0.0.1:1000>203.0.113.9:53 64 1 first-question-of-one
	wan 198.51.100.1:40000>203.0.113.9:53 63 1 first-question-of-one
	lan 10.0.0.2:1000>203.0.113.9:53 64 2 first-question-of-two
	wan 198.51.100.1:40001>203.0.113.9:53 63 2 first-question-of-two
`

const later = `
	lan 10.0.0.1:1000>203.0.113.9:53 64 8 last-question-of-one
	wan 198.51.100.1:40000>203.0.113.9:53 63 8 last-question-of-one
`

func TestNATTroubles(t *testing.T) {
	for _, tt := range []struct {
		name, packets string
		want          []string
	}{
		{"all is well", pool, nil},
		{"exhausted", pool + "lan 10.0.0.3:1000>203.0.113.9:53 64 3 first-question-of-three" + later,
			[]string{"exhausted 10.0.0.3:1000 > 203.0.113.9:53"}},
		{"to a server that nobody reaches: no fault of the translator", pool + "lan 10.0.0.3:1000>203.0.113.8:53 64 3 first-question-of-three" + later, nil},
		{"refused by the router", pool + "lan 10.0.0.3:1000>203.0.113.9:53 64 3 first-question-of-three\n" +
			"lan 203.0.113.9:53>10.0.0.3:1000 64 4 refused-by-the-router" + later, nil},
		{"no router lets it pass", pool + "lan 10.0.0.3:1000>203.0.113.9:53 1 3 first-question-of-three" + later, nil},
		{"the outside was not captured any more", pool + "lan 10.0.0.3:1000>203.0.113.9:53 64 3 first-question-of-three", nil},
		{"there is another port", pool + "lan 10.0.0.4:1000>203.0.113.7:53 64 5 first-question-of-four\n" +
			"wan 198.51.100.1:40002>203.0.113.7:53 63 5 first-question-of-four\n" +
			"lan 10.0.0.3:1000>203.0.113.9:53 64 3 first-question-of-three" + later,
			[]string{"never left 10.0.0.3:1000 > 203.0.113.9:53"}},
		{"clients keep their ports: none is exhausted", `lan 10.0.0.1:1000>203.0.113.9:53 64 1 first-question-of-one
			wan 198.51.100.1:1000>203.0.113.9:53 63 1 first-question-of-one
			lan 10.0.0.2:1001>203.0.113.9:53 64 2 first-question-of-two
			wan 198.51.100.1:1001>203.0.113.9:53 63 2 first-question-of-two
			lan 10.0.0.3:1002>203.0.113.9:53 64 3 first-question-of-three
			lan 10.0.0.1:1000>203.0.113.9:53 64 8 last-question-of-one
			wan 198.51.100.1:1000>203.0.113.9:53 63 8 last-question-of-one`,
			[]string{"never left 10.0.0.3:1002 > 203.0.113.9:53"}},
		{"private outside", pool + `lan 10.0.0.3:1000>203.0.113.9:99 64 3 nobody-translates-this
			wan 10.0.0.3:1000>203.0.113.9:99 63 3 nobody-translates-this`,
			[]string{"private outside 10.0.0.3:1000 > 203.0.113.9:99"}},
		{"it left as it is: a public host inside", pool + `lan 198.51.100.7:1000>203.0.113.9:53 64 3 nobody-needs-to-translate
			wan 198.51.100.7:1000>203.0.113.9:53 63 3 nobody-needs-to-translate` + later, nil},
		{"a private address outside that nobody has inside: another network", pool + `wan 10.9.0.3:1000>203.0.113.9:99 63 3 somebody-else-outside`, nil},
		{"changed", pool + `lan 10.0.0.1:1000>203.0.113.9:53 64 3 second-question-of-one
			wan 198.51.100.1:40007>203.0.113.9:53 63 3 second-question-of-one`,
			[]string{"changed 10.0.0.1:1000 > 203.0.113.9:53"}},
		{"ambiguous", pool + `lan 10.0.0.3:1000>203.0.113.9:53 64 0 three-and-four-say-this
			lan 10.0.0.4:1000>203.0.113.9:53 64 0 three-and-four-say-this
			wan 198.51.100.1:40003>203.0.113.9:53 63 0 three-and-four-say-this`,
			[]string{"ambiguous 10.0.0.3:1000 > 203.0.113.9:53", "ambiguous 10.0.0.4:1000 > 203.0.113.9:53"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tables := natTables(t, natScene(t, strings.TrimSpace(tt.packets)), nil)
			var got []string
			for _, row := range tables["nat_trouble"].Rows {
				got = append(got, row[0].value.(string)+" "+row[2].value.(string))
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNATKinds(t *testing.T) {
	for _, tt := range []struct{ name, packets, want string }{
		{"SNAT", "lan 10.0.0.1:1000>203.0.113.9:53 64 1 sixteen-bytes-or-more\nwan 198.51.100.1:2000>203.0.113.9:53 63 1 sixteen-bytes-or-more",
			"SNAT [src sport] 10.0.0.1 198.51.100.1"},
		{"DNAT", "wan 203.0.113.9:1000>198.51.100.1:80 64 1 sixteen-bytes-or-more\nlan 203.0.113.9:1000>10.0.0.1:8080 63 1 sixteen-bytes-or-more",
			"DNAT [dst dport] 198.51.100.1:80 10.0.0.1:8080"},
		{"hairpin", "lan 10.0.0.2:1000>198.51.100.1:80 64 1 sixteen-bytes-or-more\nlan 10.0.0.254:1000>10.0.0.1:80 63 1 sixteen-bytes-or-more",
			"SNAT+DNAT [src dst] 10.0.0.2 > 198.51.100.1:80 10.0.0.254 > 10.0.0.1:80"},
		{"NAT64 (RFC 6052)", "lan [2001:db8::1]:1000>[64:ff9b::cb00:7109]:53 64 0 sixteen-bytes-or-more\nwan 198.51.100.1:2000>203.0.113.9:53 63 0 sixteen-bytes-or-more",
			"NAT64 [src sport dst] 2001:db8::1 > [64:ff9b::cb00:7109]:53 198.51.100.1 > 203.0.113.9:53"},
		// The example of RFC 6296, section 3.1.
		{"NPTv6", "lan [fd01:203:405:1::1234]:1000>[2001:db8::9]:53 64 0 sixteen-bytes-or-more\nwan [2001:db8:1:d550::1234]:1000>[2001:db8::9]:53 63 0 sixteen-bytes-or-more",
			"NPTv6 [src] fd01:203:405:1::1234 2001:db8:1:d550::1234"},
		{"another prefix", "lan [fd01::1]:1000>[2001:db8::9]:53 64 0 sixteen-bytes-or-more\nwan [2001:db8:1::1]:1000>[2001:db8::9]:53 63 0 sixteen-bytes-or-more",
			"prefix [src] fd01::1 2001:db8:1::1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tables := natTables(t, natScene(t, tt.packets), nil)
			var got []string
			for _, row := range tables["nat"].Rows {
				got = append(got, fmt.Sprintf("%s %s %s %s", row[0].value, row[1].value, row[3].value, row[4].value))
			}
			if strings.Join(got, "\n") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestNATPorts(t *testing.T) {
	tables := natTables(t, natScene(t, strings.TrimSpace(pool+strings.TrimSpace(later))), nil)
	row := tables["nat_ports"].Rows[0]
	if got, want := fmt.Sprint(row[0].value, row[2].value, row[3].value, row[4].value, row[6].value, row[7].value), "198.51.100.1 2 [40000-40001] 2 2 2"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// What the kernel says is compared with the packets, and tells what they do not.
func TestNATConntrack(t *testing.T) {
	const kernel = `udp 17 9 src=10.0.0.1 dst=203.0.113.9 sport=1000 dport=53 [UNREPLIED] src=203.0.113.9 dst=198.51.100.1 sport=53 dport=40000
udp 17 9 src=10.0.0.2 dst=203.0.113.9 sport=1000 dport=53 [UNREPLIED] src=203.0.113.9 dst=198.51.100.1 sport=53 dport=40009
udp 17 9 src=10.0.0.4 dst=203.0.113.9 sport=1000 dport=53 [UNREPLIED] src=203.0.113.9 dst=198.51.100.1 sport=53 dport=40003
udp 17 9 src=10.0.0.7 dst=203.0.113.9 sport=1000 dport=53 [UNREPLIED] src=203.0.113.9 dst=198.51.100.1 sport=53 dport=40004
udp 17 9 src=10.0.0.3 dst=203.0.113.9 sport=1000 dport=53 [UNREPLIED] src=203.0.113.9 dst=198.51.100.1 sport=53 dport=40005
`
	entries, err := flows.ReadConntrack(strings.NewReader(kernel), "kernel")
	if err != nil {
		t.Fatal(err)
	}
	tables := natTables(t, natScene(t, strings.TrimSpace(pool+`lan 10.0.0.3:1000>203.0.113.9:53 64 0 three-and-four-say-this
		lan 10.0.0.4:1000>203.0.113.9:53 64 0 three-and-four-say-this
		wan 198.51.100.1:40003>203.0.113.9:53 63 0 three-and-four-say-this
		wan 198.51.100.1:40009>203.0.113.9:53 63 0 something-else`)), entries)
	var got []string
	for _, row := range tables["nat_conntrack"].Rows {
		got = append(got, fmt.Sprint(row[0].value, " ", row[2].value, " line ", row[6].value))
	}
	want := []string{
		"captured on one side 10.0.0.3:1000 > 203.0.113.9:53 line 5",
		"linked by conntrack 10.0.0.4:1000 > 203.0.113.9:53 line 3",
		"only conntrack 10.0.0.7:1000 > 203.0.113.9:53 line 4",
		"only packets 10.0.0.2:1000 > 203.0.113.9:53 line <nil>",
		"other translation 10.0.0.2:1000 > 203.0.113.9:53 line 2",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := lines(tables["nat_connections"], "before", "evidence", "conntrack"); len(got) != 3 {
		t.Errorf("got %q, want two connections that packets prove and one that the kernel does", got)
	}
}

// Flows that left to keep a limit are connections of the report all the same.
func TestNATOfFlowsThatLeft(t *testing.T) {
	in := inputOf(natScene(t, strings.TrimSpace(pool)), 0)
	o := Options{Flows: flows.Options{MaxFlows: 2}}
	set, err := NewSet([]string{"nat"}, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	if err := Read(in, o, set); err != nil {
		t.Fatal(err)
	}
	if n := len(set.Snapshot()[1].Rows); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

package reports

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/pcaps"
)

// TestRowFilters holds the filters of rows to what the rows count: that of a flow means its packets, and of flows with ports, in which there are no
// others, besides only ICMP errors; that of a tunnel means at least those that it carries.
func TestRowFilters(t *testing.T) {
	for _, name := range []string{"overlay.pcapng.zst", "generated.pcapng", "ovs-tunnel.pcapng.zst", "nat.pcapng.zst"} {
		path := "../pcaps/testdata/" + name
		src, err := pcaps.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		set, err := NewSet([]string{"flows", "tunnels", "tenants"}, src, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := Read(src, Options{}, set); err != nil {
			t.Fatal(err)
		}
		src.Close()
		tables := map[string]*Table{}
		for _, table := range set.Snapshot() {
			tables[table.Name] = table
		}
		m, of := &meant{}, map[string]bool{}
		var flows, tunnels []map[string]string
		for _, row := range cellsOf(tables["flows"]) {
			m.add(t, row["filter"])
			flows = append(flows, row)
			of[row["tenants_row"]] = true
		}
		for _, row := range cellsOf(tables["tenants"]) {
			if row["flows"] != "0" && !of[row["tenant"]] {
				t.Errorf("%s: no flow is of tenant %s", name, row["tenant"])
			}
		}
		for _, row := range cellsOf(tables["tunnels"]) {
			m.add(t, row["filter"])
			tunnels = append(tunnels, row)
		}
		src, err = pcaps.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := Read(src, Options{Owner: true}, m); err != nil {
			t.Fatal(err)
		}
		src.Close()
		for i, row := range flows {
			want := number64(t, row["packets_orig"]) + number64(t, row["packets_reply"]) + number64(t, row["duplicates"])
			exact := strings.Contains(row["filter"], "pktscope.segment") && strings.Contains(row["filter"], "port ==") && m.once(row["filter"])
			if got := m.counts[i]; got < want || exact && got > want+m.errors[i] {
				t.Errorf("%s: %d packets match %s of flow %s, which has %d", name, got, row["filter"], row["id"], want)
			}
		}
		for i, row := range tunnels {
			if got, want := m.counts[len(flows)+i], number64(t, row["packets"]); got < want {
				t.Errorf("%s: %d packets match %s of tunnel %s %s, which has %d", name, got, row["filter"], row["kind"], row["id"], want)
			}
		}
	}
}

// meant counts what filters mean.
type meant struct {
	filters []*filter.Filter
	counts  []uint64
	errors  []uint64 // of ICMP, about what flows with ports say
}

func (m *meant) add(t *testing.T, text string) {
	t.Helper()
	f, err := filter.Compile(text)
	if err != nil {
		t.Fatal(err)
	}
	m.filters, m.counts, m.errors = append(m.filters, f), append(m.counts, 0), append(m.errors, 0)
}

func (m *meant) Packet(p *dissect.Packet) error {
	for i, f := range m.filters {
		if f.Match(p) {
			m.counts[i]++
			if strings.Contains(f.String(), "port ==") && quotes(p) {
				m.errors[i]++
			}
		}
	}
	return nil
}

// quotes tells whether a packet is an ICMP error.
func quotes(p *dissect.Packet) bool {
	return slices.ContainsFunc(p.Layers, func(l dissect.Layer) bool { return l.Flags&dissect.Quoted != 0 })
}

// once tells whether no other flow has the same addresses and ports: a later one may.
func (m *meant) once(text string) bool {
	n := 0
	for _, f := range m.filters {
		if f.String() == text {
			n++
		}
	}
	return n == 1
}

func number64(t *testing.T, s string) (n uint64) {
	t.Helper()
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatalf("%q: %v", s, err)
	}
	return n
}

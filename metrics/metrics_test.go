package metrics

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"pktscope/live"
	"pktscope/pcaps"
	"pktscope/reports"
)

// tenants is a table with some columns of those that the report has, for tenants number from up to number to.
func tenants(from, to, packets int) *reports.Table {
	t := &reports.Table{Name: "tenants", Columns: []reports.Column{{Name: "tenant"}}}
	for _, v := range families[0].values {
		t.Columns = append(t.Columns, reports.Column{Name: v.column, Kind: reports.KindCount})
	}
	for n := from; n < to; n++ {
		row := []reports.Cell{reports.Text(fmt.Sprintf("vxlan %d", n))}
		for range families[0].values {
			row = append(row, reports.Int(packets))
		}
		t.Add(row...)
	}
	return t
}

func interval(tables ...*reports.Table) *live.Interval {
	at := pcaps.InterfaceCounters{Name: "eth0", Counters: pcaps.Counters{Received: 12, Seen: 10, Bytes: 1000, Dropped: 2, Freezes: 1, Skipped: 3}}
	return &live.Interval{To: 1_700_000_000_500_000_000, Since: 1, Recording: &pcaps.RecordCounters{Written: 9, Lost: 1},
		Total: live.Sums{Packets: 7, Bytes: 700, Interfaces: []pcaps.InterfaceCounters{at}, Tables: tables}}
}

// scrape asks a server as Prometheus does.
func scrape(t *testing.T, c *Collector) string {
	t.Helper()
	s, err := Listen("0", c)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(s.Address().String(), "127.0.0.1:") {
		t.Errorf("listens at %s", s.Address())
	}
	served := make(chan error)
	go func() { served <- s.Serve() }()
	resp, err := http.Get("http://" + s.Address().String() + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%s, %v: %s", resp.Status, err, b)
	}
	s.Close()
	if err := <-served; err != nil {
		t.Error(err)
	}
	return string(b)
}

func TestScrape(t *testing.T) {
	c := NewCollector()
	if got := scrape(t, c); strings.Contains(got, "pktscope_") {
		t.Errorf("before the first interval: %s", got)
	}
	c.Update(interval(tenants(0, 2, 5)))
	got := scrape(t, c)
	for _, want := range []string{
		"pktscope_packets_total 7", "pktscope_bytes_total 700", `pktscope_interface_received_packets_total{interface="eth0"} 12`,
		`pktscope_interface_dropped_packets_total{interface="eth0"} 2`, `pktscope_interface_skipped_packets_total{interface="eth0"} 3`,
		"pktscope_recorded_packets_total 9", "pktscope_unrecorded_packets_total 1", `pktscope_tenant_packets_total{tenant="vxlan 1"} 5`,
		`pktscope_tenant_retransmissions_total{tenant="vxlan 0"} 5`, "pktscope_interval_end_seconds 1.7000000005e+09", "# TYPE pktscope_tenant_bytes_total counter",
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("lacks %q:\n%s", want, got)
		}
	}
	if strings.Contains(got, `"other"`) {
		t.Errorf("has others:\n%s", got)
	}
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}

// A family has so many series and no more; those that there were stay, and what is in "other" only grows.
func TestBounded(t *testing.T) {
	c := NewCollector()
	c.Update(interval(tenants(0, maxSeries+50, 1)))
	count := func(got string) int { return strings.Count(got, "\npktscope_tenant_packets_total{") }
	got := scrape(t, c)
	if n := count(got); n != maxSeries+1 {
		t.Errorf("%d series", n)
	}
	if want := `pktscope_tenant_packets_total{tenant="other"} 50`; !strings.Contains(got, want) {
		t.Errorf("lacks %s", want)
	}
	c.Update(interval(tenants(maxSeries, 2*maxSeries, 9), tenants(0, 0, 0)))
	got = scrape(t, c)
	if want := fmt.Sprintf(`pktscope_tenant_packets_total{tenant="other"} %d`, 9*maxSeries); !strings.Contains(got, want) {
		t.Errorf("lacks %s", want)
	}
	again := interval(tenants(maxSeries, 2*maxSeries, 9))
	again.Since = 2
	c.Update(again) // totals started over
	if got := scrape(t, c); count(got) != maxSeries || strings.Contains(got, `"other"`) {
		t.Errorf("%d series after a new start", count(got))
	}
}

// Names in captures are whatever somebody sent.
func TestHostileLabels(t *testing.T) {
	table := tenants(0, 0, 0)
	row := []reports.Cell{reports.Text("a\"\n\\\xff} 1\npktscope_evil 1")}
	for range families[0].values {
		row = append(row, reports.Int(1))
	}
	table.Add(row...)
	c := NewCollector()
	c.Update(interval(table))
	if got := scrape(t, c); strings.Contains(got, "\npktscope_evil") || !strings.Contains(got, `tenant="a\"\n\\`) {
		t.Error(got)
	}
}

func TestListen(t *testing.T) {
	c := NewCollector()
	for _, address := range []string{"nonsense:port", "127.0.0.1:99999", "x"} {
		if s, err := Listen(address, c); err == nil || !strings.HasPrefix(err.Error(), "--metrics "+address+": ") {
			t.Errorf("%s: %v, %v", address, s, err)
		}
	}
	s, err := Listen("0.0.0.0:0", c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// The columns that families name are columns of the reports.
func TestColumns(t *testing.T) {
	set, err := reports.NewSet([]string{"tenants", "tunnels", "queues", "checksums"}, nil, reports.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tables := map[string]map[string]bool{}
	for _, table := range set.Snapshot() {
		tables[table.Name] = map[string]bool{}
		for _, c := range table.Columns {
			tables[table.Name][c.Name] = true
		}
	}
	for _, f := range families {
		columns := f.labels
		for _, v := range f.values {
			columns = append(columns, v.column)
		}
		for _, c := range columns {
			if !tables[f.table][c] {
				t.Errorf("%s has no column %s", f.table, c)
			}
		}
	}
}

// The dashboard asks for metrics that there are.
func TestDashboard(t *testing.T) {
	b, err := os.ReadFile("../docs/grafana/pktscope.json")
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(b) {
		t.Fatal("no JSON")
	}
	there := map[string]bool{"pktscope_findings": true}
	c := NewCollector()
	c.Update(interval())
	for _, name := range regexp.MustCompile(`(?m)^pktscope_\w+`).FindAllString(scrape(t, c), -1) {
		there[name] = true
	}
	for _, f := range families {
		for _, v := range f.values {
			there[f.prefix+v.name] = true
		}
	}
	asked := regexp.MustCompile(`pktscope_\w+`).FindAllString(string(b), -1)
	if len(asked) < 10 {
		t.Errorf("it asks for %d metrics", len(asked))
	}
	for _, name := range asked {
		if !there[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

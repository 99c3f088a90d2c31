package metrics

import (
	"slices"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"pktscope/live"
	"pktscope/reports"
)

// Collector is what Prometheus is told. Intervals come in by Update, from one goroutine; any other may collect.
type Collector struct {
	mutex    sync.Mutex
	interval *live.Interval // the last one, without its tables; nil before the first
	since    int64          // of its totals
	series   [][]prometheus.Metric
	kept     []map[string]bool    // of each family, the rows that have series of their own, by their labels
	descs    [][]*prometheus.Desc // of each family, what its values are
}

// NewCollector returns a collector of nothing yet.
func NewCollector() *Collector {
	c := &Collector{series: make([][]prometheus.Metric, len(families)), kept: make([]map[string]bool, len(families)), descs: make([][]*prometheus.Desc, len(families))}
	for n := range families {
		f := &families[n]
		for _, v := range f.values {
			c.descs[n] = append(c.descs[n], describe(f.prefix+v.name, v.help, f.labels...))
		}
	}
	return c
}

// Update makes an interval the one that is told about.
func (c *Collector) Update(i *live.Interval) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if i.Since != c.since { // totals started over
		c.since = i.Since
		clear(c.kept)
	}
	for n := range families {
		c.series[n] = c.rows(n, i)
	}
	kept := *i
	kept.Now, kept.Total.Tables = live.Sums{}, nil // which are not to be held for the next scrape
	c.interval = &kept
}

// The metrics that are not out of tables.
var (
	packets    = describe("pktscope_packets_total", "Packets that were analysed, and that the display filter means.")
	bytes      = describe("pktscope_bytes_total", "Bytes of these packets on the wire.")
	received   = describe("pktscope_interface_received_packets_total", "Packets that the kernel had for the capture.", "interface")
	seen       = describe("pktscope_interface_packets_total", "Packets that were captured.", "interface")
	seenBytes  = describe("pktscope_interface_bytes_total", "Bytes of captured packets on the wire.", "interface")
	dropped    = describe("pktscope_interface_dropped_packets_total", "Packets that the kernel dropped, for the ring was full.", "interface")
	freezes    = describe("pktscope_interface_freezes_total", "How often the ring was found full.", "interface")
	skipped    = describe("pktscope_interface_skipped_packets_total", "Packets that were captured and not analysed, for analysis was behind.", "interface")
	written    = describe("pktscope_recorded_packets_total", "Packets that went to a file.")
	lost       = describe("pktscope_unrecorded_packets_total", "Packets that could not be written to a file.")
	removed    = describe("pktscope_removed_packets_total", "Recorded packets that went with files removed by rotation.")
	findings   = describe("pktscope_findings", "Findings of a kind since the start.", "finding", "severity")
	lastPacket = describe("pktscope_interval_end_seconds", "Packet time at which the last interval ended, in seconds since the Unix epoch.")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// Describe implements [prometheus.Collector]: which metrics there are depends on what is captured.
func (c *Collector) Describe(chan<- *prometheus.Desc) {}

// Collect implements [prometheus.Collector].
func (c *Collector) Collect(out chan<- prometheus.Metric) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	i := c.interval
	if i == nil {
		return
	}
	counter := func(d *prometheus.Desc, n uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	counter(packets, i.Total.Packets)
	counter(bytes, i.Total.Bytes)
	for _, at := range i.Total.Interfaces {
		name := strings.ToValidUTF8(at.Name, "\ufffd")
		counter(received, at.Received, name)
		counter(seen, at.Seen, name)
		counter(seenBytes, at.Bytes, name)
		counter(dropped, at.Dropped, name)
		counter(freezes, at.Freezes, name)
		counter(skipped, at.Skipped, name)
	}
	if r := i.Recording; r != nil {
		counter(written, r.Written)
		counter(lost, r.Lost)
		counter(removed, r.Removed)
	}
	out <- prometheus.MustNewConstMetric(lastPacket, prometheus.GaugeValue, float64(i.To)/1e9)
	raised := map[[2]string]int{}
	for _, f := range i.Total.Findings {
		raised[[2]string{f.Kind.Name, f.Severity.String()}]++
	}
	for of, n := range raised {
		out <- prometheus.MustNewConstMetric(findings, prometheus.GaugeValue, float64(n), of[0], of[1])
	}
	for _, series := range c.series {
		for _, m := range series {
			out <- m
		}
	}
}

const other = "other"

// rows makes metrics of the table of a family. A table that was not asked for has none.
func (c *Collector) rows(n int, i *live.Interval) (series []prometheus.Metric) {
	f := &families[n]
	at := slices.IndexFunc(i.Total.Tables, func(t *reports.Table) bool { return t.Name == f.table })
	if at < 0 {
		return nil
	}
	t := i.Total.Tables[at]
	columns := map[string]int{}
	for n, column := range t.Columns {
		columns[column.Name] = n
	}
	if c.kept[n] == nil {
		c.kept[n] = map[string]bool{}
	}
	kept := c.kept[n]
	rest := make([]int64, len(f.values))
	some := false
	values := func(row []reports.Cell) []int64 {
		all := make([]int64, len(f.values))
		for v := range f.values {
			all[v], _ = row[columns[f.values[v].column]].Number()
		}
		return all
	}
	add := func(labels []string, all []int64) {
		for v, d := range c.descs[n] {
			series = append(series, prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(all[v]), labels...))
		}
	}
	told := map[string]bool{}
	for _, row := range t.Rows {
		labels := make([]string, len(f.labels))
		for l, name := range f.labels {
			labels[l] = strings.ToValidUTF8(t.Columns[columns[name]].Kind.Plain(row[columns[name]]), "\ufffd")
		}
		key := strings.Join(labels, "\x00")
		if !kept[key] && len(kept) < maxSeries {
			kept[key] = true
		}
		if !kept[key] || told[key] { // two rows that are alike but for what is no label: a series can be there once
			for v, n := range values(row) {
				rest[v] += n
			}
			some = true
			continue
		}
		told[key] = true
		add(labels, values(row))
	}
	if t.Other != nil {
		for v, n := range values(t.Other) {
			rest[v] += n
		}
		some = true
	}
	if some {
		add(slices.Repeat([]string{other}, len(f.labels)), rest)
	}
	return series
}

// Package lab_test holds pktscope to what the systems in the labs said themselves. Tests assert relations between a recording and its
// truth, never its numbers: a new recording must pass as well.
package lab_test

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/pcaps"
	"pktscope/reports"
)

// badChecksums are those that are bad on purpose: which packets of a recording have them.
var badChecksums = map[string]string{
	"generated":  "tcp.port == 40114",
	"overlay":    "tcp.port == 40002",
	"ovs-encaps": "gtp", // Open vSwitch sums the datagram before it is complete
}

// anomalies are those that a scenario has, and why.
var anomalies = map[string][]string{
	"fragments": {"fragment-overlap"}, // made by scapy
	"generated": {"may-be-nvgre"},     // it is
	"nvgre":     {"may-be-nvgre"},
	"overlay":   {"may-be-nvgre"},
}

// What real systems sent is sound, but for what a scenario has on purpose.
func TestRecordingsAreSound(t *testing.T) {
	for _, r := range pcaps.Corpus() {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			means := badChecksums[r.Name]
			if means == "" {
				means = "!frame"
			} else if len(rows(t, r.Name, means, "frame.number")) == 0 {
				t.Errorf("no packet is %s", means)
			}
			const bad = `pktscope.checksum.verdict == "bad"`
			if found := rows(t, r.Name, bad+" and not ("+means+")", "frame.number", "frame.protocols"); len(found) > 0 {
				t.Errorf("bad checksums: %v", found)
			}
			var odd []string
			for _, row := range report(t, r.Name, "anomalies") {
				odd = append(odd, row["anomaly"])
			}
			if !slices.Equal(odd, anomalies[r.Name]) {
				t.Errorf("anomalies %v, want %v", odd, anomalies[r.Name])
			}
			if summary := report(t, r.Name, "summary")[0]; summary["malformed"] != "0" || summary["truncated"] != "0" {
				t.Errorf("%s packets are malformed, %s truncated", summary["malformed"], summary["truncated"])
			}
		})
	}
}

// tsharkFields are fields that most recordings have, on which tshark and pktscope agree in all of them.
var tsharkFields = []string{"frame.number", "frame.interface_name", "frame.len", "eth.src", "vlan.id", "ieee8021ad.id", "mpls.label",
	"ip.src", "ip.dst", "ip.dsfield.dscp", "ip.id", "ip.frag_offset", "ip.ttl", "ipv6.src", "ipv6.hlim", "tcp.srcport", "tcp.flags",
	"udp.dstport", "icmp.type", "icmpv6.type", "arp.opcode", "gre.key", "vxlan.vni", "geneve.vni", "esp.spi", "esp.sequence"}

// tsharkDiffers are packets on which the two differ.
var tsharkDiffers = map[string]string{
	"openflow": "tcp.port in {6633, 6653}", // tshark reads the packets that a switch sends to its controller
	"overlay":  "fgl",                      // tshark 4.0 does not know fine-grained labels
	"trill":    "fgl",
}

// fragments are where tshark puts what was captured at several points into one datagram: it may read what is above IP in another one of
// them, or in none.
const fragments = "ip.flags.mf == 1 or ip.frag_offset > 0 or ipv6.fraghdr"

var aboveIP = []string{"tcp.srcport", "tcp.flags", "udp.dstport", "icmp.type", "icmpv6.type", "vxlan.vni"}

func TestTsharkAgrees(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil || testing.Short() {
		t.Skip("tshark is not installed, or takes too long")
	}
	for _, r := range pcaps.Corpus() {
		t.Run(r.Name, func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "recording")
			if err := os.WriteFile(file, r.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			arguments := []string{"-n", "-r", file, "-T", "fields", "-E", "occurrence=a", "-d", "udp.port==8472,vxlan"}
			for _, f := range tsharkFields {
				arguments = append(arguments, "-e", f)
			}
			out, err := exec.Command(tshark, arguments...).Output()
			if err != nil {
				t.Fatal(err)
			}
			theirs := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
			differs := frameNumbers(t, r.Name, cmp.Or(tsharkDiffers[r.Name], "!frame"))
			cut := frameNumbers(t, r.Name, fragments)
			ours := rows(t, r.Name, "", tsharkFields...)
			if len(ours) != len(theirs) {
				t.Fatalf("tshark has %d packets, we %d", len(theirs), len(ours))
			}
			wrong := 0
			for i, row := range ours {
				cells := strings.Split(theirs[i], "\t")
				for c, name := range tsharkFields {
					if differs[row[0]] || cut[row[0]] && slices.Contains(aboveIP, name) {
						continue
					}
					if cells[c] != row[c] && wrong < 20 {
						wrong++
						t.Errorf("frame %s: %s is %q, tshark has %q", row[0], name, row[c], cells[c])
					}
				}
			}
		})
	}
}

// rows are the values of fields in the packets of a recording that a filter means; several values in a packet have commas between them.
func rows(t *testing.T, name, means string, fields ...string) [][]string {
	t.Helper()
	return rowsWith(t, name, reports.Options{}, means, fields...)
}

func rowsWith(t *testing.T, name string, o reports.Options, means string, fields ...string) (all [][]string) {
	t.Helper()
	src := open(t, name)
	defer src.Close()
	x, err := dissect.NewExtractor(fields)
	if err == nil && means != "" {
		o.Filter, err = filter.Compile(means)
	}
	if err != nil {
		t.Fatal(err)
	}
	o.Dissect.Cookie = -1
	err = reports.Read(src, o, consumer(func(p *dissect.Packet) {
		var row []string
		for _, cell := range x.Extract(p) {
			row = append(row, string(cell))
		}
		all = append(all, row)
	}))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// count is how many packets of a recording a filter means.
func count(t *testing.T, name, means string) int {
	t.Helper()
	return len(rows(t, name, means, "frame.number"))
}

// frameNumbers are those of the packets that a filter means.
func frameNumbers(t *testing.T, name, means string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, row := range rows(t, name, means, "frame.number") {
		all[row[0]] = true
	}
	return all
}

type consumer func(*dissect.Packet)

func (c consumer) Packet(p *dissect.Packet) error {
	c(p)
	return nil
}

func open(t *testing.T, name string) pcaps.Source {
	t.Helper()
	src, err := pcaps.OpenAll([]string{"corpus:" + name}, pcaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// report is the first table of a report on a recording: its rows, by the names of columns.
func report(t *testing.T, name, which string) []map[string]string {
	t.Helper()
	return reportWith(t, name, which, reports.Options{})
}

func reportWith(t *testing.T, name, which string, o reports.Options) (all []map[string]string) {
	t.Helper()
	src := open(t, name)
	defer src.Close()
	o.Dissect.Cookie = -1
	set, err := reports.NewSet([]string{which}, src, o)
	if err == nil {
		err = reports.Read(src, o, set)
	}
	if err != nil {
		t.Fatal(err)
	}
	return table(t, set.Snapshot()[0])
}

// by groups the packets of a recording by fields, and adds up what sums names.
func by(t *testing.T, name, means, fields, sums string) (all []map[string]string) {
	t.Helper()
	o := reports.Options{}
	var err error
	if means != "" {
		o.Filter, err = filter.Compile(means)
	}
	if err == nil {
		o.By, err = reports.NewProjection(strings.Split(fields, ","), strings.Split(sums, ","), 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	src := open(t, name)
	defer src.Close()
	o.Dissect.Cookie = -1
	set, err := reports.NewSet(nil, src, o)
	if err == nil {
		err = reports.Read(src, o, set)
	}
	if err != nil {
		t.Fatal(err)
	}
	return table(t, set.Snapshot()[0])
}

func table(t *testing.T, from *reports.Table) (all []map[string]string) {
	t.Helper()
	var b bytes.Buffer
	if err := reports.WriteCSV(&b, []*reports.Table{from}); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		row := map[string]string{}
		for i, name := range lines[0] {
			row[name] = line[i]
		}
		all = append(all, row)
	}
	return all
}

// truth is what the systems of a recording said in a file.
func truth(t *testing.T, name, file string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("../testdata/truth", name, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// truthRows are the lines of such a file, cut at white space; lines that begin with # are left out.
func truthRows(t *testing.T, name, file string) (all [][]string) {
	t.Helper()
	for line := range strings.Lines(truth(t, name, file)) {
		if cells := strings.Fields(line); len(cells) > 0 && cells[0][0] != '#' {
			all = append(all, cells)
		}
	}
	return all
}

// number is a decimal number, or one in hexadecimal digits behind 0x.
func number(t *testing.T, text string) (n int) {
	t.Helper()
	if _, err := fmt.Sscanf(text, "%v", &n); err != nil {
		t.Fatalf("%q is no number", text)
	}
	return n
}

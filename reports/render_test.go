package reports

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/netip"
	"strings"
	"testing"

	"pktscope/internal/golden"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/rogpeppe/go-internal/txtar"
)

// samples are a summary, a table with every kind of column, a tree and an empty table.
func samples() []*Table {
	const second = 1_000_000_000
	first := int64(1_700_000_000 * second)

	summary := &Table{Name: "summary", Title: "Summary", Layout: Vertical, Columns: []Column{
		{Name: "packets", Kind: KindCount},
		{Name: "bytes", Kind: KindBytes},
		{Name: "first", Kind: KindTime},
		{Name: "duration", Kind: KindDuration},
		{Name: "mean_bits", Title: "mean rate", Kind: KindBitRate},
		{Name: "mean_packets", Title: "mean packets", Kind: KindPacketRate},
		{Name: "comment", Kind: KindText},
	}}
	summary.Add(Int(1234567), Int(987654321), Int(first+123), Int(61*second), BitRate(987654321, 61*second),
		PacketRate(1234567, 61*second), Text("taken at the border, during the incident, by whoever was on call that night; see ticket"))

	vlans := &Table{Name: "vlans", Title: "VLANs", Columns: []Column{
		{Name: "vlan.id", Title: "VLAN", Kind: KindNumber},
		{Name: "name", Kind: KindText},
		{Name: "gateway", Kind: KindAddress},
		{Name: "packets", Kind: KindCount},
		{Name: "bytes", Kind: KindBytes},
		{Name: "share", Kind: KindShare},
		{Name: "hosts", Kind: KindDistinct},
		{Name: "last", Kind: KindTime},
		{Name: "gap", Title: "longest gap", Kind: KindDuration},
		{Name: "tunnelled", Kind: KindBool},
		{Name: "seen_at", Title: "seen at", Kind: KindList},
	}}
	vlans.Add(Int(7), Text("évènements 日本語のネットワーク"), Addr(netip.MustParseAddr("192.0.2.1")), Int(1), Int(64),
		Share(64, 987654321), Int(2), Int(first), Int(0), Bool(false), List("eth0"))
	vlans.Add(Int(100), Text("customer\x1b[31m \"A, B\"\nx"), Addr(netip.MustParseAddr("2001:db8::1")), Int(1234000),
		Int(987000000), Share(987000000, 987654321), Estimate(51234), Int(first+1500), Int(12_345_678), Bool(true), List("eth0", "eth1"))
	vlans.Add(Int(4094), Cell{}, Cell{}, Int(12), Int(1500), Share(1500, 987654321), Int(0), Cell{}, Cell{}, Bool(false), List())
	if err := vlans.Sort("-bytes"); err != nil {
		panic(err)
	}
	vlans.Top(2)
	vlans.Other = []Cell{{}, {}, {}, Int(3000), Int(180000), Share(180000, 987654321), {}, {}, {}, {}, {}}
	vlans.Note("the limit of %d groups was reached", 3)

	protocols := &Table{Name: "protocols", Title: "Protocols", Columns: []Column{
		{Name: "path", Title: "protocol", Kind: KindPath}, {Name: "packets", Kind: KindCount}, {Name: "bytes", Kind: KindBytes},
	}}
	for i, path := range []string{"eth", "eth ip", "eth ip udp", "eth ip udp vxlan", "eth ip udp vxlan eth", "eth vlan"} {
		protocols.Add(List(strings.Fields(path)...), Int(1000/(i+1)), Int(999_600/(i+1)))
	}

	loops := &Table{Name: "loops", Title: "Loops", Columns: []Column{{Name: "address", Kind: KindAddress}}}

	notices := &Table{Name: "notices", Title: "Notices", Layout: Paragraphs, Columns: []Column{
		{Name: "level"}, {Name: "name"}, {Name: "what"}, {Name: "count", Kind: KindCount, Detail: true},
		{Name: "frames", Title: "first frames", Kind: KindNumbers, Below: true}, {Name: "means", Below: true, Once: true},
	}}
	const why = "somebody unplugged something that somebody else had plugged in on purpose, and nobody noticed it at the time"
	notices.Add(Text("grave"), Text("short"), Text("one\x1b[31m thing"), Int(1), List("1", "2"), Text(why))
	notices.Add(Text("light"), Text("a-longer-name"), Text("another thing, of which there is more to say than fits into a line of an old terminal"), Int(2), Cell{}, Text(why))
	return []*Table{summary, vlans, protocols, loops, notices}
}

func TestRender(t *testing.T) {
	got := &txtar.Archive{}
	add := func(name string, write func(io.Writer) error) {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		got.Files = append(got.Files, txtar.File{Name: name, Data: b.Bytes()})
	}
	text := func(o TextOptions) func(io.Writer) error {
		return func(w io.Writer) error {
			twwidth.SetEastAsian(true) // as a CJK locale does; it must not show
			return WriteText(w, samples(), o)
		}
	}
	add("text", text(TextOptions{}))
	add("text 120", text(TextOptions{Width: 120}))
	add("text 80", text(TextOptions{Width: 80}))
	add("text 30", text(TextOptions{Width: 30}))
	add("text 120 colour", func(w io.Writer) error {
		var b bytes.Buffer
		err := WriteText(&b, samples(), TextOptions{Width: 120, Color: true})
		w.Write(bytes.ReplaceAll(b.Bytes(), []byte("\x1b"), []byte("ESC")))
		return err
	})
	add("json", func(w io.Writer) error { return WriteJSON(w, samples(), "1.2.3") })
	add("csv", func(w io.Writer) error { return WriteCSV(w, samples()) })
	golden.Compare(t, *update, "render.txtar", got)
}

// TestTextFits proves that no line is wider than the terminal, from the width of the summary's time, which is never cut.
func TestTextFits(t *testing.T) {
	for width := 46; width < 200; width++ {
		tables := samples()
		for _, table := range tables {
			table.Notes = nil // sentences may wrap
		}
		var b strings.Builder
		if err := WriteText(&b, tables, TextOptions{Width: width}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if strings.Contains(line, "note: ") {
				continue
			}
			if w := twwidth.Width(strings.TrimSuffix(line, "\n")); w > width {
				t.Errorf("at width %d a line has %d: %q", width, w, line)
			}
		}
	}
}

func TestJSONParses(t *testing.T) {
	var b bytes.Buffer
	if err := WriteJSON(&b, samples(), "1.2.3"); err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Schema  int
		Reports map[string]struct {
			Rows  []map[string]any
			Other map[string]any
			Total int `json:"total_rows"`
		}
	}
	d := json.NewDecoder(&b)
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	vlans := doc.Reports["vlans"]
	if doc.Schema != Schema || len(doc.Reports) != 5 || len(vlans.Rows) != 2 || vlans.Total != 3 {
		t.Fatalf("got %+v", doc)
	}
	if got := vlans.Rows[0]["name"]; got != "customer\x1b[31m \"A, B\"\nx" {
		t.Errorf("name came back as %q", got)
	}
	if got := vlans.Other["packets"]; got != json.Number("3000") {
		t.Errorf("other packets came back as %v", got)
	}
}

func TestCSVParses(t *testing.T) {
	var b bytes.Buffer
	if err := WriteCSV(&b, samples()); err != nil {
		t.Fatal(err)
	}
	r := csv.NewReader(&b)
	r.FieldsPerRecord = -1 // blocks differ
	records, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if got := records[3]; got[0] != "vlans" || got[2] != `customer\x1b[31m "A, B"\nx` || got[len(got)-1] != "hosts" {
		t.Errorf("the first VLAN came back as %q", got)
	}
}

func BenchmarkWriteText(b *testing.B) {
	table := &Table{Name: "flows", Title: "Flows", Columns: []Column{
		{Name: "source", Kind: KindText}, {Name: "packets", Kind: KindCount}, {Name: "bytes", Kind: KindBytes}}}
	for i := range 1000 {
		table.Add(Text("10.0.0.1:51413"), Int(i), Int(1000*i))
	}
	for b.Loop() {
		if err := WriteText(io.Discard, []*Table{table}, TextOptions{Width: 120}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/row")
}

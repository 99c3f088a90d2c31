package reports

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/internal/craft"
	"pktscope/internal/golden"
	"pktscope/pcaps"
)

const generatedFile = "../pcaps/testdata/generated.pcapng"

// generated returns the frames of the generated capture, whose every number is known.
func generated(t testing.TB) (frames []pcaps.Frame) {
	t.Helper()
	src, err := pcaps.Open(generatedFile)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for f, err := range pcaps.Frames(src) {
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, *f)
		frames[len(frames)-1].Data = slices.Clone(f.Data)
	}
	return frames
}

var tap = &pcaps.Interface{File: "tap.pcap", ID: -1, LinkType: 1, FCSLen: -1}

// onTap returns the Ethernet frames as captured a millisecond after each other.
func onTap(frames ...[]byte) (all []pcaps.Frame) {
	for i, b := range frames {
		all = append(all, pcaps.Frame{Data: b, WireLen: len(b), Time: int64(i) * 1e6, Interface: tap})
	}
	return all
}

// playParts adds frames to parts of r in turn, so many to each, and flushes each part before the next one is used. Each third
// time they are gathered. Flows are followed for all.
func playParts(t testing.TB, s setup, r Report, parts []Part, every int, o Options, frames []pcaps.Frame) {
	t.Helper()
	gather := func() {
		if r, ok := r.(gatherer); ok {
			r.gather(parts)
		}
	}
	in := inputOf(frames, 0)
	reader, batch := flows.NewReader(), flows.Batch{}
	n := 0
	err := Read(in, o, consumer(func(p *dissect.Packet) error {
		if s.flows != nil {
			batch.Reset()
			reader.Read(p, &batch)
			s.flows.Play(reader, &batch)
		}
		if len(parts) == 0 {
			return nil
		}
		part := parts[n/every%len(parts)]
		part.Add(p)
		if n++; n%every == 0 {
			part.Flush()
			if n/every%3 == 0 {
				gather()
			}
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	if len(parts) > 0 {
		parts[n/every%len(parts)].Flush()
		gather()
	}
}

// description returns the report of that name.
func description(t testing.TB, name string) Description {
	t.Helper()
	i := slices.IndexFunc(all, func(d Description) bool { return d.Name == name })
	if i < 0 {
		t.Fatal("no report ", name)
	}
	return all[i]
}

// describedBy makes the report of that name, with a tracker of its own if it asks for one.
func describedBy(t testing.TB, name string, s setup) (Report, setup) {
	t.Helper()
	d := description(t, name)
	if d.Flows {
		s.flows = newTracking(flows.Options{})
	}
	return d.make(s), s
}

// count returns the tables of the report over frames.
func count(t testing.TB, name string, s setup, frames []pcaps.Frame) []*Table {
	t.Helper()
	return countAs(t, name, s, Options{}, frames)
}

// countAs is count with options for dissecting.
func countAs(t testing.TB, name string, s setup, o Options, frames []pcaps.Frame) []*Table {
	t.Helper()
	r, s := describedBy(t, name, s)
	playParts(t, s, r, []Part{r.NewPart()}, 1000, o, frames)
	return r.Snapshot()
}

// exact is all that tables say.
func exact(t testing.TB, tables []*Table) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, tables, "test"); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// lines are the rows of table, with the cells of the named columns.
func lines(table *Table, columns ...string) (all []string) {
	names := table.names()
	for _, row := range table.Rows {
		var cells []string
		for _, name := range columns {
			i := slices.Index(names, name)
			cell := row[i].plain(table.Columns[i].Kind)
			if cell == "" {
				cell = "-"
			}
			cells = append(cells, cell)
		}
		all = append(all, strings.Join(cells, " "))
	}
	return all
}

// cellsOf returns rows as maps from column to text.
func cellsOf(table *Table) (rows []map[string]string) {
	names := table.names()
	for _, row := range table.Rows {
		cells := map[string]string{}
		for i, name := range names {
			cells[name] = row[i].plain(table.Columns[i].Kind)
		}
		rows = append(rows, cells)
	}
	return rows
}

func wantLines(t testing.TB, table *Table, columns string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, lines(table, strings.Fields(columns)...)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", table.Name, diff)
	}
}

// TestOverlay pins what all reports say about the reference capture, for people and for programs.
func TestOverlay(t *testing.T) {
	src, err := pcaps.Open(generatedFile)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	set, err := NewSet(nil, src, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := Read(src, Options{}, set); err != nil {
		t.Fatal(err)
	}
	tables := set.Snapshot()
	if n := set.Packets(); n != 209 {
		t.Errorf("%d packets", n)
	}
	var text, csv bytes.Buffer
	for _, err := range []error{WriteText(&text, tables, TextOptions{}), WriteCSV(&csv, tables)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	golden.Compare(t, *update, "generated.txtar", &txtar.Archive{Files: []txtar.File{{Name: "text", Data: text.Bytes()}, {Name: "csv", Data: csv.Bytes()}}})
}

// mixture is frames in which many groups come and go, in an order of their own.
func mixture(t testing.TB) []pcaps.Frame {
	frames := generated(t)
	for i := range 200 {
		b := craft.Packet(craft.Ethernet{}, craft.VLAN{ID: uint16(1 + i*i%37)}, craft.IPv4{}, craft.UDP{Src: uint16(i)},
			craft.VXLAN{VNI: uint32(i * 7 % 23)}, craft.Ethernet{}, craft.IPv4{}, craft.TCP{Src: uint16(i), Dst: 80})
		f := onTap(b)[0]
		f.Time = frames[0].Time + int64(i)*1e9
		if i%5 == 0 {
			f.Data = f.Data[:len(f.Data)-i%90]
		}
		if i%7 == 0 {
			f.Timeless, f.Time = true, 0
		}
		frames = append(frames, f)
	}
	// What depends on the order of packets: numbers that are missing and come again, copies, addresses that move.
	other := &pcaps.Interface{File: "other.pcap", ID: -1, LinkType: 1, FCSLen: -1}
	for i := range 120 {
		more := flooding()[i%len(flooding()):][:1]
		more = append(more, craft.Packet(eth1, there, craft.ESP{SPI: 7, Sequence: uint32(i*i%50 + i)}, craft.Payload(make([]byte, 40))),
			craft.Packet(between(1+i%5, 2+i*i%7)...))
		for j, f := range onTap(more...) {
			f.Time = frames[0].Time + 200e9 + int64(i)*300e6
			if (i/20+j)%3 == 0 {
				f.Interface = other
			}
			frames = append(frames, f)
		}
	}
	return frames
}

// TestBlocks splits packets into blocks of any size, counted by several workers: nothing may depend on either. The second time over, after a
// Reset, must give the same as the first.
func TestBlocks(t *testing.T) {
	frames := mixture(t)
	for _, d := range all {
		for _, groups := range []int{maxGroups, 5} {
			s := setup{groups: groups}
			want := exact(t, count(t, d.Name, s, frames))
			if d.Name == "vlans" && groups == 5 && !strings.Contains(want, `"other"`) {
				t.Errorf("%s: the limit was not reached", d.Name)
			}
			for _, every := range []int{1, 2, 17, 100} {
				for _, workers := range []int{1, 3} {
					r, s := describedBy(t, d.Name, s)
					var parts []Part
					for range workers {
						parts = append(parts, r.NewPart())
					}
					for range 2 {
						playParts(t, s, r, parts, every, Options{}, frames)
						r.Snapshot()
						if diff := cmp.Diff(want, exact(t, r.Snapshot())); diff != "" {
							t.Fatalf("%s in blocks of %d by %d workers, at most %d groups (-want +got):\n%s", d.Name, every, workers, groups, diff)
						}
						r.Reset()
						if s.flows != nil {
							s.flows.reset()
						}
					}
				}
			}
		}
	}
}

// TestEmpty checks that a report over nothing has the tables and columns that it always has.
func TestEmpty(t *testing.T) {
	for _, d := range all {
		r, _ := describedBy(t, d.Name, setup{groups: maxGroups})
		empty := r.Snapshot()
		full := count(t, d.Name, setup{groups: maxGroups}, generated(t))
		if len(empty) != len(full) {
			t.Fatalf("%s: %d tables of nothing, %d of packets", d.Name, len(empty), len(full))
		}
		for i := range empty {
			if empty[i].Name != full[i].Name || !slices.Equal(empty[i].Columns, full[i].Columns) {
				t.Errorf("%s: the table %s differs when it is empty", d.Name, full[i].Name)
			}
		}
	}
}

func TestNewSet(t *testing.T) {
	set, err := NewSet([]string{"vlans", "summary", "vlans"}, nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, table := range set.Snapshot() {
		names = append(names, table.Name)
	}
	if got := strings.Join(names, " "); got != "summary points sizes stops vlans" {
		t.Errorf("tables %s", got)
	}
	_, err = NewSet([]string{"tunnel"}, nil, Options{})
	if err == nil || err.Error() != `"tunnel" is not a report; did you mean tunnels? there are findings, summary, tenants, overlaps, segments, protocols, vlans, tunnels, checksums, anomalies, flows, nat, bonds, macs, directions, vips, queues` {
		t.Errorf("error %v", err)
	}
}

// finished returns packets that can be added again and again.
func finished(t testing.TB, frames []pcaps.Frame) (packets []*dissect.Packet) {
	t.Helper()
	d := dissect.NewConfig(dissect.Options{}).NewDecoder()
	in := intake{points: map[*pcaps.Interface]*dissect.Point{}}
	for i := range frames {
		p := new(dissect.Packet)
		f := frameAt(&frames[i], in.pointOf(&frames[i]))
		d.Decode(p, &f)
		if !p.Pending() {
			p.Verify()
			packets = append(packets, p)
		}
	}
	return packets
}

func TestAddDoesNotAllocate(t *testing.T) {
	packets := finished(t, mixture(t))
	for _, d := range all {
		r, _ := describedBy(t, d.Name, setup{groups: maxGroups})
		part := r.NewPart()
		round := func() {
			for _, p := range packets {
				part.Add(p)
			}
		}
		for range 10 { // more than below, for what grows because time goes back each time
			round()
		}
		part.Flush()
		if r, ok := r.(gatherer); ok {
			r.gather([]Part{part})
		}
		if n := testing.AllocsPerRun(5, round); n != 0 {
			t.Errorf("%s: %v allocations in %d packets", d.Name, n, len(packets))
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	packets := finished(b, generated(b))
	for _, d := range all {
		b.Run(d.Name, func(b *testing.B) {
			r, _ := describedBy(b, d.Name, setup{groups: maxGroups})
			part := r.NewPart()
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				part.Add(packets[i])
				if i++; i == len(packets) {
					i = 0
				}
			}
		})
	}
}

package reports

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSort(t *testing.T) {
	table := &Table{Name: "hosts", Columns: []Column{
		{Name: "address", Kind: KindAddress}, {Name: "name", Kind: KindText}, {Name: "packets", Kind: KindCount},
		{Name: "seen", Kind: KindBool}, {Name: "path", Kind: KindPath}}}
	addr := func(s string) Cell { return Addr(netip.MustParseAddr(s)) }
	table.Add(addr("10.0.0.10"), Text("b"), Int(5), Bool(true), List("a", "b"))
	table.Add(addr("10.0.0.9"), Text("b"), Int(5), Bool(true), List("a", "b"))
	table.Add(addr("10.0.0.9"), Text("b"), Int(5), Bool(true), List("a"))
	table.Add(addr("10.0.0.9"), Text("b"), Int(5), Bool(false), List("a"))
	table.Add(addr("10.0.0.9"), Text("a"), Int(5), Bool(false), List("a"))
	table.Add(addr("10.0.0.1"), Text("z"), Int(9), Bool(false), List("a"))
	table.Add(addr("10.0.0.1"), Text("z"), Cell{}, Bool(false), List("a"))

	lines := func() (all []string) {
		for _, row := range table.Rows {
			var texts []string
			for i, c := range row {
				texts = append(texts, c.plain(table.Columns[i].Kind))
			}
			all = append(all, strings.Join(texts, " "))
		}
		return all
	}
	want := []string{
		"10.0.0.1 z 9 false a",
		"10.0.0.9 a 5 false a",
		"10.0.0.9 b 5 false a",
		"10.0.0.9 b 5 true a",
		"10.0.0.9 b 5 true a;b",
		"10.0.0.10 b 5 true a;b",
		"10.0.0.1 z  false a",
	}
	for range 20 {
		rand.Shuffle(len(table.Rows), func(i, j int) { table.Rows[i], table.Rows[j] = table.Rows[j], table.Rows[i] })
		if err := table.Sort("-packets"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, lines()); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	}
	if err := table.Sort("packets"); err != nil {
		t.Fatal(err)
	}
	if got := lines(); got[0] != want[1] || got[5] != want[0] || got[6] != want[6] {
		t.Errorf("ascending: %q", got)
	}
	if err := table.Sort("octets"); err == nil || !strings.Contains(err.Error(), `hosts has no column "octets"`) {
		t.Errorf("an unknown column gives %v", err)
	}
}

func TestTop(t *testing.T) {
	for _, tt := range []struct{ n, rows, more int }{{-1, 5, 0}, {0, 0, 5}, {2, 2, 3}, {5, 5, 0}, {9, 5, 0}} {
		table := &Table{Columns: []Column{{Name: "n", Kind: KindNumber}}}
		for i := range 5 {
			table.Add(Int(i))
		}
		table.Top(tt.n)
		if len(table.Rows) != tt.rows || table.More != tt.more {
			t.Errorf("Top(%d) leaves %d rows and %d more, want %d and %d", tt.n, len(table.Rows), table.More, tt.rows, tt.more)
		}
	}
	table := &Table{Columns: []Column{{Name: "n", Kind: KindNumber}}}
	for i := range 5 {
		table.Add(Int(i))
	}
	table.Top(4)
	table.Top(1)
	if table.More != 4 {
		t.Errorf("cut twice, %d more, want 4", table.More)
	}
}

func TestCells(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cell  Cell
		kind  Kind
		plain string
		text  string
	}{
		{"largest", Int(uint64(math.MaxUint64)), KindCount, "9223372036854775807", "9,223,372,036,854,775,807"},
		{"smallest", Int(math.MinInt64), KindCount, "-9223372036854775808", "-9,223,372,036,854,775,808"},
		{"identifier", Int(4789), KindNumber, "4789", "4789"},
		{"estimate", Estimate(51234), KindDistinct, "51234", "~51,234"},
		{"absent", Cell{}, KindCount, "", "-"},
		{"no address", Addr(netip.Addr{}), KindAddress, "", "-"},
		{"zone", Addr(netip.MustParseAddr("fe80::1").WithZone("\x1b[2J")), KindAddress, "fe80::1%\x1b[2J", `fe80::1%\x1b[2J`},
		{"third", Share(1, 3), KindShare, "0.333333", "33.3%"},
		{"two thirds", Share(2, 3), KindShare, "0.666667", "66.7%"},
		{"all", Share(5, 5), KindShare, "1", "100.0%"},
		{"a little", Share(1, 10000), KindShare, "0.0001", "<0.1%"},
		{"nothing", Share(0, 5), KindShare, "0", "0.0%"},
		{"of nothing", Share(0, 0), KindShare, "", "-"},
		{"huge share", Share(math.MaxUint64, math.MaxUint64), KindShare, "1", "100.0%"},
		{"bits", BitRate(125, 1e9), KindBitRate, "1000", "1.00 kbit/s"},
		{"bits too many", BitRate(math.MaxUint64, 1), KindBitRate, "9223372036854775807", "9.22 Ebit/s"},
		{"bits in no time", BitRate(125, 0), KindBitRate, "", "-"},
		{"packets", PacketRate(1, 3e9), KindPacketRate, "0.333", "0.333/s"},
		{"more packets", PacketRate(1234567, 1e9), KindPacketRate, "1234567", "1,234,567/s"},
		{"list", List("a", "b\n"), KindList, "a;b\n", `a, b\n`},
		{"numbers", List("5", "1000"), KindNumbers, "5;1000", "5, 1000"},
		{"path", List("eth", "ip"), KindPath, "eth;ip", "  ip"},
		{"before 1970", Int(-1), KindTime, "1969-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59Z"},
		{"yes", Bool(true), KindBool, "true", "yes"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.cell.plain(tt.kind); got != tt.plain {
				t.Errorf("plain is %q, want %q", got, tt.plain)
			}
			if got := tt.cell.text(tt.kind, &rfc3339, 0); got != tt.text {
				t.Errorf("text is %q, want %q", got, tt.text)
			}
		})
	}
}

// Programs get numbers as numbers.
func TestListsInJSON(t *testing.T) {
	for kind, want := range map[Kind]string{KindList: `["5", "1000"]`, KindNumbers: "[5, 1000]"} {
		if got := List("5", "1000").json(kind); got != want {
			t.Errorf("%v: %s, want %s", kind, got, want)
		}
	}
}

package screen

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"pktscope/dissect/filter"
	"pktscope/reports"
)

// fixed is a feed that stays as it is.
type fixed struct {
	state   *State
	packets []Packet
	tree    string
	filter  *filter.Filter
}

func (f *fixed) State() *State                        { return f.state }
func (f *fixed) Packets(*filter.Filter, int) []Packet { return f.packets }
func (f *fixed) Tree(uint64) (string, bool)           { return f.tree, f.tree != "" }
func (f *fixed) SetFilter(to *filter.Filter)          { f.filter = to }
func (f *fixed) with(t ...*reports.Table) *fixed      { f.state.Total = t; f.state.Interval = t; return f }
func text(s string) reports.Cell                      { return reports.Text(s) }
func columns(names ...string) (all []reports.Column) {
	for _, n := range names {
		all = append(all, reports.Column{Name: n})
	}
	return all
}

// hostile is names that want to be more than names.
var hostile = []string{
	"\x1b[31mred\x1b[0m", "\x1b]0;title\x07", "\x1b[2J\x1b[H", "a\rb", "a\nb", "a\tb", "\x9b31m", "\u009b31m", "\x00", "\x7f", "\b\b\b",
	"日本語の名前", "e\u0301te\u0301", "\u202egnp.exe", "\u200bnothing", "👨‍👩‍👧‍👦", "🇩🇪🇫🇷", "\xff\xfe\xfd", "\ufeff", strings.Repeat("長", 300), strings.Repeat("a\u0300", 300), "",
	"\x1b_Ga=T;AAAA\x1b\\", "\x1bP0;1|17/ab\x1b\\", "\u2028line\u2029", "\U000e0041tag", "ﷺ", "\u115f\u3164filler",
}

// TestHostileNames shows such names everywhere: no escape sequence reaches the terminal but those of styles, and no line is too wide.
func TestHostileNames(t *testing.T) {
	for _, ascii := range []bool{false, true} {
		for i := range hostile {
			name := func(k int) string { return hostile[(i+k)%len(hostile)] }
			f := &fixed{state: &State{Time: 1e18, To: 1, Filter: name(0), Recording: name(1), Behind: 5,
				Points:  []Point{{Name: name(0), Packets: 1, Drops: []Drop{{name(1), 3}, {name(2), 0}}}},
				Lost:    []Drop{{name(3), 7}},
				Notices: []string{name(2), name(3)}}}
			for k := range 5 {
				f.packets = append(f.packets, Packet{Number: uint64(k), Source: name(k), Destination: name(k + 1), Info: name(k + 2), Faults: name(k + 3)})
			}
			f.tree = name(0) + "\n    " + name(1) + "\n        " + name(2) + "\n"
			tenants := &reports.Table{Name: "tenants", Title: name(0), Columns: columns("tenant", name(2), "filter"), Notes: []string{name(1)}}
			flows := &reports.Table{Name: "flows", Title: name(1), Columns: columns("id", "tenants_row", "filter", name(0))}
			findings := &reports.Table{Name: "findings", Title: name(2), Layout: reports.Paragraphs, Columns: columns("severity", "what", "filter")}
			other := &reports.Table{Name: "other", Title: name(3), Layout: reports.Vertical, Columns: columns(name(0), name(1))}
			for k := range 3 {
				tenants.Add(text(name(k)), text(name(k+1)), text("tcp"))
				flows.Add(text(name(k+3)), text(name(k)), text("udp"), text(name(k+2)))
				findings.Add(text(name(k)), text(name(k+1)), text(name(k+2)))
			}
			other.Add(text(name(0)), text(name(1)))
			d := newDriver(t, f.with(tenants, flows, findings, other), Options{ASCII: ascii}, 80, 24)
			d.press("2 enter d esc enter enter enter 3 4 d esc enter 6 d esc enter 7 enter esc 8 d n p / ")
			d.send(tea.PasteMsg{Content: name(4)})
			d.typing(name(5))
			d.press("enter esc ?")
			d.resize(41, 13)
			d.press("? 2 > r 1")
			if t.Failed() {
				t.Fatalf("names from %q on", name(0))
			}
		}
	}
}

// FuzzNames shows any two names in tables and packets.
func FuzzNames(f *testing.F) {
	for i, name := range hostile {
		f.Add(name, hostile[(i+1)%len(hostile)], uint8(80), i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, a, b string, width uint8, ascii bool) {
		table := &reports.Table{Name: "tenants", Title: a, Columns: columns("tenant", "x"+b), Notes: []string{b}}
		table.Add(text(a), text(b))
		feed := (&fixed{state: &State{To: 1, Points: []Point{{Name: a}}}, packets: []Packet{{Number: 1, Source: a, Info: b}}, tree: a + "\n    " + b}).with(table)
		d := newDriver(t, feed, Options{ASCII: ascii}, int(width), 20)
		d.press("2 > d esc n esc 7 enter / ")
		d.send(tea.PasteMsg{Content: a})
	})
}

// TestEveryScreenIsPlain holds the screens to what a terminal may be told: styles and nothing else.
func TestEveryScreenIsPlain(t *testing.T) {
	d := newDriver(t, overlay(t), Options{}, 120, 40)
	for _, step := range tour {
		step.do(d)
		lines, _ := d.Lines()
		for _, l := range lines {
			for rest := l; ; {
				at := strings.IndexByte(rest, 0x1b)
				if at < 0 {
					break
				}
				rest = rest[at:]
				end := strings.IndexByte(rest, 'm')
				if !strings.HasPrefix(rest, "\x1b[") || end < 0 || strings.Trim(rest[2:end], "0123456789;") != "" {
					t.Errorf("%s: %q is no style", step.name, rest)
					break
				}
				rest = rest[end:]
			}
		}
	}
}

// TestAnyKeys presses keys at random, on screens of any size: [driver.check] holds each screen to its size.
func TestAnyKeys(t *testing.T) {
	keys := []string{"1", "2", "3", "4", "5", "6", "7", "8", "enter", "enter", "enter", "esc", "up", "down", "pgup", "pgdown", "home", "end", "left", "right", "<", ">", "r",
		"o", "t", "n", "d", "i", "p", "?", "/", "tab", "backspace", "x", "ctrl+u", "delete"}
	f := overlay(t)
	for seed := range uint64(6) {
		random := rand.New(rand.NewPCG(seed, 1))
		f.at, f.filter = 0, nil
		d := newDriver(t, f, Options{ASCII: seed%2 == 1}, 80, 24)
		var pressed []string
		for start := time.Now(); len(pressed) < 250 && time.Since(start) < 2*time.Second; {
			key := keys[random.IntN(len(keys))]
			pressed = append(pressed, key)
			d.press(key)
			switch random.IntN(20) {
			case 0:
				d.resize(random.IntN(220), random.IntN(70))
			case 1:
				d.next()
			}
			if t.Failed() {
				t.Fatalf("seed %d: %s", seed, strings.Join(pressed, " "))
			}
		}
	}
}

// TestSelectionFollowsRows holds the selection to its row when others come before it.
func TestSelectionFollowsRows(t *testing.T) {
	table := func(names ...string) *reports.Table {
		all := &reports.Table{Name: "tenants", Title: "Tenants", Columns: []reports.Column{{Name: "tenant"}, {Name: "packets", Kind: reports.KindCount}}}
		for i, n := range names {
			all.Add(text(n), reports.Int(100-i))
		}
		return all
	}
	f := (&fixed{state: &State{To: 1}}).with(table("a", "b", "c"))
	d := newDriver(t, f, Options{}, 80, 24)
	d.press("2 down")
	for _, c := range []struct{ names, selected string }{{"x y a b c", "b"}, {"c b", "b"}, {"q r", "r"}, {"", ""}, {"b", "b"}} {
		state := *f.state
		f.state = &state
		f.with(table(strings.Fields(c.names)...))
		d.poll()
		got := ""
		for _, l := range strings.Split(d.screen(), "\n") {
			if rest, ok := strings.CutPrefix(l, "> "); ok {
				got = strings.Fields(rest)[0]
			}
		}
		if got != c.selected {
			t.Errorf("of %q %q is selected, want %q", c.names, got, c.selected)
		}
	}
}

// TestDropsAreNeverHidden looks for what was lost on every page, held or not, at all widths.
func TestDropsAreNeverHidden(t *testing.T) {
	f := &fixed{state: &State{Points: []Point{
		{Name: strings.Repeat("a-very-long-name-of-an-interface", 8), Packets: 1e18, Bytes: 1e18, Drops: []Drop{{"kernel", 987654321}, {"not analysed", 12}}},
		{Name: "eth1", Drops: []Drop{{"kernel", 1}, {"not analysed", 0}}}},
		Filter: strings.Repeat("tcp or ", 100) + "udp", Lost: []Drop{{"not recorded", 77}}}}
	for width := 20; width < 210; width += 13 {
		for height := 3; height < 60; height += 9 {
			d := newDriver(t, f, Options{}, width, height)
			for _, keys := range []string{"", "2", "7", "8", "?", "? p", "/"} {
				d.press(keys)
				if s := strings.ReplaceAll(d.screen(), "\n", " "); !strings.Contains(s, "987,654,334") || !strings.Contains(s, "not recorded 77") {
					t.Fatalf("%dx%d after %s: drops are hidden:\n%s", width, height, keys, d.screen())
				}
			}
		}
	}
}

// TestStylesAreNotAll holds what a style says to be said by characters, too.
func TestStylesAreNotAll(t *testing.T) {
	d := newDriver(t, overlay(t), Options{}, 80, 24)
	d.next()
	d.press("2 down")
	lines, _ := d.Lines()
	reversed := 0
	for _, l := range lines {
		if strings.Contains(l, "\x1b[7m") {
			reversed++
			if s := ansi.Strip(l); !strings.HasPrefix(s, "> ") && !strings.Contains(s, "[2 tenants]") {
				t.Errorf("only a style says that this is selected: %q", s)
			}
		}
	}
	if reversed != 2 {
		t.Errorf("%d lines are reversed, want the selected row and page", reversed)
	}
}

func TestGraph(t *testing.T) {
	for _, c := range []struct {
		values        []uint64
		width, height int
		ascii         bool
		want          string
	}{
		{nil, 4, 2, false, "    |    "},
		{[]uint64{0, 0, 0, 0}, 2, 1, false, "  "},
		{[]uint64{8, 4, 1, 0}, 2, 2, false, "⡇ |⣿⡀"},
		{[]uint64{1, 2, 3, 4, 5, 6, 7, 8}, 4, 1, false, "⣀⣠⣴⣾"},
		{[]uint64{1, 1 << 63}, 1, 2, false, "⢸|⣸"},
		{[]uint64{9, 3, 0, 6, 1}, 5, 1, true, "#. :."},
		{[]uint64{9, 6, 3}, 4, 2, true, " #. | ##:"},
		{[]uint64{100, 1, 1}, 2, 1, true, "##"},
	} {
		if got := strings.Join(graph(c.values, c.width, c.height, c.ascii), "|"); got != c.want {
			t.Errorf("%v in %dx%d is %q, want %q", c.values, c.width, c.height, got, c.want)
		}
	}
	if got, want := axis([]uint64{0, 1, 0, 0, 3}, 4, false), "──!!"; got != want {
		t.Errorf("the axis is %q, want %q", got, want)
	}
}

// TestPrompt types filters, with mistakes.
func TestPrompt(t *testing.T) {
	f := &fixed{state: &State{To: 1}}
	d := newDriver(t, f, Options{}, 60, 20)
	last := func(n int) string {
		lines := strings.Split(strings.TrimRight(d.screen(), "\n"), "\n")
		return strings.Join(lines[max(0, len(lines)-n):], "\n")
	}
	want := func(screen string) {
		t.Helper()
		if got := last(3); got != screen {
			t.Errorf("the prompt is\n%s\nwant\n%s", got, screen)
		}
	}
	d.press("/")
	d.typing("tcp.port == x")
	want("filter: tcp.port == x\n                    ^\nx is not a number")
	d.press("enter")
	if d.prompt == nil || f.filter != nil {
		t.Error("a filter with a mistake was taken")
	}
	d.press("backspace")
	d.typing("80")
	d.press("enter")
	if d.prompt != nil || f.filter == nil || f.filter.String() != "tcp.port == 80" {
		t.Errorf("the filter is %v", f.filter)
	}
	d.press("/ ctrl+u")
	d.typing(strings.Repeat("tcp or ", 12) + "xyz and udp")
	if got := strings.Split(last(3), "\n"); !strings.Contains(got[0], "xyz and udp") || strings.Index(got[0], "xyz") != strings.Index(got[1], "^") {
		t.Errorf("the place of the mistake in a long filter:\n%s", strings.Join(got, "\n"))
	}
	d.press("up")
	if d.prompt.String() != "tcp.port == 80" {
		t.Errorf("the filter before is %s", d.prompt)
	}
	d.press("ctrl+w ctrl+w ctrl+a delete delete")
	if d.prompt.String() != "p.port " {
		t.Errorf("edited it is %q", d.prompt)
	}
	d.press("ctrl+u ctrl+k enter")
	if f.filter != nil {
		t.Error("an empty filter is not all packets")
	}
	d.press("/")
	d.typing("udp")
	d.press("esc")
	if f.filter != nil || d.prompt != nil {
		t.Error("a filter was taken that was left")
	}
	d.press("/")
	d.send(tea.PasteMsg{Content: strings.Repeat("x", 3*longest)})
	if n := len(d.prompt.text); n != longest {
		t.Errorf("%d characters were pasted", n)
	}
}

// TestEvicted says so where a packet is not kept any more.
func TestEvicted(t *testing.T) {
	f := &fixed{state: &State{To: 1}, packets: []Packet{{Number: 7, Info: "x"}}}
	d := newDriver(t, f, Options{}, 80, 24)
	d.press("7 enter")
	if s := d.screen(); !strings.Contains(s, "packet 7 is not kept any more") {
		t.Error(s)
	}
}

// TestManyRows holds a large table to little work: what does not change is not made again.
func TestManyRows(t *testing.T) {
	table := &reports.Table{Name: "flows", Title: "Flows", Columns: append([]reports.Column{{Name: "id", Kind: reports.KindNumber}}, columns("a", "b", "c")...)}
	for i := range 10_000 {
		table.Add(reports.Int(i), text(fmt.Sprint("a", i)), text(fmt.Sprint("b", i%7)), text(fmt.Sprint("c", i%11)))
	}
	d := newDriver(t, (&fixed{state: &State{To: 1}}).with(table), Options{}, 80, 24)
	d.press("4")
	if n := testing.AllocsPerRun(10, func() { d.press("down"); d.Lines() }); n > 15_000 {
		t.Errorf("%.0f allocations for a key", n)
	}
}

package reports

import (
	"slices"
	"strings"
	"testing"

	"github.com/olekukonko/tablewriter/pkg/twwidth"
)

// TestGrid shows parts of tables: columns are where they are in the whole one, no line is too wide, and in ASCII there is nothing else.
func TestGrid(t *testing.T) {
	for _, table := range samples() {
		for width := 20; width < 200; width += 7 {
			for _, ascii := range []bool{false, true} {
				g := table.Grid(TextOptions{Width: width, ASCII: ascii})
				whole := g.Lines(0, g.Len())
				for i := range g.Len() {
					part := g.Lines(i, i+1)
					if want := []string{whole[0], whole[i+1]}; !slices.Equal(part, want) {
						t.Errorf("%s at %d: row %d alone is\n%s\nand among others\n%s", table.Name, width, i, strings.Join(part, "\n"), strings.Join(want, "\n"))
					}
				}
				for _, l := range whole {
					if w := twwidth.Width(l); w > width-len(margin) && g.Columns() > 1 {
						t.Errorf("%s: %d cells in a line of %d: %s", table.Name, w, width, l)
					}
					if ascii && !isASCII(l) {
						t.Errorf("%s: not ASCII: %s", table.Name, l)
					}
				}
			}
		}
	}
}

func TestASCII(t *testing.T) {
	for _, c := range []struct{ s, want string }{
		{"plain", "plain"},
		{"a → b ⇄ c · 3 µs …", "a -> b <-> c | 3 us .."},
		{"évènements 日本", `\u00e9v\u00e8nements \u65e5\u672c`},
		{"\xff\xfe", `\xff\xfe`},
		{"😀", `\U0001f600`},
	} {
		if got := ASCII(c.s); got != c.want {
			t.Errorf("%q is %q in ASCII, want %q", c.s, got, c.want)
		}
	}
}

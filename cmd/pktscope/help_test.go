package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"pktscope/docs"
	"pktscope/pcaps"
)

func TestPlainText(t *testing.T) {
	const page = "# Title\n\nSome `code|here`, a [link](x.md#y), **strong**\nand *soft* words; 2 * 3 * 4.\n- an item that is longer than a\n  line is\n- another\n\n" +
		"```sh\nkept   as it is, `ticks` and all\n```\n    this too\n\n      and this\n\n" +
		"| | |\n|---|---|\n| `a \\| b` | x |\n\n## Second\n\n| one | two |\n|---|---|\n| 1 | words that need two lines |\n"
	const want = `Title

  Some code|here, a link,
  strong and soft words; 2
  * 3 * 4.

  - an item that is longer
    than a line is
  - another

    kept   as it is, ` + "`ticks`" + ` and all

    this too

      and this

  a | b  x

Second

  one  two
  ---  -------------------
  1    words that need two
       lines
`
	if d := cmp.Diff(want, plainText(page, 26)); d != "" {
		t.Error(d)
	}
}

// The pages, and those about recordings, use no Markdown that would be left over in the text, and what is no code fits into a line.
func TestPagesAsText(t *testing.T) {
	pages := docs.Pages()
	for _, r := range pcaps.Corpus() {
		pages = append(pages, docs.Page{Name: r.Name, Text: r.Text})
	}
	for _, p := range pages {
		for _, b := range parseMarkdown(p.Text) {
			if b.kind != code {
				b.lines = append(wrap(unmarked(b.text), 76), tableLines(b.rows, 76)...)
				for _, line := range b.lines {
					if strings.Contains(line, "`") || strings.Contains(line, "](") || strings.Contains(line, "**") || strings.HasPrefix(line, "|") {
						t.Errorf("%s: markup is left in %q", p.Name, line)
					}
					if n := utf8.RuneCountInString(line); n > 76 {
						t.Errorf("%s: %d characters in %q", p.Name, n, line)
					}
				}
			}
		}
	}
}

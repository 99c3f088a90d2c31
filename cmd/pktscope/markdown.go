package main

import (
	"regexp"
	"strings"
)

// The part of Markdown that the pages in docs are written in: headings, paragraphs, lists, tables, code; and in texts code, links and
// emphasis.

// block is a piece of a page, one below the other.
type block struct {
	kind  blockKind
	level int        // of a heading, from 1
	text  string     // of a heading, a paragraph, an item: one line
	lines []string   // of code
	rows  [][]string // of a table; the first is its header, whose cells may all be empty
}

type blockKind uint8

const (
	paragraph blockKind = iota
	heading
	item
	code
	table
)

// parseMarkdown takes a page apart.
func parseMarkdown(page string) (blocks []block) {
	lines := strings.Split(strings.TrimRight(page, "\n"), "\n")
	for i := 0; i < len(lines); {
		// until returns the lines from i on to the first that ends the block, and goes there.
		until := func(ends func(string) bool) []string {
			start := i
			for i++; i < len(lines) && !ends(lines[i]); {
				i++
			}
			return lines[start:i]
		}
		line := lines[i]
		switch {
		case line == "":
			i++
		case strings.HasPrefix(line, "```"):
			fenced := until(func(s string) bool { return strings.HasPrefix(s, "```") })
			i++
			blocks = append(blocks, block{kind: code, lines: fenced[1:]})
		case strings.HasPrefix(line, indent):
			var b block
			for _, s := range until(func(s string) bool { return s != "" && !strings.HasPrefix(s, indent) }) {
				b.lines = append(b.lines, strings.TrimPrefix(s, indent))
			}
			for b.lines[len(b.lines)-1] == "" {
				b.lines = b.lines[:len(b.lines)-1]
			}
			b.kind = code
			blocks = append(blocks, b)
		case strings.HasPrefix(line, "#"):
			text := strings.TrimLeft(line, "#")
			blocks = append(blocks, block{kind: heading, level: len(line) - len(text), text: strings.TrimSpace(text)})
			i++
		case strings.HasPrefix(line, "|"):
			b := block{kind: table}
			for n, s := range until(func(s string) bool { return !strings.HasPrefix(s, "|") }) {
				if n != 1 { // the line of dashes
					b.rows = append(b.rows, cells(s))
				}
			}
			blocks = append(blocks, b)
		default:
			b := block{kind: paragraph}
			text := until(startsBlock)
			if rest, ok := strings.CutPrefix(text[0], "- "); ok {
				b.kind, text[0] = item, rest
			}
			b.text = strings.Join(strings.Fields(strings.Join(text, " ")), " ")
			blocks = append(blocks, b)
		}
	}
	return blocks
}

const indent = "    " // of code

// startsBlock tells whether a line cannot continue a paragraph or an item.
func startsBlock(line string) bool {
	for _, start := range []string{"```", "#", "|", "- "} {
		if strings.HasPrefix(line, start) {
			return true
		}
	}
	return line == ""
}

// cells takes a row of a table apart. A bar in a cell is written \|.
func cells(row string) []string {
	const bar = "\x00"
	all := strings.Split(strings.Trim(strings.ReplaceAll(row, `\|`, bar), "|"), "|")
	for i, cell := range all {
		all[i] = strings.TrimSpace(strings.ReplaceAll(cell, bar, "|"))
	}
	return all
}

// phrase is a part of a text.
type phrase struct {
	text   string
	bold   bool // code, or strong emphasis
	italic bool // emphasis
}

var markup = regexp.MustCompile("`([^`]+)`|\\[([^\\]]+)\\]\\([^)]*\\)|\\*\\*([^*]+)\\*\\*|\\*([^*\\s][^*]*)\\*")

// phrases takes a text apart. Of a link it keeps what there is to read.
func phrases(text string) (all []phrase) {
	for {
		at := markup.FindStringSubmatchIndex(text)
		if at == nil {
			return append(all, phrase{text: text})
		}
		all = append(all, phrase{text: text[:at[0]]})
		group := func(n int) (string, bool) {
			if at[2*n] < 0 {
				return "", false
			}
			return text[at[2*n]:at[2*n+1]], true
		}
		if s, ok := group(1); ok {
			all = append(all, phrase{text: s, bold: true})
		} else if s, ok := group(2); ok {
			all = append(all, phrases(s)...)
		} else if s, ok := group(3); ok {
			for _, p := range phrases(s) {
				all = append(all, phrase{text: p.text, bold: true})
			}
		} else if s, ok := group(4); ok {
			for _, p := range phrases(s) {
				all = append(all, phrase{text: p.text, italic: true})
			}
		}
		text = text[at[1]:]
	}
}

// unmarked is a text without its marks.
func unmarked(text string) string {
	var s strings.Builder
	for _, one := range phrases(text) {
		s.WriteString(one.text)
	}
	return s.String()
}

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"pktscope/dissect"
	"pktscope/docs"
)

func helpCommand() *cobra.Command {
	var about strings.Builder
	for _, p := range docs.Pages() {
		fmt.Fprintf(&about, "\n  %-10s  %s", p.Name, p.About)
	}
	return &cobra.Command{
		Use:               "help [TOPIC | COMMAND]",
		Short:             "Explain a topic: " + strings.Join(topics(), ", "),
		Long:              "Help explains topics:\n" + about.String() + "\n\nor else a command, as its --help does.",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: candidates(topicWords).argument,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Root().Help()
			}
			for _, p := range docs.Pages() {
				if p.Name == args[0] {
					_, err := os.Stdout.WriteString(plainText(p.Text, readingWidth()))
					return err
				}
			}
			for _, c := range cmd.Root().Commands() {
				if c.Name() == args[0] {
					return c.Help()
				}
			}
			if near := dissect.Nearest(args[0], slices.Values(topics())); near != "" {
				return fmt.Errorf("%s is no topic; did you mean %s?", args[0], near)
			}
			return fmt.Errorf("%s is no topic; there are %s", args[0], strings.Join(topics(), ", "))
		},
	}
}

func topics() (names []string) {
	for _, p := range docs.Pages() {
		names = append(names, p.Name)
	}
	return names
}

func topicWords(prefix string) (found []cobra.Completion) {
	for _, p := range docs.Pages() {
		if strings.HasPrefix(p.Name, prefix) {
			found = append(found, cobra.CompletionWithDesc(p.Name, p.About))
		}
	}
	return found
}

// readingWidth is how many characters a line of text has: 80, or what a terminal has room for, if that is less than a line that is easy to
// read.
func readingWidth() int {
	if width := newOutput(os.Stdout).width(); width > 0 {
		return min(width, 100)
	}
	return 80
}

// plainText is a page of Markdown as text. Headings stand out to the left.
func plainText(page string, width int) string {
	const margin = "  "
	var s strings.Builder
	last := block{kind: heading}
	for i, b := range parseMarkdown(page) {
		if i > 0 && !(b.kind == item && last.kind == item) {
			s.WriteByte('\n')
		}
		room := width - len(margin)
		switch b.kind {
		case heading:
			s.WriteString(unmarked(b.text) + "\n")
		case paragraph:
			for _, line := range wrap(unmarked(b.text), room) {
				s.WriteString(margin + line + "\n")
			}
		case item:
			bullet := "- "
			for _, line := range wrap(unmarked(b.text), room-len(bullet)) {
				s.WriteString(margin + bullet + line + "\n")
				bullet = "  "
			}
		case code:
			for _, line := range b.lines {
				s.WriteString(strings.TrimRight(margin+margin+line, " ") + "\n")
			}
		case table:
			for _, line := range tableLines(b.rows, room) {
				s.WriteString(margin + line + "\n")
			}
		}
		last = b
	}
	return s.String()
}

// wrap breaks a text into lines of at most width characters; a longer word has a line of its own.
func wrap(text string, width int) (lines []string) {
	line, length := "", 0
	for _, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case line == "":
			line, length = word, n
		case length+1+n > width:
			lines = append(lines, line)
			line, length = word, n
		default:
			line, length = line+" "+word, length+1+n
		}
	}
	return append(lines, line)
}

// tableLines prints a table in columns. Where it is wider than width, the widest columns are wrapped, between words.
func tableLines(rows [][]string, width int) (lines []string) {
	const gap, narrowest = 2, 10
	var widths, least []int
	for _, row := range rows {
		for c, cell := range row {
			if c == len(widths) {
				widths, least = append(widths, 0), append(least, narrowest)
				width -= gap
			}
			for _, word := range strings.Fields(unmarked(cell)) {
				least[c] = max(least[c], utf8.RuneCountInString(word))
			}
			widths[c] = max(widths[c], utf8.RuneCountInString(unmarked(cell)))
		}
	}
	for total := sum(widths); total > width+gap; total-- { // the last has no gap behind it
		widest := -1
		for c, w := range widths {
			if w > least[c] && (widest < 0 || w > widths[widest]) {
				widest = c
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	for r, row := range rows {
		if r == 0 && strings.Join(row, "") == "" {
			continue
		}
		var wrapped [][]string
		height := 0
		for c, cell := range row {
			wrapped = append(wrapped, wrap(unmarked(cell), widths[c]))
			height = max(height, len(wrapped[c]))
		}
		for h := range height {
			var line []byte
			for c, cell := range wrapped {
				text := ""
				if h < len(cell) {
					text = cell[h]
				}
				line = appendSpaces(appendLeft(line, []byte(text), widths[c]), gap)
			}
			lines = append(lines, strings.TrimRight(string(line), " "))
		}
		if r == 0 {
			rule := ""
			for _, w := range widths {
				rule += strings.Repeat("-", w) + strings.Repeat(" ", gap)
			}
			lines = append(lines, strings.TrimRight(rule, " "))
		}
	}
	return lines
}

func sum(numbers []int) (total int) {
	for _, n := range numbers {
		total += n
	}
	return total
}

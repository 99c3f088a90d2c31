package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pktscope/docs"
)

// Manual pages in the language of man(7): one in section 1 for each command, one in section 7 for each topic. They have the words of
// the help and of docs, and no date, so that a program always writes the same.

func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIRECTORY",
		Short:  "Write manual pages into a directory, which is made if it is not there",
		Hidden: true, // it is for packagers
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			pages := manPages(cmd.Root())
			for name, page := range pages {
				page.seeAlso(pages, name)
				path := filepath.Join(args[0], name)
				if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
					os.Remove(path) // no half page
					return err
				}
			}
			return nil
		},
	}
}

// manPages returns the pages by the names of their files.
func manPages(root *cobra.Command) map[string]*roff {
	pages := map[string]*roff{"pktscope.1": commandPage("pktscope", root)}
	for _, cmd := range documented(root) {
		name := "pktscope-" + cmd.Name()
		pages[name+".1"] = commandPage(name, cmd)
	}
	for _, p := range docs.Pages() {
		name := "pktscope-" + p.Name
		pages[name+".7"] = topicPage(name, p)
	}
	return pages
}

// documented are the commands that have pages; how to install completion is said by its help.
func documented(root *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(root.Commands()), func(c *cobra.Command) bool {
		return c.Hidden || c.Name() == "completion"
	})
}

func commandPage(name string, cmd *cobra.Command) *roff {
	page := newRoff(name, "1", cmd.Short)
	page.heading("SYNOPSIS")
	page.line(cmd.UseLine())
	page.heading("DESCRIPTION")
	for part := range strings.SplitSeq(cmd.Long, "\n\n") {
		lines := strings.Split(part, "\n")
		list := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, " ") })
		if list < 0 {
			list = len(lines)
		}
		if list > 0 {
			page.request("PP")
			page.line(strings.Join(lines[:list], " "))
		}
		if list < len(lines) {
			page.verbatim(unindented(lines[list:]))
		}
	}
	if !cmd.HasParent() {
		page.heading("COMMANDS")
		for _, c := range documented(cmd) {
			page.request("TP")
			page.phrases([]phrase{{text: "pktscope " + c.Name(), bold: true}})
			page.line(c.Short)
		}
	}
	page.heading("OPTIONS")
	cmd.InitDefaultHelpFlag()
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(f)
		flag := "--" + f.Name
		if f.Shorthand != "" {
			flag = "-" + f.Shorthand + ", " + flag
		}
		page.request("TP")
		if value != "" {
			value = " " + value
		}
		page.phrases([]phrase{{text: flag, bold: true}, {text: value, italic: true}})
		if !slices.Contains([]string{"", "[]", "0", "0s", "false"}, f.DefValue) {
			usage += " (default " + f.DefValue + ")"
		}
		page.line(usage)
	})
	if cmd.HasExample() {
		page.heading("EXAMPLES")
		page.verbatim(unindented(strings.Split(cmd.Example, "\n")))
	}
	return page
}

// unindented are lines without the two blanks that stand before lists and examples in the help.
func unindented(lines []string) (all []string) {
	for _, line := range lines {
		all = append(all, strings.TrimPrefix(line, "  "))
	}
	return all
}

func topicPage(name string, p docs.Page) *roff {
	page := newRoff(name, "7", p.About)
	page.heading("DESCRIPTION")
	for i, b := range parseMarkdown(p.Text) {
		switch b.kind {
		case heading:
			switch {
			case i == 0: // the page's name
			case b.level <= 2:
				page.heading(strings.ToUpper(unmarked(b.text)))
			default:
				page.request("SS")
				page.phrases(phrases(b.text))
			}
		case paragraph:
			page.request("PP")
			page.phrases(phrases(b.text))
		case item:
			page.request(`IP \(bu 2`)
			page.phrases(phrases(b.text))
		case code:
			page.verbatim(b.lines)
		case table:
			page.verbatim(tableLines(b.rows, 72))
		}
	}
	return page
}

// roff is a manual page that is being written.
type roff struct{ strings.Builder }

func newRoff(name, section, about string) *roff {
	r := new(roff)
	r.request(fmt.Sprintf(`TH %s %s "" "pktscope %s"`, strings.ToUpper(name), section, version))
	r.heading("NAME")
	r.line(name + " - " + about)
	return r
}

func (r *roff) request(s string) { r.WriteString("." + s + "\n") }

func (r *roff) heading(s string) { r.request("SH " + escaped.Replace(s)) }

// seeAlso names the other pages.
func (r *roff) seeAlso(pages map[string]*roff, own string) {
	var names []string
	for _, file := range slices.Sorted(maps.Keys(pages)) {
		if name, section, _ := strings.Cut(file, "."); file != own {
			names = append(names, name+"("+section+")")
		}
	}
	r.heading("SEE ALSO")
	r.line(strings.Join(names, ", "))
}

// line writes text that may be filled.
func (r *roff) line(s string) { r.phrases([]phrase{{text: s}}) }

func (r *roff) phrases(all []phrase) {
	var line strings.Builder
	for _, p := range all {
		text := escaped.Replace(p.text)
		switch {
		case p.text == "":
		case p.bold:
			line.WriteString(`\fB` + text + `\fR`)
		case p.italic:
			line.WriteString(`\fI` + text + `\fR`)
		default:
			line.WriteString(text)
		}
	}
	r.text(line.String())
}

// text writes a line that is escaped already. A period at its start makes no request.
func (r *roff) text(s string) {
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	r.WriteString(s + "\n")
}

// verbatim writes lines as they are, further in.
func (r *roff) verbatim(lines []string) {
	r.WriteString(".PP\n.RS 4\n.nf\n")
	for _, line := range lines {
		r.text(escaped.Replace(line))
	}
	r.WriteString(".fi\n.RE\n")
}

var escaped = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`, "\n", " ")

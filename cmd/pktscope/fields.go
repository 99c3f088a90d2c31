package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"pktscope/dissect"
)

func fieldsCommand() *cobra.Command {
	var names, protocols bool
	var diagram string
	cmd := &cobra.Command{
		Use:   "fields [PATTERN]",
		Short: "Explain fields and protocols",
		Long: `Fields lists the fields that packets can have: name, type, bits, meaning and values, and where that is specified.

PATTERN is a protocol (vxlan), a part of a name or of a meaning (dscp), or a name with wildcards ('ip.*_offset'). The name of
a field (ip.dsfield.dscp) shows all that is known of it. Names are Wireshark's; what pktscope itself concludes is below
pktscope.`,
		Example: `  pktscope fields vxlan               the fields of VXLAN
  pktscope fields --diagram vxlan     its header, drawn as in the RFC
  pktscope fields ip.dsfield.dscp     one field, with all its values
  pktscope fields --protocols         the protocols, and where they are found`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: either(fieldWords, protocolWords).argument,
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&diagram, "diagram", "", "draw the header of `PROTOCOL`")
	flags.BoolVar(&protocols, "protocols", false, "list protocols instead of fields")
	flags.BoolVar(&names, "names", false, "print names only")
	cmd.MarkFlagsMutuallyExclusive("diagram", "protocols", "names")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		pattern := ""
		if len(args) > 0 {
			pattern = args[0]
		}
		var out bytes.Buffer
		var err error
		switch {
		case diagram != "":
			err = printDiagram(&out, diagram)
		case protocols:
			err = printProtocols(&out, pattern)
		case names:
			err = printNames(&out, pattern)
		default:
			err = printFields(&out, pattern)
		}
		_, failed := os.Stdout.Write(trailing.ReplaceAllLiteral(out.Bytes(), []byte("\n")))
		return errors.Join(err, failed)
	}
	return cmd
}

// trailing are the blanks that an empty last cell leaves.
var trailing = regexp.MustCompile(` +\n`)

// fieldNames returns all names that fields have, two-sided ones (ip.addr) too, sorted.
func fieldNames() []string {
	all := map[string]bool{}
	for _, f := range dissect.Fields() {
		all[f.Name] = true
		for _, name := range f.Either {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func printDiagram(out *bytes.Buffer, name string) error {
	p, err := dissect.FindProtocol(name)
	if err != nil {
		return err
	}
	drawn := p.AppendDiagram(nil)
	if len(drawn) == 0 {
		return fmt.Errorf("%s has no fixed header to draw", name)
	}
	out.Write(drawn)
	return nil
}

func printProtocols(out *bytes.Buffer, pattern string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	found := false
	for _, p := range dissect.Protocols() {
		if matches(pattern, p.Name, p.Title) {
			found = true
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", p.Name, p.Title, p.Ref, places(p))
		}
	}
	if !found {
		return fmt.Errorf("no protocol matches %q", pattern)
	}
	return w.Flush()
}

// places says where a protocol is found: "udp.port 4789, 8472".
func places(p *dissect.Protocol) string {
	var s strings.Builder
	for i, o := range p.Over {
		switch {
		case i == 0:
			fmt.Fprintf(&s, "%s ", o.Table)
		case o.Table != p.Over[i-1].Table:
			fmt.Fprintf(&s, "; %s ", o.Table)
		default:
			s.WriteString(", ")
		}
		s.WriteString(o.Table.Key(o.Key))
	}
	return s.String()
}

func printNames(out *bytes.Buffer, pattern string) error {
	found := false
	for _, name := range fieldNames() {
		if matches(pattern, name, "") {
			found = true
			fmt.Fprintln(out, name)
		}
	}
	if !found {
		return noField(pattern)
	}
	return nil
}

// noField is the error for a pattern that finds nothing.
func noField(pattern string) error {
	_, err := dissect.FindFields(pattern)
	return err
}

// matches tells whether a pattern means something of that name and meaning. The empty pattern means everything.
func matches(pattern, name, meaning string) bool {
	if strings.ContainsAny(pattern, "*?[") {
		ok, _ := path.Match(pattern, name)
		return ok
	}
	pattern = strings.ToLower(pattern)
	return strings.Contains(strings.ToLower(name), pattern) || strings.Contains(strings.ToLower(meaning), pattern)
}

func printFields(out *bytes.Buffer, pattern string) error {
	if found := dissect.FieldsNamed(pattern); len(found) > 0 && found[0].Name == pattern {
		for i, f := range found {
			if i > 0 {
				out.WriteByte('\n')
			}
			printField(out, f)
		}
		return nil
	}
	only := dissect.ByName(pattern)
	start := out.Len()
	for _, p := range dissect.Protocols() {
		var rows []fieldRow
		for _, row := range rowsOf(p) {
			if only == p || only == nil && matches(pattern, row.name, row.meaning) {
				rows = append(rows, row)
			}
		}
		if len(rows) > 0 {
			if out.Len() > start {
				out.WriteByte('\n')
			}
			printRows(out, p, rows)
		}
	}
	if out.Len() == start {
		return noField(pattern)
	}
	return nil
}

// fieldRow is a line in the list of fields.
type fieldRow struct {
	name, kind, bits, meaning, ref string
}

// rowsOf returns the fields of a protocol in the order of the header, then two-sided names.
func rowsOf(p *dissect.Protocol) (rows []fieldRow) {
	sides := map[string][]string{}
	for _, f := range dissect.Fields() {
		if f.Owner() != p {
			continue
		}
		rows = append(rows, fieldRow{f.Name, f.Kind.String(), bits(f), meaning(f), f.Ref})
		for _, name := range f.Either {
			sides[name] = append(sides[name], f.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(sides)) {
		rows = append(rows, fieldRow{name: name, meaning: strings.Join(sides[name], " or ")})
	}
	return rows
}

func printRows(out *bytes.Buffer, p *dissect.Protocol, rows []fieldRow) {
	out.WriteString(p.Name + ": " + p.Title)
	for _, s := range []string{p.Ref, places(p)} {
		if s != "" {
			out.WriteString(" · " + s)
		}
	}
	out.WriteByte('\n')
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		about := r.meaning
		if r.ref != "" {
			if about != "" {
				about += " · "
			}
			about += r.ref
		}
		fmt.Fprintf(w, "  %s\t%s\t%s\t%s\n", r.name, r.kind, r.bits, about)
	}
	w.Flush()
}

func bits(f *dissect.Field) string {
	if f.Bits == 0 {
		return ""
	}
	return fmt.Sprint(f.Bits)
}

// meaning is what a field says and the first of its values.
func meaning(f *dissect.Field) string {
	const most = 4 // values that are shown
	keys := slices.Sorted(maps.Keys(f.Enum))
	if len(keys) == 0 {
		return f.Doc
	}
	var s strings.Builder
	if s.WriteString(f.Doc); f.Doc != "" {
		s.WriteString(": ")
	}
	for i, k := range keys[:min(most, len(keys))] {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteString(number(f, k) + " " + f.Enum[k])
	}
	if more := len(keys) - most; more > 0 {
		fmt.Fprintf(&s, ", … %d more", more)
	}
	return s.String()
}

// number prints a value as the field does.
func number(f *dissect.Field, n uint64) string {
	return string(dissect.Value{Field: f, Num: n}.AppendText(nil))
}

// printField prints all that is known of one field.
func printField(out *bytes.Buffer, f *dissect.Field) {
	p := f.Owner()
	out.WriteString(f.Name)
	for _, s := range []string{f.Kind.String(), strings.TrimSpace(bits(f) + " bits"), p.Title, cmp.Or(f.Ref, p.Ref)} {
		if s != "" && s != "bits" {
			out.WriteString(" · " + s)
		}
	}
	out.WriteByte('\n')
	if f.Doc != "" {
		out.WriteString("  " + f.Doc + "\n")
	}
	if len(f.Either) > 0 {
		out.WriteString("  also meant by " + strings.Join(f.Either, ", ") + "\n")
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, k := range slices.Sorted(maps.Keys(f.Enum)) {
		fmt.Fprintf(w, "  %s\t%s\n", number(f, k), f.Enum[k])
	}
	if f.Name == "pktscope.anomaly" {
		for _, a := range dissect.Anomalies() {
			fmt.Fprintf(w, "  %s\t%s\n", a, a.Doc())
		}
	}
	w.Flush()
}

package reports

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"
)

// WriteCSV prints each table as a block of its own: a header, then the rows; an empty line stands between blocks.
// The first column holds the table's name, so that a block's lines tell which it is; docs/json.md has the details.
// For the sake of grep, cut and awk a row is always one line: control characters are escaped as in text, and lines end
// in LF, where RFC 4180 has CRLF.
func WriteCSV(w io.Writer, tables []*Table) error {
	for i, t := range tables {
		if i > 0 {
			if _, err := io.WriteString(w, "\n"); err != nil {
				return err
			}
		}
		if err := t.writeCSV(csv.NewWriter(w)); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) writeCSV(out *csv.Writer) error {
	estimates := slices.ContainsFunc(t.Columns, func(c Column) bool { return kinds[c.Kind].estimated })
	write := func(report string, row []Cell) {
		record := []string{report}
		for i, cell := range row {
			text := Printable(cell.plain(t.Columns[i].Kind))
			switch cell.value.(type) {
			case string, []string:
				text = NoFormula(text)
			}
			record = append(record, text)
		}
		if estimates {
			record = append(record, strings.Join(t.approximate(row), ";"))
		}
		out.Write(record) // errors are kept until out.Error
	}

	header := append([]string{"report"}, t.names()...)
	if estimates {
		header = append(header, "approximate")
	}
	out.Write(header)
	for _, row := range t.Rows {
		write(t.Name, row)
	}
	if t.Other != nil {
		write(t.Name+":other", t.Other)
	}
	out.Flush()
	return out.Error()
}

// NoFormula escapes the first character of a text that a spreadsheet would take for a formula: whoever sends packets chooses names in them,
// and must not choose what is computed when somebody opens the file.
func NoFormula(s string) string {
	if len(s) > 1 && strings.IndexByte("=+-@", s[0]) >= 0 {
		return fmt.Sprintf(`\x%02x%s`, s[0], s[1:])
	}
	return s
}

package reports

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/netip"
	"strconv"
	"strings"

	"pktscope/dissect"
)

// Schema is the version of the JSON format, described in docs/json.md. It grows when a reader of the one before could
// misread the new one; a new column or key is no such change.
const Schema = 1

// WriteJSON prints tables as one JSON document, each row on a line of its own. version is the program's. The tables'
// names must differ.
func WriteJSON(w io.Writer, tables []*Table, version string) error {
	out := bufio.NewWriter(w)
	out.WriteString("{\n  \"pktscope\": {\"version\": " + quoted(version) + "},\n")
	out.WriteString("  \"schema\": " + strconv.Itoa(Schema) + ",\n  \"reports\": {")
	for i, t := range tables {
		separate(out, i, ",")
		out.WriteString("\n    " + quoted(t.Name) + ": ")
		t.writeJSON(out)
	}
	out.WriteString("\n  }\n}\n")
	return out.Flush()
}

// AppendJSON appends the object that "reports" is in what [WriteJSON] prints, in one line.
func AppendJSON(dst []byte, tables []*Table) []byte {
	var b bytes.Buffer
	out := bufio.NewWriter(&b)
	out.WriteByte('{')
	for i, t := range tables {
		separate(out, i, ",")
		out.WriteString(quoted(t.Name) + ": ")
		t.writeJSON(out)
	}
	out.WriteByte('}')
	out.Flush()
	line := bytes.NewBuffer(dst)
	if err := json.Compact(line, b.Bytes()); err != nil {
		panic(err) // what this package writes is JSON
	}
	return line.Bytes()
}

func (t *Table) writeJSON(out *bufio.Writer) {
	out.WriteString("{\n      \"title\": " + quoted(t.Title) + ",\n      \"columns\": [")
	for i, c := range t.Columns {
		separate(out, i, ",")
		out.WriteString("\n        {\"name\": " + quoted(c.Name) + ", \"type\": " + quoted(c.Kind.String()))
		if unit := kinds[c.Kind].unit; unit != "" {
			out.WriteString(", \"unit\": " + quoted(unit))
		}
		out.WriteByte('}')
	}
	out.WriteString("\n      ],\n      \"rows\": [")
	for i, row := range t.Rows {
		separate(out, i, ",")
		out.WriteString("\n        ")
		t.writeJSONRow(out, row)
	}
	out.WriteString("\n      ],\n")
	if t.Other != nil {
		out.WriteString("      \"other\": ")
		t.writeJSONRow(out, t.Other)
		out.WriteString(",\n")
	}
	out.WriteString("      \"total_rows\": " + strconv.Itoa(len(t.Rows)+t.More) + ",\n")
	out.WriteString("      \"notes\": " + quotedList(t.Notes) + "\n    }")
}

func (t *Table) writeJSONRow(out *bufio.Writer, row []Cell) {
	out.WriteByte('{')
	for i, cell := range row {
		separate(out, i, ", ")
		out.WriteString(quoted(t.Columns[i].Name) + ": " + cell.json(t.Columns[i].Kind))
	}
	if names := t.approximate(row); len(names) > 0 {
		out.WriteString(", \"approximate\": " + quotedList(names))
	}
	out.WriteByte('}')
}

// approximate returns the names of the columns in which row holds an estimate.
func (t *Table) approximate(row []Cell) []string {
	var names []string
	for i, cell := range row {
		if cell.approximate {
			names = append(names, t.Columns[i].Name)
		}
	}
	return names
}

// separate writes what stands between the elements of an object or array, before element i.
func separate(out *bufio.Writer, i int, between string) {
	if i > 0 {
		out.WriteString(between)
	}
}

// json returns the cell as a JSON value.
func (c Cell) json(kind Kind) string {
	switch v := c.value.(type) {
	case nil:
		return "null"
	case []string:
		if kind == KindNumbers {
			return "[" + strings.Join(v, ", ") + "]"
		}
		return quotedList(v)
	case string:
		return quoted(v)
	case int64:
		if kind == KindTime {
			return quoted(c.plain(kind))
		}
	case netip.Addr:
		return quoted(v.String())
	}
	return c.plain(kind)
}

// plain returns the cell's exact value in the kind's unit, without quotes: what CSV prints, and JSON where it is a number.
func (c Cell) plain(kind Kind) string {
	switch v := c.value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case string:
		return v
	case []string:
		return strings.Join(v, ";")
	case netip.Addr:
		return v.String()
	case int64:
		switch kind {
		case KindTime:
			return rfc3339.text(v, 9)
		case KindShare:
			return decimal(v, 6)
		case KindPacketRate, KindMean:
			return decimal(v, 3)
		}
		return strconv.FormatInt(v, 10)
	}
	return ""
}

// quoted returns s as a JSON string.
func quoted(s string) string { return string(dissect.AppendJSONText(nil, []byte(s))) }

func quotedList(texts []string) string {
	all := make([]string, len(texts))
	for i, s := range texts {
		all[i] = quoted(s)
	}
	return "[" + strings.Join(all, ", ") + "]"
}

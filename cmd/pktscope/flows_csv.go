package main

import (
	"bytes"

	"pktscope/flows"
	"pktscope/reports"
)

// flowsCSV prints flows as CSV (RFC 4180), a line each, with all fields.
type flowsCSV struct {
	fields []flows.Field
	cell   []byte
}

// header is a line with the names of the fields.
func (p *flowsCSV) header() (dst []byte) {
	for i, f := range p.fields {
		dst = appendCSVCell(dst, i, []byte(f.Name))
	}
	return append(dst, '\n')
}

// line appends a flow, without the end of the line.
func (p *flowsCSV) line(dst []byte, c *flows.Connection) []byte {
	for i := range p.fields {
		v := p.fields[i].Value(&c.Flow)
		p.cell = v.AppendText(p.cell[:0])
		if v.Kind == flows.KindText && bytes.IndexAny(p.cell, "=+-@") == 0 {
			p.cell = append(p.cell[:0], reports.NoFormula(string(p.cell))...)
		}
		dst = appendCSVCell(dst, i, p.cell)
	}
	return dst
}

// appendCSVCell appends the i-th cell of a line. Control characters are escaped, so that a flow is one line.
func appendCSVCell(dst []byte, i int, cell []byte) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	if bytes.ContainsFunc(cell, func(r rune) bool { return r < ' ' || r > '~' }) {
		cell = []byte(reports.Printable(string(cell)))
	}
	if !bytes.ContainsAny(cell, `,"`) && !bytes.HasPrefix(cell, []byte(" ")) {
		return append(dst, cell...)
	}
	dst = append(dst, '"')
	for _, b := range cell {
		if b == '"' {
			dst = append(dst, '"')
		}
		dst = append(dst, b)
	}
	return append(dst, '"')
}

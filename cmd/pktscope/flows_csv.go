package main

import (
	"bytes"
	"encoding/csv"

	"pktscope/flows"
	"pktscope/reports"
)

// flowsCSVHeader is a line with the names of all fields.
func flowsCSVHeader() []byte {
	var names []string
	for _, f := range flows.Fields() {
		names = append(names, f.Name)
	}
	return append(csvLine(names), '\n')
}

// appendFlowCSV appends a flow in one line, without its end.
func appendFlowCSV(dst []byte, c *flows.Connection) []byte {
	var cells []string
	for _, f := range flows.Fields() {
		cells = append(cells, reports.Printable(string(f.Value(&c.Flow).AppendText(nil))))
	}
	return append(dst, csvLine(cells)...)
}

func csvLine(cells []string) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.Write(cells)
	w.Flush() // memory takes all
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

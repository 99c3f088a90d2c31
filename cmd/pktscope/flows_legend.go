package main

import (
	"fmt"
	"maps"
	"slices"

	"pktscope/flows"
	"pktscope/reports"
)

// legend says which segments the zones are that were printed.
type legend struct {
	print func([]byte, *flows.Connection) []byte
	zones map[uint32]*flows.Segment
}

func newLegend(print func([]byte, *flows.Connection) []byte) *legend {
	return &legend{print, map[uint32]*flows.Segment{}}
}

// line prints a connection and remembers its zones.
func (l *legend) line(dst []byte, c *flows.Connection) []byte {
	l.zones[c.Segment.ID] = c.Segment
	for _, segments := range c.Segments {
		for _, s := range segments {
			l.zones[s.ID] = s
		}
	}
	return l.print(dst, c)
}

// append appends a line for each zone, which begins as a comment does in most of what reads such lines.
func (l *legend) append(dst []byte) []byte {
	for _, id := range slices.Sorted(maps.Keys(l.zones)) {
		dst = fmt.Appendf(dst, "# zone=%d %s\n", id, reports.Printable(reports.SegmentText(l.zones[id])))
	}
	return dst
}

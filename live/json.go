package live

import (
	"encoding/json"
	"fmt"
	"time"

	"pktscope/pcaps"
	"pktscope/reports"
)

// Schema is the version of the JSON format, described in docs/live.md. It grows when a reader of the one before could misread the new one;
// a new key is no such change.
const Schema = 1

// AppendJSON appends the interval as a JSON object in one line. version is the program's.
func (i *Interval) AppendJSON(dst []byte, version string) []byte {
	dst = fmt.Appendf(dst, `{"pktscope":{"version":%s},"schema":%d,"interval":%d,"from":%s,"to":%s,"since":%s,"last":%t,"filter":`,
		quoted(version), Schema, i.Number, jsonTime(i.From), jsonTime(i.To), jsonTime(i.Since), i.Last)
	if i.Filter == "" {
		dst = append(dst, "null"...)
	} else {
		dst = append(dst, quoted(i.Filter)...)
	}
	dst = i.Now.append(append(dst, `,"now":`...))
	dst = i.Total.append(append(dst, `,"total":`...))
	dst = append(dst, `,"recording":`...)
	if r := i.Recording; r == nil {
		dst = append(dst, "null"...)
	} else {
		dst = fmt.Appendf(dst, `{"file":%s,"files":%d,"frames":%d,"bytes":%d,"lost":%d,"removed":%d,"failed":%s}`,
			orNull(r.File), r.Files, r.Written, r.Bytes, r.Lost, r.Removed, orNull(r.Failed))
	}
	return append(dst, '}')
}

func (s *Sums) append(dst []byte) []byte {
	dst = fmt.Appendf(dst, `{"packets":%d,"bytes":%d,"frames":`, s.Packets, s.Bytes)
	dst = append(appendCounters(dst, &s.Counters), `},"interfaces":[`...)
	for n := range s.Interfaces {
		if n > 0 {
			dst = append(dst, ',')
		}
		row := &s.Interfaces[n]
		dst = append(dst, `{"name":`+quoted(row.Name)+`,"frames":`...)
		dst = append(appendCounters(dst, &row.Counters), `}}`...)
	}
	dst = append(dst, `],"reports":`...)
	return append(reports.AppendJSON(dst, s.Tables), '}')
}

// appendCounters appends an object of counters, but for its end.
func appendCounters(dst []byte, c *pcaps.Counters) []byte {
	return fmt.Appendf(dst, `{"received":%d,"seen":%d,"bytes":%d,"dropped":%d,"freezes":%d,"skipped":%d`,
		c.Received, c.Seen, c.Bytes, c.Dropped, c.Freezes, c.Skipped)
}

// jsonTime is as the reports have times: RFC 3339 in UTC with nine digits.
func jsonTime(ns int64) string {
	return time.Unix(0, ns).UTC().Format(`"2006-01-02T15:04:05.000000000Z"`)
}

func orNull(s string) string {
	if s == "" {
		return "null"
	}
	return quoted(s)
}

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always encodes
	}
	return string(b)
}

// Line is the interval in a line for people.
func (i *Interval) Line() string {
	c := &i.Now.Counters
	line := fmt.Sprintf("%s +%.3g s: %d packets, %d bytes; dropped by the kernel %d, skipped by analysis %d",
		time.Unix(0, i.From).UTC().Format(time.RFC3339Nano), float64(i.To-i.From)/1e9, i.Now.Packets, i.Now.Bytes, c.Dropped, c.Skipped)
	if r := i.Recording; r != nil {
		line += fmt.Sprintf("; recorded %d since the start, lost %d", r.Written, r.Lost)
	}
	return line
}

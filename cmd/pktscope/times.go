package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pktscope/dissect"
	"pktscope/reports"
)

// times prints when packets were captured, and is the value of -t, which says how.
type times struct {
	style  timeStyle
	given  bool
	styles []string // that there are

	started  bool
	first    int64 // of all frames
	now      int64 // of the frame that was seen last
	previous int64 // of the frame before it
	printed  int64 // of the packet that was printed last
	printing bool  // there was one
}

type timeStyle uint8

const (
	relative timeStyle = iota
	local
	localDate
	utc
	utcDate
	epoch
	delta
	deltaPrinted
)

// timeStyles are the names of the styles, which are tshark's.
var timeStyles = []string{relative: "r", local: "a", localDate: "ad", utc: "u", utcDate: "ud", epoch: "e", delta: "d", deltaPrinted: "dd"}

// reportStyles are those of times that are no packet's.
var reportStyles = timeStyles[:delta]

// timeWidths are in characters. What is wider moves the rest of its line.
var timeWidths = []int{relative: 11, local: 15, localDate: 26, utc: 15, utcDate: 26, epoch: 17, delta: 11, deltaPrinted: 11}

func (*times) String() string { return "" }
func (*times) Type() string   { return "string" }

func (t *times) Set(s string) error {
	i := slices.Index(t.styles, s)
	if i < 0 {
		return fmt.Errorf("there are %s", strings.Join(t.styles, ", "))
	}
	t.style, t.given = timeStyle(i), true
	return nil
}

// delta tells whether a time is printed by the one before it, so that packets have to be printed one after the other.
func (t *times) delta() bool { return t.style == delta || t.style == deltaPrinted }

// see takes every frame that is read, also those that are not printed, in order. One without a time changes nothing.
func (t *times) see(f *dissect.Frame) {
	if f.Timeless {
		return
	}
	if !t.started {
		t.started, t.first, t.now = true, f.Time, f.Time
	}
	t.previous, t.now = t.now, f.Time
}

// append appends the time of p, which was the last to be seen, right-justified.
func (t *times) append(dst []byte, p *dissect.Packet) []byte {
	var room [40]byte
	cell := append(room[:0], '-')
	if !p.Timeless {
		cell = t.appendTime(room[:0], p.Time)
		if t.style == deltaPrinted {
			t.printing, t.printed = true, p.Time
		}
	}
	return appendRight(dst, cell, timeWidths[t.style])
}

func (t *times) appendTime(dst []byte, ns int64) []byte {
	switch t.style {
	case local, localDate:
		return t.appendClock(dst, time.Unix(0, ns))
	case utc, utcDate:
		return t.appendClock(dst, time.Unix(0, ns).UTC())
	case epoch:
		return appendMicroseconds(dst, ns)
	case delta:
		return appendMicroseconds(dst, ns-t.previous)
	case deltaPrinted:
		if !t.printing {
			return appendMicroseconds(dst, 0)
		}
		return appendMicroseconds(dst, ns-t.printed)
	}
	return appendMicroseconds(dst, ns-t.first)
}

func (t *times) appendClock(dst []byte, at time.Time) []byte {
	if t.style == localDate || t.style == utcDate {
		return at.AppendFormat(dst, "2006-01-02 15:04:05.000000")
	}
	return at.AppendFormat(dst, "15:04:05.000000")
}

// clock is what tables show times by, nil if nobody has asked for a style.
func (t *times) clock() *reports.Clock {
	if !t.given {
		return nil
	}
	switch t.style {
	case relative:
		return &reports.Clock{Origin: t.first}
	case epoch:
		return &reports.Clock{}
	}
	c := reports.Clock{Layout: time.TimeOnly, Zone: time.UTC}
	if t.style == local || t.style == localDate {
		c.Zone = time.Local
	}
	if t.style == localDate || t.style == utcDate {
		c.Layout = time.DateTime
	}
	return &c
}

// appendMicroseconds appends nanoseconds as seconds with six decimals, cut and not rounded, as tshark does.
func appendMicroseconds(dst []byte, ns int64) []byte {
	if ns < 0 {
		dst, ns = append(dst, '-'), -ns
	}
	dst = append(strconv.AppendInt(dst, ns/1e9, 10), '.')
	micros := ns % 1e9 / 1e3
	for unit := int64(1e5); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+micros/unit%10))
	}
	return dst
}

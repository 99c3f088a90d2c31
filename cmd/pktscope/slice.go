package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"pktscope/dissect"
)

// slice is the part of the captures that a command looks at: frames by number and by time.
type slice struct {
	numbers  numbers
	from, to moment

	started bool
	first   int64 // time of the first frame
}

// flags adds the flags to those of a command.
func (s *slice) flags(set *pflag.FlagSet) {
	set.Var(&s.numbers, "range", "only the packets with these `NUMBERS`, as in 100-200 or 1,5,10-20 or 100-")
	set.Var(&s.from, "from", "only packets from this `TIME` on: as in RFC 3339, seconds since 1970, or +1.5s after the first packet")
	set.Var(&s.to, "to", "only packets before this `TIME`")
}

// check tells what makes no sense.
func (s *slice) check() error {
	if s.from.given && s.to.given && s.from.relative == s.to.relative && s.to.ns <= s.from.ns {
		return errors.New("--to is not after --from: no packet is between them")
	}
	return nil
}

// given tells whether the slice is not the whole.
func (s *slice) given() bool { return s.from.given || s.to.given || len(s.numbers.spans) > 0 }

// last is the number of the last packet that can be in the slice, 0 if there is no such number.
func (s *slice) last() uint64 {
	if n := len(s.numbers.spans); n > 0 && s.numbers.spans[n-1].last != math.MaxUint64 {
		return s.numbers.spans[n-1].last
	}
	return 0
}

// takes tells whether frame f is in the slice. It has to see all frames, in order. A frame without a time is in none that has a time.
func (s *slice) takes(f *dissect.Frame) bool {
	if !s.started && !f.Timeless {
		s.started, s.first = true, f.Time
	}
	if s.from.given || s.to.given {
		if f.Timeless || s.from.given && f.Time < s.from.after(s.first) || s.to.given && f.Time >= s.to.after(s.first) {
			return false
		}
	}
	return s.numbers.hold(f.Number)
}

// numbers is the value of --range: numbers of packets, which are asked for in ascending order.
type numbers struct {
	spans []span // ascending, with gaps between them
	at    int    // the first that can hold further numbers
}

type span struct{ first, last uint64 }

func (n *numbers) hold(number uint64) bool {
	for n.at < len(n.spans) && number > n.spans[n.at].last {
		n.at++
	}
	return len(n.spans) == 0 || n.at < len(n.spans) && number >= n.spans[n.at].first
}

func (*numbers) String() string { return "" }
func (*numbers) Type() string   { return "string" }

func (n *numbers) Set(s string) error {
	for part := range strings.SplitSeq(s, ",") {
		var one span
		var failed error
		first, last, isRange := strings.Cut(part, "-")
		if one.first, failed = strconv.ParseUint(first, 10, 64); first == "" && isRange {
			one.first, failed = 1, nil
		}
		switch {
		case failed != nil:
		case !isRange:
			one.last = one.first
		case last == "":
			one.last = math.MaxUint64
		default:
			one.last, failed = strconv.ParseUint(last, 10, 64)
		}
		switch {
		case failed != nil || part == "-":
			return fmt.Errorf("%q is not of the form 100-200; several are separated by commas", part)
		case one.first == 0:
			return errors.New("packets are numbered from 1")
		case one.last < one.first:
			return fmt.Errorf("%q ends before it starts", part)
		}
		n.spans = append(n.spans, one)
	}
	n.merge()
	return nil
}

// merge sorts the spans and joins those that overlap or touch.
func (n *numbers) merge() {
	slices.SortFunc(n.spans, func(a, b span) int { return cmp.Compare(a.first, b.first) })
	merged := n.spans[:1]
	for _, s := range n.spans[1:] {
		if end := &merged[len(merged)-1]; end.last == math.MaxUint64 || s.first <= end.last+1 {
			end.last = max(end.last, s.last)
		} else {
			merged = append(merged, s)
		}
	}
	n.spans = merged
}

// moment is the value of --from and --to.
type moment struct {
	given    bool
	relative bool // to the first packet
	ns       int64
}

// after is the moment in ns since the Unix epoch, where the first packet was captured at first.
func (m *moment) after(first int64) int64 {
	if m.relative {
		return first + m.ns
	}
	return m.ns
}

func (*moment) String() string { return "" }
func (*moment) Type() string   { return "string" }

func (m *moment) Set(s string) error {
	m.given = true
	if after, ok := strings.CutPrefix(s, "+"); ok {
		m.relative = true
		if ns, ok := seconds(after); ok {
			m.ns = ns
			return nil
		}
		d, err := time.ParseDuration(after)
		if err != nil || d < 0 {
			return errors.New("what follows the + is a number of seconds, or as in 1m30s, 250ms")
		}
		m.ns = int64(d)
		return nil
	}
	if ns, ok := seconds(s); ok {
		m.ns = ns
		return nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1970 && t.Year() < 2262 {
			m.ns = t.UnixNano()
			return nil
		}
	}
	return errors.New("write 2026-01-31T12:00:00Z (without a zone it is UTC), seconds since 1970, or +1.5s after the first packet")
}

// seconds reads a number of seconds with up to nine decimals.
func seconds(s string) (ns int64, ok bool) {
	whole, decimals, _ := strings.Cut(s, ".")
	const most = math.MaxInt64/1_000_000_000 - 1
	n, err := strconv.ParseUint(whole, 10, 63)
	if err != nil || n > most || len(decimals) > 9 {
		return 0, false
	}
	fraction, err := strconv.ParseUint((decimals + "000000000")[:9], 10, 63)
	return int64(n)*1_000_000_000 + int64(fraction), err == nil
}

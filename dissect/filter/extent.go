package filter

import (
	"math"
	"strconv"
	"strings"

	"pktscope/internal/mistake"
)

// extent is a part of something that is counted: bytes of a value, layers of a protocol.
type extent struct {
	from  int // negative: from the end
	to    int // the last one of it, for from-to; negative: from the end
	count int // how many, for from:count; unlimited for from:
	form  byte
}

const unlimited = math.MaxInt

// bounds returns the first of it and the one behind the last, where end is the one behind the last that there is.
func (e extent) bounds(end int) (from, to int) {
	from = e.from
	if from < 0 {
		from += end
	}
	switch {
	case e.form == '-' && e.to < 0:
		return from, e.to + end + 1
	case e.form == '-':
		return from, e.to + 1
	case e.count == unlimited:
		return from, end
	}
	return from, from + e.count
}

// extents reads what stands between brackets: n, n:count, n-m, :count and n:, several with commas between them.
func extents(t token) (all []extent) {
	pos := t.pos + strings.Index(t.text, t.data)
	for part := range strings.SplitSeq(t.data, ",") {
		where := span{pos, pos + len(part)}
		e, ok := parseExtent(strings.TrimSpace(part))
		if !ok {
			where.failHint("ranges are n, n:count, n-m, :count and n:", "%s is not a range", mistake.Quote(part))
		}
		if e.form == '-' && (e.from < 0) == (e.to < 0) && e.to < e.from {
			where.fail("the range ends before it starts")
		}
		if e.count <= 0 {
			where.fail("the range is empty")
		}
		all = append(all, e)
		pos = where.end + 1
	}
	return all
}

func parseExtent(s string) (e extent, ok bool) {
	e.count = 1
	e.from, s, ok = leadingInt(s)
	if !ok && !strings.HasPrefix(s, ":") {
		return e, false
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return e, ok
	}
	e.form = s[0]
	rest := strings.TrimSpace(s[1:])
	switch {
	case e.form == ':' && rest == "":
		e.count = unlimited
		return e, ok
	case e.form == ':':
		e.count, rest, ok = leadingInt(rest)
	case e.form == '-':
		e.to, rest, ok = leadingInt(rest)
	default:
		return e, false
	}
	return e, ok && rest == ""
}

// leadingInt reads the number at the start of s.
func leadingInt(s string) (n int, rest string, ok bool) {
	i := 0
	for i < len(s) && (isDigit(s[i]) || i == 0 && s[i] == '-' || i > 0 && isWord(s[i]) && s[i] != ':' && s[i] != '-') {
		i++
	}
	v, err := strconv.ParseInt(s[:i], 0, 32)
	return int(v), s[i:], err == nil
}

package reports

import (
	"strconv"
	"strings"
	"time"
)

// Clock says how a text shows times.
type Clock struct {
	Layout string         // of [time.Time.Format], to the second
	Zone   *time.Location // that Layout is in
	Behind string         // what stands behind the fraction of the second
	Origin int64          // without a Layout times are seconds since this one, in nanoseconds since 1970
}

// rfc3339 is the clock of a text unless another one is asked for, and of JSON and CSV.
var rfc3339 = Clock{Layout: "2006-01-02T15:04:05", Zone: time.UTC, Behind: "Z"}

// text returns the time ns with that many digits behind the second.
func (c *Clock) text(ns int64, digits int) string {
	if c.Layout != "" {
		layout := c.Layout
		if digits > 0 {
			layout += "." + strings.Repeat("0", digits)
		}
		return time.Unix(0, ns).In(c.Zone).Format(layout) + c.Behind
	}
	sign, abs := magnitude(ns - c.Origin)
	s := sign + strconv.FormatUint(abs/1e9, 10)
	if digits > 0 {
		s += "." + strconv.FormatUint(1e9+abs%1e9, 10)[1:1+digits]
	}
	return s
}

// subsecond returns how many digits behind the second, in groups of three, show the time ns exactly.
func (c *Clock) subsecond(ns int64) int {
	if c.Layout == "" {
		ns -= c.Origin
	}
	switch {
	case ns%1e9 == 0:
		return 0
	case ns%1e6 == 0:
		return 3
	case ns%1e3 == 0:
		return 6
	}
	return 9
}

package reports

import (
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// mulDiv returns a*b/c, rounded half up, without overflow on the way; the largest uint64 if the result is above it.
// c must not be 0.
func mulDiv(a, b, c uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	lo, carry := bits.Add64(lo, c/2, 0)
	hi += carry
	if hi >= c {
		return math.MaxUint64
	}
	q, _ := bits.Div64(hi, lo, c)
	return q
}

// magnitude splits the sign from n; it is right for the smallest int64 too.
func magnitude(n int64) (sign string, abs uint64) {
	if n < 0 {
		return "-", -uint64(n)
	}
	return "", uint64(n)
}

// decimal prints n / 10^places without trailing zeros: decimal(1500, 3) is "1.5".
func decimal(n int64, places int) string {
	sign, abs := magnitude(n)
	s := fmt.Sprintf("%0*d", places+1, abs)
	whole, fraction := s[:len(s)-places], strings.TrimRight(s[len(s)-places:], "0")
	if fraction == "" {
		return sign + whole
	}
	return sign + whole + "." + fraction
}

// thousands prints 1234567 as "1,234,567".
func thousands(n int64) string {
	sign, abs := magnitude(n)
	s := strconv.FormatUint(abs, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

var (
	byteUnits    = []string{" B", " kB", " MB", " GB", " TB", " PB", " EB"}
	bitRateUnits = []string{" bit/s", " kbit/s", " Mbit/s", " Gbit/s", " Tbit/s", " Pbit/s", " Ebit/s"}
	secondUnits  = []string{" ns", " µs", " ms", " s"}
)

// scaled prints n with three significant figures in the unit of its size, units being a thousand apart; what is below
// a thousand of the first unit is exact.
func scaled(n int64, units []string) string {
	sign, abs := magnitude(n)
	unit, size := 0, uint64(1)
	for abs/size >= 1000 && unit < len(units)-1 {
		unit++
		size *= 1000
	}
	if unit == 0 {
		return sign + strconv.FormatUint(abs, 10) + units[0]
	}
	places, step := 0, size
	for whole := abs / size; whole < 100; whole *= 10 {
		places++
		step /= 10
	}
	figures := abs / step
	if abs%step >= step/2 {
		figures++
	}
	if figures == 1000 { // 9.996 is 10.0, and 999.6 kB is 1.00 MB
		figures = 100
		if places > 0 {
			places--
		} else if unit < len(units)-1 {
			unit, places = unit+1, 2
		} else {
			figures = 1000
		}
	}
	s := strconv.FormatUint(figures, 10)
	if places > 0 {
		s = s[:len(s)-places] + "." + s[len(s)-places:]
	}
	return sign + s + units[unit]
}

// tenths prints thousandths with one decimal: tenths(1234567) is "1,234.6".
func tenths(n int64) string {
	sign, abs := magnitude(n)
	abs = (abs + 50) / 100
	return sign + thousands(int64(abs/10)) + "." + strconv.FormatUint(abs%10, 10)
}

// perSecond prints thousandths of packets a second: three significant figures below a hundred packets, whole ones above.
func perSecond(n int64) string {
	if n < 100_000 {
		return strconv.FormatFloat(float64(n)/1000, 'g', 3, 64) + "/s"
	}
	return thousands((n+500)/1000) + "/s"
}

// percent prints millionths of a whole with one decimal. What is there but rounds to nothing prints as "<0.1%".
func percent(n int64) string {
	if 0 < n && n < 500 {
		return "<0.1%"
	}
	sign, abs := magnitude(n)
	tenths := (abs + 500) / 1000
	return fmt.Sprintf("%s%d.%d%%", sign, tenths/10, tenths%10)
}

// Duration is how text shows nanoseconds: "12.3 ms", "1.234 s", "2m03s", "1h02m03s", "3d04h05m".
func Duration(n int64) string {
	sign, abs := magnitude(n)
	seconds := abs / 1e9
	switch m, h := seconds/60, seconds/3600; {
	case abs < 1e9:
		return scaled(n, secondUnits)
	case seconds < 60:
		return fmt.Sprintf("%s%d.%03d s", sign, seconds, abs%1e9/1e6)
	case h == 0:
		return fmt.Sprintf("%s%dm%02ds", sign, m, seconds%60)
	case h < 24:
		return fmt.Sprintf("%s%dh%02dm%02ds", sign, h, m%60, seconds%60)
	default:
		return fmt.Sprintf("%s%dd%02dh%02dm", sign, h/24, h%24, m%60)
	}
}

package live

import (
	"fmt"

	"pktscope/pcaps"
)

// Summary is a line that says what a capture came to, with all that was lost.
func Summary(s pcaps.LiveState) string {
	c := s.Counters()
	line := fmt.Sprintf("captured %d frames, %d bytes; dropped by the kernel %d, skipped by analysis %d", c.Seen, c.Bytes, c.Dropped, c.Skipped)
	if c.Freezes > 0 {
		line += "; the ring was full " + plural(c.Freezes, "time")
	}
	if r := s.Recording; r != nil {
		line += fmt.Sprintf("; recorded %d in %s, lost %d", r.Written, plural(r.Files, "file"), r.Lost)
		if r.Removed > 0 {
			line += fmt.Sprintf(", removed by rotation %d", r.Removed)
		}
	}
	return line
}

func plural(n uint64, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

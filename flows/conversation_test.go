package flows

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// conversation makes TCP segments of what two ends would say, so that tests can be written as
//
//	> S             a SYN of the original direction
//	< SA            the answer
//	> A +100        an ACK with 100 bytes
//	< R seq+10      a reset, its number 10 too high
//	> A +1460 lost  a segment that the ends have, and the capture does not
//	> S again       the last segment of this direction, once more
//	< A ack-5       acknowledges 5 bytes less than it got
//
// with win=N for a window, and seq=N, ack=N for exact numbers. Numbers that a segment says nothing of are those that its end would send.
type conversation struct {
	next [2]uint32 // sequence number that a direction sends next
	last [2]TCPSegment
}

func newConversation() *conversation { return &conversation{next: [2]uint32{1000, 5000}} }

var flagLetters = []struct {
	letter string
	flag   uint8
}{{"S", SYN}, {"F", FIN}, {"R", RST}, {"P", PSH}, {"A", ACK}, {"U", URG}, {"E", ECE}, {"C", CWR}}

// segment makes the segment that the words say, and takes note of what was sent. Words that it does not know are returned.
func (v *conversation) segment(line string) (d Direction, s TCPSegment, lost bool, rest []string, err error) {
	words := strings.Fields(line)
	if len(words) < 2 || words[0] != ">" && words[0] != "<" {
		return d, s, lost, nil, fmt.Errorf("%q: want a direction and flags", line)
	}
	if words[0] == "<" {
		d = Reply
	}
	for _, letter := range strings.Split(words[1], "") {
		known := false
		for _, f := range flagLetters {
			if f.letter == letter {
				s.Flags |= f.flag
				known = true
			}
		}
		if !known && words[1] != "-" {
			return d, s, lost, nil, fmt.Errorf("%q: flag %s", line, letter)
		}
	}
	s.Sequence, s.Window = v.next[d], 60000
	if s.Flags&ACK != 0 {
		s.Acknowledgment = v.next[d.Other()]
	}
	if s.Flags&SYN != 0 {
		s.HasScale, s.Scale, s.SACKPermitted = true, 2, true
	}
	for _, w := range words[2:] {
		switch {
		case w == "again":
			s = v.last[d]
		case w == "lost":
			lost = true
		case strings.HasPrefix(w, "+"):
			s.Payload, err = number(w[1:], 0)
		case strings.HasPrefix(w, "seq"):
			s.Sequence, err = number(w[3:], s.Sequence)
		case strings.HasPrefix(w, "ack"):
			s.Acknowledgment, err = number(w[3:], s.Acknowledgment)
		case strings.HasPrefix(w, "sack"):
			s.SACKs = 1
			s.SACK[0][1], err = number(w[4:], s.Acknowledgment)
		case strings.HasPrefix(w, "win"):
			var window uint32
			window, err = number(w[3:], 0)
			s.Window = uint16(window)
		case w == "plain": // no options
			s.HasScale, s.Scale, s.SACKPermitted = false, 0, false
		default:
			rest = append(rest, w)
		}
		if err != nil {
			return d, s, lost, nil, fmt.Errorf("%q: %w", line, err)
		}
	}
	v.sent(d, s)
	return d, s, lost, rest, nil
}

// sent takes note of a segment.
func (v *conversation) sent(d Direction, s TCPSegment) {
	v.last[d] = s
	if end := s.end(); before(v.next[d], end) && s.Flags&RST == 0 {
		v.next[d] = end
	}
}

// number reads =N, +N or -N, the latter two from a number on, or N.
func number(text string, from uint32) (uint32, error) {
	relative := strings.HasPrefix(text, "+") || strings.HasPrefix(text, "-")
	n, err := strconv.ParseInt(strings.TrimPrefix(text, "="), 10, 64)
	if relative {
		return from + uint32(n), err
	}
	return uint32(n), err
}

// notation is a segment in the words of conversation, with exact numbers.
func notation(d Direction, s *TCPSegment) string {
	var b strings.Builder
	b.WriteString([...]string{"> ", "< "}[d])
	for _, f := range flagLetters {
		if s.Flags&f.flag != 0 {
			b.WriteString(f.letter)
		}
	}
	if s.Flags == 0 {
		b.WriteString("-")
	}
	fmt.Fprintf(&b, " seq=%d", s.Sequence)
	if s.Flags&ACK != 0 {
		fmt.Fprintf(&b, " ack=%d", s.Acknowledgment)
	}
	if s.Payload != 0 {
		fmt.Fprintf(&b, " +%d", s.Payload)
	}
	if s.Window != 60000 {
		fmt.Fprintf(&b, " win=%d", s.Window)
	}
	if s.Flags&SYN != 0 && !s.HasScale {
		b.WriteString(" plain")
	}
	return b.String()
}

// successor is the Conntrack of the flow that begins with a packet that was New, and the direction that it has there.
func successor(c *Conntrack, d Direction) (Conntrack, Direction) {
	next := c.Next()
	if next.State() == StateNone {
		d = Original
	}
	return next, d
}

// describe is a Conntrack as conntrack shows it.
func describe(c *Conntrack, protocol uint8) string {
	text := c.State().String()
	if !c.Replied() {
		text += " unreplied"
	}
	if c.Assured() {
		text += " assured"
	}
	return fmt.Sprintf("%s %v", text, c.Timeout(protocol))
}

func TestConversation(t *testing.T) {
	v := newConversation()
	for _, test := range []struct{ line, want string }{
		{"> S", "> S seq=1000"},
		{"< SA win=5", "< SA seq=5000 ack=1001 win=5"},
		{"> AP +10", "> PA seq=1001 ack=5001 +10"},
		{"> A again", "> PA seq=1001 ack=5001 +10"},
		{"< R seq-3", "< R seq=4998"},
		{"< A ack-5", "< A seq=5001 ack=1006"},
		{"> F seq=7 ack=8", "> F seq=7"},
		{"> S plain", "> S seq=1011 plain"},
		{"> -", "> - seq=1012"},
	} {
		d, s, _, rest, err := v.segment(test.line)
		if err != nil || rest != nil {
			t.Fatalf("%s: %v, %q left", test.line, err, rest)
		}
		if got := notation(d, &s); got != test.want {
			t.Errorf("%s is %s, want %s", test.line, got, test.want)
		}
	}
}

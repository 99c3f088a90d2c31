package flows

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"
)

// A row is one segment of testdata/tcp_analysis.txt and what it is.
type row struct {
	line         int
	dir          Direction
	s            TCPSegment
	want, tshark TCPEvents
}

type dialogue struct {
	name string
	rows []row
}

// dialogues reads testdata/tcp_analysis.txt.
func dialogues(t testing.TB) (all []dialogue) {
	t.Helper()
	text, err := os.ReadFile("testdata/tcp_analysis.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(text), "\n") {
		if name, ok := strings.CutPrefix(line, "== "); ok {
			all = append(all, dialogue{name: strings.TrimSuffix(name, " ==")})
		} else if len(all) > 0 && line != "" {
			r, err := parseRow(line)
			if err != nil {
				t.Fatalf("testdata/tcp_analysis.txt:%d: %v", i+1, err)
			}
			r.line = i + 1
			c := &all[len(all)-1]
			c.rows = append(c.rows, r)
		}
	}
	return all
}

func parseRow(line string) (r row, err error) {
	line, theirs, differs := strings.Cut(line, "|")
	line, ours, _ := strings.Cut(line, " :")
	f := strings.Fields(line)
	if len(f) < 6 {
		return r, fmt.Errorf("%d columns", len(f))
	}
	at, err := time.ParseDuration(f[0])
	if err != nil {
		return r, err
	}
	r.s = TCPSegment{Time: 1e18 + int64(at), Window: 1000}
	if f[1] == "<" {
		r.dir = Reply
	}
	for _, c := range f[2] {
		r.s.Flags |= map[rune]uint8{'S': SYN, 'F': FIN, 'R': RST, 'P': PSH, '.': ACK}[c]
	}
	number := func(s string) uint32 {
		n, e := strconv.ParseUint(s, 10, 32)
		if e != nil {
			err = e
		}
		return uint32(n)
	}
	r.s.Sequence, r.s.Acknowledgment, r.s.Payload = number(f[3]), number(f[4]), number(f[5])
	for _, o := range f[6:] {
		name, value, _ := strings.Cut(o, "=")
		switch name {
		case "win":
			r.s.Window = uint16(number(value))
		case "mss":
			r.s.MSS = uint16(number(value))
		case "scale":
			r.s.Scale, r.s.HasScale = uint8(number(value)), true
		case "sackok":
			r.s.SACKPermitted = true
		case "ts":
			val, echo, _ := strings.Cut(value, "/")
			r.s.TSVal, r.s.TSEcr, r.s.HasTimestamps = number(val), number(echo), true
		case "sack":
			for _, b := range strings.Split(value, ",") {
				left, right, _ := strings.Cut(b, "-")
				r.s.SACK[r.s.SACKs] = [2]uint32{number(left), number(right)}
				r.s.SACKs++
			}
		default:
			return r, fmt.Errorf("option %q", name)
		}
	}
	events := func(s string) (e TCPEvents) {
		for _, name := range strings.Fields(s) {
			i := slices.Index(tcpEventNames[:], name)
			if i < 0 {
				err = fmt.Errorf("event %q", name)
				return 0
			}
			e |= 1 << i
		}
		return e
	}
	r.want = events(ours)
	r.tshark = r.want
	if differs {
		r.tshark = events(theirs)
	}
	return r, err
}

// moved is the segment of a row where the client's numbers start at client and the server's at server.
func (r *row) moved(client, server uint32) *TCPSegment {
	s := r.s
	own, other := client, server
	if r.dir == Reply {
		own, other = other, own
	}
	s.Sequence += own
	if s.Flags&ACK != 0 {
		s.Acknowledgment += other
	}
	for i := range s.SACK[:s.SACKs] {
		s.SACK[i][0] += other
		s.SACK[i][1] += other
	}
	return &s
}

// What a segment is does not depend on where numbers start, zero and the place where they come around included.
func TestTCPAnalysis(t *testing.T) {
	for _, c := range dialogues(t) {
		t.Run(c.name, func(t *testing.T) {
			starts := []uint32{1000, 0, 0xffffffff, 0x7fffffff, 0x80000000}
			for i := range uint32(600) { // each segment comes around once
				starts = append(starts, -i*17)
			}
			for _, client := range starts {
				for _, server := range []uint32{client, 5, 0xfffffffe} {
					var tcp TCP
					for _, r := range c.rows {
						if got := tcp.Segment(r.dir, r.moved(client, server)); got != r.want {
							t.Fatalf("line %d with numbers from %d and %d: %q, want %q", r.line, client, server, got, r.want)
						}
					}
				}
			}
		})
	}
}

// play returns the connection of that name after its last segment, with its counters.
func play(t *testing.T, name string) (*TCP, *[2]TCPCounters) {
	t.Helper()
	for _, c := range dialogues(t) {
		if c.name == name {
			var tcp TCP
			var n [2]TCPCounters
			for _, r := range c.rows {
				n[r.dir].Count(&tcp, &r.s, tcp.Segment(r.dir, &r.s))
			}
			return &tcp, &n
		}
	}
	t.Fatalf("no connection %q", name)
	return nil, nil
}

func TestTCPHandshake(t *testing.T) {
	tcp, _ := play(t, "handshake, data, close")
	if got, want := tcp.Handshake(), (Handshake{time.Millisecond, time.Millisecond, 2 * time.Millisecond}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	if low, high := tcp.MSS(Reply); low != 1460 || high != 1460 {
		t.Errorf("MSS %d to %d", low, high)
	}
	if shift, ok := tcp.Scale(Reply); shift != 7 || !ok {
		t.Errorf("scale %d, %v", shift, ok)
	}
	if !tcp.SACKPermitted(Original) || tcp.Window(Original) != 1000<<7 {
		t.Errorf("SACK %v, window %d", tcp.SACKPermitted(Original), tcp.Window(Original))
	}
	if got, want := tcp.RTT(Original), (RTT{2, time.Millisecond, time.Millisecond, time.Millisecond}); got != want {
		t.Errorf("original RTT %v, want %v", got, want)
	}
	if got, want := tcp.RTT(Reply), (RTT{2, time.Millisecond, 1500 * time.Microsecond, 2 * time.Millisecond}); got != want {
		t.Errorf("reply RTT %v, want %v", got, want)
	}
	if got := tcp.MaxInFlight(Reply); got != 2920 {
		t.Errorf("%d bytes in flight", got)
	}
	if tcp.InFlight(Original) != 0 || tcp.InFlight(Reply) != 0 || tcp.Largest(Reply) != 1460 {
		t.Errorf("%d and %d bytes in flight, largest %d", tcp.InFlight(Original), tcp.InFlight(Reply), tcp.Largest(Reply))
	}
}

// An answer to a SYN that was sent twice does not say which it answers.
func TestTCPKarn(t *testing.T) {
	tcp, _ := play(t, "SYN sent again")
	if got, want := tcp.Handshake(), (Handshake{0, 10 * time.Millisecond, 3020 * time.Millisecond}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	tcp, _ = play(t, "SYN-ACK sent again")
	if got, want := tcp.Handshake(), (Handshake{time.Millisecond, 0, 1010 * time.Millisecond}); got != want {
		t.Errorf("%v, want %v", got, want)
	}
	tcp, _ = play(t, "retransmission after a timeout")
	if got := tcp.RTT(Original); got.Count != 1 || got.Max != time.Millisecond {
		t.Errorf("%v: the retransmission is not to be timed", got)
	}
	tcp, _ = play(t, "overtaken on the way: it comes within a round trip")
	if got := tcp.RTT(Original); got.Count != 0 {
		t.Errorf("%v: the ACK waited for what was overtaken", got)
	}
}

// Timestamps do say which.
func TestTCPHandshakeTimestamps(t *testing.T) {
	var tcp TCP
	ms := int64(time.Millisecond)
	tcp.Segment(Original, &TCPSegment{Flags: SYN, HasTimestamps: true, TSVal: 100})
	tcp.Segment(Original, &TCPSegment{Flags: SYN, HasTimestamps: true, TSVal: 1100, Time: 1000 * ms})
	tcp.Segment(Reply, &TCPSegment{Flags: SYN | ACK, Acknowledgment: 1, HasTimestamps: true, TSVal: 7, TSEcr: 1100, Time: 1030 * ms})
	if got := tcp.Handshake().SYNToSYNACK; got != 30*time.Millisecond {
		t.Errorf("%v", got)
	}
}

func TestTCPBytes(t *testing.T) {
	for _, c := range []struct {
		name                    string
		retransmitted, repeated uint64
	}{
		{"handshake, data, close", 0, 0},
		{"retransmission after a timeout", 100, 100},
		{"lost before the capture point, sent again soon in a stream that goes on", 100, 0},
		{"repeated with something new behind it", 200, 100},
		{"two gaps, filled in the middle", 100, 0},
		{"more gaps than are kept apart, filled in the middle: when they opened is forgotten", 400, 0},
		{"data in a SYN, which is not taken and comes again (RFC 9293 §3.10.7.4)", 0, 5},
		{"data in a SYN, which is taken (RFC 7413)", 0, 0},
		{"SYN sent again", 0, 0},
		{"zero window, probes, their answers, and the update", 0, 2},
	} {
		_, n := play(t, c.name)
		if n[0].RetransmittedBytes != c.retransmitted || n[0].RepeatedBytes != c.repeated {
			t.Errorf("%s: %d bytes retransmitted, %d repeated, want %d and %d", c.name, n[0].RetransmittedBytes, n[0].RepeatedBytes, c.retransmitted, c.repeated)
		}
	}
}

func TestTCPCounters(t *testing.T) {
	_, n := play(t, "fast retransmission")
	for _, c := range []struct {
		dir   Direction
		event TCPEvents
		want  uint32
	}{{Original, TCPRetransmission, 1}, {Original, TCPFastRetransmission, 1}, {Reply, TCPDuplicateACK, 3}, {Original, TCPDuplicateACK, 0}} {
		if got := n[c.dir].Of(c.event); got != c.want {
			t.Errorf("%v %v: %d, want %d", c.dir, c.event, got, c.want)
		}
	}
}

// A SYN whose MSS is another at a second capture point shows that somebody clamps it.
func TestTCPClampedMSS(t *testing.T) {
	var tcp TCP
	tcp.Segment(Original, &TCPSegment{Flags: SYN, MSS: 1460})
	tcp.Copy(Original, &TCPSegment{Flags: SYN, MSS: 1360})
	tcp.Copy(Original, &TCPSegment{Flags: SYN})
	if low, high := tcp.MSS(Original); low != 1360 || high != 1460 {
		t.Errorf("%d to %d", low, high)
	}
}

// A new SYN for a connection that never opened begins it anew; one in an open connection does nothing.
func TestTCPOtherSYN(t *testing.T) {
	var tcp TCP
	tcp.Segment(Original, &TCPSegment{Flags: SYN, Sequence: 100})
	tcp.Segment(Reply, &TCPSegment{Flags: RST | ACK, Acknowledgment: 101})
	for _, s := range []struct {
		dir Direction
		s   TCPSegment
	}{
		{Original, TCPSegment{Flags: SYN, Sequence: 7000, Window: 1000}},
		{Reply, TCPSegment{Flags: SYN | ACK, Sequence: 50, Acknowledgment: 7001, Window: 1000}},
		{Original, TCPSegment{Flags: ACK, Sequence: 7001, Acknowledgment: 51, Window: 1000}},
		{Original, TCPSegment{Flags: SYN, Sequence: 900000, Window: 1000}},
		{Original, TCPSegment{Flags: ACK, Sequence: 7001, Acknowledgment: 51, Payload: 10, Window: 1000}},
		{Reply, TCPSegment{Flags: ACK, Sequence: 51, Acknowledgment: 7011, Window: 1000}},
	} {
		if e := tcp.Segment(s.dir, &s.s); e != 0 {
			t.Errorf("%v with %d is %v", s.dir, s.s.Sequence, e)
		}
	}
}

func TestTCPSizes(t *testing.T) {
	if n := unsafe.Sizeof(tcpSide{}); n > 64 {
		t.Errorf("a side has %d bytes: more than a cache line", n)
	}
	if n := unsafe.Sizeof(TCP{}); n > 200 {
		t.Errorf("a connection has %d bytes", n)
	}
}

func TestTCPDoesNotAllocate(t *testing.T) {
	all := dialogues(t)
	if n := testing.AllocsPerRun(10, func() {
		for _, c := range all {
			var tcp TCP
			var counters [2]TCPCounters
			for i := range c.rows {
				r := &c.rows[i]
				counters[r.dir].Count(&tcp, &r.s, tcp.Segment(r.dir, &r.s))
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTCPEventNames(t *testing.T) {
	if got := (TCPRetransmission | TCPSYNDataAgain).String(); got != "retransmission syn-data-again" {
		t.Error(got)
	}
	for i, name := range tcpEventNames {
		if name == "" {
			t.Errorf("event %d has no name", i)
		}
	}
}

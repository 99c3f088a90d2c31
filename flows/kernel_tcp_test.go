//go:build linux

package flows

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pktscope/internal/craft"
)

// TestTCPAsKernel sends connections through the kernel, with the windows of TCP held loosely, as here, and strictly, as is its default.
func TestTCPAsKernel(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	r := newRouter(t)
	random := rand.New(rand.NewPCG(4, 2))
	var all []*passage
	for i := range 1200 {
		all = append(all, newPassage(fuzzedConnection(random, i%2 == 0)))
	}
	for _, test := range connections {
		if strings.Contains(test.name, "as no kernel") {
			continue
		}
		var lines []string
		for line := range strings.Lines(strings.TrimSpace(test.lines)) {
			line, _, _ = strings.Cut(line, "|")
			lines = append(lines, strings.TrimSpace(line))
		}
		all = append(all, newPassage(lines))
	}
	for port, strict := range map[uint16]bool{20000: false, 30000: true} {
		name, value := "liberal", "1"
		if strict {
			name, value = "strict", "0"
		}
		t.Run(name, func(t *testing.T) {
			sysctl(t, "net/netfilter/nf_conntrack_tcp_be_liberal", value)
			passing := make([]*passage, len(all))
			for i, p := range all {
				passing[i] = newPassage(p.lines)
			}
			steps, departed := pass(t, r, passing, port, strict)
			t.Logf("%d connections, %d states compared, %d connections left where the kernel goes another way", len(all), steps, departed)
			if steps < 6*len(all) {
				t.Error("too few to mean anything")
			}
		})
	}
}

// passage is a connection on its way through the kernel.
type passage struct {
	tracked
	lines  []string
	ends   *conversation
	turned bool // the reply direction of the first connection is the original one of this
	done   bool

	// Of the last segment.
	before Conntrack
	gone   bool // it makes the kernel forget the connection
}

func newPassage(lines []string) *passage { return &passage{lines: lines, ends: newConversation()} }

// pass sends all connections a segment at a time and compares. It returns how often, and how many connections were left because the
// kernel does otherwise, as it should.
func pass(t *testing.T, r *router, all []*passage, firstPort uint16, strict bool) (compared, departed int) {
	for step, more := 0, true; more; step++ {
		more = false
		start := time.Now()
		for i, p := range all {
			if p.done || step >= len(p.lines) {
				continue
			}
			more = true
			if p.send(t, r, p.lines[step], firstPort+uint16(i), strict) {
				departed++
				p.done = true
			}
		}
		rows := r.table(t, "tcp")
		if time.Since(start) > 5*time.Second {
			t.Skip("the machine is too busy: what is closed may have timed out")
		}
		for i, p := range all {
			if p.done || step >= len(p.lines) {
				continue
			}
			row, there := rows[place{client, firstPort + uint16(i)}]
			err := p.compare(protocolTCP, row, there, start)
			if p.gone {
				err = nil
				if there {
					err = fmt.Errorf("the kernel still has %+v", row)
				}
			}
			if err != nil {
				t.Errorf("%s:\n%v; before it was %s", strings.Join(p.lines[:step+1], "\n"), err, describe(&p.before, protocolTCP))
			}
			p.done = p.gone || err != nil
			compared++
		}
	}
	return compared, departed
}

// send sends a segment, and gives it to Conntrack. It reports whether that does what the kernel does not.
func (p *passage) send(t *testing.T, r *router, line string, port uint16, strict bool) (departs bool) {
	t.Helper()
	d, s, lost, _, err := p.ends.segment(line)
	if err != nil {
		t.Fatal(err)
	}
	if lost {
		return false
	}
	r.send(t, d, craftTCP(d, port, &s)...)

	c := &p.c
	if !c.begun() {
		p.turned = d == Reply // the kernel takes what begins a flow for its original direction
	}
	if p.turned {
		d = d.Other()
	}
	p.before = *c
	outcome := c.TCP(d, &s)
	departs = departsFromKernel(&p.before, d, &s, outcome, strict) || c.Missed() != p.before.Missed()
	if outcome == New {
		next, to := successor(c, d)
		p.turned = p.turned != (to != d)
		*c = next
		outcome = c.TCP(to, &s)
	}
	p.took(outcome, protocolTCP)
	p.gone = outcome == Accept && tcpKindOf(s.Flags) == kindRST && !p.before.Replied()
	return departs
}

// departsFromKernel reports whether what c makes of a segment is not what the kernel does, as the head of tcp_state.go has it. A strict
// kernel does not accept what is outside the window; one that is not does, but learns nothing from it.
func departsFromKernel(c *Conntrack, d Direction, s *TCPSegment, outcome Outcome, strict bool) bool {
	kind := tcpKindOf(s.Flags)
	switch {
	case outcome == New:
		return kind == kindSYNACK || (c.flags[0]|c.flags[1])&sideClosed == 0 && (c.lastKind != kindRST || c.lastDirection != d)
	case kind == kindRST && c.Midstream():
		return true // the kernel knows less of the numbers
	case outcome == Invalid, outcome == Ignore, !c.begun():
		return false
	}
	from, to := &c.sides[d], &c.sides[d.Other()]
	acknowledges := s.Flags&ACK != 0 && (kind != kindRST || s.Acknowledgment != 0)
	ahead := acknowledges && before(to.end, s.Acknowledgment)
	old := acknowledges && before(s.Acknowledgment, to.end-max(ackWindow, from.maxWindow))
	if from.maxWindow == 0 { // the first of its direction, whatever its number
		return strict && to.maxWindow != 0 && (ahead && s.Acknowledgment != to.end+1 || old)
	}
	ahead = ahead || before(from.maxEnd, s.Sequence)
	old = old || to.maxWindow != 0 && before(s.end(), from.end-to.maxWindow)
	if strict {
		return ahead || old
	}
	return ahead && kind != kindRST
}

// fuzzedSegment is a segment that one of two ends might send, or hardly.
func fuzzedSegment(random *rand.Rand, v *conversation, wild bool) (d Direction, s TCPSegment) {
	d = Direction(random.IntN(2))
	pick := func(weights ...int) int {
		sum := 0
		for _, w := range weights {
			sum += w
		}
		n := random.IntN(sum)
		for i, w := range weights {
			if n -= w; n < 0 {
				return i
			}
		}
		return 0
	}
	s.Flags = []uint8{SYN, SYN | ACK, FIN | ACK, ACK, RST, RST | ACK, FIN, 0, SYN | FIN, ACK | URG}[pick(20, 12, 14, 40, 4, 4, 1, 1, 1, 2)]
	s.Sequence = v.next[d] + uint32([]int{0, -1, -20, 40, 30000}[pick(60, 3, 6, 4, 1)])
	if wild {
		s.Sequence += uint32([]int{0, 3e6, -2e6}[pick(30, 1, 1)])
	}
	if s.Flags&RST != 0 && random.IntN(4) == 0 {
		s.Sequence = 0
	}
	if s.Flags&ACK != 0 {
		s.Acknowledgment = v.next[d.Other()] + uint32([]int{0, -1, -20}[pick(60, 3, 6)])
		if wild {
			s.Acknowledgment += uint32([]int{0, 40, 3e6, -2e6}[pick(30, 1, 1, 1)])
		}
		if random.IntN(30) == 0 {
			s.Acknowledgment = 0
		}
	}
	s.Window = []uint16{60000, 0, 1, 1000}[pick(12, 1, 1, 2)]
	if s.Flags&(SYN|RST) == 0 && random.IntN(3) == 0 {
		s.Payload = uint32(1 + random.IntN(60))
	}
	if s.Flags&SYN != 0 {
		s.HasScale, s.Scale = random.IntN(3) > 0, uint8(random.IntN(15))
		s.SACKPermitted = random.IntN(2) == 0
		if !s.HasScale {
			s.Scale = 0
		}
		if random.IntN(4) == 0 {
			s.Sequence += 1e6 // another connection's
		}
	}
	if random.IntN(8) == 0 && v.last[d].Flags != 0 {
		s = v.last[d]
	}
	v.sent(d, s)
	return d, s
}

// script is a sequence of segments that is likely to come far, and then anything.
func fuzzedConnection(random *rand.Rand, wild bool) (lines []string) {
	v := newConversation()
	legal := []string{"> S", "< SA", "> A", "> A +10", "< A +20", "> A", "> FA", "< A", "< FA", "> A"}
	if random.IntN(4) == 0 {
		legal = legal[2:]
	}
	if random.IntN(8) == 0 {
		legal = []string{"> S", "< S", "> SA", "< SA", "> A", "< A", "> A"}
	}
	for _, line := range legal[:random.IntN(len(legal)+1)] {
		d, s, _, _, err := v.segment(line)
		if err != nil {
			panic(err)
		}
		lines = append(lines, notation(d, &s))
	}
	for range 1 + random.IntN(9) {
		d, s := fuzzedSegment(random, v, wild)
		lines = append(lines, notation(d, &s))
	}
	return lines
}

// craftTCP is the segment on the wire.
func craftTCP(d Direction, port uint16, s *TCPSegment) []craft.Layer {
	h := craft.TCP{Src: port, Dst: 80, Seq: s.Sequence, Ack: s.Acknowledgment, Flags: uint16(s.Flags)}
	if d == Reply {
		h.Src, h.Dst = h.Dst, h.Src
	}
	if s.Flags&SYN != 0 {
		h.Options = []byte{2, 4, 5, 180}
		if s.HasScale {
			h.Options = append(h.Options, 3, 3, s.Scale)
		}
		if s.SACKPermitted {
			h.Options = append(h.Options, 4, 2)
		}
	}
	if s.SACKs > 0 {
		h.Options = []byte{5, 10}
		h.Options = binary.BigEndian.AppendUint32(h.Options, s.SACK[0][0])
		h.Options = binary.BigEndian.AppendUint32(h.Options, s.SACK[0][1])
	}
	h.Window = s.Window
	return []craft.Layer{
		craft.Edit(h, func(b []byte) {
			binary.BigEndian.PutUint16(b[14:], s.Window) // 0 stands for 65,535 in craft, which makes no difference for the checksum
		}),
		craft.Payload(make([]byte, s.Payload)),
	}
}

package flows

import (
	"testing"
	"time"
	"unsafe"

	"pktscope/dissect"
	"pktscope/internal/craft"
)

// protocolStates are the states that a flow of a protocol may have.
var protocolStates = map[uint8][]State{
	protocolTCP: {StateNone, StateSynSent, StateSynRecv, StateEstablished, StateFinWait, StateCloseWait, StateLastAck, StateTimeWait,
		StateClose, StateSynSent2},
	protocolSCTP: {StateNone, StateClosed, StateCookieWait, StateCookieEchoed, StateEstablished, StateShutdownSent, StateShutdownRecd,
		StateShutdownAckSent, StateHeartbeatSent},
	protocolUDP:    {StateNone},
	protocolICMP:   {StateNone},
	protocolICMPv6: {StateNone},
	protocolGRE:    {StateNone},
	253:            {StateNone},
}

func hasState(protocol uint8, s State) bool {
	for _, has := range protocolStates[protocol] {
		if has == s {
			return true
		}
	}
	return false
}

func TestConntrackSize(t *testing.T) {
	if size := unsafe.Sizeof(Conntrack{}); size > 56 {
		t.Errorf("a Conntrack has %d bytes, more than 56", size)
	}
}

func TestConntrackDoesNotAllocate(t *testing.T) {
	_, p := sctpPacket(t, "> 0 init=77")
	packet := dissect.SCTP(craft.Packet(p))
	syn := TCPSegment{Sequence: 1, Window: 1000, Flags: SYN}
	synack := TCPSegment{Sequence: 9, Acknowledgment: 2, Window: 1000, Flags: SYN | ACK}
	ack := TCPSegment{Sequence: 2, Acknowledgment: 10, Window: 1000, Flags: ACK}
	if n := testing.AllocsPerRun(100, func() {
		var tcp, sctp, udp, icmp Conntrack
		tcp.TCP(Original, &syn)
		tcp.TCP(Reply, &synack)
		tcp.TCP(Original, &ack)
		tcp.TCP(Original, &syn)
		next := tcp.Next()
		next.TCP(Original, &syn)
		sctp.SCTP(Original, packet)
		udp.UDP(Original, 1)
		icmp.ICMP(Reply, 0)
		_ = tcp.Timeout(protocolTCP)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestStateNames(t *testing.T) {
	seen := map[string]bool{}
	for s := range states {
		if name := s.String(); name == "" || seen[name] {
			t.Errorf("state %d is %q", s, name)
		}
		seen[s.String()] = true
	}
	if got := invalid.String(); got != "State(255)" {
		t.Errorf("what is no state is %q", got)
	}
	for o := range outcomes {
		if o.String() == "" {
			t.Errorf("outcome %d has no name", o)
		}
	}
}

// TestTCPTransitions holds every cell of the table to what must be true of it.
func TestTCPTransitions(t *testing.T) {
	for d := range Direction(2) {
		for _, from := range protocolStates[protocolTCP] {
			for kind := kindNone; kind <= kindRST; kind++ {
				to := tcpTransitions[d][from][kind]
				check := func(ok bool, why string) {
					if !ok {
						t.Errorf("%v %v, kind %d leads to %d: %s", d, from, kind, to, why)
					}
				}
				check(to == ignored || to == invalid || to != StateNone && hasState(protocolTCP, to), "no such state")
				if from == StateNone {
					check(kind == kindSYN || kind == kindACK || to == invalid, "only a SYN or an ACK begins")
					continue
				}
				opening := from == StateSynSent || from == StateSynSent2
				switch kind {
				case kindNone:
					check(to == invalid, "such flags mean nothing")
				case kindRST:
					check(to == StateClose, "a reset ends everything")
				case kindSYN:
					check(opening || to == ignored || to == invalid || from >= StateTimeWait && to == StateSynSent,
						"a SYN says something before the handshake and after the end only")
				case kindSYNACK:
					check(to == ignored || to == invalid || to == StateSynRecv, "a SYN+ACK says nothing else")
				case kindFIN:
					check(opening == (to == invalid), "what is not open cannot be closed")
					check(opening || to >= StateFinWait || to == from, "a FIN opens nothing")
				case kindACK:
					check(from < StateFinWait || from == StateSynSent2 || to >= from && to != StateSynSent2, "an ACK goes back")
				}
			}
		}
	}
}

// TestTCPWindow holds the numbers that are kept of windows to what was announced.
func TestTCPWindow(t *testing.T) {
	for _, test := range []struct {
		name  string
		lines []string
		d     Direction
		want  side
	}{
		{"scaled by 4, but for the SYN's", []string{"> S win=100", "< SA win=100", "> A win=100"}, Original,
			side{end: 1001, maxEnd: 1101, maxWindow: 400, maxAck: 5001}},
		{"what the peer may send is scaled as well", []string{"> S win=100", "< SA win=100", "> A win=100"}, Reply,
			side{end: 5001, maxEnd: 5401, maxWindow: 100, maxAck: 1001}},
		{"not scaled if only one side would", []string{"> S win=100", "< SA plain win=100", "> A win=100"}, Original,
			side{end: 1001, maxEnd: 1101, maxWindow: 100, maxAck: 5001}},
		{"an answered keepalive counts the byte that it lacks", []string{"> A seq-1", "< A ack=1000"}, Original,
			side{end: 1000, maxEnd: 61000, maxWindow: 60000, maxAck: 5000}},
		{"selective acknowledgment", []string{"> S", "< SA", "> A +100", "> A +100", "< A ack-200 sack+200 win=10"}, Original,
			side{end: 1201, maxEnd: 61001, maxWindow: 240000, maxAck: 5001}},
		{"a segment that was not seen, acknowledged", []string{"> S", "< SA", "> A +100 lost", "< A"}, Original,
			side{end: 1101, maxEnd: 241101, maxWindow: 60000}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var c Conntrack
			v := newConversation()
			for _, line := range test.lines {
				d, s, lost, _, err := v.segment(line)
				if err != nil {
					t.Fatal(err)
				}
				if !lost {
					c.TCP(d, &s)
				}
			}
			if got := c.sides[test.d]; got != test.want {
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

func TestMidstreamAndMissed(t *testing.T) {
	for _, test := range []struct {
		lines             []string
		midstream, missed bool
	}{
		{[]string{"> S", "< SA", "> A", "> A +100", "< A"}, false, false},
		{[]string{"> A +100", "< A"}, true, false},
		{[]string{"> S", "> A"}, false, true},
		{[]string{"> S", "< SA", "> A", "> A +100 lost", "< A"}, false, true},
		{[]string{"< SA", "> A"}, true, false},
		{[]string{"> A +100 win=10", "< A +1000 win=10", "< A +1000 win=10"}, true, false}, // windows may be scaled
	} {
		var c Conntrack
		v := newConversation()
		for _, line := range test.lines {
			if d, s, lost, _, err := v.segment(line); err != nil {
				t.Fatal(err)
			} else if !lost {
				c.TCP(d, &s)
			}
		}
		if c.Midstream() != test.midstream || c.Missed() != test.missed {
			t.Errorf("%q: midstream %v, missed %v", test.lines, c.Midstream(), c.Missed())
		}
	}
}

// TestDatagrams says for packets of a direction at a second what the flow is then.
func TestDatagrams(t *testing.T) {
	type packet struct {
		at   time.Duration
		d    Direction
		want string
	}
	for _, test := range []struct {
		name     string
		protocol uint8
		take     func(c *Conntrack, d Direction, now int64) Outcome
		packets  []packet
	}{
		{"question and answer", protocolUDP, (*Conntrack).UDP, []packet{
			{0, Original, "NONE unreplied 30s"}, {100 * time.Millisecond, Reply, "NONE 30s"}, {200 * time.Millisecond, Original, "NONE 30s"}}},
		{"a stream after two seconds", protocolUDP, (*Conntrack).UDP, []packet{
			{0, Original, "NONE unreplied 30s"}, {time.Second, Reply, "NONE 30s"}, {2 * time.Second, Original, "NONE 30s"},
			{2*time.Second + 1, Original, "NONE assured 2m0s"}}},
		{"a late answer makes no stream, what follows does", protocolUDP, (*Conntrack).UDP, []packet{
			{0, Original, "NONE unreplied 30s"}, {5 * time.Second, Reply, "NONE 30s"}, {6 * time.Second, Reply, "NONE assured 2m0s"}}},
		{"never answered", protocolUDP, (*Conntrack).UDP, []packet{
			{0, Original, "NONE unreplied 30s"}, {5 * time.Second, Original, "NONE unreplied 30s"},
			{9 * time.Second, Original, "NONE unreplied 30s"}}},
		{"clock going back", protocolUDP, (*Conntrack).UDP, []packet{
			{9 * time.Second, Original, "NONE unreplied 30s"}, {0, Reply, "NONE 30s"}, {0, Original, "NONE 30s"},
			{12 * time.Second, Original, "NONE assured 2m0s"}}},
		{"dccp", protocolDCCP, (*Conntrack).DCCP, []packet{
			{0, Original, "NONE unreplied 30s"}, {time.Second, Reply, "NONE 30s"}, {3 * time.Second, Original, "NONE assured 2m0s"}}},
		{"udplite", protocolUDPLite, func(c *Conntrack, d Direction, _ int64) Outcome { return c.UDPLite(d) }, []packet{
			{0, Original, "NONE unreplied 30s"}, {0, Reply, "NONE 30s"}, {0, Reply, "NONE assured 2m0s"}}},
		{"gre", protocolGRE, func(c *Conntrack, d Direction, _ int64) Outcome { return c.GRE(d) }, []packet{
			{0, Original, "NONE unreplied 30s"}, {0, Reply, "NONE 30s"}, {0, Original, "NONE assured 3m0s"}}},
		{"any", 253, func(c *Conntrack, d Direction, _ int64) Outcome { return c.Generic(d) }, []packet{
			{0, Original, "NONE unreplied 10m0s"}, {0, Reply, "NONE 10m0s"}, {0, Original, "NONE 10m0s"}}},
		{"echo", protocolICMP, func(c *Conntrack, d Direction, _ int64) Outcome { return c.ICMP(d, [...]uint8{8, 0}[d]) }, []packet{
			{0, Original, "NONE unreplied 30s"}, {0, Reply, "NONE 30s"}, {0, Original, "NONE 30s"}}},
		{"echo of IPv6", protocolICMPv6, func(c *Conntrack, d Direction, _ int64) Outcome { return c.ICMPv6(d, [...]uint8{128, 129}[d]) }, []packet{
			{0, Original, "NONE unreplied 30s"}, {0, Reply, "NONE 30s"}, {0, Original, "NONE 30s"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			const epoch = 1_700_000_000_000_000_000
			var c Conntrack
			for i, p := range test.packets {
				if o := test.take(&c, p.d, epoch+int64(p.at)); o != Accept {
					t.Errorf("packet %d: %v", i, o)
				}
				if got := describe(&c, test.protocol); got != p.want {
					t.Errorf("packet %d: %s, want %s", i, got, p.want)
				}
			}
		})
	}
}

func TestRepliesBeginNothing(t *testing.T) {
	var c Conntrack
	if o := c.ICMP(Original, 0); o != Invalid || c.begun() {
		t.Errorf("an echo reply: %v", o)
	}
	if o := c.ICMPv6(Original, 129); o != Invalid || c.begun() {
		t.Errorf("an echo reply of IPv6: %v", o)
	}
	if o := c.ICMP(Original, 13); o != Accept {
		t.Errorf("a timestamp request: %v", o)
	}
	if o := c.ICMPv6(Original, 139); o != Accept {
		t.Errorf("a node information query: %v", o)
	}
}

// FuzzConntrack gives a flow any packets: a byte for the direction, and 24 that take makes a packet of.
func FuzzConntrack(f *testing.F) {
	f.Add(uint8(0), []byte("\x00\x02____seq_ack_\x00\x00ww\x00"))
	f.Add(uint8(1), craft.Packet(craft.SCTP{Src: 1, Dst: 2, Chunks: []craft.Chunk{{Type: 1, Value: make([]byte, 16)}}}))
	f.Add(uint8(2), []byte{0, 1, 0, 1})
	f.Fuzz(func(t *testing.T, which uint8, packets []byte) {
		protocol := [...]uint8{protocolTCP, protocolSCTP, protocolUDP, protocolICMP, protocolGRE, 253}[which%6]
		var c Conntrack
		for len(packets) > 1 {
			d := Direction(packets[0] & 1)
			n := min(len(packets)-1, 24)
			packet := packets[1 : 1+n]
			packets = packets[1+n:]
			before := c
			outcome := take(&c, protocol, d, packet)
			if outcome == New {
				if before.begun() && (protocol != protocolTCP || c.State() <= StateSynRecv) {
					t.Fatalf("%s, and another begins", describe(&before, protocol))
				}
				next, to := successor(&c, d)
				if next.State() == StateNone && to != Original {
					t.Fatal("what is new begins with a reply")
				}
				c, before = next, next
				if outcome = take(&c, protocol, to, packet); outcome == New {
					t.Fatal("what is new is not the first")
				}
			}
			switch {
			case !hasState(protocol, c.State()):
				t.Fatalf("state %v", c.State())
			case c.Timeout(protocol) <= 0 || c.Timeout(protocol) > 5*24*time.Hour:
				t.Fatalf("lives %v", c.Timeout(protocol))
			case before.Assured() && !c.Assured() || before.Replied() && !c.Replied():
				t.Fatalf("%s became %s", describe(&before, protocol), describe(&c, protocol))
			case c.Assured() && !c.Replied() && protocol != protocolSCTP:
				t.Fatal("assured without a reply")
			case (outcome == Ignore || outcome == Invalid) && protocol == protocolTCP && c.State() != before.State():
				t.Fatalf("%v, and %v became %v", outcome, before.State(), c.State())
			case (outcome == Accept || outcome == Hold) && !c.begun():
				t.Fatal("accepted, and nothing has begun")
			case c.begun() && protocol == protocolTCP && c.State() == StateNone:
				t.Fatal("begun, and no state")
			}
		}
	})
}

// take gives c a packet that the bytes describe.
func take(c *Conntrack, protocol uint8, d Direction, b []byte) Outcome {
	var whole [24]byte
	copy(whole[:], b)
	number := func(i int) uint32 {
		return uint32(whole[i])<<24 | uint32(whole[i+1])<<16 | uint32(whole[i+2])<<8 | uint32(whole[i+3])
	}
	switch protocol {
	case protocolTCP:
		s := TCPSegment{Flags: whole[0], Sequence: number(1), Acknowledgment: number(5), Payload: uint32(whole[9]), Window: uint16(number(10)),
			HasScale: whole[14]&1 != 0, Scale: whole[15], SACKPermitted: whole[14]&2 != 0, SACKs: whole[16]}
		s.SACK[0][1] = number(17)
		return c.TCP(d, &s)
	case protocolSCTP:
		return c.SCTP(d, dissect.SCTP(b))
	case protocolUDP:
		return c.UDP(d, int64(number(0))<<20)
	case protocolICMP:
		return c.ICMP(d, whole[0])
	case protocolGRE:
		return c.GRE(d)
	}
	return c.Generic(d)
}

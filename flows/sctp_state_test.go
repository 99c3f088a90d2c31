package flows

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/internal/craft"
)

// sctpPacket makes an SCTP packet of a direction, the tag that it carries and its chunks, as in
//
//	> 0 init=77      an INIT whose sender wants to see the tag 77
//	< 77 init-ack=88
//	> 88 cookie-echo data
//	< 77 abort/1     with the flags 1
func sctpPacket(t testing.TB, line string) (d Direction, p craft.SCTP) {
	t.Helper()
	words := strings.Fields(line)
	p = craft.SCTP{Src: 9001, Dst: 9002}
	if words[0] == "<" {
		d = Reply
		p.Src, p.Dst = p.Dst, p.Src
	}
	tag, err := strconv.ParseUint(words[1], 10, 32)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	p.Tag = uint32(tag)
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		name, flags, _ := strings.Cut(name, "/")
		kind, known := sctpNames[name]
		if !known {
			t.Fatalf("%s: chunk %s", line, name)
		}
		c := craft.Chunk{Type: kind}
		if flags != "" {
			c.Flags = 1
		}
		switch kind {
		case sctpInit, sctpInitAck:
			n, err := strconv.ParseUint(value, 10, 32)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			c.Value = binary.BigEndian.AppendUint32(nil, uint32(n))
			c.Value = append(c.Value, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1) // window, streams, TSN
		case sctpData:
			c = craft.Data(1, 0, 0, 0, []byte("data"))
		}
		p.Chunks = append(p.Chunks, c)
	}
	return d, p
}

var sctpNames = map[string]uint8{"data": sctpData, "init": sctpInit, "init-ack": sctpInitAck, "sack": 3, "heartbeat": sctpHeartbeat,
	"heartbeat-ack": sctpHeartbeatAck, "abort": sctpAbort, "shutdown": sctpShutdown, "shutdown-ack": sctpShutdownAck, "error": sctpError,
	"cookie-echo": sctpCookieEcho, "cookie-ack": sctpCookieAck, "ecne": 12, "shutdown-complete": sctpShutdownComplete, "auth": 15, "asconf": 193}

// associations are what may happen to SCTP associations, a line a packet: what comes, and behind the bar the outcome, if it is not
// accept, and what conntrack would show.
var associations = []struct{ name, lines string }{
	{"handshake, data and end", `
		> 0 init=77               | CLOSED unreplied 10s
		< 77 init-ack=88          | COOKIE_WAIT 3s
		> 88 cookie-echo data     | COOKIE_ECHOED 3s
		< 77 cookie-ack sack      | ESTABLISHED assured 3m30s
		> 88 data                 | ESTABLISHED assured 3m30s
		< 77 sack                 | ESTABLISHED assured 3m30s
		> 88 shutdown             | SHUTDOWN_SENT assured 3s
		< 77 shutdown-ack         | SHUTDOWN_ACK_SENT assured 3s
		> 88 shutdown-complete    | CLOSED assured 10s`},
	{"the server ends it", `
		> 0 init=77               | CLOSED unreplied 10s
		< 77 init-ack=88          | COOKIE_WAIT 3s
		> 88 cookie-echo          | COOKIE_ECHOED 3s
		< 77 cookie-ack           | ESTABLISHED assured 3m30s
		< 77 shutdown             | SHUTDOWN_RECD assured 3s
		> 88 shutdown-ack         | SHUTDOWN_ACK_SENT assured 3s
		< 88 shutdown-complete/1  | CLOSED assured 10s`},
	{"refused", `
		> 0 init=77   | CLOSED unreplied 10s
		< 77 abort/1  | invalid CLOSED unreplied 10s
		< 77 abort    | CLOSED 10s`},
	{"INIT again", `
		> 0 init=77      | CLOSED unreplied 10s
		> 0 init=77      | hold CLOSED unreplied 10s
		> 0 init=78      | hold CLOSED unreplied 10s
		< 78 init-ack=88 | COOKIE_WAIT 3s
		> 88 cookie-echo | COOKIE_ECHOED 3s
		< 78 cookie-ack  | ESTABLISHED assured 3m30s`},
	{"both send INIT", `
		> 0 init=77      | CLOSED unreplied 10s
		< 0 init=88      | hold CLOSED 10s
		> 88 init-ack=77 | CLOSED 10s
		< 77 init-ack=88 | COOKIE_WAIT 3s
		> 88 cookie-echo | COOKIE_ECHOED 3s
		< 77 cookie-ack  | ESTABLISHED assured 3m30s`},
	{"both send INIT, and one again with another tag", `
		> 0 init=77      | CLOSED unreplied 10s
		< 0 init=88      | hold CLOSED 10s
		> 0 init=77      | hold CLOSED 10s
		< 77 init-ack=89 | invalid CLOSED 10s
		> 0 init=79      | hold CLOSED 10s
		< 79 init-ack=89 | COOKIE_WAIT 3s`},
	{"a stale cookie", `
		> 0 init=77      | CLOSED unreplied 10s
		< 77 init-ack=88 | COOKIE_WAIT 3s
		> 88 cookie-echo | COOKIE_ECHOED 3s
		< 77 error       | CLOSED 10s`},
	{"wrong tags", `
		> 7 init=77      | invalid NONE unreplied 10s
		> 0 init=77      | CLOSED unreplied 10s
		< 76 init-ack=88 | invalid CLOSED unreplied 10s
		< 77 init-ack=88 | COOKIE_WAIT 3s
		> 87 cookie-echo | invalid COOKIE_WAIT 3s
		> 88 cookie-echo | COOKIE_ECHOED 3s
		< 77 cookie-ack  | ESTABLISHED assured 3m30s
		> 87 data        | invalid ESTABLISHED assured 3m30s
		< 5 abort        | invalid ESTABLISHED assured 3m30s
		< 88 abort       | invalid ESTABLISHED assured 3m30s
		< 88 abort/1     | CLOSED assured 10s`},
	{"what begins nothing", `
		> 88 data              | invalid NONE unreplied 10s
		> 88 abort             | invalid NONE unreplied 10s
		> 88 shutdown-complete | invalid NONE unreplied 10s
		> 88 cookie-ack        | invalid NONE unreplied 10s
		> 88 sack              | invalid NONE unreplied 10s
		> 0 init=77            | CLOSED unreplied 10s`},
	{"chunks that may not stand together", `
		> 0 init=77 data          | invalid NONE unreplied 10s
		> 0 init=77               | CLOSED unreplied 10s
		< 77 init-ack=88 data     | invalid CLOSED unreplied 10s
		< 77 init-ack=88          | COOKIE_WAIT 3s
		> 88 data cookie-echo     | invalid COOKIE_WAIT 3s
		> 88 cookie-echo data     | COOKIE_ECHOED 3s`},
	{"only heartbeats", `
		> 88 heartbeat      | HEARTBEAT_SENT unreplied 30s
		> 88 heartbeat      | HEARTBEAT_SENT unreplied 30s
		> 88 data           | HEARTBEAT_SENT unreplied 30s
		< 77 heartbeat-ack  | ESTABLISHED assured 3m30s
		< 77 data           | ESTABLISHED assured 3m30s
		> 88 shutdown       | SHUTDOWN_SENT assured 3s`},
	{"heartbeats of both", `
		> 88 heartbeat      | HEARTBEAT_SENT unreplied 30s
		< 77 heartbeat      | HEARTBEAT_SENT 30s
		> 88 heartbeat-ack  | HEARTBEAT_SENT 30s
		< 77 heartbeat-ack  | ESTABLISHED assured 3m30s`},
	{"the ends began anew elsewhere", `
		> 88 heartbeat      | HEARTBEAT_SENT unreplied 30s
		< 77 heartbeat-ack  | ESTABLISHED assured 3m30s
		> 98 heartbeat      | hold ESTABLISHED assured 3m30s
		< 97 heartbeat-ack  | ESTABLISHED assured 3m30s
		> 98 heartbeat      | ESTABLISHED assured 3m30s
		> 98 data           | ESTABLISHED assured 3m30s
		< 97 data           | ESTABLISHED assured 3m30s`},
	{"a heartbeat that proves nothing", `
		> 88 heartbeat      | HEARTBEAT_SENT unreplied 30s
		< 77 heartbeat-ack  | ESTABLISHED assured 3m30s
		> 98 heartbeat data | invalid ESTABLISHED assured 3m30s
		< 97 heartbeat-ack  | invalid ESTABLISHED assured 3m30s`},
	{"INIT in a shutdown", `
		> 88 heartbeat     | HEARTBEAT_SENT unreplied 30s
		< 77 heartbeat-ack | ESTABLISHED assured 3m30s
		< 77 shutdown      | SHUTDOWN_RECD assured 3s
		> 0 init=99        | CLOSED assured 10s
		< 99 init-ack=98   | COOKIE_WAIT assured 3s`},
	{"INIT of the reply direction", `
		> 88 data          | invalid NONE unreplied 10s
		< 0 init=77        | new CLOSED unreplied 10s
		> 77 init-ack=88   | COOKIE_WAIT 3s`},
	{"a shutdown ack out of the blue", `
		> 88 shutdown-ack         | SHUTDOWN_ACK_SENT unreplied 3s
		< 88 shutdown-complete/1  | invalid SHUTDOWN_ACK_SENT unreplied 3s
		< 88 shutdown-complete    | CLOSED 10s`},
}

func TestSCTPStates(t *testing.T) {
	for _, test := range associations {
		t.Run(test.name, func(t *testing.T) {
			var c Conntrack
			turned := false
			for line := range strings.Lines(strings.TrimSpace(test.lines)) {
				what, want, _ := strings.Cut(strings.TrimSpace(line), "|")
				d, p := sctpPacket(t, what)
				b := dissect.SCTP(craft.Packet(p))
				if turned {
					d = d.Other()
				}
				outcome := c.SCTP(d, b)
				if outcome == New {
					next, to := successor(&c, d)
					turned = turned != (to != d)
					c = next
					if second := c.SCTP(to, b); second != Accept {
						t.Errorf("%s: the new flow says %v", what, second)
					}
				}
				got := describe(&c, protocolSCTP)
				if outcome != Accept {
					got = fmt.Sprint(outcome, " ", got)
				}
				if want := strings.TrimSpace(want); got != want {
					t.Errorf("%s is %s, want %s", strings.TrimSpace(what), got, want)
				}
			}
		})
	}
}

// TestSCTPCutShort cuts a packet everywhere: what is left of it never says more than the whole.
func TestSCTPCutShort(t *testing.T) {
	_, p := sctpPacket(t, "> 88 cookie-echo data")
	b := craft.Packet(p)
	for n := range len(b) {
		var c Conntrack
		if got := c.SCTP(Original, b[:n]); n < sctpHeader+sctpChunkHeader && got != Invalid {
			t.Errorf("%d bytes: %v", n, got)
		}
	}
	_, p = sctpPacket(t, "> 0 init=77")
	b = craft.Packet(p)
	for n := range len(b) {
		var c Conntrack
		if got, whole := c.SCTP(Original, b[:n]), n >= sctpHeader+sctpChunkHeader+4; (got == Accept) != whole || c.begun() != whole {
			t.Errorf("%d bytes of an INIT: %v", n, got)
		}
	}
}

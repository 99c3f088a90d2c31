package flows

import (
	"strings"
	"testing"
)

// connections are what may happen to TCP connections, a line a segment as conversation has them: what comes, and behind the bar the
// outcome, if it is not accept, and what conntrack would show: the state, unreplied, assured, and how long the flow now lives.
// "as no kernel" marks those in which a capture's holes are seen through, which a kernel cannot know of.
var connections = []struct{ name, lines string }{
	{"handshake, data and orderly end", `
		> S      | SYN_SENT unreplied 2m0s
		< SA     | SYN_RECV 1m0s
		> A      | ESTABLISHED assured 120h0m0s
		> PA +10 | ESTABLISHED assured 5m0s
		< A      | ESTABLISHED assured 120h0m0s
		> FA     | FIN_WAIT assured 2m0s
		< A      | CLOSE_WAIT assured 1m0s
		< FA     | LAST_ACK assured 30s
		> A      | TIME_WAIT assured 2m0s`},
	{"the server ends it", `
		> S  | SYN_SENT unreplied 2m0s
		< SA | SYN_RECV 1m0s
		> A  | ESTABLISHED assured 120h0m0s
		< FA | FIN_WAIT assured 2m0s
		> FA | LAST_ACK assured 30s
		< A  | TIME_WAIT assured 2m0s`},
	{"refused, and again", `
		> S          | SYN_SENT unreplied 2m0s
		< RA seq=0   | CLOSE 10s`},
	{"nobody answers", `
		> S       | SYN_SENT unreplied 2m0s
		> S again | hold SYN_SENT unreplied 2m0s
		> S again | hold SYN_SENT unreplied 2m0s`},
	{"SYN and SYN+ACK again", `
		> S        | SYN_SENT unreplied 2m0s
		< SA       | SYN_RECV 1m0s
		> S again  | ignore SYN_RECV 1m0s
		< SA again | SYN_RECV 1m0s
		> A        | ESTABLISHED assured 120h0m0s`},
	{"SYN+ACK again, late", `
		> S        | SYN_SENT unreplied 2m0s
		< SA       | SYN_RECV 1m0s
		> A        | ESTABLISHED assured 120h0m0s
		< SA again | ignore ESTABLISHED assured 120h0m0s
		> A        | ESTABLISHED assured 120h0m0s`},
	{"another SYN before the answer", `
		> S          | SYN_SENT unreplied 2m0s
		> S seq+1000 | hold SYN_SENT unreplied 2m0s
		< SA         | SYN_RECV 1m0s
		> A          | ESTABLISHED assured 120h0m0s`},
	{"simultaneous open", `
		> S        | SYN_SENT unreplied 2m0s
		< S        | hold SYN_SENT2 2m0s
		> SA seq-1 | SYN_RECV 1m0s
		< A        | ESTABLISHED assured 120h0m0s
		> A        | ESTABLISHED assured 120h0m0s`},
	{"simultaneous open, both send SYN+ACK", `
		> S        | SYN_SENT unreplied 2m0s
		< S        | hold SYN_SENT2 2m0s
		< S again  | SYN_SENT2 2m0s
		> SA seq-1 | SYN_RECV 1m0s
		< SA seq-1 | ignore SYN_RECV 1m0s
		> A        | ESTABLISHED assured 120h0m0s`},
	{"simultaneous close", `
		> S             | SYN_SENT unreplied 2m0s
		< SA            | SYN_RECV 1m0s
		> A             | ESTABLISHED assured 120h0m0s
		> FA            | FIN_WAIT assured 2m0s
		< FA ack-1      | LAST_ACK assured 30s
		> A             | TIME_WAIT assured 2m0s
		< A             | TIME_WAIT assured 2m0s`},
	{"the tuple again, after its end", `
		> S          | SYN_SENT unreplied 2m0s
		< SA         | SYN_RECV 1m0s
		> A          | ESTABLISHED assured 120h0m0s
		> FA         | FIN_WAIT assured 2m0s
		< FA         | LAST_ACK assured 30s
		> A          | TIME_WAIT assured 2m0s
		> S seq+9000 | new SYN_SENT unreplied 2m0s
		< SA seq+900 | SYN_RECV 1m0s
		> A          | ESTABLISHED assured 120h0m0s`},
	{"the tuple again, from the other side", `
		> S          | SYN_SENT unreplied 2m0s
		< SA         | SYN_RECV 1m0s
		> A          | ESTABLISHED assured 120h0m0s
		> FA         | FIN_WAIT assured 2m0s
		< FA         | LAST_ACK assured 30s
		> A          | TIME_WAIT assured 2m0s
		< S seq+9000 | new SYN_SENT unreplied 2m0s
		> SA seq+900 | SYN_RECV 1m0s
		< A          | ESTABLISHED assured 120h0m0s`},
	{"aborted by the client, which comes again", `
		> S          | SYN_SENT unreplied 2m0s
		< SA         | SYN_RECV 1m0s
		> A          | ESTABLISHED assured 120h0m0s
		> R          | CLOSE assured 10s
		> S seq+9000 | new SYN_SENT unreplied 2m0s
		< SA seq+900 | SYN_RECV 1m0s`},
	{"aborted by the server, and the client comes again; as no kernel", `
		> S          | SYN_SENT unreplied 2m0s
		< SA         | SYN_RECV 1m0s
		> A          | ESTABLISHED assured 120h0m0s
		< R          | CLOSE assured 10s
		> S seq+9000 | new SYN_SENT unreplied 2m0s
		< SA seq+900 | SYN_RECV 1m0s`},
	{"a SYN in an established connection, which is challenged", `
		> S          | SYN_SENT unreplied 2m0s
		< SA         | SYN_RECV 1m0s
		> A          | ESTABLISHED assured 120h0m0s
		> S seq+9000 | ignore ESTABLISHED assured 120h0m0s
		< A ack=1001 | ESTABLISHED assured 120h0m0s
		> R seq=1001 | CLOSE assured 10s`},
	{"a SYN in an established connection that the server knows no more", `
		> S                  | SYN_SENT unreplied 2m0s
		< SA                 | SYN_RECV 1m0s
		> A                  | ESTABLISHED assured 120h0m0s
		> S seq+9000         | ignore ESTABLISHED assured 120h0m0s
		< RA seq=0           | CLOSE assured 10s`},
	{"a connection whose end was missed, and the next one; as no kernel", `
		> S          | SYN_SENT unreplied 2m0s
		< SA         | SYN_RECV 1m0s
		> A          | ESTABLISHED assured 120h0m0s
		> S seq+9000 | ignore ESTABLISHED assured 120h0m0s
		< SA seq+900 | new SYN_RECV 1m0s
		> A          | ESTABLISHED assured 120h0m0s`},
	{"a SYN behind FINs, and the challenge", `
		> S            | SYN_SENT unreplied 2m0s
		< SA           | SYN_RECV 1m0s
		> A            | ESTABLISHED assured 120h0m0s
		< FA           | FIN_WAIT assured 2m0s
		> FA           | LAST_ACK assured 30s
		> S seq+9000   | ignore LAST_ACK assured 30s
		< A ack=1001   | ignore LAST_ACK assured 30s
		< A ack=1002   | TIME_WAIT assured 2m0s`},
	{"half open: the server has an old connection", `
		> S              | SYN_SENT unreplied 2m0s
		< A seq=77 ack=4 | ignore SYN_SENT 2m0s
		> R seq=4        | CLOSE 10s`},
	{"half open: its ACK is answered without a number that fits", `
		> S                    | SYN_SENT unreplied 2m0s
		< A seq=77 ack=4 +5    | ignore SYN_SENT 2m0s
		> RA seq=9999999 ack=82 | CLOSE 10s`},
	{"resets in an established connection", `
		> S            | SYN_SENT unreplied 2m0s
		< SA           | SYN_RECV 1m0s
		> A +10        | ESTABLISHED assured 5m0s
		< A            | ESTABLISHED assured 120h0m0s
		< R seq-1      | invalid ESTABLISHED assured 120h0m0s
		< R seq+9      | ESTABLISHED assured 10s
		< A            | ESTABLISHED assured 5m0s
		< R            | CLOSE assured 10s`},
	{"a reset behind data that was not acknowledged", `
		> S       | SYN_SENT unreplied 2m0s
		< SA      | SYN_RECV 1m0s
		> A       | ESTABLISHED assured 120h0m0s
		< A +100  | ESTABLISHED assured 5m0s
		< RA      | CLOSE assured 10s`},
	{"a reset with number 0 before the handshake is over", `
		> S        | SYN_SENT unreplied 2m0s
		< SA       | SYN_RECV 1m0s
		> R seq=0  | CLOSE 10s`},
	{"in the middle of a connection", `
		> A +100 | ESTABLISHED unreplied 5m0s
		< A      | ESTABLISHED 5m0s
		> A      | ESTABLISHED assured 120h0m0s
		< FA     | FIN_WAIT assured 2m0s
		> FA     | LAST_ACK assured 30s
		< A      | TIME_WAIT assured 2m0s`},
	{"in the middle, scaled windows", `
		> A +100 win=10   | ESTABLISHED unreplied 5m0s
		< A +9000 win=10  | ESTABLISHED 5m0s
		> A win=10        | ESTABLISHED assured 120h0m0s
		< A +9000 win=10  | ESTABLISHED assured 5m0s
		> A win=10        | ESTABLISHED assured 120h0m0s
		> RA              | CLOSE assured 10s`},
	{"what begins nothing", `
		< SA   | invalid NONE unreplied 10s
		> FA   | invalid NONE unreplied 10s
		> R    | invalid NONE unreplied 10s
		> -    | invalid NONE unreplied 10s
		> S    | SYN_SENT unreplied 2m0s`},
	{"impossible flags", `
		> S      | SYN_SENT unreplied 2m0s
		< SA     | SYN_RECV 1m0s
		> SF     | invalid SYN_RECV 1m0s
		> F      | invalid SYN_RECV 1m0s
		> P      | invalid SYN_RECV 1m0s
		> SR     | invalid SYN_RECV 1m0s
		> RAU    | invalid SYN_RECV 1m0s
		> AUPEC seq=1001 | ESTABLISHED assured 120h0m0s`},
	{"what no state has room for", `
		> S  | SYN_SENT unreplied 2m0s
		< FA | invalid SYN_SENT unreplied 2m0s
		> SA | invalid SYN_SENT unreplied 2m0s
		< SA | SYN_RECV 1m0s
		< S  | invalid SYN_RECV 1m0s
		> A  | ESTABLISHED assured 120h0m0s
		> SA | invalid ESTABLISHED assured 120h0m0s
		< S  | invalid ESTABLISHED assured 120h0m0s`},
	{"zero window", `
		> S       | SYN_SENT unreplied 2m0s
		< SA      | SYN_RECV 1m0s
		> A       | ESTABLISHED assured 120h0m0s
		< A win=0 | ESTABLISHED assured 5m0s
		< A       | ESTABLISHED assured 120h0m0s`},
	{"an ACK four times is one that is not heard", `
		> S       | SYN_SENT unreplied 2m0s
		< SA      | SYN_RECV 1m0s
		> A       | ESTABLISHED assured 120h0m0s
		< A       | ESTABLISHED assured 120h0m0s
		< A       | ESTABLISHED assured 120h0m0s
		< A       | ESTABLISHED assured 120h0m0s
		< A       | ESTABLISHED assured 5m0s
		> A       | ESTABLISHED assured 120h0m0s`},
	{"keepalives", `
		> S       | SYN_SENT unreplied 2m0s
		< SA      | SYN_RECV 1m0s
		> A       | ESTABLISHED assured 120h0m0s
		> A seq-1 | ESTABLISHED assured 120h0m0s
		< A       | ESTABLISHED assured 120h0m0s`},
	{"keepalive in the middle", `
		> A seq-1       | ESTABLISHED unreplied 5m0s
		< A ack=1000    | ESTABLISHED 5m0s
		> A             | ESTABLISHED assured 120h0m0s`},
	{"selective acknowledgment", `
		> S                | SYN_SENT unreplied 2m0s
		< SA               | SYN_RECV 1m0s
		> A +1000          | ESTABLISHED assured 5m0s
		> A +1000          | ESTABLISHED assured 5m0s
		< A ack-2000 sack+2000 | ESTABLISHED assured 5m0s
		< A                | ESTABLISHED assured 120h0m0s`},
	{"windows that only one side would scale", `
		> S           | SYN_SENT unreplied 2m0s
		< SA plain win=100 | SYN_RECV 1m0s
		> A           | ESTABLISHED assured 120h0m0s
		< A win=100   | ESTABLISHED assured 120h0m0s
		> A +90       | ESTABLISHED assured 5m0s
		< A win=100   | ESTABLISHED assured 120h0m0s`},
	{"urgent, congestion", `
		> SEC | SYN_SENT unreplied 2m0s
		< SAE | SYN_RECV 1m0s
		> A   | ESTABLISHED assured 120h0m0s`},

	{"a SYN+ACK was not captured; as no kernel", `
		> S       | SYN_SENT unreplied 2m0s
		< SA lost |
		> A       | ESTABLISHED unreplied 5m0s
		< A +100  | ESTABLISHED 5m0s
		> A       | ESTABLISHED assured 120h0m0s`},
	{"only one direction was captured; as no kernel", `
		> S             | SYN_SENT unreplied 2m0s
		< SA lost       |
		> A             | ESTABLISHED unreplied 5m0s
		> A +100        | ESTABLISHED unreplied 5m0s
		< A +1000 lost  |
		> A             | ESTABLISHED unreplied 5m0s
		> FA            | FIN_WAIT unreplied 2m0s
		< FA lost       |
		> A             | CLOSE_WAIT unreplied 1m0s`},
	{"only the reply direction was captured; as no kernel", `
		> S lost        |
		< SA            | invalid NONE unreplied 10s
		> A lost        |
		< A             | ESTABLISHED unreplied 5m0s
		< A +1000       | ESTABLISHED unreplied 5m0s
		< FA            | FIN_WAIT unreplied 2m0s`},
	{"a hole longer than the window, and a reset; as no kernel", `
		> S              | SYN_SENT unreplied 2m0s
		< SA             | SYN_RECV 1m0s
		> A              | ESTABLISHED assured 120h0m0s
		< A +900000 lost |
		> A lost         |
		< A +900000 lost |
		> A              | ESTABLISHED assured 120h0m0s
		< A +1000        | ESTABLISHED assured 5m0s
		> A              | ESTABLISHED assured 120h0m0s
		< R              | CLOSE assured 10s`},
	{"a hole in both directions, and an orderly end; as no kernel", `
		> S              | SYN_SENT unreplied 2m0s
		< SA             | SYN_RECV 1m0s
		> A              | ESTABLISHED assured 120h0m0s
		< A +9000000 lost |
		> A +9000000 lost |
		< FA             | FIN_WAIT assured 2m0s
		> FA             | LAST_ACK assured 30s
		< A              | TIME_WAIT assured 2m0s`},
	{"the last ACKs were not captured", `
		> S        | SYN_SENT unreplied 2m0s
		< SA       | SYN_RECV 1m0s
		> A lost   |
		> FA       | FIN_WAIT 2m0s
		< FA       | LAST_ACK 30s`},
}

func TestTCPStates(t *testing.T) {
	for _, test := range connections {
		t.Run(test.name, func(t *testing.T) {
			v := newConversation()
			var c Conntrack
			turned := false
			for line := range strings.Lines(strings.TrimSpace(test.lines)) {
				what, want, _ := strings.Cut(strings.TrimSpace(line), "|")
				d, s, lost, rest, err := v.segment(what)
				if err != nil || rest != nil {
					t.Fatalf("%s: %v, %q left", line, err, rest)
				}
				if lost {
					continue
				}
				if turned {
					d = d.Other()
				}
				outcome := c.TCP(d, &s)
				if outcome == New {
					next, to := successor(&c, d)
					turned = turned != (to != d)
					c = next
					if second := c.TCP(to, &s); second != Accept {
						t.Errorf("%s: the new flow says %v", what, second)
					}
				}
				got := describe(&c, protocolTCP)
				if outcome != Accept {
					got = outcome.String() + " " + got
				}
				if want := strings.TrimSpace(want); got != want {
					t.Errorf("%s is %s, want %s", strings.TrimSpace(what), got, want)
				}
			}
		})
	}
}

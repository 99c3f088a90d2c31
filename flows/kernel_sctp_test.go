//go:build linux

package flows

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pktscope/dissect"
	"pktscope/internal/craft"
)

// fuzzedAssociation is the beginning of an association that goes well, and then what may or may not follow.
func fuzzedAssociation(random *rand.Rand) (lines []string) {
	tags := [2]int{88, 77} // what the packets of a direction carry
	good := []string{"> 0 init=77", "< 77 init-ack=88", "> 88 cookie-echo", "< 77 cookie-ack", "> 88 data", "> 88 shutdown", "< 77 shutdown-ack"}
	switch random.IntN(4) {
	case 0:
		good = []string{"> 88 heartbeat", "< 77 heartbeat-ack", "> 88 data", "< 77 shutdown", "> 88 shutdown-ack"}
	case 1:
		good = []string{"> 0 init=77", "< 0 init=88", "> 88 init-ack=77", "< 77 init-ack=88", "> 88 cookie-echo"}
	}
	lines = append(lines, good[:random.IntN(len(good)+1)]...)
	names := []string{"init", "init-ack", "abort", "abort/1", "shutdown", "shutdown-ack", "error", "cookie-echo", "cookie-ack",
		"shutdown-complete", "shutdown-complete/1", "heartbeat", "heartbeat-ack", "heartbeat", "heartbeat-ack", "data", "sack", "auth", "asconf"}
	for range 1 + random.IntN(8) {
		d := random.IntN(2)
		tag := tags[d]
		switch random.IntN(8) {
		case 0:
			tag = tags[1-d]
		case 1:
			tag = 0
		case 2:
			tag = 60 + random.IntN(3)
		}
		line := ""
		for range 1 + random.IntN(8)/6 {
			name := names[random.IntN(len(names))]
			switch name {
			case "init":
				if random.IntN(6) > 0 {
					tag = 0
				}
				name += fmt.Sprintf("=%d", tags[1-d]+random.IntN(5)/4)
			case "init-ack":
				name += fmt.Sprintf("=%d", tags[1-d]+random.IntN(5)/4)
			}
			line += " " + name
		}
		lines = append(lines, fmt.Sprintf("%s %d%s", [...]string{">", "<"}[d], tag, line))
	}
	return lines
}

func TestSCTPAsKernel(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	r := newRouter(t)
	random := rand.New(rand.NewPCG(4, 2))
	type association struct {
		tracked
		lines        []string
		turned, done bool
		now          bool // a packet of it was sent in this step
		before       Conntrack
	}
	var all []*association
	for range 1200 {
		all = append(all, &association{lines: fuzzedAssociation(random)})
	}
	for _, test := range associations {
		a := &association{}
		for line := range strings.Lines(strings.TrimSpace(test.lines)) {
			line, _, _ = strings.Cut(line, "|")
			a.lines = append(a.lines, strings.TrimSpace(line))
		}
		all = append(all, a)
	}
	const firstPort = 20000
	compared := map[string]int{}
	for step, more := 0, true; more; step++ {
		more = false
		start := time.Now()
		for i, a := range all {
			a.now = !a.done && step < len(a.lines)
			if !a.now {
				continue
			}
			more = true
			d, p := sctpPacket(t, a.lines[step])
			p.Src, p.Dst = firstPort+uint16(i), 9002
			if d == Reply {
				p.Src, p.Dst = p.Dst, p.Src
			}
			r.send(t, d, p)
			if !a.c.begun() {
				a.turned = d == Reply
			}
			if a.turned {
				d = d.Other()
			}
			a.before = a.c
			a.took(a.c.SCTP(d, dissect.SCTP(craft.Packet(p))), protocolSCTP)
		}
		rows := r.table(t, "sctp")
		if time.Since(start) > 2*time.Second {
			t.Skip("the machine is too busy: what is beginning or ending may have timed out")
		}
		for i, a := range all {
			if !a.now {
				continue
			}
			row, there := rows[place{client, firstPort + uint16(i)}]
			if err := a.compare(protocolSCTP, row, there, start); err != nil {
				t.Errorf("%s:\n%v; before it was %s", strings.Join(a.lines[:step+1], "\n"), err, describe(&a.before, protocolSCTP))
				a.done = true
			}
			compared[a.c.State().String()]++
		}
	}
	t.Log(compared)
}

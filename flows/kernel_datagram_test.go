//go:build linux

package flows

import (
	"fmt"
	"testing"
	"time"

	"pktscope/internal/craft"
)

// datagramPatterns are what is sent at each of datagramMoments: > and < for a packet of a direction, . for none.
var datagramPatterns = []string{
	">....", "><...", "><>..", "><><.",
	">..>.", ">..><", ">..<>", "><.>.", "><.<.", "><.><",
	">>>>>", ">>><>", ">.<.<", "><><>",
}

var datagramMoments = []time.Duration{0, 100 * time.Millisecond, 200 * time.Millisecond, 2300 * time.Millisecond, 2400 * time.Millisecond}

// TestDatagramsAsKernel sends datagrams of each protocol without states through the kernel, a pattern from each address.
func TestDatagramsAsKernel(t *testing.T) {
	if !inNamespace(t) {
		return
	}
	r := newRouter(t)
	protocols := []struct {
		name     string
		protocol uint8
		number   uint16 // what the table shows behind the client's address
		take     func(c *Conntrack, d Direction, now int64) Outcome
		layers   func(d Direction) []craft.Layer
	}{
		{"udp", protocolUDP, 7000, (*Conntrack).UDP, func(d Direction) []craft.Layer {
			return []craft.Layer{craft.UDP{Src: 7000 + 2*uint16(d), Dst: 7002 - 2*uint16(d)}, craft.Payload("x")}
		}},
		{"udplite", protocolUDPLite, 7000, func(c *Conntrack, d Direction, _ int64) Outcome {
			return c.UDPLite(d)
		}, func(d Direction) []craft.Layer {
			return []craft.Layer{craft.UDPLite{Src: 7000 + 2*uint16(d), Dst: 7002 - 2*uint16(d)}, craft.Payload("x")}
		}},
		{"gre", protocolGRE, 0, func(c *Conntrack, d Direction, _ int64) Outcome { return c.GRE(d) }, func(Direction) []craft.Layer {
			return []craft.Layer{craft.GRE{Protocol: 0x88b5}, craft.Payload("x")}
		}},
		{"icmp", protocolICMP, 9, func(c *Conntrack, d Direction, _ int64) Outcome {
			return c.ICMP(d, [...]uint8{8, 0}[d])
		}, func(d Direction) []craft.Layer {
			return []craft.Layer{craft.ICMP{Type: [...]uint8{8, 0}[d], Rest: craft.Echo(9, 1)}}
		}},
		{"unknown", 253, 0, func(c *Conntrack, d Direction, _ int64) Outcome { return c.Generic(d) }, func(Direction) []craft.Layer {
			return []craft.Layer{craft.Payload("datagram")}
		}},
	}
	start := time.Now()
	flows := make([][]tracked, len(protocols))
	compared := 0
	for moment, at := range datagramMoments {
		time.Sleep(at - time.Since(start))
		now := time.Now()
		if now.Sub(start) > at+time.Second {
			t.Skip("the machine is too busy for moments")
		}
		for i, p := range protocols {
			if moment == 0 {
				flows[i] = make([]tracked, len(datagramPatterns))
			}
			for j, pattern := range datagramPatterns {
				f := &flows[i][j]
				f.renewed = false
				d := Original
				switch pattern[moment] {
				case '.':
					continue
				case '<':
					d = Reply
				}
				r.sendOf(t, fmt.Sprint(clientNet, 10+j), p.protocol, d, p.layers(d)...)
				f.took(p.take(&f.c, d, int64(at)), p.protocol)
			}
		}
		for i, p := range protocols {
			rows := r.table(t, p.name)
			for j, pattern := range datagramPatterns {
				row, there := rows[place{fmt.Sprint(clientNet, 10+j), p.number}]
				compared++
				if err := flows[i][j].compare(p.protocol, row, there, now); err != nil {
					t.Errorf("%s %s after %v: %v", p.name, pattern[:moment+1], at, err)
				}
			}
		}
	}
	t.Logf("%d states compared", compared)
}

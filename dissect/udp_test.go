package dissect

import (
	"encoding/binary"
	"testing"

	"pktscope/internal/craft"
)

func TestUDPLength(t *testing.T) {
	for _, c := range []struct {
		name    string
		ip      craft.Layer
		length  uint16
		layers  string
		verdict string
	}{
		{"right", craft.IPv4{}, 13, "eth ip udp data", "good,good"},
		{"0 over IPv4", craft.IPv4{}, 0, "eth ip udp", "good"},
		{"less than the header", craft.IPv4{}, 7, "eth ip udp", "good"},
		{"beyond the IP packet", craft.IPv4{}, 14, "eth ip udp data", "good,unverifiable"},
		{"a jumbogram's", craft.IPv6{}, 0, "eth ipv6 udp data", "bad"}, // the length is summed, too
	} {
		p := decode(t, craft.Packet(craft.Ethernet{}, c.ip,
			craft.Edit(craft.UDP{Src: 40000, Dst: 40001}, func(b []byte) { binary.BigEndian.PutUint16(b[4:], c.length) }), craft.Payload("hello")))
		t.Run(c.name, func(t *testing.T) {
			layers(t, p, c.layers)
			want(t, p, "pktscope.checksum.verdict", c.verdict)
		})
	}
	p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 40000, Dst: 40001}, craft.Payload("hello")))
	want(t, p, "udp.payload", "68656c6c6f")
}

func TestUDPLite(t *testing.T) {
	frame := func(ip craft.Layer, coverage uint16) []byte {
		return craft.Packet(craft.Ethernet{}, ip, craft.UDPLite{Src: 40000, Dst: 40001, Coverage: coverage}, craft.Payload("hello world!"))
	}
	for _, ip := range []craft.Layer{craft.IPv4{}, craft.IPv6{}} {
		for coverage := uint16(8); coverage <= 20; coverage++ {
			b := frame(ip, coverage)
			p := decode(t, b)
			lite := len(p.Layers) - 2
			if p.Layers[lite].Verdict != Good {
				t.Fatalf("coverage %d: checksum %s", coverage, p.Layers[lite].Verdict)
			}
			// A flipped bit counts if it is covered.
			for at := 8; at < 20; at++ {
				want := Good
				if at < int(coverage) {
					want = Bad
				}
				b[len(b)-20+at] ^= 0x10
				if got := decode(t, b).Layers[lite].Verdict; got != want {
					t.Errorf("coverage %d, bit flipped in byte %d: checksum %s, want %s", coverage, at, got, want)
				}
				b[len(b)-20+at] ^= 0x10
			}
		}
	}
	for _, c := range []struct {
		coverage uint16
		checksum byte
		verdict  Verdict
		bad      string
	}{{7, 1, Unverifiable, "1"}, {21, 1, Unverifiable, "1"}, {0, 0, Illegal, ""}} {
		b := frame(craft.IPv4{}, 0)
		binary.BigEndian.PutUint16(b[38:], c.coverage)
		b[40], b[41] = 0, c.checksum
		p := decode(t, b)
		if got := p.Layers[3].Verdict; got != c.verdict {
			t.Errorf("coverage %d, checksum %d: %s, want %s", c.coverage, c.checksum, got, c.verdict)
		}
		want(t, p, "udplite.checksum_coverage.bad", c.bad)
		if odd := len(p.Anomalies) > 0 && p.Anomalies[0].Kind == InvalidCoverage; odd != (c.bad != "") {
			t.Errorf("coverage %d: anomalies %v", c.coverage, p.Anomalies)
		}
		want(t, p, "udp.length", "20")
	}
}

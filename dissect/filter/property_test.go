package filter_test

import (
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/internal/craft"
)

// samples are packets of different kinds, one of them cut off.
func samples(t testing.TB) []*dissect.Packet {
	tunnel := overlay(t)
	return []*dissect.Packet{
		tunnel,
		decode(t, tunnel.Data[:70]),
		decode(t, craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.UDP{Src: 53, Dst: 5353}, craft.Payload("\x00\x01"))),
		decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.TCP{Src: 80, Dst: 1024, Flags: craft.ACK})),
		decode(t, []byte{1, 2, 3}),
		decode(t, nil),
	}
}

func FuzzFilter(f *testing.F) {
	for _, text := range []string{
		`ip.src == 10.0.0.0/8 and not (tcp.port in {80, 443..500} xor udp)`,
		`eth.src[0:3,-1] == 02:00:00:01 || frame matches r"\x00.a"`,
		`all tcp.flags & 0x12 === 2 or any ip.ttl !== 64`,
		`max(tcp.port, -ip.ttl) + {3 * 5} % 2 < len(ip) / 0`,
		`ip.src#[1-2,-1] != ipv6.src#3 or inner.eth.dst contains "\u00e9\x41"`,
		`upper(frame.interface_name) ~ "^T" and frame.time_epoch > -1.5 and 'a' < ip.ttl`,
		`string(ip.addr) contains "1" && count(eth.addr) == 4 && pktscope.checksum.verdict == bad`,
		`ip.addr & 255.255.0.0 == 10.1.0.0 ^^ .tcp and tcp.srcport == :80`,
	} {
		f.Add(text)
	}
	packets := samples(f)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := filter.Compile(text)
		if err != nil {
			if s := err.Error(); strings.Count(s, "\n") != 2 {
				t.Errorf("%q: not three lines: %s", text, s)
			}
			return
		}
		not, err := filter.Compile("not (" + text + ")")
		if err != nil {
			if strings.TrimSpace(text) == "" {
				return
			}
			t.Fatalf("%q can be asked, and not the contrary: %v", text, err)
		}
		both := compile(t, "("+text+") and tcp")
		either := compile(t, "("+text+") or tcp")
		odd := compile(t, "("+text+") xor tcp")
		tcp := compile(t, "tcp")
		for i, p := range packets {
			x, y := a.Match(p), tcp.Match(p)
			if a.Match(p) != x {
				t.Errorf("%q changes its mind about packet %d", text, i)
			}
			if not.Match(p) == x || both.Match(p) != (x && y) || either.Match(p) != (x || y) || odd.Match(p) != (x != y) {
				t.Errorf("%q of packet %d is %v: not %v, and %v, or %v, xor %v", text, i, x, not.Match(p), both.Match(p), either.Match(p), odd.Match(p))
			}
		}
	})
}

// The four ways to say equal or not are each other's contrary, of packets that have the field.
func TestContraries(t *testing.T) {
	for _, c := range []struct{ field, value string }{
		{"ip.ttl", "64"}, {"ip.addr", "10.0.0.0/8"}, {"tcp.port", "80"}, {"eth.addr", "02:00:00:00:00:01"}, {"ipv6.src", "::/0"},
		{"frame.interface_name", "tap1"}, {"vxlan.vni", "5001"}, {"ip.src", "ip.dst"}, {"eth.src[0]", "02"},
	} {
		there := compile(t, c.field)
		for _, contrary := range [][2]string{{"==", "!="}, {"===", "!=="}} {
			a, b := compile(t, c.field+contrary[0]+c.value), compile(t, c.field+contrary[1]+c.value)
			for i, p := range samples(t) {
				if there.Match(p) && a.Match(p) == b.Match(p) {
					t.Errorf("%s and %s are both %v of packet %d", a, b, a.Match(p), i)
				}
				if !there.Match(p) && (a.Match(p) || b.Match(p)) {
					t.Errorf("%s is compared in packet %d, which does not have it", c.field, i)
				}
			}
		}
	}
}

func TestNoAllocation(t *testing.T) {
	tunnel := overlay(t)
	frame := tunnel.Frame
	for _, text := range []string{
		"vxlan.vni == 5001 and tcp.port == 443",
		"ip.addr in {192.168.0.0/16, 10.0.0.9} or eth.type == ARP or frame.len < 5",
		`frame.interface_name matches "^TAP" and tcp contains "hello" and eth.dst matches "\xff"`,
		`eth.src[0:2,5] == 02:00:01 and upper(frame.interface_name) == "TAP1"`,
		"{tcp.srcport - tcp.dstport} & 0xff > 5 and ip.src & 255.0.0.0 == 10.0.0.0 and string(ip.ttl) == \"64\"",
		"inner.ip.src == 10.0.0.1 and ip.src#[1-2] != ip.dst and max(ip.ttl, ip.len) > 1 and pktscope.checksum.verdict == good",
	} {
		f := compile(t, text)
		f.Match(tunnel)
		if n := testing.AllocsPerRun(100, func() {
			decoder.Decode(tunnel, &frame)
			tunnel.Verify()
			f.Match(tunnel)
		}); n != 0 {
			t.Errorf("%s: %v allocations a packet", text, n)
		}
	}
}

// A filter that is asked by two goroutines is cloned; the race detector sees if that is not enough.
func TestClones(t *testing.T) {
	a := compile(t, "ip.src#2 == 10.0.0.1 and upper(frame.interface_name) == TAP1")
	b := a.Clone()
	done := make(chan bool, 2)
	for _, f := range []*filter.Filter{a, b} {
		p := overlay(t)
		go func() {
			for range 100 {
				f.Match(p)
			}
			done <- f.Match(p)
		}()
	}
	for range cap(done) {
		if !<-done {
			t.Error("a clone does not match")
		}
	}
}

func TestFields(t *testing.T) {
	for _, c := range []struct {
		text, fields string
		verify       bool
	}{
		{"tcp and ip", "", false},
		{"ip.addr == 10.0.0.1 or tcp.port == 80", "ip.src ip.dst tcp.srcport tcp.dstport", false},
		{"ip.checksum.status == Bad", "ip.checksum.status", true},
		{"not pktscope.checksum.verdict == good", "pktscope.checksum.verdict", true},
		{"pktscope.anomaly", "pktscope.anomaly", false},
	} {
		f := compile(t, c.text)
		var names []string
		for _, field := range f.Fields() {
			names = append(names, field.Name)
		}
		if got := strings.Join(names, " "); got != c.fields || f.NeedsChecksums() != c.verify {
			t.Errorf("%s reads %q, needs checksums %v", c.text, got, f.NeedsChecksums())
		}
	}
}

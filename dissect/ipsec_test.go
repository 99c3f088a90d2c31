package dissect

import (
	"bytes"
	"compress/flate"
	"testing"

	"pktscope/internal/craft"
)

func TestAH(t *testing.T) {
	for _, ip := range []craft.Layer{craft.IPv4{}, craft.IPv6{}} {
		p := decode(t, craft.Packet(craft.Ethernet{}, ip, craft.AH{SPI: 7, Sequence: 9, ICV: []byte("0123456789ab")}, craft.UDP{Src: 40000, Dst: 40001}, craft.Payload("hello")))
		want(t, p, "ah.spi", "0x00000007")
		want(t, p, "ah.sequence", "9")
		want(t, p, "ah.next_header", "17")
		want(t, p, "ah.icv", "303132333435363738396162")
		want(t, p, "udp.checksum.status", "1")
	}
	b := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.AH{}, craft.UDP{Src: 1, Dst: 2})
	b[35] = 0 // 8 bytes: less than the fixed part
	if p := decode(t, b); p.Stop.String() != "ah: ah.length says 8 bytes, at least 12 are needed" {
		t.Error(p.Stop)
	}
	b[35] = 255
	if p := decode(t, b); p.Stop.Reason != StopShort {
		t.Error(p.Stop)
	}
}

func TestUDPEncap(t *testing.T) {
	for _, c := range []struct {
		payload        []byte
		layers         string
		keepalive, ike string
	}{
		{[]byte{0xff}, "eth ip udp udpencap", "1", ""},
		{[]byte{0, 0, 0, 0, 1, 2, 3, 4}, "eth ip udp udpencap data", "", "1"},
		{[]byte{1, 0, 0, 0, 0, 0, 0, 5, 9, 9}, "eth ip udp udpencap esp data", "", ""},
		{[]byte{1, 2}, "eth ip udp udpencap", "", ""},
	} {
		p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 4500, Dst: 4500}, craft.Payload(c.payload)))
		layers(t, p, c.layers)
		want(t, p, "udpencap.nat_keepalive", c.keepalive)
		want(t, p, "udpencap.non_esp_marker", c.ike)
	}
}

// guessing looks into ESP for the NULL cipher.
func guessing(b []byte) *Packet {
	p := new(Packet)
	NewConfig(Options{NullESP: true, Cookie: -1}).NewDecoder().Decode(p, &Frame{Data: b, WireLen: len(b), Point: ethernetPoint})
	p.Verify()
	return p
}

func TestNullESP(t *testing.T) {
	inner := map[string][]craft.Layer{
		"ip udp data":   {craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("hello")},
		"ipv6 tcp data": {craft.IPv6{}, craft.TCP{Src: 1, Dst: 2}, craft.Payload("hello")},
		"tcp data":      {craft.TCP{Src: 40000, Dst: 40001}, craft.Payload("hello")},
		"udp data":      {craft.UDP{Src: 40000, Dst: 40001}, craft.Payload("hello")},
	}
	for names, layersInside := range inner {
		for _, icv := range []int{0, 12, 16, 24, 32} {
			b := craft.Packet(append([]craft.Layer{craft.Ethernet{}, craft.IPv4{}, craft.ESP{SPI: 256, Sequence: 1, ICV: randomBytes(icv)}}, layersInside...)...)
			p := guessing(b)
			layers(t, p, "eth ip esp "+names)
			for i, l := range p.Layers[1:] {
				if guessed := l.Flags&Guessed != 0; guessed != (i > 2) {
					t.Errorf("%s: layer %s, guessed: %v", names, l.Protocol, guessed)
				}
				if l.Protocol == udp.ID && l.Verdict != Good {
					t.Errorf("%s: checksum inside is %s", names, l.Verdict)
				}
			}
			if icv > 0 && len(p.Layers) > 4 {
				want(t, p, "esp.icv", string(appendHexBytes(nil, b[len(b)-icv:])))
			}
			checkPacket(t, p)
			layers(t, decode(t, b), "eth ip esp data") // nobody asked for guesses
			b[len(b)-icv-1] = 99
			layers(t, guessing(b), "eth ip esp data")
		}
	}
}

// Encrypted bytes are not taken for something.
func TestNullESPOnNoise(t *testing.T) {
	for n := 100; n < 1000; n++ {
		b := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.ESP{SPI: 1}, craft.Payload(randomBytes(n)))
		layers(t, guessing(b), "eth ip esp data")
	}
}

func deflate(b []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, 9)
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func TestIPComp(t *testing.T) {
	plain := craft.Packet(craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 1, Dst: 2}, craft.Payload(bytes.Repeat([]byte("hello"), 100)))
	resolved := func(cpi uint16, compressed []byte) *Packet {
		p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{Protocol: 108}, craft.Payload(append([]byte{4, 0, byte(cpi >> 8), byte(cpi)}, compressed...))))
		defaultConfig.NewResolver().Resolve(p)
		p.Verify()
		checkPacket(t, p)
		return p
	}
	p := resolved(2, deflate(plain))
	layers(t, p, "eth ip ipcomp data ip udp data")
	want(t, p, "udp.checksum.status", "1")
	want(t, p, "pktscope.guessed", "")
	if p.Stop.Reason != StopNone {
		t.Error(p.Stop)
	}
	p = resolved(256, deflate(plain)) // two peers agreed on the algorithm
	want(t, p, "ipcomp.cpi", "0x0100")
	want(t, p, "pktscope.guessed", "1,1,1")
	for name, b := range map[string][]byte{"noise": randomBytes(100), "too much": deflate(make([]byte, 1<<20)), "cut off": deflate(plain)[:20],
		"with a rest": append(deflate(plain), 0)} {
		if p := resolved(2, b); layerNames(p) != "eth ip ipcomp data" || p.Stop.Reason != StopOpaque {
			t.Errorf("%s: %s, %s", name, layerNames(p), p.Stop)
		}
	}
}

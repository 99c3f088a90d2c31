package dissect

import (
	"encoding/json"
	"fmt"
	"testing"

	"pktscope/internal/craft"
)

// overlay is Ethernet/VLAN/IPv4/UDP/VXLAN/Ethernet/IPv4/TCP with 64 bytes of payload.
func overlay() []byte {
	return craft.Packet(
		craft.Ethernet{}, craft.VLAN{ID: 100, Priority: 3},
		craft.IPv4{Src: "172.17.10.10", Dst: "172.16.11.10"}, craft.UDP{Src: 49152, Dst: 4789}, craft.VXLAN{VNI: 5001},
		craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.TCP{Src: 40000, Dst: 8001, Seq: 1000},
		craft.Payload(make([]byte, 64)))
}

func TestOverlay(t *testing.T) {
	p := decode(t, overlay())
	layers(t, p, "eth vlan ip udp vxlan eth ip tcp data")
	want(t, p, "vlan.id", "100")
	want(t, p, "vxlan.vni", "5001")
	want(t, p, "ip.src", "172.17.10.10,10.0.0.1")
	want(t, p, "ip.checksum.status", "1,1")
	want(t, p, "tcp.checksum.status", "1")
	want(t, p, "tcp.len", "64")
	if p.Stop.Reason != StopNone {
		t.Errorf("stop: %s", p.Stop)
	}
}

// Whatever length a packet is cut to, what is decoded is a prefix of the whole packet's layers, and the packet says that it was
// cut.
func TestTruncation(t *testing.T) {
	b := overlay()
	whole := decode(t, b)
	for n := range b {
		p := decodeFrame(Frame{Data: b[:n:n], WireLen: len(b), Point: ethernetPoint})
		if len(p.Layers) > len(whole.Layers) {
			t.Fatalf("%d of %d bytes give more layers than all: %s", n, len(b), layerNames(p))
		}
		for i, l := range p.Layers {
			full := whole.Layers[i]
			if l.Protocol != full.Protocol || l.Start != full.Start || l.Parent != full.Parent {
				t.Fatalf("%d bytes: layer %d is %s, of all bytes %s", n, i, l.Protocol, full.Protocol)
			}
			if p.Whole(&l) != (int(l.End) <= n) {
				t.Fatalf("%d bytes: layer %s does not know whether it is whole", n, l.Protocol)
			}
		}
		last := p.Layers[len(p.Layers)-1]
		if last.Flags&Partial != 0 && p.Stop.Reason != StopTruncated {
			t.Fatalf("%d bytes: the last layer %s is partial, but the stop is %s", n, last.Protocol, p.Stop)
		}
	}
}

// One flipped bit under a checksum makes it bad, and the diagnosis names the bit.
func TestFlippedBit(t *testing.T) {
	b := overlay()
	for bit := range 64 * 8 {
		at := len(b) - 64 + bit/8
		b[at] ^= 0x80 >> (bit % 8)
		p := decode(t, b)
		tcp := len(p.Layers) - 2
		c := verifyTCP(p, tcp)
		got, ok := c.FlippedBit()
		position := 15 - bit%16
		if p.Layers[tcp].Verdict != Bad || !ok || got != position {
			t.Fatalf("bit %d flipped: %s, bit %d (%v), want bad, bit %d", bit, c.Verdict, got, ok, position)
		}
		b[at] ^= 0x80 >> (bit % 8)
	}
}

func TestStops(t *testing.T) {
	ip := func(edit func([]byte)) []byte {
		return craft.Packet(craft.Ethernet{}, craft.Edit(craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, edit), craft.UDP{Src: 1, Dst: 2}, craft.Payload("hello"))
	}
	for _, c := range []struct {
		name, stop string
		frame      []byte
	}{
		{"header length below 20", "ip: ip.hdr_len says 16 bytes, at least 20 are needed", ip(func(b []byte) { b[0] = 0x44 })},
		{"total length below the header", "ip: ip.len says 19 bytes, at least 20 are needed", ip(func(b []byte) { b[2], b[3] = 0, 19 })},
		{"total length leaves too little", "udp needs 8 bytes, 3 left, limited by ip.len", ip(func(b []byte) { b[2], b[3] = 0, 23 })},
		{"version", "ip: bad-version", ip(func(b []byte) { b[0] = 0x95 })},
		{"unknown protocol", "ip names ip.proto 253, which is not known", ip(func(b []byte) { b[9] = 0xfd })},
		{"unknown type", "eth names ethertype 0x1234, which is not known", append(make([]byte, 12), 0x12, 0x34, 0)},
	} {
		if p := decode(t, c.frame); p.Stop.String() != c.stop {
			t.Errorf("%s: %s, want %s", c.name, p.Stop, c.stop)
		}
	}
}

// Layers nest as deep as MaxDepth says and no deeper.
func TestDepth(t *testing.T) {
	var b []byte
	for range 100 {
		b = append(b, 0x81, 0x00, 0x00, 0x01)
	}
	p := decode(t, append(make([]byte, 12), b...))
	if len(p.Layers) != MaxDepth+1 || p.Stop.Reason != StopDepth || len(p.Anomalies) != 1 || p.Anomalies[0].Kind != TooDeep {
		t.Errorf("%d layers, stop %s, anomalies %v", len(p.Layers), p.Stop, p.Anomalies)
	}
}

func TestDecodingDoesNotAllocate(t *testing.T) {
	f := Frame{Data: overlay(), Point: ethernetPoint}
	p, d := new(Packet), defaultConfig.NewDecoder()
	d.Decode(p, &f)
	if n := testing.AllocsPerRun(100, func() { d.Decode(p, &f); p.Verify() }); n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(uint16(1), overlay())
	for _, b := range tunnelFrames() {
		f.Add(uint16(1), b)
	}
	for _, b := range transportFrames() {
		f.Add(uint16(1), b)
	}
	config := NewConfig(Options{NullESP: true, Relative: true, Cookie: 4})
	f.Fuzz(func(t *testing.T, link uint16, b []byte) {
		p := new(Packet)
		config.NewDecoder().Decode(p, &Frame{Data: b, WireLen: len(b), Point: &Point{Link: link}})
		config.NewResolver().Resolve(p)
		p.Verify()
		checkPacket(t, p)
	})
}

// checkPacket reads all of a packet that can be read, and fails unless its layers nest and its fields lie in their layers.
func checkPacket(t testing.TB, p *Packet) {
	for i := range p.Layers {
		l := &p.Layers[i]
		if l.Start > l.HeaderEnd || l.HeaderEnd > l.End || int(l.HeaderEnd) > len(p.SourceBytes(l)) && l.HeaderEnd > l.Start {
			t.Fatalf("layer %d %s: start %d, header end %d, end %d of %d bytes", i, l.Protocol, l.Start, l.HeaderEnd, l.End, len(p.SourceBytes(l)))
		}
		if l.Parent >= int16(i) {
			t.Fatalf("layer %d %s: parent %d", i, l.Protocol, l.Parent)
		}
		if l.Parent >= 0 {
			if around := &p.Layers[l.Parent]; around.Source == l.Source && (l.Start < around.Start || l.End > around.End) {
				t.Fatalf("layer %d %s leaves %s", i, l.Protocol, around.Protocol)
			}
		}
		for v := range p.Values(i) {
			if v.Field.owner != l.Protocol && v.Field.owner != judgement.ID {
				t.Fatalf("%s yields %s of %s", l.Protocol, v.Field.Name, v.Field.Owner().Name)
			}
			if v.Len > 0 && int(v.Off)+int(v.Len) > len(p.SourceBytes(l)) {
				t.Fatalf("%s: %s lies behind the captured bytes", l.Protocol, v.Field.Name)
			}
		}
	}
	new(Line).Read(p)
	p.AppendTree(nil)
	if object := new(JSONEncoder).Append(nil, p); !json.Valid(object) {
		t.Fatalf("JSON is not valid: %s", object)
	}
}

// What a decoder did before changes nothing: behind a fragment, in which lengths may reach beyond the end, they may no more than before it.
func TestDecodingForgetsTheFrameBefore(t *testing.T) {
	d := defaultConfig.NewDecoder()
	packet := func(b []byte) string {
		p := new(Packet)
		d.Decode(p, &Frame{Data: b, WireLen: len(b), Point: ethernetPoint})
		return fmt.Sprint(p.Stop, p.Anomalies, p.Layers)
	}
	long := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("datagram"))
	long[14+20+5] += 9 // the length of UDP
	short := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2})
	short = short[:len(short)-4]
	short[14+3] -= 4 // the length of IP: UDP has half a header
	fragment := craft.Packet(craft.Ethernet{}, craft.IPv4{MoreFragments: true}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("a beginning"))
	fragment[14+10] ^= 1 // its checksum is wrong, so that it takes no part in reassembly and is decoded as it is
	for _, b := range [][]byte{long, short} {
		want := packet(b)
		packet(fragment)
		if got := packet(b); got != want {
			t.Errorf("behind a fragment: %s, before it: %s", got, want)
		}
	}
}

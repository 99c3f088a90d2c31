package flows

import (
	"testing"

	"pktscope/dissect"
	"pktscope/internal/craft"
)

// decodeTCP decodes an Ethernet frame and returns the packet and its TCP layer, -1 if there is none.
func decodeTCP(b []byte, wireLen int) (*dissect.Packet, int) {
	p := new(dissect.Packet)
	dissect.NewConfig(dissect.Options{Cookie: -1}).NewDecoder().Decode(p,
		&dissect.Frame{Data: b, WireLen: wireLen, Time: 42, Number: 1, Point: &dissect.Point{Link: 1}})
	for i := range p.Layers {
		if p.Layers[i].Protocol.String() == "tcp" {
			return p, i
		}
	}
	return p, -1
}

func tcpFrame(flags uint16, options string, payload int) []byte {
	return craft.Packet(craft.Ethernet{}, craft.IPv4{},
		craft.TCP{Src: 40000, Dst: 80, Seq: 0x01020304, Ack: 0x05060708, Flags: flags, Window: 0x1234, Options: []byte(options)},
		craft.Payload(make([]byte, payload)))
}

func TestTCPSegmentRead(t *testing.T) {
	timestamps := func(s *TCPSegment) { s.HasTimestamps, s.TSVal, s.TSEcr = true, 0x0a0b0c0d, 0x11121314 }
	const ts = "\x08\x0a\x0a\x0b\x0c\x0d\x11\x12\x13\x14"
	for _, c := range []struct {
		name    string
		flags   uint16
		options string
		want    func(*TCPSegment)
	}{
		{"no options", ACK, "", func(*TCPSegment) {}},
		{"usual timestamps", ACK, "\x01\x01" + ts, timestamps},
		{"unusual timestamps", ACK, ts + "\x01\x01", timestamps},
		{"timestamps and SACK", ACK, "\x01\x01" + ts + "\x01\x01\x05\x12\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x04", func(s *TCPSegment) {
			timestamps(s)
			s.SACKs, s.SACK = 2, [4][2]uint32{{1, 2}, {3, 4}}
		}},
		{"SYN of Linux", SYN, "\x02\x04\x05\xb4\x04\x02" + ts + "\x01\x03\x03\x07", func(s *TCPSegment) {
			timestamps(s)
			s.MSS, s.SACKPermitted, s.HasScale, s.Scale = 1460, true, true, 7
		}},
		{"a SYN's options in another segment", ACK, "\x02\x04\x05\xb4\x04\x02\x03\x03\x07", func(*TCPSegment) {}},
		{"shift above 14", SYN, "\x03\x03\x0f", func(s *TCPSegment) { s.HasScale, s.Scale = true, 14 }},
		{"behind the end of options", SYN, "\x00\x02\x04\x05\xb4", func(*TCPSegment) {}},
		{"length 0", SYN, "\x02\x00\x02\x04\x05\xb4", func(*TCPSegment) {}},
		{"length 1", SYN, "\x02\x01\x02\x04\x05\xb4", func(*TCPSegment) {}},
		{"length beyond the header", SYN, "\x02\x04\x05\xb4\x03\x28\x07", func(s *TCPSegment) { s.MSS = 1460 }},
		{"MSS of a wrong length", SYN, "\x02\x03\x05\x02\x04\x05\xb4", func(s *TCPSegment) { s.MSS = 1460 }},
		{"SACK that is no multiple of 8", ACK, "\x05\x0c\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00", func(s *TCPSegment) { s.SACKs, s.SACK[0] = 1, [2]uint32{1, 2} }},
		{"MPTCP with an address", ACK, "\x1e\x08\x30\x00\x00\x00\x00\x00", func(s *TCPSegment) { s.MPTCP = true }},
		{"MPTCP's DSS", ACK, "\x1e\x08\x20\x00\x00\x00\x00\x00", func(*TCPSegment) {}},
		{"unknown option", SYN, "\xfd\x04\x00\x00\x02\x04\x05\xb4", func(s *TCPSegment) { s.MSS = 1460 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := tcpFrame(c.flags, c.options, 100)
			want := TCPSegment{Time: 42, Sequence: 0x01020304, Acknowledgment: 0x05060708, Payload: 100, Window: 0x1234, Flags: uint8(c.flags)}
			c.want(&want)
			got := TCPSegment{SACKs: 3, MSS: 1, Scale: 2, HasScale: true, SACKPermitted: true, MPTCP: true, HasTimestamps: true} // of the one before
			p, i := decodeTCP(b, len(b))
			if !got.Read(p, i) {
				t.Fatal("not read")
			}
			if !want.HasTimestamps {
				got.TSVal, got.TSEcr = 0, 0
			}
			if got != want {
				t.Errorf("\n%+v, want\n%+v", got, want)
			}
			// A snap length does not change how long the payload is.
			p, i = decodeTCP(b[:54], len(b))
			if !got.Read(p, i) || got.Payload != 100 {
				t.Errorf("cut off behind the fixed header: payload of %d bytes", got.Payload)
			}
			p, i = decodeTCP(b[:53], len(b))
			if got.Read(p, i) {
				t.Error("19 bytes are not enough")
			}
		})
	}
}

func TestTCPSegmentOfBadOffset(t *testing.T) {
	b := tcpFrame(ACK, "", 100)
	b[46] = 0x40
	if p, i := decodeTCP(b, len(b)); new(TCPSegment).Read(p, i) {
		t.Error("a data offset of 4 was read")
	}
	b[46] = 0xf0 // options in what would be payload
	var s TCPSegment
	if p, i := decodeTCP(b, len(b)); !s.Read(p, i) || s.Payload != 60 {
		t.Errorf("payload of %d bytes, want 60", s.Payload)
	}
}

// Whatever options there are, wherever they are cut off, Read stays within them, and says what the decoder's fields say.
func FuzzTCPSegmentRead(f *testing.F) {
	f.Add([]byte("\x01\x01\x08\x0a\x0a\x0b\x0c\x0d\x11\x12\x13\x14"), uint8(SYN), uint16(120))
	f.Add([]byte("\x02\x04\x05\xb4\x04\x02\x03\x03\x07"), uint8(SYN), uint16(60))
	f.Fuzz(func(t *testing.T, options []byte, flags uint8, snap uint16) {
		b := tcpFrame(uint16(flags), string(options[:min(len(options), 40)]), 10)
		n := len(b)
		p, i := decodeTCP(b[:min(int(snap), n)], n)
		if i < 0 {
			return
		}
		var s TCPSegment
		if !s.Read(p, i) {
			if len(p.Header(&p.Layers[i])) >= 20 {
				t.Fatal("not read")
			}
			return
		}
		if s.Payload != 10 || s.Flags != flags || s.SACKs > 4 || s.Scale > 14 || flags&SYN == 0 && (s.MSS != 0 || s.HasScale || s.SACKPermitted) {
			t.Fatalf("%+v", s)
		}
		if p.Layers[i].Flags&dissect.Partial != 0 {
			return // the fields show options that are not whole
		}
		want := s
		want.TSVal, want.TSEcr, want.HasTimestamps, want.MSS, want.HasScale, want.SACKPermitted, want.SACKs = 0, 0, false, 0, false, false, 0
		for v := range p.Values(i) {
			n := uint32(v.Num)
			switch v.Field.Name {
			case "tcp.options.timestamp.tsval":
				want.TSVal, want.HasTimestamps = n, true
			case "tcp.options.timestamp.tsecr":
				want.TSEcr = n
			case "tcp.options.mss_val":
				if flags&SYN != 0 {
					want.MSS = uint16(n)
				}
			case "tcp.options.wscale.shift":
				if flags&SYN != 0 {
					want.Scale, want.HasScale = uint8(min(n, 14)), true
				}
			case "tcp.options.sack.count":
				want.SACKs = uint8(min(n, 4))
			}
		}
		want.SACKPermitted = s.SACKPermitted
		if s != want {
			t.Fatalf("%+v, the fields say %+v", s, want)
		}
	})
}

func BenchmarkTCPSegmentRead(b *testing.B) {
	for _, c := range []struct{ name, options string }{{"timestamps", "\x01\x01\x08\x0a\x0a\x0b\x0c\x0d\x11\x12\x13\x14"},
		{"syn", "\x02\x04\x05\xb4\x04\x02\x08\x0a\x0a\x0b\x0c\x0d\x11\x12\x13\x14\x01\x03\x03\x07"}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			frame := tcpFrame(ACK|SYN, c.options, 100)
			p, i := decodeTCP(frame, len(frame))
			var s TCPSegment
			for b.Loop() {
				s.Read(p, i)
			}
		})
	}
}

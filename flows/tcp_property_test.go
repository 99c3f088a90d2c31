package flows

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// segmentSize is the number of bytes that segmentFrom reads.
const segmentSize = 12

// segmentFrom makes a segment of any bytes. Most numbers are close together, so that segments meet.
func segmentFrom(b []byte, now *int64) (Direction, *TCPSegment) {
	flags := [16]uint8{ACK, ACK, ACK, ACK, ACK, ACK, ACK, PSH | ACK, PSH | ACK, SYN, SYN | ACK, FIN | ACK, RST, RST | ACK, 0, FIN}
	*now += int64(b[1]) << (b[2] % 24)
	s := &TCPSegment{
		Time:           *now,
		Flags:          flags[b[0]>>1%16],
		Sequence:       uint32(b[3]) * 10,
		Acknowledgment: uint32(b[4]) * 10,
		Payload:        uint32(b[5]%8) * 5,
		Window:         uint16(b[6]%4) * 10,
		HasTimestamps:  b[7]&1 != 0,
		TSVal:          uint32(b[7] >> 1),
		SACKs:          b[8] % 5,
		HasScale:       b[8]&8 != 0,
		Scale:          b[8] >> 4 % 15,
		MPTCP:          b[9] == 0,
	}
	switch b[9] {
	case 1:
		s.Sequence = binary.BigEndian.Uint32(b[8:])
	case 2:
		s.Acknowledgment = binary.BigEndian.Uint32(b[8:])
	case 3:
		s.Payload = binary.BigEndian.Uint32(b[8:])
	case 4, 5:
		s.Payload = 1
	}
	for i := range s.SACK[:s.SACKs] {
		s.SACK[i] = [2]uint32{uint32(b[10]) * 10, uint32(b[11]+uint8(i)) * 10}
	}
	return Direction(b[0] & 1), s
}

// holdTCP plays segments made of data three times, the second time with other numbers at the start and later, and checks what holds of
// any segments.
func holdTCP(t *testing.T, data []byte, client, server uint32) {
	var tcp, moved TCP
	var counters [2]TCPCounters
	var segments, payload [2]uint64
	var now int64 = 1 << 60
	for ; len(data) >= segmentSize; data = data[segmentSize:] {
		dir, s := segmentFrom(data, &now)
		segments[dir]++
		payload[dir] += uint64(s.Payload)
		e := tcp.Segment(dir, s)
		counters[dir].Count(&tcp, s, e)

		r := row{dir: dir, s: *s}
		m := r.moved(client, server)
		m.Time += 12345 << 10
		if other := moved.Segment(dir, m); other != e {
			t.Fatalf("%+v is %q, with numbers from %d and %d it is %q", s, e, client, server, other)
		}
		if moved.repeated != tcp.repeated {
			t.Fatalf("%+v repeats %d bytes, with numbers from %d and %d %d", s, tcp.repeated, client, server, moved.repeated)
		}

		switch {
		case tcp.repeated > s.Payload:
			t.Fatalf("%+v repeats %d bytes", s, tcp.repeated)
		case e&(TCPFastRetransmission|TCPSpuriousRetransmission|TCPSYNRetransmission) != 0 && e&TCPRetransmission == 0,
			e&TCPRetransmission != 0 && e&(TCPOutOfOrder|TCPKeepAlive|TCPZeroWindowProbe|TCPDuplicateACK) != 0,
			e&TCPDuplicateACK != 0 && s.Payload > 0,
			e&TCPZeroWindow != 0 && s.Window != 0,
			e&TCPReset != 0 && (e != TCPReset || s.Flags&RST == 0),
			e>>tcpEventCount != 0:
			t.Fatalf("%+v is %q", s, e)
		}
		for _, d := range []Direction{Original, Reply} {
			f := &tcp.sides[d]
			for i, g := range f.gaps {
				if before(g.right, g.left) || g.left != g.right && before(f.next, g.right) || i > 0 && g.left != g.right && before(g.left, f.gaps[i-1].right) {
					t.Fatalf("gaps %+v before %d", f.gaps, f.next)
				}
			}
			if f.state&gapped != 0 != (f.gaps[0].left != f.gaps[0].right) {
				t.Fatalf("gaps %+v in state %b", f.gaps, f.state)
			}
			if r := tcp.RTT(d); r.Min < 0 || r.Min > r.Mean && r.Min-r.Mean > r.Mean>>20+1 || r.Mean > r.Max && r.Mean-r.Max > r.Mean>>20+1 {
				t.Fatalf("%+v", r)
			}
			if uint64(tcp.InFlight(d)) > farAhead || tcp.MaxInFlight(d) > farAhead {
				t.Fatalf("%d in flight", tcp.InFlight(d))
			}
		}
	}
	for d := range counters {
		for i, n := range counters[d].events {
			if uint64(n) > segments[d] {
				t.Fatalf("%d of %d segments are %v", n, segments[d], TCPEvents(1<<i))
			}
		}
		if counters[d].RepeatedBytes > payload[d] || counters[d].RetransmittedBytes > payload[d] {
			t.Fatalf("%d bytes repeated, %d retransmitted, of %d", counters[d].RepeatedBytes, counters[d].RetransmittedBytes, payload[d])
		}
	}
}

func TestTCPOfAnySegments(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		data := make([]byte, 100*segmentSize)
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		if random.IntN(2) == 0 { // few numbers, so that many are the same
			for i := range data {
				data[i] %= 8
			}
		}
		holdTCP(t, data, random.Uint32(), -uint32(random.IntN(2560)))
	}
}

func FuzzTCP(f *testing.F) {
	f.Add([]byte("\x00\x01\x10\x01\x01\x05\x02\x00\x00\x00\x00\x00\x01\x01\x10\x01\x02\x05\x02\x00\x00\x00\x00\x00"), uint32(0), uint32(0xfffffff0))
	f.Fuzz(func(t *testing.T, data []byte, client, server uint32) {
		holdTCP(t, data[:min(len(data), 200*segmentSize)], client, server)
	})
}

// All orders in which few segments may come: each byte is new once, wherever it was.
func TestTCPOrders(t *testing.T) {
	permute([]uint32{0, 1, 2, 3, 4, 5}, 0, func(order []uint32) {
		var tcp TCP
		var c TCPCounters
		tcp.Segment(Original, &TCPSegment{Flags: SYN, Sequence: 0xfffffe00})
		for i, k := range order {
			s := TCPSegment{Time: int64(i+1) * 1e5, Flags: ACK, Sequence: 0xfffffe01 + k*100, Payload: 100, Window: 1000}
			c.Count(&tcp, &s, tcp.Segment(Original, &s))
		}
		ordered := c.Of(TCPLostSegment) == 0
		if c.RepeatedBytes != 0 && c.Of(TCPLostSegment) <= 2 || ordered && (c.Of(TCPOutOfOrder) != 0 || c.Of(TCPRetransmission) != 0) {
			t.Errorf("%v: %d bytes repeated, %d lost, %d out of order, %d retransmitted", order, c.RepeatedBytes, c.Of(TCPLostSegment), c.Of(TCPOutOfOrder),
				c.Of(TCPRetransmission))
		}
		if tcp.sides[0].next != 0x59 {
			t.Errorf("%v: next is %d", order, tcp.sides[0].next)
		}
	})
}

func permute(a []uint32, n int, visit func([]uint32)) {
	if n == len(a) {
		visit(a)
		return
	}
	for i := n; i < len(a); i++ {
		a[n], a[i] = a[i], a[n]
		permute(a, n+1, visit)
		a[n], a[i] = a[i], a[n]
	}
}

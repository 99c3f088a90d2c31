package flows

import "testing"

// BenchmarkTCP is a connection in good order: two segments, one ACK.
func BenchmarkTCP(b *testing.B) {
	b.ReportAllocs()
	var t TCP
	data := TCPSegment{Flags: ACK, Payload: 1448, Window: 500, HasTimestamps: true, Acknowledgment: 1}
	ack := TCPSegment{Flags: ACK, Sequence: 1, Window: 501, HasTimestamps: true}
	i := 0
	for b.Loop() {
		if i++; i%3 != 0 {
			data.Time += 1000
			data.TSVal++
			t.Segment(Original, &data)
			data.Sequence += data.Payload
		} else {
			ack.Time = data.Time + 1000
			ack.Acknowledgment = data.Sequence
			t.Segment(Reply, &ack)
		}
	}
}

// BenchmarkTCPUnusual is every fourth segment lost once and sent again.
func BenchmarkTCPUnusual(b *testing.B) {
	b.ReportAllocs()
	var t TCP
	var c [2]TCPCounters
	data := TCPSegment{Flags: ACK, Payload: 1448, Window: 500, Acknowledgment: 1}
	ack := TCPSegment{Flags: ACK, Sequence: 1, Window: 501}
	next, i := uint32(0), 0
	for b.Loop() {
		data.Time += 1000
		ack.Time = data.Time
		switch i++; i % 4 {
		case 0:
			data.Sequence = next + 1448
		case 1:
			data.Sequence = next
		case 2:
			next += 2 * 1448
			ack.Acknowledgment = next
			c[1].Count(&t, &ack, t.Segment(Reply, &ack))
			continue
		default:
			data.Sequence = next
			next += 1448
		}
		c[0].Count(&t, &data, t.Segment(Original, &data))
	}
}

package flows_test

import (
	"fmt"
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// BenchmarkPlay follows so many flows of TCP, a packet of each in turn; what it costs to read a packet is in BenchmarkRead.
func BenchmarkPlay(b *testing.B) {
	for _, n := range []int{1_000, 20_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := new(scene)
			s.at("p", craft.VLAN{ID: 5}, craft.IPv4{ID: 1}, craft.TCP{Src: 1, Dst: 80, Seq: 1, Ack: 1, Flags: craft.ACK}, craft.Payload("payload"))
			p := s.packets(b)[0]
			tracker, reader := flows.NewTracker(flows.Options{}), flows.NewReader()
			var batch flows.Batch
			play := func(i int) {
				header := p.Data[14+4 : 14+4+40]
				flow := uint32(i%n) * 2654435761
				header[5], header[4] = byte(i), byte(i>>8) // identification
				header[12], header[13], header[14], header[15] = 10, byte(flow>>24), byte(flow>>16), byte(flow>>8)
				header[20], header[21] = byte(flow>>24)|4, byte(flow)
				seq := uint32(i/n)*7 + 1
				header[24], header[25], header[26], header[27] = byte(seq>>24), byte(seq>>16), byte(seq>>8), byte(seq)
				p.Time += 1000
				p.Number++
				batch.Reset()
				reader.Read(p, &batch)
				tracker.Play(reader, &batch)
			}
			for i := range 2 * n {
				play(i)
			}
			b.ResetTimer()
			b.ReportAllocs()
			for i := range b.N {
				play(2*n + i)
			}
		})
	}
}

// BenchmarkRead reads what a packet says of its flows: one header of IP, and two.
func BenchmarkRead(b *testing.B) {
	s := new(scene)
	s.at("p", talk(0, 0, 1, craft.TCP{Seq: 1, Ack: 501, Flags: craft.ACK | craft.PSH}, "question")...)
	s.at("p", append(encapsulations["vxlan"](1, 0), talk(0, 0, 1, craft.TCP{Seq: 1, Ack: 501, Flags: craft.ACK | craft.PSH}, "question")...)...)
	for i, name := range []string{"plain", "overlay"} {
		p := s.packets(b)[i]
		b.Run(name, func(b *testing.B) {
			reader := flows.NewReader()
			var batch flows.Batch
			b.ReportAllocs()
			for range b.N {
				batch.Reset()
				reader.Read(p, &batch)
			}
		})
	}
}

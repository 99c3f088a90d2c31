package flows_test

import (
	"fmt"
	"testing"
	"time"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/internal/craft"
)

// traffic is packets of many flows, a block of them at a time: from each of them in turn, or each of a new one.
type traffic struct {
	packets []*dissect.Packet
	reader  *flows.Reader
	tracker *flows.Tracker
	batch   flows.Batch
	made    int // packets so far
	now     int64
}

// newTraffic returns blocks of so many packets, for a tracker with these options.
func newTraffic(t testing.TB, block int, o flows.Options) *traffic {
	s := new(scene)
	for range block {
		s.at("p", craft.VLAN{ID: 5}, craft.IPv4{ID: 1}, craft.TCP{Src: 1, Dst: 80, Seq: 1, Ack: 1, Flags: craft.ACK}, craft.Payload("payload"))
	}
	return &traffic{packets: s.packets(t), reader: flows.NewReader(), tracker: flows.NewTracker(o)}
}

// next makes the next block one of packets of n flows in turn, and reads it.
func (f *traffic) next(n int) {
	f.batch.Reset()
	for _, p := range f.packets {
		header := p.Data[14+4 : 14+4+40]
		flow := uint32(f.made%n) * 2654435761
		header[5], header[4] = byte(f.made), byte(f.made>>8) // identification
		header[12], header[13], header[14], header[15] = 10, byte(flow>>24), byte(flow>>16), byte(flow>>8)
		header[20], header[21] = byte(flow>>24)|4, byte(flow)
		seq := uint32(f.made/n)*7 + 1
		header[24], header[25], header[26], header[27] = byte(seq>>24), byte(seq>>16), byte(seq>>8), byte(seq)
		f.now += 1000
		f.made++
		p.Time, p.Number = f.now, uint64(f.made)
		f.reader.Read(p, &f.batch)
	}
}

func (f *traffic) play() { f.tracker.Play(f.reader, &f.batch) }

// BenchmarkPlay follows so many flows of TCP, which are known ("hit") or of which each packet begins one, for which the one leaves that had
// none for the longest time ("new"). What it costs to read a packet is in BenchmarkRead, and left out here.
func BenchmarkPlay(b *testing.B) {
	const block = 512
	for _, name := range []string{"hit", "new"} {
		for _, n := range []int{1_000, 100_000, 1_000_000} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				f := newTraffic(b, block, flows.Options{MaxFlows: n})
				among := n
				if name == "new" {
					among = 1 << 31
				}
				for f.made < 2*n {
					f.next(among)
					f.play()
				}
				b.ReportAllocs()
				var spent time.Duration
				packets := 0
				for b.Loop() {
					f.next(among)
					start := time.Now()
					f.play()
					spent += time.Since(start)
					packets += block
				}
				b.ReportMetric(float64(spent.Nanoseconds())/float64(packets), "ns/packet")
				b.ReportMetric(0, "ns/op")
			})
		}
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

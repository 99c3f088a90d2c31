package pcaps

import (
	"testing"
	"time"

	"pktscope/internal/netns"

	"github.com/gopacket/gopacket/afpacket"
)

// BenchmarkDrain moves frames from a ring to memory: a ns/frame of this package, with VLAN tags, flags and the form of a pcapng file, and
// of gopacket's afpacket, with a copy and nothing else. The frames are in the ring before the clock runs.
func BenchmarkDrain(b *testing.B) {
	const n, size = 20000, 500
	fill := func() {
		datagrams(b, n, size)
		time.Sleep(2 * retireAfter)
	}
	b.Run("own", func(b *testing.B) {
		netns.Alone(b, func() {
			r, err := newRing(64 << 20)
			if err != nil {
				b.Error(err)
				return
			}
			defer r.close()
			r.bind(0)
			point := testPoints("lo")[0]
			var frames int
			for b.Loop() {
				b.StopTimer()
				fill()
				b.StartTimer()
				batch := newBatch()
				for f := new(ringFrame); r.next(f); r.take() {
					if f.appendTo(batch, point, MaxSnapLen); batch.full() {
						next := batch.next()
						batch.release()
						batch = next
					}
					frames++
				}
				batch.release()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(frames), "ns/frame")
		})
	})
	b.Run("afpacket", func(b *testing.B) {
		netns.Alone(b, func() {
			r, err := afpacket.NewTPacket(afpacket.OptTPacketVersion(afpacket.TPacketVersion3), afpacket.OptBlockSize(1<<20), afpacket.OptFrameSize(2048),
				afpacket.OptNumBlocks(64), afpacket.OptBlockTimeout(retireAfter), afpacket.OptPollTimeout(time.Millisecond))
			if err != nil {
				b.Error(err)
				return
			}
			defer r.Close()
			var frames int
			memory := make([]byte, 0, 2*batchBytes)
			for b.Loop() {
				b.StopTimer()
				fill()
				b.StartTimer()
				for range 2 * n { // each frame goes out and comes in
					data, _, err := r.ZeroCopyReadPacketData()
					if err != nil {
						break
					}
					if len(memory) > batchBytes {
						memory = memory[:0]
					}
					memory = append(memory, data...)
					frames++
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(frames), "ns/frame")
		})
	})
}

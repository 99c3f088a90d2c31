package dissect

import (
	"fmt"
	"testing"

	"pktscope/internal/craft"
)

// BenchmarkVerify verifies all checksums of a packet: those of two IP headers, and two over a payload of so many bytes.
func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{64, 1400} {
		b.Run(fmt.Sprintf("overlay/%d", n), func(b *testing.B) {
			data := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 50000}, craft.VXLAN{VNI: 5001}, craft.Ethernet{}, craft.IPv4{},
				craft.TCP{Src: 40000, Dst: 80}, craft.Payload(make([]byte, n)))
			p, d := new(Packet), defaultConfig.NewDecoder()
			d.Decode(p, &Frame{Data: data, WireLen: len(data), Point: ethernetPoint})
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				p.verified = 0
				p.Verify()
			}
		})
	}
}

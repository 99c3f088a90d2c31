package dissect

import (
	"testing"

	"github.com/google/gopacket"
	gplayers "github.com/google/gopacket/layers"

	"pktscope/internal/craft"
)

// The two packets of the comparison: all layers of an overlay packet, and a plain one.
var benchPackets = []struct {
	name string
	b    []byte
}{
	{"overlay", overlay()},
	{"plain", craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.TCP{Src: 40000, Dst: 8001}, craft.Payload(make([]byte, 64)))},
}

func BenchmarkDecode(b *testing.B) {
	for _, c := range benchPackets {
		b.Run(c.name+"/pktscope", func(b *testing.B) {
			p, d := new(Packet), defaultConfig.NewDecoder()
			f := Frame{Data: c.b, WireLen: len(c.b), Point: ethernetPoint}
			b.ReportAllocs()
			for b.Loop() {
				d.Decode(p, &f)
			}
		})
		b.Run(c.name+"/DecodingLayerParser", func(b *testing.B) {
			var (
				eth    gplayers.Ethernet
				dot1q  gplayers.Dot1Q
				ip     gplayers.IPv4
				udp    gplayers.UDP
				tcp    gplayers.TCP
				vxlan  gplayers.VXLAN
				pay    gopacket.Payload
				types  []gopacket.LayerType
				parser = gopacket.NewDecodingLayerParser(gplayers.LayerTypeEthernet, &eth, &dot1q, &ip, &udp, &tcp, &vxlan, &pay)
			)
			b.ReportAllocs()
			for b.Loop() {
				if err := parser.DecodeLayers(c.b, &types); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/NewPacket", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if p := gopacket.NewPacket(c.b, gplayers.LayerTypeEthernet, gopacket.Default); p.ErrorLayer() != nil {
					b.Fatal(p.ErrorLayer())
				}
			}
		})
	}
}

// BenchmarkExtract reads five fields, as "-T fields" does.
func BenchmarkExtract(b *testing.B) {
	for _, c := range benchPackets {
		b.Run(c.name, func(b *testing.B) {
			x, err := NewExtractor([]string{"frame.number", "ip.src", "ip.dst", "tcp.srcport", "tcp.dstport"})
			if err != nil {
				b.Fatal(err)
			}
			p, d := new(Packet), defaultConfig.NewDecoder()
			d.Decode(p, &Frame{Data: c.b, WireLen: len(c.b), Point: ethernetPoint, Number: 123456})
			b.ReportAllocs()
			for b.Loop() {
				x.Extract(p)
			}
		})
	}
}

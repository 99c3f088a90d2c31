package filter_test

import (
	"testing"

	"pktscope/dissect/filter"
)

// What a filter costs a packet of an overlay: ten layers, the inner TCP segment the last of them.
func BenchmarkMatch(b *testing.B) {
	p := overlay(b)
	for _, text := range []string{
		"vxlan.vni == 5001",
		"vxlan.vni == 5001 and tcp.port == 443",
		"ip.src == 10.0.0.0/8 and tcp.dstport == 443",
		"ip.addr == 10.0.0.1 or tcp.flags.syn == 1",
		"tcp and not arp",
		"frame.len > 100",
		"eth.src[0:3] == 02:00:00",
		"eth.type == 0x0800 and tcp.len > 0",
		"inner.ip.src in {10.0.0.0/8, 192.168.0.0/16}",
		`tcp contains "hello"`,
		`frame matches "h.llo"`,
	} {
		b.Run(text, func(b *testing.B) {
			f, err := filter.Compile(text)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				f.Match(p)
			}
		})
	}
}

package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

func TestLine(t *testing.T) {
	compressed := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", Protocol: 108}, craft.Payload(append([]byte{17, 0, 0, 2}, deflate(craft.Packet(someUDP))...)))
	elsewhere := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2"}, craft.UDP{Src: 5000, Dst: 12345}, craft.VXLAN{VNI: 5}, craft.Ethernet{}, someIP, someUDP)
	for _, c := range []struct {
		name         string
		link         uint16
		frame        []byte
		info, around string
	}{
		{"nothing to say", 101, nil, "raw", ""},
		{"the same where a fault is all there is", 239, []byte{2, 0, 0, 5, 0, 0, 1, 0}, "nflog", ""},
		{"a tunnel that is a guess", 1, elsewhere, "UDP len 0", "vxlan 5 (guessed) 192.0.2.1→192.0.2.2"},
		{"what was compressed, not how many bytes it was", 1, compressed, "UDP len 0", "ipcomp cpi 0x0002"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decodeFrame(Frame{Data: c.frame, Number: 1, Point: &Point{Link: c.link, FCSLen: -1}})
			defaultConfig.NewResolver().Resolve(p)
			var line Line
			line.Read(p)
			if string(line.Info) != c.info || string(line.Around) != c.around {
				t.Errorf("%q, around it %q; want %q, %q", line.Info, line.Around, c.info, c.around)
			}
		})
	}
}

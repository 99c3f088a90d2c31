package dissect

import (
	"bytes"
	"strings"
	"testing"

	"pktscope/internal/craft"
)

func TestLine(t *testing.T) {
	compressed := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", Protocol: 108}, craft.Payload(append([]byte{17, 0, 0, 2}, deflate(craft.Packet(someUDP))...)))
	elsewhere := craft.Packet(craft.Ethernet{}, craft.IPv4{Src: "192.0.2.1", Dst: "192.0.2.2"}, craft.UDP{Src: 5000, Dst: 12345}, craft.VXLAN{VNI: 5}, craft.Ethernet{}, someIP, someUDP)
	stack := append(craft.Packet(craft.Ethernet{Type: 0x8847}), bytes.Repeat([]byte{0, 1, 0, 64}, 40)...)
	for _, c := range []struct {
		name         string
		link         uint16
		frame        []byte
		info, around string
		faults       string
	}{
		{"nothing to say", 101, nil, "raw", "", "raw needs 1 bytes, 0 left, limited by frame.len"},
		{"the same where a fault is all there is", 239, []byte{2, 0, 0, 5, 0, 0, 1, 0}, "nflog", "", "nflog: nflog.tlv_length says 0 bytes, at least 4 are needed"},
		{"a tunnel that is a guess", 1, elsewhere, "UDP len 0", "vxlan 5 (guessed) 192.0.2.1→192.0.2.2", ""},
		{"what was compressed, not how many bytes it was", 1, compressed, "UDP len 0", "ipcomp cpi 0x0002", ""},
		{"one fault, said once", 1, stack, "mpls 16", strings.Repeat("mpls 16 · ", 29) + "mpls 16", "too-deep"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decodeFrame(Frame{Data: c.frame, Number: 1, Point: &Point{Link: c.link, FCSLen: -1}})
			defaultConfig.NewResolver().Resolve(p)
			var line Line
			line.Read(p)
			if string(line.Info) != c.info || string(line.Around) != c.around || string(line.Faults) != c.faults {
				t.Errorf("%q, around it %q, faults %q; want %q, %q, %q", line.Info, line.Around, line.Faults, c.info, c.around, c.faults)
			}
		})
	}
}

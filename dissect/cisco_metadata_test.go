package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

func TestCiscoMetadata(t *testing.T) {
	tag := []byte{1, 1, 0, 1, 0x04, 0xd2, 0x08, 0x00}
	frame := craft.Packet(craft.Ethernet{Type: 0x8909}, craft.Payload(append(tag, ipPacket()...)))
	p := decode(t, frame)
	layers(t, p, "eth cmd ip udp data")
	want(t, p, "cmd.sgt", "1234")
	want(t, p, "cmd.type", "0x0800")

	p = decode(t, frame[:14+7])
	layers(t, p, "eth cmd")
	want(t, p, "cmd.sgt", "1234") // what is there is shown
	want(t, p, "pktscope.stop", "cmd needs 8 bytes, 7 left, limited by frame.len")
}

package flows_test

import (
	"encoding/binary"
	"testing"

	"pktscope/flows"
	"pktscope/internal/craft"
)

// A flow says in which frames it began and had its first troubles, so that somebody can look at them.
func TestFlowFrames(t *testing.T) {
	s := new(scene)
	client := func(flags uint16, seq uint32, payload string) {
		s.at("tap", craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: s.nextID()},
			craft.TCP{Src: 40000, Dst: 80, Flags: flags, Seq: seq, Ack: 501, Window: 1000}, craft.Payload(payload))
	}
	server := func(flags uint16, seq, ack uint32, window uint16) {
		segment := craft.TCP{Src: 80, Dst: 40000, Flags: flags, Seq: seq, Ack: ack}
		s.at("tap", craft.IPv4{Src: "10.0.0.2", Dst: "10.0.0.1", ID: s.nextID()}, craft.Edit(segment, func(b []byte) {
			binary.BigEndian.PutUint16(b[14:], window) // 0 for 65,535 leaves the checksum right
		}))
	}
	s.at("tap", craft.IPv4{Src: "10.0.0.9"}, craft.UDP{Src: 1, Dst: 2}) // frame 1
	client(2, 100, "")
	server(0x12, 500, 101, 0xffff)
	client(0x10, 101, "")
	client(0x18, 101, "some bytes") // frame 5
	for range 4 {
		s.wait(300e6)
		client(0x18, 101, "some bytes") // frames 6 to 9
	}
	server(0x10, 501, 111, 0) // frame 10
	client(0x11, 111, "")     // frame 11, a FIN
	server(0x14, 501, 112, 0) // frame 12
	tracker := s.play(t, flows.Options{}, 100, 1)
	var got *flows.Flow
	tracker.Flows(func(f *flows.Flow) bool {
		if f.TCP == nil {
			return true
		}
		got = f
		return false
	})
	if got == nil {
		t.Fatal("no flow of TCP")
	}
	out, in := &got.Directions[flows.Original], &got.Directions[flows.Reply]
	if got.Frame != 2 || out.SentAgain != [3]uint64{6, 7, 8} || out.Reset != 0 || in.ZeroWindow != 10 || in.Reset != 12 {
		t.Errorf("begins in %d, again in %v, resets in %d and %d, zero window in %d", got.Frame, out.SentAgain, out.Reset, in.Reset, in.ZeroWindow)
	}
	if !got.TCP.Finished(flows.Original) || got.TCP.Finished(flows.Reply) {
		t.Error("not only the client ended its direction")
	}
}

package journeys_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"testing"
	"time"

	"pktscope/internal/craft"
	"pktscope/journeys"
	"pktscope/reports"
)

// FuzzFollow follows frames that are given as bytes: of each two bytes of length, a byte for the point and one for the time since the one
// before, in 100 µs, then the frame. Whatever they are, each frame is followed or counted, and each packet is where its captures are.
func FuzzFollow(f *testing.F) {
	var s scene
	inner := segment(&s, true, 1, "data")
	add := func(frames ...[]byte) {
		var b []byte
		for i, frame := range frames {
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(frame))), byte(i), byte(i))
			b = append(b, frame...)
		}
		f.Add(b)
	}
	plain := craft.Packet(around(vm, inner...)...)
	tagged := craft.Packet(around(vm, around([]craft.Layer{craft.VLAN{ID: 7}}, inner...)...)...)
	tunnel := craft.Packet(around(host, around([]craft.Layer{craft.IPv4{}, craft.UDP{Src: 9}, craft.VXLAN{VNI: 5}, vm[0]}, inner...)...)...)
	add(plain, tagged, tunnel, plain)
	add(plain, craft.Packet(around(host, less(1, inner)...)...), craft.Packet(around(vm, craft.ARP{})...), craft.Packet(around(host, craft.ARP{})...))
	add(craft.Packet(around(vm, craft.IPv4{}, craft.ICMP{Type: 11}, craft.Payload(plain[14:]))...), plain[:30], plain[:3], nil)
	add(craft.Packet(around(vm, craft.IPv6{}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("x"))...), craft.Packet(around(vm, craft.IPv4{}, craft.ESP{SPI: 1}, craft.Payload(make([]byte, 32)))...))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s scene
		for len(data) >= 4 {
			n := min(int(binary.BigEndian.Uint16(data)), len(data)-4)
			s.wait(time.Duration(int8(data[3])) * 100 * time.Microsecond)
			s.frame([]string{"a.pcap:x", "a.pcap:y", "b.pcap:x", "d.pcap:"}[data[2]&3], data[4:4+n])
			data = data[4+n:]
		}
		o := journeys.Options{Packets: 8, Window: 5 * time.Millisecond}
		follower := s.follow(t, o)
		var places, unfollowed uint64
		for _, n := range follower.Unfollowed {
			unfollowed += n
		}
		for _, p := range follower.Places() {
			places += p.Frames
			if p.Packets+p.Again > p.Frames {
				t.Errorf("%d packets and %d again in %d frames", p.Packets, p.Again, p.Frames)
			}
		}
		if places+unfollowed != follower.Frames {
			t.Errorf("%d frames at places, %d not followed, of %d", places, unfollowed, follower.Frames)
		}
		var first, second bytes.Buffer
		if err := reports.WriteJSON(&first, follower.Tables(), ""); err != nil {
			t.Fatal(err)
		}
		if err := reports.WriteJSON(&second, s.follow(t, o).Tables(), ""); err != nil || !bytes.Equal(first.Bytes(), second.Bytes()) {
			t.Errorf("%v, or another output", err)
		}
		o.Flow = 1
		if follower = s.follow(t, o); follower.Check() == nil {
			if _, err := follower.Draw(); err != nil {
				t.Error(err)
			}
		}
	})
}

// TestAllocations has packets followed through three places without allocating, once there is room.
func TestAllocations(t *testing.T) {
	if testing.CoverMode() != "" || os.Getenv("GOFLAGS") == "-race" {
		t.Skip("counts allocations")
	}
	follower, packets := steadyState(t)
	n := 0
	if got := testing.AllocsPerRun(300, func() {
		for range 3 {
			follower.Packet(packets[n])
			n++
		}
	}); got > 0.1 {
		t.Errorf("%.2f allocations for three captures of a packet", got)
	}
}

package reports

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/internal/craft"
)

// TestAlikeDiffers has many packets that are alike, and between them some that differ in one thing of which a report says something, or which are
// not usual: what is collected must not hide them.
func TestAlikeDiffers(t *testing.T) {
	const mac = "02:00:00:00:01:01"
	var (
		link    = craft.Ethernet{Src: "02:00:00:00:00:01", Dst: "02:00:00:00:00:02"}
		ip      = craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: 7, TTL: 64}
		ip6     = craft.IPv6{Src: "2001:db8::1", Dst: "2001:db8::2"}
		tcp     = craft.TCP{Src: 4000, Dst: 80, Seq: 1, Flags: craft.ACK}
		udp     = craft.UDP{Src: 4000, Dst: 53}
		around  = craft.IPv4{Src: "172.16.0.1", Dst: "172.16.0.2", ID: 9, TTL: 60}
		entropy = craft.UDP{Src: 50000}
	)
	frame := func(layers ...craft.Layer) []byte { return craft.Packet(append([]craft.Layer{link}, layers...)...) }
	vxlan := func(outer craft.UDP, vni uint32, mac string, packet ...craft.Layer) []byte {
		outer.Dst, outer.Sum = 4789, craft.Zero
		return frame(append([]craft.Layer{around, outer, craft.VXLAN{VNI: vni}, craft.Ethernet{Src: mac, Dst: "02:00:00:00:01:02"}}, packet...)...)
	}
	plain, inside := frame(ip, tcp), vxlan(entropy, 5000, mac, ip, udp)
	for name, c := range map[string]struct {
		usual []byte
		other func(i int) []byte // the i-th one that differs
	}{
		"address of IPv4": {plain, func(int) []byte { return frame(craft.IPv4{Src: "10.0.0.9", Dst: "10.0.0.2", ID: 7, TTL: 64}, tcp) }},
		"address of IPv6": {frame(ip6, tcp), func(int) []byte { return frame(craft.IPv6{Src: "2001:db8::1", Dst: "2001:db8::9"}, tcp) }},
		"TTL that goes down": {plain, func(i int) []byte {
			return frame(craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: 7, TTL: uint8(9 - i)}, tcp)
		}},
		"hop limit that goes down": {frame(ip6, tcp), func(i int) []byte {
			return frame(craft.IPv6{Src: "2001:db8::1", Dst: "2001:db8::2", HopLimit: uint8(9 - i)}, tcp)
		}},
		"TTL of a label": {frame(craft.MPLS{Label: 5000, TTL: 60}, ip, tcp), func(int) []byte { return frame(craft.MPLS{Label: 5000, TTL: 1}, ip, tcp) }},
		"TOS": {plain, func(int) []byte {
			return frame(craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: 7, TTL: 64, TOS: 184}, tcp)
		}},
		"priority of a VLAN": {frame(craft.VLAN{ID: 5}, ip, tcp), func(int) []byte {
			return frame(craft.VLAN{ID: 5, Priority: 6}, ip, tcp)
		}},
		"port of TCP": {vxlan(entropy, 5000, mac, ip, tcp), func(int) []byte {
			return vxlan(entropy, 5000, mac, ip, craft.TCP{Src: 4001, Dst: 80, Seq: 1, Flags: craft.ACK})
		}},
		"SYN": {vxlan(entropy, 5000, mac, ip, tcp), func(int) []byte {
			return vxlan(entropy, 5000, mac, ip, craft.TCP{Src: 4000, Dst: 80, Seq: 1, Flags: craft.SYN, Options: []byte{2, 4, 0x05, 0xb4}})
		}},
		"port of UDP": {inside, func(int) []byte { return vxlan(entropy, 5000, mac, ip, craft.UDP{Src: 4001, Dst: 53}) }},
		"port around": {inside, func(int) []byte { return vxlan(craft.UDP{Src: 50001}, 5000, mac, ip, udp) }},
		"address in it": {inside, func(int) []byte {
			return vxlan(entropy, 5000, mac, craft.IPv4{Src: "10.0.0.9", Dst: "10.0.0.2", ID: 7, TTL: 64}, udp)
		}},
		"VNI":    {inside, func(int) []byte { return vxlan(entropy, 5001, mac, ip, udp) }},
		"length": {inside, func(int) []byte { return vxlan(entropy, 5000, mac, ip, udp, craft.Payload("longer")) }},
		"number of a packet": {frame(ip, craft.ESP{SPI: 5, Sequence: 6}, craft.Payload("sealed")), func(i int) []byte {
			return frame(ip, craft.ESP{SPI: 5, Sequence: uint32(9 + i)}, craft.Payload("sealed"))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			tables := func(room int, other func(int) []byte) string {
				var frames [][]byte
				for i := range 6 {
					frames = append(frames, c.usual, c.usual, c.usual, other(i))
				}
				set, err := NewSet(nil, nil, Options{alikes: room})
				if err != nil {
					t.Fatal(err)
				}
				in := &input{}
				for i, f := range onTap(frames...) {
					f.Time += int64(i) * 300e6 // too far from each other to be copies
					in.steps = append(in.steps, f)
				}
				if err := Read(in, Options{}, set); err != nil {
					t.Fatal(err)
				}
				return exact(t, set.Snapshot())
			}
			want := tables(-1, c.other)
			if diff := cmp.Diff(want, tables(0, c.other)); diff != "" {
				t.Errorf("collected (-want +got):\n%s", diff)
			}
			if tables(-1, func(int) []byte { return c.usual }) == want {
				t.Error("no report says that the packets differ")
			}
		})
	}
}

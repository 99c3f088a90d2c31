package reports

import (
	"testing"

	"pktscope/internal/craft"
	"pktscope/pcaps"
)

func TestVLANs(t *testing.T) {
	tags := func(tags ...craft.VLAN) []byte {
		layers := []craft.Layer{craft.Ethernet{}}
		for _, tag := range tags {
			layers = append(layers, tag)
		}
		return craft.Packet(append(layers, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2})...)
	}
	frames := onTap(
		tags(), tags(craft.VLAN{ID: 100}), tags(craft.VLAN{ID: 100, Priority: 5}), tags(craft.VLAN{Priority: 7}),
		tags(craft.VLAN{TPID: 0x88a8, ID: 100}, craft.VLAN{ID: 200}), tags(craft.VLAN{ID: 100}, craft.VLAN{ID: 200}),
		tags(craft.VLAN{TPID: 0x9100, ID: 1}, craft.VLAN{ID: 2}, craft.VLAN{ID: 3}, craft.VLAN{ID: 4}, craft.VLAN{ID: 5}),
		craft.Packet(craft.Ethernet{}, craft.VLAN{ID: 100}, craft.MPLS{Label: 16}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 1, Dst: 2}),
		tags(craft.VLAN{ID: 100})[:13], // no whole Ethernet header
	)
	other := &pcaps.Interface{File: "other.pcap", ID: 0, LinkType: 1, FCSLen: -1}
	frames = append(frames, pcaps.Frame{Data: tags(craft.VLAN{ID: 100}), Interface: other, Timeless: true})
	wantLines(t, count(t, "vlans", setup{groups: maxGroups}, frames)[0], "vlan point packets bytes macs ips pcp",
		"100 tap.pcap 3 142 2 2 0:2;5:1",
		"1.2.3.4 tap.pcap 1 62 2 2 0:1",
		"100.200 tap.pcap 1 50 2 2 0:1",
		"s100.200 tap.pcap 1 50 2 2 0:1",
		"0 tap.pcap 1 46 2 2 7:1",
		"100 other.pcap:#0 1 46 2 2 0:1",
		"untagged tap.pcap 1 42 2 2 -")
}

func TestVLANHosts(t *testing.T) {
	from := func(src, dst string, ip ...craft.Layer) []byte {
		return craft.Packet(append([]craft.Layer{craft.Ethernet{Src: src, Dst: dst}}, ip...)...)
	}
	ipv6 := []craft.Layer{craft.IPv6{Src: "2001:db8::1", Dst: "2001:db8::2"}, craft.UDP{Src: 1, Dst: 2}}
	frames := onTap(
		from("02:00:00:00:00:01", "ff:ff:ff:ff:ff:ff", craft.ARP{}),
		from("02:00:00:00:00:02", "33:33:00:00:00:01", ipv6...),
		from("02:00:00:00:00:01", "02:00:00:00:00:02", ipv6...),
		from("02:00:00:00:00:01", "02:00:00:00:00:03", craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 1, Dst: 2}),
	)
	// Three stations, two IPv6 and two IPv4 addresses.
	wantLines(t, count(t, "vlans", setup{groups: maxGroups}, frames)[0], "vlan macs ips broadcast multicast unicast first last",
		"untagged 3 4 1 1 2 1970-01-01T00:00:00.000000000Z 1970-01-01T00:00:00.003000000Z")
}

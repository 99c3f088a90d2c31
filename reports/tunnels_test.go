package reports

import (
	"testing"

	"pktscope/dissect"
	"pktscope/internal/craft"
)

// Two hosts, and a packet of 28 bytes.
var (
	there  = craft.IPv4{Src: "172.16.0.1", Dst: "172.16.0.2"}
	back   = craft.IPv4{Src: "172.16.0.2", Dst: "172.16.0.1"}
	there6 = craft.IPv6{Src: "2001:db8::1", Dst: "2001:db8::2"}
	eth1   = craft.Ethernet{}
)

// inside is a packet of 28 bytes in those layers.
func inside(layers ...craft.Layer) []byte {
	return craft.Packet(append(layers, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2})...)
}

func TestTunnels(t *testing.T) {
	key := func(k uint32) craft.GRE { return craft.GRE{Key: &k} }
	for _, tt := range []struct {
		name   string
		nvgre  bool
		frames [][]byte
		want   []string // kind, id, a, b, within, packets each way, inner bytes
	}{
		{"both ways", false, [][]byte{
			inside(eth1, there, craft.UDP{Src: 50000}, craft.VXLAN{VNI: 5001}, eth1),
			inside(eth1, back, craft.UDP{Src: 50001}, craft.VXLAN{VNI: 5001}, eth1),
			inside(eth1, there, craft.UDP{Src: 50002}, craft.VXLAN{VNI: 5002}, eth1),
		}, []string{"vxlan 5001 172.16.0.1 172.16.0.2 - 1 1 84", "vxlan 5002 172.16.0.1 172.16.0.2 - 1 0 42"}},
		{"two tenants with the same tunnel", false, [][]byte{
			inside(eth1, there, craft.UDP{Src: 50000}, craft.VXLAN{VNI: 5001}, eth1, craft.IPv4{}, key(7)),
			inside(eth1, there, craft.UDP{Src: 50000}, craft.VXLAN{VNI: 5002}, eth1, craft.IPv4{}, key(7)),
		}, []string{
			"gre 7 192.0.2.1 192.0.2.2 vxlan 5001 1 0 28", "gre 7 192.0.2.1 192.0.2.2 vxlan 5002 1 0 28",
			"vxlan 5001 172.16.0.1 172.16.0.2 - 1 0 70", "vxlan 5002 172.16.0.1 172.16.0.2 - 1 0 70",
		}},
		{"tags", false, [][]byte{
			inside(eth1, craft.VLAN{TPID: 0x88a8, ID: 200}, craft.VLAN{ID: 10}, there, craft.UDP{Src: 50000}, craft.Geneve{VNI: 1}, eth1),
			inside(eth1, craft.VLAN{Priority: 5}, there, craft.UDP{Src: 50000}, craft.Geneve{VNI: 1}, eth1),
		}, []string{"geneve 1 172.16.0.1 172.16.0.2 s-vlan 200 / vlan 10 1 0 42", "geneve 1 172.16.0.1 172.16.0.2 - 1 0 42"}},
		{"label stacks", false, [][]byte{
			inside(eth1, craft.MPLS{Label: 16001}, craft.MPLS{Label: 24005}),
			inside(eth1, craft.MPLS{Label: 16001}, craft.MPLS{Label: 7}, craft.MPLS{Label: 999999}, craft.MPLS{Label: 24005}),
			inside(eth1, craft.MPLS{Label: 0}),
			inside(eth1, craft.VLAN{ID: 4}, craft.MPLS{Label: 16001}),
			inside(eth1, there, key(9), craft.MPLS{Label: 16001}),
		}, []string{
			"mpls 16001/24005 - - - 2 0 56", "gre 9 172.16.0.1 172.16.0.2 - 1 0 32", "mpls 16001 172.16.0.1 172.16.0.2 gre 9 1 0 28",
			"mpls 16001 - - vlan 4 1 0 28", "mpls - - - - 1 0 28",
		}},
		{"IP in IP", false, [][]byte{
			inside(eth1, there), craft.Packet(eth1, there, there6, craft.UDP{Src: 1, Dst: 2}), inside(eth1, there6), inside(eth1, there6, there6),
		}, []string{
			"4in6 - 2001:db8::1 2001:db8::2 6in6 1 0 28", "6in6 - 2001:db8::1 2001:db8::2 - 1 0 68", "4in6 - 2001:db8::1 2001:db8::2 - 1 0 28",
			"6in4 - 172.16.0.1 172.16.0.2 - 1 0 48", "4in4 - 172.16.0.1 172.16.0.2 - 1 0 28",
		}},
		{"a tunnel is told by its ends where it has no number", false, [][]byte{
			inside(eth1, there, craft.GRE{}, craft.IPv4{}, key(7)),
			inside(eth1, craft.IPv4{Src: "172.16.0.1", Dst: "172.16.0.3"}, craft.GRE{}, craft.IPv4{}, key(7)),
			inside(eth1, back, craft.GRE{}, craft.IPv4{}, key(7)),
		}, []string{
			"gre 7 192.0.2.1 192.0.2.2 gre 2 0 56", "gre - 172.16.0.1 172.16.0.2 - 1 1 112",
			"gre 7 192.0.2.1 192.0.2.2 gre 1 0 28", "gre - 172.16.0.1 172.16.0.3 - 1 0 56",
		}},
		{"keys as they are", false, [][]byte{
			inside(eth1, there, craft.NVGRE{VSID: 0x1234, FlowID: 1}, eth1), inside(eth1, there, craft.NVGRE{VSID: 0x1234, FlowID: 2}, eth1), inside(eth1, there, key(0x123401)),
		}, []string{"gre 1192961 172.16.0.1 172.16.0.2 - 2 0 70", "gre 1192962 172.16.0.1 172.16.0.2 - 1 0 42"}},
		{"keys as NVGRE's", true, [][]byte{
			inside(eth1, there, craft.NVGRE{VSID: 0x1234, FlowID: 1}, eth1), inside(eth1, there, craft.NVGRE{VSID: 0x1234, FlowID: 2}, eth1), inside(eth1, there, key(0x123401)),
		}, []string{"nvgre 4660 172.16.0.1 172.16.0.2 - 2 0 84", "gre 1192961 172.16.0.1 172.16.0.2 - 1 0 28"}},
		{"GRE of version 1", false, [][]byte{
			inside(eth1, there, craft.PPTP{CallID: 17, Sequence: new(uint32)}, craft.PPP{}),
			craft.Packet(eth1, craft.IPv4{Src: "172.16.0.1", Dst: "172.16.0.2", Protocol: 47},
				craft.Payload{0x20, 1, 0x64, 0, 0, 42, 5, 1}, craft.Payload(inside(eth1))),
		}, []string{"eoip 261 172.16.0.1 172.16.0.2 - 1 0 42", "pptp 17 172.16.0.1 172.16.0.2 - 1 0 30"}},
		{"MAC addresses and nicknames", false, [][]byte{
			inside(eth1, craft.PPPoE{Session: 5}, craft.PPP{}),
			inside(eth1, craft.TRILL{Ingress: 0xb01, Egress: 0xb02}, eth1, craft.VLAN{ID: 10}, there, key(3)),
			inside(eth1, craft.TRILL{Ingress: 0xb02, Egress: 0xb01}, eth1, craft.VLAN{ID: 10}),
			inside(eth1, craft.VLAN{TPID: 0x88a8, ID: 2}, craft.ITag{ISID: 77}, eth1),
		}, []string{
			"trill - 0x0b01 0x0b02 - 1 1 120", "gre 3 172.16.0.1 172.16.0.2 trill / vlan 10 1 0 28",
			"802.1ah 77 02:00:00:00:00:01 02:00:00:00:00:02 s-vlan 2 1 0 28", "pppoe 5 02:00:00:00:00:01 02:00:00:00:00:02 - 1 0 30",
		}},
		{"security associations", false, [][]byte{
			craft.Packet(eth1, there, craft.ESP{SPI: 0xc0de}, craft.Payload(make([]byte, 40))),
			craft.Packet(eth1, back, craft.ESP{SPI: 0xbeef}, craft.Payload(make([]byte, 40))),
		}, []string{"esp 0x0000beef 172.16.0.1 172.16.0.2 - 0 1 40", "esp 0x0000c0de 172.16.0.1 172.16.0.2 - 1 0 40"}},
		{"mobile users, without the tunnel's own messages", false, [][]byte{
			inside(eth1, there, craft.UDP{Src: 2152}, craft.GTPU{TEID: 0x10}),
			inside(eth1, back, craft.UDP{Src: 2152}, craft.GTPU{TEID: 0x20}),
			craft.Packet(eth1, back, craft.UDP{Src: 2152}, craft.GTPU{Type: 1}, craft.Payload(nil)),
		}, []string{"gtp 16 172.16.0.1 172.16.0.2 - 1 0 28", "gtp 32 172.16.0.1 172.16.0.2 - 0 1 28"}},
		{"L2TP, without control messages", false, [][]byte{
			inside(eth1, there, craft.UDP{Src: 1701}, craft.L2TPv3{Session: 9}, eth1),
			inside(eth1, there, craft.L2TPv3{Session: 10}, eth1),
			craft.Packet(eth1, there, craft.UDP{Src: 1701, Dst: 1701}, craft.Payload{0, 2, 0, 12, 0, 34, 0xff, 3, 0, 0x21}, craft.Payload(inside())),
			craft.Packet(eth1, there, craft.UDP{Src: 1701, Dst: 1701}, craft.Payload{0xc8, 2, 0, 12, 0, 12, 0, 0, 0, 1, 0, 1}),
		}, []string{
			"l2tpv3 9 172.16.0.1 172.16.0.2 - 1 0 42", "l2tp 12/34 172.16.0.1 172.16.0.2 - 1 0 32", "l2tpv3 10 172.16.0.1 172.16.0.2 - 1 0 42",
		}},
		{"what an error quotes is no traffic", false, [][]byte{
			craft.Packet(eth1, back, craft.ICMP{Type: 3, Code: 4}, craft.Payload(inside(there, key(7)))),
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			table := countAs(t, "tunnels", setup{groups: maxGroups}, Options{Dissect: dissect.Options{NVGRE: tt.nvgre}}, onTap(tt.frames...))[0]
			wantLines(t, table, "kind id a b within packets_ab packets_ba inner_bytes", tt.want...)
		})
	}
}

func TestTunnelCosts(t *testing.T) {
	vxlan := func(ip craft.IPv4, port uint16, sum craft.Sum) []byte {
		return inside(eth1, ip, craft.UDP{Src: port, Sum: sum}, craft.VXLAN{VNI: 1}, eth1)
	}
	long := craft.Packet(eth1, there, craft.UDP{Src: 50002, Sum: craft.Zero}, craft.VXLAN{VNI: 1}, eth1, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}, craft.Payload(make([]byte, 1400)))
	frames := onTap(vxlan(there, 50000, craft.Right), vxlan(there, 50000, craft.Zero), vxlan(back, 50001, craft.Right), long)
	frames[2].Data[len(frames[2].Data)-1] ^= 1
	frames[0].Time = 7e9
	table := count(t, "tunnels", setup{groups: maxGroups}, frames)[0]
	// 92 bytes a frame and 1,492; in each 50 around what is carried.
	wantLines(t, table, "packets bytes packets_ab bytes_ab packets_ba bytes_ba inner_bytes overhead largest outer_fragments source_ports",
		"4 1768 3 1676 1 92 1568 0.113122 1478 0 3")
	wantLines(t, table, "checksum_good checksum_bad checksum_absent checksum_other first last",
		"1 1 2 0 1970-01-01T00:00:00.001000000Z 1970-01-01T00:00:07.000000000Z")
}

// TestTunnelFragments sends a packet that does not fit into the path's MTU: what its fragments cost counts, too.
func TestTunnelFragments(t *testing.T) {
	payload := craft.Payload(make([]byte, 3000))
	for _, tt := range []struct {
		name    string
		outer   craft.Layer
		inside  []craft.Layer // between outer and the packet
		bytes   string        // three frames' headers, and what is in them together
		largest string        // the packet before it was cut
	}{
		{"IPv4", there, []craft.Layer{craft.UDP{Src: 50000}, craft.VXLAN{VNI: 1}, eth1}, "3160", "3078"},  // 3*34 + 8+8+14 + 3028
		{"IPv6", there6, []craft.Layer{craft.UDP{Src: 50000}, craft.VXLAN{VNI: 1}, eth1}, "3244", "3098"}, // 3*62 + the same
	} {
		layers := append([]craft.Layer{eth1, tt.outer}, tt.inside...)
		whole := craft.Packet(append(layers, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}, payload)...)
		table := count(t, "tunnels", setup{groups: maxGroups}, onTap(craft.Fragment(whole, 1500)...))[0]
		wantLines(t, table, "kind id packets bytes inner_bytes largest outer_fragments", "vxlan 1 1 "+tt.bytes+" 3042 "+tt.largest+" 3")
	}
}

package reports

import (
	"cmp"
	"fmt"
	"slices"
	"testing"

	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// ends is an outer IPv4 header between the tunnel ends 172.16.0.from and 172.16.0.to.
func ends(from, to int) craft.IPv4 {
	return craft.IPv4{Src: fmt.Sprint("172.16.0.", from), Dst: fmt.Sprint("172.16.0.", to)}
}

// inVNI is a conversation's packet in VXLAN, with that source port outside and inside.
func inVNI(outer craft.IPv4, vni uint32, port uint16, reply bool, inner uint16) []byte {
	ip, udp := craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: inner, Dst: 53}
	if reply {
		ip.Src, ip.Dst, udp.Src, udp.Dst = ip.Dst, ip.Src, udp.Dst, udp.Src
	}
	return craft.Packet(eth1, outer, craft.UDP{Src: port}, craft.VXLAN{VNI: vni}, eth1, ip, udp)
}

func TestTunnelHealth(t *testing.T) {
	esp := func(ip craft.IPv4, spi uint32) []byte {
		return craft.Packet(eth1, ip, craft.ESP{SPI: spi, Sequence: 1}, craft.Payload(make([]byte, 40)))
	}
	var polarised, spread [][]byte
	for i := range uint16(20) {
		polarised = append(polarised, inVNI(there, 1, 50000, false, 1000+i), inVNI(back, 1, 50000, true, 1000+i))
		spread = append(spread, inVNI(there, 1, 50000+i, false, 1000+i), inVNI(back, 1, 50000+i, true, 1000+i))
	}
	for _, tt := range []struct {
		name   string
		frames [][]byte
		want   []string // kind, id, inner flows, spread, reverse, health
	}{
		{"both ways", [][]byte{inVNI(there, 1, 50000, false, 1000), inVNI(back, 1, 50001, true, 1000), inVNI(there, 1, 50002, false, 1001)},
			[]string{"vxlan 1 2 1 - -"}},
		{"one way", [][]byte{inVNI(there, 1, 50000, false, 1000), inVNI(there, 1, 50000, false, 1000)}, []string{"vxlan 1 1 1 - one-way"}},
		{"another number back", [][]byte{inVNI(there, 5001, 50000, false, 1000), inVNI(back, 5002, 50000, true, 1000)},
			[]string{"vxlan 5001 1 1 5002 asymmetric", "vxlan 5002 1 1 5001 asymmetric"}},
		{"two that have nothing to do with each other", [][]byte{inVNI(there, 5001, 50000, false, 1000), inVNI(back, 5002, 50000, true, 2000)},
			[]string{"vxlan 5001 1 1 - one-way", "vxlan 5002 1 1 - one-way"}},
		{"one of several may be the other direction", [][]byte{
			inVNI(there, 5001, 50000, false, 1000), inVNI(back, 5002, 50000, true, 1000), inVNI(back, 5003, 50000, true, 1000),
		}, []string{"vxlan 5001 1 1 - one-way", "vxlan 5002 1 1 5001 asymmetric", "vxlan 5003 1 1 5001 asymmetric"}},
		{"numbers of the receiver", [][]byte{
			inside(eth1, there, craft.UDP{Src: 2152}, craft.GTPU{TEID: 0x10}), inside(eth1, back, craft.UDP{Src: 2152}, craft.GTPU{TEID: 0x20}),
			inside(eth1, ends(1, 3), craft.UDP{Src: 2152}, craft.GTPU{TEID: 0x10}),
		}, []string{"gtp 16 1 1 32 -", "gtp 16 1 1 - one-way", "gtp 32 1 1 16 -"}},
		{"security associations", [][]byte{esp(there, 1), esp(back, 2), esp(ends(1, 3), 3)},
			[]string{"esp 0x00000001 - - - -", "esp 0x00000002 - - - -", "esp 0x00000003 - - - one-way"}},
		{"mirrors have one direction", [][]byte{
			inside(eth1, there, craft.GRE{Sequence: new(uint32)}, craft.ERSPAN{Session: 3}, eth1),
		}, []string{"erspan 3 1 - - -", "gre - 1 - - -"}},
		{"a group", [][]byte{inVNI(craft.IPv4{Src: "172.16.0.1", Dst: "239.1.1.1"}, 1, 50000, false, 1)}, []string{"vxlan 1 1 1 - -"}},
		{"polarised", polarised, []string{"vxlan 1 20 0.05 - polarised"}},
		{"spread", spread, []string{"vxlan 1 20 1 - -"}},
		{"flows in a tunnel in a tunnel", [][]byte{
			inside(eth1, there, craft.UDP{Src: 50000}, craft.VXLAN{VNI: 1}, eth1, ends(7, 8), craft.GRE{}),
			inside(eth1, back, craft.UDP{Src: 50000}, craft.VXLAN{VNI: 1}, eth1, ends(8, 7), craft.GRE{}),
		}, []string{"gre - 1 - - -", "vxlan 1 1 1 - -"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			table := count(t, "tunnels", setup{groups: maxGroups}, onTap(tt.frames...))[0]
			wantLines(t, table, "kind id inner_flows port_spread reverse_id health", tt.want...)
		})
	}
}

func TestTunnelsToLookAt(t *testing.T) {
	frames := onTap(inVNI(there, 1, 50000, false, 1000), inVNI(there, 1, 50000, false, 1000), inVNI(there, 2, 50000, false, 1000), inVNI(back, 2, 50000, true, 1000),
		inside(eth1, craft.VLAN{ID: 5}, there, craft.GRE{}))
	tables := count(t, "tunnels", setup{groups: maxGroups}, frames)
	wantLines(t, tables[1], "kind id a b health reverse_id packets inner_flows source_ports port_spread within",
		"vxlan 1 172.16.0.1 172.16.0.2 one-way - 2 1 1 1 -", "gre - 172.16.0.1 172.16.0.2 one-way - 1 1 - - vlan 5")
}

// flooding is a network of four tunnel ends, in which .1 floods to .2 and .3 and .2 to all.
func flooding() [][]byte {
	in := func(from, to int, port uint16, src, dst string) []byte {
		return craft.Packet(eth1, ends(from, to), craft.UDP{Src: port}, craft.VXLAN{VNI: 7}, craft.Ethernet{Src: src, Dst: dst}, craft.IPv4{}, craft.UDP{Src: port, Dst: 9})
	}
	const a, b, nobody, all, group = "02:00:00:00:00:0a", "02:00:00:00:00:0b", "02:00:00:00:00:99", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:05"
	return [][]byte{
		in(1, 2, 1, a, all), in(1, 3, 1, a, all),
		in(2, 1, 2, b, a), // known by then
		in(1, 2, 3, a, b), // the same
		in(2, 1, 4, b, group), in(2, 3, 4, b, group), in(2, 4, 4, b, group),
		in(1, 2, 5, a, nobody), in(1, 3, 5, a, nobody),
		in(1, 2, 1, a, all), in(1, 3, 1, a, all), // the same frame sent again
	}
}

func TestReplication(t *testing.T) {
	frames := onTap(flooding()...)
	other := &pcaps.Interface{File: "other.pcap", ID: -1, LinkType: 1, FCSLen: -1}
	for _, f := range onTap(flooding()...) { // captured a second time elsewhere
		f.Interface = other
		frames = append(frames, f)
	}
	tables := count(t, "tunnels", setup{groups: maxGroups}, interleaved(frames))
	wantLines(t, tables[2], "kind id from to frames copies missing broadcast multicast unknown",
		"vxlan 7 172.16.0.1 172.16.0.4 3 0 3 0 0 0",
		"vxlan 7 172.16.0.1 172.16.0.2 3 3 0 2 0 1",
		"vxlan 7 172.16.0.1 172.16.0.3 3 3 0 2 0 1",
		"vxlan 7 172.16.0.2 172.16.0.1 1 1 0 0 1 0",
		"vxlan 7 172.16.0.2 172.16.0.3 1 1 0 0 1 0",
		"vxlan 7 172.16.0.2 172.16.0.4 1 1 0 0 1 0")
	wantLines(t, tables[3], "kind id ends pairs missing_pairs missing seen_from", "vxlan 7 4 4 2 172.16.0.1~172.16.0.4;172.16.0.3~172.16.0.4 -")
}

// interleaved orders frames by their times.
func interleaved(frames []pcaps.Frame) []pcaps.Frame {
	slices.SortStableFunc(frames, func(a, b pcaps.Frame) int { return cmp.Compare(a.Time, b.Time) })
	return frames
}

// TestReplicationByGroup has the underlay copy: nobody is left out.
func TestReplicationByGroup(t *testing.T) {
	arp := func(from int, to string) []byte {
		return craft.Packet(eth1, craft.IPv4{Src: fmt.Sprint("172.16.0.", from), Dst: to}, craft.UDP{Src: 50000}, craft.VXLAN{VNI: 7},
			craft.Ethernet{Dst: "ff:ff:ff:ff:ff:ff"}, craft.ARP{})
	}
	tables := count(t, "tunnels", setup{groups: maxGroups}, onTap(arp(1, "239.1.1.1"), inVNI(ends(1, 2), 7, 50000, false, 1), inVNI(ends(3, 1), 7, 50000, false, 1)))
	wantLines(t, tables[2], "from to frames copies missing",
		"172.16.0.1 239.1.1.1 1 1 0")
	wantLines(t, tables[3], "ends pairs missing_pairs missing seen_from", "3 2 - - 172.16.0.1")
}

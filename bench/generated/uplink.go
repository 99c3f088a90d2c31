package main

import (
	"time"

	"pktscope/internal/craft"
)

const (
	serverMAC, serverIP = "0c:42:a1:00:01:01", "172.16.1.1"
	leafMAC             = "00:1c:73:00:00:0a"
	peerIP              = "172.16.1.2" // another server
)

// playUplink is the traffic of a server with virtual machines of several tenants.
func playUplink(r *recorder) {
	at := func(ms time.Duration) *scene { return &scene{recorder: r, on: uplink, now: ms * time.Millisecond} }
	management(at(20))
	flooded(at(980))
	tenant(at(1000), 5001, 1_000_000, "52:54:00:51:00:01", "52:54:00:51:00:02")
	tenant(at(1001), 5002, 999_900, "52:54:00:52:00:01", "52:54:00:52:00:02")
	geneve(at(1600))
	nvgre(at(2200))
	protected(at(2900))
}

// underlay is the Ethernet and IP header around a tunnel's, from this server or to it.
func underlay(reply bool, tos uint8) []craft.Layer {
	if reply {
		return []craft.Layer{craft.Ethernet{Src: leafMAC, Dst: serverMAC},
			craft.IPv4{Src: peerIP, Dst: serverIP, TOS: tos, TTL: 62, DontFragment: true}}
	}
	return []craft.Layer{craft.Ethernet{Src: serverMAC, Dst: leafMAC},
		craft.IPv4{Src: serverIP, Dst: peerIP, TOS: tos, DontFragment: true}}
}

// entropy is a source port of VXLAN and Geneve, which differs by inner flow and direction.
func entropy(reply bool, port uint16) craft.UDP {
	if reply {
		port += 1717
	}
	return craft.UDP{Src: port, Sum: craft.Zero}
}

// management is VLAN 100, with a priority.
func management(s *scene) {
	t := talk{scene: s, tos: 26 << 2,
		client: host{mac: serverMAC, ip: "192.168.100.11", port: 50022, seq: 8_100_000},
		server: host{mac: "0c:42:a1:00:01:fe", ip: "192.168.100.2", port: 80, seq: 9_200_000, id: 100},
		around: func(_ bool, link craft.Layer) []craft.Layer {
			return []craft.Layer{link, craft.VLAN{ID: 100, Priority: 3}}
		}}
	t.open()
	t.ask(request, response(900))
	t.close()
	t.tos = 0
	t.ping(2)
}

// tenant is a connection in a VXLAN network. Two tenants use the same addresses and ports: who takes their packets for
// one connection sees retransmissions that never were.
func tenant(s *scene, vni, seq uint32, client, server string) {
	t := talk{scene: s,
		client: host{mac: client, ip: "10.0.0.1", port: 40000, seq: seq, id: uint16(vni)},
		server: host{mac: server, ip: "10.0.0.2", port: 80, seq: seq + 4_000_000, id: 3 * uint16(vni)},
		around: func(reply bool, link craft.Layer) []craft.Layer {
			return append(underlay(reply, 0), entropy(reply, 49152+uint16(vni)), craft.VXLAN{VNI: vni}, link)
		}}
	t.open()
	t.tcp(false, push, request)
	t.tcp(true, push, response(int(vni)%1000*100))
	t.tcp(false, ack, "")
}

// flooded is what a tenant's machines ask the whole network: ARP, and its IPv6 counterpart.
func flooded(s *scene) {
	const asks, answers = "52:54:00:51:00:01", "52:54:00:51:00:02"
	vxlan := func(reply bool, l ...craft.Layer) []craft.Layer {
		return append(append(underlay(reply, 0), entropy(reply, 61000), craft.VXLAN{VNI: 5001}), l...)
	}
	s.send(vxlan(false, craft.Ethernet{Src: asks, Dst: "ff:ff:ff:ff:ff:ff"},
		craft.ARP{SenderMAC: asks, SenderIP: "10.0.0.1", TargetIP: "10.0.0.2"})...)
	s.send(vxlan(true, craft.Ethernet{Src: answers, Dst: asks},
		craft.ARP{Operation: 2, SenderMAC: answers, SenderIP: "10.0.0.2", TargetMAC: asks, TargetIP: "10.0.0.1"})...)
	s.send(vxlan(false, craft.Ethernet{Src: asks, Dst: "33:33:ff:00:00:02"},
		craft.IPv6{Src: "fd00:51::1", Dst: "ff02::1:ff00:2", HopLimit: 255}, craft.ICMPv6{Type: 135},
		craft.Neighbor("fd00:51::2", 1, asks))...)
	s.send(vxlan(true, craft.Ethernet{Src: answers, Dst: asks},
		craft.IPv6{Src: "fd00:51::2", Dst: "fd00:51::1", HopLimit: 255}, craft.ICMPv6{Type: 136, Rest: 0x60000000},
		craft.Neighbor("fd00:51::2", 2, answers))...)
}

// geneve is an OVN logical network, with the option that carries the logical ports; over it IPv4 and IPv6.
func geneve(s *scene) {
	around := func(reply bool, link craft.Layer) []craft.Layer {
		ports := []byte{0, 3, 0, 4} // ingress and egress
		if reply {
			ports = []byte{0, 4, 0, 3}
		}
		return append(underlay(reply, 10<<2), entropy(reply, 52001),
			craft.Geneve{VNI: 6001, Options: []craft.GeneveOption{{Class: 0x0102, Type: 0x80, Data: ports}}}, link)
	}
	t := talk{scene: s, tos: 10 << 2, around: around,
		client: host{mac: "0a:58:0a:f4:00:03", ip: "10.244.0.3", port: 47001, seq: 33_000_000},
		server: host{mac: "0a:58:0a:f4:01:04", ip: "10.244.1.4", port: 80, seq: 44_000_000}}
	t.open()
	t.ask(request, response(2000))
	t.close()
	t = talk{scene: s, around: around,
		client: host{mac: "0a:58:0a:f4:00:03", ip: "fd00:244::3", port: 7},
		server: host{mac: "0a:58:0a:f4:01:04", ip: "fd00:244:1::4"}}
	t.ping(2)
}

// nvgre is a tenant who is known by the key's upper 24 bits.
func nvgre(s *scene) {
	t := talk{scene: s, tos: 18 << 2,
		client: host{mac: "00:15:5d:01:0a:01", ip: "10.0.0.1", port: 49701, ttl: 128, seq: 55_000_000},
		server: host{mac: "00:15:5d:01:0a:02", ip: "10.0.0.2", port: 80, ttl: 128, seq: 66_000_000},
		around: func(reply bool, link craft.Layer) []craft.Layer {
			flow := uint8(0x21)
			if reply {
				flow = 0x84
			}
			return append(underlay(reply, 18<<2), craft.NVGRE{VSID: 7001, FlowID: flow}, link)
		}}
	t.open()
	t.ask(request, response(600))
	t.close()
}

// protected is ESP: a security association in each direction, of which only SPI and sequence number can be seen, and a
// pair that passes a NAT in UDP.
func protected(s *scene) {
	for i := range uint32(6) {
		for n, size := range []int{104, 88 + 240*int(i)} {
			sealed := make(craft.Payload, size)
			for j := range sealed {
				sealed[j] = byte(s.random.Uint32())
			}
			reply := n == 1
			spi := [2]uint32{0xc3a10001, 0xc7d20002}[n]
			s.send(append(underlay(reply, 0), craft.ESP{SPI: spi, Sequence: i + 1}, sealed)...)
			if i < 2 {
				s.send(append(underlay(reply, 0), craft.UDP{Src: 4500, Dst: 4500, Sum: craft.Zero},
					craft.ESP{SPI: spi + 0x100, Sequence: i + 1}, sealed)...)
			}
		}
		s.wait(40 * time.Millisecond)
	}
}

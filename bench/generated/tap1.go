package main

import (
	"time"

	"pktscope/internal/craft"
)

const (
	vmMAC, vmIP, vmIP6              = "fa:16:3e:20:00:11", "10.20.0.11", "2001:db8:20::11"
	gatewayMAC, gatewayIP           = "fa:16:3e:20:00:01", "10.20.0.1"
	gatewayIP6, gatewayLinkLocalIP6 = "2001:db8:20::1", "fe80::f816:3eff:fe20:1"
	resolverMAC, resolverIP         = "fa:16:3e:20:00:53", "10.20.0.53"
	webIP, webIP6                   = "198.51.100.80", "2001:db8:80::80"
)

// playTap1 is the traffic of a virtual machine: no tags, no tunnels.
func playTap1(r *recorder) {
	at := func(ms time.Duration) *scene { return &scene{recorder: r, on: tap1, now: ms * time.Millisecond} }
	resolve(at(0))
	web(at(4))
	neighbors(at(40))
	damaged(at(600))
	offloaded(at(900))
	refused(at(1200))
	fragments(at(1800))
	call(at(2400))
}

// vm and outside are the two ends of most conversations here: what is outside comes through the gateway.
func vm(port uint16) host {
	return host{mac: vmMAC, ip: vmIP, port: port, seq: uint32(port) * 70001, id: port}
}

func outside(ip string, port uint16) host {
	return host{mac: gatewayMAC, ip: ip, port: port, ttl: 57, seq: uint32(port) * 90001, id: 3 * port}
}

// resolve finds the resolver by ARP, and asks it.
func resolve(s *scene) {
	s.send(craft.Ethernet{Src: vmMAC, Dst: "ff:ff:ff:ff:ff:ff"},
		craft.ARP{SenderMAC: vmMAC, SenderIP: vmIP, TargetIP: resolverIP})
	s.send(craft.Ethernet{Src: resolverMAC, Dst: vmMAC},
		craft.ARP{Operation: 2, SenderMAC: resolverMAC, SenderIP: resolverIP, TargetMAC: vmMAC, TargetIP: vmIP})
	t := talk{scene: s, client: vm(41053), server: host{mac: resolverMAC, ip: resolverIP, port: 53}}
	q := query(0x2a17, "www.example.net")
	t.udp(false, q)
	t.udp(true, answer(q, webIP))
}

// web is a connection from the first to the last packet.
func web(s *scene) {
	t := talk{scene: s, client: vm(40112), server: outside(webIP, 80)}
	t.open()
	t.ask(request, response(3000))
	t.close()
}

// neighbors is IPv6: neighbor discovery in both directions, ping and a connection.
func neighbors(s *scene) {
	s.send(craft.Ethernet{Src: vmMAC, Dst: "33:33:ff:00:00:01"}, craft.IPv6{Src: vmIP6, Dst: "ff02::1:ff00:1", HopLimit: 255},
		craft.ICMPv6{Type: 135}, craft.Neighbor(gatewayIP6, 1, vmMAC))
	s.send(craft.Ethernet{Src: gatewayMAC, Dst: vmMAC}, craft.IPv6{Src: gatewayIP6, Dst: vmIP6, HopLimit: 255},
		craft.ICMPv6{Type: 136, Rest: 0xe0000000}, craft.Neighbor(gatewayIP6, 2, gatewayMAC))
	t := talk{scene: s, client: vm(40666), server: outside(webIP6, 80)}
	t.client.ip = vmIP6
	t.ping(2)
	t.open()
	t.ask(request, response(700))
	t.close()
	s.send(craft.Ethernet{Src: gatewayMAC, Dst: vmMAC}, craft.IPv6{Src: gatewayLinkLocalIP6, Dst: vmIP6, HopLimit: 255},
		craft.ICMPv6{Type: 135}, craft.Neighbor(vmIP6, 1, gatewayMAC))
	s.send(craft.Ethernet{Src: vmMAC, Dst: gatewayMAC}, craft.IPv6{Src: vmIP6, Dst: gatewayLinkLocalIP6, HopLimit: 255},
		craft.ICMPv6{Type: 136, Rest: 0x60000000}, craft.Neighbor(vmIP6, 2, vmMAC))
}

// damaged is a connection with a segment that has one bit wrong, and its retransmission.
func damaged(s *scene) {
	t := talk{scene: s, client: vm(40114), server: outside(webIP, 80)}
	t.open()
	t.tcp(false, push, request)
	tcp, data := t.segment(true, push, response(400))
	flipped := craft.Edit(tcp, func(b []byte) { b[20+123] ^= 0x10 })
	s.frame(craft.Packet(t.packet(true, flipped, data)...), "one bit of the payload is flipped: the TCP checksum is wrong")
	s.wait(210 * time.Millisecond)
	s.send(t.packet(true, tcp, data)...)
	t.tcp(false, ack, "")
}

// offloaded is a segment on its way to a NIC that has yet to compute its checksum.
func offloaded(s *scene) {
	t := talk{scene: s, client: vm(40116), server: outside(webIP, 80)}
	t.open()
	tcp, data := t.segment(false, push, request)
	tcp.Sum = craft.Partial
	s.frame(craft.Packet(t.packet(false, tcp, data)...), "the TCP checksum is that of the pseudo-header only: the NIC computes the rest")
	s.wait(300 * time.Microsecond)
	t.tcp(true, push, response(200))
	t.tcp(false, ack, "")
}

// refused is packets that are not delivered, and the ICMP errors that quote them.
func refused(s *scene) {
	back := craft.Ethernet{Src: gatewayMAC, Dst: vmMAC}
	gateway := craft.IPv4{Src: gatewayIP, Dst: vmIP, TOS: 0xc0, ID: 4711}

	probe := talk{scene: s, client: vm(45000), server: outside("203.0.113.9", 33434)}
	probe.client.ttl = 1
	probe.udp(false, pattern(32))
	s.send(back, gateway, craft.ICMP{Type: 11}, quote(s, 20+8+32))

	closed := talk{scene: s, client: vm(45001), server: host{mac: resolverMAC, ip: resolverIP, port: 9999}}
	closed.udp(false, pattern(20))
	s.send(craft.Ethernet{Src: resolverMAC, Dst: vmMAC}, craft.IPv4{Src: resolverIP, Dst: vmIP, TOS: 0xc0, ID: 815},
		craft.ICMP{Type: 3, Code: 3}, quote(s, 20+8+20))

	big := talk{scene: s, client: vm(40118), server: outside(webIP, 80)}
	big.open()
	big.tcp(false, ack, upload(1460))
	s.send(back, gateway, craft.ICMP{Type: 3, Code: 4, Rest: 1400}, quote(s, 20+8))
}

// quote is the beginning of the last IP packet.
func quote(s *scene, size int) craft.Payload { return s.records[len(s.records)-1].frame[14 : 14+size] }

// fragments are datagrams of 3,000 bytes, over IPv4 and IPv6.
func fragments(s *scene) {
	for _, t := range []talk{
		{scene: s, client: vm(46000), server: outside("198.51.100.99", 9999)},
		{scene: s, client: host{mac: vmMAC, ip: vmIP6, port: 46001}, server: outside("2001:db8:80::99", 9999)},
	} {
		for _, reply := range []bool{false, true} {
			from, to := t.ends(reply)
			whole := craft.Packet(t.packet(reply, craft.UDP{Src: from.port, Dst: to.port}, pattern(3000))...)
			for _, f := range craft.Fragment(whole, 1500) {
				s.frame(f, "")
				s.wait(15 * time.Microsecond)
			}
			s.wait(2 * time.Millisecond)
		}
	}
}

// call is a telephone call, with expedited forwarding.
func call(s *scene) {
	t := talk{scene: s, client: vm(16384), server: outside("198.51.100.7", 16390), tos: 46 << 2}
	for i := range uint16(8) {
		t.udp(false, voice(100+i, 0x1111))
		t.udp(true, voice(700+i, 0x2222))
		s.wait(19 * time.Millisecond)
	}
}

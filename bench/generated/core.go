package main

import (
	"time"

	"pktscope/internal/craft"
)

const (
	pe1MAC, pe1IP = "00:1c:73:0e:00:01", "203.0.113.1"
	pe2MAC, pe2IP = "00:1c:73:0e:00:02", "203.0.113.2"
)

// playCore is the traffic between two provider edges.
func playCore(r *recorder) {
	at := func(ms time.Duration) *scene { return &scene{recorder: r, on: core, now: ms * time.Millisecond} }
	stacked(at(10), 10, 71_000_000)
	stacked(at(11), 20, 70_999_800)
	vpn(at(500))
	session(at(1400))
	gre(at(2100))
	campus(at(2700))
}

// edges is the Ethernet header between the provider edges.
func edges(reply bool) craft.Layer {
	if reply {
		return craft.Ethernet{Src: pe2MAC, Dst: pe1MAC}
	}
	return craft.Ethernet{Src: pe1MAC, Dst: pe2MAC}
}

// stacked is a customer's VLAN in the provider's. Two of them have the same addresses and ports.
func stacked(s *scene, customer uint16, seq uint32) {
	t := talk{scene: s,
		client: host{mac: "00:0c:29:00:10:01", ip: "192.168.1.10", port: 51000, seq: seq, id: 100 * customer},
		server: host{mac: "00:0c:29:00:10:02", ip: "192.168.1.20", port: 80, seq: seq + 1_000_000, id: 300 * customer},
		around: func(_ bool, link craft.Layer) []craft.Layer {
			return []craft.Layer{link, craft.VLAN{TPID: 0x88a8, ID: 200, Priority: 1}, craft.VLAN{ID: customer, Priority: 1}}
		}}
	t.open()
	t.ask(request, response(20*int(customer)))
	t.close()
}

// vpn is a customer's network over MPLS: a label for the way and one, announced by BGP, for the VPN. Labels belong to who
// receives them, so the other direction has others. The traffic class repeats the DSCP.
func vpn(s *scene) {
	around := func(tc uint8) func(bool, craft.Layer) []craft.Layer {
		return func(reply bool, _ craft.Layer) []craft.Layer {
			if reply {
				return []craft.Layer{edges(reply), craft.MPLS{Label: 16005, TC: tc, TTL: 61}, craft.MPLS{Label: 24017, TC: tc, TTL: 62}}
			}
			return []craft.Layer{edges(reply), craft.MPLS{Label: 16009, TC: tc, TTL: 62}, craft.MPLS{Label: 24002, TC: tc, TTL: 63}}
		}
	}
	t := talk{scene: s, tos: 34 << 2, around: around(4),
		client: host{ip: "10.1.1.10", port: 43210, ttl: 62, seq: 12_000_000},
		server: host{ip: "10.1.2.20", port: 80, ttl: 61, seq: 13_000_000}}
	t.open()
	t.ask(request, response(1200))
	t.close()
	t = talk{scene: s, around: around(0),
		client: host{ip: "10.1.1.11", port: 9, ttl: 62}, server: host{ip: "10.1.2.20", ttl: 61}}
	t.ping(2)
}

// session is a BGP session that is kept alive, with the DSCP of network control (RFC 4271, section 4.4).
func session(s *scene) {
	t := talk{scene: s, tos: 48 << 2,
		client: host{mac: pe1MAC, ip: pe1IP, port: 179, ttl: 255, seq: 140_000},
		server: host{mac: pe2MAC, ip: pe2IP, port: 50179, ttl: 255, seq: 150_000}}
	keepalive := "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x00\x13\x04"
	t.tcp(false, push, keepalive)
	t.tcp(true, ack, "")
	t.tcp(true, push, keepalive)
	t.tcp(false, ack, "")
}

// gre is a tunnel with a key and a checksum over all that it carries.
func gre(s *scene) {
	around := func(reply bool, _ craft.Layer) []craft.Layer {
		ip := craft.IPv4{Src: pe1IP, Dst: pe2IP, TTL: 255}
		if reply {
			ip = craft.IPv4{Src: pe2IP, Dst: pe1IP, TTL: 255}
		}
		return []craft.Layer{edges(reply), ip, craft.GRE{Checksum: true, Key: new(uint32(4242))}}
	}
	t := talk{scene: s, around: around,
		client: host{ip: "10.3.1.10", port: 44321, ttl: 63, seq: 22_000_000},
		server: host{ip: "10.3.2.20", port: 80, ttl: 63, seq: 23_000_000}}
	t.open()
	t.ask(request, response(500))
	t.close()
	t.ping(2)
}

// campus is TRILL: a flooded ARP request, its answer, and a connection in VLAN 300.
func campus(s *scene) {
	const asks, answers = "00:0c:29:00:30:01", "00:0c:29:00:30:02"
	s.send(craft.Ethernet{Src: pe1MAC, Dst: "01:80:c2:00:00:40"}, craft.TRILL{MultiDestination: true, Hops: 20, Egress: tree, Ingress: nick1},
		craft.Ethernet{Src: asks, Dst: "ff:ff:ff:ff:ff:ff"}, craft.VLAN{ID: 300},
		craft.ARP{SenderMAC: asks, SenderIP: "10.30.0.1", TargetIP: "10.30.0.2"})
	around := func(reply bool, link craft.Layer) []craft.Layer {
		trill := craft.TRILL{Hops: 20, Egress: nick2, Ingress: nick1}
		if reply {
			trill.Egress, trill.Ingress = nick1, nick2
		}
		return []craft.Layer{edges(reply), trill, link, craft.VLAN{ID: 300}}
	}
	s.send(append(around(true, craft.Ethernet{Src: answers, Dst: asks}),
		craft.ARP{Operation: 2, SenderMAC: answers, SenderIP: "10.30.0.2", TargetMAC: asks, TargetIP: "10.30.0.1"})...)
	t := talk{scene: s, around: around,
		client: host{mac: asks, ip: "10.30.0.1", port: 45100, seq: 31_000_000},
		server: host{mac: answers, ip: "10.30.0.2", port: 80, seq: 32_000_000}}
	t.open()
	t.ask(request, response(300))
	t.close()
}

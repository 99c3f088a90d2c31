package main

import (
	"time"

	"pktscope/internal/craft"
)

// The nicknames of two RBridges, and of the root of a tree.
const nick1, nick2, tree = 0x0b01, 0x0b02, 0x0f00

// playCampus is the link between two RBridges: VLANs, and tenants with fine-grained labels.
func playCampus(r *recorder) {
	at := func(ms time.Duration) *scene { return &scene{recorder: r, now: ms * time.Millisecond} }
	station(at(0), 0x00, craft.VLAN{ID: 300})
	station(at(20), 0x10, label(0x012001, 5)...)
	station(at(21), 0x20, label(0x012002, 5)...)
	extended(at(40))
}

// label is a fine-grained label of 24 bits: two tags with 12 bits each (RFC 7172, section 2.3).
func label(number uint32, priority uint8) []craft.Layer {
	const fgl = 0x893b
	return []craft.Layer{craft.VLAN{TPID: fgl, ID: uint16(number >> 12), Priority: priority}, craft.VLAN{TPID: fgl, ID: uint16(number & 0xfff), Priority: priority}}
}

// station is a machine that looks for another one and talks to it, in a network that the tags tell. The networks have the same addresses
// and ports.
func station(s *scene, network byte, tags ...craft.Layer) {
	mac := func(n byte) string { return "00:0c:29:00:" + hex(network) + ":" + hex(n) }
	asks, answers := mac(1), mac(2)
	around := func(reply bool, link craft.Layer) []craft.Layer {
		trill := craft.TRILL{Hops: 20, Egress: nick2, Ingress: nick1}
		if reply {
			trill.Egress, trill.Ingress = nick1, nick2
		}
		return append([]craft.Layer{edges(reply), trill, link}, tags...)
	}
	s.send(append(append([]craft.Layer{craft.Ethernet{Src: pe1MAC, Dst: "01:80:c2:00:00:40"},
		craft.TRILL{MultiDestination: true, Hops: 20, Egress: tree, Ingress: nick1},
		craft.Ethernet{Src: asks, Dst: "ff:ff:ff:ff:ff:ff"}}, tags...),
		craft.ARP{SenderMAC: asks, SenderIP: "10.30.0.1", TargetIP: "10.30.0.2"})...)
	s.send(append(around(true, craft.Ethernet{Src: answers, Dst: asks}),
		craft.ARP{Operation: 2, SenderMAC: answers, SenderIP: "10.30.0.2", TargetMAC: asks, TargetIP: "10.30.0.1"})...)
	t := talk{scene: s, around: around,
		client: host{mac: asks, ip: "10.30.0.1", port: 45100, seq: 31_000_000 + uint32(network)<<8},
		server: host{mac: answers, ip: "10.30.0.2", port: 80, seq: 32_000_000 + uint32(network)<<8}}
	t.open()
	t.ask(request, response(300+int(network)))
	t.close()
}

func hex(b byte) string {
	const digits = "0123456789abcdef"
	return string([]byte{digits[b>>4], digits[b&15]})
}

// extended are headers with an extension of four bytes, flags only (RFC 7179, section 2), on their last hop.
func extended(s *scene) {
	t := talk{scene: s,
		around: func(reply bool, link craft.Layer) []craft.Layer {
			trill := craft.TRILL{Hops: 1, Egress: nick2, Ingress: nick1, Options: make([]byte, 4)}
			if reply {
				trill.Egress, trill.Ingress = nick1, nick2
			}
			return []craft.Layer{edges(reply), trill, link, craft.VLAN{ID: 301}}
		},
		client: host{mac: "00:0c:29:00:31:01", ip: "10.31.0.1", port: 11},
		server: host{mac: "00:0c:29:00:31:02", ip: "10.31.0.2"}}
	t.ping(2)
}

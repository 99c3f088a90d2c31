package main

import (
	"time"

	"pktscope/internal/craft"
)

// playNVGRE is the port of a server whose switch is NVGRE's kind: two virtual subnets with the same addresses and ports, and connections in
// each of them that differ in the flow ID, which is for the paths of the underlay and says nothing of the tenant.
func playNVGRE(r *recorder) {
	for n := range 4 {
		s := &scene{recorder: r, now: time.Duration(n) * 700 * time.Microsecond}
		subnet(s, 5001+uint32(n/2), 49701+uint16(n%2), uint8(0x21+0x30*n))
	}
}

// subnet is a connection in the virtual subnet vsid.
func subnet(s *scene, vsid uint32, port uint16, flow uint8) {
	t := talk{scene: s, tos: 18 << 2,
		client: host{mac: "00:15:5d:01:0a:01", ip: "10.0.0.1", port: port, ttl: 128, seq: 55_000_000 + vsid + uint32(port)},
		server: host{mac: "00:15:5d:01:0a:02", ip: "10.0.0.2", port: 80, ttl: 128, seq: 66_000_000 + vsid + uint32(port)},
		around: func(reply bool, link craft.Layer) []craft.Layer {
			id := flow
			if reply {
				id = ^flow
			}
			return append(underlay(reply, 18<<2), craft.NVGRE{VSID: vsid, FlowID: id}, link)
		}}
	t.open()
	t.ask(request, response(int(vsid)%1000*100))
	t.close()
}

package main

import "pktscope/internal/craft"

// A mix is a kind of traffic: flows over some encapsulations, each going through a script.
type mix struct {
	name, doc string
	flows     int
	tenants   int
	fromStart bool // flows are seen from their first packet; else most are under way already
	over      []encapsulated
	scripts   []scripted
}

type encapsulated struct {
	weight int
	encapsulation
}

type scripted struct {
	weight int
	script
}

var mixes = []mix{
	{name: "imix", doc: "plain, VLAN, VXLAN, GRE, MPLS and ESP, TCP and UDP, 8 tenants in 4,000 flows, 550 bytes on average",
		flows: 4000, tenants: 8,
		over:    []encapsulated{{20, plain}, {5, plain6}, {20, vlan}, {25, vxlan}, {10, gre}, {10, mpls}, {10, esp}},
		scripts: []scripted{{70, web}, {30, media}}},
	{name: "small", doc: "frames of 64 bytes, plain TCP",
		flows: 1000, tenants: 1, over: []encapsulated{{1, plain}}, scripts: []scripted{{1, keystrokes}}},
	{name: "large", doc: "frames of 1,500 bytes, plain TCP",
		flows: 1000, tenants: 1, over: []encapsulated{{1, plain}}, scripts: []scripted{{1, bulk}}},
	{name: "elephant", doc: "one TCP flow, a download",
		flows: 1, tenants: 1, fromStart: true, over: []encapsulated{{1, plain}}, scripts: []scripted{{1, download}}},
	{name: "flows", doc: "a million flows (-flows) of small packets, TCP and UDP",
		flows: 1_000_000, tenants: 1, over: []encapsulated{{1, plain}}, scripts: []scripted{{2, rpc}, {1, queries}}},
	{name: "tenants", doc: "ten thousand VXLAN tenants (-tenants), the same addresses and ports in each",
		flows: 40_000, tenants: 10_000, over: []encapsulated{{1, vxlan}}, scripts: []scripted{{2, rpc}, {1, queries}}},
	{name: "fragments", doc: "UDP datagrams in three IPv4 fragments, plain and in VXLAN, one in two out of order",
		flows: 1000, tenants: 8, over: []encapsulated{{1, plain}, {1, vxlan}}, scripts: []scripted{{1, datagrams}}},
}

// An encapsulation is what stands around a flow's packets.
type encapsulation struct {
	tenants int // how many it can tell apart
	ipv6    bool
	opaque  bool // the packets are encrypted
	// around returns the layers of a packet in the given direction.
	around func(reply bool, packet ...craft.Layer) []craft.Layer
	// segment is the word that tells the tenant, as it stands in the packet: of a VLAN the TCI, of MPLS the
	// bottom label's entry. Labels and SPIs differ by direction.
	segment func(tenant uint32, reply bool, dscp uint8) uint32
}

var (
	plain = encapsulation{tenants: 1, around: func(reply bool, packet ...craft.Layer) []craft.Layer {
		return join(link(reply), packet...)
	}}
	plain6 = encapsulation{tenants: 1, ipv6: true, around: plain.around}
	vlan   = encapsulation{tenants: 3900, around: func(reply bool, packet ...craft.Layer) []craft.Layer {
		return join(link(reply), join(craft.VLAN{}, packet...)...)
	}, segment: func(tenant uint32, _ bool, dscp uint8) uint32 {
		return uint32(dscp>>3)<<13 | 100 + tenant
	}}
	vxlan = encapsulation{tenants: 1 << 24, around: func(reply bool, packet ...craft.Layer) []craft.Layer {
		return join(link(reply), append([]craft.Layer{underlay(), craft.UDP{Dst: 4789, Sum: craft.Zero}, craft.VXLAN{}, link(reply)}, packet...)...)
	}, segment: func(tenant uint32, _ bool, _ uint8) uint32 {
		return (5001 + tenant) << 8
	}}
	gre = encapsulation{tenants: 1 << 24, around: func(reply bool, packet ...craft.Layer) []craft.Layer {
		return join(link(reply), append([]craft.Layer{underlay(), craft.GRE{Checksum: true, Key: new(uint32)}}, packet...)...)
	}, segment: func(tenant uint32, _ bool, _ uint8) uint32 {
		return 7001 + tenant
	}}
	mpls = encapsulation{tenants: 400_000, around: func(reply bool, packet ...craft.Layer) []craft.Layer {
		transport := craft.MPLS{Label: 3001, TTL: 62}
		if reply {
			transport.Label = 3002
		}
		return join(link(reply), append([]craft.Layer{transport, craft.MPLS{}}, packet...)...)
	}, segment: func(tenant uint32, reply bool, dscp uint8) uint32 {
		label := 100_000 + 2*tenant
		if reply {
			label++
		}
		return label<<12 | uint32(dscp>>3)<<9 | 1<<8 | 62
	}}
	esp = encapsulation{tenants: 1 << 24, opaque: true, around: plain.around,
		segment: func(tenant uint32, reply bool, _ uint8) uint32 {
			spi := 0xc0000000 + 2*tenant
			if reply {
				spi++
			}
			return spi
		}}
)

// link is the Ethernet header between the two machines that all flows pass.
func link(reply bool) craft.Layer {
	if reply {
		return craft.Ethernet{Src: "02:00:00:00:00:02", Dst: "02:00:00:00:00:01"}
	}
	return craft.Ethernet{Src: "02:00:00:00:00:01", Dst: "02:00:00:00:00:02"}
}

// underlay is the outer IP header, between hosts whose last two bytes vary.
func underlay() craft.Layer { return craft.IPv4{Src: "172.16.0.0", Dst: "172.16.0.0", TTL: 62} }

// A script is what the two sides of a flow send to each other.
type script struct {
	udp   bool
	loop  int // after the last packet it goes on with this one
	steps []send
}

// A send is one datagram of a script.
type send struct {
	reply bool
	flags uint16 // of TCP
	size  int    // of the payload
	order []int  // send it in fragments, in this order; their payloads have at most 1,480 bytes
}

const (
	syn  = craft.SYN
	ack  = craft.ACK
	push = craft.PSH | craft.ACK
)

var (
	web = script{loop: 3, steps: []send{
		{flags: syn}, {reply: true, flags: syn | ack}, {flags: ack},
		{flags: push, size: 380}, {reply: true, flags: ack, size: 1350}, {reply: true, flags: ack, size: 1350}, {flags: ack},
		{reply: true, flags: push, size: 850}, {flags: ack},
		{flags: push, size: 90}, {reply: true, flags: push, size: 150}, {flags: ack}}}
	rpc = script{loop: 3, steps: []send{
		{flags: syn}, {reply: true, flags: syn | ack}, {flags: ack},
		{flags: push, size: 64}, {reply: true, flags: push, size: 128}, {flags: ack}}}
	download = script{loop: 3, steps: []send{
		{flags: syn}, {reply: true, flags: syn | ack}, {flags: ack},
		{reply: true, flags: ack, size: 1460}, {reply: true, flags: push, size: 1460}, {flags: ack}}}
	keystrokes = script{steps: []send{{flags: push, size: 10}, {reply: true, flags: push, size: 10}}}
	bulk       = script{steps: []send{{flags: ack, size: 1446}, {reply: true, flags: ack, size: 1446}}}
	media      = script{udp: true, steps: []send{{size: 172}, {reply: true, size: 172}, {reply: true, size: 1200}}}
	queries    = script{udp: true, steps: []send{{size: 40}, {reply: true, size: 120}}}
	datagrams  = script{udp: true, steps: []send{
		{size: 4000, order: []int{0, 1, 2}}, {reply: true, size: 4000, order: []int{2, 0, 1}}}}
)

func join(first craft.Layer, rest ...craft.Layer) []craft.Layer {
	return append([]craft.Layer{first}, rest...)
}

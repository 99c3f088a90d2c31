package reports

import (
	"encoding/binary"

	"pktscope/dissect"
)

// glance is what findings look at in a packet, worked out once for all of them. Layers that a packet does not have are 0.
type glance struct {
	*dissect.Packet
	ethernet     bool   // the frame begins with a whole Ethernet header, which has
	dst, src     uint64 // these addresses
	tags         uint64 // of the frame, as in vlanKey
	behind       int    // the layer behind Ethernet and its tags
	outer, inner int    // the outermost and the innermost IP header that is not quoted
	tunnel       int    // the outermost tunnel with an IP header around it
	around       int    // that header
	mirror       bool   // there is a mirrored frame in the tunnel
	arp          int
	icmp         int // an ICMP message that is not quoted
	quoted       int // the IP header that it quotes
	esp          int // the outermost ESP
	tcp          int // TCP in the innermost IP header
	carried      int // the first Ethernet header in the outermost tunnel
	label        int // the top of a stack of MPLS labels
	trill        int
	odd          bool // a checksum is bad or owed
}

// seen is what a layer of a protocol is to a glance.
type seen uint8

const (
	seenNothing seen = iota
	seenIP
	seenTunnel
	seenMirror
	seenARP
	seenICMP
	seenTCP
	seenLabel
	seenTRILL
	seenEthernet
)

var seenAs = func() (all [256]seen) {
	for name, as := range map[string]seen{"ip": seenIP, "ipv6": seenIP, "arp": seenARP, "icmp": seenICMP, "icmpv6": seenICMP, "tcp": seenTCP,
		"mpls": seenLabel, "eth": seenEthernet, "trill": seenTRILL, "erspan": seenMirror} {
		all[dissect.ByName(name).ID] = as
	}
	for _, name := range []string{"gre", "vxlan", "vxlan_gpe", "geneve", "gtp", "l2tp", "etherip", "esp", "ah"} {
		all[dissect.ByName(name).ID] = seenTunnel
	}
	return all
}()

var espID = dissect.ByName("esp").ID

// look looks at p, and counts the good checksums of n packets like it.
func (g *glance) look(p *dissect.Packet, sums *[numSummed][2]uint64, n uint64) {
	*g = glance{Packet: p}
	g.link()
	for i := 1; i < len(p.Layers); i++ {
		l := &p.Layers[i]
		switch l.Verdict {
		case dissect.Good:
			sums[summed[l.Protocol]][0] += n
		case dissect.Bad, dissect.Offload:
			g.odd = true
		}
		as := seenAs[l.Protocol]
		if as == seenNothing || l.Flags&dissect.Partial != 0 {
			continue
		}
		if l.Flags&dissect.Quoted != 0 {
			if as == seenIP && g.quoted == 0 {
				g.quoted = i
			}
			continue
		}
		switch as {
		case seenIP:
			switch {
			case g.outer == 0:
				g.outer = i
			case g.tunnel == 0 && ipHeaders[p.Layers[l.Parent].Protocol]:
				g.tunnel, g.around = i, g.inner
			}
			g.inner, g.tcp = i, 0
		case seenTunnel, seenMirror:
			if g.tunnel == 0 && g.inner != 0 {
				g.tunnel, g.around = i, g.inner
			}
			if as == seenMirror {
				g.mirror = true
			}
			if l.Protocol == espID && g.esp == 0 {
				g.esp = i
			}
		case seenARP:
			g.arp = i
		case seenICMP:
			g.icmp = i
		case seenTCP:
			g.tcp = i
		case seenLabel:
			if g.label == 0 {
				g.label = i
			}
		case seenTRILL:
			g.trill = i
		case seenEthernet:
			if g.tunnel != 0 && g.carried == 0 {
				g.carried = i
			}
		}
	}
}

// link reads the frame's own addresses and tags.
func (g *glance) link() {
	key, _, behind, ok := vlanOf(g.Packet)
	if !ok {
		return
	}
	g.ethernet, g.tags = true, key.tags
	b := g.SourceBytes(&g.Layers[1])[g.Layers[1].Start:]
	g.dst, g.src = binary.BigEndian.Uint64(b)>>16, binary.BigEndian.Uint64(b[4:])&0xffffffffffff
	if behind < len(g.Layers) {
		g.behind = behind
	}
}

// control tells whether the frame is from a switch to its neighbour: spanning tree, LACP, LLDP and others that no switch passes on
// (IEEE 802.1Q table 8-1), and Cisco's and Juniper's own.
func (g *glance) control() bool {
	const cisco = 0x01000ccccc00 // CDP, VTP, UDLD, PVST+
	return g.dst&^0x3f == 0x0180c2000000 || g.dst&^0xff == cisco || g.dst == 0x01000c000000 || g.dst == 0x01000ccdcdcd ||
		g.dst == 0x00e02b000004 || g.dst == 0xab0000020000 || g.dst == 0xcf0000000000
}

func (g *glance) multicast() bool { return groupMAC(g.dst) }

func groupMAC(mac uint64) bool { return mac>>40&1 != 0 }

// ttl is that of layer i, which is a whole header of IP.
func (g *glance) ttl(i int) uint8 {
	h := g.Header(&g.Layers[i])
	if g.Layers[i].Protocol == ip4 {
		return dissect.IPv4(h).TTL()
	}
	return dissect.IPv6(h).HopLimit()
}

package reports

import (
	"encoding/binary"

	"pktscope/dissect"
)

// hostPair is the addresses and ports of one IP header, the lower end first, and what tells whose they are. It is a flow without its
// history: both directions are one, and so are two connections with the same ports.
type hostPair struct {
	point    int32
	protocol uint8 // of IP
	path     uint64
	ends     [2]endpoint
	ports    [2]uint16
}

// hostPairOf returns that of layer i, which is an IP header, and in which way the packet goes: 0 from the lower end. It is not ok for a
// fragment without ports.
func hostPairOf(p *dissect.Packet, i int, seed Seed) (c hostPair, way int, ok bool) {
	c.point = int32(p.Point.ID)
	h := p.Header(&p.Layers[i])
	if p.Layers[i].Protocol == ip4 {
		c.protocol = dissect.IPv4(h).Protocol()
	} else {
		c.protocol = dissect.IPv6(h).NextHeader()
	}
	for j := i + 1; j < len(p.Layers); j++ {
		l := &p.Layers[j]
		if number := ported[l.Protocol]; number != 0 && l.HeaderLen() >= 4 {
			c.protocol = number
			h := p.Header(l)
			c.ports = [2]uint16{binary.BigEndian.Uint16(h), binary.BigEndian.Uint16(h[2:])}
			break
		}
	}
	if c.ports == [2]uint16{} && hasPorts(c.protocol) {
		return c, 0, false
	}
	c.ends[0], c.ends[1] = ipEndpoints(p, i)
	if c.ends[1].less(c.ends[0]) || c.ends[0] == c.ends[1] && c.ports[1] < c.ports[0] {
		c.ends[0], c.ends[1] = c.ends[1], c.ends[0]
		c.ports[0], c.ports[1] = c.ports[1], c.ports[0]
		way = 1
	}
	c.path = pathTo(p, i, seed)
	return c, way, true
}

func (c *hostPair) hash(seed Seed) uint64 {
	return fold(c.ends[0][1]^c.path^fold1, c.ends[1][1]^seed[1]) ^
		fold(c.ends[0][0]^uint64(c.ports[0])^fold2, c.ends[1][0]^uint64(c.ports[1])<<16^uint64(c.protocol)<<32^uint64(c.point)<<40^seed[0])
}

// ported are the IP protocol numbers of those protocols whose headers start with two ports.
var ported = func() (numbers [256]uint8) {
	for name, number := range map[string]uint8{"tcp": 6, "udp": 17, "sctp": 132, "udplite": 136} {
		numbers[dissect.ByName(name).ID] = number
	}
	return numbers
}()

func hasPorts(protocol uint8) bool {
	return protocol == 6 || protocol == 17 || protocol == 132 || protocol == 136
}

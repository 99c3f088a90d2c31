package dissect

// Carried is a frame inside a packet: somebody else's, in a tunnel.
type Carried struct {
	Data    []byte // what was captured of it; good as long as the packet
	WireLen int    // bytes that it has
	Link    uint16 // LINKTYPE_ number: an Ethernet frame, or an IP packet alone
}

const (
	linkEthernet = 1
	linkRaw      = 101
)

// Carried returns the n-th frame inside the packet, counted from 1 inwards; with 0 the innermost. It is not ok if there is none.
// An Ethernet header begins a frame unless it is the packet's own, and so do the customer's addresses of 802.1ah; an IP header
// does where it follows an IP header, a tunnel's header or a label. What an ICMP error quotes is not carried.
func (p *Packet) Carried(n int) (c Carried, ok bool) {
	found := 0
	for i := range p.Layers {
		l := &p.Layers[i]
		start, link := p.carried(i)
		if link == 0 {
			continue
		}
		b := p.Body(l)
		if start > len(b) {
			continue
		}
		b = b[start:]
		c, ok = Carried{Data: b, WireLen: max(len(b), l.Len()-start), Link: link}, true
		if found++; found == n {
			return c, true
		}
	}
	return c, ok && n == 0
}

// carried tells whether layer i begins a frame inside the packet: how far behind the layer's start, and of which link type; 0 is none.
func (p *Packet) carried(i int) (start int, link uint16) {
	const serviceTag = 4 // bytes of 802.1ah's header before the customer's addresses
	l := &p.Layers[i]
	if l.Flags&Quoted != 0 {
		return 0, 0
	}
	switch l.Protocol {
	case ethernet.ID:
		if l.Parent > 0 {
			return 0, linkEthernet
		}
	case ieee8021ah.ID:
		return serviceTag, linkEthernet
	case ipv4.ID, ipv6.ID:
		around := p.Enclosing(i, func(around *Protocol) bool {
			return around.Tunnel || around == &ethernet || around == &ipv4 || around == &ipv6
		})
		if around != nil && around.Protocol != ethernet.ID && around.Protocol != ieee8021ah.ID {
			return 0, linkRaw
		}
	}
	return 0, 0
}

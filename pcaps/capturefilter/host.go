package capturefilter

import "encoding/binary"

// ipv4Test is an IPv4 address or net, in the header of IPv4, ARP or RARP; without proto in any.
type ipv4Test struct {
	span
	proto         string
	direction     direction
	address, mask uint32
}

func (n *ipv4Test) block(c *compiler) *block {
	c.span = n.span
	at := func(source, destination uint32) *block {
		in := func(offset uint32) *block { return c.masked(c.ipHeader().plus(offset), 4, n.address, n.mask) }
		return n.direction.of(in(source), in(destination))
	}
	switch n.proto {
	case "ip":
		return c.carries(typeIPv4).and(at(12, 16))
	case "arp":
		return c.carries(typeARP).and(at(14, 24))
	case "rarp":
		return c.carries(typeRARP).and(at(14, 24))
	}
	b := c.carries(typeIPv4).and(at(12, 16))
	if c.labels > 0 {
		return b
	}
	return b.or(c.carries(typeARP).or(c.carries(typeRARP)).and(at(14, 24)))
}

// of joins what is true of a source with what is true of a destination.
func (d direction) of(atSource, atDestination *block) *block {
	switch d {
	case source:
		return atSource
	case destination:
		return atDestination
	case both:
		return atSource.and(atDestination)
	}
	return atSource.or(atDestination)
}

// ipv6Test is an IPv6 prefix.
type ipv6Test struct {
	span
	direction direction
	address   [16]byte
	length    uint32 // of the prefix in bits
}

func (n *ipv6Test) block(c *compiler) *block {
	c.span = n.span
	at := func(offset uint32) *block {
		var all *block
		for i := uint32(0); i < 4; i++ {
			m := mask(min(max(n.length, 32*i)-32*i, 32))
			b := c.masked(c.ipHeader().plus(offset+4*i), 4, binary.BigEndian.Uint32(n.address[4*i:]), m)
			if all == nil {
				all = b
			} else {
				all = all.and(b)
			}
		}
		return all
	}
	return c.carries(typeIPv6).and(n.direction.of(at(8), at(24)))
}

// macTest is an address of the link layer.
type macTest struct {
	span
	direction direction
	address   [6]byte
}

func (n *macTest) block(c *compiler) *block {
	c.span = n.span
	if c.link != linkEthernet {
		c.fail("%s has no MAC addresses like those of Ethernet", linkName(c.link))
	}
	at := func(offset uint32) *block {
		return c.equal(c.header.plus(offset+2), 4, binary.BigEndian.Uint32(n.address[2:])).
			and(c.equal(c.header.plus(offset), 2, uint32(binary.BigEndian.Uint16(n.address[:]))))
	}
	return c.inHeader(n.direction.of(at(6), at(0)))
}

// inHeader is b, which looks at the link header, of frames that have one: what Geneve carries may have none.
func (c *compiler) inHeader(b *block) *block {
	if !c.geneve {
		return b
	}
	return c.hasHeader().and(b)
}

// decnetTest is an address of a DECnet node, in the long or short format of routing headers, behind a byte of padding or not.
type decnetTest struct {
	span
	direction direction
	address   uint16
}

func (n *decnetTest) block(c *compiler) *block {
	c.span = n.span
	address := uint32(n.address>>8 | n.address<<8) // little-endian
	network := c.ipHeader()
	at := func(short, long uint32) *block {
		return oneOf(
			c.masked(network.plus(2), 2, 0x8106, 0xff07).and(c.equal(network.plus(3+long), 2, address)),
			c.masked(network.plus(2), 1, 0x06, 0x07).and(c.equal(network.plus(2+long), 2, address)),
			c.masked(network.plus(2), 2, 0x8102, 0xff07).and(c.equal(network.plus(3+short), 2, address)),
			c.masked(network.plus(2), 1, 0x02, 0x07).and(c.equal(network.plus(2+short), 2, address)))
	}
	return c.carries(typeDECnet).and(n.direction.of(at(3, 15), at(1, 7)))
}

// broadcast is a destination of all. Without proto it is the link layer's.
type broadcast struct {
	span
	proto string
}

func (n *broadcast) block(c *compiler) *block {
	c.span = n.span
	switch n.proto {
	case "", "link":
		if c.link != linkEthernet {
			c.fail("%s has no broadcast address", linkName(c.link))
		}
		all := [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
		return (&macTest{n.span, destination, all}).block(c)
	case "ip":
		c.failHint("ip dst host 10.0.0.255, or 255.255.255.255", "the mask of the network is not known, so its broadcast address is not")
	}
	c.fail("only ether and ip have broadcast addresses")
	return nil
}

// multicast is a destination of a group. Without proto it is the link layer's.
type multicast struct {
	span
	proto string
}

func (n *multicast) block(c *compiler) *block {
	c.span = n.span
	switch n.proto {
	case "", "link":
		if c.link != linkEthernet {
			c.fail("%s has no multicast addresses", linkName(c.link))
		}
		return c.inHeader(c.anyBit(c.header, 1, 1))
	case "ip":
		code := c.load(c.ipHeader().plus(16), 1)
		return c.carries(typeIPv4).and((&test{code: code, jump: jumpAtLeast, k: 224}).block())
	case "ip6":
		return c.carries(typeIPv6).and(c.equal(c.ipHeader().plus(24), 1, 0xff))
	}
	c.fail("only ether, ip and ip6 have multicast addresses")
	return nil
}

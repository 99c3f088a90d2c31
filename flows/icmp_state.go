package flows

import "time"

// Flows of ICMP, as nf_conntrack_proto_icmp.c and …_icmpv6.c of Linux 6.18 see them: a query begins one and its replies belong to it. An
// error belongs to the flow that it quotes.

const icmpTimeout = 30 * time.Second

// ICMP takes a query or reply of direction d (RFC 792, RFC 950).
func (c *Conntrack) ICMP(d Direction, messageType uint8) Outcome {
	switch messageType {
	case 8, 13, 15, 17: // echo, timestamp, information, address mask
		return c.query(d, true)
	}
	return c.query(d, false)
}

// ICMPv6 takes a query or reply of direction d (RFC 4443, RFC 4620).
func (c *Conntrack) ICMPv6(d Direction, messageType uint8) Outcome {
	switch messageType {
	case 128, 139: // echo, node information
		return c.query(d, true)
	}
	return c.query(d, false)
}

func (c *Conntrack) query(d Direction, begins bool) Outcome {
	if !c.begun() && !begins {
		return Invalid
	}
	c.saw(d)
	return Accept
}

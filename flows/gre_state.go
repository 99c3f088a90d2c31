package flows

import "time"

// Flows of GRE, as nf_conntrack_proto_gre.c of Linux 6.18 sees them.

const (
	greTimeout       = 30 * time.Second
	greStreamTimeout = 180 * time.Second
)

// GRE takes a packet of direction d. Any answer makes it a stream.
func (c *Conntrack) GRE(d Direction) Outcome { return c.datagram(d, true) }

package flows

import "time"

// Flows of any protocol that has no tracking of its own: two addresses that talk, as nf_conntrack_proto_generic.c of Linux 6.18 sees them.

const genericTimeout = 600 * time.Second

// Generic takes a packet of direction d.
func (c *Conntrack) Generic(d Direction) Outcome {
	c.saw(d)
	return Accept
}

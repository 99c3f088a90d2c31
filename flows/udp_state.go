package flows

import "time"

// Flows of datagrams, as nf_conntrack_proto_udp.c of Linux 6.18 sees them. They have no states; packets of both directions make them a
// stream. The kernel never does so with a flow that NAT would map as it has already mapped another; a capture tells nothing of that.

const (
	udpTimeout       = 30 * time.Second
	udpStreamTimeout = 120 * time.Second

	udpStreamAge = 2 * time.Second // question and answer, as DNS has them, are over by then
)

// UDP takes a datagram of direction d that was captured at now, in nanoseconds since the Unix epoch.
func (c *Conntrack) UDP(d Direction, now int64) Outcome {
	if !c.begun() {
		c.setStream(now + int64(udpStreamAge))
	}
	return c.datagram(d, now > c.stream())
}

// UDPLite takes a datagram of UDP-Lite (RFC 3828). Any answer makes it a stream.
func (c *Conntrack) UDPLite(d Direction) Outcome { return c.datagram(d, true) }

// DCCP takes a packet of DCCP, whose states (RFC 4340 §8) Linux tracks no more: it is taken as UDP.
func (c *Conntrack) DCCP(d Direction, now int64) Outcome { return c.UDP(d, now) }

// datagram takes a packet of direction d: what comes after the first answer makes a stream, if there has been time enough.
func (c *Conntrack) datagram(d Direction, old bool) Outcome {
	c.timer = timerDoubt
	if c.Replied() && old {
		c.timer = timerState
		c.status |= statusAssured
	}
	c.saw(d)
	return Accept
}

// streamTimeout is the timeout of datagrams and of the streams they may be.
func (c *Conntrack) streamTimeout(single, stream time.Duration) time.Duration {
	if c.timer == timerDoubt {
		return single
	}
	return stream
}

package flows

import "time"

// What follows is connection tracking as Linux 6.18 does it (net/netfilter/nf_conntrack_proto_*.c) with the defaults of its
// sysctls, as functions of a flow's earlier packets: no clock, no memory besides Conntrack. Where a capture is not a router it differs,
// and each place says so: a router has seen every packet that its hosts got, a capture may have lost some.

// Conntrack is what is remembered of a flow to tell its state. The zero value is a flow without packets. Each protocol has a method
// that takes the next packet: TCP, SCTP, UDP, UDPLite, DCCP, GRE, ICMP, ICMPv6 and Generic; a flow uses one of them.
//
// It is 56 bytes: following TCP's windows needs eight numbers of 32 bits, a SYN or ACK that may count later two more of 32 and two of 16.
type Conntrack struct {
	sides [2]side // by direction

	// The last segment that says something of later ones: an ACK inside the window, or a segment that was ignored.
	lastEnd, lastAck       uint32
	lastLength, lastWindow uint16 // lastLength modulo 2 to the 16th

	state   State
	status  status
	timer   timer
	repeats uint8 // how often the last ACK came again unchanged

	lastKind      tcpKind
	lastDirection Direction
	lastScale     uint8
	lastFlags     uint8 // sideScales and sideSACK of an ignored SYN, and the last* bits

	scale [2]uint8 // shift of the windows that a direction announces
	flags [2]uint8 // side* bits of each direction
}

// side is a direction's window. SCTP and UDP use its room otherwise: see verification and stream.
type side struct {
	end       uint32 // behind the last byte that it sent
	maxEnd    uint32 // behind the last byte that it may send
	maxWindow uint32 // the largest window that it announced, scaled; 0 if it is not known yet
	maxAck    uint32 // its highest acknowledgment; means something with sideAcked
}

type status uint8

const (
	statusBegun    status = 1 << iota // the kernel would have an entry
	statusOriginal                    // packets of the original direction were seen
	statusReply                       // packets of the reply direction were seen
	statusAssured
	statusMidstream
	statusMissed
)

// timer says which of several timeouts runs.
type timer uint8

const (
	timerState timer = iota // that of the state
	timerDoubt              // what was sent is not acknowledged: five minutes at most
	timerClose              // a reset that may be a forgery: the state stays, for ten seconds
)

// State is the flow's state.
func (c *Conntrack) State() State { return c.state }

// Replied reports whether packets were seen in both directions; conntrack prints [UNREPLIED] if not.
func (c *Conntrack) Replied() bool {
	return c.status&(statusOriginal|statusReply) == statusOriginal|statusReply
}

// Assured reports whether traffic went both ways for long enough that the kernel would not drop the flow early for want of room:
// [ASSURED].
func (c *Conntrack) Assured() bool { return c.status&statusAssured != 0 }

// Midstream reports whether the flow is a TCP connection whose beginning was not seen.
func (c *Conntrack) Midstream() bool { return c.status&statusMidstream != 0 }

// Missed reports whether the capture lacks TCP segments that the connection's ends got: data that was acknowledged, or a SYN+ACK.
func (c *Conntrack) Missed() bool { return c.status&statusMissed != 0 }

// Next is the Conntrack of the flow that begins with the packet for which a method of c has just said New. That method is to be
// called again on it, with the same packet.
func (c *Conntrack) Next() Conntrack {
	if c.awaitsSYNACK() {
		var next Conntrack
		next.startFromIgnoredSYN(c)
		return next
	}
	return Conntrack{}
}

// Timeout is how long the flow lives from the packet on of which a method has just said Accept. Protocol is IP's number.
func (c *Conntrack) Timeout(protocol uint8) time.Duration {
	switch protocol {
	case protocolTCP:
		return c.tcpTimeout()
	case protocolSCTP:
		return sctpTimeouts[c.state]
	case protocolUDP, protocolDCCP, protocolUDPLite:
		return c.streamTimeout(udpTimeout, udpStreamTimeout)
	case protocolGRE:
		return c.streamTimeout(greTimeout, greStreamTimeout)
	case protocolICMP, protocolICMPv6:
		return icmpTimeout
	}
	return genericTimeout
}

// IP's numbers of the protocols that are tracked each in its own way.
const (
	protocolICMP    = 1
	protocolTCP     = 6
	protocolUDP     = 17
	protocolDCCP    = 33
	protocolGRE     = 47
	protocolICMPv6  = 58
	protocolSCTP    = 132
	protocolUDPLite = 136
)

func (c *Conntrack) begun() bool { return c.status&statusBegun != 0 }

// saw marks that a packet of direction d was taken. It comes after the packet is judged, which sees the flow as it was before.
func (c *Conntrack) saw(d Direction) {
	c.status |= statusBegun | statusOriginal<<d
}

// verification is the tag that packets of direction d carry in SCTP (RFC 9260 §3.1), 0 if it is not known.
func (c *Conntrack) verification(d Direction) *uint32 { return &c.sides[d].end }

// frame is a print of the addresses of the frame that the last ICMP request was in; it is not part of what conntrack remembers.
func (c *Conntrack) frame() *uint32 { return &c.sides[0].maxAck }

// stream is when a flow of datagrams is old enough to be a stream, in nanoseconds since the Unix epoch.
func (c *Conntrack) stream() int64 { return int64(c.sides[0].maxEnd)<<32 | int64(c.sides[0].end) }

func (c *Conntrack) setStream(t int64) { c.sides[0].maxEnd, c.sides[0].end = uint32(t>>32), uint32(t) }

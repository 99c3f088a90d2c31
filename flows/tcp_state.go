package flows

import "time"

// The state of a TCP connection, as nf_conntrack_proto_tcp.c of Linux 6.18 tells it with nf_conntrack_tcp_loose = 1,
// nf_conntrack_tcp_be_liberal = 1 and nf_conntrack_tcp_max_retrans = 3.
//
// A capture may have holes, where a router has none: what a router has not seen, the receiver has not got. So here
//
//   - segments outside the window are not invalid (the kernel's be_liberal), and those before it move the window, which in the kernel they
//     do not: behind a hole longer than the window it would never find the connection again, and take no reset for one;
//   - an ACK or FIN right behind the SYN proves a SYN+ACK that was not captured, and the connection goes on as if it had been;
//   - a connection that is picked up in its middle has a window in both directions from its first segment on; the kernel finds it
//     later, doubts until then what was sent, and believes any reset;
//   - a connection that is only heard of from its reply direction is picked up, too;
//   - a SYN after the connection's end is a new connection, whoever ended it. The kernel, if the peer's reset ended it, waits for
//     the SYN+ACK and then uses the entry again; so it does for a SYN in a connection whose end it missed, where here the SYN+ACK is New;
//   - a connection that was refused stays as CLOSE for ten seconds; the kernel forgets it at once.

// tcpKind is what of a segment decides about the state.
type tcpKind uint8

const (
	kindNone tcpKind = iota // nothing, or flags that contradict each other
	kindSYN
	kindSYNACK
	kindFIN
	kindACK
	kindRST
)

// tcpKindOf sorts flags. PSH, ECE and CWR never matter, and URG only where there is no data to be urgent.
func tcpKindOf(flags uint8) tcpKind {
	switch flags & (FIN | SYN | RST | ACK | URG) {
	case SYN, SYN | URG:
		return kindSYN
	case SYN | ACK:
		return kindSYNACK
	case FIN | ACK, FIN | ACK | URG:
		return kindFIN
	case ACK, ACK | URG:
		return kindACK
	case RST, RST | ACK:
		return kindRST
	}
	return kindNone
}

// tcpTransitions says for each state where a segment leads: what the sender of the segment must believe if it sends that.
var tcpTransitions = [2][StateSynSent2 + 1][kindRST + 1]State{
	Original: {
		//                 none     SYN            SYN+ACK       FIN            ACK               RST
		StateNone:        {invalid, StateSynSent, invalid, invalid, StateEstablished, invalid},
		StateSynSent:     {invalid, StateSynSent, invalid, invalid, invalid, StateClose},
		StateSynRecv:     {invalid, ignored, StateSynRecv, StateFinWait, StateEstablished, StateClose},
		StateEstablished: {invalid, ignored, invalid, StateFinWait, StateEstablished, StateClose},
		StateFinWait:     {invalid, ignored, invalid, StateLastAck, StateCloseWait, StateClose},
		StateCloseWait:   {invalid, ignored, invalid, StateLastAck, StateCloseWait, StateClose},
		StateLastAck:     {invalid, ignored, invalid, StateLastAck, StateTimeWait, StateClose},
		StateTimeWait:    {invalid, StateSynSent, invalid, StateTimeWait, StateTimeWait, StateClose},
		StateClose:       {invalid, StateSynSent, invalid, StateClose, StateClose, StateClose},
		StateSynSent2:    {invalid, StateSynSent2, StateSynRecv, invalid, invalid, StateClose},
	},
	Reply: {
		StateNone:        {invalid, StateSynSent, invalid, invalid, StateEstablished, invalid},
		StateSynSent:     {invalid, StateSynSent2, StateSynRecv, invalid, ignored, StateClose},
		StateSynRecv:     {invalid, invalid, ignored, StateFinWait, StateSynRecv, StateClose},
		StateEstablished: {invalid, invalid, ignored, StateFinWait, StateEstablished, StateClose},
		StateFinWait:     {invalid, invalid, ignored, StateLastAck, StateCloseWait, StateClose},
		StateCloseWait:   {invalid, invalid, ignored, StateLastAck, StateCloseWait, StateClose},
		StateLastAck:     {invalid, invalid, ignored, StateLastAck, StateTimeWait, StateClose},
		StateTimeWait:    {invalid, StateSynSent, ignored, StateTimeWait, StateTimeWait, StateClose},
		StateClose:       {invalid, invalid, ignored, StateClose, StateClose, StateClose},
		StateSynSent2:    {invalid, StateSynSent2, StateSynRecv, invalid, ignored, StateClose},
	},
}

var tcpTimeouts = [states]time.Duration{
	StateNone:        10 * time.Second, // the kernel has no entry; as long as for what is closed
	StateSynSent:     2 * time.Minute,
	StateSynRecv:     time.Minute,
	StateEstablished: 5 * 24 * time.Hour,
	StateFinWait:     2 * time.Minute,
	StateCloseWait:   time.Minute,
	StateLastAck:     30 * time.Second,
	StateTimeWait:    2 * time.Minute,
	StateClose:       10 * time.Second,
	StateSynSent2:    2 * time.Minute,
}

const (
	tcpDoubtTimeout = 5 * time.Minute // nf_conntrack_tcp_timeout_max_retrans, and …_unacknowledged
	tcpMaxRepeats   = 3
)

// What is known of a direction.
const (
	sideScales    = 1 << iota // its SYN has a window scale
	sideSACK                  // its SYN permits selective acknowledgments, or was not seen
	sideClosed                // its FIN was the first
	sideUnacked               // it sent what is not acknowledged
	sideAcked                 // maxAck is set
	lastChallenge             // of lastFlags: a challenge ACK (RFC 5961 §4) may answer the SYN that was ignored
	lastBoth                  // of lastFlags: both sides sent a SYN
)

func (c *Conntrack) tcpTimeout() time.Duration {
	switch c.timer {
	case timerDoubt:
		return min(tcpTimeouts[c.state], tcpDoubtTimeout)
	case timerClose:
		return tcpTimeouts[StateClose]
	}
	return tcpTimeouts[c.state]
}

// TCP takes a segment of direction d.
func (c *Conntrack) TCP(d Direction, s *TCPSegment) Outcome {
	kind := tcpKindOf(s.Flags)
	if kind == kindNone {
		return Invalid
	}
	old := c.state
	next := tcpTransitions[d][old][kind]
	if !c.begun() {
		switch {
		case next == invalid:
			return Invalid
		case kind == kindSYN && d == Reply:
			return New // whatever came before gave no reason to call this the reply direction
		}
		c.beginTCP(d, kind, s)
	}
	if old == StateSynSent && c.missedSYNACK(d, kind, s) {
		next = tcpTransitions[d][StateEstablished][kind]
	}

	switch {
	case next == invalid:
		return Invalid
	case next == StateSynSent && old >= StateTimeWait:
		return New
	case next == ignored:
		if kind != kindSYNACK || !c.answersIgnoredSYN(d, s) {
			c.ignore(d, kind, s)
			c.saw(d)
			return Ignore
		}
		c.lastKind = kindSYNACK
		if old != StateSynRecv {
			return New
		}
		// Both were sent again: the ends may have agreed on other numbers than those of the first two.
		old, next = StateSynSent, StateSynRecv
		c.startFromIgnoredSYN(c)
	case next == StateTimeWait && old == StateLastAck && c.challenged(d, kind):
		c.lastFlags &^= lastChallenge
		c.saw(d)
		return Ignore
	case next == StateSynSent2:
		c.lastFlags |= lastBoth
	case next == StateSynRecv && d == Reply && kind == kindACK && c.lastFlags&lastBoth != 0:
		next = StateEstablished
	case kind == kindRST:
		if next = c.reset(d, s); next == invalid {
			return Invalid
		}
	}

	c.follow(d, kind, s)
	c.lastKind, c.lastDirection = kind, d
	c.state = next
	if next == StateFinWait && old != StateFinWait {
		c.flags[d] |= sideClosed
	}
	c.timer = c.tcpTimer(kind)
	replied := c.Replied()
	c.saw(d)
	switch {
	case !replied && kind == kindSYN && old == StateSynSent:
		return Hold
	case replied && next == StateEstablished && (old == StateSynRecv || old == StateEstablished):
		c.status |= statusAssured
	}
	return Accept
}

// tcpTimer says which timeout runs after a segment of this kind.
func (c *Conntrack) tcpTimer(kind tcpKind) timer {
	switch {
	case c.repeats >= tcpMaxRepeats && tcpTimeouts[c.state] > tcpDoubtTimeout:
		return timerDoubt
	case kind == kindRST:
		return timerClose
	case (c.flags[Original]|c.flags[Reply])&sideUnacked != 0, c.lastWindow == 0, !c.Replied():
		return timerDoubt
	}
	return timerState
}

// beginTCP starts from the first segment: a SYN, or an ACK in the middle of a connection, of which nothing else is known, not even
// whether windows are scaled.
func (c *Conntrack) beginTCP(d Direction, kind tcpKind, s *TCPSegment) {
	from := &c.sides[d]
	from.end = s.end()
	from.maxEnd = from.end
	from.maxWindow = max(1, uint32(s.Window))
	if kind == kindSYN {
		c.readOptions(d, s)
		return
	}
	from.maxEnd += from.maxWindow
	c.sides[d.Other()] = side{end: s.Acknowledgment, maxEnd: s.Acknowledgment}
	c.flags = [2]uint8{sideSACK, sideSACK}
	c.status |= statusMidstream
}

// missedSYNACK reports whether an ACK or FIN of the original direction comes right behind its SYN, or later, and nothing came between.
func (c *Conntrack) missedSYNACK(d Direction, kind tcpKind, s *TCPSegment) bool {
	from, to := &c.sides[d], &c.sides[d.Other()]
	if d != Original || kind != kindACK && kind != kindFIN || before(s.Sequence, from.end) {
		return false
	}
	*to = side{end: s.Acknowledgment, maxEnd: s.Acknowledgment}
	c.flags[Reply] = sideSACK
	c.status |= statusMissed
	return true
}

// ignore notes a segment that may turn out to be right: a SYN that the peer answers, or an answer to something that was not seen.
func (c *Conntrack) ignore(d Direction, kind tcpKind, s *TCPSegment) {
	c.lastKind, c.lastDirection = kind, d
	c.lastEnd, c.lastLength, c.lastWindow = s.end(), s.length(), s.Window
	if kind == kindSYN && d == Original {
		c.lastFlags, c.lastScale = synOptions(s)
		if c.state == StateLastAck {
			c.lastFlags |= lastChallenge // an ACK will come that acknowledges no FIN
		}
	}
}

// answersIgnoredSYN reports whether a SYN+ACK acknowledges the SYN that was ignored last.
func (c *Conntrack) answersIgnoredSYN(d Direction, s *TCPSegment) bool {
	return c.lastKind == kindSYN && c.lastDirection != d && s.Acknowledgment == c.lastEnd
}

// awaitsSYNACK reports whether the last segment answered an ignored SYN.
func (c *Conntrack) awaitsSYNACK() bool {
	return c.lastKind == kindSYNACK && c.state > StateSynRecv && c.state < StateTimeWait && c.lastDirection == Original
}

// startFromIgnoredSYN makes c a connection of which the SYN that was ignored in another, or in c itself, is all that is known.
func (c *Conntrack) startFromIgnoredSYN(other *Conntrack) {
	d := other.lastDirection
	c.sides[d].end, c.sides[d].maxEnd = other.lastEnd, other.lastEnd
	c.sides[d].maxWindow = max(1, uint32(other.lastWindow))
	c.scale[d] = other.lastScale
	c.flags[d] = other.lastFlags & (sideScales | sideSACK)
	c.sides[d.Other()] = side{}
	c.scale[d.Other()] = 0
	c.flags[d.Other()] = 0
	c.lastFlags &^= lastChallenge
	c.state = StateSynSent
	c.saw(d)
}

// challenged reports whether an ACK answers a SYN that was ignored, and not a FIN (RFC 5961 §4).
func (c *Conntrack) challenged(d Direction, kind tcpKind) bool {
	return kind == kindACK && c.lastDirection != d && c.lastKind == kindSYN && c.lastFlags&lastChallenge != 0
}

// reset says where a reset leads. In an established connection only one with exactly the number that the peer waits for is believed, as by
// the peer itself; any other that is not old will be challenged (RFC 5961 §3).
func (c *Conntrack) reset(d Direction, s *TCPSegment) State {
	if c.state >= StateFinWait && c.state <= StateClose {
		return StateClose // over in any case, and the numbers may be those of the next connection
	}
	to := d.Other()
	established := c.state == StateEstablished && c.Assured()
	switch {
	case c.flags[to]&sideAcked == 0 || c.lastKind == kindSYN,
		s.Sequence == 0 && !established: // the answer to a SYN
		return StateClose
	case before(s.Sequence, c.sides[to].maxAck):
		return invalid
	case !established || s.Sequence == c.sides[to].maxAck,
		c.lastKind == kindACK && c.lastDirection == d && s.Sequence == c.lastEnd: // right behind the data that it sent last
		return StateClose
	}
	return c.state
}

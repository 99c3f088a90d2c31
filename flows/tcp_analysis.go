package flows

// What the segments of a TCP connection say of its health (RFC 9293): what was lost, sent again, out of order, how long round trips take,
// who cannot keep up. The rules are those that Wireshark 4.0 states for its tcp.analysis fields, so that people find the numbers that they
// know, except where there is better evidence: timestamps (RFC 7323), and what was captured before. docs/tshark-differences.md lists
// where that makes a difference.
//
// Segments come in the order of the capture, each once: a frame that was captured twice must not reach the analysis.

// TCP follows one connection. Its zero value has seen nothing. It does not allocate, and knows no time but the segments'.
type TCP struct {
	sides   [2]tcpSide
	results [2]tcpResult

	start                  int64   // when the first SYN was captured
	toSYNACK, toACK, whole float32 // see Handshake; in ns, 0 for not known
	repeated               uint32  // bytes of the last segment's payload that were captured before
}

// tcpSide is what is remembered of one direction: what its sender sent last. It is one cache line.
type tcpSide struct {
	next   uint32 // the sequence number behind the last one that was sent, SYN and FIN counted
	ack    uint32 // the highest acknowledgment
	ts     uint32 // the highest TSVal
	timed  uint32 // timing: the sequence number whose ACK ends it; recovering: that whose ACK ends the trouble
	from   int64  // timing, opening: when what is timed was captured
	gaps   gaps
	acked  ticks  // when ack was sent last
	window uint16 // of the segment that had ack last, before scaling

	mss, highestMSS uint16 // the lowest and the highest that SYNs had, 0 if none had one
	largest         uint16 // bytes of payload, 65,535 for more; with synData what the SYN had
	scale           uint8  // with syn: the shift, or noScale
	duplicates      uint8  // duplicate ACKs in a row, 255 for more

	state sideState
}

type sideState uint16

const (
	known        sideState = 1 << iota // next is
	acknowledged                       // ack, acked and window are known
	syn                                // a SYN was seen: so is what its options say
	synUnscaled                        // the last segment was a SYN, whose window is never scaled (RFC 7323 §2.2)
	synTwice                           // the SYN was sent again
	synData                            // the SYN had data, and nobody has said yet whether it was taken
	opening                            // the handshake is not over
	established                        // the handshake was seen to end
	stamped                            // ts is known
	sackOK                             // the SYN permitted SACK
	fin                                // a FIN was seen
	kept                               // the last segment was a keep-alive
	probed                             // the last segment was a zero-window probe
	timing                             // a segment is being timed
	recovering                         // none is, because something was lost, late or sent again
	gapped                             // there are gaps

	// What makes a side's own segments, or those that answer them, anything but ordinary.
	busy = synUnscaled | synData | opening | kept | probed | gapped
)

const noScale = 0xff

// farAhead is more than any window (RFC 7323 §2.3). Numbers that are farther away than this are not the same stream's, or too much of it
// is missing to say anything.
const farAhead = 1 << 30

// reordering is how late a segment may come and still be thought to have been overtaken, where no round trip was seen: 3 ms, as in tshark.
const reordering ticks = 3e6 >> 10

// fastRetransmit is within how much time of a duplicate ACK a retransmission answers it: 20 ms, as in tshark.
const fastRetransmit ticks = 20e6 >> 10

// Segment follows the connection with a segment of direction dir, and returns what it is.
func (t *TCP) Segment(dir Direction, s *TCPSegment) TCPEvents {
	f, r := &t.sides[dir], &t.sides[1-dir]
	t.repeated = 0

	// Nearly all segments are the next one with payload, or acknowledge more than the one before, and nothing else is to be thought of.
	news := int32(s.Acknowledgment - f.ack)
	if s.Flags&(ACK|SYN|FIN|RST) == ACK && (f.state|r.state)&busy == 0 && f.state&r.state&(known|acknowledged) == known|acknowledged &&
		s.Sequence == f.next && s.Payload < farAhead && s.Window != 0 && r.window != 0 && s.SACKs == 0 &&
		news >= 0 && (news > 0 || s.Payload > 0) && !before(r.next, s.Acknowledgment) && !before(f.next, r.ack) {
		if news > 0 {
			f.duplicates = 0
			if r.state&(timing|recovering) != 0 {
				t.answered(1-dir, s)
			}
		}
		f.ack, f.acked, f.window = s.Acknowledgment, ticksOf(s.Time), s.Window
		f.stamp(s)
		if s.Payload == 0 {
			return 0
		}
		t.newData(dir, s, s.Sequence+s.Payload)
		if end, ok := r.windowEnd(f); ok && end == f.next {
			return TCPWindowFull
		}
		return 0
	}
	return t.unusual(dir, s)
}

// newData notes that the direction has sent more, up to end.
func (t *TCP) newData(dir Direction, s *TCPSegment, end uint32) {
	f, r := &t.sides[dir], &t.sides[1-dir]
	f.next = end
	if s.Payload > uint32(f.largest) {
		f.largest = uint16(min(s.Payload, 0xffff))
	}
	if f.state&(timing|recovering|opening) == 0 {
		f.state |= timing
		f.timed, f.from = end, s.Time
	}
	if r.state&acknowledged == 0 {
		return
	}
	n := end - r.ack
	if s.Flags&FIN != 0 {
		n-- // it has a number and is no byte
	}
	if n < farAhead && n > t.results[dir].inFlight {
		t.results[dir].inFlight = n
	}
}

// answered ends what the acknowledgment of s ends in direction dir: the timing of a segment, or trouble.
func (t *TCP) answered(dir Direction, s *TCPSegment) {
	f := &t.sides[dir]
	if before(s.Acknowledgment, f.timed) {
		return
	}
	if f.state&timing != 0 {
		t.results[dir].roundTrip(s.Time - f.from)
	}
	f.state &^= timing | recovering
}

// recover ends the timing of a segment without a result, until all that was sent is acknowledged.
func (f *tcpSide) recover() {
	f.state = f.state&^timing | recovering
	f.timed = f.next
}

func (f *tcpSide) stamp(s *TCPSegment) {
	if s.HasTimestamps && (f.state&stamped == 0 || before(f.ts, s.TSVal)) {
		f.ts = s.TSVal
		f.state |= stamped
	}
}

// windowEnd is the sequence number behind the last one that the sender of f will take, if that can be known.
func (f *tcpSide) windowEnd(peer *tcpSide) (end uint32, ok bool) {
	if f.state&(syn|acknowledged) != syn|acknowledged {
		return 0, false
	}
	return f.ack + f.windowSize(peer), true
}

// windowSize is the window in bytes, which is scaled if both sides offered it (RFC 7323 §2.2).
func (f *tcpSide) windowSize(peer *tcpSide) uint32 {
	if f.state&(syn|synUnscaled) != syn || f.scale == noScale || peer.state&syn != 0 && peer.scale == noScale {
		return uint32(f.window)
	}
	return uint32(f.window) << f.scale
}

// forget makes f one of which nothing is known but what it said in SYNs.
func (f *tcpSide) forget() {
	*f = tcpSide{mss: f.mss, highestMSS: f.highestMSS, largest: f.largest, scale: f.scale, state: f.state & (syn | sackOK)}
}

// MSS returns the maximum segment size that the sender of direction d announced; 0 if none was seen. Where SYNs of one direction had
// several, it is the lowest, and highest is more: somebody between clamps it.
func (t *TCP) MSS(d Direction) (lowest, highest uint16) { return t.sides[d].mss, t.sides[d].highestMSS }

// Copy notes what a second capture of a segment says in another way than the first one: the MSS of a SYN that was clamped between two
// capture points.
func (t *TCP) Copy(d Direction, s *TCPSegment) {
	if s.Flags&SYN != 0 {
		t.sides[d].announce(s.MSS)
	}
}

func (f *tcpSide) announce(mss uint16) {
	if mss == 0 {
		return
	}
	f.highestMSS = max(f.highestMSS, mss)
	if f.mss == 0 || mss < f.mss {
		f.mss = mss
	}
}

// Largest returns the largest payload of a segment of direction d, in bytes; 65,535 stands for more. It is more than the MSS that the other
// side announced where the sender's NIC cuts segments behind the capture point, or the receiver's joined them before it.
func (t *TCP) Largest(d Direction) uint16 {
	if t.sides[d].state&synData != 0 && t.sides[d].state&established == 0 {
		return 0
	}
	return t.sides[d].largest
}

// Scale returns by how many bits the windows that the sender of d announces are shifted. It is not ok where its SYN was not seen or did not
// offer it; the other side's offer counts as well.
func (t *TCP) Scale(d Direction) (shift uint8, ok bool) {
	f := &t.sides[d]
	if f.state&syn == 0 || f.scale == noScale {
		return 0, false
	}
	return f.scale, true
}

// SACKPermitted tells whether the SYN of direction d allowed selective acknowledgments.
func (t *TCP) SACKPermitted(d Direction) bool { return t.sides[d].state&sackOK != 0 }

// Window returns how many bytes the sender of d takes beyond those that it acknowledged, as its last segment says.
func (t *TCP) Window(d Direction) uint32 { return t.sides[d].windowSize(&t.sides[1-d]) }

// InFlight returns how many bytes of direction d are not acknowledged; 0 where no acknowledgment was seen.
func (t *TCP) InFlight(d Direction) uint32 {
	f, r := &t.sides[d], &t.sides[1-d]
	if f.state&known == 0 || r.state&acknowledged == 0 {
		return 0
	}
	n := f.next - r.ack
	if n >= farAhead {
		return 0
	}
	if n > 0 && f.state&fin != 0 {
		n-- // for FIN
	}
	return n
}

// MaxInFlight returns the most bytes of direction d that were ever not acknowledged.
func (t *TCP) MaxInFlight(d Direction) uint32 { return t.results[d].inFlight }

// Finished tells whether the sender of d ended its direction with a FIN.
func (t *TCP) Finished(d Direction) bool { return t.sides[d].state&fin != 0 }

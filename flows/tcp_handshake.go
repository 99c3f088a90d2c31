package flows

// open follows the connection with a SYN (RFC 9293 §3.5).
//
// The data of a SYN is not counted as sent: a receiver without Fast Open does not take it, and gets it again in the next segment.
func (t *TCP) open(dir Direction, s *TCPSegment) (e TCPEvents) {
	f := &t.sides[dir]
	first := f.state&syn == 0
	switch {
	case f.state&known == 0:
	case s.Sequence+1 != f.next:
		if f.state&established != 0 {
			return 0 // its receiver asks whether that is meant, and goes on (RFC 5961 §4.2)
		}
		t.begin(dir, s)
		first = true
	case first:
		e = TCPOutOfOrder // captured behind what follows it
	default:
		e = TCPRetransmission | TCPSYNRetransmission
		f.state |= synTwice
	}
	again := e != 0

	if s.Flags&ACK != 0 {
		if first && !again {
			t.toSYNACK = t.answeredSYN(1-dir, s, t.toSYNACK)
		}
		e |= t.acknowledge(dir, s)
	} else if first {
		t.start = s.Time
	}
	f.announce(s.MSS)
	f.scale = noScale
	if s.HasScale {
		f.scale = s.Scale
	}
	if s.SACKPermitted {
		f.state |= sackOK
	}
	f.state |= syn | synUnscaled
	f.stamp(s)
	f.window = s.Window
	if again {
		if f.state&opening != 0 {
			f.from = s.Time
		}
		t.repeated = s.Payload
		return e
	}
	f.state |= known | opening
	f.next = s.Sequence + 1
	f.from = s.Time
	if s.Payload > 0 {
		f.state |= synData
		f.largest = uint16(min(s.Payload, 0xffff))
	}
	return e
}

// begin forgets what was before a SYN of another number: attempts to connect that came to nothing.
func (t *TCP) begin(dir Direction, s *TCPSegment) {
	t.sides[dir] = tcpSide{mss: t.sides[dir].mss, highestMSS: t.sides[dir].highestMSS}
	if s.Flags&ACK == 0 {
		t.sides[1-dir] = tcpSide{}
		t.toSYNACK, t.toACK, t.whole = 0, 0, 0
	}
}

// opened ends the handshake: s has no SYN. The client's first one does, and times it if it answers what is known to have been sent once.
// The server may have sent data before.
func (t *TCP) opened(dir Direction, s *TCPSegment) {
	f, r := &t.sides[dir], &t.sides[1-dir]
	if f.state&opening != 0 && r.state&opening != 0 && f.state&acknowledged != 0 && r.state&acknowledged == 0 {
		return // f is the server, which has acknowledged the client's SYN
	}
	if f.state&opening != 0 && r.state&opening != 0 && s.Flags&ACK != 0 && s.Acknowledgment == r.next {
		t.toACK = t.answeredSYN(1-dir, s, t.toACK)
		t.whole = elapsed(t.start, s.Time)
		f.state |= established
		r.state |= established
	}
	f.state &^= opening
	r.state &^= opening
}

// answeredSYN is the time from the SYN of direction dir to s, which answers it, unless it is known. If that SYN was sent again, only
// timestamps tell which one is answered (Karn's rule).
func (t *TCP) answeredSYN(dir Direction, s *TCPSegment, known float32) float32 {
	f := &t.sides[dir]
	if known != 0 || f.state&opening == 0 || s.Acknowledgment-f.next > uint32(f.largest) {
		return known
	}
	if f.state&synTwice != 0 && !(s.HasTimestamps && f.state&stamped != 0 && s.TSEcr == f.ts) {
		return 0
	}
	return elapsed(f.from, s.Time)
}

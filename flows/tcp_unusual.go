package flows

// unusual follows the connection with any segment at all. Segment has done so already with those of which there is nothing to say.
func (t *TCP) unusual(dir Direction, s *TCPSegment) (e TCPEvents) {
	f, r := &t.sides[dir], &t.sides[1-dir]
	if s.Payload >= farAhead {
		return 0 // no IP packet is that long; only a record of a capture can say so
	}
	if s.Flags&RST != 0 {
		return TCPReset
	}
	if s.Flags&SYN != 0 {
		return t.open(dir, s)
	}

	if f.state&known == 0 {
		f.next = s.Sequence
		f.state |= known
	}
	ahead := int32(s.Sequence - f.next)
	if ahead > farAhead || ahead < -farAhead {
		f.forget()
		f.next, f.state = s.Sequence, f.state|known
		r.state &^= acknowledged // that was of where the stream has been
		e, ahead = TCPLostSegment, 0
	}
	if f.state&synData != 0 && ahead > 0 && ahead <= int32(f.largest) { // behind the data of the SYN, which nobody has acknowledged yet
		f.next, ahead = s.Sequence, 0
		f.state &^= synData
		f.largest = 0
	}
	if (f.state|r.state)&opening != 0 {
		t.opened(dir, s)
	}
	if f.state&gapped != 0 && !f.gaps.age(f.next) {
		f.state &^= gapped
	}
	e |= t.idle(dir, s, ahead)
	e |= t.acknowledge(dir, s)
	e |= t.carry(dir, s, ahead, e)

	f.state &^= kept | probed | synUnscaled
	if e&TCPKeepAlive != 0 {
		f.state |= kept
	}
	if e&TCPZeroWindowProbe != 0 {
		f.state |= probed
	}
	f.stamp(s)
	return e
}

// idle says what a segment is that transports nothing, and what its window says. ahead is how far behind the expected one its number is.
func (t *TCP) idle(dir Direction, s *TCPSegment, ahead int32) (e TCPEvents) {
	f, r := &t.sides[dir], &t.sides[1-dir]
	plain := s.Flags&FIN == 0
	if plain && s.Payload == 1 && ahead == 0 && r.state&acknowledged != 0 && r.window == 0 {
		return TCPZeroWindowProbe
	}
	if plain && s.Window == 0 {
		e |= TCPZeroWindow
	}
	if ahead > 0 {
		e |= TCPLostSegment
	}
	// The byte of a keep-alive was acknowledged long ago. One that was not is sent again because nobody acknowledged it.
	if plain && ahead == -1 && (s.Payload == 0 || s.Payload == 1 && (r.state&acknowledged == 0 || !before(r.ack, f.next))) {
		e |= TCPKeepAlive
	}
	if plain && s.Payload > 0 {
		if end, ok := r.windowEnd(f); ok && s.Sequence+s.Payload == end {
			e |= TCPWindowFull
		}
	}

	again := plain && s.Payload == 0 && ahead == 0 && s.Flags&ACK != 0 && f.state&acknowledged != 0 && s.Acknowledgment == f.ack
	switch {
	case !again:
	case s.Window != f.window:
		if s.Window != 0 {
			e |= TCPWindowUpdate
		}
	case s.Window == 0:
		if r.state&probed != 0 {
			e |= TCPZeroWindowProbeACK
		}
	case r.state&kept != 0:
		e |= TCPKeepAliveACK
	case !s.MPTCP: // RFC 8684 §4: such an ACK is sent for its option
		e |= TCPDuplicateACK
		if f.duplicates < 0xff {
			f.duplicates++
		}
	}
	return e
}

// acknowledge follows what a segment acknowledges. An acknowledgment that is lower than one before it was overtaken, and says nothing.
func (t *TCP) acknowledge(dir Direction, s *TCPSegment) (e TCPEvents) {
	f, r := &t.sides[dir], &t.sides[1-dir]
	if s.Flags&ACK == 0 {
		return 0
	}
	ack := s.Acknowledgment
	if s.SACKs > 0 {
		if s.duplicateSACK() {
			e = TCPDSACK
		} else {
			e = TCPSACK
		}
	}
	if r.state&known != 0 {
		if n := int32(ack - r.next); n > farAhead || n < -farAhead {
			return e | TCPACKedUnseen // the number of another stream
		}
	}
	if f.state&acknowledged != 0 {
		n := int32(ack - f.ack)
		if n < 0 && n >= -farAhead {
			return e
		}
		if n != 0 {
			f.duplicates = 0
		}
	}

	switch {
	case r.state&known == 0:
	case before(r.next, ack):
		switch {
		case r.state&probed != 0 && ack == r.next+1: // the window had opened meanwhile, and the probe's byte was taken
			r.next = ack
		case r.state&synData != 0 && ack-r.next <= uint32(r.largest): // so was the data of the SYN (RFC 7413)
			r.next = ack
			r.state &^= synData
			r.largest = 0
		case f.state&acknowledged == 0 || f.ack != ack:
			e |= TCPACKedUnseen
		}
	case r.state&gapped != 0 && f.state&acknowledged != 0 && r.gaps.has(f.ack, ack):
		e |= TCPACKedUnseen
	}
	if r.state&(timing|recovering) != 0 {
		t.answered(1-dir, s)
	}
	f.ack, f.acked, f.window = ack, ticksOf(s.Time), s.Window
	f.state |= acknowledged
	return e
}

// duplicateSACK tells whether the first block is of what arrived twice: it is below the acknowledgment, or within the second block
// (RFC 2883 §4).
func (s *TCPSegment) duplicateSACK() bool {
	first := s.SACK[0]
	return !before(s.Acknowledgment, first[1]) ||
		s.SACKs > 1 && !before(first[0], s.SACK[1][0]) && !before(s.SACK[1][1], first[1])
}

// carry follows what a segment transports, and says whether that is new, late or repeated.
func (t *TCP) carry(dir Direction, s *TCPSegment, ahead int32, e TCPEvents) (more TCPEvents) {
	f, r := &t.sides[dir], &t.sides[1-dir]
	now := ticksOf(s.Time)
	end := s.Sequence + s.Payload
	if s.Flags&FIN != 0 {
		end++
	}
	if e&(TCPKeepAlive|TCPZeroWindowProbe) != 0 { // what they carry is thrown away, or comes again
		t.repeated = s.Payload
		return 0
	}
	if ahead > 0 {
		f.gaps.open(f.next, s.Sequence, now, r.ack, r.state&acknowledged != 0)
		f.state |= gapped
		f.next = s.Sequence
		f.recover()
	}
	if end == s.Sequence {
		return 0
	}
	if s.Flags&FIN != 0 {
		f.state |= fin
	}
	switch {
	case ahead >= 0:
		more = t.lateForACK(dir, s, end, now)
		if f.state&synData != 0 && s.Payload > 0 {
			t.repeated = min(s.Payload, uint32(f.largest))
			more |= TCPSYNDataAgain
			f.state &^= synData
			f.largest = 0
		}
	case ahead == -1 && s.Payload > 1: // the byte before may have been a probe of which nobody saw that it was one
	default:
		more = t.again(dir, s, end, now)
	}
	if more&(TCPRetransmission|TCPOutOfOrder) != 0 {
		f.recover()
	}
	if before(f.next, end) {
		t.newData(dir, s, end)
	}
	return more
}

// lateForACK says what a segment is that is new here and was acknowledged already: captured behind its own ACK, or a copy that nobody
// needed of one that was not captured.
func (t *TCP) lateForACK(dir Direction, s *TCPSegment, end uint32, now ticks) TCPEvents {
	f, r := &t.sides[dir], &t.sides[1-dir]
	if s.Payload == 0 || r.state&acknowledged == 0 || before(r.ack, end) {
		return 0
	}
	if now-r.acked < t.threshold() || f.older(s) {
		return TCPOutOfOrder
	}
	return TCPRetransmission | TCPSpuriousRetransmission
}

// again says what a segment is that begins before what was sent last.
func (t *TCP) again(dir Direction, s *TCPSegment, end uint32, now ticks) (e TCPEvents) {
	f, r := &t.sides[dir], &t.sides[1-dir]
	old := min(s.Payload, f.next-s.Sequence)
	var unseen uint32
	var opened ticks
	if f.state&gapped != 0 {
		unseen, opened = f.gaps.fill(s.Sequence, earlier(end, f.next))
		if f.gaps[0].empty() {
			f.state &^= gapped
		}
	}
	t.repeated = old - min(old, unseen)
	done := s.Payload > 0 && r.state&acknowledged != 0 && !before(r.ack, end)

	// What was not captured before may be the first copy, that others overtook. A copy has the time at which it was sent itself.
	if unseen > 0 && !f.newer(s) {
		since := opened
		if done {
			since = r.acked
		}
		soon := since != 0 && now-since < t.threshold() && (done || !t.fast(dir, s, now))
		if soon || f.older(s) {
			return TCPOutOfOrder
		}
	}
	switch {
	case done:
		return TCPRetransmission | TCPSpuriousRetransmission
	case t.fast(dir, s, now):
		return TCPRetransmission | TCPFastRetransmission
	}
	return TCPRetransmission
}

// fast tells whether s is what duplicate ACKs asked for.
func (t *TCP) fast(dir Direction, s *TCPSegment, now ticks) bool {
	r := &t.sides[1-dir]
	return r.duplicates >= 2 && r.ack == s.Sequence && now-r.acked < fastRetransmit
}

// asked tells whether the receiver of direction dir lacks what begins at a sequence number, and its sender has had the time to learn of it
// since it was captured last.
func (t *TCP) asked(dir Direction, sequence uint32, was, now ticks) bool {
	r := &t.sides[1-dir]
	if r.duplicates < 2 || before(sequence, r.ack) {
		return false
	}
	return sequence == r.ack && int32(r.acked-was) > 0 || int32(now-was) >= int32(t.threshold())
}

// older tells whether s was surely sent before others that were captured before it, newer whether it was surely sent after all of them.
// Neither may be true: the clock of timestamps may be slow.
func (f *tcpSide) older(s *TCPSegment) bool {
	return s.HasTimestamps && f.state&stamped != 0 && before(s.TSVal, f.ts)
}

func (f *tcpSide) newer(s *TCPSegment) bool {
	return s.HasTimestamps && f.state&stamped != 0 && before(f.ts, s.TSVal)
}

// threshold is how late a segment may come and still be thought to have been overtaken: a retransmission cannot come before a round trip is
// over.
func (t *TCP) threshold() ticks {
	if t.toSYNACK != 0 && t.toACK != 0 {
		return max(1, ticks(int64(t.toSYNACK+t.toACK)>>10))
	}
	return reordering
}

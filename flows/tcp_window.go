package flows

// How the windows of a TCP connection are followed between its ends, after Guido van Rooij, "Real Stateful TCP Packet Filtering in IP
// Filter" (2000), as nf_conntrack_proto_tcp.c does it. Each side may send up to what its peer acknowledged and leaves room for; a
// segment is inside if it touches that window and acknowledges only what was sent. Here that decides about no segment: it keeps the
// numbers by which resets and timeouts are judged.

// ackWindow is how far behind an acknowledgment may be, if the largest window is smaller.
const ackWindow = 66000

// end is the sequence number behind the segment.
func (s *TCPSegment) end() uint32 {
	end := s.Sequence + s.Payload
	if s.Flags&SYN != 0 {
		end++
	}
	if s.Flags&FIN != 0 {
		end++
	}
	return end
}

// length is how many sequence numbers the segment has, modulo 2 to the 16th.
func (s *TCPSegment) length() uint16 { return uint16(s.end() - s.Sequence) }

// synOptions is what the options of a SYN say, as side* bits and the window scale.
func synOptions(s *TCPSegment) (flags, scale uint8) {
	if s.HasScale {
		flags |= sideScales
		scale = min(s.Scale, 14)
	}
	if s.SACKPermitted {
		flags |= sideSACK
	}
	return flags, scale
}

func (c *Conntrack) readOptions(d Direction, s *TCPSegment) { c.flags[d], c.scale[d] = synOptions(s) }

// startSide starts a direction from its SYN or SYN+ACK.
func (c *Conntrack) startSide(d Direction, s *TCPSegment) {
	from := &c.sides[d]
	from.end = s.end()
	from.maxEnd = from.end
	from.maxWindow = max(1, uint32(s.Window))
	c.readOptions(d, s)
	if d == Reply && c.flags[Original]&c.flags[Reply]&sideScales == 0 {
		c.scale = [2]uint8{} // both have to offer it (RFC 7323 §2.2)
	}
}

// follow moves both windows by a segment of direction d.
func (c *Conntrack) follow(d Direction, kind tcpKind, s *TCPSegment) {
	from, to := &c.sides[d], &c.sides[d.Other()]
	seq, end, ack, sack := s.Sequence, s.end(), s.Acknowledgment, s.Acknowledgment
	window := uint32(s.Window)
	if c.flags[d.Other()]&sideSACK != 0 {
		for _, block := range s.SACK[:min(int(s.SACKs), len(s.SACK))] {
			if before(sack, block[1]) {
				sack = block[1]
			}
		}
	}

	syn := kind == kindSYN || kind == kindSYNACK
	switch {
	case from.maxWindow == 0 && syn, // the first of its direction
		syn && before(from.end, end) && (c.state == StateSynSent || c.state == StateSynRecv): // or the same side tries again
		first := from.maxWindow == 0
		c.startSide(d, s)
		if kind == kindSYN && (first || d == Reply) {
			return // simultaneous open: there is nothing yet to acknowledge
		}
	case from.maxWindow == 0: // the first of its direction, in the middle of a connection
		from.end = end
		from.maxWindow = max(1, window<<c.scale[d])
		from.maxEnd = end + from.maxWindow
		if to.maxWindow == 0 {
			to.end, to.maxEnd = sack, sack
		} else if sack == to.end+1 {
			to.end++ // a reply to a keepalive, likely
		}
	}

	if s.Flags&ACK == 0 || kind == kindRST && ack == 0 {
		ack, sack = to.end, to.end // there is none, or a broken one
	}
	if kind == kindRST && seq == 0 && c.state == StateSynSent {
		seq, end = from.end, from.end // the answer to a SYN
	}

	if before(from.maxEnd, seq) || before(to.end, sack) {
		if kind == kindRST {
			return // says nothing about what was sent
		}
		if before(from.maxEnd, seq) {
			from.maxEnd = end // it was not seen to be allowed to send that: acknowledgments are missing, or the window's scale
		}
		if before(to.end, sack) {
			c.status |= statusMissed
			to.end = sack // data are missing, which it got
			if before(to.maxEnd, sack) {
				to.maxEnd = sack
			}
		}
	}
	if to.maxWindow != 0 && before(end, from.end-to.maxWindow) || before(sack, to.end-max(ackWindow, from.maxWindow)) {
		return // old
	}

	if !syn {
		window <<= c.scale[d]
	}
	from.maxWindow = max(from.maxWindow, window+(sack-ack))
	if before(from.end, end) {
		from.end = end
		c.flags[d] |= sideUnacked
	}
	if s.Flags&ACK != 0 && (c.flags[d]&sideAcked == 0 || before(from.maxAck, ack)) {
		from.maxAck = ack
		c.flags[d] |= sideAcked
	}
	if to.maxWindow != 0 && before(from.maxEnd, end) {
		to.maxWindow += end - from.maxEnd
	}
	if !before(sack+window, to.maxEnd) {
		to.maxEnd = sack + max(1, window)
	}
	if ack == to.end {
		c.flags[d.Other()] &^= sideUnacked
	}
	if kind == kindACK {
		c.noteACK(d, s, ack, end)
	}
}

// noteACK counts how often an ACK comes again unchanged.
func (c *Conntrack) noteACK(d Direction, s *TCPSegment, ack, end uint32) {
	if c.lastDirection == d && c.lastLength == s.length() && c.lastAck == ack && c.lastEnd == end && c.lastWindow == s.Window {
		c.repeats = min(c.repeats+1, tcpMaxRepeats)
		return
	}
	c.lastDirection, c.lastLength, c.lastAck, c.lastEnd, c.lastWindow = d, s.length(), ack, end, s.Window
	c.repeats = 0
}

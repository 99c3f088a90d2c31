package flows

import (
	"encoding/binary"
	"time"

	"pktscope/dissect"
)

// The state of an SCTP association, as nf_conntrack_proto_sctp.c of Linux 6.18 tells it: chunk by chunk, with the verification tags of
// RFC 9260 §8.5. An association that is already there is found only by its heartbeats. The states are those of what lies between
// the ends; an end has others of the same names.

// Types of chunks (RFC 9260 §3.2) that decide about the state.
const (
	sctpData             = 0
	sctpInit             = 1
	sctpInitAck          = 2
	sctpHeartbeat        = 4
	sctpHeartbeatAck     = 5
	sctpAbort            = 6
	sctpShutdown         = 7
	sctpShutdownAck      = 8
	sctpError            = 9
	sctpCookieEcho       = 10
	sctpCookieAck        = 11
	sctpShutdownComplete = 14
)

var sctpTimeouts = [states]time.Duration{
	StateNone:            10 * time.Second,
	StateClosed:          10 * time.Second,
	StateCookieWait:      3 * time.Second,
	StateCookieEchoed:    3 * time.Second,
	StateEstablished:     210 * time.Second,
	StateShutdownSent:    3 * time.Second,
	StateShutdownRecd:    3 * time.Second,
	StateShutdownAckSent: 3 * time.Second,
	StateHeartbeatSent:   30 * time.Second,
}

// sctpNext says where a chunk leads that direction d sends in a state. Data and other chunks that are not about the association itself
// change nothing.
func sctpNext(d Direction, now State, chunk uint8) State {
	switch chunk {
	case sctpInit, sctpInitAck, sctpHeartbeat, sctpHeartbeatAck, sctpAbort, sctpShutdown, sctpShutdownAck, sctpError,
		sctpCookieEcho, sctpCookieAck, sctpShutdownComplete:
	default:
		return now
	}
	if now == StateNone || now == StateHeartbeatSent {
		return sctpNextOfUnknown(d, now, chunk)
	}
	switch {
	case chunk == sctpAbort,
		chunk == sctpShutdownComplete && now == StateShutdownAckSent,
		chunk == sctpInit && d == Original && (now == StateShutdownSent || now == StateShutdownRecd),
		chunk == sctpError && d == Reply && now == StateCookieEchoed: // a stale cookie
		return StateClosed
	case chunk == sctpInitAck && d == Reply && now == StateClosed:
		return StateCookieWait
	case chunk == sctpCookieEcho && now == StateCookieWait:
		return StateCookieEchoed
	case chunk == sctpCookieAck && now == StateCookieEchoed:
		return StateEstablished
	case chunk == sctpShutdown && d == Original && now == StateEstablished:
		return StateShutdownSent
	case chunk == sctpShutdown && d == Reply && now == StateEstablished:
		return StateShutdownRecd
	case chunk == sctpShutdownAck && (now == StateShutdownSent || now == StateShutdownRecd):
		return StateShutdownAckSent
	}
	return now
}

// sctpNextOfUnknown is sctpNext where nothing is known but heartbeats, if that.
func sctpNextOfUnknown(d Direction, now State, chunk uint8) State {
	known := now == StateHeartbeatSent
	switch {
	case known && chunk == sctpHeartbeat, known && d == Original && chunk == sctpHeartbeatAck:
		return StateHeartbeatSent
	case known && d == Reply && chunk == sctpHeartbeatAck:
		return StateEstablished
	case d == Reply:
		return invalid
	case known && chunk == sctpInit:
		return StateCookieWait
	case chunk == sctpHeartbeat:
		return StateHeartbeatSent
	case chunk == sctpShutdownAck:
		return StateShutdownAckSent
	}
	return StateClosed
}

// What is known of a direction of an association, in Conntrack.flags.
const (
	sideInit       = 1 << iota // its INIT was seen, and no COOKIE ACK since
	sideHeartbeats             // its last heartbeat had a new tag, which the answer will confirm
)

// SCTP takes a packet of direction d. P is what was captured of it, from the common header on.
func (c *Conntrack) SCTP(d Direction, p dissect.SCTP) Outcome {
	outcome := c.sctp(d, p)
	switch {
	case outcome == Accept, outcome == Hold:
		c.saw(d)
	case !c.begun():
		*c = Conntrack{} // nothing remains of what could not begin
	}
	return outcome
}

func (c *Conntrack) sctp(d Direction, p dissect.SCTP) Outcome {
	types, ok := sctpTypes(p)
	if !ok {
		return Invalid
	}
	tag := p.VerificationTag()
	begins := !c.begun()
	switch {
	case begins && d == Reply && types == 1<<sctpInit:
		return New // whatever came before gave no reason to call this the reply direction
	case begins && !c.beginSCTP(d, types, p):
		return Invalid
	}

	// These types have rules of their own.
	const special = 1<<sctpInit | 1<<sctpShutdownComplete | 1<<sctpCookieEcho | 1<<sctpAbort | 1<<sctpShutdownAck |
		1<<sctpHeartbeat | 1<<sctpHeartbeatAck
	if types&special == 0 && tag != *c.verification(d) {
		return Invalid
	}

	outcome := Accept
	for off := sctpHeader; off+sctpChunkHeader <= len(p); {
		chunk := dissect.SCTPChunk(p[off:])
		kind := chunk.Type()
		switch c.verify(d, chunk, tag, types, outcome == Hold) {
		case Invalid:
			return Invalid
		case Hold:
			outcome = Hold
			off += sctpPadded(chunk)
			continue
		}
		now := c.state
		next := sctpNext(d, now, kind)
		if next == invalid {
			return Invalid
		}
		if kind == sctpInit || kind == sctpInitAck {
			initiate, ok := sctpInitiateTag(chunk)
			if !ok || !c.exchangeTags(d, kind, initiate) {
				return Invalid
			}
			if kind == sctpInit && now == StateClosed && next == StateClosed && !begins {
				outcome = Hold
			}
		}
		c.state = next
		if now != next && next == StateEstablished {
			c.status |= statusAssured
		}
		off += sctpPadded(chunk)
	}
	return outcome
}

const (
	sctpHeader      = 12 // bytes
	sctpChunkHeader = 4
)

func sctpPadded(c dissect.SCTPChunk) int { return (c.Length() + 3) &^ 3 }

// sctpInitiateTag is the tag that the sender of an INIT or INIT ACK wants to see (RFC 9260 §3.3.2).
func sctpInitiateTag(c dissect.SCTPChunk) (tag uint32, ok bool) {
	if len(c) < sctpChunkHeader+4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(c[sctpChunkHeader:]), true
}

// sctpTypes collects the types below 16 as bits. It is not ok if chunks stand together that may not (RFC 9260 §6.10), if one
// has no length, or if there is none.
func sctpTypes(p dissect.SCTP) (types uint16, ok bool) {
	if len(p) < sctpHeader {
		return 0, false
	}
	alone := false
	for off := sctpHeader; off+sctpChunkHeader <= len(p); {
		c := dissect.SCTPChunk(p[off:])
		kind := c.Type()
		alone = alone || kind == sctpInit || kind == sctpInitAck || kind == sctpShutdownComplete
		if c.Length() == 0 || off > sctpHeader && (alone || kind == sctpCookieEcho || kind == sctpCookieAck) {
			return 0, false
		}
		if kind < 16 {
			types |= 1 << kind
		}
		off += sctpPadded(c)
	}
	return types, len(p) >= sctpHeader+sctpChunkHeader
}

// beginSCTP takes the tags of the first packet. It reports whether such a packet may be the first (RFC 9260 §8.4).
func (c *Conntrack) beginSCTP(d Direction, types uint16, p dissect.SCTP) bool {
	if d != Original || types&(1<<sctpAbort|1<<sctpShutdownComplete|1<<sctpCookieAck) != 0 {
		return false
	}
	tag := p.VerificationTag()
	for off := sctpHeader; off+sctpChunkHeader <= len(p); {
		chunk := dissect.SCTPChunk(p[off:])
		if sctpNext(Original, StateNone, chunk.Type()) == StateNone {
			return false
		}
		switch chunk.Type() {
		case sctpInit:
			initiate, ok := sctpInitiateTag(chunk)
			if !ok || tag != 0 {
				return false
			}
			*c.verification(Reply) = initiate
		case sctpHeartbeat:
			*c.verification(Original) = tag
		case sctpShutdownAck:
			*c.verification(Reply) = tag // the answer reflects it (RFC 9260 §8.4)
		}
		off += sctpPadded(chunk)
	}
	return true
}

// verify judges a chunk by the packet's tag (RFC 9260 §8.5.1). It says Accept, Invalid, or Hold for a heartbeat whose tag may prove right.
func (c *Conntrack) verify(d Direction, chunk dissect.SCTPChunk, tag uint32, types uint16, held bool) Outcome {
	own, peer := c.verification(d), c.verification(d.Other())
	ok := true
	switch chunk.Type() {
	case sctpInit:
		ok = tag == 0
	case sctpAbort, sctpShutdownComplete:
		const reflected = 1 // the T bit: the sender has no association, and sends the tag back that it got
		if chunk.Flags()&reflected != 0 {
			ok = tag == *peer
		} else {
			ok = tag == *own
		}
	case sctpCookieEcho:
		ok = tag == *own
	case sctpCookieAck:
		c.flags[Original] &^= sideInit
		c.flags[Reply] &^= sideInit
	case sctpHeartbeat, sctpHeartbeatAck:
		switch {
		case *own == 0:
			*own = tag
		case tag == *own:
			c.flags[Original] &^= sideHeartbeats
			c.flags[Reply] &^= sideHeartbeats
		case types&(1<<sctpData) != 0 || held:
			ok = false
		case chunk.Type() == sctpHeartbeat:
			c.flags[d] |= sideHeartbeats
			c.flags[d.Other()] &^= sideHeartbeats
			return Hold
		case c.flags[d.Other()]&sideHeartbeats != 0: // the ends began anew, and both know it
			c.flags[d.Other()] &^= sideHeartbeats
			*own, *peer = tag, 0
		default:
			ok = false
		}
	}
	if !ok {
		return Invalid
	}
	return Accept
}

// exchangeTags takes the tag that an INIT or INIT ACK of direction d gives to the other direction. It is not ok for an INIT ACK that
// answers an INIT which another one has overtaken (RFC 9260 §5.2.4).
func (c *Conntrack) exchangeTags(d Direction, kind uint8, initiate uint32) bool {
	own, peer := &c.flags[d], &c.flags[d.Other()]
	tag := c.verification(d.Other())
	if kind == sctpInit {
		if *own&*peer&sideInit != 0 && *tag != initiate {
			*peer &^= sideInit // this side began anew, so that the other's is of before
		}
		*own |= sideInit
	} else {
		answers := *peer&sideInit != 0
		if !answers && *tag != 0 && *tag != initiate || answers && *own&sideInit != 0 && *tag != initiate {
			return false
		}
	}
	*tag = initiate
	return true
}

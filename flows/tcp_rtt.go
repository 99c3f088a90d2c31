package flows

import "time"

// RTT sums up round-trip times from the capture point to the receiver of one direction's data and back: from a segment to the ACK that
// covers it, the receiver's delay in acknowledging included. Those of both directions together are a whole round trip between the hosts.
//
// One segment is timed at a time, as RFC 6298 §3 asks, and none while there may be retransmissions around (Karn's rule): an ACK does
// not say which copy it is for, and behind a gap it comes when the gap is filled.
type RTT struct {
	Count          uint32
	Min, Mean, Max time.Duration
}

// tcpResult is what is kept of one direction for reports.
type tcpResult struct {
	sum      int64   // of all round-trip times, in ns
	min, max float32 // in ns; exact up to 16 ms, and with seven digits beyond
	count    uint32  // of round-trip times
	inFlight uint32  // highest number of bytes
}

func (r *tcpResult) roundTrip(ns int64) {
	if ns < 0 { // captures that were merged, from clocks that differ
		return
	}
	f := float32(ns)
	if r.count == 0 || f < r.min {
		r.min = f
	}
	if f > r.max {
		r.max = f
	}
	r.sum += ns
	r.count++
}

// RTT returns the round-trip times of direction d's data.
func (t *TCP) RTT(d Direction) RTT {
	r := &t.results[d]
	if r.count == 0 {
		return RTT{}
	}
	return RTT{r.count, time.Duration(r.min), time.Duration(r.sum / int64(r.count)), time.Duration(r.max)}
}

// Handshake is how long opening a connection took, as it passed the capture point. A time is zero where it is not known: a segment was
// not captured, or one was sent again and nothing says which was answered; what is shorter than the capture's clock can tell is 1 ns.
type Handshake struct {
	SYNToSYNACK time.Duration // to the server and back
	SYNACKToACK time.Duration // to the client and back
	Whole       time.Duration // from the first SYN to the first ACK: retransmissions, with their timeouts, included
}

// Handshake returns how long opening the connection took.
func (t *TCP) Handshake() Handshake {
	return Handshake{time.Duration(t.toSYNACK), time.Duration(t.toACK), time.Duration(t.whole)}
}

func elapsed(from, to int64) float32 { return float32(max(1, to-from)) }

package flows

import "math/bits"

// TCPEvents is what one segment is besides a segment: a set of bits. Most segments are none of these. Except where a line says otherwise,
// the words mean what tshark's tcp.analysis fields of the same name mean; docs/tshark-differences.md has the differences.
type TCPEvents uint32

const (
	// TCPRetransmission is a segment, a SYN or a FIN whose bytes were sent before. The fast and spurious ones are among them.
	TCPRetransmission TCPEvents = 1 << iota

	// TCPFastRetransmission comes within 20 ms of the last of two or more duplicate ACKs that ask for it.
	TCPFastRetransmission

	// TCPSpuriousRetransmission repeats what was acknowledged before.
	TCPSpuriousRetransmission

	// TCPSYNRetransmission is a SYN that was sent again. Where a connection is not let through there is nothing else.
	TCPSYNRetransmission

	// TCPOutOfOrder is a segment that was sent before those that overtook it.
	TCPOutOfOrder

	// TCPDuplicateACK repeats acknowledgment and window and has nothing else to say.
	TCPDuplicateACK

	// TCPLostSegment begins behind what is expected: one before it is lost, late, or was not captured (tcp.analysis.lost_segment).
	TCPLostSegment

	// TCPACKedUnseen acknowledges what was never captured: it arrived, so that it is the capture that lacks it
	// (tcp.analysis.ack_lost_segment).
	TCPACKedUnseen

	// TCPZeroWindow says that its sender can take no more.
	TCPZeroWindow

	// TCPWindowFull fills the receiver's window to the last byte.
	TCPWindowFull

	// TCPWindowUpdate only changes the window.
	TCPWindowUpdate

	// TCPKeepAlive asks an idle peer for an ACK.
	TCPKeepAlive

	// TCPKeepAliveACK answers a keep-alive.
	TCPKeepAliveACK

	// TCPZeroWindowProbe is one byte into a window of zero.
	TCPZeroWindowProbe

	// TCPZeroWindowProbeACK answers a zero-window probe: the window still is zero.
	TCPZeroWindowProbeACK

	// TCPReset is a RST; who sent it gave the connection up. Its numbers are not looked at: they need not be the connection's.
	TCPReset

	// TCPSACK says that something arrived behind a gap (RFC 2018).
	TCPSACK

	// TCPDSACK says that something arrived twice (RFC 2883): a retransmission that was not needed, or a packet that the network doubled.
	TCPDSACK

	// TCPSYNDataAgain has the data that a SYN had before. It is no retransmission: the receiver of a SYN may leave its data away until the
	// connection is open (RFC 9293 §3.10.7.4, RFC 7413 §3), so it is sent as if it were new.
	TCPSYNDataAgain

	tcpEventCount = iota
)

var tcpEventNames = [tcpEventCount]string{"retransmission", "fast-retransmission", "spurious-retransmission", "syn-retransmission", "out-of-order",
	"duplicate-ack", "lost-segment", "acked-unseen", "zero-window", "window-full", "window-update", "keep-alive", "keep-alive-ack",
	"zero-window-probe", "zero-window-probe-ack", "reset", "sack", "dsack", "syn-data-again"}

// String names the events, with spaces between them. The names do not change.
func (e TCPEvents) String() string {
	s := ""
	for e &= 1<<tcpEventCount - 1; e != 0; e &= e - 1 {
		if s != "" {
			s += " "
		}
		s += tcpEventNames[bits.TrailingZeros32(uint32(e))]
	}
	return s
}

// TCPCounters count what happened in one direction of a connection. Nearly all connections have nothing to count in at least one
// direction, so that whoever holds connections makes counters when [TCP.Segment] first returns an event.
type TCPCounters struct {
	// RetransmittedBytes is payload of retransmissions. RepeatedBytes is payload that was captured before; payload less this is what the
	// connection transported, its goodput as seen from the capture point. The two differ by what was lost on its way to the capture point.
	RetransmittedBytes, RepeatedBytes uint64

	events [tcpEventCount]uint32
}

// Count adds segment s, for which t.Segment returned e just now.
func (c *TCPCounters) Count(t *TCP, s *TCPSegment, e TCPEvents) {
	if e&TCPRetransmission != 0 {
		c.RetransmittedBytes += uint64(s.Payload)
	}
	c.RepeatedBytes += uint64(t.repeated)
	for ; e != 0; e &= e - 1 {
		c.events[bits.TrailingZeros32(uint32(e))]++
	}
}

// Of returns how many segments were e, which is one event.
func (c *TCPCounters) Of(e TCPEvents) uint32 { return c.events[bits.TrailingZeros32(uint32(e))] }

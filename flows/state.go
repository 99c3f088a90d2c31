package flows

import "strconv"

// State is what the kernel's connection tracking calls the state of a connection. TCP and SCTP have states; a flow of any other
// protocol stays in StateNone, and conntrack prints none for it.
type State uint8

const (
	StateNone State = iota // nothing that could begin a connection was seen

	StateSynSent     // TCP: a SYN of the original direction
	StateSynRecv     // TCP: a SYN+ACK
	StateEstablished // TCP: the ACK behind it, or a connection picked up in its middle; SCTP: COOKIE ACK, or HEARTBEAT ACK
	StateFinWait     // TCP: a FIN
	StateCloseWait   // TCP: an ACK behind it
	StateLastAck     // TCP: a second FIN
	StateTimeWait    // TCP: the ACK behind that
	StateClose       // TCP: a reset
	StateSynSent2    // TCP: SYNs of both directions, a simultaneous open

	StateClosed          // SCTP: INIT without answer, or an end
	StateCookieWait      // SCTP: INIT ACK
	StateCookieEchoed    // SCTP: COOKIE ECHO
	StateShutdownSent    // SCTP: SHUTDOWN of the original direction
	StateShutdownRecd    // SCTP: SHUTDOWN of the reply direction
	StateShutdownAckSent // SCTP: SHUTDOWN ACK
	StateHeartbeatSent   // SCTP: HEARTBEAT of an association that began elsewhere

	states // how many there are

	// What the tables of transitions say besides states.
	ignored State = 0xfe // the packet may be right, and tracking out of step: it passes and changes nothing
	invalid State = 0xff
)

var stateNames = [states]string{
	StateNone:    "NONE",
	StateSynSent: "SYN_SENT", StateSynRecv: "SYN_RECV", StateEstablished: "ESTABLISHED", StateFinWait: "FIN_WAIT",
	StateCloseWait: "CLOSE_WAIT", StateLastAck: "LAST_ACK", StateTimeWait: "TIME_WAIT", StateClose: "CLOSE", StateSynSent2: "SYN_SENT2",
	StateClosed: "CLOSED", StateCookieWait: "COOKIE_WAIT", StateCookieEchoed: "COOKIE_ECHOED", StateShutdownSent: "SHUTDOWN_SENT",
	StateShutdownRecd: "SHUTDOWN_RECD", StateShutdownAckSent: "SHUTDOWN_ACK_SENT", StateHeartbeatSent: "HEARTBEAT_SENT",
}

// String is the state as conntrack prints it.
func (s State) String() string {
	if s < states {
		return stateNames[s]
	}
	return "State(" + strconv.Itoa(int(s)) + ")"
}

// Outcome is what a packet meant to the flow that has its tuple.
type Outcome uint8

const (
	// Accept: the packet belongs to the flow, whose timeout begins anew with it.
	Accept Outcome = iota
	// Hold: the packet belongs to the flow, but the timeout goes on: a SYN or an INIT that is sent again and was never answered.
	Hold
	// Ignore: the packet may belong to the flow or to one that was not seen to begin. State and timeout stay.
	Ignore
	// Invalid: no packet that the flow's state leaves room for, or that could begin one. State and timeout stay.
	Invalid
	// New: the packet belongs to another connection with the same tuple. The flow is left as it is; the packet is for a new flow, whose
	// Conntrack is Next of this one, and whose original direction is the packet's own if that begins in StateNone.
	New

	outcomes // how many there are
)

var outcomeNames = [outcomes]string{"accept", "hold", "ignore", "invalid", "new"}

func (o Outcome) String() string { return outcomeNames[o] }

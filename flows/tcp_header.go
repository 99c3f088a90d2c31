package flows

// TCP's flags (RFC 9293 §3.1), in the low byte of the field.
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// TCPSegment is what following a connection needs of a TCP header and its options. Numbers are in host order.
type TCPSegment struct {
	Time           int64  // when it was captured, in nanoseconds since the Unix epoch
	Sequence       uint32 // of the first byte of payload; of SYN itself
	Acknowledgment uint32 // means something with ACK
	Payload        uint32 // bytes, as the IP header's length leaves them
	TSVal, TSEcr   uint32 // RFC 7323's timestamps, in the sender's and the receiver's ticks; they mean something with HasTimestamps
	Window         uint16 // before scaling
	MSS            uint16 // of a SYN's option, 0 if there is none
	Flags          uint8
	Scale          uint8 // of a SYN's option: the shift of windows, 0 to 14; means something with HasScale

	HasTimestamps, HasScale, SACKPermitted bool

	SACKs uint8        // blocks of SACK (RFC 2018 §3)
	SACK  [4][2]uint32 // left and right edges; the first of them is the newest, or a duplicate (RFC 2883)
}

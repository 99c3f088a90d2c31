package flows

import (
	"encoding/binary"

	"pktscope/dissect"
)

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

	MPTCP bool // has an option of Multipath TCP that is no DSS (RFC 8684 §3); a join, an address, a priority

	SACKs uint8        // blocks of SACK (RFC 2018 §3)
	SACK  [4][2]uint32 // left and right edges of that many; the first of them is the newest, or a duplicate (RFC 2883)
}

// The options that are read (IANA's "TCP Option Kind Numbers").
const (
	optionEnd           = 0
	optionNOP           = 1
	optionMSS           = 2
	optionScale         = 3
	optionSACKPermitted = 4
	optionSACK          = 5
	optionTimestamps    = 8
	optionMPTCP         = 30

	// twoNOPsAndTimestamps is how nearly every segment with timestamps begins its options (RFC 7323 Appendix A).
	twoNOPsAndTimestamps = optionNOP<<24 | optionNOP<<16 | optionTimestamps<<8 | 10
)

// Read reads layer i of p, which is of TCP. It returns false, and s is not to be used, where less than the 20 bytes of the fixed header
// were captured or its data offset is less than that. Options that a snap length cut off are as if they were not there.
func (s *TCPSegment) Read(p *dissect.Packet, i int) bool {
	l := &p.Layers[i]
	h := p.Header(l)
	if len(h) < 20 {
		return false
	}
	v := dissect.TCP(h)
	n := v.HeaderLength()
	if n < 20 {
		return false
	}
	s.Time = p.Time
	s.Sequence = v.Sequence()
	s.Acknowledgment = v.Acknowledgment()
	s.Payload = uint32(max(0, l.Len()-n))
	s.Window = v.Window()
	s.Flags = h[13]
	s.MSS, s.Scale, s.SACKs = 0, 0, 0
	s.HasTimestamps, s.HasScale, s.SACKPermitted, s.MPTCP = false, false, false, false
	if len(h) == 20 {
		return true
	}
	if len(h) >= 32 && binary.BigEndian.Uint32(h[20:]) == twoNOPsAndTimestamps {
		s.timestamps(h[24:32])
		if len(h) == 32 {
			return true
		}
		s.options(h[32:])
		return true
	}
	s.options(h[20:])
	return true
}

func (s *TCPSegment) timestamps(b []byte) {
	s.TSVal, s.TSEcr = binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	s.HasTimestamps = true
}

// options reads options up to the first that is not whole, and leaves out those whose length is not that of their kind. MSS, scale and the
// permission of SACK are a SYN's only (RFC 9293 §3.2, RFC 7323 §2.2, RFC 2018 §2).
func (s *TCPSegment) options(b []byte) {
	syn := s.Flags&SYN != 0
	for len(b) > 0 {
		kind := b[0]
		if kind == optionEnd {
			return
		}
		if kind == optionNOP {
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return
		}
		v := b[2:b[1]]
		b = b[b[1]:]
		switch {
		case kind == optionTimestamps && len(v) == 8:
			s.timestamps(v)
		case kind == optionSACK:
			for s.SACKs = 0; len(v) >= 8 && s.SACKs < 4; v = v[8:] {
				s.SACK[s.SACKs] = [2]uint32{binary.BigEndian.Uint32(v), binary.BigEndian.Uint32(v[4:])}
				s.SACKs++
			}
		case kind == optionMSS && len(v) == 2 && syn:
			s.MSS = binary.BigEndian.Uint16(v)
		case kind == optionScale && len(v) == 1 && syn:
			s.Scale, s.HasScale = min(v[0], 14), true // RFC 7323 §2.3: a larger shift is taken as 14
		case kind == optionSACKPermitted && len(v) == 0 && syn:
			s.SACKPermitted = true
		case kind == optionMPTCP && len(v) > 0 && v[0]>>4 != 2:
			s.MPTCP = true
		}
	}
}

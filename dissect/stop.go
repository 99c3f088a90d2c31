package dissect

import "fmt"

// Stop says where and why decoding ended before every byte had a meaning.
type Stop struct {
	Reason Reason
	At     ID     // the protocol that was being decoded
	Next   Table  // for StopUnknown: where the next protocol was looked up …
	Key    uint32 // … and under which number
	Offset uint32 // of the first byte that was not decoded, in the source of the last layer
	Need   uint32 // bytes that At's header needs
	Have   uint32 // bytes that were there
	Limit  string // the length field that set the limit ("ip.len")
}

// Reason is why decoding stopped. Its names are stable: reports count by them.
type Reason uint8

const (
	StopNone       Reason = iota
	StopUnknown           // no protocol is known under the number that the last header names
	StopTruncated         // the capture's snap length cut the header off
	StopQuote             // the quoted packet in an ICMP error ends here, as it should
	StopShort             // a length field leaves less than the header needs
	StopBadLength         // the header's own length field is too small or contradicts itself
	StopBadVersion        // the version field is not one of this protocol
	StopFragment          // a fragment of a datagram that is not complete
	StopDepth             // more than MaxDepth layers
	StopMessages          // more than MaxMessages siblings
	StopOpaque            // encrypted or compressed
	StopUnbound           // only what set the session up says what follows, and it was not seen
)

var reasonNames = [...]string{"complete", "unknown-protocol", "truncated", "quote-end", "too-short", "bad-length", "bad-version",
	"fragment", "too-deep", "too-many-messages", "opaque", "unbound"}

func (r Reason) String() string { return reasonNames[r] }

// Malformed tells whether the reason is a fault of the packet, not of the capture or of our knowledge.
func (r Reason) Malformed() bool {
	switch r {
	case StopShort, StopBadLength, StopBadVersion, StopDepth, StopMessages:
		return true
	}
	return false
}

// String says it in one line: "tcp needs 20 bytes, 12 left, limited by ip.len".
func (s Stop) String() string {
	name := s.At.String()
	switch s.Reason {
	case StopNone:
		return "complete"
	case StopUnknown:
		if s.Next == LinkType && s.Key == 0 {
			return name + " names a protocol that is not known"
		}
		return fmt.Sprintf("%s names %s %s, which is not known", name, s.Next, s.Next.Key(s.Key))
	case StopTruncated, StopQuote, StopShort:
		return fmt.Sprintf("%s needs %d bytes, %d left, limited by %s", name, s.Need, s.Have, s.Limit)
	case StopBadLength:
		if s.Limit == "" { // a length that no single field says
			return name + ": " + s.Reason.String()
		}
		return fmt.Sprintf("%s: %s says %d bytes, at least %d are needed", name, s.Limit, s.Have, s.Need)
	default:
		return fmt.Sprintf("%s: %s", name, s.Reason)
	}
}

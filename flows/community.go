package flows

import (
	"crypto/sha1"
	"encoding/base64"
)

// CommunityID is the flow's Community ID, version 1 with seed 0 (https://github.com/corelight/community-id-spec): the same in all programs
// that know it, and the same for all tenants with the same addresses and ports.
func (t *Tuple) CommunityID() string {
	var room [40]byte
	return hashed("1:", t.appendCommunity(room[:2]))
}

// SegmentID tells apart what CommunityID does not: it is made of the segment's name, a zero byte, and what the Community ID is made of. The
// capture point is no part of it, so that captures of one network at several places agree.
func (f *Flow) SegmentID() string {
	return hashed("s1:", f.appendCommunity(append([]byte(f.Segment.Name()), 0, 0, 0)))
}

func hashed(prefix string, b []byte) string {
	sum := sha1.Sum(b)
	var room [32]byte
	return string(base64.StdEncoding.AppendEncode(append(room[:0], prefix...), sum[:]))
}

// appendCommunity appends the two ends, the lower first, as addresses, protocol and ports. The ports of ICMP queries are the types of the
// request and of its reply.
func (t *Tuple) appendCommunity(dst []byte) []byte {
	a, b := t.Src[:], t.Dst[:]
	if t.V4() {
		a, b = a[12:], b[12:]
	}
	sport, dport := t.Sport, t.Dport
	ports := true
	switch t.Protocol {
	case protocolTCP, protocolUDP, protocolSCTP:
	case protocolICMP, protocolICMPv6:
		sport, dport = uint16(t.Type), uint16(t.replyType())
	default:
		ports, sport, dport = false, 0, 0
	}
	if string(a) > string(b) || string(a) == string(b) && sport > dport {
		a, b, sport, dport = b, a, dport, sport
	}
	dst = append(append(append(dst, a...), b...), t.Protocol, 0)
	if ports {
		dst = append(dst, byte(sport>>8), byte(sport), byte(dport>>8), byte(dport))
	}
	return dst
}

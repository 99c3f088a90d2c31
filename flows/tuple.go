package flows

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"

	"pktscope/internal/mulfold"
)

// Tuple is who sends to whom, in conntrack's sense: the fields of a packet by which it is known to belong to a flow.
type Tuple struct {
	Src, Dst [16]byte // IPv6 addresses, or IPv4 addresses as RFC 4291 §2.5.5.2 maps them
	// Ports of TCP, UDP, UDP-Lite, SCTP and DCCP. Of ICMP queries, Sport is the identifier and Dport is 0. Of GRE version 1 they
	// are 0 and the call's number.
	Sport, Dport uint16
	Protocol     uint8 // IP's number
	Type         uint8 // of an ICMP query, that of its request; see Request
}

// Reverse is the tuple of the opposite direction.
func (t *Tuple) Reverse() Tuple {
	r := Tuple{Src: t.Dst, Dst: t.Src, Sport: t.Dport, Dport: t.Sport, Protocol: t.Protocol, Type: t.Type}
	if t.query() {
		r.Sport, r.Dport = t.Sport, t.Dport
	}
	return r
}

// Undirected is the tuple of that direction whose source is the lower one, so that it is the same for both.
func (t *Tuple) Undirected() Tuple {
	order := bytes.Compare(t.Src[:], t.Dst[:])
	if order > 0 || order == 0 && t.Sport > t.Dport && !t.query() {
		return t.Reverse()
	}
	return *t
}

// query tells that the ports are an ICMP identifier, which is the same in both directions.
func (t *Tuple) query() bool { return t.Protocol == protocolICMP || t.Protocol == protocolICMPv6 }

// Source is the sender's address.
func (t *Tuple) Source() netip.Addr { return netip.AddrFrom16(t.Src).Unmap() }

// Destination is the receiver's address.
func (t *Tuple) Destination() netip.Addr { return netip.AddrFrom16(t.Dst).Unmap() }

// V4 tells whether the addresses are IPv4's.
func (t *Tuple) V4() bool {
	return binary.BigEndian.Uint64(t.Src[:]) == 0 && binary.BigEndian.Uint32(t.Src[8:]) == 0xffff
}

// HasPorts tells whether the protocol has ports.
func (t *Tuple) HasPorts() bool { return hasPorts(t.Protocol) }

func hasPorts(protocol uint8) bool {
	switch protocol {
	case protocolTCP, protocolUDP, protocolUDPLite, protocolSCTP, protocolDCCP:
		return true
	}
	return false
}

// The hash of tuples, keys and fingerprints, by names that are short where much of it stands in a line.
const (
	fold1 = mulfold.C1
	fold2 = mulfold.C2
	fold3 = mulfold.C3
)

func fold(a, b uint64) uint64 { return mulfold.Fold(a, b) }

// seed keeps a hostile capture from choosing tuples that collide. It differs from run to run, and nothing that is printed depends on it.
var seed = rand.Uint64()

// hash is the same for both directions.
func (t *Tuple) hash() uint64 {
	a := fold(binary.LittleEndian.Uint64(t.Src[:])^fold1, binary.LittleEndian.Uint64(t.Src[8:])^seed^uint64(t.Sport))
	b := fold(binary.LittleEndian.Uint64(t.Dst[:])^fold1, binary.LittleEndian.Uint64(t.Dst[8:])^seed^uint64(t.Dport))
	if t.query() {
		b = fold(binary.LittleEndian.Uint64(t.Dst[:])^fold1, binary.LittleEndian.Uint64(t.Dst[8:])^seed^uint64(t.Sport))
	}
	return fold(a+b^fold2, a^b^seed^uint64(t.Protocol)<<8^uint64(t.Type))
}

// hashAddresses is a hash of the addresses alone, the same for both directions. It is never 0.
func (t *Tuple) hashAddresses() uint64 {
	a := fold(binary.LittleEndian.Uint64(t.Src[:])^fold1, binary.LittleEndian.Uint64(t.Src[8:])^seed)
	b := fold(binary.LittleEndian.Uint64(t.Dst[:])^fold1, binary.LittleEndian.Uint64(t.Dst[8:])^seed)
	return max(1, fold(a+b^fold2, a^b^fold3))
}

// keyHash is the hash of a flow's key: of its tuple, and the number of its segment.
func keyHash(tuple uint64, segment uint32) uint32 {
	return uint32(fold(tuple^uint64(segment)<<32^fold1, seed^fold2))
}

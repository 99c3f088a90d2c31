package dissect

import (
	"encoding/binary"
	"math/bits"
)

// Verdict is what verifying a checksum said.
type Verdict uint8

const (
	VerdictNone Verdict = iota // the protocol has no checksum, or the layer is too short to hold it
	Good
	Bad
	Absent       // the sender did not compute one, as it may
	AbsentTunnel // zero over IPv6 in a tunnel that RFC 6935 allows it to
	Illegal      // zero where it must not be
	Offload      // the sending NIC owed the rest when this was captured: only the pseudo-header is summed, or it counts on a sum inside that is owed
	Unverifiable // not every summed byte is there: cut off by the snap length, or a fragment
	Excerpt      // the same in what an ICMP error quotes of a TCP segment, which tshark calls bad
	NumVerdicts  // how many there are
)

var verdictNames = [NumVerdicts]string{"", "good", "bad", "absent", "absent", "illegal", "offload", "unverifiable", "unverifiable"}

func (v Verdict) String() string { return verdictNames[v] }

// Status is the number that tshark prints for the verdict in *.checksum.status.
func (v Verdict) Status() uint64 { return [NumVerdicts]uint64{2, 1, 0, 3, 4, 4, 0, 2, 0}[v] }

var statusNames = Names{0: "Bad", 1: "Good", 2: "Unverified", 3: "Not present", 4: "Illegal"}

// Checksum is a verdict and, for a bad sum of 16-bit words, by how much the sum is off.
type Checksum struct {
	Verdict
	Diff uint16 // ones'-complement difference from what the sum should be; 0 when it is not known
}

// FlippedBit tells whether a single flipped bit explains the difference, and which bit of a 16-bit word in network order it
// is: 0 is the least significant. Two flipped bits can look like one, but a random corruption does in one of 2,048 cases only.
func (c Checksum) FlippedBit() (bit int, ok bool) {
	if c.Verdict != Bad || c.Diff == 0 {
		return 0, false
	}
	up, down := c.Diff, ^c.Diff // 0 became 1: the sum grew by 2^k; 1 became 0: it shrank
	switch {
	case up&(up-1) == 0:
		return bits.TrailingZeros16(up), true
	case down != 0 && down&(down-1) == 0:
		return bits.TrailingZeros16(down), true
	}
	return 0, false
}

// Verify verifies the checksums of all layers that were added since the last call. A partial layer that holds its checksum
// is verified, too.
func (p *Packet) Verify() {
	for i := p.verified; i < len(p.Layers); i++ {
		l := &p.Layers[i]
		if proto := &dissectors[l.Protocol]; proto.verify != nil && l.HeaderLen() >= proto.size {
			if l.Verdict = proto.verify(p, i).Verdict; l.Verdict == Offload {
				p.excuse(i)
			}
		}
	}
	p.verified = len(p.Layers)
}

// judge turns the ones'-complement sum over everything that a checksum covers, itself included, into a verdict.
func judge(total uint16) Checksum {
	if total == 0xffff {
		return Checksum{Verdict: Good}
	}
	return Checksum{Verdict: Bad, Diff: total}
}

// sum adds b to the partial sum s as 16-bit words in network order (RFC 1071); an odd last byte is padded with zero. Partial sums
// may be added to each other; fold makes the 16-bit sum of them.
//
// It adds eight bytes at a time with the carry chained, which is 11 times faster than word by word; the sum of little-endian
// words is the byte-swapped sum of big-endian ones (RFC 1071 §2).
func sum(s uint64, b []byte) uint64 {
	if len(b) == 20 { // most IPv4 headers
		acc, carry := bits.Add64(binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[8:]), 0)
		acc, carry = bits.Add64(acc, uint64(binary.LittleEndian.Uint32(b[16:])), carry)
		return s + uint64(bits.ReverseBytes16(fold(acc))) + carry<<8
	}
	var acc, other, carry uint64
	for ; len(b) >= 128; b = b[128:] { // two chains, neither of which waits for the other
		acc, other = eightWords(acc, (*[64]byte)(b)), eightWords(other, (*[64]byte)(b[64:]))
	}
	acc, carry = bits.Add64(acc, other, 0)
	acc += carry
	if len(b) >= 64 {
		acc = eightWords(acc, (*[64]byte)(b))
		b = b[64:]
	}
	if len(b) >= 32 {
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b), 0)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b[8:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b[16:]), carry)
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b[24:]), carry)
		acc, carry = bits.Add64(acc, 0, carry)
		acc += carry
		b = b[32:]
	}
	for len(b) >= 8 {
		acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b), 0)
		acc += carry
		b = b[8:]
	}
	if len(b) > 0 {
		acc, carry = bits.Add64(acc, tail(b), 0)
		acc += carry
	}
	return s + uint64(bits.ReverseBytes16(fold(acc)))
}

// eightWords adds eight little-endian words to acc, modulo 2^64-1. Adding the last carry ends the chain of additions, so that a longer one has
// less of that.
func eightWords(acc uint64, b *[64]byte) uint64 {
	var carry uint64
	acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b[:]), 0)
	acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b[8:]), carry)
	acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b[16:]), carry)
	acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b[24:]), carry)
	acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b[32:]), carry)
	acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b[40:]), carry)
	acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b[48:]), carry)
	acc, carry = bits.Add64(acc, binary.LittleEndian.Uint64(b[56:]), carry)
	acc, carry = bits.Add64(acc, 0, carry)
	return acc + carry
}

// tail is the little-endian number of at most seven bytes.
func tail(b []byte) (n uint64) {
	at := 0
	if len(b)&4 != 0 {
		n = uint64(binary.LittleEndian.Uint32(b))
		at = 4
	}
	if len(b)&2 != 0 {
		n |= uint64(binary.LittleEndian.Uint16(b[at:])) << (8 * at)
		at += 2
	}
	if len(b)&1 != 0 {
		n |= uint64(b[at]) << (8 * at)
	}
	return n
}

// words is the sum of the two words of an IPv4 address.
func words(address []byte) uint64 {
	a := binary.BigEndian.Uint32(address)
	return uint64(a>>16 + a&0xffff)
}

// fold reduces a partial sum to 16 bits.
func fold(s uint64) uint16 {
	s = s>>32 + s&0xffffffff
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return uint16(s>>16 + s&0xffff)
}

// pseudoSum is the partial sum of the pseudo-header of layer i, which the IP protocol number proto names and which is n bytes
// long (RFC 9293 §3.1, RFC 8200 §8.1). It tells whether the network layer is IPv6. It is not ok when layer i lies in no IP
// packet, or in a fragment of one.
func pseudoSum(p *Packet, i int, proto uint8, n int) (s uint64, v6, ok bool) {
	var route IPv6Routing // where it sends the packet in the end
	var home []byte       // whom a home address option calls the source
	for j := p.Layers[i].Parent; j >= 0; j = p.Layers[j].Parent {
		l := &p.Layers[j]
		h := p.SourceBytes(l)[l.Start:l.HeaderEnd]
		same := l.Source == p.Layers[i].Source // what was reassembled from fragments is no fragment
		switch l.Protocol {
		case ipv4.ID:
			if same && IPv4(h).Fragment() {
				return 0, false, false
			}
			return uint64(proto) + uint64(n) + words(h[12:16]) + words(finalIPv4(h)), false, true
		case ipv6Fragment.ID:
			if same && IPv6Fragment(h).Fragment() {
				return 0, true, false
			}
		case shim6.ID: // only a context of the two hosts knows which addresses were summed
			return 0, true, false
		case ipv6Routing.ID:
			if route == nil {
				route = h
			}
		case ipv6Destination.ID:
			home = homeAddress(h)
		case ipv6.ID:
			source, destination := h[8:24], h[24:40]
			if home != nil {
				source = home
			}
			s = sum(uint64(proto)+uint64(n), source)
			if route != nil {
				final := finalIPv6(route, destination)
				return sum(s, final[:]), true, true
			}
			return sum(s, destination), true, true
		}
	}
	return 0, false, false
}

// verifyTransport verifies a 16-bit sum at offset at of layer i's header, over the whole layer and a pseudo-header.
func verifyTransport(p *Packet, i int, proto uint8, at int) Checksum {
	l := &p.Layers[i]
	n := l.Len()
	pseudo, _, ok := pseudoSum(p, i, proto, n)
	if !ok || !p.Whole(l) {
		return Checksum{Verdict: Unverifiable}
	}
	if l.Flags&Quoted != 0 && p.excerpt(i) {
		if proto == 6 {
			return Checksum{Verdict: Excerpt}
		}
		return Checksum{Verdict: Unverifiable}
	}
	b := p.Body(l)
	c := judge(fold(sum(pseudo, b)))
	if c.Verdict == Bad && owed(be16(b[at:]), pseudo, n) {
		return Checksum{Verdict: Offload}
	}
	return c
}

// excuse finds the sums around layer i, which its NIC owes, that count on it: what a host sums around a packet whose inner sum is left to the NIC is
// what it will be when that is there (local checksum offload; Linux's Documentation/networking/checksum-offloads.rst). From the inner header on,
// everything sums up to the complement of what stands in its checksum field now.
func (p *Packet) excuse(i int) {
	l := &p.Layers[i]
	var at uint32 // of the checksum in the header
	switch l.Protocol {
	case tcp.ID:
		at = 16
	case udp.ID:
		at = 6
	default:
		return
	}
	bytes := p.SourceBytes(l)
	inner := ^be16(bytes[l.Start+at:])
	for j := l.Parent; j >= 0; j = p.Layers[j].Parent {
		outer := &p.Layers[j]
		if outer.Verdict != Bad || outer.Source != l.Source || (l.Start-outer.Start)%2 != 0 {
			continue
		}
		var pseudo uint64
		switch outer.Protocol {
		case udp.ID:
			pseudo, _, _ = pseudoSum(p, int(j), 17, outer.Len()) // it was verified, so that there is one
		case gre.ID:
		default:
			continue
		}
		if fold(sum(pseudo, bytes[outer.Start:l.Start])+uint64(inner)) == 0xffff {
			outer.Verdict = Offload
		}
	}
}

// excerpt tells whether the quoted IP packet around layer i is longer than the quotation.
func (p *Packet) excerpt(i int) bool {
	for j := p.Layers[i].Parent; j >= 0; j = p.Layers[j].Parent {
		switch l := &p.Layers[j]; l.Protocol {
		case ipv4.ID:
			return IPv4(p.Header(l)).TotalLength() > l.Len()
		case ipv6.ID:
			return 40+IPv6(p.Header(l)).PayloadLength() > l.Len()
		}
	}
	return false
}

// owed tells whether checksum is what a host leaves there when its NIC is to finish the sum: that of the pseudo-header, not
// complemented. A NIC that cuts a large packet into segments wants it without the length, which differs in each of them; Linux
// leaves the large packet's length in.
func owed(checksum uint16, pseudo uint64, length int) bool {
	return checksum == fold(pseudo) || checksum == fold(pseudo-uint64(length))
}

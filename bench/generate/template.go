package main

import (
	"encoding/binary"
	"slices"

	"pktscope/internal/craft"
)

// A word is the name of 16 bits that vary from packet to packet.
type word uint8

const (
	tos          word = iota // the first word of an IPv4 header
	trafficClass             // the first word of an IPv6 header
	id                       // identification
	outerID                  // the same of the outer header
	outerSrc                 // the low half of the outer source address
	outerDst
	entropy // the outer UDP source port
	segmentHigh
	segmentLow
	srcHigh // the source address, of IPv6 the last 32 bits
	srcLow
	dstHigh
	dstLow
	srcPort
	dstPort
	seqHigh // of TCP and ESP
	seqLow
	ackHigh
	ackLow
	checksum // the innermost one, and those around it after it
	words    = checksum + 4
)

// A template is a finished frame, and what to do to make another of its kind of it.
type template struct {
	frame  []byte
	fields []field
	sums   []sum // innermost first: those around one cover its result
}

// A field is where a word stands.
type field struct {
	at   int // the offset in the frame
	word word
}

// A sum is a checksum. As it is the complement of a one's complement sum, the sum of all that does not vary is known
// beforehand, and the words that do can be added in any order (RFC 1071, section 2).
type sum struct {
	field
	spans []span // what it covers
	words []word // the varying ones among that
	rest  uint32 // the sum of the others
	udp   bool   // zero is written as ffff
}

// apply writes the words into frame, a copy of the template's, and adds the checksums to w.
func (t *template) apply(frame []byte, w *[words]uint16) {
	for _, f := range t.fields {
		binary.BigEndian.PutUint16(frame[f.at:], w[f.word])
	}
	for i := range t.sums {
		s := &t.sums[i]
		total := s.rest
		for _, name := range s.words {
			total += uint32(w[name])
		}
		total = total>>16 + total&0xffff
		total = total>>16 + total&0xffff
		c := ^uint16(total)
		if s.udp && c == 0 {
			c = 0xffff
		}
		w[s.word] = c
		binary.BigEndian.PutUint16(frame[s.at:], c)
	}
}

// newTemplate finds the fields and checksums of a frame that was made of layers. The last IP header is the flow's own,
// one before it is a tunnel's. The frame is padded as Ethernet needs it.
func newTemplate(layers []craft.Layer, frame []byte) template {
	t := template{frame: append(frame, make([]byte, max(0, 60-len(frame)))...)}
	whole := len(craft.Packet(layers...))
	own := lastIP(layers)
	var addresses span // of the nearest IP header
	for i, l := range layers {
		at := whole - len(craft.Packet(layers[i:]...))
		rest := span{at, whole}
		switch l := l.(type) {
		case craft.Ethernet:
			if i > 0 { // in a tunnel each host has an address of its own, which is made of the one that it has of IP
				t.field(at+2, dstHigh, dstLow)
				t.field(at+8, srcHigh, srcLow)
			}
		case craft.VLAN:
			t.field(at, segmentLow)
		case craft.MPLS:
			if _, more := layers[i+1].(craft.MPLS); !more {
				t.field(at, segmentHigh, segmentLow)
			}
		case craft.IPv4:
			t.field(at, tos)
			if i == own {
				t.field(at+4, id)
				t.field(at+12, srcHigh, srcLow, dstHigh, dstLow)
			} else {
				t.field(at+4, outerID)
				t.field(at+14, outerSrc)
				t.field(at+18, outerDst)
			}
			addresses = span{at + 12, at + 20}
			t.sum(at+10, false, span{at, at + 20})
		case craft.IPv6:
			t.field(at, trafficClass)
			t.field(at+20, srcHigh, srcLow)
			t.field(at+36, dstHigh, dstLow)
			addresses = span{at + 8, at + 40}
		case craft.GRE:
			t.field(at+8, segmentHigh, segmentLow)
			t.sum(at+4, false, rest)
		case craft.VXLAN:
			t.field(at+4, segmentHigh, segmentLow)
		case craft.ESP:
			t.field(at, segmentHigh, segmentLow, seqHigh, seqLow)
		case craft.UDP:
			if i < own {
				t.field(at, entropy)
				break
			}
			t.field(at, srcPort, dstPort)
			t.sum(at+6, true, addresses, rest)
		case craft.TCP:
			t.field(at, srcPort, dstPort, seqHigh, seqLow)
			if l.Flags&craft.ACK != 0 {
				t.field(at+8, ackHigh, ackLow)
			}
			t.sum(at+16, false, addresses, rest)
		}
	}
	t.finish()
	return t
}

func lastIP(layers []craft.Layer) (index int) {
	for i, l := range layers {
		switch l.(type) {
		case craft.IPv4, craft.IPv6:
			index = i
		}
	}
	return index
}

// A span is the bytes from the first offset up to the second.
type span [2]int

// field has the words vary that stand at an offset, one behind the other.
func (t *template) field(at int, words ...word) {
	for i, w := range words {
		t.fields = append(t.fields, field{at + 2*i, w})
	}
}

// sum has the checksum at an offset, over what the spans cover, vary.
func (t *template) sum(at int, udp bool, spans ...span) {
	t.sums = slices.Insert(t.sums, 0, sum{field: field{at: at}, udp: udp, spans: spans})
}

// finish finds out which words each checksum covers, and the sum of the rest: that which the frame's own checksum
// stands for, less those words.
func (t *template) finish() {
	varying := slices.Clone(t.fields)
	for i := range t.sums {
		s := &t.sums[i]
		s.word = checksum + word(i)
		s.rest = uint32(^binary.BigEndian.Uint16(t.frame[s.at:]))
		for _, f := range varying {
			if s.covers(f.at) {
				s.words = append(s.words, f.word)
				s.rest += uint32(^binary.BigEndian.Uint16(t.frame[f.at:]))
			}
		}
		varying = append(varying, s.field)
	}
}

func (s *sum) covers(at int) bool {
	return slices.ContainsFunc(s.spans, func(r span) bool { return r[0] <= at && at < r[1] })
}

package flows

import (
	"encoding/binary"

	"pktscope/dissect"
)

// A fingerprint is a hash of what stays the same of an IP packet on its way through bridges, tunnels and routers that do not translate: the
// addresses, the identification, the transport header without its checksum, which a sending NIC may still owe, and for datagrams the
// beginning of the payload. TTL and TOS change on the way. It depends on the packet alone, so that it is the same in each run.

// maxPrinted is how many bytes of a datagram's payload are looked at.
const maxPrinted = 32

// fingerprint returns the print of the IP packet of layer i, whose observation is o. It is never 0.
func fingerprint(p *dissect.Packet, i int, o *Observation, s *TCPSegment) uint64 {
	l := &p.Layers[i]
	a := fold(binary.LittleEndian.Uint64(o.Src[:])^fold1, binary.LittleEndian.Uint64(o.Src[8:])^fold2)
	b := fold(binary.LittleEndian.Uint64(o.Dst[:])^fold2, binary.LittleEndian.Uint64(o.Dst[8:])^fold3)
	var id uint64
	if l.Protocol == idIPv4 {
		v := dissect.IPv4(p.Header(l))
		id = uint64(v.Identification())<<16 | uint64(v.FragmentOffset())
	}
	x := fold(a^b<<1, id<<32^uint64(o.Bytes)<<8^uint64(o.Protocol)^fold1)
	if s == nil {
		x = printBytes(x, o.body, checksumOf(o.Protocol))
		return max(x, 1)
	}
	x = fold(x^uint64(s.Sequence)<<32^uint64(s.Acknowledgment), uint64(o.Sport)<<48^uint64(o.Dport)<<32^uint64(s.Window)<<16^uint64(s.Flags)^fold2)
	x = fold(x^uint64(s.TSVal)<<32^uint64(s.TSEcr), uint64(s.Payload)<<16^uint64(s.SACKs)^fold3)
	for _, block := range s.SACK[:s.SACKs] {
		x = fold(x^uint64(block[0])<<32^uint64(block[1]), fold1)
	}
	return max(x, 1)
}

// linkPrint is a hash of the MAC addresses in the Ethernet header around layer i, if there is no IP header in between; otherwise 0.
func linkPrint(p *dissect.Packet, i int) uint32 {
	for j := p.Layers[i].Parent; j > 0; j = p.Layers[j].Parent {
		switch l := &p.Layers[j]; l.Protocol {
		case idIPv4, idIPv6:
			return 0
		case idEthernet:
			h := p.Header(l)
			if len(h) < 12 {
				return 0
			}
			return max(1, uint32(fold(binary.LittleEndian.Uint64(h)^fold1, uint64(binary.LittleEndian.Uint32(h[8:]))^fold2)))
		}
	}
	return 0
}

// checksumOf is where the 16-bit checksum lies in the transport header of a protocol, -1 for none.
func checksumOf(protocol uint8) int {
	switch protocol {
	case protocolUDP, protocolUDPLite:
		return 6
	case protocolICMP, protocolICMPv6:
		return 2
	}
	return -1
}

// printBytes hashes the beginning of b into x, and leaves out the two bytes at skip.
func printBytes(x uint64, b []byte, skip int) uint64 {
	b = b[:min(len(b), 8+maxPrinted)]
	var words [(8 + maxPrinted) / 8]uint64
	n := 0
	for ; len(b) >= 8; b = b[8:] {
		words[n] = binary.LittleEndian.Uint64(b)
		n++
	}
	for i, c := range b {
		words[n] |= uint64(c) << (8 * i)
	}
	if skip >= 0 {
		words[skip/8] &^= 0xffff << (8 * (skip % 8))
	}
	for i := 0; i <= n && i < len(words); i++ {
		x = fold(x^words[i]^fold1, fold2+uint64(i))
	}
	return x
}

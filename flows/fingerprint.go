package flows

import (
	"encoding/binary"

	"pktscope/dissect"
)

// A fingerprint is a hash of what stays the same of an IP packet on its way through bridges, tunnels, routers and translators of addresses:
// TCP's numbers, windows and timestamps, the numbers and the beginning of the payload of ICMP and of datagrams. Checksums are left out,
// which a sending NIC may still owe. It depends on the packet alone, so that it is the same in each run.

// maxPrinted is how many bytes of a datagram's payload are looked at.
const maxPrinted = 32

// fingerprint returns the print of what observation o says. It is never 0.
func fingerprint(o *Observation, s *TCPSegment) uint64 {
	if s == nil {
		return max(1, printBody(o))
	}
	x := fold(uint64(s.Sequence)<<32^uint64(s.Acknowledgment)^fold1, uint64(s.Window)<<16^uint64(s.Flags)^fold2)
	x = fold(x^uint64(s.TSVal)<<32^uint64(s.TSEcr), uint64(s.Payload)<<16^uint64(s.SACKs)^fold3)
	for _, block := range s.SACK[:s.SACKs] {
		x = fold(x^uint64(block[0])<<32^uint64(block[1]), fold1)
	}
	return max(1, x)
}

// printBody is the print of anything but TCP. What translators change is left out: ports, and the identifier of ICMP queries.
func printBody(o *Observation) uint64 {
	x := fold(uint64(o.Payload)<<8^uint64(o.Protocol)^fold1, fold3)
	if o.Protocol == protocolICMPv6 { // as that of IPv4 that it may become
		x = fold(uint64(o.Payload)<<8^protocolICMP^fold1, fold3)
	}
	b := o.body
	switch {
	case o.query() && len(b) >= 8:
		reply := uint64(0)
		if b[0] != o.Type {
			reply = 1
		}
		x = fold(x^uint64(binary.LittleEndian.Uint16(b[6:]))^reply<<16, fold2)
		b = b[8:]
	case hasPorts(o.Protocol) && len(b) >= 8:
		b = b[8:]
	}
	return printBytes(x, b)
}

// maxQuotedPrint is how many bytes are looked at of the payload of a packet that is quoted: translators between the versions of IP may cut some
// off.
const maxQuotedPrint = 16

// quotedPrint is the print of a packet that an ICMP error quotes, 0 if the quoted bytes do not tell it from others.
func quotedPrint(o *Observation) uint64 {
	b := o.body
	if len(b) < 8 {
		return 0
	}
	x := uint64(fold1)
	switch {
	case o.Protocol == protocolTCP:
		x ^= uint64(binary.LittleEndian.Uint32(b[4:]))
		b = nil
	case o.query():
		x ^= uint64(binary.LittleEndian.Uint16(b[6:]))<<32 ^ 1
		b = b[8:]
	case hasPorts(o.Protocol):
		x ^= uint64(o.Protocol)<<32 ^ 2
		b = b[8:]
		if len(b) < 4 {
			return 0
		}
	default:
		return 0
	}
	return max(1, printBytes(fold(x, fold3), b[:min(len(b), maxQuotedPrint)]))
}

// linkPrint is a hash of the MAC addresses in the Ethernet header around layer i, or of the sender's in a cooked header, which has no other, if
// there is no IP header in between; otherwise 0.
func linkPrint(p *dissect.Packet, i int) uint32 {
	for j := p.Layers[i].Parent; j > 0; j = p.Layers[j].Parent {
		switch l := &p.Layers[j]; l.Protocol {
		case idIPv4, idIPv6:
			return 0
		case idSLL:
			mac, ok := dissect.SLLSender(p, l)
			if !ok {
				return 0
			}
			return max(1, uint32(fold(uint64(binary.LittleEndian.Uint32(mac))^fold2, uint64(binary.LittleEndian.Uint16(mac[4:]))^fold3)))
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

// printBytes hashes the beginning of b into x.
func printBytes(x uint64, b []byte) uint64 {
	for b = b[:min(len(b), maxPrinted)]; len(b) >= 8; b = b[8:] {
		x = fold(x^binary.LittleEndian.Uint64(b)^fold1, fold2)
	}
	var tail uint64
	for i, c := range b {
		tail |= uint64(c) << (8 * i)
	}
	return fold(x^tail^fold3, fold2)
}

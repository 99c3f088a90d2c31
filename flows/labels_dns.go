package flows

import (
	"encoding/binary"
	"strconv"
)

// DNSMessage is what a DNS message says of what is asked (RFC 1035 §4.1). It points into the payload that it was read from.
type DNSMessage struct {
	ID       uint16 // the same in a query and its response
	Response bool
	Code     uint8   // of a response: 0 for no error, 2 for a failure of the server, 3 for a name that does not exist, 5 for refused
	Type     DNSType // of the first question; 0 where there is none, or not all of it is there

	name []byte // labels, each behind a byte with its length, without the root
}

// Name returns the name in the first question, "." for the root, and nothing where there is no question or not all of it is there.
func (m *DNSMessage) Name() string {
	if m.Type == 0 {
		return ""
	}
	if len(m.name) == 0 {
		return "."
	}
	dst := make([]byte, 0, len(m.name))
	for b := m.name; len(b) > 0; {
		n := int(b[0])
		if len(dst) > 0 {
			dst = append(dst, '.')
		}
		dst = appendLabel(dst, b[1:1+n], '.', true)
		b = b[1+n:]
	}
	return string(dst)
}

// ReadDNS reads the header and the first question of a DNS message in the payload of a UDP datagram, which may be cut off. It returns false
// for what cannot be one.
func ReadDNS(b []byte) (m DNSMessage, ok bool) {
	if len(b) < 12 {
		return m, false
	}
	flags := binary.BigEndian.Uint16(b[2:])
	questions := binary.BigEndian.Uint16(b[4:])
	if opcode := flags >> 11 & 0xf; opcode > 6 || opcode == 3 {
		return m, false // no operation is known by that number (IANA's "DNS OpCodes")
	}
	m.ID = binary.BigEndian.Uint16(b)
	m.Response = flags&0x8000 != 0
	if m.Response {
		m.Code = uint8(flags & 0xf)
	}
	if questions == 0 {
		return m, m.Response || flags>>11&0xf != 0 // a query asks something
	}
	for n := 12; ; {
		switch {
		case n >= len(b):
			return m, true // cut off
		case b[n] > 63 || n+1-12 > 255:
			return m, false // not a label, or longer than a name may be (RFC 1035 §2.3.4); nothing stands before it that it could refer to
		case b[n] != 0:
			n += 1 + int(b[n])
			continue
		}
		if n+5 > len(b) {
			return m, true
		}
		m.name = b[12:n:n]
		m.Type = DNSType(binary.BigEndian.Uint16(b[n+1:]))
		return m, m.Type != 0
	}
}

// ReadDNSOverTCP reads a DNS message at the start of a TCP segment's payload, behind its length (RFC 7766 §8).
func ReadDNSOverTCP(b []byte) (m DNSMessage, ok bool) {
	if len(b) < 2 {
		return m, false
	}
	n := int(binary.BigEndian.Uint16(b))
	return ReadDNS(b[2:min(len(b), 2+n)])
}

// DNSType is what a question asks for (IANA's "Resource Record (RR) TYPEs").
type DNSType uint16

var dnsTypes = map[DNSType]string{1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 28: "AAAA", 29: "LOC", 33: "SRV",
	35: "NAPTR", 39: "DNAME", 43: "DS", 44: "SSHFP", 46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA", 59: "CDS",
	60: "CDNSKEY", 64: "SVCB", 65: "HTTPS", 99: "SPF", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR", 255: "ANY", 256: "URI", 257: "CAA"}

// String returns the type's name, TYPE and its number for one that is not known (RFC 3597 §5).
func (t DNSType) String() string {
	if name := dnsTypes[t]; name != "" {
		return name
	}
	return "TYPE" + strconv.Itoa(int(t))
}

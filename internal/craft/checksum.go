package craft

import (
	"encoding/binary"
	"hash/crc32"
)

// A Sum chooses what stands in a checksum field.
type Sum int

const (
	// Right is the checksum that the RFC asks for.
	Right Sum = iota
	// Zero is no checksum.
	Zero
	// Partial is what a host captures when its NIC is to finish the checksum: the sum of the pseudo-header, not
	// complemented.
	Partial
)

// fill writes the Internet checksum of pseudo and covered into the two bytes at offset of covered, which must
// be zero.
func (s Sum) fill(pseudo, covered []byte, offset int) {
	switch s {
	case Right:
		binary.BigEndian.PutUint16(covered[offset:], Checksum(pseudo, covered))
	case Partial:
		binary.BigEndian.PutUint16(covered[offset:], ^Checksum(pseudo))
	}
}

// Checksum is the Internet checksum (RFC 1071) of the parts: the complement of the one's complement sum of
// their 16-bit big-endian words. Only the last part may have an odd length.
func Checksum(parts ...[]byte) uint16 {
	var sum uint64
	for _, b := range parts {
		for ; len(b) >= 2; b = b[2:] {
			sum += uint64(binary.BigEndian.Uint16(b))
		}
		if len(b) == 1 {
			sum += uint64(b[0]) << 8
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// crc32c is SCTP's checksum as it stands in the header (RFC 9260, Appendix A).
func crc32c(b []byte) []byte {
	return binary.LittleEndian.AppendUint32(nil, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

// pseudo is the pseudo-header of the nearest IP header around a transport header (RFC 9293, section 3.1; RFC
// 8200, section 8.1), nil where there is none.
func (at place) pseudo(protocol byte, length int) []byte {
	var final []byte // the last segment of a routing header that is not used up
	for i := len(at.before) - 1; i >= 0; i-- {
		switch l := plain(at.before[i]).(type) {
		case IPv4:
			src, dst := l.addresses()
			return join(src, dst, []byte{0, protocol}, be16(uint16(length)))
		case IPv6:
			src, dst := l.addresses()
			if final != nil {
				dst = final
			}
			return join(src, dst, be32(uint32(length)), []byte{0, 0, 0, protocol})
		case SegmentRouting:
			if l.SegmentsLeft > 0 {
				final = ip6(l.Segments[0], "")
			}
		}
	}
	return nil
}

func be16(v uint16) []byte { return binary.BigEndian.AppendUint16(nil, v) }
func be32(v uint32) []byte { return binary.BigEndian.AppendUint32(nil, v) }

// be24 is the low 24 bits of v.
func be24(v uint32) []byte { return be32(v)[1:] }

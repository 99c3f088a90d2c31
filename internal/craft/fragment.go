package craft

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// Fragment splits the IPv4 or IPv6 packet of an Ethernet frame, which may have VLAN tags, into frames whose IP
// packets have at most mtu bytes, or returns the frame alone if it fits. IPv4 keeps its identification; IPv6 gets the
// CRC-32 of the packet. It panics where mtu leaves no room for 8 bytes, and on frames of anything else.
func Fragment(frame []byte, mtu int) [][]byte {
	at := 12
	for {
		t := binary.BigEndian.Uint16(frame[at:])
		at += 2
		switch t {
		case 0x8100, 0x88a8, 0x9100:
			at += 2
			continue
		case 0x0800:
			return fragments4(frame[:at], frame[at:], mtu)
		case 0x86dd:
			return fragments6(frame[:at], frame[at:], mtu)
		}
		panic("craft: Fragment of a frame that is not IP")
	}
}

// fragments4 is RFC 791, section 3.2: fragmentation.
func fragments4(link, packet []byte, mtu int) (frames [][]byte) {
	header := slices.Clone(packet[:packet[0]&0xf*4])
	data := packet[len(header):binary.BigEndian.Uint16(packet[2:])]
	if len(header)+len(data) <= mtu {
		return [][]byte{join(link, header, data)}
	}
	flags := binary.BigEndian.Uint16(header[6:]) // of a fragment that is split again, its own offset counts
	for done := 0; done < len(data); {
		if done > 0 {
			header = join(header[:20], copied(header[20:]))
			header[0] = 0x40 | byte(len(header)/4)
		}
		n := piece(len(data)-done, mtu-len(header))
		f := flags + uint16(done/8)
		if done+n < len(data) {
			f |= 0x2000
		}
		binary.BigEndian.PutUint16(header[2:], uint16(len(header)+n))
		binary.BigEndian.PutUint16(header[6:], f)
		clear(header[10:12])
		Right.fill(nil, header, 10)
		frames = append(frames, join(link, header, data[done:done+n]))
		done += n
	}
	return frames
}

// copied are the options that every fragment carries.
func copied(options []byte) (kept []byte) {
	for len(options) > 0 && options[0] != 0 {
		n := 1
		if options[0] != 1 {
			n = int(options[1])
		}
		if options[0]&0x80 != 0 {
			kept = append(kept, options[:n]...)
		}
		options = options[n:]
	}
	return padded(kept, 4)
}

// fragments6 is RFC 8200, section 4.5.
func fragments6(link, packet []byte, mtu int) (frames [][]byte) {
	packet = packet[:40+int(binary.BigEndian.Uint16(packet[4:]))]
	if len(packet) <= mtu {
		return [][]byte{join(link, packet)}
	}
	id := crc32.ChecksumIEEE(packet)
	next, split := 6, 40 // where the header to be announced is named, and where it starts
	for at, n := 6, 40; ; {
		t := packet[at]
		if t != 0 && t != 43 && t != 60 {
			break
		}
		at, n = n, n+int(packet[n+1])*8+8
		if t != 60 { // destination options before a routing header stay with it, others are fragmented
			next, split = at, n
		}
	}
	header, data := slices.Clone(packet[:split]), packet[split:]
	protocol := header[next]
	header[next] = 44
	for done := 0; done < len(data); {
		n := piece(len(data)-done, mtu-len(header)-8)
		binary.BigEndian.PutUint16(header[4:], uint16(len(header)-40+8+n))
		fragment := FragmentHeader{Offset: uint16(done), More: done+n < len(data), ID: id, NextHeader: protocol}
		frames = append(frames, join(link, header, fragment.wrap(data[done:done+n], place{})))
		done += n
	}
	return frames
}

// piece is how many of the bytes that are left go into a fragment with the given room.
func piece(left, room int) int {
	if left <= room {
		return left
	}
	if room < 8 {
		panic("craft: Fragment with an MTU too small for any data")
	}
	return room &^ 7
}

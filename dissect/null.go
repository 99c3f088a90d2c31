package dissect

import "encoding/binary"

// BSD loopback encapsulation: an address family in four bytes, in the byte order of the host that captured (LINKTYPE_NULL) or in
// network order (LINKTYPE_LOOP). The order of the host is not in the file; families are small numbers, which tells it.
var null = Protocol{
	Name:    "null",
	Title:   "Null/Loopback",
	Ref:     "LINKTYPE_NULL, LINKTYPE_LOOP",
	Over:    []Over{{LinkType, 0}, {LinkType, 108}},
	Header:  Rows{{Bits: 32, Doc: "address family"}},
	Fields:  []*Field{nullFamily, nullType},
	Dissect: dissectNull,
	Walk:    walkNull,
}

var (
	nullFamily = &Field{Name: "null.family", Bits: 32, Enum: addressFamilies, Doc: "address family, by the numbers of the system that captured"}
	nullType   = &Field{Name: "null.type", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "an EtherType, where a system writes that instead of a family"}
	// The number for IPv6 differs from system to system.
	addressFamilies = Names{2: "IP", 7: "OSI", 10: "IPv6 (Linux)", 16: "AppleTalk", 23: "IPX or IPv6 (Windows)", 24: "IPv6 (NetBSD, OpenBSD)", 28: "IPv6 (FreeBSD)", 30: "IPv6 (Darwin)"}
)

// nullNumber reads the four bytes in the order in which they give a small number. What is above 1,500 is an EtherType.
func nullNumber(h []byte) uint32 {
	n := binary.LittleEndian.Uint32(h)
	switch {
	case n>>16 != 0 && n>>24 == 0 && n>>16 < 6:
		return n >> 16 // a 16-bit family in the first half, big-endian systems
	case n>>16 != 0:
		return be32(h)
	case n&0xff == 0 && n&0xff00 < 0x600:
		return n >> 8
	}
	return n
}

// maxLLCLength is the largest number that is a length and no type, as Wireshark draws the line here.
const maxLLCLength = 1500

func dissectNull(d *Decoder, b []byte) ID {
	n := nullNumber(b)
	switch n {
	case 2:
		return ipv4.ID
	case 10, 23, 24, 28, 30:
		return ipv6.ID
	}
	if n > maxLLCLength {
		return d.next(EtherType, n)
	}
	return d.halt(StopUnknown)
}

func walkNull(w *Walker) {
	if len(w.Header()) < 4 {
		return
	}
	if n := nullNumber(w.Body); n > maxLLCLength {
		w.Num(nullType, 0, 4, uint64(n))
	} else {
		w.Num(nullFamily, 0, 4, uint64(n))
	}
}

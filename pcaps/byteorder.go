package pcaps

import "encoding/binary"

// byteOrder reads numbers in the order of the machine that wrote the file. A branch that is always taken the same way
// is cheaper than binary.ByteOrder's indirect call, which the compiler cannot inline.
type byteOrder bool

const (
	littleEndian byteOrder = false
	bigEndian    byteOrder = true
)

func (big byteOrder) String() string {
	if big {
		return "big-endian"
	}
	return "little-endian"
}

func (big byteOrder) u16(b []byte) uint16 {
	if big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (big byteOrder) u32(b []byte) uint32 {
	if big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

func (big byteOrder) u64(b []byte) uint64 {
	if big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

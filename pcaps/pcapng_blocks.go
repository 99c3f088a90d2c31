package pcaps

import (
	"encoding/binary"
	"math/bits"
)

// Blocks as pcapngEncoder writes them, appended to a buffer.

// beginBlock appends the head of a block, which endBlock needs the start of.
func beginBlock(dst []byte, kind uint32) (_ []byte, start int) {
	start = len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, kind)
	return binary.LittleEndian.AppendUint32(dst, 0), start
}

// endBlock puts the length of the block that began at start at both ends of it.
func endBlock(dst []byte, start int) []byte {
	n := uint32(len(dst) - start + 4)
	binary.LittleEndian.PutUint32(dst[start+4:], n)
	return binary.LittleEndian.AppendUint32(dst, n)
}

// noMoreOptions is the option that ends options.
var noMoreOptions = []byte{0, 0, 0, 0}

// appendOption appends an option. One that is longer than 65,535 bytes is cut.
func appendOption[T string | []byte](dst []byte, code uint16, value T) []byte {
	const longest = 0xffff
	value = value[:min(len(value), longest)]
	dst = binary.LittleEndian.AppendUint16(dst, code)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(value)))
	return appendPadding(append(dst, value...), len(value))
}

// appendPadding fills what has n bytes up to a multiple of 4.
func appendPadding(dst []byte, n int) []byte { return append(dst, noMoreOptions[:-n&3]...) }

// appendTextOption appends an option unless it is empty.
func appendTextOption(dst []byte, code uint16, value string) []byte {
	if value == "" {
		return dst
	}
	return appendOption(dst, code, value)
}

func appendNumber(dst []byte, code uint16, n uint64) []byte {
	return appendOption(dst, code, binary.LittleEndian.AppendUint64(nil, n))
}

// appendCount appends a count of the capturing system, -1 for what it does not say.
func appendCount(dst []byte, code uint16, n int64) []byte {
	if n < 0 {
		return dst
	}
	return appendNumber(dst, code, uint64(n))
}

func appendComments(dst []byte, comments []string) []byte {
	for _, c := range comments {
		dst = appendOption(dst, optComment, c)
	}
	return dst
}

func appendSection(dst []byte, s *Section) []byte {
	dst, start := beginBlock(dst, blockSection)
	dst = binary.LittleEndian.AppendUint32(dst, byteOrderMagic)
	dst = binary.LittleEndian.AppendUint16(dst, 1)
	dst = binary.LittleEndian.AppendUint16(dst, 0)
	dst = binary.LittleEndian.AppendUint64(dst, 1<<64-1) // the section's length is not known
	dst = appendTextOption(dst, sectionHardware, s.Hardware)
	dst = appendTextOption(dst, sectionOS, s.OS)
	dst = appendTextOption(dst, sectionApplication, s.Application)
	return endBlock(append(appendComments(dst, s.Comments), noMoreOptions...), start)
}

func appendInterface(dst []byte, i *Interface) []byte {
	dst, start := beginBlock(dst, blockInterface)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(i.LinkType))
	dst = binary.LittleEndian.AppendUint16(dst, 0)
	dst = binary.LittleEndian.AppendUint32(dst, i.SnapLen)
	dst = appendTextOption(dst, interfaceName, i.Name)
	dst = appendTextOption(dst, interfaceDescription, i.Description)
	dst = appendTextOption(dst, interfaceHardware, i.Hardware)
	dst = appendTextOption(dst, interfaceOS, i.OS)
	if i.Filter != "" {
		dst = appendOption(dst, interfaceFilter, "\x00"+i.Filter)
	}
	if i.Speed != 0 {
		dst = appendNumber(dst, interfaceSpeed, i.Speed)
	}
	if i.FCSLen >= 0 {
		dst = appendOption(dst, interfaceFCSLen, []byte{byte(i.FCSLen)})
	}
	dst = appendOption(dst, interfaceResolution, []byte{resolution(i.TicksPerSecond)})
	if i.clock.offset != 0 {
		dst = appendNumber(dst, interfaceTimeOffset, uint64(i.clock.offset))
	}
	return endBlock(append(appendComments(dst, i.Comments), noMoreOptions...), start)
}

// resolution encodes if_tsresol, the reverse of ticksPerSecond. A clock without a resolution has nanoseconds.
func resolution(perSecond uint64) byte {
	exponent := byte(9)
	if perSecond != 0 && perSecond&(perSecond-1) == 0 && perSecond != 1 {
		return 0x80 | byte(bits.TrailingZeros64(perSecond))
	}
	if perSecond != 0 {
		for exponent = 0; perSecond > 1; perSecond /= 10 {
			exponent++
		}
	}
	return exponent
}

// appendTicks appends a time stamp.
func appendTicks(dst []byte, ticks uint64) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(ticks>>32))
	return binary.LittleEndian.AppendUint32(dst, uint32(ticks))
}

// appendEnhanced appends an Enhanced Packet Block.
func appendEnhanced(dst []byte, id uint32, f *Frame) []byte {
	dst, start := beginBlock(dst, blockEnhanced)
	dst = binary.LittleEndian.AppendUint32(dst, id)
	dst = appendTicks(dst, f.Interface.ticks(f.Time))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.Data)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(f.WireLen))
	dst = appendPadding(append(dst, f.Data...), len(f.Data))
	if f.Flags != 0 || len(f.Comments) > 0 {
		if f.Flags != 0 {
			dst = binary.LittleEndian.AppendUint16(dst, packetFlags)
			dst = binary.LittleEndian.AppendUint16(dst, 4)
			dst = binary.LittleEndian.AppendUint32(dst, f.Flags)
		}
		dst = append(appendComments(dst, f.Comments), noMoreOptions...)
	}
	return endBlock(dst, start)
}

// appendSimple appends a Simple Packet Block.
func appendSimple(dst []byte, f *Frame) []byte {
	dst, start := beginBlock(dst, blockSimple)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(f.WireLen))
	return endBlock(appendPadding(append(dst, f.Data...), len(f.Data)), start)
}

// appendNames appends a Name Resolution Block.
func appendNames(dst []byte, names []NameRecord) []byte {
	dst, start := beginBlock(dst, blockNames)
	for _, n := range names {
		record, value := uint16(recordIPv4), n.Addr.AsSlice()
		if !n.Addr.Is4() {
			record = recordIPv6
		}
		for _, name := range n.Names {
			value = append(append(value, name...), 0)
		}
		dst = appendOption(dst, record, value)
	}
	return endBlock(append(dst, noMoreOptions...), start) // the end of the records; there are no options
}

// appendSecrets appends a Decryption Secrets Block.
func appendSecrets(dst []byte, s Secrets) []byte {
	dst, start := beginBlock(dst, blockSecrets)
	dst = binary.LittleEndian.AppendUint32(dst, s.Type)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(s.Data)))
	return endBlock(appendPadding(append(dst, s.Data...), len(s.Data)), start)
}

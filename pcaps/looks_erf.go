package pcaps

import "encoding/binary"

// Endace's extensible record format (ERF Types Reference Guide) has no magic: a file is records, one behind the other.
//
//	| time, little-endian: fraction of a second, seconds | type | flags | record length | lost | wire length | extension headers … | data …
//
// What follows the time is in network byte order.

const (
	erfHeaderLen     = 16
	erfExtensionLen  = 8    // a header; the first bit of the type, and of each extension's, says that another one follows
	erfMore          = 0x80 // this bit
	erfVaryingLength = 1 << 2
)

// erfTypes has a bit for each type of record that there is, and what stands before its data, in bytes.
var erfTypes = func() (before [128]int8) {
	for i := range before {
		before[i] = -1
	}
	for _, t := range []struct{ first, last, before int8 }{
		{1, 1, 0}, {2, 2, 2}, {3, 4, 4}, {5, 9, 4}, {10, 10, 0}, {11, 11, 2}, {12, 12, 4}, {13, 15, 0}, {16, 16, 2}, {17, 18, 4}, {19, 19, 0}, {20, 20, 2}, {21, 25, 0}, {27, 27, 0}, {48, 48, 0},
	} {
		for i := t.first; i <= t.last; i++ {
			before[i] = t.before
		}
	}
	return before
}()

// looksERF tells whether the start of a file is records of ERF. One alone looks like too much else: it has to be all that there is, or others have
// to follow that go on in time.
func looksERF(head []byte) bool {
	const enough = 20
	var before uint32
	for n := range enough {
		length, seconds, ok := erfRecord(head)
		if !ok || n > 0 && !follows(before, seconds) {
			return false
		}
		if n > 0 && length >= len(head) { // its end is behind the start of the file, or it is the end
			return true
		}
		if n == 0 && length >= len(head) {
			return length == len(head)
		}
		head, before = head[length:], seconds
		if n > 0 && len(head) < erfHeaderLen {
			return true
		}
	}
	return true
}

// follows tells whether a record of that second may stand behind one of the second before: ports of a card are merged within a second, and nothing is
// silent for a month.
func follows(before, seconds uint32) bool {
	const month = 31 * 86400
	return seconds+1 >= before && seconds-before+1 <= month
}

// erfRecord reads the header of a record, if it can be one.
func erfRecord(b []byte) (length int, seconds uint32, ok bool) {
	if len(b) < erfHeaderLen {
		return 0, 0, false
	}
	const year1995, year2050 = 25 * 365 * 86400, 80 * 365 * 86400
	seconds = binary.LittleEndian.Uint32(b[4:])
	kind, flags := b[8]&^erfMore, b[9]
	length = int(binary.BigEndian.Uint16(b[10:]))
	wire := int(binary.BigEndian.Uint16(b[14:]))
	before := int(erfTypes[kind])
	if seconds < year1995 || seconds >= year2050 || before < 0 {
		return 0, 0, false
	}
	const padding, meta = 48, 27
	headers := erfHeaderLen
	for more := b[8]&erfMore != 0; more; {
		if headers >= length || headers >= len(b) {
			return 0, 0, false
		}
		more = b[headers]&erfMore != 0
		headers += erfExtensionLen
	}
	switch {
	case kind == padding:
		return length, seconds, length >= headers
	case length < headers+before, wire == 0 && kind != meta:
		return 0, 0, false
	case flags&erfVaryingLength != 0 && length > headers+before+wire+8: // and records are a multiple of 8 bytes
		return 0, 0, false
	}
	return length, seconds, true
}

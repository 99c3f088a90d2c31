package dissect

import (
	"net/netip"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Value is one occurrence of a field in a packet.
type Value struct {
	Field *Field
	Num   uint64 // the value of a number; of a signed one int64(Num)
	Raw   []byte // the bytes of an address, of bytes or of text; they point into the packet
	Off   uint32 // first byte that holds the field, in the source of its layer
	Len   uint32 // number of bytes that hold it; 0 for what is worked out and stands nowhere
	Depth uint8  // nesting below the layer, for the tree
}

// AppendText appends the value as "tshark -T fields" prints it.
func (v Value) AppendText(dst []byte) []byte { return v.Field.appendText(dst, v.Num, v.Raw) }

// appendText appends a value of the field, a number or bytes.
func (f *Field) appendText(dst []byte, n uint64, raw []byte) []byte {
	switch f.Kind {
	case Hex:
		return appendHex(dst, n, f.digits())
	case Bool:
		if n != 0 {
			return append(dst, '1')
		}
		return append(dst, '0')
	case Signed:
		return strconv.AppendInt(dst, int64(n), 10)
	case IPv4Addr:
		return appendIPv4(dst, raw)
	case IPv6Addr:
		return appendIPv6(dst, raw)
	case MAC:
		return appendMAC(dst, raw)
	case Bytes:
		if len(raw) == 0 {
			return append(dst, "<none>"...)
		}
		return appendHexBytes(dst, raw)
	case Text:
		return appendText(dst, raw)
	case Present:
		return append(dst, '1')
	case Seconds:
		return appendSeconds(dst, int64(n))
	}
	return strconv.AppendUint(dst, n, 10)
}

// Meaning returns what the field's enumeration says of the value, or "".
func (v Value) Meaning() string { return v.Field.Enum[v.Num] }

func (f *Field) digits() int {
	if f.Digits != 0 {
		return int(f.Digits)
	}
	return (int(f.Bits) + 7) / 8 * 2
}

const hexDigits = "0123456789abcdef"

func appendHex(dst []byte, v uint64, digits int) []byte {
	dst = append(dst, '0', 'x')
	for shift := (digits - 1) * 4; shift >= 0; shift -= 4 {
		dst = append(dst, hexDigits[v>>shift&15])
	}
	return dst
}

func appendHexBytes(dst, b []byte) []byte {
	n := len(dst)
	dst = slices.Grow(dst, 2*len(b))[:n+2*len(b)]
	out := dst[n:]
	for i, c := range b {
		*(*[2]byte)(out[2*i:]) = hexPairs[c]
	}
	return dst
}

// hexPairs are all bytes in hexadecimal.
var hexPairs = func() (all [256][2]byte) {
	for i := range all {
		all[i] = [2]byte{hexDigits[i>>4], hexDigits[i&15]}
	}
	return all
}()

func appendMAC(dst, b []byte) []byte {
	for i, c := range b {
		if i > 0 {
			dst = append(dst, ':')
		}
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

func appendIPv4(dst, b []byte) []byte {
	var text [16]byte // as long as an address can be, and the last octet's room
	n := 0
	for _, c := range b {
		o := &octets[c]
		copy(text[n:], o.text[:])
		n += o.length
	}
	return append(dst, text[:max(0, n-1)]...)
}

// octets are the numbers of a byte in decimal, a dot behind each.
var octets = func() (all [256]struct {
	text   [4]byte
	length int
}) {
	for i := range all {
		all[i].length = copy(all[i].text[:], append(strconv.AppendUint(nil, uint64(i), 10), '.'))
	}
	return all
}()

// appendSeconds prints nanoseconds as seconds with nine decimals.
func appendSeconds(dst []byte, ns int64) []byte {
	if ns < 0 {
		dst = append(dst, '-')
	}
	abs := uint64(ns)
	if ns < 0 {
		abs = -abs
	}
	dst = strconv.AppendUint(dst, abs/1e9, 10)
	dst = append(dst, '.')
	frac := abs % 1e9
	for unit := uint64(1e8); unit > 0; unit /= 10 {
		dst = append(dst, byte('0'+frac/unit%10))
	}
	return dst
}

// appendText appends UTF-8 text; control characters and broken sequences are escaped, or a capture could write to the
// terminal what it likes.
func appendText(dst, b []byte) []byte {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == utf8.RuneError && n <= 1:
			dst = append(dst, '\\', 'x', hexDigits[b[0]>>4], hexDigits[b[0]&15])
		case strconv.IsPrint(r):
			dst = append(dst, b[:n]...)
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r < 0x80:
			dst = append(dst, '\\', 'x', hexDigits[r>>4], hexDigits[r&15])
		default:
			dst = append(dst, `\u`...)
			dst = append(dst, hexDigits[r>>12&15], hexDigits[r>>8&15], hexDigits[r>>4&15], hexDigits[r&15])
		}
		b = b[n:]
	}
	return dst
}

func appendIPv6(dst, b []byte) []byte { return netip.AddrFrom16([16]byte(b)).AppendTo(dst) }

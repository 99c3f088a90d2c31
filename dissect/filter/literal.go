package filter

import (
	"encoding/hex"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"pktscope/dissect"
	"pktscope/internal/mistake"
)

// value is one value of an operand. Which part counts is a matter of its type.
type value struct {
	num uint64 // of a number; of an address the length of the prefix that counts, of a protocol how many bytes are its own
	raw []byte // of anything else
}

// value reads the literal as type t. It is compared with like, whose enumeration and width count then; nil is a part of a calculation.
func (l *literal) value(t typ, like *reference) value {
	switch t {
	case number, signed:
		return value{num: l.number(like)}
	case boolean:
		return value{num: l.boolean(like)}
	case seconds:
		return value{num: l.seconds()}
	case ipv4, ipv6, address:
		return l.address(t)
	case text:
		return value{raw: []byte(l.said())}
	case mac, octets, protocol:
		return value{raw: l.octets(t)}
	}
	l.failHint("only its name can stand in a filter", "a mark is there or not and has no value")
	return value{}
}

// said is what the literal says if it is taken as text.
func (l *literal) said() string {
	if l.kind == word {
		return l.text
	}
	return l.data
}

// bare returns a word without its sign, and without the colon that says that it is a value and no name.
func (l *literal) bare() string {
	s := strings.TrimPrefix(l.text, "-")
	if strings.HasPrefix(s, ":") && (!strings.HasPrefix(s, "::") || strings.HasPrefix(s, ":::")) {
		return s[1:]
	}
	return s
}

func (l *literal) number(like *reference) uint64 {
	if l.kind == character {
		return uint64(l.data[0])
	}
	if l.kind == word {
		n, err := strconv.ParseUint(l.bare(), 0, 64)
		if err == nil {
			return l.inRange(n, like)
		}
		if err.(*strconv.NumError).Err == strconv.ErrRange {
			l.fail("%s has more than 64 bits", l.text)
		}
	}
	return l.named(like, number)
}

// inRange checks that numbers of the compared field can be as large as n. The limit is that of the least 8, 16, 32 or 64 bits which
// hold the field, as it is in Wireshark.
func (l *literal) inRange(n uint64, like *reference) uint64 {
	if l.negative {
		if n > 1<<63 {
			l.fail("%s has more than 64 bits", l.text)
		}
		return -n
	}
	if like != nil && like.fields != nil {
		if most := uint64(1)<<(8*width(like.fields[0])-1)<<1 - 1; n > most && like.fields[0].Scale <= 1 {
			l.fail("%s is at most %d", like.name, most)
		}
	}
	return n
}

// width is the number of bytes of the machine's integer that holds the field.
func width(f *dissect.Field) uint {
	w := uint(1)
	for w < 8 && f.Bits > uint16(8*w) {
		w *= 2
	}
	if f.Bits == 0 {
		w = 8
	}
	return w
}

// named looks the literal up in the enumeration of the field that it is compared with.
func (l *literal) named(like *reference, wanted typ) uint64 {
	text := l.said()
	if l.kind == word {
		text = l.bare()
	}
	var enum dissect.Names
	if like != nil && like.fields != nil {
		enum = like.fields[0].Enum
	}
	var names []string
	var others map[string]uint64
	if like != nil && like.fields != nil {
		others = synonyms[like.fields[0].Name]
	}
	wiresharks, known := others[strings.ToLower(text)]
	for _, n := range slices.Sorted(maps.Keys(enum)) {
		if strings.EqualFold(enum[n], text) {
			if known && n != wiresharks {
				l.failHint("write the number", "%s is %d in the specification of %s and %d in Wireshark", l.text, n, like.name, wiresharks)
			}
			return n
		}
		names = append(names, enum[n])
	}
	if known {
		return wiresharks
	}
	names = slices.AppendSeq(names, maps.Keys(others))
	if len(names) == 0 {
		l.failHint(l.unquoted(wanted), "%s is not %s", l.text, wanted)
	}
	hint := ""
	if near := dissect.Nearest(text, slices.Values(names)); near != "" {
		hint = "did you mean " + strconv.Quote(near) + "?"
	}
	l.failHint(hint, "%s is neither %s nor a value that %s has a name for", l.text, wanted, like.name)
	return 0
}

// unquoted is a hint for a value that is in quotes and should not be.
func (l *literal) unquoted(wanted typ) string {
	if l.kind == quoted {
		return wanted.String() + " is written without quotes"
	}
	return ""
}

var booleans = map[string]uint64{"true": 1, "set": 1, "false": 0, "not set": 0}

func (l *literal) boolean(like *reference) uint64 {
	if n, ok := booleans[strings.ToLower(l.said())]; ok {
		return n
	}
	n, err := strconv.ParseUint(l.bare(), 0, 64)
	switch {
	case l.kind != word || l.negative || err != nil:
		return l.named(like, boolean)
	case n != 0:
		return 1
	}
	return 0
}

// seconds reads a decimal number of seconds as nanoseconds.
func (l *literal) seconds() uint64 {
	whole, frac, _ := strings.Cut(l.bare(), ".")
	frac += strings.Repeat("0", max(0, 9-len(frac)))
	s, err := strconv.ParseUint(whole, 10, 33)
	ns, err2 := strconv.ParseUint(frac, 10, 64)
	if l.kind != word || err != nil || err2 != nil || len(frac) > 9 {
		l.failHint("times are seconds, since 1970 or since another packet: 1577836800.25", "%s is not a time", l.text)
	}
	n := s*1e9 + ns
	if l.negative {
		n = -n
	}
	return n
}

// address reads an address or a prefix.
func (l *literal) address(t typ) value {
	text, length, prefix := strings.Cut(l.bare(), "/")
	a, err := netip.ParseAddr(text)
	if t == address {
		a = a.Unmap()
	}
	bits := a.BitLen()
	if l.kind != word || l.negative || err != nil || t == ipv4 && bits != 32 || t == ipv6 && bits != 128 || a.Zone() != "" {
		l.failHint(l.noAddress(t), "%s is not %s", l.text, t)
	}
	v := value{num: uint64(bits), raw: a.AsSlice()}
	if prefix {
		n, err := strconv.ParseUint(length, 10, 8)
		if err != nil || n > v.num {
			l.fail("the length of a prefix of %s is 0 to %d", t, bits)
		}
		v.num = n
	}
	return v
}

// noAddress is a hint for what is no address of type t.
func (l *literal) noAddress(t typ) string {
	if l.kind != word || l.text[0] < 'A' {
		return l.unquoted(t)
	}
	if s := l.words.suggest(l.text); s != "" && strings.Contains(l.text, ".") {
		return "did you mean " + s + "?"
	}
	return "names of hosts are not looked up"
}

// octets reads bytes: hexadecimal digits in pairs, with or without separators, or text in quotes.
func (l *literal) octets(t typ) []byte {
	if l.kind != word {
		if t == mac {
			l.failHint("a MAC address is written without quotes", "%s is not a MAC address", l.text)
		}
		return []byte(l.data)
	}
	s := strings.TrimPrefix(strings.NewReplacer(":", "", "-", "", ".", "").Replace(l.bare()), "0x")
	if len(s) == 1 {
		s = "0" + s
	}
	b, err := hex.DecodeString(s)
	if err != nil || l.negative {
		hint := "bytes are written in hexadecimal digits: 0a, 0a:14, 0a14"
		if t == protocol {
			hint += `; text stands in double quotes`
		}
		l.failHint(hint, "%s is not %s", mistake.Quote(l.text), map[bool]typ{true: mac, false: octets}[t == mac])
	}
	if t == mac && len(b) != 6 {
		l.failHint("a part of it is compared as eth.src[0:3] == 00:00:5e", "a MAC address has 6 bytes, not %d", len(b))
	}
	return b
}

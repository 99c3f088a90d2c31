package flows

import (
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A tenantKey is a key of an entry in a tenants file that names identifiers.
type tenantKey struct {
	name  string
	about string // what its numbers are, in an error
	shape shape
	low   uint32 // the least number
	high  uint32
	kinds []IdentifierKind // that have those numbers
}

// shape says which identifiers of a path a key reads.
type shape uint8

const (
	single     shape = iota // one
	tagStack                // the tags outside of any tunnel, from the outermost on
	labelStack              // a stack of labels, from the bottom up
)

const (
	max24  = 1<<24 - 1
	max32  = 1<<32 - 1
	noTags = "untagged" // a value of vlan

	allDigits = "0123456789abcdef" // in lower case, as number reads them
)

// numberedKeys are those whose values are numbers.
var numberedKeys = []*tenantKey{
	{"vlan", "VLAN", tagStack, 1, 4095, []IdentifierKind{VLAN, ServiceVLAN}},
	{"isid", "I-SID", single, 0, max24, []IdentifierKind{ISID}},
	{"vni", "VNI", single, 0, max24, []IdentifierKind{VXLANVNI, GeneveVNI}},
	{"vsid", "VSID", single, 0, max24, []IdentifierKind{VSID, GREKey}},
	{"gre.key", "GRE key", single, 0, max32, []IdentifierKind{GREKey}},
	{"mpls", "label", labelStack, 16, 1<<20 - 1, []IdentifierKind{Label}},
	{"trill.vlan", "inner VLAN or fine-grained label", single, 1, max24, []IdentifierKind{TRILLVLAN, FineLabel}},
	{"gtp", "TEID", single, 0, max32, []IdentifierKind{TEID}},
	{"spi", "SPI", single, 1, max32, []IdentifierKind{SPI}},
}

// The keys whose values are something else. Interfaces by name, and files, are conditions of the capture point.
var (
	interfaceKey = &tenantKey{"interface", "interface", single, 0, max32, []IdentifierKind{Interface}}
	endpointsKey = &tenantKey{"endpoints", "pair of ends", single, 1, max32, []IdentifierKind{Tunnel}}
)

const (
	fileName     = "file"
	prefixesName = "prefixes"
)

// tenantKeys are the names of all keys, in the order of the documentation.
var tenantKeys = func() (names []string) {
	names = []string{interfaceKey.name, fileName}
	for _, k := range numberedKeys {
		names = append(names, k.name)
	}
	return append(names, endpointsKey.name, prefixesName)
}()

// step is what an identifier has to be for its number to be in the range. Who writes vsid says that the key of GRE is NVGRE's: it
// has the virtual subnet above 8 bits that tell flows apart (RFC 7637 §3.2).
func (k *tenantKey) step(low, high uint32) (s step) {
	for _, kind := range k.kinds {
		r := run{kind, low, high}
		if kind == GREKey && k.kinds[0] == VSID {
			r.low, r.high = low<<8, high<<8|0xff
		}
		s = append(s, r)
	}
	return s
}

// reads tells whether the key looks at step p: of a stack of labels only at the bottom.
func (k *tenantKey) reads(path []pathStep, p int) bool {
	return slices.Contains(k.kinds, path[p].kind) && (k.shape != labelStack || p+1 == len(path) || path[p+1].kind != Label)
}

// pattern reads a value: a number, a range, or where the key has stacks, several of them.
func (k *tenantKey) pattern(text string) (n pattern, err error) {
	n.text = text
	separator := map[shape]string{tagStack: ".", labelStack: "/"}[k.shape]
	parts := []string{text}
	if separator != "" {
		parts = strings.Split(text, separator)
	}
	if k.shape == tagStack && text == noTags {
		return n, nil
	}
	n.whole = len(parts) > 1
	for _, part := range parts {
		low, high, err := k.numbers(text, part)
		if err != nil {
			return n, err
		}
		n.steps = append(n.steps, k.step(low, high))
	}
	return n, nil
}

// numbers reads a number or a range, which is a part of a value or all of it.
func (k *tenantKey) numbers(value, text string) (low, high uint32, err error) {
	from, to, isRange := strings.Cut(text, "-")
	if low, err = k.number(value, from); err != nil || !isRange {
		return low, low, err
	}
	if high, err = k.number(value, to); err == nil && high < low {
		err = fmt.Errorf("the range %s ends before it begins", show(text))
	}
	return low, high, err
}

// number reads a number in decimal or, with 0x before it, in hexadecimal. A zero before a decimal number is refused: YAML's first
// version read such numbers as octal.
func (k *tenantKey) number(value, text string) (uint32, error) {
	digits, base := strings.TrimSpace(text), 10
	if hex, ok := strings.CutPrefix(strings.ToLower(digits), "0x"); ok {
		digits, base = hex, 16
	} else if len(digits) > 1 && digits[0] == '0' && strings.Trim(digits, allDigits[:10]) == "" {
		return 0, fmt.Errorf("%s may be meant as decimal or as octal; write it without the zero before it", show(value))
	}
	n, err := strconv.ParseUint(digits, base, 64)
	switch {
	case err != nil && (digits == "" || strings.Trim(digits, allDigits[:base]) != ""):
		return 0, fmt.Errorf("%s is no %s; %s", show(value), k.about, k.possible())
	case err != nil || n < uint64(k.low) || n > uint64(k.high):
		return 0, fmt.Errorf("%s is no %s: these are %d to %d%s", show(strings.TrimSpace(text)), k.about, k.low, k.high, k.special(n))
	}
	return uint32(n), nil
}

// possible says how values of the key are written.
func (k *tenantKey) possible() string {
	switch k.shape {
	case tagStack:
		return `there are numbers, ranges as 100-199, QinQ's outer and inner tag as "200.10", and ` + noTags
	case labelStack:
		return "there are numbers, ranges as 24000-24999, and whole stacks as 16009/24002"
	}
	return "there are numbers, 0x before hexadecimal ones, and ranges as 6000-6010"
}

// special is a remark on a number that the protocol has reserved.
func (k *tenantKey) special(n uint64) string {
	if k.shape == labelStack && n < 16 {
		return "; special-purpose labels tell no tenant"
	}
	return ""
}

// interfacePattern reads the number that an interface has in a cooked capture of all of them; it is not ok for a name.
func interfacePattern(text string) (n pattern, ok bool) {
	i, err := strconv.ParseUint(text, 10, 32)
	return pattern{text: text, steps: []step{interfaceKey.step(uint32(i), uint32(i))}}, err == nil
}

// parseEnds reads the two ends of a tunnel.
func parseEnds(texts []string) (ends [2]netip.Addr, err error) {
	if len(texts) != 2 {
		return ends, fmt.Errorf("a tunnel has two ends, not %d: [172.16.1.1, 172.16.1.2]", len(texts))
	}
	for i, text := range texts {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return ends, fmt.Errorf("%s is no IP address", show(text))
		}
		ends[i] = a
	}
	ends = ordered(ends)
	switch {
	case ends[0] == ends[1]:
		return ends, fmt.Errorf("both ends of the tunnel are %s", ends[0])
	case ends[0].Is4() != ends[1].Is4():
		return ends, fmt.Errorf("%s and %s are no ends of one tunnel: one is IPv4, one is IPv6", ends[0], ends[1])
	}
	return ends, nil
}

// parsePrefix reads a prefix, or an address alone.
func parsePrefix(text string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	switch {
	case err != nil || p.Addr().Is4In6():
		return p, fmt.Errorf("%s is no prefix; there are prefixes as 10.1.0.0/16 and addresses", show(text))
	case p != p.Masked():
		return p, fmt.Errorf("%s has bits set behind its length; did you mean %s?", show(text), p.Masked())
	}
	return p, nil
}

// checkFile tells what is wrong with the name of a file.
func checkFile(text string) error {
	if text == "" || filepath.Base(text) == "." {
		return fmt.Errorf("%s is no name of a file", show(text))
	}
	return nil
}

// show is a text of the file in a message: on one line, and not longer than a reader needs to find it.
func show(text string) string {
	const most = 40
	if utf8.RuneCountInString(text) > most {
		text = string([]rune(text)[:most]) + "…"
	}
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r == ' ' || r == '"' || !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}

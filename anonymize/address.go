package anonymize

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"math/bits"
	"net/netip"

	"pktscope/dissect"
)

// scrambler is the prefix-preserving scheme of J. Xu, J. Fan, M. Ammar, S. Moon, "Prefix-Preserving IP Address Anonymization:
// Measurement-Based Security Evaluation and a New Cryptography-Based Scheme", ICNP 2002: whether a bit is flipped is decided by a
// pseudorandom function of the bits before it. Here the function is the first bit of AES over those bits, a one, and zeros, so that no
// two of them are one block. (The authors' own program, Crypto-PAn, pads with bits that can continue what they pad; then neighbouring
// bits are flipped together half of the time.)
type scrambler struct{ cipher.Block }

// scramble flips bits of an address of up to 16 bytes in place. The first ones, up to bit from, stay.
func (s scrambler) scramble(address []byte, from int) {
	var original, in, out [aes.BlockSize]byte
	copy(original[:], address)
	for bit := from; bit < 8*len(address); bit++ {
		i, this := bit/8, byte(0x80)>>(bit%8)
		copy(in[:], original[:i])
		clear(in[i:])
		in[i] = original[i]&-(this<<1) | this
		s.Encrypt(out[:], in[:])
		if out[0]&0x80 != 0 {
			address[i] ^= this
		}
	}
}

// pin is a prefix that stays what it is. Addresses under it stay addresses under it, or stay what they are.
type pin struct {
	netip.Prefix
	whole bool
}

// pins are what is told of by its address: private addresses are private afterwards, and groups are the same groups. Other addresses keep
// the bits that they share with one, and the first in which they differ from it.
var pins = []pin{
	{netip.MustParsePrefix("0.0.0.0/8"), true}, // this network
	{netip.MustParsePrefix("10.0.0.0/8"), false},
	{netip.MustParsePrefix("100.64.0.0/10"), false}, // shared by carriers, RFC 6598
	{netip.MustParsePrefix("127.0.0.0/8"), true},
	{netip.MustParsePrefix("169.254.0.0/16"), false},
	{netip.MustParsePrefix("172.16.0.0/12"), false},
	{netip.MustParsePrefix("192.168.0.0/16"), false},
	{netip.MustParsePrefix("224.0.0.0/3"), true}, // groups, broadcast, and masks
	{netip.MustParsePrefix("::/127"), true},      // unspecified, and loopback
	{netip.MustParsePrefix("64:ff9b::/96"), false},
	{netip.MustParsePrefix("2000::/3"), false},
	{netip.MustParsePrefix("fc00::/7"), false},
	{netip.MustParsePrefix("fe80::/64"), false},
	{solicitedNode, false},
	{netip.MustParsePrefix("ff00::/8"), true},
}

// solicitedNode is under which the last three bytes of an address make a group (RFC 4291 §2.7.1).
var solicitedNode = netip.MustParsePrefix("ff02::1:ff00:0/104")

// pinned is how many bits of the address stay.
func pinned(address netip.Addr) int {
	stay := 0
	for _, p := range pins {
		if p.Addr().BitLen() != address.BitLen() {
			continue
		}
		shared := sharedBits(p.Addr(), address)
		switch {
		case shared < p.Bits():
			stay = max(stay, shared+1)
		case p.whole:
			return address.BitLen()
		default:
			return p.Bits()
		}
	}
	return stay
}

// sharedBits is the length of the prefix that two addresses of a kind share.
func sharedBits(a, b netip.Addr) int {
	x, y := a.AsSlice(), b.AsSlice()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			return 8*i + bits.LeadingZeros8(d)
		}
	}
	return a.BitLen()
}

// addresses replaces addresses. It remembers some, because a new one costs many blocks of AES.
type addresses struct {
	v4, v6, mac scrambler
	known       map[address]address
}

// address is an address of any kind, with its length.
type address struct {
	kind  dissect.Kind
	size  uint8
	bytes [16]byte
}

const maxKnown = 1 << 16

func newAddresses(key Key) *addresses {
	sub := func(info string) scrambler {
		k, err := hkdf.Key(sha256.New, key[:], nil, "pktscope anonymize "+info, 32)
		if err != nil {
			panic(err) // asked for too much
		}
		c, err := aes.NewCipher(k)
		if err != nil {
			panic(err) // not the length of a key
		}
		return scrambler{c}
	}
	return &addresses{v4: sub("IPv4"), v6: sub("IPv6"), mac: sub("MAC"), known: map[address]address{}}
}

// replace replaces the address in b. What has more bytes than any kind of address becomes zeros.
func (a *addresses) replace(kind dissect.Kind, b []byte) {
	if len(b) > 16 {
		clear(b)
		return
	}
	from := address{kind: kind, size: uint8(len(b))}
	copy(from.bytes[:], b)
	to, ok := a.known[from]
	if !ok {
		to = from
		a.scramble(kind, to.bytes[:len(b)])
		if len(a.known) == maxKnown {
			clear(a.known)
		}
		a.known[from] = to
	}
	copy(b, to.bytes[:])
}

func (a *addresses) scramble(kind dissect.Kind, b []byte) {
	ip, _ := netip.AddrFromSlice(b)
	switch kind {
	case dissect.IPv4Addr:
		a.v4.scramble(b, pinned(ip))
	case dissect.IPv6Addr:
		a.v6.scramble(b, pinned(ip))
	case dissect.MAC:
		a.scrambleMAC(b)
	}
}

// scrambleMAC leaves what is nobody's address as it is: groups, and all zeros. The group of the neighbours that a node looks for has
// their last three bytes, and stays the group of that (RFC 2464 §7).
func (a *addresses) scrambleMAC(b []byte) {
	const vendor = 24 // bits
	switch {
	case len(b) == 6 && b[0] == 0x33 && b[1] == 0x33 && b[2] == 0xff:
		group := solicitedNode.Addr().As16()
		copy(group[13:], b[3:])
		a.v6.scramble(group[:], solicitedNode.Bits())
		copy(b[3:], group[13:])
	case len(b) > 0 && b[0]&1 != 0, allZero(b):
	default:
		a.mac.scramble(b, vendor)
	}
}

func allZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

package anonymize

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"pktscope/dissect"
)

// Bits are flipped independently of each other: eight in a row stay in one of 256 cases.
func TestFlipsAreIndependent(t *testing.T) {
	a := newAddresses(Key{7})
	const cases = 1 << 14
	stay := 0
	for i := range cases {
		b := []byte{0x00, 0x1b, 0x21, byte(i >> 8), byte(i), 0x35}
		a.replace(dissect.MAC, b)
		if b[5] == 0x35 {
			stay++
		}
	}
	if stay < cases/256/2 || stay > cases/256*2 {
		t.Errorf("the last byte stays in %d of %d cases", stay, cases)
	}
}

func (a *addresses) ip(ip netip.Addr) netip.Addr {
	b, kind := ip.AsSlice(), dissect.IPv6Addr
	if ip.Is4() {
		kind = dissect.IPv4Addr
	}
	a.replace(kind, b)
	made, _ := netip.AddrFromSlice(b)
	return made
}

// Two addresses share as many bits afterwards as before, and the special ones stay what they are.
func TestPrefixesArePreserved(t *testing.T) {
	a := newAddresses(Key{7})
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		var x [16]byte
		for i := range x {
			x[i] = byte(random.Uint32())
		}
		if random.IntN(2) == 0 {
			copy(x[:], []byte{10, 0})
		}
		y := x
		bit := random.IntN(128)
		y[bit/8] ^= 0x80 >> (bit % 8)
		for i := bit/8 + 1; i < len(y); i++ {
			y[i] = byte(random.Uint32())
		}
		for _, pair := range [][2]netip.Addr{{netip.AddrFrom16(x), netip.AddrFrom16(y)}, {netip.AddrFrom4([4]byte(x[:4])), netip.AddrFrom4([4]byte(y[:4]))}} {
			if was, is := sharedBits(pair[0], pair[1]), sharedBits(a.ip(pair[0]), a.ip(pair[1])); was != is {
				t.Fatalf("%s and %s share %d bits, and %d as %s and %s", pair[0], pair[1], was, is, a.ip(pair[0]), a.ip(pair[1]))
			}
		}
	}
}

func TestSpecialAddresses(t *testing.T) {
	a := newAddresses(Key{7})
	for _, s := range []string{"0.0.0.0", "127.0.0.1", "224.0.0.5", "255.255.255.0", "255.255.255.255", "::", "::1", "ff02::1", "ff02::1:2"} {
		if ip := netip.MustParseAddr(s); a.ip(ip) != ip {
			t.Errorf("%s becomes %s", ip, a.ip(ip))
		}
	}
	for s, prefix := range map[string]string{"10.1.2.3": "10.0.0.0/8", "172.17.10.10": "172.16.0.0/12", "192.168.1.1": "192.168.0.0/16", "100.64.3.4": "100.64.0.0/10",
		"fe80::1234:5678": "fe80::/64", "2001:db8::1": "2000::/3", "fd00::1": "fc00::/7", "ff02::1:ff12:3456": "ff02::1:ff00:0/104"} {
		ip, under := netip.MustParseAddr(s), netip.MustParsePrefix(prefix)
		if made := a.ip(ip); made == ip || !under.Contains(made) {
			t.Errorf("%s becomes %s, want another one under %s", ip, made, under)
		}
	}
	if made := newAddresses(Key{8}).ip(netip.MustParseAddr("10.1.2.3")); made == a.ip(netip.MustParseAddr("10.1.2.3")) {
		t.Error("two keys, one address")
	}
}

func TestMACs(t *testing.T) {
	a := newAddresses(Key{7})
	mac := func(b ...byte) []byte {
		a.replace(dissect.MAC, b)
		return b
	}
	if m := mac(0, 0x1b, 0x21, 1, 2, 3); [3]byte(m) != [3]byte{0, 0x1b, 0x21} || [3]byte(m[3:]) == [3]byte{1, 2, 3} {
		t.Errorf("vendor's address becomes %x", m)
	}
	for _, group := range [][6]byte{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {1, 0, 0x5e, 0, 0, 5}, {0x33, 0x33, 0, 0, 0, 1}, {}} {
		if m := mac(group[:]...); [6]byte(m) != group {
			t.Errorf("%x becomes %x", group, m)
		}
	}
	asked := a.ip(netip.MustParseAddr("ff02::1:ff12:3456")).As16()
	if m := mac(0x33, 0x33, 0xff, 0x12, 0x34, 0x56); [4]byte(m[2:]) != [4]byte(asked[12:]) {
		t.Errorf("the group of neighbours is %x, and their address %x", asked, m)
	}
}

func BenchmarkScramble(b *testing.B) {
	a := newAddresses(Key{})
	var address [16]byte
	for b.Loop() {
		a.v6.scramble(address[:], 0)
	}
}

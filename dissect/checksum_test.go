package dissect

import (
	"math/rand/v2"
	"strings"
	"testing"

	"pktscope/internal/craft"
)

// naive is RFC 1071 §1 as it is written: word by word.
func naive(b []byte) uint16 {
	var s uint32
	for ; len(b) > 1; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

func randomBytes(n int) []byte {
	random := rand.New(rand.NewPCG(uint64(n), 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// Every length from 0 to 2,000 at each of eight alignments; all ones make every addition carry.
func TestSumAgreesWithNaive(t *testing.T) {
	ones := make([]byte, 2008)
	for i := range ones {
		ones[i] = 0xff
	}
	for _, b := range [][]byte{randomBytes(2008), ones, make([]byte, 2008)} {
		for n := range 2001 {
			for at := range 8 {
				if got, want := fold(sum(0, b[at:at+n])), naive(b[at:at+n]); got != want {
					t.Fatalf("%d bytes from %d: %#04x, want %#04x", n, at, got, want)
				}
			}
		}
	}
}

// Sums of parts with an even length add up to the sum of the whole.
func TestSumOfParts(t *testing.T) {
	b := randomBytes(1500)
	for n := 0; n <= 1500; n += 2 {
		if got, want := fold(sum(sum(0, b[:n]), b[n:])), naive(b); got != want {
			t.Fatalf("split at %d: %#04x, want %#04x", n, got, want)
		}
	}
}

// One flipped bit, wherever it is under a transport checksum, makes it bad.
func TestFlippedBitUnderTransportChecksum(t *testing.T) {
	payload := craft.Payload(randomBytes(33))
	for name, layers := range map[string][]craft.Layer{
		"tcp over IPv4":     {craft.IPv4{}, craft.TCP{Src: 40000, Dst: 40001}},
		"tcp over IPv6":     {craft.IPv6{}, craft.TCP{Src: 40000, Dst: 40001}},
		"udp over IPv4":     {craft.IPv4{}, craft.UDP{Src: 40000, Dst: 40001}},
		"udp over IPv6":     {craft.IPv6{}, craft.UDP{Src: 40000, Dst: 40001}},
		"udplite over IPv6": {craft.IPv6{}, craft.UDPLite{Src: 40000, Dst: 40001}},
	} {
		b := craft.Packet(append(append([]craft.Layer{craft.Ethernet{}}, layers...), payload)...)
		p := decode(t, b)
		l := p.Layers[3]
		if l.Verdict != Good {
			t.Fatalf("%s: %s", name, l.Verdict)
		}
		for bit := int(l.Start) * 8; bit < len(b)*8; bit++ {
			b[bit/8] ^= 0x80 >> (bit % 8)
			p := decode(t, b)
			// A flipped bit in the length or the coverage may leave nothing to verify; elsewhere the sum is bad.
			at := bit/8 - int(l.Start)
			lengthField := (l.Protocol == udp.ID || l.Protocol == udplite.ID) && (at == 4 || at == 5)
			if v := p.Layers[3].Verdict; v == Good || v != Bad && !lengthField {
				t.Errorf("%s: bit %d of the segment flipped: %s", name, bit-int(l.Start)*8, v)
			}
			b[bit/8] ^= 0x80 >> (bit % 8)
		}
	}
}

// A tunnel's sum that is right once the NIC has completed the one inside is owed, too: what Linux leaves in VXLAN, Geneve and GRE with a checksum.
func TestSumsAroundOffload(t *testing.T) {
	for name, c := range map[string]struct {
		outer []craft.Layer
		at    int // of the tunnel's sum
		want  string
	}{
		"VXLAN": {[]craft.Layer{craft.IPv4{}, craft.UDP{Src: 50000, Dst: 4789}, craft.VXLAN{VNI: 7}, craft.Ethernet{}}, 40, "good,offload,good,offload"},
		"VXLAN over IPv6": {[]craft.Layer{craft.IPv6{}, craft.UDP{Src: 50000, Dst: 4789}, craft.VXLAN{VNI: 7}, craft.Ethernet{}}, 60,
			"offload,good,offload"},
		"GRE": {[]craft.Layer{craft.IPv4{}, craft.GRE{Checksum: true}}, 38, "good,offload,good,offload"},
	} {
		for inner, partial := range map[string][2]craft.Layer{
			"TCP": {craft.TCP{Src: 1, Dst: 2}, craft.TCP{Src: 1, Dst: 2, Sum: craft.Partial}},
			"UDP": {craft.UDP{Src: 1, Dst: 2}, craft.UDP{Src: 1, Dst: 2, Sum: craft.Partial}},
		} {
			make := func(l craft.Layer) []byte {
				layers := append([]craft.Layer{craft.Ethernet{}}, c.outer...)
				return craft.Packet(append(layers, craft.IPv4{}, l, craft.Payload("pktscope"))...)
			}
			b, complete := make(partial[1]), make(partial[0])
			copy(b[c.at:c.at+2], complete[c.at:])
			t.Run(name+" "+inner, func(t *testing.T) {
				want(t, decode(t, b), "pktscope.checksum.verdict", c.want)
				b[c.at+3] ^= 1 // of what only the tunnel's sum covers
				want(t, decode(t, b), "pktscope.checksum.verdict", strings.Replace(c.want, "offload", "bad", 1))
			})
		}
	}
}

func BenchmarkSum(b *testing.B) {
	data := randomBytes(1460)
	b.Run("pktscope", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			sum(0, data)
		}
	})
	b.Run("naive", func(b *testing.B) {
		b.SetBytes(int64(len(data)))
		for b.Loop() {
			naive(data)
		}
	})
}

package reports

import (
	"slices"
	"testing"

	"pktscope/internal/craft"
)

func TestChecksums(t *testing.T) {
	udp := func(sum craft.Sum) []byte {
		return craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2, Sum: sum}, craft.Payload("payload!"))
	}
	flipped := func(b []byte, at int, mask byte) []byte {
		b = slices.Clone(b)
		b[at] ^= mask
		return b
	}
	good := udp(craft.Right)
	payload := len(good) - 8
	tables := count(t, "checksums", setup{}, onTap(
		good, udp(craft.Zero), udp(craft.Partial),
		flipped(good, payload, 0x10), flipped(good, payload+1, 0x10), flipped(good, payload+2, 0x10), flipped(good, payload+4, 0xff),
		flipped(good, payload+6, 0x10), flipped(good, payload+6, 0x10), good[:len(good)-1],
		craft.Packet(craft.Ethernet{}, craft.IPv6{}, craft.UDP{Src: 1, Dst: 2, Sum: craft.Zero}),
		flipped(good, 14+8, 1), // the TTL, in the upper half of its word
	))
	// Bit 12 is 0x10 in the upper half of a word, bit 4 in the lower.
	wantLines(t, tables[0], "protocol good bad absent illegal offload unverifiable bad_frames one_bit bits",
		"udp 2 6 1 1 1 1 4;5;6;7;8 5 4:1;12:4", "ip 10 1 0 0 0 0 12 1 8:1")
	want := []string{
		"ip: one flipped bit explains the bad sum, bit 8 of a 16-bit word",
		"udp: one flipped bit explains 5 of 6 bad sums, bit 12 of a 16-bit word 4 of them",
	}
	slices.Sort(tables[0].Notes)
	if !slices.Equal(tables[0].Notes, want) {
		t.Errorf("notes %q", tables[0].Notes)
	}
}

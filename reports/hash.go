package reports

import (
	"encoding/binary"
	"math/rand/v2"

	"pktscope/internal/mulfold"
)

// A Seed keys a multiply-fold hash: 64 bits times 64 bits, the two halves of the product folded by exclusive or. Two
// multiplications hash a 16-byte key.
//
// Two seeds are in use. [NewSeed] is for hash tables, where it keeps a hostile capture from choosing keys that collide;
// it differs in each run, so nothing that is printed may depend on it. [FixedSeed] is for what is printed.
type Seed [2]uint64

// FixedSeed is the seed of the hashes that [Distinct] counts: an estimate depends on the hashes, and the same capture
// must give the same estimate in every run. Who knows it can make values that are counted wrong, but only those of
// his own packets; he cannot make counting slow, see Distinct.
var FixedSeed = Seed{0x9e3779b97f4a7c15, 0xd1b54a32d192ed03}

// NewSeed returns a random seed.
func NewSeed() Seed { return Seed{rand.Uint64(), rand.Uint64()} }

// The hash that seeds key, by names that are short where much of it stands in a line.
const (
	fold1 = mulfold.C1
	fold2 = mulfold.C2
	fold3 = mulfold.C3
)

func fold(a, b uint64) uint64 { return mulfold.Fold(a, b) }

// Uint64 hashes one word.
func (s Seed) Uint64(a uint64) uint64 { return s.Uint128(a, 0) }

// Uint128 hashes two words.
func (s Seed) Uint128(a, b uint64) uint64 {
	return fold(fold(a^s[0]^fold1, b^s[1]^fold2)^s[0], fold3)
}

// Bytes hashes b.
func (s Seed) Bytes(b []byte) uint64 {
	h := s[0] ^ uint64(len(b))
	for ; len(b) > 16; b = b[16:] {
		h = fold(binary.LittleEndian.Uint64(b)^h^fold1, binary.LittleEndian.Uint64(b[8:])^s[1]^fold2)
	}
	var tail [16]byte
	copy(tail[:], b)
	h = fold(binary.LittleEndian.Uint64(tail[:])^h^fold1, binary.LittleEndian.Uint64(tail[8:])^s[1]^fold2)
	return fold(h^s[0], fold3)
}

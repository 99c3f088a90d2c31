// Package mulfold is the multiply-fold hash that the tables and fingerprints of all packages are made of: two words are multiplied, and the
// two halves of the product folded by exclusive or.
package mulfold

import "math/bits"

// Odd, balanced constants to combine words with, so that a zero word does not end in a zero product.
const (
	C1 = 0xa0761d6478bd642f
	C2 = 0xe7037ed1a0b428db
	C3 = 0x8ebc6af09c88c6e3
)

// Fold hashes two words into one.
func Fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

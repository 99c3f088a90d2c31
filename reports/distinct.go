package reports

import (
	"math"
	"math/bits"
)

// Distinct counts how many different values it was given: exactly up to 4,096, by HyperLogLog above. The zero value is
// ready. A value comes as its 64-bit hash under [FixedSeed].
//
// What it holds depends on nothing but the set of values, so that parts can be counted apart and merged in any order
// with the result of counting the whole: up to 4,096 hashes it is their set, above it is the registers of that set.
//
// Memory grows with the values: 64 bytes for the first six, 64 KiB at most while exact, 16 KiB for the registers.
type Distinct struct {
	set       []uint64   // open addressing, at most three quarters full; 0 is a free slot
	n         int        // hashes in set
	registers *registers // nil while exact
}

const (
	exactLimit = 4096
	// 2^14 registers: a standard error of 1.04 / sqrt(2^14), which is 0.81 %.
	registerBits = 14
	maxRank      = 64 - registerBits + 1
)

// registers hold for each value of a hash's first 14 bits the highest rank seen: the position, from 1, of the first bit
// set behind them.
type registers [1 << registerBits]uint8

// Add counts the value with that hash.
func (d *Distinct) Add(hash uint64) {
	if d.registers != nil {
		d.registers.add(hash)
		return
	}
	if hash == 0 {
		hash = 1 // 0 marks a free slot; two hashes in 2^64 become one
	}
	if 4*(d.n+1) > 3*len(d.set) {
		d.grow()
	}
	slot := d.slot(hash)
	if *slot == hash {
		return
	}
	if d.n == exactLimit {
		d.estimate()
		d.registers.add(hash)
		return
	}
	*slot = hash
	d.n++
}

// placement differs in each run: hashes under FixedSeed can be chosen to fall into one slot, which would make Add slow.
// Where a hash stands in the set changes no result.
var placement = NewSeed()

// slot returns where hash is, or the free slot where it belongs.
func (d *Distinct) slot(hash uint64) *uint64 {
	mask := uint64(len(d.set) - 1)
	i := fold(hash^placement[0], placement[1]|1) & mask
	for d.set[i] != 0 && d.set[i] != hash {
		i = (i + 1) & mask
	}
	return &d.set[i]
}

func (d *Distinct) grow() {
	old := d.set
	d.set = make([]uint64, max(8, 2*len(old)))
	for _, hash := range old {
		if hash != 0 {
			*d.slot(hash) = hash
		}
	}
}

// estimate turns the set into registers.
func (d *Distinct) estimate() {
	d.registers = new(registers)
	for _, hash := range d.set {
		if hash != 0 {
			d.registers.add(hash)
		}
	}
	d.set, d.n = nil, 0
}

// Merge adds all that other has counted.
func (d *Distinct) Merge(other *Distinct) {
	if other.n == 0 && other.registers == nil {
		return // without a look at its set
	}
	if other.registers != nil {
		if d.registers == nil {
			d.estimate()
		}
		for i, rank := range other.registers {
			d.registers[i] = max(d.registers[i], rank)
		}
		return
	}
	for _, hash := range other.set {
		if hash != 0 {
			d.Add(hash)
		}
	}
}

// Count returns the number of different values, and whether it is exact. An estimate has a standard error of 0.81 %.
func (d *Distinct) Count() (n uint64, exact bool) {
	if d.registers == nil {
		return uint64(d.n), true
	}
	return max(exactLimit+1, d.registers.estimate()), false
}

// Cell returns the count as a cell of [KindDistinct].
func (d *Distinct) Cell() Cell {
	n, exact := d.Count()
	if exact {
		return Int(n)
	}
	return Estimate(n)
}

// common returns how many values both have, 0 where either is an estimate.
func (d *Distinct) common(other *Distinct) (n int) {
	if d.registers != nil || other.registers != nil || d.n == 0 || other.n == 0 {
		return 0
	}
	for _, hash := range d.set {
		if hash != 0 && *other.slot(hash) == hash {
			n++
		}
	}
	return n
}

// Reset starts over and keeps the memory of a small set.
func (d *Distinct) Reset() {
	if d.n == 0 && d.registers == nil {
		return
	}
	d.n, d.registers = 0, nil
	if len(d.set) > 64 {
		d.set = nil // clearing it each time would cost more than it holds
	}
	clear(d.set)
}

func (r *registers) add(hash uint64) {
	rank := min(bits.LeadingZeros64(hash<<registerBits)+1, maxRank)
	i := hash >> (64 - registerBits)
	r[i] = max(r[i], uint8(rank))
}

// estimate is the improved raw estimator of O. Ertl, "New cardinality estimation algorithms for HyperLogLog sketches"
// (2017), algorithm 6. It needs neither a table of biases nor another formula for small counts.
//
// Products are converted to float64 before they are added: that forbids fused multiply-add, with which the last digit
// could differ from one processor to another.
func (r *registers) estimate() uint64 {
	var histogram [maxRank + 1]float64
	for _, rank := range r {
		histogram[rank]++
	}
	const m = float64(len(r))
	z := float64(m * tau(1-histogram[maxRank]/m))
	for rank := maxRank - 1; rank >= 1; rank-- {
		z = 0.5 * (z + histogram[rank])
	}
	z += float64(m * sigma(histogram[0]/m))
	return uint64(math.Round(m * m / (2 * math.Ln2 * z)))
}

// sigma corrects for registers that saw nothing; x is their share. All of them are so only when nothing was added,
// which estimate never meets.
func sigma(x float64) float64 {
	y, z := 1.0, x
	for {
		x *= x
		before := z
		z += float64(x * y)
		y += y
		if z == before {
			return z
		}
	}
}

// tau corrects for registers that can rise no more; 1-x is their share.
func tau(x float64) float64 {
	if x == 0 || x == 1 {
		return 0
	}
	y, z := 1.0, 1-x
	for {
		x = math.Sqrt(x)
		before := z
		y *= 0.5
		z -= float64((1 - x) * (1 - x) * y)
		if z == before {
			return z / 3
		}
	}
}

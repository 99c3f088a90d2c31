package flows

// chunks is a list of records that grows without moving what is there: memory never doubles, and pointers stay good. Records are numbered
// from 1, so that 0 is none. A record that is given back is used again.
type chunks[T any] struct {
	all  []*[chunkSize]T
	used uint32   // records that were ever in use
	free []uint32 // given back
}

const (
	chunkBits = 10
	chunkSize = 1 << chunkBits
)

func (c *chunks[T]) at(n uint32) *T {
	n--
	return &c.all[n>>chunkBits][n&(chunkSize-1)]
}

// take returns the number of a zero record.
func (c *chunks[T]) take() uint32 {
	if last := len(c.free) - 1; last >= 0 {
		n := c.free[last]
		c.free = c.free[:last]
		return n
	}
	if c.used>>chunkBits == uint32(len(c.all)) {
		c.all = append(c.all, new([chunkSize]T))
	}
	c.used++
	return c.used
}

func (c *chunks[T]) give(n uint32) {
	var zero T
	*c.at(n) = zero
	c.free = append(c.free, n)
}

// len is how many records are in use.
func (c *chunks[T]) len() int { return int(c.used) - len(c.free) }

// renewed is an empty list in the memory of c, as much as its records needed.
func (c *chunks[T]) renewed() chunks[T] {
	all := c.all[:(c.used+chunkSize-1)>>chunkBits]
	clear(c.all[len(all):])
	left := c.used
	for _, chunk := range all {
		n := min(left, chunkSize)
		clear(chunk[:n])
		left -= n
	}
	return chunks[T]{all: all, free: c.free[:0]}
}

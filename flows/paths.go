package flows

import (
	"bytes"
	"encoding/binary"
)

// paths numbers paths, in their encoded form, in the order in which they are first met. Behind a capture point's number in four bytes come
// the identifiers, see decodePath.
type paths struct {
	slots []pathSlot // open addressing; a power of two
	all   [][]byte   // by number
	last  uint32     // the number that was asked for last: packets of one segment mostly come in a row
	seed  uint64
}

type pathSlot struct{ hash, number uint32 } // number + 1; 0 is a free slot

func newPaths(seed uint64) *paths { return &paths{slots: make([]pathSlot, 64), seed: seed} }

// number returns the number of path, and whether it is new.
func (p *paths) number(path []byte) (n uint32, fresh bool) {
	if int(p.last) < len(p.all) && bytes.Equal(p.all[p.last], path) {
		return p.last, false
	}
	hash := hashPath(path, p.seed)
	mask := uint32(len(p.slots) - 1)
	i := hash & mask
	for ; p.slots[i].number != 0; i = (i + 1) & mask {
		if s := p.slots[i]; s.hash == hash && bytes.Equal(p.all[s.number-1], path) {
			p.last = s.number - 1
			return p.last, false
		}
	}
	n = uint32(len(p.all))
	p.all = append(p.all, bytes.Clone(path))
	p.slots[i] = pathSlot{hash, n + 1}
	if 2*len(p.all) > len(p.slots) {
		p.grow()
	}
	p.last = n
	return n, true
}

func (p *paths) grow() {
	old := p.slots
	p.slots = make([]pathSlot, 2*len(old))
	mask := uint32(len(p.slots) - 1)
	for _, s := range old {
		if s.number == 0 {
			continue
		}
		i := s.hash & mask
		for p.slots[i].number != 0 {
			i = (i + 1) & mask
		}
		p.slots[i] = s
	}
}

// reset forgets all paths.
func (p *paths) reset() {
	clear(p.slots)
	p.all, p.last = p.all[:0], 0
}

func hashPath(b []byte, seed uint64) uint32 {
	h := seed ^ uint64(len(b))
	for ; len(b) >= 8; b = b[8:] {
		h = fold(h^binary.LittleEndian.Uint64(b)^fold1, seed^fold2)
	}
	var tail uint64
	for i, c := range b {
		tail |= uint64(c) << (8 * i)
	}
	return uint32(fold(h^tail^fold1, seed^fold3))
}

package flows

// index finds records by a hash: 8-byte slots, open addressing, linear probing. Who asks compares the record with the key.
type index struct {
	slots []indexSlot // a power of two, at most half of them taken
	n     int
}

type indexSlot struct{ hash, record uint32 } // record 0 is a free slot

const indexStart = 1 << 10

func newIndex() index { return index{slots: make([]indexSlot, indexStart)} }

// renewed is an empty index in the memory of x, unless that is much more than its records needed.
func (x *index) renewed() index {
	if len(x.slots) > max(indexStart, 16*x.n) {
		return newIndex()
	}
	clear(x.slots)
	return index{slots: x.slots}
}

// insert adds a record.
func (x *index) insert(hash, record uint32) {
	if 2*(x.n+1) > len(x.slots) {
		old := x.slots
		x.slots = make([]indexSlot, 2*len(old))
		for _, s := range old {
			if s.record != 0 {
				x.put(s)
			}
		}
	}
	x.put(indexSlot{hash, record})
	x.n++
}

func (x *index) put(s indexSlot) {
	mask := uint32(len(x.slots) - 1)
	i := s.hash & mask
	for x.slots[i].record != 0 {
		i = (i + 1) & mask
	}
	x.slots[i] = s
}

// find returns the place of record, which is there.
func (x *index) find(hash, record uint32) uint32 {
	mask := uint32(len(x.slots) - 1)
	i := hash & mask
	for x.slots[i].record != record {
		i = (i + 1) & mask
	}
	return i
}

// replace puts another record with the same hash in the place of old.
func (x *index) replace(hash, old, record uint32) { x.slots[x.find(hash, old)].record = record }

// remove takes a record out and closes the gap, so that no search ends too early.
func (x *index) remove(hash, record uint32) {
	mask := uint32(len(x.slots) - 1)
	hole := x.find(hash, record)
	for i := (hole + 1) & mask; x.slots[i].record != 0; i = (i + 1) & mask {
		if home := x.slots[i].hash & mask; (i-home)&mask >= (i-hole)&mask {
			x.slots[hole] = x.slots[i]
			hole = i
		}
	}
	x.slots[hole] = indexSlot{}
	x.n--
}

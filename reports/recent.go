package reports

import "math/bits"

// recent remembers which values were counted in which group, so that a [Distinct] need not be asked about each packet of a long
// conversation. It may forget any of them at any time: Distinct knows what it has. What it remembers has reached a part or the report that
// the part was flushed into, so it must be emptied when the report is.
//
// It grows while it has to forget much of what it is asked: most captures fit into what stays in the cache, those of many tenants do not. A capture that goes on
// for weeks forgets much in the end, and needs no more room for that.
type recent struct {
	seed  Seed
	tags  []uint64
	shift uint8 // what is left of a tag's hash after it is its place
	asked int   // since it was last looked whether it has to grow
	lost  int   // forgotten for want of room since then
}

const (
	recentBits     = 14 // tags at first, as a power of two
	mostRecentBits = 18 // and at most
	muchLost       = 8  // it grows if one of so many had to be forgotten
)

func newRecent(seed Seed) recent {
	return recent{seed: seed, tags: make([]uint64, 1<<recentBits), shift: 64 - recentBits}
}

// fresh tells whether the value of two words does not seem to have been counted in the group with that hash.
func (r *recent) fresh(a, b, group uint64) bool {
	tag := r.tag(a, b, group)
	pair := r.pair(tag)
	r.asked++
	switch tag {
	case pair[0]:
		return false
	case pair[1]:
		pair[0], pair[1] = pair[1], pair[0]
		return false
	}
	if pair[1] != 0 {
		if r.lost++; r.lost > len(r.tags) && len(r.tags) < 1<<mostRecentBits {
			if r.asked < muchLost*r.lost {
				r.grow()
				pair = r.pair(tag)
			}
			r.asked, r.lost = 0, 0
		}
	}
	pair[0], pair[1] = tag, pair[0]
	return true
}

// tag is the hash of a value in a group. Both factors have both words in them, in a way that no two values have both factors alike: otherwise addresses in
// a row would come to tags at even distances, of which many may have one place. 0, which is in all places at first, comes by chance only: seed and group
// are not known.
func (r *recent) tag(a, b, group uint64) uint64 {
	a ^= bits.RotateLeft64(b, 17)
	b ^= bits.RotateLeft64(a, 32)
	return fold(a^group, b^r.seed[1])
}

// pair is the two places that a tag may have: that of the one met last, and that of the other.
func (r *recent) pair(tag uint64) *[2]uint64 {
	at := tag >> r.shift &^ 1
	return (*[2]uint64)(r.tags[at : at+2])
}

// grow doubles the room.
func (r *recent) grow() {
	old := r.tags
	r.tags = make([]uint64, 2*len(old))
	r.shift--
	for _, tag := range old {
		if tag != 0 {
			pair := r.pair(tag)
			pair[0], pair[1] = tag, pair[0]
		}
	}
}

// has tells whether the value was counted in the group, as far as it is remembered, without counting it.
func (r *recent) has(a, b, group uint64) bool {
	tag := r.tag(a, b, group)
	pair := r.pair(tag)
	return tag == pair[0] || tag == pair[1]
}

func (r *recent) reset() {
	clear(r.tags)
	r.asked, r.lost = 0, 0
}

package reports

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
	tag := fold(a^group, b^r.seed[1]) // 0, which is in all slots at first, comes by chance only: seed and group are not known
	slot := &r.tags[tag>>r.shift]
	r.asked++
	if *slot == tag {
		return false
	}
	if *slot != 0 {
		if r.lost++; r.lost > len(r.tags) && len(r.tags) < 1<<mostRecentBits {
			if r.asked < muchLost*r.lost {
				r.grow()
				slot = &r.tags[tag>>r.shift]
			}
			r.asked, r.lost = 0, 0
		}
	}
	*slot = tag
	return true
}

// grow doubles the room.
func (r *recent) grow() {
	old := r.tags
	r.tags = make([]uint64, 2*len(old))
	r.shift--
	for _, tag := range old {
		if tag != 0 {
			r.tags[tag>>r.shift] = tag
		}
	}
}

// has tells whether the value was counted in the group, as far as it is remembered, without counting it.
func (r *recent) has(a, b, group uint64) bool {
	tag := fold(a^group, b^r.seed[1])
	return r.tags[tag>>r.shift] == tag
}

func (r *recent) reset() {
	clear(r.tags)
	r.asked, r.lost = 0, 0
}

package reports

// recent remembers which values were counted in which group, so that a [Distinct] need not be asked about each packet of a long
// conversation. It may forget any of them at any time: Distinct knows what it has. What it remembers has reached a part or the report that
// the part was flushed into, so it must be emptied when the report is.
type recent struct {
	seed Seed
	tags [1 << recentBits]uint64
}

const recentBits = 14

// fresh tells whether the value of two words does not seem to have been counted in the group with that hash.
func (r *recent) fresh(a, b, group uint64) bool {
	tag := fold(a^group, b^r.seed[1]) // 0, which is in all slots at first, comes by chance only: seed and group are not known
	slot := &r.tags[tag>>(64-recentBits)]
	if *slot == tag {
		return false
	}
	*slot = tag
	return true
}

// has tells whether the value was counted in the group, as far as it is remembered, without counting it.
func (r *recent) has(a, b, group uint64) bool {
	tag := fold(a^group, b^r.seed[1])
	return r.tags[tag>>(64-recentBits)] == tag
}

func (r *recent) reset() { clear(r.tags[:]) }

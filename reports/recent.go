package reports

// recent remembers values that were counted lately, so that a [Distinct] need not be asked about each packet of a long
// conversation. It forgets at will.
type recent [1024]uint64

// fresh tells whether the value with this hash was not seen lately in that group.
func (r *recent) fresh(hash, group uint64) bool {
	tag := hash ^ group*fold1 // odd: another group is another tag
	slot := &r[tag>>(64-10)]
	if *slot == tag {
		return false
	}
	*slot = tag
	return true
}

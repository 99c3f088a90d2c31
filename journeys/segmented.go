package journeys

// A sender hands segments to its network card that are cut up there, and a receiver's card puts segments together (TSO, GRO). Where one
// capture point is on the other side of that, the same bytes are there in segments of other sizes. Such segments end and begin there;
// they are counted apart, and not lost.

// blockBytes is how long a block of TCP's sequence numbers is; a segment is no longer.
const blockBytes = 1 << 16

// maxBlock bounds how many segments of a block are looked at.
const maxBlock = 256

// block is a hash of a direction of a connection and a block of its numbers.
func (c *capture) block(number uint32) uint64 {
	return max(1, mix(c.pair()^uint64(c.Sport)<<16^uint64(c.Dport), uint64(number)/blockBytes))
}

// segmented looks for bytes of journey n, whose first capture is c, among the segments that were captured at other points.
func (f *Follower) segmented(n uint64, c *capture) {
	if !c.tcp || c.size == 0 || c.syn {
		return
	}
	own := c.block(c.first)
	for _, number := range []uint32{c.first, c.first - blockBytes, c.first + c.size - 1} {
		key := c.block(number)
		if number == c.first+c.size-1 && key == own {
			continue
		}
		at := f.blocks[key]
		for seen := 0; at >= f.head && at != 0 && seen < maxBlock; seen++ {
			j := f.at(at)
			if overlap(&j.captures[0], c) && elsewhere(j, c) {
				j.resegments, f.at(n).resegments = true, true
			}
			at = j.before
		}
	}
	j := f.at(n)
	j.block, j.before = own, f.blocks[own]
	f.blocks[own] = n
}

// overlap tells whether two segments share bytes and are not the same bytes. Those that were cut out of one segment, or put together to one,
// have its timestamps; without timestamps, one has to have all bytes of the other.
func overlap(a, b *capture) bool {
	if a.first == b.first && a.size == b.size || a.Tuple != b.Tuple || a.stamps != b.stamps {
		return false
	}
	endA, endB := a.first+a.size, b.first+b.size
	if a.stamps == 0 {
		return within(a.first, endA, b.first, endB) || within(b.first, endB, a.first, endA)
	}
	return int32(a.first-endB) < 0 && int32(b.first-endA) < 0
}

// within tells whether the numbers from a to b are all among those from c to d.
func within(a, b, c, d uint32) bool { return int32(a-c) >= 0 && int32(d-b) >= 0 }

// elsewhere tells whether the packet of j was captured, but not at the capture point of c.
func elsewhere(j *journey, c *capture) bool {
	for i := range j.captures {
		if j.captures[i].point == c.point {
			return false
		}
	}
	return true
}

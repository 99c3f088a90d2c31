package reports

import "sync/atomic"

// Tables of parts are gathered into reports once an epoch, which is many blocks: to merge them each time would cost as much as to count the
// packets, and they would never be warm. A shard has two sides, each with a part of every report, and counts the blocks of one epoch in one
// side, those of the next in the other. Blocks are played strictly in order, so that when the last block of an epoch was played, nobody counts
// in its side any more, and whose turn it is gathers it, of all shards.
//
// How long an epoch is changes nothing that is printed: gathering looks at the frames with which groups began. It is a question of memory, so
// an epoch also ends when a table has many groups.
const (
	epochBlocks = 4096    // after as many blocks an epoch ends
	epochGroups = 3 << 10 // or after a block with which some table has as many groups
)

// epochs says which side blocks are counted in.
type epochs struct {
	newest atomic.Uint64 // twice the number of the block with which the newest epoch begins, and the side of that
	length int           // blocks after which an epoch ends
	before bool          // the epoch before it was not gathered yet; for whose turn it is
}

// restart makes blocks count from 0.
func (e *epochs) restart() {
	e.newest.Store(0)
	e.before = false
}

// side is the one in which a block is counted.
func (e *epochs) side(block uint64) int {
	newest := e.newest.Load()
	side := newest & 1
	if block < newest>>1 {
		side ^= 1
	}
	return int(side)
}

// played is told of each block in turn that all up to it were played. If an epoch has ended, it returns the epoch's side, which is to be gathered.
// ahead is how many blocks may be begun before all of those before them were played; full asks for a new epoch soon.
func (e *epochs) played(block uint64, ahead int, full bool) (side int, ended bool) {
	newest := e.newest.Load()
	start, side := newest>>1, int(newest&1)
	if e.before {
		if block+1 < start {
			return 0, false
		}
		e.before = false
		return side ^ 1, true
	}
	if full || block-start+1 >= uint64(e.length) {
		if ahead == 0 { // nobody counts anything yet
			e.newest.Store((block+1)<<1 | uint64(side))
			return side, true
		}
		// Whoever begins a block as late as that has seen this.
		e.newest.Store((block+1+uint64(ahead))<<1 | uint64(side^1))
		e.before = true
	}
	return 0, false
}

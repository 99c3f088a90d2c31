package pcaps

import (
	"sync"
	"sync/atomic"
)

// arena is memory for batches, one behind the other. So a batch takes no more than it has, however few frames came, and nothing is made anew or copied
// where many come: an arena is used again when nobody holds any of its batches.
type arena struct {
	bytes  []byte
	frames []batchFrame
	held   atomic.Int32 // by how many batches
}

// An arena has room for two full batches, and a frame more; for four of small frames. No frame takes more than frameMost.
const (
	arenaBytes  = 2*batchBytes + frameMost
	arenaFrames = 4 * batchFrames
	frameMost   = MaxSnapLen + 1<<10
)

// arenas are those that nobody holds, the one used last on top, for some of it may be in a cache of the processor. A sync.Pool would give the oldest, and lose all
// with each collection of garbage; new memory, which the kernel has to find and clear, is the most that there would be to do.
var arenas struct {
	mutex sync.Mutex
	free  []*arena
}

const arenasKept = 4

func newArena() *arena {
	arenas.mutex.Lock()
	defer arenas.mutex.Unlock()
	if n := len(arenas.free); n > 0 {
		a := arenas.free[n-1]
		arenas.free = arenas.free[:n-1]
		return a
	}
	return &arena{bytes: make([]byte, arenaBytes), frames: make([]batchFrame, arenaFrames)}
}

func (a *arena) release() {
	if a.held.Add(-1) > 0 {
		return
	}
	arenas.mutex.Lock()
	defer arenas.mutex.Unlock()
	if len(arenas.free) < arenasKept {
		arenas.free = append(arenas.free, a)
	}
}

// batch returns an empty one that somebody holds, in what is left behind so many bytes and frames.
func (a *arena) batch(bytes, frames int) *batch {
	a.held.Add(1)
	b := &batch{arena: a, blocks: a.bytes[bytes:bytes], frames: a.frames[frames:frames]}
	b.held.Store(1)
	return b
}

// newBatch returns an empty batch that somebody holds.
func newBatch() *batch { return newArena().batch(0, 0) }

// next returns an empty batch that somebody holds, to be filled when b is: behind it, if it would not be full soon.
func (b *batch) next() *batch {
	a := b.arena
	bytes, frames := len(a.bytes)-cap(b.blocks)+len(b.blocks), len(a.frames)-cap(b.frames)+len(b.frames)
	if len(a.bytes)-bytes < batchBytes/4+frameMost || len(a.frames)-frames < batchFrames/4 {
		return newBatch()
	}
	return a.batch(bytes, frames)
}

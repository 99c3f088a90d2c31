package pcaps

import (
	"io"
	"sync/atomic"
)

// ahead decompresses in a goroutine of its own, beside those that look at what comes out, and some buffers ahead of them. On one processor
// they take turns.
type ahead struct {
	src     io.ReadCloser
	room    int // in front of what is in a buffer
	size    int // of what is in one, at most
	full    chan filled
	free    chan []byte // nil is one that is not yet made
	stop    chan struct{}
	waiting atomic.Bool // somebody waits for a buffer, be it full or not
	now     filled      // what is read from
}

// filled is a buffer with what was read into it, from start to end, and why there is no more behind it.
type filled struct {
	memory     []byte
	start, end int
	err        error
}

// aheadBuffers are there for a file, and fewer where its buffers are small because there are many files.
const aheadBuffers = 4

func newAhead(src io.ReadCloser, room, size int) *ahead {
	n := max(2, min(aheadBuffers, aheadBuffers*size/blockSize))
	a := &ahead{src: src, room: room, size: size, stop: make(chan struct{}), full: make(chan filled, n), free: make(chan []byte, n)}
	for range n {
		a.free <- nil
	}
	go a.run()
	return a
}

func (a *ahead) run() {
	defer a.src.Close()
	for {
		var f filled
		select {
		case f.memory = <-a.free:
		case <-a.stop:
			return
		}
		if len(f.memory) < a.room+a.size {
			f.memory = make([]byte, a.room+a.size)
		}
		f.start, f.end = a.room, a.room
		for idle := 0; f.err == nil && f.end < len(f.memory) && (f.end == f.start || !a.waiting.Load()); {
			n, err := a.src.Read(f.memory[f.end:])
			f.end += n
			if f.err = err; n > 0 {
				idle = 0
			} else if idle++; idle == maxIdle && err == nil {
				f.err = io.ErrNoProgress
			}
		}
		select {
		case a.full <- f:
		case <-a.stop:
			return
		}
		if f.err != nil {
			return
		}
	}
}

// fetch makes the next buffer the current one, if nothing is left of that.
func (a *ahead) fetch() {
	if a.now.start < a.now.end || a.now.err != nil {
		return
	}
	if a.now.memory != nil {
		a.free <- a.now.memory
	}
	select {
	case a.now = <-a.full:
	default:
		a.waiting.Store(true)
		a.now = <-a.full
		a.waiting.Store(false)
	}
}

// exchange takes what is left of the current buffer, and gives other memory for it: at least as much.
func (a *ahead) exchange(memory []byte) filled {
	a.fetch()
	f := a.now
	a.now.memory, a.now.start, a.now.end = memory, 0, 0
	return f
}

// Read implements [io.Reader].
func (a *ahead) Read(p []byte) (int, error) {
	a.fetch()
	n := copy(p, a.now.memory[a.now.start:a.now.end])
	if a.now.start += n; n == 0 {
		return 0, a.now.err
	}
	return n, nil
}

// Close ends decompressing, without waiting for what is being read.
func (a *ahead) Close() error {
	close(a.stop)
	return nil
}

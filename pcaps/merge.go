package pcaps

import (
	"cmp"
	"container/heap"
	"errors"
	"io"
	"slices"
	"sync"
)

// Options are choices for [OpenAll].
type Options struct {
	// Window is how many frames of one file are sorted by time when files are merged, 0 for 256. A file that is out
	// of order by more than that (or by more than 1 MiB of frames) stays out of order.
	Window int
}

const (
	defaultWindow = 256
	windowBytes   = 1 << 20
	mergedFrames  = 4096 // most in a block
)

// OpenAll opens captures and merges them by time; of frames of one time, those of the file named first come first,
// then those that come first in their file. Frame.Number counts over all files. One file alone is read in its own
// order. If a file cannot be opened, none is.
func OpenAll(paths []string, opts Options) (Source, error) {
	if len(paths) == 1 {
		r, err := Open(paths[0])
		if err != nil {
			return nil, err // not r: a nil *Reader is not a nil Source
		}
		return r, nil
	}
	m := &merger{}
	block := max(blockSize/max(1, len(paths)/16), 64<<10) // many files share what few can have
	for i, path := range paths {
		r, err := open(path, i, block)
		if err != nil {
			m.Close()
			return nil, err
		}
		m.readers = append(m.readers, r)
	}
	m.start(max(1, cmp.Or(opts.Window, defaultWindow)))
	return m, nil
}

// merger is a Source of several readers.
type merger struct {
	readers []*Reader
	filling sync.Mutex
	inputs  inputs // a heap by the time of the next frame
	number  uint64
	used    bool // the first input's next frame was taken
}

// start fills the windows. It is apart from opening the files, which can fail.
func (m *merger) start(window int) {
	for _, r := range m.readers {
		in := &input{r: r, window: window, ring: make([]*pending, 0, 2*window)}
		r.moving, r.given = in.rescue, &m.number
		in.lookAhead(false)
		m.inputs = append(m.inputs, in)
	}
	heap.Init(&m.inputs)
}

// Fill implements [Source].
func (m *merger) Fill(b *Block, last uint64, inOrder func()) bool {
	b.empty()
	m.filling.Lock()
	defer m.filling.Unlock()
	if b.memory == nil || cap(b.memory) > 8*blockSize {
		b.memory = make([]byte, 0, 2*blockSize)
	}
	b.memory = b.memory[:0]
	for m.number < last && len(b.memory) < blockSize && len(b.Frames) < mergedFrames && b.Damage == nil {
		p, err := m.next(len(b.Frames) > 0)
		if err == io.EOF || err == errMore {
			break
		}
		if err != nil {
			b.Damage = err
			break
		}
		b.add(&p.Frame)
	}
	if len(b.Frames) == 0 && b.Damage == nil {
		return false
	}
	inOrder()
	return true
}

// next returns the next frame, whose number is the merger's. It returns errMore if it is held and a pipe would have to be read.
func (m *merger) next(held bool) (*pending, error) {
	for len(m.inputs) > 0 {
		in := m.inputs[0]
		if m.used {
			if !in.lookAhead(held) {
				return nil, errMore
			}
			m.used = false
			heap.Fix(&m.inputs, 0)
			in = m.inputs[0]
		}
		if len(in.ahead) > 0 {
			m.used = true
			m.number++
			p := in.pop()
			p.Number = m.number
			return p, nil
		}
		heap.Pop(&m.inputs)
		if in.ended != io.EOF {
			return nil, in.ended
		}
	}
	return nil, io.EOF
}

func (m *merger) Interfaces() (all []*Interface) {
	for _, r := range m.readers {
		all = append(all, r.Interfaces()...)
	}
	return all
}

func (m *merger) OutOfOrder() (n uint64) {
	for _, r := range m.readers {
		n += r.OutOfOrder()
	}
	return n
}

func (m *merger) BytesRead() (n int64) {
	for _, r := range m.readers {
		n += r.BytesRead()
	}
	return n
}

func (m *merger) Size() (n int64) {
	for _, r := range m.readers {
		if r.size < 0 {
			return -1
		}
		n += r.size
	}
	return n
}

func (m *merger) Readers() []*Reader { return m.readers }

func (m *merger) Close() error {
	var failed error
	for _, r := range m.readers {
		failed = errors.Join(failed, r.Close())
	}
	m.inputs = nil
	return failed
}

// input is one file of a merge: its next frames, sorted by time. Their data stays where the reader has it, until the
// reader needs the place.
type input struct {
	r      *Reader
	window int
	ahead  []*pending // by time, then by number; moves up in ring, and down again at its end
	ring   []*pending
	bytes  int    // of data in ahead
	copies []byte // of data in ahead that the reader no longer has
	older  []byte // the same before the last move of the reader
	free   []*pending
	ended  error // what the reader returned last
}

type pending struct {
	Frame
	when int64 // the place in the order: the frame's time, for a timeless one the latest time before it
}

// lookAhead reads until the window is full or the file ends. It returns false if it is held and a pipe would have to be read.
func (in *input) lookAhead(held bool) bool {
	in.r.held = held && in.r.size < 0
	for in.ended == nil && len(in.ahead) < in.window && in.bytes <= windowBytes {
		if len(in.free) == 0 {
			in.free = append(in.free, new(pending))
		}
		p := in.free[len(in.free)-1]
		if err := in.r.next(&p.Frame); err == errMore {
			return false
		} else if err != nil {
			in.ended = err
			break
		}
		if p.when = p.Time; p.Timeless {
			p.when = in.r.latest
		}
		in.free = in.free[:len(in.free)-1]
		if len(in.ahead) == cap(in.ahead) {
			in.ahead = append(in.ring, in.ahead...)
		}
		at := len(in.ahead)
		for at > 0 && in.ahead[at-1].when > p.when {
			at--
		}
		in.ahead = slices.Insert(in.ahead, at, p)
		in.bytes += len(p.Data)
	}
	return true
}

// pop takes the first frame out of the window. It is valid until the next look ahead.
func (in *input) pop() *pending {
	p := in.ahead[0]
	in.bytes -= len(p.Data)
	in.ahead = in.ahead[1:]
	in.free = append(in.free, p)
	return p
}

// rescue copies the data of all frames in the window out of the reader's memory, which is about to be overwritten, and of those that were
// rescued before out of the copy that the next rescue makes.
func (in *input) rescue() {
	copies := slices.Grow(in.older[:0], in.bytes)
	for _, p := range in.ahead {
		start := len(copies)
		copies = append(copies, p.Data...)
		p.Data = copies[start:len(copies):len(copies)]
	}
	in.older, in.copies = in.copies, copies
}

// inputs is a heap by the time of the next frame, then by file. An input that has none comes first: what it has to
// say was met when its last frame had gone.
type inputs []*input

func (h inputs) Len() int { return len(h) }
func (h inputs) Less(i, j int) bool {
	a, b := h[i], h[j]
	switch {
	case len(a.ahead) == 0 || len(b.ahead) == 0:
		return len(a.ahead) < len(b.ahead) || len(a.ahead) == len(b.ahead) && a.r.index < b.r.index
	case a.ahead[0].when != b.ahead[0].when:
		return a.ahead[0].when < b.ahead[0].when
	}
	return a.r.index < b.r.index
}
func (h inputs) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *inputs) Push(x any)   { *h = append(*h, x.(*input)) }
func (h *inputs) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}

package pcaps

import (
	"cmp"
	"container/heap"
	"errors"
	"io"
	"slices"
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
	inputs  inputs // a heap by the time of the next frame
	number  uint64
	used    bool // the first input's next frame was returned
}

// start fills the windows. It is apart from opening the files, which can fail.
func (m *merger) start(window int) {
	for _, r := range m.readers {
		in := &input{r: r, window: window, ring: make([]*pending, 0, 2*window)}
		r.moving = in.rescue
		in.lookAhead()
		m.inputs = append(m.inputs, in)
	}
	heap.Init(&m.inputs)
}

// Next implements [Source].
func (m *merger) Next(f *Frame) error {
	for len(m.inputs) > 0 {
		in := m.inputs[0]
		if m.used {
			m.used = false
			in.pop()
			in.lookAhead()
			heap.Fix(&m.inputs, 0)
			in = m.inputs[0]
		}
		if len(in.ahead) > 0 {
			m.used = true
			m.number++
			*f = in.ahead[0].Frame
			f.Number = m.number
			return nil
		}
		heap.Pop(&m.inputs)
		if in.ended != io.EOF {
			return in.ended
		}
	}
	return io.EOF
}

func (m *merger) Interfaces() (all []*Interface) {
	for _, r := range m.readers {
		all = append(all, r.interfaces...)
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
	bytes  int // of data in ahead
	free   []*pending
	ended  error // what the reader returned last
}

type pending struct {
	Frame
	when    int64 // the place in the order: the frame's time, for a timeless one the latest time before it
	rescued bool  // Data is a copy
}

// lookAhead reads until the window is full or the file ends.
func (in *input) lookAhead() {
	for in.ended == nil && len(in.ahead) < in.window && in.bytes <= windowBytes {
		if len(in.free) == 0 {
			in.free = append(in.free, new(pending))
		}
		p := in.free[len(in.free)-1]
		p.rescued = false
		if in.ended = in.r.Next(&p.Frame); in.ended != nil {
			return
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
}

// pop takes the first frame out of the window.
func (in *input) pop() {
	p := in.ahead[0]
	in.bytes -= len(p.Data)
	in.ahead = in.ahead[1:]
	in.free = append(in.free, p)
}

// rescue copies the data of all frames in the window out of the reader's block, which is about to be overwritten.
func (in *input) rescue() {
	size := 0
	for _, p := range in.ahead {
		if !p.rescued {
			size += len(p.Data)
		}
	}
	copies := make([]byte, 0, size)
	for _, p := range in.ahead {
		if !p.rescued {
			start := len(copies)
			copies = append(copies, p.Data...)
			p.Data, p.rescued = copies[start:len(copies):len(copies)], true
		}
	}
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

package pcaps

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"
)

// MaxFrameLen is the longest frame that is read, in bytes: the most that libpcap and Wireshark admit for any link
// type (D-Bus and USB). A longer one is damage.
const MaxFrameLen = 128 << 20

// stream is the window that a format has on the bytes of a capture. Frames are slices of it: it moves over the file
// one block at a time, and grows only where one record does not fit into a block, by no more than it has read so far.
type stream struct {
	src        io.Reader
	packed     string // how src is compressed, empty if it is not
	buf        []byte
	start, end int    // buf[start:end] is read and not yet consumed
	base       int64  // where buf[0] stands in the decompressed file
	err        error  // why src has no more, once it has not
	left       []byte // memory for what is unread between blocks
	held       bool   // nothing is to be read now: what would need more says errMore
	moving     func() // told before bytes that were consumed are overwritten; nil if nobody keeps them
}

// maxIdle is how often an io.Reader may return nothing and no error.
const maxIdle = 100

// errMore says that what is unread is the beginning of something whole.
var errMore = errors.New("more is to be read")

// unread is what can be had without reading.
func (s *stream) unread() []byte { return s.buf[s.start:s.end] }

// consume leaves the next n bytes behind; n must not exceed len(unread()).
func (s *stream) consume(n int) { s.start += n }

// offset is where unread() stands in the decompressed file.
func (s *stream) offset() int64 { return s.base + int64(s.start) }

// peek reads until n bytes are unread or there are no more, and returns all that are unread.
func (s *stream) peek(n int) []byte {
	for s.end-s.start < n && s.err == nil && !s.held {
		s.fill()
	}
	return s.unread()
}

// need returns all unread bytes, at least n of them. It returns io.EOF if there are none at all, which is the end if
// a record was to start here, a *DamageError if there are too few for what ("a record header"), and errMore if the stream is held.
func (s *stream) need(n int, what string) ([]byte, error) {
	b := s.peek(n)
	have := len(b)
	switch {
	case have >= n:
		return b, nil
	case s.err == nil:
		return nil, errMore
	case s.err != io.EOF:
		return nil, s.corrupt(s.err)
	case have == 0:
		return nil, io.EOF
	}
	return nil, s.damage(0, fmt.Sprintf("the file ends after %d bytes of %s", have, what), fmt.Sprintf("%d", n))
}

// fill reads once. Each call either adds a byte or sets s.err.
func (s *stream) fill() {
	if s.start > 0 {
		if s.moving != nil {
			s.moving()
		}
		copy(s.buf, s.unread())
		s.base += int64(s.start)
		s.start, s.end = 0, s.end-s.start
	}
	if s.end == len(s.buf) {
		grown := make([]byte, 2*len(s.buf))
		copy(grown, s.buf)
		s.buf = grown
	}
	for range maxIdle {
		n, err := s.src.Read(s.buf[s.end:])
		s.end += n
		s.err = err
		if n > 0 || err != nil {
			return
		}
	}
	s.err = io.ErrNoProgress
}

// damage is an error at so many bytes after the start of unread().
func (s *stream) damage(at int, found, expected string) error {
	return &DamageError{Offset: s.offset() + int64(at), Found: found, Expected: expected}
}

// wireLen checks the length that a frame had on the wire, which stands so many bytes after the start of unread(). Nothing is allocated for
// it, but it is counted.
func (s *stream) wireLen(n uint32, at int) error {
	if n > MaxFrameLen {
		return s.damage(at, fmt.Sprintf("original length %d", n), fmt.Sprintf("at most %d", MaxFrameLen))
	}
	return nil
}

// corrupt is why there is nothing after the last unread byte: damage, if a decompressor says so.
func (s *stream) corrupt(err error) error {
	var failed *readError
	if errors.As(err, &failed) {
		return failed
	}
	found := err.Error()
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		found = "the " + s.packed + " data is cut short"
	}
	return &DamageError{Offset: s.base + int64(s.end), Found: found, Err: err}
}

// moveTo moves the window into other memory: what is unread goes in front of what was read there, from start to end. If there is no room
// for it, both go elsewhere. It returns the memory that the window is in.
func (s *stream) moveTo(memory []byte, start, end int) []byte {
	unread := s.unread()
	s.base += int64(s.start)
	if len(unread) > start {
		grown := append(unread, memory[start:end]...)
		s.buf, s.start, s.end, s.left = grown[:cap(grown)], 0, len(grown), nil
		return s.buf
	}
	s.buf = memory[start-len(unread):]
	copy(s.buf, unread)
	s.start, s.end = 0, len(unread)+end-start
	return memory
}

// leave moves the window out of memory that somebody else is going to use.
func (s *stream) leave() {
	s.left = append(s.left[:0], s.unread()...)
	s.base += int64(s.start)
	s.buf, s.start, s.end = s.left, 0, len(s.left)
}

// source is the file or pipe itself, below any decompressor. It counts what was read of it.
type source struct {
	r     io.Reader
	name  string
	file  io.ReaderAt  // nil unless any part of it can be read at any time
	count atomic.Int64 // a decompressor may read in a goroutine of its own
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	return n, s.read(n, err)
}

// readAt fills p with what stands in the file from a place on. It returns io.EOF if the file ends before.
func (s *source) readAt(p []byte, at int64) (int, error) {
	n, err := s.file.ReadAt(p, at)
	return n, s.read(n, err)
}

// read counts what was read, and returns the error of reading it as it is told.
func (s *source) read(n int, err error) error {
	s.count.Add(int64(n))
	if err != nil && err != io.EOF {
		var path *fs.PathError
		if errors.As(err, &path) {
			err = path.Err // its name is the file's again, or worse: /dev/stdin
		}
		err = &readError{s.name, err}
	}
	return err
}

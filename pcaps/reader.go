package pcaps

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"math"
	"os"
	"slices"
	"strings"
)

// blockSize is how much is read at once, in bytes. Smaller reads cost more calls, larger ones lose the cache.
const blockSize = 256 << 10

// Source is where frames come from: one [Reader], or several merged.
type Source interface {
	// Fill fills a block with the next frames, up to the number last. Goroutines may call it at a time, each with a block of its own. inOrder
	// is called, once for each block and in the order of the blocks, before it returns. What is on its way through a pipe is not waited for
	// once there is a frame. It returns false at the end of all: nothing is filled then.
	Fill(b *Block, last uint64, inOrder func()) bool
	// Interfaces returns the capture points known by now, by file and index. A pcapng file can add some at any time.
	Interfaces() []*Interface
	// OutOfOrder counts the frames that were earlier than one before them in the same file.
	OutOfOrder() uint64
	// BytesRead is how far the files, as they lie on disk, have been read; Size is how long they are, -1 for a pipe.
	// BytesRead may be called while another goroutine reads.
	BytesRead() int64
	Size() int64
	// Readers returns the files' readers, in the order in which they were named.
	Readers() []*Reader
	Close() error
}

// Info is what a file is.
type Info struct {
	Format      string // "pcap", "pcapng" or "snoop"
	ByteOrder   string // "little-endian" or "big-endian", of the first section
	Compression string // "gzip", "zstd", "lz4", "xz", "bzip2", or empty
}

// Reader reads one capture file.
type Reader struct {
	stream
	contents
	info       Info
	format     format
	source     *source
	pieces     pieces
	ahead      *ahead // of a file that is compressed
	size       int64
	stat       os.FileInfo // nil where the caller opened the file
	closers    []io.Closer
	frames     uint64
	latest     int64 // time of a frame
	outOfOrder uint64
	ended      bool
}

// format is a file format's way to the next frame. It fills all of the frame but its number. A *DamageError it
// returns needs no file and no frame number.
type format interface {
	next(*Frame) error
}

// Open opens a capture file, "-" for standard input, "corpus:NAME" for a [Recording]. The error is a *[FormatError] if it is none, a
// *[DamageError] if its first header is cut short, an *[fs.PathError] if it cannot be opened, and a *[NoRecordingError] if there is no such
// recording.
func Open(path string) (*Reader, error) { return open(path, 0, blockSize) }

func open(path string, index, block int) (*Reader, error) {
	if name, ok := strings.CutPrefix(path, corpusPrefix); ok {
		recording, err := FindRecording(name)
		if err != nil {
			return nil, err
		}
		return recording.open(index, block)
	}
	file, name := os.Stdin, "standard input"
	if path != "-" {
		var err error
		if file, err = os.Open(path); err != nil {
			return nil, err
		}
		name = path
	}
	info, err := file.Stat()
	if err == nil && info.IsDir() {
		err = &FormatError{name, "a directory"}
	}
	var r *Reader
	if err == nil {
		r, err = newReader(file, name, index, block)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	r.closers = append(r.closers, file)
	r.stat = info
	if info.Mode().IsRegular() {
		r.size = info.Size()
		if path != "-" && r.packed == "" {
			r.inPieces(file)
		}
	}
	return r, nil
}

// NewReader reads a capture from r, in blocks of its own; name stands for it in errors and interfaces.
func NewReader(r io.Reader, name string) (*Reader, error) { return newReader(r, name, 0, blockSize) }

func newReader(src io.Reader, name string, index, block int) (*Reader, error) {
	r := &Reader{
		source:   &source{r: src, name: name},
		contents: contents{name: name, index: index},
		size:     -1,
		latest:   math.MinInt64,
	}
	r.given = &r.frames
	r.stream = stream{src: r.source, buf: make([]byte, block)}
	r.pieces.size = block
	r.pieces.passed.L = &r.pieces.mutex
	err := r.detect()
	if err != nil {
		r.Close()
		return nil, r.located(err)
	}
	return r, nil
}

// detect finds out how the file is compressed and what format it has, and reads its first header.
func (r *Reader) detect() (err error) {
	const enough = 8 // bytes, for every magic
	head := r.peek(enough)
	if c, ok := compressionOf(head); ok {
		again := io.MultiReader(bytes.NewReader(slices.Clone(head)), r.source)
		plain, err := c.open(bufio.NewReaderSize(again, 64<<10))
		r.stream = stream{packed: c.name, buf: r.buf}
		if err != nil {
			return r.corrupt(err)
		}
		r.ahead = newAhead(plain, r.pieces.size, r.pieces.size)
		r.src = r.ahead
		r.closers = append(r.closers, r.ahead)
		head = r.peek(enough)
	}
	switch _, _, isPcap := pcapMagic(head); {
	case isPcap:
		r.format, err = openPcap(r)
	case bytes.HasPrefix(head, []byte(pcapngMagic)):
		r.format, err = openPcapng(r)
	case bytes.HasPrefix(head, []byte(snoopMagic)):
		r.format, err = openSnoop(r)
	case r.err != nil && r.err != io.EOF:
		_, err = r.need(len(head)+1, "a file header")
	case r.packed != "":
		err = &FormatError{r.name, r.packed + " data that holds " + looks(head)}
	default:
		err = &FormatError{r.name, looks(head)}
	}
	return err
}

// inPieces reads what follows of the file in pieces: goroutines can do so beside each other.
func (r *Reader) inPieces(file io.ReaderAt) { r.source.file, r.pieces.at = file, r.source.count.Load() }

// Fill implements [Source].
func (r *Reader) Fill(b *Block, last uint64, inOrder func()) bool {
	b.empty()
	for {
		number, n, err := r.readPiece(b)
		r.pieces.await(number)
		if err = r.walk(b, n, err, last); err == nil {
			inOrder()
		}
		r.pieces.pass()
		if err != errMore {
			return err == nil
		}
	}
}

// readPiece claims the next piece of the file, and reads it if it can be read before its turn: n bytes, in the second half of the block's
// memory.
func (r *Reader) readPiece(b *Block) (number uint64, n int, err error) {
	number, at := r.pieces.claim()
	size := r.pieces.size
	if len(b.memory) < 2*size || len(b.memory) > 8*size {
		b.memory = make([]byte, 2*size)
	}
	if r.source.file != nil {
		n, err = r.source.readAt(b.memory[size:2*size], at)
	}
	return number, n, err
}

// walk fills the block, after n more bytes were read and an error was met. It returns errMore if that does not suffice for a frame, and
// io.EOF at the end.
func (r *Reader) walk(b *Block, n int, err error, last uint64) error {
	if r.ended || r.frames >= last {
		return io.EOF
	}
	plain := r.source.file != nil
	switch size := r.pieces.size; {
	case plain:
		b.memory = r.moveTo(b.memory, size, size+n)
		r.err = cmp.Or(r.err, err)
	case r.ahead != nil:
		f := r.ahead.exchange(b.memory)
		b.memory = r.moveTo(f.memory, f.start, f.end)
		r.err = cmp.Or(r.err, f.err)
	default:
		start := len(r.unread())
		if len(b.memory) < 2*start {
			b.memory = make([]byte, 2*start)
		}
		b.memory = r.moveTo(b.memory, start, start)
	}
	for r.frames < last {
		r.held = plain || len(b.Frames) > 0
		if err = r.next(b.frame()); err != nil {
			b.dropFrame()
			break
		}
	}
	if len(b.Frames) == 0 && err == errMore { // it is a long one
		b.memory = nil
		return errMore
	}
	if err != nil && err != errMore && err != io.EOF {
		b.Damage = err
	}
	if len(b.Frames) == 0 && b.Damage == nil {
		return io.EOF
	}
	if !plain && r.ahead == nil {
		b.memory = r.buf // it may have grown
	}
	r.leave()
	return nil
}

// next reads the next frame. It returns io.EOF at the end of the file; a *[DamageError] or a read error takes its place once.
func (r *Reader) next(f *Frame) error {
	if r.ended {
		return io.EOF
	}
	if err := r.format.next(f); err != nil {
		r.ended = err != errMore
		return r.located(err)
	}
	r.frames++
	f.Number = r.frames
	switch {
	case f.Time >= r.latest:
		r.latest = f.Time
	case !f.Timeless:
		r.outOfOrder++
	}
	return nil
}

// located adds to damage the file and the number of the frame that could not be read.
func (r *Reader) located(err error) error {
	if damage, ok := err.(*DamageError); ok {
		damage.File, damage.Frame = r.name, r.frames+1
	}
	return err
}

func (r *Reader) Info() Info { return r.info }

func (r *Reader) Interfaces() []*Interface { return r.now().interfaces }

// Sections returns the sections of a pcapng file that have been read so far; none for other formats.
func (r *Reader) Sections() []Section { return r.now().sections }

// Names returns the name resolution records that have been read so far.
func (r *Reader) Names() []NameRecord { return r.now().names }

// Secrets returns the decryption secrets that have been read so far.
func (r *Reader) Secrets() []Secrets { return r.now().secrets }

// NotKept counts the texts, names and secrets that were left out because the file holds more than 64 MiB of them.
func (r *Reader) NotKept() int { return r.notKept }

func (r *Reader) OutOfOrder() uint64 { return r.outOfOrder }
func (r *Reader) BytesRead() int64   { return r.source.count.Load() }
func (r *Reader) Size() int64        { return r.size }
func (r *Reader) Readers() []*Reader { return []*Reader{r} }

// Close closes the file, but not what was given to [NewReader]. A frame's data is not valid after it.
func (r *Reader) Close() error {
	var failed error
	for _, c := range r.closers {
		failed = errors.Join(failed, c.Close())
	}
	r.closers, r.ended = nil, true
	return failed
}

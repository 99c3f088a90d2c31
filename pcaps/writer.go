package pcaps

import (
	"fmt"
	"strings"
)

// Writer writes frames to a capture file. The file gets its name when it is complete, in [Writer.Close]; until then, and if anything
// fails, what stood under that name stays.
type Writer struct {
	encoder encoder
	target  *target
	buf     []byte
	failed  error
}

// WriteOptions are choices for [Create].
type WriteOptions struct {
	// FramesOnly leaves out what the source says besides its frames and the interfaces that they name: sections, other interfaces,
	// names, secrets.
	FramesOnly bool
}

// encoder is a file format's way to write. Its errors say why the format cannot hold a frame.
type encoder interface {
	frame(dst []byte, f *Frame) ([]byte, error)
	finish(dst []byte) []byte // what stands at the end of a file, and at its start if there was no frame
}

// pieceSize is how much is written at once, in bytes.
const pieceSize = 256 << 10

// Create begins a capture file for frames of src. The format follows from the name: .pcapng or .pcap, and behind it .zst or .gz for
// a file that is to be compressed; "-" is standard output, in pcapng. A file that is there is replaced, but never one that src reads.
// A pipe or a device is written as it is, in pcapng if its name says nothing.
func Create(path string, src Source, o WriteOptions) (*Writer, error) {
	_, format, compression := CutEnding(path)
	t, err := openTarget(path, src, compression)
	if err != nil {
		return nil, err
	}
	w := &Writer{target: t}
	switch {
	case format == ".pcap":
		w.encoder = &pcapEncoder{src: src}
	case format == ".pcapng", t.temporary == "":
		w.encoder = newPcapngEncoder(src, o)
	default:
		t.discard()
		return nil, fmt.Errorf("%s: a capture's name ends in .pcapng or .pcap, and if it is to be compressed in .zst or .gz behind that", path)
	}
	return w, nil
}

// CutEnding cuts off a file name what says how the file is to be written: ".pcapng" or ".pcap", and ".zst" or ".gz". What it does
// not say is empty.
func CutEnding(path string) (stem, format, compression string) {
	stem = path
	for _, ending := range []string{".zst", ".gz"} {
		if rest, ok := strings.CutSuffix(stem, ending); ok {
			stem, compression = rest, ending
			break
		}
	}
	for _, ending := range []string{".pcapng", ".pcap"} {
		if rest, ok := strings.CutSuffix(stem, ending); ok {
			return rest, ending, compression
		}
	}
	return stem, "", compression
}

// Write writes a frame. Its interface can be one of the source's, or the caller's own. After an error all calls return it.
func (w *Writer) Write(f *Frame) error {
	if w.failed != nil {
		return w.failed
	}
	buf, err := w.encoder.frame(w.buf, f)
	if err != nil {
		return w.fail(err)
	}
	w.buf = buf
	if len(buf) >= pieceSize {
		return w.flush()
	}
	return nil
}

func (w *Writer) flush() error {
	if err := w.target.write(w.buf); err != nil {
		return w.fail(err)
	}
	w.buf = w.buf[:0]
	return nil
}

func (w *Writer) fail(err error) error {
	w.failed = fmt.Errorf("%s: %w", w.target.path, err)
	return w.failed
}

// Suspend closes the file until the next frame is written, so that many can be written with few open at a time.
func (w *Writer) Suspend() error {
	if w.failed != nil {
		return w.failed
	}
	if err := w.flush(); err != nil {
		return err
	}
	w.buf = nil
	if err := w.target.suspend(); err != nil {
		return w.fail(err)
	}
	return nil
}

// Close completes the file and gives it its name. If that fails, or anything failed before, no file of that name is left.
func (w *Writer) Close() error {
	if w.failed == nil {
		w.buf = w.encoder.finish(w.buf)
		w.flush()
	}
	if w.failed != nil {
		w.target.discard()
		return w.failed
	}
	if err := w.target.complete(); err != nil {
		return w.fail(err)
	}
	return nil
}

// Discard ends writing and leaves no file.
func (w *Writer) Discard() { w.target.discard() }

package pcaps

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/zstd"
)

// recordFile is a file of a recording. It is written under its name with partEnding behind it, which it loses when it is complete.
type recordFile struct {
	*os.File        // nil while there is none
	name     string // when it is complete
	size     int64  // bytes, before compression
	whole    int64  // bytes on disk, up to the last whole piece

	described int                 // interfaces that it tells of
	begun     []InterfaceCounters // when it was begun
	frames    uint64
	seen      []int64   // of these, by interface
	first     int64     // time of the first
	last      int64     // of one
	since     time.Time // when the first was handed over
}

const partEnding = ".part"

// recorded is a complete file.
type recorded struct {
	name   string
	frames uint64
	info   os.FileInfo // tells whether the file of that name is still this one
}

func (o *RecordOptions) rotates() bool { return o.RotateSize > 0 || o.RotateTime > 0 }

// fileName is the name of the n-th file, which is begun at that time.
func (o *RecordOptions) fileName(n uint64, now int64) string {
	if !o.rotates() {
		return o.Path
	}
	stem, format, compression := CutEnding(o.Path)
	return fmt.Sprintf("%s-%05d-%s%s%s", stem, n, time.Unix(0, now).UTC().Format("20060102T150405Z"), format, compression)
}

// create begins a file, and removes those for which there is no room beside it.
func (r *recorder) create(now int64) error {
	for keep := r.options.Keep; keep > 0 && len(r.done) >= keep; r.done = r.done[1:] {
		r.remove(r.done[0])
	}
	name := r.options.fileName(r.count.Files+1, now)
	r.file = recordFile{name: name, begun: r.rows}
	old, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return bare(err)
	case !old.Mode().IsRegular():
		return errors.New("no regular file")
	case r.options.rotates():
		return errors.New("there is a file of that name")
	}
	file, err := os.OpenFile(name+partEnding, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s%s is there: it is being written, or left by a run that was killed, and readable; move it away", filepath.Base(name), partEnding)
	}
	if err != nil {
		return bare(err)
	}
	r.file.File = file
	if err := r.file.put(appendSection(nil, &Section{OS: osName(), Application: "pktscope"}), r.encoder); err != nil {
		file.Close()
		os.Remove(name + partEnding)
		r.file.File = nil
		return bare(err)
	}
	r.counting(func(c *RecordCounters) { c.Files, c.File = c.Files+1, name })
	return nil
}

// packer compresses pieces, one after another in the same memory.
type packer struct {
	encoder *zstd.Encoder
	packed  []byte
}

func newPacker() (*packer, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(zstdWindow))
	return &packer{encoder: encoder}, err
}

// pack returns the compressed piece, which is good until the next.
func (p *packer) pack(piece []byte) []byte {
	p.packed = p.encoder.EncodeAll(piece, p.packed[:0])
	return p.packed
}

// put writes a piece, all of it or nothing. A compressed one can be read without those before it.
func (f *recordFile) put(blocks []byte, encoder *packer) error {
	piece := blocks
	if encoder != nil {
		piece = encoder.pack(blocks)
	}
	n, err := f.Write(piece)
	if err != nil {
		if n > 0 {
			f.Truncate(f.whole)
		}
		f.Seek(f.whole, io.SeekStart)
		return err
	}
	f.whole += int64(n)
	f.size += int64(len(blocks))
	return nil
}

// wrote counts the frames of a piece that was written.
func (f *recordFile) wrote(p *piece) {
	if f.frames == 0 {
		f.first, f.since = p.first, p.since
	}
	f.frames += p.frames
	f.last = max(f.last, p.last)
	for len(f.seen) < len(p.seen) {
		f.seen = append(f.seen, 0)
	}
	for i, n := range p.seen {
		f.seen[i] += n
	}
}

// rotate begins another file.
func (r *recorder) rotate(now int64) {
	r.complete()
	if err := r.create(now); err != nil {
		r.fail(err, 0)
	}
}

// complete ends the file and gives it its name.
func (r *recorder) complete() {
	r.flush(r.piece.bytes)
	f := &r.file
	if f.File == nil {
		return
	}
	if len(r.known) > f.described { // those without frames are told of at least once
		var b []byte
		for _, i := range r.known[f.described:] {
			b = appendInterface(b, i)
		}
		if f.put(b, r.encoder) == nil {
			f.described = len(r.known)
		}
	}
	err := f.put(r.appendStatistics(nil), r.encoder) // a full disk has no room for them, and the file is readable without
	if err != nil && r.counters().Failed == "" {
		r.log(fmt.Sprintf("%s: the statistics at its end are missing: %v", f.name, bare(err)))
	}
	info, _ := f.Stat()
	err = errors.Join(f.Close(), os.Rename(f.name+partEnding, f.name))
	if err != nil {
		r.log(fmt.Sprintf("%s stays %s%s: %v", f.name, f.name, partEnding, bare(err)))
	} else {
		r.done = append(r.done, recorded{f.name, f.frames, info})
	}
	r.counting(func(c *RecordCounters) { c.File = "" })
	r.file = recordFile{name: f.name}
}

// remove removes a file of this run, if it is still there.
func (r *recorder) remove(old recorded) {
	info, err := os.Lstat(old.name)
	if err != nil || !os.SameFile(info, old.info) {
		return // somebody has taken it, or put another in its place
	}
	if err := os.Remove(old.name); err != nil {
		r.log(fmt.Sprintf("%s cannot be removed: %v", old.name, bare(err)))
		return
	}
	r.counting(func(c *RecordCounters) { c.Removed += old.frames })
}

// statisticsDelivered is isb_usrdeliv, the frames that are in the file.
const statisticsDelivered = 8

// appendStatistics appends what was counted for the interfaces of the file while it was written.
func (r *recorder) appendStatistics(dst []byte) []byte {
	f := &r.file
	for id, i := range r.known[:f.described] {
		var start int
		dst, start = beginBlock(dst, blockStatistics)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(id))
		dst = appendTicks(dst, uint64(f.last))
		frames := int64(0)
		if id < len(f.seen) {
			frames = f.seen[id]
		}
		if c := countersOf(r.rows, i.Name).Minus(countersOf(f.begun, i.Name)); c.Received > 0 || c.Dropped > 0 { // the interface has a ring of its own
			dst = appendCount(dst, statisticsReceived, int64(c.Received))
			dst = appendCount(dst, statisticsOSDropped, int64(c.Dropped))
		}
		dst = appendCount(dst, statisticsDelivered, frames)
		dst = endBlock(append(dst, noMoreOptions...), start)
	}
	if c := countersOf(r.rows, AnyInterface).Minus(countersOf(f.begun, AnyInterface)); c.Dropped > 0 && f.described > 0 {
		var start int
		dst, start = beginBlock(dst, blockStatistics)
		dst = binary.LittleEndian.AppendUint32(dst, 0)
		dst = appendTicks(dst, uint64(f.last))
		dst = appendOption(dst, optComment, fmt.Sprintf("the kernel dropped %d frames of all interfaces together", c.Dropped))
		dst = endBlock(append(dst, noMoreOptions...), start)
	}
	return dst
}

// countersOf are the counters of the interface of that name.
func countersOf(rows []InterfaceCounters, name string) Counters {
	for i := range rows {
		if rows[i].Name == name {
			return rows[i].Counters
		}
	}
	return Counters{}
}

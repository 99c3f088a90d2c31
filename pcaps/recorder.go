package pcaps

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// A recorder writes to pcapng files what a live capture hands over, in a goroutine of its own. What is handed over is written at once, or
// compressed within a second or a MiB, so that a file of a process that was killed is whole but for the last piece.
//
// When nothing can be written (the disk is full), the file is cut behind its last whole piece; every few seconds it is tried again. What
// comes in between is lost, and counted.
type recorder struct {
	options RecordOptions
	log     func(string)
	todo    chan recording
	ended   chan struct{}
	encoder *packer // nil for files that are not compressed

	known []*Interface        // of the run
	rows  []InterfaceCounters // when what is written was handed over
	file  recordFile          // that is being written
	piece piece               // that waits to be written
	retry time.Time           // when to try again after a failure
	done  []recorded          // files that are complete, oldest first

	mutex sync.Mutex
	count RecordCounters
}

// recording is what the recorder is to write.
type recording struct {
	batch *batch // nil for nothing
	known []*Interface
	rows  []InterfaceCounters
}

// piece is frames that are written in one go, or not at all.
type piece struct {
	bytes  []byte // empty where they can be written from where they are
	size   int64
	frames uint64
	seen   []int64 // of these, by interface
	first  int64   // time of the first
	last   int64   // of one
	since  time.Time
}

const (
	recordAhead = 64              // batches that may wait for the disk
	retryAfter  = 5 * time.Second // when the disk was full
	pieceAge    = time.Second     // how long something waits to be compressed with more
	quietAge    = 2 * time.Second // how long a file waits, when its time is over, for the frame that says so
)

// startRecorder begins the first file, so that what is wrong with its name is said before anything is captured.
func startRecorder(o RecordOptions, log func(string)) (*recorder, error) {
	stem, format, compression := CutEnding(o.Path)
	switch {
	case o.Path == "-":
		return nil, errors.New("a live capture is recorded to a file, not to standard output")
	case format != ".pcapng" || compression == ".gz":
		return nil, fmt.Errorf("%s: the name of a recording ends in .pcapng, or .pcapng.zst", o.Path)
	case o.Keep < 0 || o.RotateSize < 0 || o.RotateTime < 0:
		return nil, errors.New("sizes, times and numbers of files are positive")
	case o.Keep > 0 && !o.rotates():
		return nil, errors.New("without a size or a time at which another file begins there is one file to keep")
	case o.RotateSize > 0 && o.RotateSize < minRotateSize:
		return nil, fmt.Errorf("a file has room for %d KiB at the least", minRotateSize>>10)
	}
	r := &recorder{options: o, log: log, todo: make(chan recording, recordAhead), ended: make(chan struct{})}
	if o.Compress || compression != "" {
		r.options.Path = stem + format + ".zst"
		var err error
		if r.encoder, err = newPacker(); err != nil {
			return nil, err
		}
	}
	if err := r.create(time.Now().UnixNano()); err != nil {
		return nil, fmt.Errorf("%s: %w", r.file.name, err)
	}
	go r.run()
	return r, nil
}

// minRotateSize is room for the longest frame and what describes it, in bytes.
const minRotateSize = 512 << 10

// record takes a batch, and waits where the disk is behind by too much.
func (r *recorder) record(b *batch, known []*Interface, rows []InterfaceCounters) {
	b.hold()
	r.todo <- recording{b, known[:len(known):len(known)], rows}
}

// finish completes the last file, when all that was handed over is written.
func (r *recorder) finish(known []*Interface, rows []InterfaceCounters) {
	r.todo <- recording{known: known, rows: rows}
	close(r.todo)
	<-r.ended
}

func (r *recorder) counters() *RecordCounters {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	c := r.count
	return &c
}

// counting changes the counters.
func (r *recorder) counting(change func(*RecordCounters)) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	change(&r.count)
}

func (r *recorder) run() {
	defer close(r.ended)
	tick := time.NewTicker(pieceAge / 4)
	defer tick.Stop()
	for {
		select {
		case next, ok := <-r.todo:
			if !ok {
				r.complete()
				return
			}
			r.known, r.rows = next.known, next.rows
			if next.batch != nil {
				r.write(next.batch)
				next.batch.release()
			}
		case now := <-tick.C:
			if r.piece.frames > 0 && now.Sub(r.piece.since) >= pieceAge {
				r.flush(r.piece.bytes)
			}
			if limit := r.options.RotateTime; limit > 0 && r.file.frames > 0 && now.Sub(r.file.since) >= limit+quietAge {
				r.complete() // without a frame that would do it; the next one begins another
			}
		}
	}
}

// write writes the batch, to a new file where one has to begin.
func (r *recorder) write(b *batch) {
	for from := 0; from < len(b.frames); {
		to := r.fits(b, from)
		if to == from {
			r.rotate(b.frames[from].time)
			continue
		}
		r.add(b, from, to)
		from = to
	}
}

// fits returns the frame behind the last that the file has room for, from a frame on. The first frame of a file has room always.
func (r *recorder) fits(b *batch, from int) (to int) {
	to = len(b.frames)
	start := b.blockAt(from)
	var first int64
	switch {
	case r.file.frames > 0:
		first = r.file.first
	case r.piece.frames > 0:
		first = r.piece.first
	default:
		first, from = b.frames[from].time, from+1
	}
	if limit := r.options.RotateSize; limit > 0 {
		used := r.file.size + r.piece.size + int64(len(r.known))*describedLen
		for to > from && used+int64(b.blockAt(to)-start) > limit {
			to--
		}
	}
	if limit := int64(r.options.RotateTime); limit > 0 {
		for i := from; i < to; i++ {
			if b.frames[i].time-first >= limit {
				return i
			}
		}
	}
	return to
}

// describedLen is about what describes an interface at the start of a file and counts at its end, in bytes.
const describedLen = 200

// add adds frames to the piece that is written next, and writes it unless it waits for more to be compressed with.
func (r *recorder) add(b *batch, from, to int) {
	p := &r.piece
	if p.frames == 0 {
		p.since, p.first = time.Now(), b.frames[from].time
	}
	for i := from; i < to; i++ {
		f := &b.frames[i]
		for len(p.seen) <= f.point.Index {
			p.seen = append(p.seen, 0)
		}
		p.seen[f.point.Index]++
		p.last = max(p.last, f.time)
	}
	blocks := b.blocks[b.blockAt(from):b.blockAt(to)]
	p.frames += uint64(to - from)
	p.size += int64(len(blocks))
	if r.encoder == nil {
		r.flush(blocks)
		return
	}
	if p.bytes = append(p.bytes, blocks...); len(p.bytes) >= batchBytes {
		r.flush(p.bytes)
	}
}

// flush writes the bytes of the piece.
func (r *recorder) flush(bytes []byte) {
	p := &r.piece
	if p.frames == 0 {
		return
	}
	if err := r.put(bytes, p.last); err != nil {
		r.fail(err, p.frames)
	} else {
		r.file.wrote(p)
		r.written(p)
	}
	clear(p.seen)
	*p = piece{bytes: p.bytes[:0], seen: p.seen}
}

// errWaiting says that it is too early to try again.
var errWaiting = errors.New("nothing is written for a while")

// put writes blocks of frames to the file, and before them what it does not tell yet of their interfaces.
func (r *recorder) put(blocks []byte, now int64) error {
	if time.Now().Before(r.retry) {
		return errWaiting
	}
	if r.file.File == nil {
		if err := r.create(now); err != nil {
			return err
		}
	}
	f := &r.file
	if f.described < len(r.known) {
		var b []byte
		for _, i := range r.known[f.described:] {
			b = appendInterface(b, i)
		}
		if err := f.put(b, r.encoder); err != nil {
			return err
		}
		f.described = len(r.known)
	}
	return f.put(blocks, r.encoder)
}

func (r *recorder) written(p *piece) {
	r.counting(func(c *RecordCounters) {
		c.Written += p.frames
		c.Bytes += uint64(p.size)
		if c.Failed != "" {
			r.log(fmt.Sprintf("%s: recording goes on; %d frames are not in it", r.file.name, c.Lost))
			c.Failed = ""
		}
	})
}

// fail counts frames that are lost, and says why when it begins.
func (r *recorder) fail(err error, frames uint64) {
	r.counting(func(c *RecordCounters) {
		c.Lost += frames
		if err == errWaiting {
			return
		}
		r.retry = time.Now().Add(retryAfter)
		if c.Failed == "" {
			c.Failed = bare(err).Error()
			r.log(fmt.Sprintf("%s: %s: frames are not recorded until there is room; analysis goes on", r.file.name, c.Failed))
		}
	})
}

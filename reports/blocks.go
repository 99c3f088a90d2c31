package reports

import (
	"cmp"
	"io"
	"sync"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/flows"
	"pktscope/pcaps"
)

// A run goes block by block. Every worker does all there is to do: it takes a block of frames from the source, decodes them, and when all
// blocks before have been played it plays its own. So the core that copied a block decodes it, and what crosses between cores is small.

// A block has at most so many frames, and about so many bytes of them: what fits into a core's cache.
const (
	blockFrames = 4096
	blockBytes  = 1 << 20
)

// aheadOfPlay is how many blocks each of the other workers may have begun before those before them are played. It is one; twice as many cost
// nothing.
const aheadOfPlay = 2

// run is what the workers of a run share.
type run struct {
	taking  sync.Mutex // held to take a block
	source  pcaps.Source
	intake  intake
	selects func(*dissect.Frame) bool
	left    uint64 // frames that may be taken
	next    uint64 // number of the next block
	ended   bool
	frame   pcaps.Frame
	damage  []error

	playing  sync.Mutex // held to look at what follows
	turned   sync.Cond  // to play has changed
	turn     uint64     // number of the block whose turn it is
	failed   error      // of the consumer
	resolver *dissect.Resolver

	config  *dissect.Config
	options Options
}

func newRun(src pcaps.Source, o Options) *run {
	if o.Filter != nil && o.Filter.Relative() || o.By != nil && o.By.relative() {
		o.Dissect.Relative = true
	}
	config := dissect.NewConfig(o.Dissect)
	r := &run{source: src, intake: intake{points: map[*pcaps.Interface]*dissect.Point{}}, selects: o.Select, left: o.MaximumCount,
		config: config, resolver: config.NewResolver(), options: o}
	r.turned.L = &r.playing
	if r.left == 0 {
		r.left = ^uint64(0)
	}
	return r
}

func (r *run) err() error {
	if r.failed != nil {
		return r.failed
	}
	if r.damage != nil {
		return &IncompleteError{r.damage}
	}
	return nil
}

// taken is a frame of a block.
type taken struct {
	dissect.Frame
	selected bool
}

// block is frames with a copy of their bytes.
type block struct {
	number uint64
	frames []taken
	bytes  []byte
}

// take fills b, as far as its frames have room. It returns false when there are no more.
func (r *run) take(b *block) bool {
	r.taking.Lock()
	defer r.taking.Unlock()
	b.frames, b.bytes = b.frames[:0], b.bytes[:0]
	b.number = r.next
	for !r.ended && len(b.frames) < cap(b.frames) && len(b.bytes) < blockBytes {
		if r.left == 0 {
			r.ended = true
			break
		}
		err := r.source.Next(&r.frame)
		if err == io.EOF {
			r.ended = true
			break
		}
		if err != nil {
			r.damage = append(r.damage, err)
			continue
		}
		r.left--
		b.add(r.intake.frame(&r.frame), r.selects)
	}
	if len(b.frames) == 0 {
		return false
	}
	r.next++
	return true
}

// add copies a frame into the block. The bytes of the frames before it stay where they are, also when there is no room for the new ones'.
func (b *block) add(f *dissect.Frame, selects func(*dissect.Frame) bool) {
	if cap(b.bytes)-len(b.bytes) < len(f.Data) {
		b.bytes = make([]byte, 0, max(2*blockBytes, len(f.Data)))
	}
	start := len(b.bytes)
	b.bytes = append(b.bytes, f.Data...)
	t := taken{Frame: *f, selected: selects == nil || selects(f)}
	t.Data = b.bytes[start:len(b.bytes):len(b.bytes)]
	b.frames = append(b.frames, t)
}

// worker works on one block after another.
type worker struct {
	*run
	shard   Shard
	serial  bool // the shard's packets have to come in capture order
	block   block
	decoder *dissect.Decoder
	packet  dissect.Packet
	filter  *filter.Filter
	verify  bool
	early   bool         // before the filter is asked
	owner   *flows.Owner // nil if nobody asks whose packets are
}

func (r *run) worker(shard Shard) *worker {
	o := &r.options
	w := &worker{run: r, shard: shard, decoder: r.config.NewDecoder(), verify: !o.NoChecksums, early: !o.NoChecksums}
	w.block.frames = make([]taken, 0, cmp.Or(o.block, blockFrames))
	if o.Filter != nil {
		w.filter = o.Filter.Clone()
		w.early = w.filter.NeedsChecksums() // what it does not mean need not be verified
	}
	if o.Owner || o.Filter != nil && o.Filter.NeedsOwner() {
		w.owner = flows.NewOwner(o.Flows.Tenants)
	}
	return w
}

func (w *worker) work() {
	for w.take(&w.block) {
		w.shard.Begin(w.block.number)
		done := 0
		if !w.serial {
			done = w.ahead()
		}
		if !w.play(done) {
			return
		}
	}
}

// ahead takes those packets at the block's start that need nothing of what came before them, and returns how many they are.
func (w *worker) ahead() int {
	for i := range w.block.frames {
		f := &w.block.frames[i]
		w.decoder.Decode(&w.packet, &f.Frame)
		if w.packet.Pending() {
			return i
		}
		if w.early {
			w.packet.Verify()
		}
		w.finished(f.selected)
	}
	return len(w.block.frames)
}

// finished hands the packet over, if it is meant.
func (w *worker) finished(selected bool) {
	if !selected {
		return
	}
	if w.owner != nil {
		w.owner.Set(&w.packet)
	}
	if w.filter != nil && !w.filter.Match(&w.packet) {
		return
	}
	if w.verify {
		w.packet.Verify()
	}
	w.shard.Packet(&w.packet)
}

// play waits for the block's turn, and then does what has to be done in capture order: the packets from number done on are not yet
// looked at, for the first of them needs what came before. It returns false if the run has failed.
func (w *worker) play(done int) bool {
	w.playing.Lock()
	defer w.playing.Unlock()
	for w.turn != w.block.number && w.failed == nil {
		w.turned.Wait()
	}
	if w.failed != nil {
		return false
	}
	if err := w.rest(done); err != nil {
		w.failed = err
	}
	w.turn++
	w.turned.Broadcast()
	return w.failed == nil
}

func (w *worker) rest(done int) error {
	if err := w.shard.Play(); err != nil {
		return err
	}
	for i := range w.block.frames[done:] {
		f := &w.block.frames[done+i]
		w.decoder.Decode(&w.packet, &f.Frame)
		if w.early {
			w.packet.Verify()
		}
		pending := w.packet.Pending()
		if pending {
			w.resolver.Resolve(&w.packet)
			if w.early {
				w.packet.Verify()
			}
		}
		w.finished(f.selected)
		if pending || w.serial { // what the resolver made is good until it makes something else
			if err := w.shard.Play(); err != nil {
				return err
			}
		}
	}
	if err := w.shard.Play(); err != nil {
		return err
	}
	return w.shard.Flush()
}

package reports

import (
	"cmp"
	"math"
	"sync"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/flows"
	"pktscope/pcaps"
)

// A run goes block by block. Every worker does all there is to do: it takes a block of frames from the source, decodes them, and when all
// blocks before have been played it plays its own. So the core that read a block decodes it, and what crosses between cores is small.

// run is what the workers of a run share.
type run struct {
	source pcaps.Source
	last   uint64 // number of the last frame to take
	intake intake

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
	r := &run{source: src, last: cmp.Or(o.MaximumCount, math.MaxUint64), config: config, resolver: config.NewResolver(), options: o}
	r.intake = intake{selects: o.Select, points: map[*pcaps.Interface]*dissect.Point{}}
	r.turned.L = &r.playing
	return r
}

func (r *run) err() error {
	if r.failed != nil {
		return r.failed
	}
	if r.intake.damage != nil {
		return &IncompleteError{r.intake.damage}
	}
	return nil
}

// worker works on one block after another.
type worker struct {
	*run
	shard   Shard
	serial  bool // the shard's packets have to come in capture order
	block   block
	enter   func() // what is done with the block in the order of the capture
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
	w.enter = func() { w.intake.enter(&w.block) }
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
	for w.source.Fill(&w.block.Block, w.last, w.enter) {
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
	for i := range w.block.Frames {
		f, selected := w.block.frame(i)
		w.decoder.Decode(&w.packet, f)
		if w.packet.Pending() {
			return i
		}
		if w.early {
			w.packet.Verify()
		}
		w.finished(selected)
	}
	return len(w.block.Frames)
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
	for i := done; i < len(w.block.Frames); i++ {
		f, selected := w.block.frame(i)
		w.decoder.Decode(&w.packet, f)
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
		w.finished(selected)
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

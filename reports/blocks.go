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

// A run goes block by block. Every worker does all there is to do: it takes a block of frames from the source and decodes them; when it is
// the block's turn, what needs the packets before is resolved; the shard takes the packets; and when all blocks before have been played,
// the block is played. So the core that read a block decodes it, what crosses between cores is small, and only resolving and playing go
// in capture order.

// maxMade is how many bytes the resolver may make for a block, about, before the shard has to play what it has of it.
const maxMade = 4 << 20

// aheadOfPlay is how many blocks each of the other workers may have begun before those before them are played. It is one; twice as many cost
// nothing.
const aheadOfPlay = 2

// run is what the workers of a run share.
type run struct {
	source pcaps.Source
	last   uint64 // number of the last frame to take
	intake intake

	resolving turns
	resolver  *dissect.Resolver // of whose turn it is

	playing turns
	failed  error // of the consumer; looked at by whose turn to play it is

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
	r.resolving.passed.L, r.playing.passed.L = &r.resolving.mutex, &r.playing.mutex
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

// turns lets workers do something one after the other, in the order of their blocks.
type turns struct {
	mutex  sync.Mutex
	passed sync.Cond
	block  uint64 // number of the block whose turn it is
}

// await waits for the turn of a block.
func (t *turns) await(block uint64) {
	t.mutex.Lock()
	for t.block != block {
		t.passed.Wait()
	}
	t.mutex.Unlock()
}

// pass ends the turn that somebody has.
func (t *turns) pass() {
	t.mutex.Lock()
	t.block++
	t.passed.Broadcast()
	t.mutex.Unlock()
}

// worker works on one block after another.
type worker struct {
	*run
	shard   Shard
	watcher Watcher // the shard, if it is one
	block   block
	enter   func() // what is done with the block in the order of the capture
	decoder *dissect.Decoder
	filter  *filter.Filter
	verify  bool
	early   bool         // before the filter is asked
	owner   *flows.Owner // nil if nobody asks whose packets are

	held     []dissect.Packet // the block's packets from the first on that needs what came before it
	resolved int              // how many of them are
	finished int              // how many the shard had
	made     []byte           // what the resolver made for those between
}

func (r *run) worker(shard Shard) *worker {
	o := &r.options
	w := &worker{run: r, shard: shard, decoder: r.config.NewDecoder(), verify: !o.NoChecksums, early: !o.NoChecksums}
	w.watcher, _ = shard.(Watcher)
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
		w.shard.Begin(w.block.number)
		w.ahead()
		w.resolving.await(w.block.number)
		for all := false; !all; {
			if all = w.resolve(); all {
				w.resolving.pass()
			}
			w.finish()
			w.playing.await(w.block.number)
			if w.failed == nil {
				w.failed = w.shard.Play()
			}
		}
		if w.failed == nil {
			w.failed = w.shard.Flush()
		}
		failed := w.failed != nil
		w.playing.pass()
		if failed {
			return
		}
	}
}

// ahead decodes the block. Those packets at its start that need nothing of what came before them go to the shard at once.
func (w *worker) ahead() {
	w.held, w.resolved, w.finished = w.held[:0], 0, 0
	for i := range w.block.Frames {
		f, selected := w.block.frame(i)
		n := len(w.held)
		if n == cap(w.held) {
			w.held = append(w.held, dissect.Packet{})
		}
		w.held = w.held[:n+1]
		p := &w.held[n]
		if w.options.Undissected {
			p.Reset(f)
		} else {
			w.decoder.Decode(p, f)
		}
		if w.early {
			p.Verify()
		}
		if n == 0 && !p.Pending() {
			w.held = w.held[:0]
			w.hand(p, selected)
		}
	}
}

// resolve resolves the packets that are held, as many as there is room for. It returns true if these were all.
func (w *worker) resolve() bool {
	w.made = w.made[:0]
	for ; w.resolved < len(w.held); w.resolved++ {
		p := &w.held[w.resolved]
		if !p.Pending() {
			continue
		}
		if len(w.made) >= cmp.Or(w.options.made, maxMade) {
			return false
		}
		w.resolver.Resolve(p)
		w.made = p.Keep(w.made)
	}
	return true
}

// finish hands the packets over that are resolved.
func (w *worker) finish() {
	notes := w.block.notes[len(w.block.notes)-len(w.held):]
	for ; w.finished < w.resolved; w.finished++ {
		p := &w.held[w.finished]
		if w.early {
			p.Verify() // what the resolver added
		}
		w.hand(p, notes[w.finished].selected)
	}
}

// hand gives a packet to the shard, if it is meant.
func (w *worker) hand(p *dissect.Packet, selected bool) {
	if !selected {
		return
	}
	if w.watcher != nil {
		w.watcher.See(&p.Frame)
	}
	if w.owner != nil {
		w.owner.Set(p)
	}
	if w.filter != nil && !w.filter.Match(p) {
		return
	}
	if w.verify {
		p.Verify()
	}
	w.shard.Packet(p)
}

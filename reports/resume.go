package reports

import (
	"sync"

	"pktscope/pcaps"
)

// Reader is [Read] in parts, for a source that ends where somebody wants to look at what there is, and then goes on: a live capture at the
// end of an interval. What was learned from packets, capture points and fragments that wait stay from part to part.
type Reader struct {
	run     *run
	workers []*worker
}

// NewReader prepares to take the packets of src to c.
func NewReader(src pcaps.Source, o Options, c Sharded) *Reader {
	r := &Reader{run: newRun(src, o)}
	for range max(1, o.Workers) {
		r.workers = append(r.workers, r.run.worker(c.NewShard()))
	}
	return r
}

// Read takes packets until the source ends, or there were [Options.MaximumCount] in all. All of them are flushed then. It can be called
// again.
func (r *Reader) Read() error {
	var working sync.WaitGroup
	for _, w := range r.workers {
		working.Go(w.work)
	}
	working.Wait()
	return r.run.err()
}

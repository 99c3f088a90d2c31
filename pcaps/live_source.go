package pcaps

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Live is a capture at interfaces. One goroutine reads the rings of the kernel into batches and hands each to the recorder, if there is
// one, which is waited for, and to analysis, which is not: when it is so far behind that its queue is full, it misses a batch, and that is
// counted. So what is lost under load is first analysis, then, when the disk cannot follow, frames in the kernel's ring.
//
// A Live is a [Source] whose Fill waits for frames. It ends some time after Stop.
type Live struct {
	options  LiveOptions
	queue    *queue
	recorder *recorder // nil if nothing is recorded
	device   device
	started  sync.Once
	stopping sync.Once
	ended    chan struct{} // closed when nothing is captured any more

	mutex      sync.Mutex
	interfaces []*Interface // only ever appended to
	state      LiveState

	filling sync.Mutex
	read    atomic.Int64
	kept    recent
}

// device is the platform's way to capture.
type device interface {
	// capture captures until stop was called, and hands over all that was captured until then.
	capture()
	stop()
	cutNow()
	close()
}

// LiveState is where a capture is.
type LiveState struct {
	Time       int64               // packet time of the last frame that was handed over, in ns since the Unix epoch; 0 before the first
	Interfaces []InterfaceCounters // since the start, by name
	Recording  *RecordCounters     // nil if nothing is recorded
	Waiting    int                 // bytes that wait for analysis
}

// Counters are those of all interfaces together.
func (s LiveState) Counters() (all Counters) {
	for i := range s.Interfaces {
		all = all.Plus(s.Interfaces[i].Counters)
	}
	return all
}

func newLive(o LiveOptions) *Live {
	l := &Live{options: o, queue: newQueue(cmp.Or(o.Queue, DefaultQueue)), ended: make(chan struct{})}
	l.kept.limit = o.Recent
	return l
}

// Record writes to files what is captured. It has to be called before the first frame is read.
func (l *Live) Record(o RecordOptions) error {
	r, err := startRecorder(o, l.log)
	if err != nil {
		return err
	}
	l.recorder = r
	return nil
}

func (l *Live) log(line string) {
	if l.options.Log != nil {
		l.options.Log(line)
	}
}

// start captures from now on.
func (l *Live) start() {
	l.started.Do(func() {
		go func() {
			defer close(l.ended)
			l.device.capture()
		}()
	})
}

// Stop ends capturing. What was captured until then can still be read, and then the source ends.
func (l *Live) Stop() { l.stopping.Do(l.device.stop) }

// Cut ends the interval soon, before its time.
func (l *Live) Cut() { l.device.cutNow() }

// Fill implements [Source]. It passes over marks.
func (l *Live) Fill(b *Block, last uint64, inOrder func()) bool {
	for {
		mark, ok := l.FillOrMark(b, last, inOrder)
		if mark == nil {
			return ok
		}
	}
}

// FillOrMark is Fill, but it returns a mark, and fills nothing, where an interval ends.
func (l *Live) FillOrMark(b *Block, last uint64, inOrder func()) (mark *Mark, ok bool) {
	b.empty()
	l.start()
	l.filling.Lock()
	defer l.filling.Unlock()
	item, ok := l.queue.next()
	if !ok || item.mark != nil {
		return item.mark, false
	}
	b.lay(item.batch, last)
	l.read.Add(int64(len(item.batch.blocks)))
	l.kept.add(item.batch)
	item.batch.release()
	if len(b.Frames) == 0 {
		return nil, false // they are behind the last
	}
	inOrder()
	return nil, true
}

// State says where the capture is. Any goroutine may ask.
func (l *Live) State() LiveState {
	l.mutex.Lock()
	s := l.state
	l.mutex.Unlock()
	if l.recorder != nil {
		s.Recording = l.recorder.counters()
	}
	s.Waiting = l.queue.waiting()
	return s
}

// Interfaces implements [Source]: those that frames were seen at.
func (l *Live) Interfaces() []*Interface {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return slices.Clone(l.interfaces)
}

// addInterface adds an interface that nobody knows yet.
func (l *Live) addInterface(i *Interface) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	i.Index, i.ID = len(l.interfaces), len(l.interfaces)
	l.interfaces = append(l.interfaces, i)
}

// OutOfOrder implements [Source]. Nobody counts it: frames of several interfaces are put in order within the time that the kernel keeps them.
func (l *Live) OutOfOrder() uint64 { return 0 }

// BytesRead implements [Source].
func (l *Live) BytesRead() int64 { return l.read.Load() }

// Size implements [Source].
func (l *Live) Size() int64 { return -1 }

// Readers implements [Source]: there are no files.
func (l *Live) Readers() []*Reader { return nil }

// Close ends capturing, if Stop has not, and closes everything. What was not read is gone; what was recorded stays.
func (l *Live) Close() error {
	l.start() // so that it can end
	l.Stop()
	<-l.ended
	l.kept.clear()
	l.device.close()
	return nil
}

// recent keeps the last batches that were analysed.
type recent struct {
	mutex   sync.Mutex
	limit   int // bytes
	bytes   int
	batches []*batch
}

func (r *recent) add(b *batch) {
	if r.limit == 0 {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	b.hold()
	r.batches = append(r.batches, b)
	r.bytes += b.size()
	for r.bytes > r.limit && len(r.batches) > 1 {
		oldest := r.batches[0]
		r.bytes -= oldest.size()
		r.batches = r.batches[1:]
		oldest.release()
	}
}

func (r *recent) clear() {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for _, b := range r.batches {
		b.release()
	}
	r.batches, r.bytes = nil, 0
}

// Recent is the last frames that were read, as many as [LiveOptions.Recent] keeps. It stays as it is while capturing goes on, and has to be
// closed, for it holds memory. Any goroutine may ask.
func (l *Live) Recent() Source {
	l.kept.mutex.Lock()
	defer l.kept.mutex.Unlock()
	s := &recentSource{live: l, batches: slices.Clone(l.kept.batches)}
	for _, b := range s.batches {
		b.hold()
		s.size += int64(len(b.blocks))
	}
	return s
}

// recentSource is a source of frames that were captured a while ago.
type recentSource struct {
	live    *Live
	size    int64
	filling sync.Mutex
	batches []*batch // that were not read yet
}

func (s *recentSource) Fill(b *Block, last uint64, inOrder func()) bool {
	b.empty()
	s.filling.Lock()
	defer s.filling.Unlock()
	if len(s.batches) == 0 || s.batches[0].first > last {
		return false
	}
	b.lay(s.batches[0], last)
	s.batches[0].release()
	s.batches = s.batches[1:]
	inOrder()
	return true
}

func (s *recentSource) Interfaces() []*Interface { return s.live.Interfaces() }
func (s *recentSource) OutOfOrder() uint64       { return 0 }
func (s *recentSource) BytesRead() int64         { return s.size }
func (s *recentSource) Size() int64              { return s.size }
func (s *recentSource) Readers() []*Reader       { return nil }

func (s *recentSource) Close() error {
	s.filling.Lock()
	defer s.filling.Unlock()
	for _, b := range s.batches {
		b.release()
	}
	s.batches = nil
	return nil
}

// hand gives a batch to the recorder and to analysis, and returns whether analysis took it. The batch is not the caller's any more.
func (l *Live) hand(b *batch, known []*Interface, rows []InterfaceCounters) (analysed bool) {
	if l.recorder != nil {
		l.recorder.record(b, known, rows)
	}
	analysed = l.queue.push(b)
	b.release()
	return analysed
}

// publish makes the counters known to whoever asks.
func (l *Live) publish(rows []InterfaceCounters, latest int64) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.state.Interfaces, l.state.Time = rows, latest
}

// finish ends recording and then the queue, with the last mark. Counters are those of all that was captured.
func (l *Live) finish(last *Mark, rows []InterfaceCounters) {
	if l.recorder != nil {
		l.recorder.finish(l.Interfaces(), rows)
		last.Recording = l.recorder.counters()
	}
	l.queue.mark(last)
	l.queue.close()
}

// schedule says where intervals end.
type schedule struct {
	every    int64 // ns; 0 for never
	from, to int64 // packet times of the interval that is open
}

func newSchedule(every time.Duration, start int64) schedule {
	return schedule{int64(every), start, start + int64(every)}
}

// over tells whether a frame of that time is not of the open interval any more.
func (s *schedule) over(t int64) bool { return s.every > 0 && t >= s.to }

// next opens the interval that time t lies in, or the one behind the open one if t does not lie behind it. Intervals in which there was
// nothing, between both, are left out.
func (s *schedule) next(t int64) {
	s.from = s.to
	if behind := t - s.from; behind >= s.every {
		s.from += behind - behind%s.every
	}
	s.to = s.from + s.every
}

package journeys

import (
	"slices"
	"time"

	"pktscope/dissect"
)

// Options are choices for a [Follower]. The zero value has the defaults.
type Options struct {
	Window  time.Duration // how long a packet is waited for after it was captured first; 0 is two seconds
	Packets int           // that wait at most; 0 is 65,536

	// Files are the captures in the order in which somebody named them: offsets are against the clock of the first one. Without any it is the
	// file that the first frame is from.
	Files []string

	Flow uint64 // whose packet is to be drawn, as [Result.Flows] numbers them; 0 for none
}

const (
	defaultWindow  = 2 * time.Second
	defaultPackets = 1 << 16
)

// Follower follows packets. It takes them in capture order, and is for one goroutine; but shards of it read packets beside each other.
type Follower struct {
	Counts
	options Options
	places  places
	clocks  clocks
	named   []*clock // in the order of the files, in the end
	ends    endsTable
	now     int64 // latest time of a packet, by the clock of its file

	waiting    []journey // a ring, from head to next
	head, next uint64    // numbers of journeys, from 1
	byPrint    map[uint64]uint64
	byHeader   map[uint64]uint64
	blocks     map[uint64]uint64
	typical    map[hop]int64
	keeps      map[[2]int32]bool // points between which packets keep their identifications

	own    *shard // of See and Packet; nil if nobody has called them
	held   []held // not to be put in order before the clocks are known
	routes routes
	draw   drawing
}

// Counts are what is counted besides routes.
type Counts struct {
	Frames     uint64          // all of them
	Unfollowed [reasons]uint64 // frames that are not followed, by why
	Packets    uint64          // that were followed
	Encrypted  uint64          // frames of ESP, whose inside cannot be followed
	Crowded    uint64          // packets that were judged early, to keep the limit on those that wait
	Identical  uint64          // captures that could be of several packets, which are alike in everything
	Segmented  uint64          // packets whose bytes are at another point in segments of other sizes
	Circling   uint64          // captures beyond what is remembered of one packet
}

// NewFollower returns a follower that has seen nothing.
func NewFollower(o Options) *Follower {
	if o.Window <= 0 {
		o.Window = defaultWindow
	}
	if o.Packets <= 0 {
		o.Packets = defaultPackets
	}
	return &Follower{
		options: o, places: newPlaces(maxPlaces),
		clocks: clocks{byFile: map[string]int{}, pairs: map[[2]int]*clockPair{}}, ends: newEndsTable(maxEnds),
		head: 1, next: 1, byPrint: map[uint64]uint64{}, byHeader: map[uint64]uint64{}, blocks: map[uint64]uint64{}, typical: map[hop]int64{}, keeps: map[[2]int32]bool{},
		routes: newRoutes(),
	}
}

// Places are all places at which packets were captured, in the order in which they were met.
func (f *Follower) Places() []*Place { return f.places.all }

// at returns a journey that waits.
func (f *Follower) at(n uint64) *journey { return &f.waiting[(n-1)%uint64(len(f.waiting))] }

// See takes each frame that is read, also one that a filter leaves out: it shows for how long there was a capture at a point.
func (f *Follower) See(frame *dissect.Frame) { f.ownShard().See(frame) }

// Packet takes a packet. Nothing in it is pending, and its checksums are verified.
func (f *Follower) Packet(p *dissect.Packet) error {
	s := f.ownShard()
	s.Packet(p)
	return s.Play()
}

// ownShard is the shard of somebody who needs no others.
func (f *Follower) ownShard() *shard {
	if f.own == nil {
		f.own = f.newShard()
	}
	return f.own
}

// see takes when there were frames at a capture point.
func (f *Follower) see(w *span) {
	clock := f.clocks.at(w.point)
	f.clocks.see(clock, w.first)
	f.clocks.see(clock, w.last)
}

// take takes what a packet says, in the words of a shard.
func (f *Follower) take(s *shard, say *saying) {
	f.Frames++
	if say.why == timeless {
		f.Unfollowed[timeless]++
		return
	}
	c := &say.capture
	f.now = max(f.now, c.time)
	f.expire()
	c.clock = int16(f.clocks.at(say.point))
	if say.encrypted {
		f.Encrypted++
	}
	if say.why == followed && !s.numbered(c) {
		say.why = noRoom
	}
	if say.why != followed {
		f.Unfollowed[say.why]++
		return
	}
	place := f.places.all[c.place]
	c.point = place.at
	place.Frames++
	place.Bytes += uint64(say.wireLen)
	n, v := f.find(say.prints, c, say.proves)
	switch {
	case v == repeat:
		f.at(n).again++
		place.Again++
	case v == another:
		f.begin(say.prints, c)
	default:
		f.join(n, c)
	}
}

// begin makes a journey of a packet's first capture.
func (f *Follower) begin(w prints, c *capture) {
	if waits := int(f.next - f.head); waits >= f.options.Packets {
		f.Crowded++
		f.leave()
	} else if waits == len(f.waiting) {
		f.grow()
	}
	n := f.next
	f.next++
	j := f.at(n)
	*j = journey{prints: w, captures: append(j.captures[:0], *c), begun: f.now}
	if w.print != 0 {
		j.older[0], f.byPrint[w.print] = f.byPrint[w.print], n
	}
	if w.header != 0 {
		j.older[1], f.byHeader[w.header] = f.byHeader[w.header], n
	}
	f.segmented(n, c)
}

// grow doubles the ring.
func (f *Follower) grow() {
	old := f.waiting
	bigger := make([]journey, min(max(64, 2*len(old)), f.options.Packets))
	for n := f.head; n < f.next; n++ {
		bigger[(n-1)%uint64(len(bigger))] = old[(n-1)%uint64(len(old))]
	}
	f.waiting = bigger
}

// join adds a capture to a journey.
func (f *Follower) join(n uint64, c *capture) {
	j := f.at(n)
	if len(j.captures) >= maxCaptures {
		f.Circling++
		return
	}
	was := &j.captures[len(j.captures)-1]
	settled := false
	if len(f.clocks.all) > 1 && c.named() {
		for i := range j.captures {
			if d := &j.captures[i]; d.clock != c.clock {
				s := f.sighted(d, c)
				settled = f.clocks.compare(&s) || settled
			}
		}
	}
	if !j.identical {
		f.remember(was, c)
	}
	if points := pointsOf(j, c); c.ipID != 0 && c.ipID == was.ipID && !f.keeps[points] && len(f.keeps) < maxHops {
		f.keeps[points] = true
	}
	j.captures = append(j.captures, *c)
	if settled {
		f.release(false)
	}
}

// expire judges the packets that have waited long enough.
func (f *Follower) expire() {
	for f.head < f.next && f.now-f.at(f.head).begun > int64(f.options.Window) {
		f.leave()
	}
}

// leave judges the packet that waits longest.
func (f *Follower) leave() {
	n := f.head
	j := f.at(n)
	forget(f.byPrint, j.print, n)
	forget(f.byHeader, j.header, n)
	forget(f.blocks, j.block, n)
	f.head++
	if f.clocks.settled() || len(f.held) >= maxHeld {
		f.judge(j.captures, j.resegments)
		return
	}
	f.held = append(f.held, held{slices.Clone(j.captures), j.resegments})
}

// held is a packet that has left before the clocks were known.
type held struct {
	captures   []capture
	resegments bool
}

// maxHeld bounds them.
const maxHeld = 1 << 16

// release judges the packets that were held for want of clocks, if all clocks are known now, or if no more will be learned.
func (f *Follower) release(end bool) {
	if !end && !f.clocks.settled() {
		return
	}
	for i := range f.held {
		f.judge(f.held[i].captures, f.held[i].resegments)
	}
	f.held = nil
}

func forget(index map[uint64]uint64, key, n uint64) {
	if index[key] == n {
		delete(index, key)
	}
}

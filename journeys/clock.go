package journeys

import (
	"math"
	"net/netip"
	"slices"

	"pktscope/dissect"
)

// Each file has a clock of its own; the interfaces of one file share it. A packet that is captured with two clocks takes some time from one
// place to the other, so that the difference of its two times is the offset of the clocks and that delay, or less that delay if it goes
// the other way. With the least delay of either direction the offset is half of the sum, and no more wrong than half of the difference
// (RFC 5905 §8 does the same with one packet of each direction). If no packet contradicts it the clocks are taken for equal, as those of
// one machine are. Which of two directions is which need not be known: it is the one with the greater differences that goes from the first
// clock to the second. So packets can be put in order before the offset is known well.

// clock is that of a file.
type clock struct {
	file      string
	reference int64 // what its times are ahead of the first clock's, as it was known when packets were put in order
	known     bool  // the reference is estimated
	final     int64
	quality   Quality

	seen        bool
	first, last int64 // times of frames
}

// Quality says how good the offset of a clock is.
type Quality struct {
	Known        bool
	Error        int64     // the offset is no more wrong than this, in nanoseconds, unless the clocks drift
	Packets      [2]uint64 // on which it rests, of each direction
	Against      string    // the file whose clock it was compared with
	from         int       // that clock
	Inconsistent bool      // the least delays contradict each other: one clock is faster than the other
}

// clocks are all of a run, the first of them being the one that the others are compared with.
type clocks struct {
	byFile map[string]int
	all    []*clock
	pairs  map[[2]int]*clockPair
	open   int // clocks whose reference is not estimated

	point   *dissect.Point // that was asked for last
	ofPoint int            // its clock
}

// clockPair is what packets that were captured with both tell.
type clockPair struct {
	talks   map[talk]*[2]extremes // by the hosts' order
	samples uint64

	offset  int64 // of b against a, as it was estimated last
	quality Quality
}

// talk is two hosts whose packets were captured at two points. Packets from one to the other all go one way between these.
type talk struct {
	points [2]int32 // that with clock a first
	hosts  [2]netip.Addr
}

// extremes of the differences between the times of packets.
type extremes struct {
	packets  uint64
	min, max int64
}

const (
	maxTalks  = 1024 // of two clocks
	minProofs = 4    // packets of each direction before an order of packets is built on an estimate
)

// of returns the number of a file's clock.
func (c *clocks) of(file string) int {
	n, ok := c.byFile[file]
	if !ok {
		n = len(c.all)
		c.byFile[file] = n
		c.all = append(c.all, &clock{file: file, known: n == 0})
		if n > 0 {
			c.open++
		}
	}
	return n
}

// at returns the number of the clock of a capture point. Points mostly come in a row.
func (c *clocks) at(point *dissect.Point) int {
	if point != c.point {
		c.point, c.ofPoint = point, c.of(point.File)
	}
	return c.ofPoint
}

// see takes the time of a frame.
func (c *clocks) see(clock int, t int64) {
	k := c.all[clock]
	if !k.seen {
		k.seen, k.first, k.last = true, t, t
	}
	k.first, k.last = min(k.first, t), max(k.last, t)
}

// live tells whether clock's file has frames both before and long enough after time t, which is by the first clock.
func (c *clocks) live(clock int, t, after int64) bool {
	k := c.all[clock]
	return k.seen && k.first-k.reference <= t && k.last-k.reference >= t+after
}

// early tells whether a packet that was captured at time t, by the first clock, may have passed a place before the file there begins.
func (c *clocks) early(t, before int64) bool {
	for _, k := range c.all {
		if k.seen && k.first-k.reference > t-before {
			return true
		}
	}
	return false
}

// comparable tells whether the time between two captures is known.
func (c *clocks) comparable(a, b *capture) bool {
	return a.clock == b.clock || c.all[a.clock].known && c.all[b.clock].known
}

// settled tells that no clock's reference is open.
func (c *clocks) settled() bool { return c.open == 0 }

// corrected is a time by the first clock, as far as that is known.
func (c *clocks) corrected(clock int, t int64) int64 { return t - c.all[clock].reference }

// sighting is two captures of a packet by two clocks, that of the lower number first.
type sighting struct {
	x, y      *capture
	who       talk
	direction int // 1 if the host that stands second in who sent it
}

// sighted puts two captures of different clocks in order. Hosts are named by the addresses at the first clock, which a translator of
// addresses leaves alike in both directions.
func (f *Follower) sighted(x, y *capture) (s sighting) {
	if x.clock > y.clock {
		x, y = y, x
	}
	s.x, s.y, s.who.points = x, y, [2]int32{x.point, y.point}
	s.who.hosts = x.hosts()
	if h := &s.who.hosts; h[1].Less(h[0]) {
		s.direction, h[0], h[1] = 1, h[1], h[0]
	}
	return s
}

// order compares the captures of a sighting by time: x was first if it is negative. It is 0 where nobody can tell yet.
func (c *clocks) order(s *sighting) int {
	pair := c.pairs[[2]int{int(s.x.clock), int(s.y.clock)}]
	if pair == nil {
		return 0
	}
	e := pair.talks[s.who]
	switch {
	case e == nil || e[0].packets == 0 || e[1].packets == 0:
		return 0
	case e[s.direction].after(&e[1-s.direction]):
		return -1
	}
	return 1
}

// compare learns from two captures of a packet. It returns true if it settled a clock.
func (c *clocks) compare(s *sighting) bool {
	x, y, who, direction := s.x, s.y, s.who, s.direction
	key := [2]int{int(x.clock), int(y.clock)}
	pair := c.pairs[key]
	if pair == nil {
		pair = &clockPair{talks: map[talk]*[2]extremes{}}
		c.pairs[key] = pair
	}
	e := pair.talks[who]
	if e == nil {
		if len(pair.talks) >= maxTalks {
			return false
		}
		e = new([2]extremes)
		pair.talks[who] = e
	}
	e[direction].add(y.time - x.time)
	pair.samples++
	if c.open == 0 || pair.samples&(pair.samples-1) != 0 { // at powers of 2
		return false
	}
	pair.estimate()
	return pair.quality.Known && c.all[x.clock].known != c.all[y.clock].known && c.settle(minProofs)
}

// after tells whether the differences of e are greater than those of the opposite direction.
func (e *extremes) after(o *extremes) bool { return e.min/2+e.max/2 >= o.min/2+o.max/2 }

func (e *extremes) add(difference int64) {
	if e.packets == 0 {
		e.min, e.max = difference, difference
	}
	e.packets++
	e.min, e.max = min(e.min, difference), max(e.max, difference)
}

// estimate estimates the offset, if there are packets of both directions.
func (p *clockPair) estimate() {
	forward, back := extremes{min: math.MaxInt64}, extremes{max: math.MinInt64}
	for _, e := range p.talks {
		there, other := &e[0], &e[1]
		if there.packets == 0 || other.packets == 0 {
			continue
		}
		if !there.after(other) {
			there, other = other, there
		}
		forward.packets += there.packets
		back.packets += other.packets
		forward.min, back.max = min(forward.min, there.min), max(back.max, other.max)
	}
	if forward.packets == 0 {
		return
	}
	width := forward.min - back.max
	p.quality = Quality{Known: true, Packets: [2]uint64{forward.packets, back.packets}, Inconsistent: width < 0}
	if back.max <= 0 && forward.min >= 0 { // one clock, or two that are set well
		p.offset, p.quality.Error = 0, max(forward.min, -back.max)
		return
	}
	p.offset, p.quality.Error = back.max+width/2, (max(width, -width)+1)/2
}

// settle estimates the references of those clocks that have none, out of at least so many packets of each direction. It returns
// whether there was one.
func (c *clocks) settle(atLeast uint64) (any bool) {
	for c.open > 0 {
		offset, n, _ := c.nearest(atLeast, func(k *clock) (int64, bool) { return k.reference, k.known })
		if n < 0 {
			break
		}
		c.all[n].reference, c.all[n].known = offset, true
		c.open--
		any = true
	}
	return any
}

// giveUp takes the clocks that are still open for equal to the first one: no more will be learned of them.
func (c *clocks) giveUp() { c.open = 0 }

// nearest returns, of the clocks whose offset is not known, the one that can be compared best with one whose offset is; -1 for none.
func (c *clocks) nearest(atLeast uint64, offsetOf func(*clock) (int64, bool)) (offset int64, n int, q Quality) {
	n = -1
	for a := range c.all {
		for b := a + 1; b < len(c.all); b++ {
			pair := c.pairs[[2]int{a, b}]
			if pair == nil {
				continue
			}
			base, known := offsetOf(c.all[a])
			_, other := offsetOf(c.all[b])
			from, to := a, b
			if known == other {
				continue
			}
			sign := int64(1)
			if other {
				from, to, sign = b, a, -1
				base, _ = offsetOf(c.all[b])
			}
			d, quality := pair.offset, pair.quality
			if !quality.Known || min(quality.Packets[0], quality.Packets[1]) < atLeast || n >= 0 && !better(quality, q) {
				continue
			}
			quality.Against, quality.from = c.all[from].file, from
			offset, n, q = base+sign*d, to, quality
		}
	}
	return offset, n, q
}

func better(a, b Quality) bool {
	if a.Inconsistent != b.Inconsistent {
		return b.Inconsistent
	}
	return a.Error < b.Error
}

// finish works out the offsets by all that was learned, against the first of the files that has frames, and puts the clocks in the order of
// the files.
func (c *clocks) finish(files []string) (inOrder []*clock) {
	for _, file := range files {
		if n, ok := c.byFile[file]; ok && c.all[n].seen && !slices.Contains(inOrder, c.all[n]) {
			inOrder = append(inOrder, c.all[n])
		}
	}
	for _, k := range c.all {
		if !slices.Contains(inOrder, k) {
			inOrder = append(inOrder, k)
		}
	}

	for _, pair := range c.pairs {
		pair.estimate()
	}
	done := make(map[*clock]bool)
	if len(inOrder) > 0 {
		done[inOrder[0]] = true
	}
	for {
		offset, n, q := c.nearest(1, func(k *clock) (int64, bool) { return k.final, done[k] })
		if n < 0 {
			break
		}
		q.Error += c.all[q.from].quality.Error
		c.all[n].final, c.all[n].quality = offset, q
		done[c.all[n]] = true
	}
	for _, k := range c.all {
		if !done[k] {
			k.final = k.reference
		}
	}
	return inOrder
}

// shift is what has to be added to a delay between two clocks that was measured with their references.
func (c *clocks) shift(from, to int) int64 {
	a, b := c.all[from], c.all[to]
	return (b.reference - b.final) - (a.reference - a.final)
}

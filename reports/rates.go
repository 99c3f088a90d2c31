package reports

import "math"

// A Run is a stretch of packets, in capture order, that fall into one second of packet time.
type Run struct {
	First, Last    int64 // the lowest and the highest time of a packet, nanoseconds since 1970
	Packets, Bytes uint64

	start int64 // of the second, nanoseconds since 1970; it wraps around in the first second of an int64
}

// Runs collects a block's packets for [Rates.Play]. A worker fills it, and empties it with runs[:0] for the next block.
type Runs []Run

// Add counts a packet of so many bytes on the wire at ns nanoseconds since 1970.
func (r *Runs) Add(ns int64, bytes uint64) {
	if n := len(*r); n > 0 {
		if last := &(*r)[n-1]; uint64(ns-last.start) < 1e9 { // to divide takes longer than all the rest
			last.First, last.Last = min(last.First, ns), max(last.Last, ns)
			last.Packets++
			last.Bytes += bytes
			return
		}
	}
	*r = append(*r, Run{ns, ns, 1, bytes, second(ns) * 1e9})
}

// second returns the second that ns falls into; it rounds down before 1970 too.
func second(ns int64) int64 {
	s := ns / 1e9
	if ns%1e9 < 0 {
		s--
	}
	return s
}

// Rates finds the mean and the busiest second. Seconds are those of UTC, not counted from the first packet.
//
// Its memory is the same for a capture of any length: the last 1,024 seconds, or those that [NewRates] was told, each in the place that
// its number gives (modulo 1,024), until another second needs the place. What is added only grows, so a peak is known as soon as it is
// reached and a second that gives up its place needs no attention. A jump to another year costs as much as the
// next packet.
//
// Only when time goes back by more than the window may a second return that has lost its place. It is then counted
// anew, and a peak can come out lower than it was: PeaksExact says so.
type Rates struct {
	first, last    int64
	packets, bytes uint64
	window         []bin
	peakPackets    Peak
	peakBytes      Peak
	wentBack       bool
}

// NewRates returns one whose window is so many seconds long. The zero Rates has 1,024.
func NewRates(seconds int) Rates { return Rates{window: make([]bin, seconds)} }

type bin struct {
	second         int64
	packets, bytes uint64 // packets is 0 in a place never used
}

// A Peak is the busiest second, the earliest of several.
type Peak struct {
	Second int64  // since 1970
	Amount uint64 // packets or bytes in it
}

// Play adds a block's runs. Blocks must come in capture order; where one ends and the next begins changes nothing.
func (r *Rates) Play(runs Runs) {
	for i := range runs {
		r.add(&runs[i])
	}
}

func (r *Rates) add(run *Run) {
	if r.window == nil {
		r.window = make([]bin, 1024)
	}
	if r.packets == 0 {
		r.first, r.last = math.MaxInt64, math.MinInt64
	}
	r.first, r.last = min(r.first, run.First), max(r.last, run.Last)
	r.packets += run.Packets
	r.bytes += run.Bytes

	s := second(run.First)
	b := &r.window[uint64(s)%uint64(len(r.window))]
	if b.packets > 0 && b.second != s {
		r.wentBack = r.wentBack || b.second > s
		*b = bin{}
	}
	b.second = s
	b.packets += run.Packets
	b.bytes += run.Bytes
	r.peakPackets.raise(s, b.packets)
	r.peakBytes.raise(s, b.bytes)
}

func (p *Peak) raise(second int64, amount uint64) {
	if amount > p.Amount || amount == p.Amount && second < p.Second {
		*p = Peak{second, amount}
	}
}

// Span returns the times of the earliest and the latest packet, nanoseconds since 1970, and how far apart they are,
// which may be more than an int64 holds.
func (r *Rates) Span() (first, last int64, ns uint64) {
	return r.first, r.last, uint64(r.last) - uint64(r.first)
}

// Mean returns packets and bits a second from the first packet to the last, absent where these have one time.
func (r *Rates) Mean() (packets, bits Cell) {
	_, _, ns := r.Span()
	return PacketRate(r.packets, ns), BitRate(r.bytes, ns)
}

// Peaks returns the second with the most packets and the one with the most bytes; Amount is 0 without packets.
func (r *Rates) Peaks() (packets, bytes Peak) { return r.peakPackets, r.peakBytes }

// Reset starts over with a window of the same length.
func (r *Rates) Reset() {
	clear(r.window)
	*r = Rates{window: r.window}
}

// PeaksExact tells whether Peaks is certain; otherwise some second may have been busier.
func (r *Rates) PeaksExact() bool { return !r.wentBack }

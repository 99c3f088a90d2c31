package journeys

import "net/netip"

// journey is a packet that waits: more captures of it may come.
type journey struct {
	prints
	captures []capture // in the order in which they came
	begun    int64     // when the first one came
	older    [2]uint64 // the journey before with the same print, and with the same header; 0 for none
	block    uint64    // of TCP's numbers, see segmented
	before   uint64    // the journey before in that block

	again      uint16 // captures that changed nothing
	resegments bool   // what it carries is at another point in segments of other sizes
	identical  bool   // another packet could as well be the one
}

// maxCaptures bounds the captures of a packet. Only one that runs in circles has more.
const maxCaptures = 16

// again is how long after a frame the same one is captured once more, in nanoseconds, if it was not sent again: a mirror copies it where it
// comes in and where it goes out.
const again = 5e6

// atOnce is how long a bridge takes at most to send a frame back to the point that it came from, with other tags, in nanoseconds.
const atOnce = 500e3

// aLong is how long a packet that is like others may have taken to a place where none of them was ever captured, in nanoseconds.
const aLong = 100e6

// maxCandidates bounds how many packets that are alike are looked at.
const maxCandidates = 64

// verdict of comparing a capture with a journey.
type verdict uint8

const (
	another verdict = iota
	repeat          // the same once more, at a place where it was
	changed         // it fits by its header, and its payload is another one
	alike           // it fits but for the identification
	fits
)

// compare tells whether c can be a capture of the packet of j. proves says that the print alone is enough where addresses differ; byPrint,
// that it is by the print that j was found.
func (j *journey) compare(c *capture, proves, byPrint bool) verdict {
	was := &j.captures[len(j.captures)-1]
	here := -1 // the last capture at this place
	for i := range j.captures {
		if d := &j.captures[i]; d.place == c.place {
			here = i
		}
	}
	first := &j.captures[0]
	if c.kind != first.kind || c.size != first.size {
		return another
	}
	same := false
	for i := range j.captures {
		same = same || j.captures[i].same(c)
	}
	if here >= 0 {
		was = &j.captures[here]
		if !byPrint || c.ipID != was.ipID || c.payload != was.payload && !c.quotes {
			return another
		}
		if !same && (c.ttl >= was.ttl || !translated(was, c, proves)) {
			return another
		}
		if c.ttl != was.ttl {
			return fits // round a loop, or by way of a translator back to where it came from
		}
		if c.time-was.time > again || c.ipID == 0 && (c.link == was.link || c.link == 0) {
			return another // sent again
		}
		return repeat
	}
	if !same && (!translated(was, c, proves) || was.clock == c.clock && c.time >= was.time && c.ttl > was.ttl) {
		return another // no router adds to the TTL
	}
	for i := range j.captures {
		if d := &j.captures[i]; d.point == c.point && d.ttl == c.ttl && c.time-d.time > atOnce {
			return another // what has other tags at one point is another tenant's, unless a router or a bridge sent it back at once
		}
	}
	id := c.ipID == was.ipID || c.V4() != was.V4()
	if !c.tcp && c.ipID == 0 && c.ttl == was.ttl && c.link != was.link && c.link != 0 && was.link != 0 {
		return another // another host says the same: nothing routed it
	}
	if payloadDiffers(was, c) {
		switch {
		case !same && !c.tcp, !id, c.ipID == 0 && !c.tcp:
			return another
		}
		return changed
	}
	switch {
	case !byPrint && !id:
		return another
	case id:
		return fits
	case c.tcp && c.stamps != 0 && c.payload != 0: // a firewall that gives packets new identifications
		return alike
	}
	return another
}

// payloadDiffers tells that two captures of a packet were whole, and what it carries is not the same.
func payloadDiffers(a, b *capture) bool {
	return a.payload != 0 && b.payload != 0 && a.payload != b.payload
}

// translated tells whether c may be was after a translator of addresses. One side stays as it was, unless both are translated, or the other
// version of IP is used.
func translated(was, c *capture, proves bool) bool {
	if !proves || c.kind != 0 {
		return false
	}
	if was.V4() != c.V4() {
		return was.Protocol == c.Protocol || icmp(was.Protocol) && icmp(c.Protocol)
	}
	if was.Protocol != c.Protocol || was.Type != c.Type {
		return false
	}
	if local(was.Source()) || local(was.Destination()) || was.Destination().IsMulticast() || icmp(c.Protocol) && !c.quotes && c.Type == 0 {
		return false
	}
	query := icmp(c.Protocol)
	source := was.Src == c.Src && (was.Sport == c.Sport || query)
	destination := was.Dst == c.Dst && (was.Dport == c.Dport || query)
	return source || destination || c.tcp || c.quotes
}

// local tells that an address is nobody's behind a router, and so not translated by one.
func local(a netip.Addr) bool {
	return a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsUnspecified() || a.IsLoopback() || a == broadcast
}

func icmp(protocol uint8) bool { return protocol == protocolICMP || protocol == protocolICMPv6 }

var broadcast = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// find returns the journey that c belongs to, 0 if it begins one. Of several packets that are alike it is the one whose payload and
// identification are the same and for which the time since then is most like the time that packets take from there to here.
func (f *Follower) find(w prints, c *capture, proves bool) (n uint64, v verdict) {
	var nearest int64
	equal := 0
	look := func(index map[uint64]uint64, key uint64, which int) {
		at, ok := index[key]
		for seen := 0; ok && at >= f.head && at != 0 && seen < maxCandidates; seen++ {
			j := f.at(at)
			found := j.compare(c, proves, which == 0)
			switch {
			case found == alike && f.keeps[pointsOf(j, c)]:
				found = another // it was sent again so soon that its timestamps are the same
			case found > repeat && f.doubtful(j, c, found == changed && which == 1):
				found = another
			}
			if found != another && found >= v {
				distance := f.distance(j, c)
				switch {
				case found > v:
					n, v, nearest, equal = at, found, distance, 1
				case at != n:
					equal++
					if distance < nearest {
						n, nearest = at, distance
					}
				}
			}
			at = j.older[which]
		}
	}
	if w.print != 0 {
		look(f.byPrint, w.print, 0)
	}
	if w.header != 0 && v < alike {
		look(f.byHeader, w.header, 1)
	}
	if equal > 1 && v != repeat {
		if j := f.at(n); nearest > aLong && f.clocks.comparable(&j.captures[len(j.captures)-1], c) && !f.hopKnown(j, c) {
			return 0, another
		}
		f.Identical++
		f.at(n).identical = true
	}
	return n, v
}

// pointsOf are the points where j and c were captured, the lower number first.
func pointsOf(j *journey, c *capture) [2]int32 {
	was := j.captures[len(j.captures)-1].point
	return [2]int32{min(was, c.point), max(was, c.point)}
}

// distance is how far c is from when it would be expected.
func (f *Follower) distance(j *journey, c *capture) int64 {
	was := &j.captures[len(j.captures)-1]
	took := f.took(was, c)
	took -= f.typical[hop{was.place, c.place}]
	return max(took, -took)
}

// doubtful tells whether c had better come a way that packets are known to take, and does not. That is what has the same header and another
// payload, and what is alike with other addresses but has no number that only one packet has, after long.
func (f *Follower) doubtful(j *journey, c *capture, headerOnly bool) bool {
	was := &j.captures[len(j.captures)-1]
	if !headerOnly && (c.tcp || c.same(was)) {
		return false
	}
	if f.hopKnown(j, c) {
		return false
	}
	took := f.took(was, c)
	return headerOnly || f.clocks.comparable(was, c) && (took > aLong || took < -aLong)
}

// hopKnown tells whether packets have come to where c is from where j was last.
func (f *Follower) hopKnown(j *journey, c *capture) bool {
	_, known := f.typical[hop{j.captures[len(j.captures)-1].place, c.place}]
	return known
}

// took is the time between two captures.
func (f *Follower) took(from, to *capture) int64 {
	return f.clocks.corrected(int(to.clock), to.time) - f.clocks.corrected(int(from.clock), from.time)
}

// hop is a step from one place to another, by their indices.
type hop struct{ from, to int32 }

// maxHops bounds the steps whose usual time is remembered.
const maxHops = 1 << 14

// remember notes how long a step took.
func (f *Follower) remember(from, to *capture) {
	h := hop{from.place, to.place}
	if _, ok := f.typical[h]; ok || len(f.typical) < maxHops {
		f.typical[h] = f.took(from, to)
	}
}

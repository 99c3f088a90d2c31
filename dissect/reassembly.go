package dissect

import "time"

// FragmentLimits bound the datagrams that a resolver remembers because fragments of them are missing. Zero means the default.
type FragmentLimits struct {
	Datagrams int           // incomplete datagrams; 4,096
	Bytes     int           // of their fragments, and 12 for each of these; 64 MiB
	Age       time.Duration // between a datagram's first fragment and its last; 60 s (RFC 8200 §4.5, RFC 1122 §3.3.2)
}

func (l FragmentLimits) orDefault() FragmentLimits {
	if l.Datagrams <= 0 {
		l.Datagrams = 4096
	}
	if l.Bytes <= 0 {
		l.Bytes = 64 << 20
	}
	if l.Age <= 0 {
		l.Age = 60 * time.Second
	}
	return l
}

// FragmentCounts say what became of the fragments that a resolver saw.
type FragmentCounts struct {
	Fragments   uint64 // that took part: whole, and of IPv4 with a good header checksum
	Reassembled uint64 // datagrams that were completed
	Duplicates  uint64 // fragments that were there already, byte for byte
	Overlapped  uint64 // datagrams discarded because fragments overlapped or disagreed on the length
	TooLong     uint64 // datagrams discarded because a fragment reached beyond 65,535 bytes
	Evicted     uint64 // datagrams that left incomplete to keep the limits; the least recently seen leaves
	TimedOut    uint64 // datagrams that left incomplete because they were too old
}

// reassembler collects the fragments of datagrams, of IPv4 and IPv6 alike. A datagram is told by a key of bytes, which says all that
// keeps it apart from others.
//
// A fragment that overlaps another one discards the datagram with all fragments that are still to come (RFC 5722 §4). For IPv4, which
// leaves the choice to the receiver, the rule is the same: what two receivers would put together differently is not put together here.
// An exact duplicate is no overlap: networks make them, and so does a capture that sees a packet twice.
//
// It keeps its own order of use and not a [recent]: its limit is on bytes as well, and looking a key up by its bytes allocates nothing.
type reassembler struct {
	limits    FragmentLimits
	counts    FragmentCounts
	datagrams map[string]*datagram
	ring      datagram // by the time of the last fragment: its newer is the least recently seen datagram
	bytes     int
	unused    []*datagram
	built     [][]byte // buffers for reassembled datagrams; the first inUse of them are referred to
	inUse     int
}

// datagram is one that is not complete.
type datagram struct {
	key          string
	store        []byte  // bytes of its fragments in the order in which they came
	pieces       []piece // the fragments by offset
	have         int     // bytes in pieces
	total        int     // length of the whole, -1 as long as the last fragment is missing
	next         uint8   // protocol number that the fragment at offset 0 names
	began        int64   // packet time of the fragment that came first
	discarded    bool    // fragments overlapped: those that follow are dropped
	older, newer *datagram
}

// piece is the place of a fragment in the datagram, and of its bytes in the store.
type piece struct{ offset, end, at uint32 }

// pieceSize is what a piece takes of memory, in bytes.
const pieceSize = 12

// fragmentOf is a fragment: what its headers say, and its bytes.
type fragmentOf struct {
	offset int   // in bytes
	more   bool  // others follow
	next   uint8 // protocol number of what the datagram starts with
	data   []byte
	time   int64 // when it was captured
}

// whole is a datagram that was put together.
type whole struct {
	data      []byte // good until release
	next      uint8
	fragments int
}

// maxDatagram is the longest datagram, in bytes of payload.
const maxDatagram = 65535

// spares is how many datagrams are kept for use again, with their buffers.
const spares = 64

func newReassembler(l FragmentLimits) *reassembler {
	r := &reassembler{limits: l.orDefault(), datagrams: map[string]*datagram{}}
	r.ring.older, r.ring.newer = &r.ring, &r.ring
	return r
}

// release says that nobody refers to what add returned any more.
func (r *reassembler) release() { r.inUse = 0 }

// add takes a fragment of the datagram with the given key. It is ok when the datagram is complete with it; otherwise odd names what is
// wrong with the fragment, if anything is.
func (r *reassembler) add(key []byte, f *fragmentOf) (w whole, odd Anomaly, ok bool) {
	r.counts.Fragments++
	r.expire(f.time)
	d := r.datagrams[string(key)]
	if d == nil || r.old(d, f.time) {
		if d != nil {
			r.drop(d, &r.counts.TimedOut)
		}
		d = r.begin(key, f.time)
	}
	r.touch(d)
	if d.discarded {
		return w, noAnomaly, false
	}
	end := f.offset + len(f.data)
	if end > maxDatagram {
		r.counts.TooLong++
		r.discard(d)
		return w, FragmentTooLong, false
	}
	switch d.insert(f, end) {
	case duplicate:
		r.counts.Duplicates++
		return w, noAnomaly, false
	case overlap:
		r.counts.Overlapped++
		r.discard(d)
		return w, FragmentOverlap, false
	}
	r.bytes += len(f.data) + pieceSize
	if d.have == d.total {
		w = whole{r.build(d), d.next, len(d.pieces)}
		r.counts.Reassembled++
		r.drop(d, nil)
		return w, noAnomaly, true
	}
	for len(r.datagrams) > r.limits.Datagrams || r.bytes > r.limits.Bytes {
		r.drop(r.ring.newer, &r.counts.Evicted)
	}
	return w, noAnomaly, false
}

type insertion uint8

const (
	inserted insertion = iota
	duplicate
	overlap
)

// insert puts fragment f, which ends at end, in its place.
func (d *datagram) insert(f *fragmentOf, end int) insertion {
	if !f.more && d.total >= 0 && d.total != end || d.total >= 0 && end > d.total {
		return overlap
	}
	at := len(d.pieces) // fragments mostly come in order
	for at > 0 && int(d.pieces[at-1].offset) > f.offset {
		at--
	}
	if at > 0 && int(d.pieces[at-1].end) > f.offset {
		if before := d.pieces[at-1]; int(before.offset) == f.offset && int(before.end) == end && string(d.bytes(before)) == string(f.data) {
			return duplicate
		}
		return overlap
	}
	if at < len(d.pieces) && int(d.pieces[at].offset) < end || !f.more && at < len(d.pieces) {
		return overlap
	}
	d.pieces = append(d.pieces, piece{})
	copy(d.pieces[at+1:], d.pieces[at:])
	d.pieces[at] = piece{uint32(f.offset), uint32(end), uint32(len(d.store))}
	d.store = append(d.store, f.data...)
	d.have += len(f.data)
	if !f.more {
		d.total = end
	}
	if f.offset == 0 {
		d.next = f.next
	}
	return inserted
}

// bytes are those of piece p.
func (d *datagram) bytes(p piece) []byte { return d.store[p.at : p.at+p.end-p.offset] }

// build puts d together.
func (r *reassembler) build(d *datagram) []byte {
	if r.inUse == len(r.built) {
		r.built = append(r.built, nil)
	}
	b := r.built[r.inUse][:0]
	for _, p := range d.pieces {
		b = append(b, d.bytes(p)...)
	}
	r.built[r.inUse] = b
	r.inUse++
	return b
}

// begin starts a datagram.
func (r *reassembler) begin(key []byte, now int64) *datagram {
	if len(r.unused) == 0 {
		r.unused = append(r.unused, new(datagram))
	}
	last := len(r.unused) - 1
	d := r.unused[last]
	r.unused = r.unused[:last]
	*d = datagram{key: string(key), store: d.store[:0], pieces: d.pieces[:0], total: -1, began: now}
	r.datagrams[d.key] = d
	d.older, d.newer = d, d
	return d
}

// touch makes d the most recently seen datagram.
func (r *reassembler) touch(d *datagram) {
	d.older.newer, d.newer.older = d.newer, d.older
	d.older, d.newer = r.ring.older, &r.ring
	d.older.newer, d.newer.older = d, d
}

// old tells whether d has waited too long. Times that run backwards make nothing old.
func (r *reassembler) old(d *datagram, now int64) bool { return now-d.began > int64(r.limits.Age) }

// expire drops the least recently seen datagrams as long as they are too old.
func (r *reassembler) expire(now int64) {
	for d := r.ring.newer; d != &r.ring && r.old(d, now); d = r.ring.newer {
		r.drop(d, &r.counts.TimedOut)
	}
}

// discard forgets the fragments of d, but remembers that those which follow are to be dropped.
func (r *reassembler) discard(d *datagram) {
	r.bytes -= d.have + len(d.pieces)*pieceSize
	d.store, d.pieces, d.have, d.discarded = d.store[:0], d.pieces[:0], 0, true
}

// drop forgets d and counts it, unless it was discarded before.
func (r *reassembler) drop(d *datagram, count *uint64) {
	if count != nil && !d.discarded {
		*count++
	}
	r.bytes -= d.have + len(d.pieces)*pieceSize
	d.older.newer, d.newer.older = d.newer, d.older
	delete(r.datagrams, d.key)
	if d.key = ""; len(r.unused) < spares {
		r.unused = append(r.unused, d)
	}
}

package pcaps

import (
	"encoding/binary"
	"math"
	"sync"
	"sync/atomic"
	"unsafe"
)

// batch is frames of a live capture in the order in which they were read. Their bytes stand as in a pcapng file, so that recording copies
// nothing.
type batch struct {
	blocks []byte // Enhanced Packet Blocks
	frames []batchFrame
	first  uint64       // number of the first frame
	held   atomic.Int32 // by how many
	arena  *arena       // that its memory is part of
}

// batchFrame is a frame of a batch.
type batchFrame struct {
	time  int64  // ns since the Unix epoch
	start uint32 // of its bytes in blocks
	len   uint32
	wire  uint32 // bytes on the wire
	flags uint32 // epb_flags
	point *Interface
}

// A batch is full with so many frames, or about so many bytes: what a block of analysis takes.
const (
	batchFrames = 4096
	batchBytes  = 1 << 20
)

// hold keeps the batch until release.
func (b *batch) hold() { b.held.Add(1) }

func (b *batch) release() {
	if b.held.Add(-1) == 0 {
		b.arena.release()
	}
}

// frameSize is what a frame takes beside its bytes.
const frameSize = int(unsafe.Sizeof(batchFrame{}))

// size is what the batch takes, in bytes.
func (b *batch) size() int { return len(b.blocks) + frameSize*len(b.frames) }

// full tells that no frame has room any more, or none should be added.
func (b *batch) full() bool {
	return len(b.frames) >= min(batchFrames, cap(b.frames)) || len(b.blocks) >= min(batchBytes, cap(b.blocks)-frameMost)
}

// blockHead is what stands before the data in an Enhanced Packet Block, in bytes.
const blockHead = 28

// blockAt is where the block of frame i begins, or the end of all.
func (b *batch) blockAt(i int) int {
	if i == len(b.frames) {
		return len(b.blocks)
	}
	return int(b.frames[i].start) - blockHead
}

// extend appends the Enhanced Packet Block of a frame to a batch that is not full, but for its data, for which it returns the place.
func (b *batch) extend(f batchFrame) (data []byte) {
	padded := (int(f.len) + 3) &^ 3
	total := blockHead + padded + 4
	if f.flags != 0 {
		total += 12
	}
	start := len(b.blocks)
	b.blocks = b.blocks[:start+total]
	block := b.blocks[start:]
	le := binary.LittleEndian
	le.PutUint32(block, blockEnhanced)
	le.PutUint32(block[4:], uint32(total))
	le.PutUint32(block[8:], uint32(f.point.Index))
	le.PutUint32(block[12:], uint32(uint64(f.time)>>32))
	le.PutUint32(block[16:], uint32(f.time))
	le.PutUint32(block[20:], f.len)
	le.PutUint32(block[24:], f.wire)
	clear(block[blockHead+f.len : blockHead+padded])
	rest := block[blockHead+padded:]
	if f.flags != 0 {
		le.PutUint16(rest, packetFlags)
		le.PutUint16(rest[2:], 4)
		le.PutUint32(rest[4:], f.flags)
		le.PutUint32(rest[8:], optEnd)
		rest = rest[12:]
	}
	le.PutUint32(rest, uint32(total))
	f.start = uint32(start + blockHead)
	b.frames = append(b.frames, f)
	return block[blockHead : blockHead+f.len : blockHead+f.len]
}

// fill makes f the i-th frame.
func (b *batch) fill(f *Frame, i int) {
	from := &b.frames[i]
	end := from.start + from.len
	*f = Frame{
		Number:    b.first + uint64(i),
		Time:      from.time,
		Data:      b.blocks[from.start:end:end],
		WireLen:   int(from.wire),
		Interface: from.point,
		Offset:    -1,
		Flags:     from.flags,
	}
}

// What pcapng's epb_flags say of a frame (draft-ietf-opsawg-pcapng section 4.3.1).
const (
	flagInbound  = 1
	flagOutbound = 2

	flagUnicast     = 1 << 2 // how it was received
	flagMulticast   = 2 << 2
	flagBroadcast   = 3 << 2
	flagPromiscuous = 4 << 2

	flagChecksumOwed  = 1 << 9  // the NIC has yet to sum
	flagChecksumValid = 1 << 10 // the NIC has verified it
	flagSegments      = 1 << 11 // several TCP segments in one: GSO or GRO
)

// Mark is the end of an interval of a live capture.
type Mark struct {
	From, To   int64               // packet times, in ns since the Unix epoch; To is not part of it
	Interfaces []InterfaceCounters // since the start, by name
	Recording  *RecordCounters     // since the start; nil if nothing is recorded
	Last       bool
}

// queue holds batches and marks for analysis, within a limit.
type queue struct {
	mutex  sync.Mutex
	more   sync.Cond
	items  []queued
	bytes  int // of batches in it
	limit  int
	closed bool
}

type queued struct {
	batch *batch
	mark  *Mark
}

func newQueue(limit int) *queue {
	q := &queue{limit: limit}
	q.more.L = &q.mutex
	return q
}

// push takes a batch in, if there is room or nothing else in it.
func (q *queue) push(b *batch) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.bytes > 0 && q.bytes+b.size() > q.limit || q.closed {
		return false
	}
	b.hold()
	q.bytes += b.size()
	q.items = append(q.items, queued{batch: b})
	q.more.Signal()
	return true
}

// maxMarks bounds the marks that wait. Somebody who is so far behind misses some; the next has what they count.
const maxMarks = math.MaxUint16

// mark takes a mark in.
func (q *queue) mark(m *Mark) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if len(q.items) < maxMarks || m.Last {
		q.items = append(q.items, queued{mark: m})
		q.more.Signal()
	}
}

// close ends the queue: what is in it can still be taken.
func (q *queue) close() {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	q.closed = true
	q.more.Broadcast()
}

// next waits for the next item, and takes it out. It is not ok when there are no more.
func (q *queue) next() (item queued, ok bool) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.more.Wait()
	}
	if len(q.items) == 0 {
		return queued{}, false
	}
	item = q.items[0]
	q.items[0] = queued{}
	q.items = q.items[1:]
	if item.batch != nil {
		q.bytes -= item.batch.size()
	}
	return item, true
}

// waiting is how many bytes of frames wait.

func (q *queue) waiting() int {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	return q.bytes
}

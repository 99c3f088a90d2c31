package pcaps

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// batchOf is a batch of n frames of random lengths, a millisecond between them, whose bytes say their number.
func batchOf(first uint64, n int, points ...*Interface) *batch {
	random := rand.New(rand.NewPCG(first, 1))
	b := newBatch()
	b.first = first
	for i := range n {
		f := batchFrame{time: int64(first+uint64(i)) * int64(time.Millisecond), len: uint32(random.IntN(200)), point: points[i%len(points)]}
		f.wire = f.len + uint32(random.IntN(2))*1000
		if random.IntN(2) == 0 {
			f.flags = flagInbound | flagSegments
		}
		for j, data := 0, b.extend(f); j < len(data); j++ {
			data[j] = byte(first) + byte(i)
		}
	}
	return b
}

func testPoints(names ...string) (points []*Interface) {
	for i, name := range names {
		p := newInterface(LinkTypeEthernet, 0)
		p.Name, p.Index, p.TicksPerSecond = name, i, nsPerSecond
		points = append(points, p)
	}
	return points
}

// What is recorded of a batch is what analysis sees of it.
func TestBatchIsPcapng(t *testing.T) {
	points := testPoints("a", "b")
	b := batchOf(7, 1000, points...)
	file := appendSection(nil, &Section{})
	for _, p := range points {
		file = appendInterface(file, p)
	}
	r, err := NewReader(bytes.NewReader(append(file, b.blocks...)), "batch")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for got, err := range Frames(r) {
		if err != nil {
			t.Fatal(err)
		}
		var want Frame
		b.fill(&want, n)
		if got.Time != want.Time || !bytes.Equal(got.Data, want.Data) || got.WireLen != want.WireLen || got.Flags != want.Flags || got.Interface.Name != want.Interface.Name || want.Number != uint64(7+n) {
			t.Fatalf("frame %d: %+v, want %+v", n, got, want)
		}
		n++
	}
	if n != 1000 {
		t.Errorf("%d frames", n)
	}
}

func TestQueueHasALimit(t *testing.T) {
	point := testPoints("a")
	q := newQueue(1)
	first, second := batchOf(1, 10, point...), batchOf(11, 10, point...)
	if !q.push(first) || q.push(second) {
		t.Error("the queue takes the first batch, and not the second")
	}
	q.mark(&Mark{To: 1})
	if item, ok := q.next(); !ok || item.batch != first {
		t.Error("the first batch comes first")
	}
	if item, ok := q.next(); !ok || item.mark == nil {
		t.Error("then the mark")
	}
	if !q.push(second) || q.waiting() != second.size() {
		t.Error("there is room again")
	}
	q.close()
	if item, ok := q.next(); !ok || item.batch != second {
		t.Error("what is in it comes out after its end")
	}
	if _, ok := q.next(); ok {
		t.Error("there is no more")
	}
}

func TestSchedule(t *testing.T) {
	s := newSchedule(10, 100)
	for _, step := range []struct {
		t        int64
		over     bool
		from, to int64 // after next, if it is over
	}{
		{100, false, 100, 110},
		{109, false, 100, 110},
		{110, true, 110, 120},
		{95, false, 110, 120}, // late
		{129, true, 120, 130},
		{1000, true, 1000, 1010}, // nothing for long
		{1019, true, 1010, 1020},
	} {
		if over := s.over(step.t); over != step.over {
			t.Errorf("%d is over: %v", step.t, over)
		} else if over {
			s.next(step.t)
		}
		if s.from != step.from || s.to != step.to {
			t.Errorf("at %d: from %d to %d, want %d to %d", step.t, s.from, s.to, step.from, step.to)
		}
	}
	if never := newSchedule(0, 100); never.over(1 << 62) {
		t.Error("without intervals none is over")
	}
}

// What is kept of the last frames stays while others come, and no longer than somebody looks at it.
func TestRecent(t *testing.T) {
	points := testPoints("a")
	l := newLive(LiveOptions{Recent: 1})
	for i := range 3 {
		b := batchOf(uint64(1+100*i), 100, points...)
		l.kept.add(b)
		b.release()
	}
	s := l.Recent()
	defer s.Close()
	for i := 3; i < 6; i++ {
		b := batchOf(uint64(1+100*i), 100, points...)
		l.kept.add(b)
		b.release()
	}
	var numbers []uint64
	for f, err := range Frames(s) {
		if err != nil || len(f.Data) > 0 && f.Data[0] != byte(201)+byte(f.Number-201) {
			t.Fatalf("%v, frame %d", err, f.Number)
		}
		numbers = append(numbers, f.Number)
	}
	if len(numbers) != 100 || numbers[0] != 201 || !slices.IsSorted(numbers) {
		t.Errorf("frames %v", numbers)
	}
	if n := len(l.kept.batches); n != 1 {
		t.Errorf("%d batches are kept", n)
	}
}

func ExampleParseDirection() {
	d, err := ParseDirection("in")
	fmt.Println(d, err)
	_, err = ParseDirection("up")
	fmt.Println(err)
	// Output:
	// in <nil>
	// there are both, in, out
}

// Batches lie one behind the other, and do not run into each other; their memory is used again when nobody holds any of them.
func TestBatchesShareMemory(t *testing.T) {
	point := testPoints("a")[0]
	fill := func(b *batch, n, size int, value byte) {
		for i := 0; i < n && !b.full(); i++ {
			data := b.extend(batchFrame{len: uint32(size), wire: uint32(size), point: point})
			for j := range data {
				data[j] = value
			}
		}
	}
	for _, frame := range []struct{ n, size int }{{1, 10}, {1, MaxSnapLen}, {100, 1500}, {batchFrames, 0}, {batchFrames, 60}, {batchFrames, 1500}, {batchFrames, MaxSnapLen}} {
		var held []*batch
		used := map[*arena]bool{}
		total := 0
		for b, i := newBatch(), 0; i < 40; i++ {
			fill(b, frame.n, frame.size, byte(i))
			held, used[b.arena], total = append(held, b), true, total+len(b.blocks)
			if len(b.frames) == 0 || len(b.frames) < frame.n && !b.full() {
				t.Fatalf("%+v: batch %d has %d frames", frame, i, len(b.frames))
			}
			b = b.next()
			if i == 39 {
				b.release()
			}
		}
		if most := 1 + total/(batchBytes) + 40*frame.n/batchFrames; len(used) > most {
			t.Errorf("%+v: %d bytes take %d arenas, want %d at most", frame, total, len(used), most)
		}
		for i, b := range held {
			var f Frame
			for k := range b.frames {
				if b.fill(&f, k); len(f.Data) != frame.size || len(f.Data) > 0 && (f.Data[0] != byte(i) || f.Data[frame.size-1] != byte(i)) {
					t.Fatalf("%+v: frame %d of batch %d is another one's", frame, k, i)
				}
			}
		}
		for _, b := range held {
			b.release()
		}
	}
	b := newBatch()
	if allocations := testing.AllocsPerRun(1000, func() { // of which each is handed over and read
		fill(b, 100, 1500, 0)
		next := b.next()
		b.release()
		b = next
	}); allocations > 1 {
		t.Errorf("a batch takes %v allocations, want what describes it", allocations)
	}
	b.release()
}

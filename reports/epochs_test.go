package reports

import (
	"math/rand/v2"
	"testing"

	"pktscope/pcaps"
)

// TestEpochs has workers begin blocks in order and play them in order, at most as many at a time as a run has: each block must be gathered with
// those of its own stretch of the capture, after it was played, and before anything of a later stretch.
func TestEpochs(t *testing.T) {
	for range 200 {
		ahead := rand.IntN(7)
		e := epochs{length: 1 + rand.IntN(9)}
		var sides [2][]uint64 // blocks that are counted, not yet gathered
		var begun, gathered uint64
		for played := range uint64(100) {
			for begun < played+1+rand.Uint64N(uint64(ahead)+1) || begun <= played {
				side := e.side(begun)
				sides[side] = append(sides[side], begun)
				begun++
			}
			side, ended := e.played(played, ahead, rand.IntN(20) == 0)
			if !ended {
				if waiting := played + 1 - gathered; waiting > uint64(2*(e.length+ahead)) {
					t.Fatalf("%d blocks wait for an epoch of %d to end", waiting, e.length)
				}
				continue
			}
			for _, block := range sides[side] {
				if block != gathered || block > played {
					t.Fatalf("when block %d was played block %d was gathered, want %d", played, block, gathered)
				}
				gathered++
			}
			sides[side] = nil
		}
	}
}

// TestSetAgain uses a set for one run after another, with a look at it and a Reset between them: nothing is left over.
func TestSetAgain(t *testing.T) {
	frames := mixture(t)
	read := func(set *Set, o Options, block int, frames []pcaps.Frame) {
		in := inputOf(frames, block)
		if err := Read(in, o, set); err != nil {
			t.Fatal(err)
		}
	}
	for block, o := range map[int]Options{7: {Workers: 1, epoch: 2}, 2: {Workers: 3, epoch: 5}, 5: {Workers: 2}} {
		fresh := func() *Set {
			set, err := NewSet(nil, nil, o)
			if err != nil {
				t.Fatal(err)
			}
			return set
		}
		whole, again := fresh(), fresh()
		read(whole, o, block, frames)
		want := exact(t, whole.Snapshot())
		read(again, o, block, frames[:200])
		again.Snapshot()
		again.Reset()
		read(again, o, block, frames)
		if got := exact(t, again.Snapshot()); got != want {
			t.Errorf("%d workers, blocks of %d: a second run says something else than a first one", o.Workers, block)
		}
		if n := again.Packets(); n != uint64(200+len(frames)) {
			t.Errorf("%d packets, want %d", n, 200+len(frames))
		}
	}
}

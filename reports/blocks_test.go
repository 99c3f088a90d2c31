package reports

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/internal/craft"
)

// TestWorkers reads with any number of workers and blocks of any size: nothing may depend on either, fragments among the packets or not.
func TestWorkers(t *testing.T) {
	frames := mixture(t)
	whole := craft.Packet(craft.Ethernet{}, craft.IPv4{ID: 5}, craft.UDP{Src: 4000, Dst: 5000}, craft.Payload(make([]byte, 3000)))
	for i, f := range craft.Fragment(whole, 1500) {
		more := onTap(f)[0]
		at := len(frames) * (i + 1) / 5
		frames = append(frames[:at], append(onTap(more.Data), frames[at:]...)...)
	}
	names := make([]string, len(all))
	for i, d := range all {
		names[i] = d.Name
	}
	vxlan, err := filter.Compile("vxlan or frame.len < 100")
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{"all": {}, "filtered": {Filter: vxlan}, "unverified": {NoChecksums: true}, "a hundred": {MaximumCount: 100}} {
		var want string
		for i, block := range []int{0, 1, 2, 17} {
			for j, workers := range []int{1, 2, 5} {
				o.Workers, o.epoch = workers, []int{0, 1, 2, 5, 40}[(3*i+j)%5]
				o.made = workers % 2 // of a byte already, what is there of a block is played
				in := inputOf(frames, block)
				set, err := NewSet(names, nil, o)
				if err != nil {
					t.Fatal(err)
				}
				if err := Read(in, o, set); err != nil {
					t.Fatal(err)
				}
				got := exact(t, set.Snapshot())
				if want == "" {
					want = got
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatalf("%s: %d workers, blocks of %d, epochs of %d (-want +got):\n%s", name, o.Workers, block, o.epoch, diff)
				}
			}
		}
	}
}

// broken is a consumer whose shards fail when the third block is played.
type broken struct{ blocks int }

var errBroken = errors.New("broken")

func (b *broken) Packet(*dissect.Packet) error { return nil }
func (b *broken) NewShard() Shard              { return brokenShard{b} }

type brokenShard struct{ *broken }

func (brokenShard) Begin(uint64)           {}
func (brokenShard) Packet(*dissect.Packet) {}
func (brokenShard) Flush() error           { return nil }

func (b brokenShard) Play() error {
	if b.blocks++; b.blocks > 2 {
		return errBroken
	}
	return nil
}

// A consumer that fails ends the run, however many workers there are.
func TestWorkersFail(t *testing.T) {
	for _, workers := range []int{1, 4} {
		in := inputOf(mixture(t), 1)
		if err := Read(in, Options{Workers: workers}, new(broken)); err != errBroken {
			t.Errorf("%d workers: got %v, want %v", workers, err, errBroken)
		}
		if len(in.steps) < 100 {
			t.Errorf("%d workers: read on to the last %d frames", workers, len(in.steps))
		}
	}
}

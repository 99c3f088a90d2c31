package flows_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pktscope/flows"
)

// known is all that a tracker knows.
func known(t *flows.Tracker) (lines []string) {
	t.Flows(func(f *flows.Flow) bool {
		lines = append(lines, string(f.AppendJSON(nil)), fmt.Sprintf("%+v", f.Merged))
		return true
	})
	t.Connections(func(c *flows.Connection) bool {
		lines = append(lines, string(c.AppendJSON(nil)))
		return true
	})
	t.Segments(func(s *flows.Segment) bool {
		lines = append(lines, fmt.Sprint(s.ID, s.Name(), s.Packets, s.Bytes, s.TOS, s.Carriers))
		return true
	})
	for _, p := range t.Pairs() {
		lines = append(lines, fmt.Sprint(p.A.ID, p.B.ID))
	}
	for _, tr := range t.Translations() {
		lines = append(lines, fmt.Sprint(tr.A.ID, tr.B.ID, tr.Packets))
	}
	return append(lines, fmt.Sprintf("%+v %+v", t.Counts(), t.ForgottenSegments()))
}

// A tracker in the memory of another one knows nothing of what that knew.
func TestRenewedTrackerKnowsNothing(t *testing.T) {
	recordings := []string{"corpus:nat", "corpus:loss", "corpus:overlay", "corpus:dhcp", "corpus:fragments", "corpus:nat"}
	for _, o := range []flows.Options{{}, {MaxFlows: 40, MaxSegments: 5, MaxLinks: 30}} {
		tracker := flows.NewTracker(o)
		for _, recording := range recordings {
			want := known(track(t, o, recording))
			if diff := cmp.Diff(want, known(trackIn(t, tracker, recording))); diff != "" {
				t.Errorf("%s, with %+v (-new +renewed):\n%s", recording, o, diff)
			}
			old := tracker
			tracker = tracker.Renewed()
			old.Play(flows.NewReader(), new(flows.Batch))
			if diff := cmp.Diff(known(flows.NewTracker(o)), known(tracker)); diff != "" {
				t.Errorf("behind %s (-new +renewed):\n%s", recording, diff)
			}
		}
	}
}

// A tracker that is renewed after each interval takes hardly any memory for one like the interval before, and gives back what none needed since.
func TestRenewedTrackerAllocatesWhatMoreIsNeeded(t *testing.T) {
	const block = 500
	f := newTraffic(t, block, flows.Options{})
	interval := func(n int) (allocated uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f.tracker, f.reader, f.made = f.tracker.Renewed(), flows.NewReader(), 0
		for f.made < n {
			f.next(n)
			f.play()
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	for _, step := range []struct{ flows, least, most int }{
		{40000, 12 << 20, 64 << 20},
		{40000, 0, 1 << 20},
		{1000, 0, 1 << 20},
		{1000, 0, 1 << 20},
		{40000, 12 << 20, 64 << 20},
	} {
		if n := int(interval(step.flows)); n < step.least || n > step.most {
			t.Errorf("an interval of %d flows takes %d bytes, want %d to %d", step.flows, n, step.least, step.most)
		}
	}
}

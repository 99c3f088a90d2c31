package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

// The garbage collector: nearly all that a run keeps stays until its end, so that collecting sets little free; and Go's rule, to collect
// when memory has doubled, would cost a large run as much memory again. So a collection follows whenever slack bytes were
// allocated: rarely while there is little, and without waste when there is much.
//
// A live capture makes garbage at the end of intervals only. It runs for long beside what the machine is there for, so that it is to take little more memory
// than it keeps.
const (
	fileSlack = 24 << 20
	liveSlack = 8 << 20
)

var slack atomic.Uint64

// paceCollector sets this rule for the rest of the process, unless the user has set another one by GOGC.
func paceCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	slack.Store(fileSlack)
	repace(new(collection))
}

// collection is garbage at once: its finalizer runs after each collection.
type collection struct{ _ [16]byte }

func repace(c *collection) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(int(slack.Load()*100/max(live[0].Value.Uint64(), 4<<20)) + 1)
	runtime.SetFinalizer(c, repace)
}

package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The garbage collector: nearly all that a run keeps stays until its end, so that collecting sets little free; and Go's rule, to collect
// when memory has doubled, would cost a large run as much memory again. So a collection follows whenever slack bytes were
// allocated: rarely while there is little, and without waste when there is much.
const slack = 24 << 20

// paceCollector sets this rule for the rest of the process, unless the user has set another one by GOGC.
func paceCollector() {
	if os.Getenv("GOGC") != "" {
		return
	}
	repace(new(collection))
}

// collection is garbage at once: its finalizer runs after each collection.
type collection struct{ _ [16]byte }

func repace(c *collection) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	debug.SetGCPercent(int(slack*100/max(live[0].Value.Uint64(), 4<<20)) + 1)
	runtime.SetFinalizer(c, repace)
}

package main

import (
	"context"
	"os"
	"os/signal"
	"time"
)

// untilInterrupted is a context that ends with the first of the signals. The next ends the program at once, unless it comes together with the first:
// timeout(1) sends each to the process, and then to its group.
func untilInterrupted(signals ...os.Signal) (ctx context.Context, stop context.CancelFunc) {
	ctx, stop = signal.NotifyContext(context.Background(), signals...)
	context.AfterFunc(ctx, func() { time.AfterFunc(together, stop) })
	return ctx, stop
}

// together is how close behind one another two signals are one.
const together = 500 * time.Millisecond

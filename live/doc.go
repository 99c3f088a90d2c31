// Package live analyses what interfaces see, while they see it: a capture is recorded first and analysed behind that, in intervals, with
// the pipeline and the reports that files have.
//
// An [Engine] is opened, subscribed to, and run:
//
//	e, err := live.Open(options)
//	...
//	defer e.Close()
//	e.Subscribe(func(i *live.Interval) { ... })
//	err = e.Run(ctx) // until ctx is done, and then the last interval is out and all files are closed
//
// Whoever shows what happens (JSON lines, a full screen, metrics, flow records) is a subscriber and gets each [Interval]. Between two of
// them it may ask for the [Engine.Status], look at the last frames ([Engine.Recent]) and change the display filter ([Engine.SetFilter]).
//
// Intervals are cut in packet time: a frame belongs to the interval that its time lies in. The clock has a say only where nothing comes: an
// interval ends without a frame of the next, too, a little after its time.
package live

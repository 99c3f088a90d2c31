package pcaps

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// The goroutine that captures: it drains the rings into batches, cuts intervals and hands both on.

// capture implements device.
func (c *capture) capture() {
	runtime.LockOSThread() // it waits in the kernel mostly
	defer runtime.UnlockOSThread()
	runSoon()
	c.batch = newBatch()
	c.batch.first = 1
	now := time.Now()
	c.clock.start(now)
	c.schedule = newSchedule(c.options.Interval, now.UnixNano())
	for _, r := range c.rings {
		if r.index < 0 { // it disappeared since it was opened
			continue
		}
		if err := r.bind(r.index); err != nil {
			c.log(fmt.Sprintf("%s: %v", r.name, err))
		}
	}
	for c.ask.Load()&askStop == 0 {
		more := c.drain(time.Now())
		now := time.Now()
		if !more && now.Sub(c.handed) >= handEvery {
			c.hand()
		}
		c.tick(now, !more)
		if c.counted() {
			break
		}
		if !more {
			c.wait()
		}
	}
	c.ending()
}

// runSoon asks the scheduler for short turns of this thread, which since Linux 6.12 means that it need not wait until another one's is over. It is awake
// for moments only, but in the milliseconds that others have at a time a small ring overflows.
func runSoon() {
	const turn = 500 * time.Microsecond // in which it can drain a small ring that is full
	a, err := unix.SchedGetAttr(0, 0)
	if err != nil || a.Policy != unix.SCHED_NORMAL { // somebody has chosen how it runs
		return
	}
	a.Runtime = uint64(turn)
	unix.SchedSetAttr(0, a, 0) // without it all goes on, only later
}

// handEvery is how long frames wait for more to be handed over with, if others just were. Under load whoever takes them is woken less often; where frames
// are few they go on at once.
const handEvery = 10 * time.Millisecond

func (c *capture) counted() bool { return c.options.Count > 0 && c.number >= c.options.Count }

// ending takes what is in the rings when nothing more is let in.
func (c *capture) ending() {
	nothing, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0}})
	for _, r := range c.rings {
		if err == nil {
			err = r.filter(nothing)
		}
	}
	// The kernel hands a block over some time after its first frame. What came within that time is there then.
	for end := time.Now().Add(3 * retireAfter); err == nil && time.Now().Before(end); time.Sleep(retireAfter / 5) {
		for c.drain(time.Now()) {
		}
	}
	for c.drain(time.Now().Add(time.Hour)) { // nothing is waited for any more
	}
	c.hand()
	c.poll()
	rows := slices.Clone(c.rows)
	c.publish(rows, c.latest)
	to := max(c.schedule.from, c.latest+1, min(time.Now().UnixNano(), c.schedule.to))
	c.finish(&Mark{From: c.schedule.from, To: to, Interfaces: rows, Last: true}, rows)
}

// drain moves frames from the rings to batches, in the order of their times as far as the rings show it. It returns true if there may be
// more.
func (c *capture) drain(now time.Time) (more bool) {
	for range batchFrames {
		r := c.earliest(now)
		if r == nil {
			return false
		}
		if c.counted() {
			c.rows[r.row].Received-- // nobody asked for it
		} else {
			c.frame(r)
		}
		r.take()
		r.ready = false
	}
	return true
}

// earliest returns the ring with the earliest frame, nil if there is none, or one could still come from another ring that is earlier. That
// is known when the kernel has had the time to hand over its block.
func (c *capture) earliest(now time.Time) *liveRing {
	if len(c.rings) == 1 {
		if r := c.rings[0]; r.next(&r.head) {
			return r
		}
		return nil
	}
	var first *liveRing
	whole := true
	for _, r := range c.rings {
		if !r.ready {
			if r.ready = r.next(&r.head); r.ready {
				r.since = now
			}
		}
		switch {
		case !r.ready:
			whole = false
		case first == nil || r.head.time < first.head.time:
			first = r
		}
	}
	const patience = 2 * retireAfter
	if first == nil || whole || now.Sub(time.Unix(0, first.head.time)) >= patience || now.Sub(first.since) >= patience || first.pressed() {
		return first
	}
	return nil
}

// frame appends the ring's next frame to the batch.
func (c *capture) frame(r *liveRing) {
	f := &r.head
	if c.options.HardwareTime {
		if c.ahead = f.time - time.Now().UnixNano(); c.number == 0 {
			c.schedule = newSchedule(c.options.Interval, f.time)
		}
	}
	if c.schedule.over(f.time) {
		c.cut(f.time)
	}
	p := r.last
	if p == nil || p.index != f.index || p.hardware != f.hardware {
		p = c.point(r)
	}
	wire := f.appendTo(c.batch, p.Interface, c.snap)
	c.number++
	row := &c.rows[p.row]
	row.Seen++
	row.Bytes += uint64(wire)
	c.latest = max(c.latest, f.time)
	if c.batch.full() {
		c.hand()
	}
}

// point returns where the ring's next frame was captured.
func (c *capture) point(r *liveRing) *point {
	key := pointKey{r.head.index, r.head.hardware}
	p := r.points[key]
	if p == nil {
		p = &point{pointKey: key, row: r.row}
		name := r.name
		if r.index == 0 {
			name = linkName(int(key.index))
			if len(c.known) >= maxPoints {
				name = "others"
			}
			p.row = c.row(name)
		}
		p.Interface = c.named(name, linkTypeOf(key.hardware))
		r.points[key] = p
	}
	r.last = p
	return p
}

// maxPoints bounds the interfaces that are told apart: where containers come and go there is always a new one.
const maxPoints = 4096

// named returns the interface of that name and link type. One that was made anew under its old name is the same.
func (c *capture) named(name string, link LinkType) *Interface {
	for _, i := range c.known {
		if i.Name == name && i.LinkType == link {
			return i
		}
	}
	i := newInterface(link, uint32(c.options.SnapLen))
	i.Name, i.Filter, i.OS, i.TicksPerSecond, i.Speed = name, c.options.FilterText, osName(), nsPerSecond, linkSpeed(name)
	c.addInterface(i)
	c.known = append(c.known, i)
	return i
}

// row returns the row that counts frames at the interface of that name.
func (c *capture) row(name string) int {
	if i := slices.IndexFunc(c.rows, func(r InterfaceCounters) bool { return r.Name == name }); i >= 0 {
		return i
	}
	c.rows = append(c.rows, InterfaceCounters{Name: name})
	return len(c.rows) - 1
}

// hand hands over what the batch has.
func (c *capture) hand() {
	if len(c.batch.frames) == 0 {
		return
	}
	b := c.batch
	c.batch, c.handed = b.next(), time.Now()
	c.batch.first = c.number + 1
	c.poll()
	b.hold()
	if !c.Live.hand(b, c.known, slices.Clone(c.rows)) {
		if !c.behind {
			c.behind = true
			c.log("analysis is behind: it skips frames" + c.recorded())
		}
		for i := range b.frames {
			c.rows[c.row(b.frames[i].point.Name)].Skipped++
		}
	}
	b.release()
	c.publish(slices.Clone(c.rows), c.latest)
}

// recorded is what to say of the recording where something else is lost.
func (c *capture) recorded() string {
	if c.recorder == nil {
		return ""
	}
	return "; recording goes on"
}

// poll adds what the kernel has counted.
func (c *capture) poll() {
	for _, r := range c.rings {
		received, dropped, freezes := r.statistics()
		if dropped > 0 && !c.dropping {
			c.dropping = true
			c.log(r.name + ": the kernel's ring is full: it drops frames; --ring makes it larger")
		}
		row := &c.rows[r.row]
		row.Received += received
		row.Dropped += dropped
		row.Freezes += freezes
	}
}

// cut ends the interval, for time t is behind it.
func (c *capture) cut(t int64) {
	c.hand()
	c.poll()
	mark := &Mark{From: c.schedule.from, To: c.schedule.to, Interfaces: slices.Clone(c.rows)}
	if c.recorder != nil {
		mark.Recording = c.recorder.counters()
	}
	c.publish(mark.Interfaces, c.latest)
	c.queue.mark(mark)
	c.schedule.next(t)
}

// tick ends the interval where no frame does it: when its time is over by the clock, and so much more that the kernel had time to hand over
// what it has. While the rings have more, frames do it: they may be of the open interval, however late it is.
func (c *capture) tick(now time.Time, empty bool) {
	if c.clock.stepped(now) { // times of frames will follow it: start over from there
		if c.schedule.every > 0 {
			c.schedule.to = max(c.schedule.from, c.latest+1)
			c.cut(0)
		}
		c.schedule, c.latest = newSchedule(c.options.Interval, now.UnixNano()), 0
		return
	}
	if c.ask.And(^uint32(askCut))&askCut != 0 && c.schedule.every > 0 {
		c.hand()
		c.schedule.to = max(c.schedule.from, c.latest+1, min(now.UnixNano()+c.ahead, c.schedule.to))
		c.cut(0)
	}
	if t := now.Add(-2*retireAfter).UnixNano() + c.ahead; empty && c.schedule.over(t) {
		c.cut(t)
	}
}

// wait waits until there is a frame, something happens to an interface, an interval ends, or somebody wants it to end.
func (c *capture) wait() {
	timeout := time.Second
	c.polls = append(c.polls[:0], unix.PollFd{Fd: int32(c.wake), Events: unix.POLLIN}, unix.PollFd{Fd: int32(c.links), Events: unix.POLLIN})
	for _, r := range c.rings {
		if r.ready { // it waits for others, which have to come soon
			timeout = retireAfter / 5
		} else {
			c.polls = append(c.polls, unix.PollFd{Fd: int32(r.fd), Events: unix.POLLIN})
		}
	}
	if len(c.batch.frames) > 0 {
		timeout = max(0, min(timeout, handEvery-time.Since(c.handed)+time.Millisecond))
	}
	if c.schedule.every > 0 {
		left := time.Until(time.Unix(0, c.schedule.to-c.ahead).Add(2 * retireAfter))
		timeout = max(0, min(timeout, left+time.Millisecond))
	}
	if _, err := unix.Poll(c.polls, int(timeout.Milliseconds())); err != nil {
		return // interrupted
	}
	for _, p := range c.polls {
		if p.Revents&unix.POLLERR != 0 {
			for _, r := range c.rings {
				if r.fd == int(p.Fd) {
					r.fault() // that its interface is down; links tell, too
				}
			}
		}
	}
	if c.polls[0].Revents != 0 {
		var n [8]byte
		unix.Read(c.wake, n[:])
	}
	if c.polls[1].Revents != 0 {
		c.readLinks()
	}
}

package pcaps

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// PermissionError says that the process may not capture.
type PermissionError struct{}

func (PermissionError) Error() string {
	program, err := os.Executable()
	if err != nil {
		program = "pktscope"
	}
	return "live capture needs the capability CAP_NET_RAW: run it as root, or once: sudo setcap cap_net_raw+ep " + program
}

// OpenLive opens sockets for all interfaces. From then on no privilege is needed, also for an interface that comes back. Nothing is captured before the first
// frame is read.
func OpenLive(o LiveOptions) (*Live, error) {
	l := newLive(o)
	c := &capture{Live: l, snap: cmp.Or(o.SnapLen, MaxSnapLen), wake: -1, links: -1}
	l.device = c
	if err := c.open(); err != nil {
		c.close()
		if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
			return nil, PermissionError{}
		}
		return nil, err
	}
	return l, nil
}

// capture reads the rings.
type capture struct {
	*Live
	rings  []*liveRing
	links  int // netlink socket that tells of interfaces
	ask    atomic.Uint32
	wake   int        // eventfd that rouse writes to, -1 when it is closed
	waking sync.Mutex // held to use wake while somebody may close it
	snap   int        // bytes kept of a frame

	batch    *batch // that is being filled
	number   uint64 // frames seen
	known    []*Interface
	rows     []InterfaceCounters
	latest   int64    // time of a frame
	ahead    int64    // by which the interfaces' own clocks are ahead of the machine's, in ns, if they are asked
	schedule schedule // of intervals
	clock    clockWatch
	behind   bool // it was said that analysis skips frames
	dropping bool // it was said that the kernel drops frames
	polls    []unix.PollFd
	message  []byte
}

// liveRing is a ring and the interface that it is bound to.
type liveRing struct {
	*ring
	name   string // as the user said
	index  int    // number of the interface, 0 for all, -1 while there is none
	up     bool
	row    int // of the ring's own counters
	head   ringFrame
	ready  bool      // head is the next frame
	since  time.Time // when it was seen first
	points map[pointKey]*point
	last   *point
}

// pointKey tells capture points of one ring apart: an interface may change its kind, and at all interfaces there are many.
type pointKey struct {
	index    int32
	hardware uint16
}

// point is a capture point and the row that counts its frames.
type point struct {
	pointKey
	*Interface
	row int
}

func (c *capture) open() error {
	o := &c.options
	if len(o.Interfaces) == 0 {
		return errors.New("name an interface, or any for all")
	}
	if slices.Contains(o.Interfaces, AnyInterface) && len(o.Interfaces) > 1 {
		return fmt.Errorf("%s is all interfaces: it stands alone", AnyInterface)
	}
	if o.Promiscuous && o.Interfaces[0] == AnyInterface {
		return fmt.Errorf("promiscuous needs interfaces by name, not %s", AnyInterface)
	}
	size := cmp.Or(o.Ring, DefaultRing)
	if size < MinRing || size > math.MaxInt32 {
		return fmt.Errorf("a ring has from %d KiB to 2 GiB", MinRing>>10)
	}
	var err error
	if c.wake, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return os.NewSyscallError("eventfd", err)
	}
	if err := c.openLinks(); err != nil {
		return err
	}
	for i, name := range o.Interfaces {
		if slices.Contains(o.Interfaces[:i], name) {
			return fmt.Errorf("%s is named twice", name)
		}
		r, err := c.openRing(name, size)
		if err != nil {
			return err
		}
		c.rings = append(c.rings, r)
	}
	return nil
}

func (c *capture) openRing(name string, size int) (*liveRing, error) {
	r := &liveRing{name: name, points: map[pointKey]*point{}, row: len(c.rows), up: true}
	hardware := uint16(unix.ARPHRD_ETHER)
	if name != AnyInterface {
		link, err := findLink(name)
		if err != nil {
			return nil, err
		}
		r.index, hardware = link.index, link.hardware
	}
	var err error
	if r.ring, err = newRing(size); err != nil {
		if errors.Is(err, unix.EPERM) {
			return nil, err
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := c.prepare(r, hardware); err != nil {
		r.close()
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	c.rows = append(c.rows, InterfaceCounters{Name: name})
	if name != AnyInterface {
		c.named(name, linkTypeOf(hardware))
	}
	return r, nil
}

// prepare makes the socket ready for frames of an interface of that kind.
func (c *capture) prepare(r *liveRing, hardware uint16) error {
	program, err := c.program(r.index == 0, hardware)
	if err != nil {
		return err
	}
	if err := r.filter(program); err != nil {
		return err
	}
	if c.options.Promiscuous {
		if err := r.promiscuous(r.index); err != nil {
			return err
		}
	}
	if c.options.HardwareTime {
		return r.hardwareTime(r.name)
	}
	return nil
}

// program is what the kernel asks about each frame: the direction, and the user's filter.
func (c *capture) program(any bool, hardware uint16) ([]bpf.RawInstruction, error) {
	program, err := directionProgram(c.options.Direction)
	if err != nil {
		return nil, err
	}
	user := c.options.Filter
	if user == nil || c.options.FilterText == "" {
		all, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: uint32(c.snap)}})
		return append(program, all...), err
	}
	if !any {
		link := linkTypeOf(hardware)
		if link == LinkTypeLinuxSLL2 {
			return nil, errors.New("capture filters are for interfaces with Ethernet or IP")
		}
		own, err := user(link)
		return append(program, own...), err
	}
	// At all interfaces a frame is asked about as what its interface is. Of a kind that the filter cannot ask about there is none that it means.
	ethernet, err := user(LinkTypeEthernet)
	if err != nil {
		return nil, err
	}
	nothing := []bpf.RawInstruction{{Op: retConstant}}
	raw, err := user(LinkTypeRaw)
	if err != nil {
		raw = nothing
	}
	choice := []bpf.Instruction{bpf.LoadExtension{Num: bpf.ExtLinkLayerType}}
	for i, kind := range rawKinds {
		choice = append(choice, bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(kind), SkipTrue: uint8(len(rawKinds) - i + 2)})
	}
	choice = append(choice,
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ARPHRD_ETHER, SkipTrue: 3},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ARPHRD_LOOPBACK, SkipTrue: 2},
		bpf.RetConstant{Val: 0},
		bpf.Jump{Skip: uint32(len(ethernet))}, // to raw
	)
	chosen, err := bpf.Assemble(choice)
	return slices.Concat(program, chosen, ethernet, raw), err
}

// retConstant is the operation of an instruction that returns its constant: BPF_RET | BPF_K.
const retConstant = 0x06

// directionProgram lets through what goes the right way. At the loopback interface each frame goes out and comes in: as everywhere, it is
// shown once.
func directionProgram(d Direction) ([]bpf.RawInstruction, error) {
	kind := bpf.LoadExtension{Num: bpf.ExtType}
	outgoing := bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PACKET_OUTGOING}
	drop := bpf.RetConstant{Val: 0}
	switch d {
	case Inbound:
		outgoing.SkipFalse = 1
		return bpf.Assemble([]bpf.Instruction{kind, outgoing, drop})
	case Outbound:
		outgoing.SkipTrue = 1
		return bpf.Assemble([]bpf.Instruction{kind, outgoing, drop})
	}
	outgoing.SkipFalse = 1
	return bpf.Assemble([]bpf.Instruction{
		bpf.LoadExtension{Num: bpf.ExtLinkLayerType},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ARPHRD_LOOPBACK, SkipFalse: 3},
		kind, outgoing, drop,
	})
}

// hardwareTime asks the interface to put its own times on frames.
func (r *liveRing) hardwareTime(name string) error {
	config := unix.HwTstampConfig{Tx_type: unix.HWTSTAMP_TX_OFF, Rx_filter: unix.HWTSTAMP_FILTER_ALL}
	if err := unix.IoctlSetHwTstamp(r.fd, name, &config); err != nil {
		return fmt.Errorf("no hardware times for all frames: %w", err)
	}
	return os.NewSyscallError("PACKET_TIMESTAMP", unix.SetsockoptInt(r.fd, unix.SOL_PACKET, unix.PACKET_TIMESTAMP, unix.SOF_TIMESTAMPING_RAW_HARDWARE))
}

func (c *capture) close() {
	for _, r := range c.rings {
		r.close()
	}
	c.waking.Lock()
	defer c.waking.Unlock()
	for _, fd := range []int{c.links, c.wake} {
		if fd >= 0 {
			unix.Close(fd)
		}
	}
	c.rings, c.links, c.wake = nil, -1, -1
}

func (c *capture) stop() {
	c.ask.Or(askStop)
	c.rouse()
}

func (c *capture) cutNow() {
	c.ask.Or(askCut)
	c.rouse()
}

// What others ask of the goroutine that captures.
const (
	askStop = 1 << iota
	askCut
)

// rouse ends wait.
func (c *capture) rouse() {
	var one [8]byte
	binary.NativeEndian.PutUint64(one[:], 1)
	c.waking.Lock()
	defer c.waking.Unlock()
	if c.wake >= 0 {
		unix.Write(c.wake, one[:])
	}
}

// capture implements device.
func (c *capture) capture() {
	runtime.LockOSThread() // it waits in the kernel mostly
	defer runtime.UnlockOSThread()
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
		if !more {
			c.hand()
		}
		c.tick(time.Now(), !more)
		if c.counted() {
			break
		}
		if !more {
			c.wait()
		}
	}
	c.ending()
}

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

// drain moves frames from the rings to batches, in the order of their times as far as the rings show it. It returns true if there may be more.
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

// earliest returns the ring with the earliest frame, nil if there is none, or one could still come from another ring that is earlier. That is known when the kernel
// has had the time to hand over its block.
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
	c.batch = newBatch()
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

// tick ends the interval where no frame does it: when its time is over by the clock, and so much more that the kernel had time to hand over what it has.
// While the rings have more, frames do it: they may be of the open interval, however late it is.
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

// clockWatch notices when somebody sets the clock.
type clockWatch struct {
	wall int64     // ns since 1970, less what has passed since mono
	mono time.Time // has a monotonic reading
}

func (w *clockWatch) start(now time.Time) { w.wall, w.mono = now.UnixNano(), now }

// stepped tells whether the clock was set by more than a second since the last call that said so, or start.
func (w *clockWatch) stepped(now time.Time) bool {
	const step = int64(time.Second)
	if off := now.UnixNano() - w.wall - int64(now.Sub(w.mono)); off < -step || off > step {
		w.start(now)
		return true
	}
	return false
}

// link is a network interface of the machine.
type link struct {
	index    int
	hardware uint16 // ARPHRD_
}

// findLink finds an interface by name.
func findLink(name string) (link, error) {
	i, err := net.InterfaceByName(name)
	if err != nil {
		all, failed := net.Interfaces()
		if failed != nil {
			return link{}, fmt.Errorf("%s: %w", name, failed)
		}
		var names []string
		for _, one := range all {
			names = append(names, one.Name)
		}
		return link{}, fmt.Errorf("there is no interface %s; there are %s, and %s", name, strings.Join(names, ", "), AnyInterface)
	}
	l := link{i.Index, unix.ARPHRD_ETHER}
	if kind, err := strconv.ParseUint(sysfs(name, "type"), 10, 16); err == nil {
		l.hardware = uint16(kind)
	}
	return l, nil
}

// linkName is the name of the interface with that number.
func linkName(index int) string {
	if i, err := net.InterfaceByIndex(index); err == nil {
		return i.Name
	}
	return "interface " + strconv.Itoa(index) // gone since
}

// linkSpeed is in bits per second, 0 if nobody knows.
func linkSpeed(name string) uint64 {
	megabits, err := strconv.ParseInt(sysfs(name, "speed"), 10, 64)
	if err != nil || megabits < 0 {
		return 0
	}
	return uint64(megabits) * 1e6
}

// sysfs reads an attribute of an interface, empty if there is none.
func sysfs(name, attribute string) string {
	b, err := os.ReadFile(filepath.Join("/sys/class/net", filepath.Base(name), attribute))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

package pcaps

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

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

// OpenLive opens sockets for all interfaces. From then on no privilege is needed, also for an interface that comes back. Nothing is
// captured before the first frame is read.
func OpenLive(o LiveOptions) (*Live, error) {
	l := newLive(o)
	c := &capture{Live: l, snap: min(cmp.Or(o.SnapLen, MaxSnapLen), MaxSnapLen), wake: -1, links: -1}
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

	batch    *batch    // that is being filled
	handed   time.Time // when the one before it was handed over
	number   uint64    // frames seen
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
	called string // what it is called now
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
	r := &liveRing{name: name, called: name, points: map[pointKey]*point{}, row: len(c.rows), up: true}
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

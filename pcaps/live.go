package pcaps

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/net/bpf"
)

// LiveOptions are choices for [OpenLive].
type LiveOptions struct {
	// Interfaces are the names of those to capture at. [AnyInterface], which stands alone, is all that there are and will be.
	Interfaces   []string
	Promiscuous  bool      // also frames for others
	SnapLen      int       // bytes kept of each frame, up to [MaxSnapLen]; 0 for all
	Ring         int       // bytes of the kernel's ring for each interface, one for all of [AnyInterface]; 0 for [DefaultRing]
	Direction    Direction // which frames, as this machine sees them
	HardwareTime bool      // times are those of the interfaces' own clocks

	// Filter compiles what the kernel lets through, for frames of a link type; nil lets through everything. What a program returns is how
	// many bytes of a frame are kept, so SnapLen has to be in it.
	Filter     func(LinkType) ([]bpf.RawInstruction, error)
	FilterText string // what it compiles, for files

	Count    uint64        // end after so many frames, 0 for no limit
	Interval time.Duration // between two marks, 0 for none
	Queue    int           // bytes of frames that may wait for whoever analyses them, 0 for [DefaultQueue]
	Recent   int           // bytes of frames that are kept behind analysis for [Live.Recent], 0 for none

	// Log is told in a line, without a line end, what happens meanwhile that somebody should know: an interface went down. It may be called
	// from any goroutine. Nil is nobody.
	Log func(string)
}

// AnyInterface stands for all interfaces.
const AnyInterface = "any"

// Sizes that are taken where nobody asks for others, in bytes.
const (
	DefaultRing  = 32 << 20
	DefaultQueue = 64 << 20
	MinRing      = 64 << 10
	MaxSnapLen   = 262144 // libpcap's: longer than every frame that an interface of Linux shows
)

// Direction is which way frames go, as the machine that captures sees it.
type Direction uint8

const (
	BothWays Direction = iota
	Inbound
	Outbound
)

var directionNames = [...]string{BothWays: "both", Inbound: "in", Outbound: "out"}

func (d Direction) String() string { return directionNames[d] }

// ParseDirection is the reverse of String.
func ParseDirection(s string) (Direction, error) {
	for d, name := range directionNames {
		if s == name {
			return Direction(d), nil
		}
	}
	return 0, fmt.Errorf("there are %s", strings.Join(directionNames[:], ", "))
}

// Counters count the frames of an interface since the start, or since another moment. Received is always Seen + Dropped, once capturing has
// ended; until then a few may be in the ring.
type Counters struct {
	Received uint64 // that the kernel had for us, after direction and filter
	Seen     uint64 // that were read from the ring
	Bytes    uint64 // on the wire, of those seen
	Dropped  uint64 // that the kernel dropped, for the ring was full
	Freezes  uint64 // how often the ring was found full
	Skipped  uint64 // seen, but not analysed: analysis was behind
}

// Minus is what was counted since d.
func (c Counters) Minus(d Counters) Counters {
	return Counters{c.Received - d.Received, c.Seen - d.Seen, c.Bytes - d.Bytes, c.Dropped - d.Dropped, c.Freezes - d.Freezes, c.Skipped - d.Skipped}
}

// Plus is the sum of both.
func (c Counters) Plus(d Counters) Counters {
	return Counters{c.Received + d.Received, c.Seen + d.Seen, c.Bytes + d.Bytes, c.Dropped + d.Dropped, c.Freezes + d.Freezes, c.Skipped + d.Skipped}
}

// InterfaceCounters are those of one interface. At [AnyInterface] all share a ring: what it drops nobody can tell apart, and only the row
// with that name has Received, Dropped and Freezes.
type InterfaceCounters struct {
	Name string
	Counters
}

// RecordCounters count what became of the frames of a recording, since the start. Written + Lost are all that were seen.
type RecordCounters struct {
	File    string // that is being written, by its final name; empty when there is none
	Files   uint64 // that were begun
	Written uint64 // frames that went to a file
	Bytes   uint64 // of files, before compression
	Lost    uint64 // frames that could not be written: the disk was full
	Removed uint64 // frames written that went with files removed for [RecordOptions.Keep]
	Failed  string // why nothing is written at the moment; empty while all is well
}

// RecordOptions are choices for what a live capture records.
type RecordOptions struct {
	Path       string        // the file; with rotation the time and a number stand before its ending
	RotateSize int64         // begin another file before one is longer, in bytes before compression; 0 for never
	RotateTime time.Duration // begin another file when one holds frames of so long; 0 for never
	Keep       int           // remove the oldest file of this run when there are more; 0 for all
	Compress   bool          // with zstd
}

// ErrNoLive says that this platform has no live capture.
var ErrNoLive = errors.New("live capture needs Linux; read what tcpdump -w or dumpcap recorded instead")

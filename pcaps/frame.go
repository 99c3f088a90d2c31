package pcaps

import (
	"cmp"
	"sync"
)

// Frame is one captured frame.
type Frame struct {
	Number    uint64     // from 1, over all input in the order of reading
	Time      int64      // when it was captured, in ns since the Unix epoch
	Timeless  bool       // the file does not say when (pcapng's Simple Packet Block); Time is 0
	Data      []byte     // the bytes captured; valid until its [Block] is filled again
	WireLen   int        // bytes on the wire, never below len(Data)
	Interface *Interface // where it was captured
	Offset    int64      // of its record or block, in bytes from the start of the (decompressed) file
	Flags     uint32     // pcapng's epb_flags: bits 0-1 are 1 inbound, 2 outbound, 0 unknown; 0 elsewhere
	Comments  []string   // pcapng's opt_comment; nil for most
}

// FCSLen is the number of bytes of frame check sequence at the end of the frame on the wire, -1 if the file does not
// say.
func (f *Frame) FCSLen() int {
	if n := f.Flags >> 5 & 0xf; n != 0 {
		return int(n)
	}
	return f.Interface.FCSLen
}

// Interface is a capture point: an interface that a file describes. A file without descriptions (pcap, snoop) has
// one. Two interfaces are the same only if their pointers are.
type Interface struct {
	File           string // the file's name as it was given, "standard input" for "-"
	FileIndex      int    // of the file among those of one [OpenAll]
	Index          int    // in the file, from 0
	Section        int    // the pcapng section it belongs to, from 0
	ID             int    // in the section, from 0: what Wireshark shows; -1 for formats without numbers
	Name           string
	Description    string
	Hardware       string
	OS             string
	Filter         string   // the capture filter, as text
	Comments       []string // of its description
	LinkType       LinkType
	SnapLen        uint32 // the longest capture of a frame in bytes, 0 for no limit
	FCSLen         int    // bytes of frame check sequence at the end of a frame, -1 unknown
	Speed          uint64 // bits per second, 0 unknown
	TicksPerSecond uint64 // the resolution of its clock: 1000000 for µs

	clock  clock
	counts *counts // nil for one that no file describes
}

// Statistics are what the capturing system counted at an interface, -1 where the file does not say.
type Statistics struct {
	Received  int64 // packets that came in
	Dropped   int64 // packets that the interface lost for want of resources
	OSDropped int64 // packets that the operating system lost
	Comments  []string
}

var noStatistics = Statistics{Received: -1, Dropped: -1, OSDropped: -1}

// counts are statistics that one goroutine reads while another may ask.
type counts struct {
	mutex sync.Mutex
	Statistics
}

// Statistics returns what the file has said by now. It follows the frames that it counts, so it is final only at the end of the file.
func (i *Interface) Statistics() Statistics {
	if i.counts == nil {
		return noStatistics
	}
	i.counts.mutex.Lock()
	defer i.counts.mutex.Unlock()
	return i.counts.Statistics
}

// Uncounted returns an interface that is like i, and has no statistics.
func (i *Interface) Uncounted() *Interface {
	like := *i
	like.counts = nil
	return &like
}

func newInterface(link LinkType, snapLen uint32) *Interface {
	return &Interface{ID: -1, LinkType: link, SnapLen: snapLen, FCSLen: -1, counts: &counts{Statistics: noStatistics}}
}

// ticks is the stamp that the interface's clock puts on a time.
func (i *Interface) ticks(ns int64) uint64 {
	if i.clock.perSecond == 0 { // the format has no clocks
		i.clock = newClock(cmp.Or(i.TicksPerSecond, nsPerSecond), 0)
	}
	return i.clock.ticks(ns)
}

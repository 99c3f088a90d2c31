package pcaps

import (
	"encoding/binary"
	"fmt"
	"math"
)

// pcapEncoder writes pcap, little-endian: the format that pcapReader reads.
type pcapEncoder struct {
	src      Source
	began    bool
	link     LinkType
	fcsLen   int
	fraction int64 // ns in a unit of the second time field
}

// noSnapLen stands for no limit: what libpcap takes for the longest frame.
const noSnapLen = 262144

func (e *pcapEncoder) frame(dst []byte, f *Frame) ([]byte, error) {
	if !e.began {
		dst = e.begin(dst, f.Interface, f.FCSLen(), f.Number)
	}
	switch {
	case f.Interface.LinkType != e.link:
		return nil, fmt.Errorf("a pcap file holds frames of one link type: it has %s, frame %d is %s; write a .pcapng file", e.link, f.Number, f.Interface.LinkType)
	case f.FCSLen() != e.fcsLen:
		return nil, fmt.Errorf("a pcap file holds frames with one length of frame check sequence, and frame %d has another one; write a .pcapng file", f.Number)
	case f.Time < 0 || f.Time/nsPerSecond > math.MaxUint32:
		return nil, fmt.Errorf("the time of frame %d cannot be written in a pcap file; write a .pcapng file", f.Number)
	case f.Time%e.fraction != 0:
		return nil, fmt.Errorf("this pcap file began with microseconds, and the time of frame %d is finer; write a .pcapng file", f.Number)
	}
	dst = binary.LittleEndian.AppendUint32(dst, uint32(f.Time/nsPerSecond))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(f.Time%nsPerSecond/e.fraction))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(f.Data)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(f.WireLen))
	return append(dst, f.Data...), nil
}

func (e *pcapEncoder) finish(dst []byte) []byte {
	if e.began {
		return dst
	}
	point := newInterface(LinkTypeEthernet, 0)
	if known := e.src.Interfaces(); len(known) > 0 {
		point = known[0]
	}
	return e.begin(dst, point, point.FCSLen, math.MaxUint64)
}

// known are the interfaces that the source has told of with the frame of that number; all, if it has no files.
func (e *pcapEncoder) known(number uint64) (all []*Interface) {
	readers := e.src.Readers()
	if len(readers) == 0 {
		return e.src.Interfaces()
	}
	for _, r := range readers {
		k, _ := r.with(number)
		all = append(all, k.interfaces...)
	}
	return all
}

// begin appends the file header for frames like those of the interface, the first of which has a number.
func (e *pcapEncoder) begin(dst []byte, point *Interface, fcsLen int, number uint64) []byte {
	e.began, e.link, e.fcsLen = true, point.LinkType, fcsLen
	snapLen, unlimited, ticks := point.SnapLen, point.SnapLen == 0, point.TicksPerSecond
	for _, i := range e.known(number) {
		snapLen, unlimited, ticks = max(snapLen, i.SnapLen), unlimited || i.SnapLen == 0, max(ticks, i.TicksPerSecond)
	}
	if unlimited {
		snapLen = max(snapLen, noSnapLen)
	}
	magic := uint32(magicMicro)
	if e.fraction = 1000; ticks > 1_000_000 {
		magic, e.fraction = magicNano, 1
	}
	link := uint32(e.link)
	if fcsLen >= 0 && fcsLen%2 == 0 && fcsLen < 32 { // what four bits can count in units of 16 bits
		link |= 1<<26 | uint32(fcsLen/2)<<28
	}
	dst = binary.LittleEndian.AppendUint32(dst, magic)
	dst = binary.LittleEndian.AppendUint16(dst, 2)
	dst = binary.LittleEndian.AppendUint16(dst, 4)
	dst = append(dst, make([]byte, 8)...)
	dst = binary.LittleEndian.AppendUint32(dst, snapLen)
	return binary.LittleEndian.AppendUint32(dst, link)
}

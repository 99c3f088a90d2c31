package pcaps

import (
	"encoding/binary"
	"math"
)

// pcapngEncoder writes pcapng, little-endian: the format that pcapngReader reads. The sections of a single file stay; the frames
// of several files, which alternate, stand in one section.
type pcapngEncoder struct {
	readers    []*Reader // of the source
	files      []file    // what each of them had said with the frame
	framesOnly bool
	began      bool
	section    int // of the source
	ids        map[*Interface]uint32
	described  []*Interface // by number in the section
	point      *Interface   // of the frame before
	id         uint32       // of that
	latest     int64        // time of a frame
}

// file is what a file of the source had said with the frame that is written.
type file struct {
	known
	next           uint64 // number of the frame that more is known with
	changes        int64  // of the contents, at that time
	names, secrets int    // that were written
}

func newPcapngEncoder(src Source, o WriteOptions) *pcapngEncoder {
	readers := src.Readers()
	return &pcapngEncoder{readers: readers, framesOnly: o.FramesOnly, files: make([]file, len(readers))}
}

func (e *pcapngEncoder) frame(dst []byte, f *Frame) ([]byte, error) {
	if !e.framesOnly {
		e.with(f.Number)
	}
	if f.Interface != e.point {
		dst = e.enter(dst, f.Interface)
	}
	if !e.framesOnly {
		dst = e.appendSaid(dst)
	}
	if f.Timeless && e.simple(f) {
		return appendSimple(dst, f), nil
	}
	e.latest = max(e.latest, f.Time)
	return appendEnhanced(dst, e.id, f), nil
}

// with makes known what files had said with the frame of that number.
func (e *pcapngEncoder) with(number uint64) {
	for i, r := range e.readers {
		f := &e.files[i]
		if changes := r.changes.Load(); number >= f.next || changes != f.changes {
			f.known, f.next = r.with(number)
			f.changes = changes
		}
	}
}

// simple tells whether a Simple Packet Block can hold the frame, which is the only block without a time.
func (e *pcapngEncoder) simple(f *Frame) bool {
	captured := f.WireLen
	if snap := f.Interface.SnapLen; snap != 0 {
		captured = min(captured, int(snap))
	}
	return e.id == 0 && captured == len(f.Data)
}

// finish appends what the source said last, and the statistics of interfaces.
func (e *pcapngEncoder) finish(dst []byte) []byte {
	e.with(math.MaxUint64)
	if !e.began {
		dst = e.begin(dst, 0)
		if !e.framesOnly {
			for file := range e.files {
				dst = e.describeAll(dst, file)
			}
		}
	}
	if !e.framesOnly {
		dst = e.appendSaid(dst)
	}
	return e.appendStatistics(dst)
}

// enter makes i the interface of what follows, with a block for it if it has none.
func (e *pcapngEncoder) enter(dst []byte, i *Interface) []byte {
	if !e.began || e.sections() && i.Section != e.section {
		dst = e.begin(e.appendStatistics(dst), i.Section)
	}
	if _, ok := e.ids[i]; !ok {
		// With its interface a file's others come in, so that they keep their numbers where they can, and those without frames are told of.
		if e.ofSource(i) {
			dst = e.describeAll(dst, i.FileIndex)
		} else {
			dst = e.describe(dst, i)
		}
	}
	e.point, e.id = i, e.ids[i]
	return dst
}

// sections tells whether the sections of the source become sections.
func (e *pcapngEncoder) sections() bool { return !e.framesOnly && len(e.readers) == 1 }

// ofSource tells whether i is an interface that a file has told of, and not the caller's own.
func (e *pcapngEncoder) ofSource(i *Interface) bool {
	if e.framesOnly || i.FileIndex >= len(e.files) {
		return false
	}
	told := e.files[i.FileIndex].interfaces
	return i.Index < len(told) && told[i.Index] == i
}

// describeAll describes the interfaces that the file has told of so far, of the current section.
func (e *pcapngEncoder) describeAll(dst []byte, file int) []byte {
	for _, i := range e.files[file].interfaces {
		if _, ok := e.ids[i]; !ok && (!e.sections() || i.Section == e.section) {
			dst = e.describe(dst, i)
		}
	}
	return dst
}

// begin begins a section.
func (e *pcapngEncoder) begin(dst []byte, section int) []byte {
	e.began, e.section = true, section
	e.ids, e.described = map[*Interface]uint32{}, e.described[:0]
	header := Section{Application: "pktscope"}
	if !e.framesOnly {
		for _, k := range e.files {
			switch {
			case e.sections() && section < len(k.sections):
				header = k.sections[section]
			case !e.sections():
				for _, s := range k.sections {
					header.Comments = append(header.Comments, s.Comments...)
				}
			}
		}
	}
	return appendSection(dst, &header)
}

func (e *pcapngEncoder) describe(dst []byte, i *Interface) []byte {
	e.ids[i] = uint32(len(e.described))
	e.described = append(e.described, i)
	return appendInterface(dst, i)
}

// appendSaid appends the names and secrets that files have told of since the last call.
func (e *pcapngEncoder) appendSaid(dst []byte) []byte {
	for i := range e.files {
		f := &e.files[i]
		if f.names < len(f.known.names) {
			dst = appendNames(dst, f.known.names[f.names:])
			f.names = len(f.known.names)
		}
		for ; f.secrets < len(f.known.secrets); f.secrets++ {
			dst = appendSecrets(dst, f.known.secrets[f.secrets])
		}
	}
	return dst
}

// appendStatistics appends a block for each interface of the section that something is known of.
func (e *pcapngEncoder) appendStatistics(dst []byte) []byte {
	var start int
	for id, i := range e.described {
		s := i.Statistics()
		if e.framesOnly || s.Received < 0 && s.Dropped < 0 && s.OSDropped < 0 && len(s.Comments) == 0 {
			continue
		}
		dst, start = beginBlock(dst, blockStatistics)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(id))
		dst = appendTicks(dst, i.ticks(e.latest))
		dst = appendComments(dst, s.Comments)
		dst = appendCount(dst, statisticsReceived, s.Received)
		dst = appendCount(dst, statisticsDropped, s.Dropped)
		dst = appendCount(dst, statisticsOSDropped, s.OSDropped)
		dst = endBlock(append(dst, noMoreOptions...), start)
	}
	return dst
}

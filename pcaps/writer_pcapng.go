package pcaps

import "encoding/binary"

// pcapngEncoder writes pcapng, little-endian: the format that pcapngReader reads. The sections of a single file stay; the frames
// of several files, which alternate, stand in one section.
type pcapngEncoder struct {
	readers    []*Reader // of the source
	framesOnly bool
	began      bool
	section    int // of the source
	ids        map[*Interface]uint32
	described  []described // by number in the section
	said       []said      // by file of the source
	point      *Interface  // of the frame before
	id         uint32      // of that
	latest     int64       // time of a frame
}

// described is an interface that has its block.
type described struct {
	*Interface
	comments int // in the block; statistics can add some
}

// said counts what of a file was written.
type said struct{ names, secrets int }

func newPcapngEncoder(src Source, o WriteOptions) *pcapngEncoder {
	return &pcapngEncoder{readers: src.Readers(), framesOnly: o.FramesOnly, said: make([]said, len(src.Readers()))}
}

func (e *pcapngEncoder) frame(dst []byte, f *Frame) ([]byte, error) {
	if f.Interface != e.point {
		dst = e.enter(dst, f.Interface)
	}
	if !e.framesOnly {
		for file, r := range e.readers {
			dst = e.appendSaid(dst, file, r)
		}
	}
	if f.Timeless && e.simple(f) {
		return appendSimple(dst, f), nil
	}
	e.latest = max(e.latest, f.Time)
	return appendEnhanced(dst, e.id, f), nil
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
	if !e.began {
		dst = e.begin(dst, 0)
		if !e.framesOnly {
			for _, r := range e.readers {
				dst = e.describeAll(dst, r)
			}
		}
	}
	if !e.framesOnly {
		for file, r := range e.readers {
			dst = e.appendSaid(dst, file, r)
		}
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
		if r := e.reader(i); r != nil {
			dst = e.describeAll(dst, r)
		} else {
			dst = e.describe(dst, i)
		}
	}
	e.point, e.id = i, e.ids[i]
	return dst
}

// sections tells whether the sections of the source become sections.
func (e *pcapngEncoder) sections() bool { return !e.framesOnly && len(e.readers) == 1 }

// reader is the file whose interface i is; nil if it is the caller's own.
func (e *pcapngEncoder) reader(i *Interface) *Reader {
	if e.framesOnly || i.FileIndex >= len(e.said) {
		return nil
	}
	if r := e.readers[i.FileIndex]; i.Index < len(r.interfaces) && r.interfaces[i.Index] == i {
		return r
	}
	return nil
}

// describeAll describes the interfaces that the file has told of so far, of the current section.
func (e *pcapngEncoder) describeAll(dst []byte, r *Reader) []byte {
	for _, i := range r.interfaces {
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
		for _, r := range e.readers {
			switch known := r.Sections(); {
			case e.sections() && section < len(known):
				header = known[section]
			case !e.sections():
				for _, s := range known {
					header.Comments = append(header.Comments, s.Comments...)
				}
			}
		}
	}
	return appendSection(dst, &header)
}

func (e *pcapngEncoder) describe(dst []byte, i *Interface) []byte {
	e.ids[i] = uint32(len(e.described))
	e.described = append(e.described, described{i, len(i.Comments)})
	return appendInterface(dst, i)
}

// appendSaid appends the names and secrets that the file has told of since the last call.
func (e *pcapngEncoder) appendSaid(dst []byte, file int, r *Reader) []byte {
	s := &e.said[file]
	if names := r.names[s.names:]; len(names) > 0 {
		dst = appendNames(dst, names)
		s.names = len(r.names)
	}
	for _, secrets := range r.secrets[s.secrets:] {
		dst = appendSecrets(dst, secrets)
		s.secrets++
	}
	return dst
}

// appendStatistics appends a block for each interface of the section that something is known of.
func (e *pcapngEncoder) appendStatistics(dst []byte) []byte {
	var start int
	for id, i := range e.described {
		if e.framesOnly || i.Received < 0 && i.Dropped < 0 && i.OSDropped < 0 && len(i.Comments) == i.comments {
			continue
		}
		dst, start = beginBlock(dst, blockStatistics)
		dst = binary.LittleEndian.AppendUint32(dst, uint32(id))
		dst = appendTicks(dst, i.ticks(e.latest))
		dst = appendComments(dst, i.Comments[i.comments:])
		dst = appendCount(dst, statisticsReceived, i.Received)
		dst = appendCount(dst, statisticsDropped, i.Dropped)
		dst = appendCount(dst, statisticsOSDropped, i.OSDropped)
		dst = endBlock(append(dst, noMoreOptions...), start)
	}
	return dst
}

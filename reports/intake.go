package reports

import (
	"slices"

	"pktscope/dissect"
	"pktscope/pcaps"
)

// block is frames as the source has them, and what was noted of each in capture order.
type block struct {
	pcaps.Block
	number uint64
	notes  []note
	next   dissect.Frame // what frame returned
}

// note is what is said of a frame in capture order.
type note struct {
	point    *dissect.Point
	selected bool
}

// frame returns the i-th frame, which is valid until the next call, and whether it was selected.
func (b *block) frame(i int) (_ *dissect.Frame, selected bool) {
	b.next = frameAt(&b.Frames[i], b.notes[i].point)
	return &b.next, b.notes[i].selected
}

// frameAt is f as dissecting sees it.
func frameAt(f *pcaps.Frame, point *dissect.Point) dissect.Frame {
	return dissect.Frame{
		Data:     f.Data,
		WireLen:  f.WireLen,
		Time:     f.Time,
		Timeless: f.Timeless,
		Number:   f.Number,
		Point:    point,
		Flags:    f.Flags,
		Comments: f.Comments,
	}
}

// intake sees the blocks in the order of the capture. It numbers them and the capture points, and selects frames.
type intake struct {
	selects func(*dissect.Frame) bool // nil for all
	blocks  uint64
	damage  []error
	points  map[*pcaps.Interface]*dissect.Point
	last    *pcaps.Interface
	point   *dissect.Point // of last
	asked   dissect.Frame
}

func (in *intake) enter(b *block) {
	b.number = in.blocks
	in.blocks++
	if b.Damage != nil {
		in.damage = append(in.damage, b.Damage)
	}
	b.notes = slices.Grow(b.notes[:0], len(b.Frames))
	for i := range b.Frames {
		f := &b.Frames[i]
		n := note{in.pointOf(f), true}
		if in.selects != nil {
			in.asked = frameAt(f, n.point)
			n.selected = in.selects(&in.asked)
		}
		b.notes = append(b.notes, n)
	}
}

// pointOf returns where f was captured; its Origin is the interface. Frames of one interface mostly come in a row, and then it is the point
// of the frame before.
func (in *intake) pointOf(f *pcaps.Frame) *dissect.Point {
	fcs := f.FCSLen()
	if f.Interface == in.last && fcs == in.point.FCSLen {
		return in.point
	}
	point := in.points[f.Interface]
	if point == nil {
		i := f.Interface
		point = &dissect.Point{ID: len(in.points), File: i.File, Index: i.ID, Name: i.Name, Link: uint16(i.LinkType), FCSLen: fcs, Origin: i}
		in.points[i] = point
	}
	if point.FCSLen != fcs { // the frame's own word against its interface's
		other := *point
		other.FCSLen = fcs
		point = &other
	}
	in.last, in.point = f.Interface, point
	return point
}

// oneByOne is a source whose blocks have one frame each: for a consumer that is to be done with a frame before anything is asked about the
// next one.
type oneByOne struct {
	pcaps.Source
	block pcaps.Block
	next  int // frame of it
}

func (s *oneByOne) Fill(b *pcaps.Block, last uint64, inOrder func()) bool {
	if s.next == len(s.block.Frames) && s.block.Damage == nil {
		if !s.Source.Fill(&s.block, last, func() {}) {
			return false
		}
		s.next = 0
	}
	b.Frames, b.Damage = b.Frames[:0], nil
	if s.next < len(s.block.Frames) {
		b.Frames = append(b.Frames, s.block.Frames[s.next])
		s.next++
	} else {
		b.Damage, s.block.Damage = s.block.Damage, nil
	}
	inOrder()
	return true
}

package reports

import (
	"cmp"
	"errors"
	"slices"
	"sync"
	"testing"

	"pktscope/dissect"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// input is a source of frames and errors, in this order.
type input struct {
	pcaps.Source // what Read does not need
	steps        []any
	block        int // most frames in a block, 0 for 4096
	filling      sync.Mutex
	number       uint64
}

// inputOf is an input of these frames, in blocks of so many; 0 for blocks of 4096.
func inputOf(frames []pcaps.Frame, block int) *input {
	in := &input{block: block}
	for _, f := range frames {
		in.steps = append(in.steps, f)
	}
	return in
}

func (in *input) Fill(b *pcaps.Block, last uint64, inOrder func()) bool {
	in.filling.Lock()
	defer in.filling.Unlock()
	b.Frames, b.Damage = b.Frames[:0], nil
	for len(in.steps) > 0 && in.number < last && len(b.Frames) < cmp.Or(in.block, 4096) && b.Damage == nil {
		switch step := in.steps[0].(type) {
		case error:
			b.Damage = step
		case pcaps.Frame:
			in.number++
			step.Number = in.number
			b.Frames = append(b.Frames, step)
		}
		in.steps = in.steps[1:]
	}
	if len(b.Frames) == 0 && b.Damage == nil {
		return false
	}
	inOrder()
	return true
}

// consumer calls itself for each packet.
type consumer func(*dissect.Packet) error

func (c consumer) Packet(p *dissect.Packet) error { return c(p) }

func TestRead(t *testing.T) {
	var (
		damage = &pcaps.DamageError{File: "a.pcap", Frame: 3}
		one    = &pcaps.Interface{File: "a.pcap", LinkType: 1, FCSLen: -1}
		two    = &pcaps.Interface{File: "b.pcap", LinkType: 1, FCSLen: 4}
		bytes  = craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}, craft.Payload(make([]byte, 32)))
		frame  = func(i *pcaps.Interface, flags uint32) pcaps.Frame {
			return pcaps.Frame{Data: bytes, WireLen: len(bytes), Interface: i, Flags: flags}
		}
		steps = []any{frame(one, 0), frame(two, 0), frame(one, 2<<5), damage, frame(two, 0), frame(one, 0)}
		full  = errors.New("disk full")
	)
	for _, c := range []struct {
		name    string
		options Options
		fail    uint64 // the packet that the consumer fails at
		points  []int  // of the packets, their capture points
		fcs     []int  // and bytes of frame check sequence, -1 unknown
		status  string // of the first packet
		want    error
	}{
		{"a damaged file", Options{}, 0, []int{0, 1, 0, 1, 0}, []int{-1, 4, 2, 4, -1}, "good", damage},
		{"an end before the damage", Options{MaximumCount: 3}, 0, []int{0, 1, 0}, []int{-1, 4, 2}, "good", nil},
		{"no checksums", Options{MaximumCount: 1, NoChecksums: true}, 0, []int{0}, []int{-1}, "", nil},
		{"a consumer that fails", Options{}, 2, []int{0, 1}, []int{-1, 4}, "good", full},
	} {
		var points, fcs []int
		status := ""
		err := Read(&input{steps: steps}, c.options, consumer(func(p *dissect.Packet) error {
			points = append(points, p.Point.ID)
			fcs = append(fcs, p.Point.FCSLen)
			if p.Number == 1 {
				status = p.Layers[2].Verdict.String()
			}
			if p.Number == c.fail {
				return full
			}
			return nil
		}))
		if !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", c.name, err, c.want)
		}
		if !slices.Equal(points, c.points) || !slices.Equal(fcs, c.fcs) || status != c.status {
			t.Errorf("%s: points %v, FCS lengths %v, first verdict %q", c.name, points, fcs, status)
		}
	}
}

package reports

import (
	"errors"
	"io"
	"slices"
	"testing"

	"pktscope/dissect"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// input is a source of frames and errors, in this order.
type input struct {
	pcaps.Source // what Read does not need
	steps        []any
	number       uint64
}

func (in *input) Next(f *pcaps.Frame) error {
	if len(in.steps) == 0 {
		return io.EOF
	}
	step := in.steps[0]
	in.steps = in.steps[1:]
	if err, ok := step.(error); ok {
		return err
	}
	*f = step.(pcaps.Frame)
	in.number++
	f.Number = in.number
	return nil
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

package screen

import (
	"errors"

	"pktscope/dissect"
	"pktscope/pcaps"
	"pktscope/reports"
)

// ReadPackets reads src as the options say, and returns the last packets that they mean, at most so many, for [Feed.Packets].
func ReadPackets(src pcaps.Source, o reports.Options, most int) ([]Packet, error) {
	o.Workers = 1
	r := lastPackets{ring: make([]keptLine, most)}
	err := reports.Read(src, o, &r)
	return r.packets(), err
}

// lastPackets keeps the lines of the last packets that it has seen.
type lastPackets struct {
	ring []keptLine
	seen int
	line dissect.Line
}

// keptLine is the line of a packet, in memory that is used again.
type keptLine struct {
	number              uint64
	time                int64
	timeless            bool
	length              int
	source, destination []byte
	info, faults        []byte
}

// Packet implements [reports.Consumer].
func (r *lastPackets) Packet(p *dissect.Packet) error {
	l, k := &r.line, &r.ring[r.seen%len(r.ring)]
	l.Read(p)
	k.number, k.time, k.timeless, k.length = p.Number, p.Time, p.Timeless, p.WireLen
	k.source = append(k.source[:0], l.Source...)
	k.destination = append(k.destination[:0], l.Destination...)
	k.info = append(k.info[:0], l.Info...)
	if len(l.Around) > 0 {
		k.info = append(append(k.info, " · "...), l.Around...)
	}
	k.faults = append(k.faults[:0], l.Faults...)
	r.seen++
	return nil
}

func (r *lastPackets) packets() (all []Packet) {
	for i := max(0, r.seen-len(r.ring)); i < r.seen; i++ {
		k := &r.ring[i%len(r.ring)]
		all = append(all, Packet{k.number, k.time, k.timeless, k.length, string(k.source), string(k.destination), string(k.info), string(k.faults)})
	}
	return all
}

// ReadTree reads src until the packet with the number, and returns its tree, for [Feed.Tree].
func ReadTree(src pcaps.Source, o reports.Options, number uint64) (tree string, ok bool) {
	o.Workers, o.Filter = 1, nil
	r := oneTree{number: number}
	reports.Read(src, o, &r) // a packet that is not there is not ok
	return string(r.tree), r.tree != nil
}

// oneTree waits for a packet.
type oneTree struct {
	number uint64
	tree   []byte
}

var errFound = errors.New("found")

// Packet implements [reports.Consumer].
func (r *oneTree) Packet(p *dissect.Packet) error {
	if p.Number != r.number {
		return nil
	}
	r.tree = p.AppendTree(nil)
	return errFound
}

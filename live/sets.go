package live

import (
	"errors"

	"pktscope/dissect"
	"pktscope/pcaps"
	"pktscope/reports"
)

// sets are the reports of the interval and those since the start: a packet is decoded once and counted in both. What an interval says is so what read would
// say of a capture of these seconds alone, and what the total says what it would say of all.
type sets struct {
	now, total *reports.Set
	sums       sums
}

// sums counts what is published beside the tables.
type sums struct{ packets, bytes uint64 }

func newSets(names []string, src pcaps.Source, o reports.Options) (*sets, error) {
	now, err := reports.NewSet(names, src, o)
	if err != nil {
		return nil, err
	}
	total, err := reports.NewSet(names, src, o)
	return &sets{now: now, total: total}, err
}

// Packet implements [reports.Consumer].
func (s *sets) Packet(p *dissect.Packet) error {
	s.sums.packets++
	s.sums.bytes += uint64(p.WireLen)
	return errors.Join(s.now.Packet(p), s.total.Packet(p))
}

// NewShard implements [reports.Sharded].
func (s *sets) NewShard() reports.Shard {
	return &setsShard{sets: s, now: s.now.NewShard(), total: s.total.NewShard()}
}

type setsShard struct {
	sets       *sets
	now, total reports.Shard
	block      sums
}

// Packet implements [reports.Shard].
func (s *setsShard) Packet(p *dissect.Packet) {
	s.block.packets++
	s.block.bytes += uint64(p.WireLen)
	s.now.Packet(p)
	s.total.Packet(p)
}

// Begin implements [reports.Shard].
func (s *setsShard) Begin(block uint64) {
	s.now.Begin(block)
	s.total.Begin(block)
}

// Play implements [reports.Shard].
func (s *setsShard) Play() error { return errors.Join(s.now.Play(), s.total.Play()) }

// Flush implements [reports.Shard].
func (s *setsShard) Flush() error {
	s.sets.sums.packets += s.block.packets
	s.sets.sums.bytes += s.block.bytes
	s.block = sums{}
	return errors.Join(s.now.Flush(), s.total.Flush())
}

package live

import (
	"errors"
	"strings"

	"pktscope/dissect"
	"pktscope/pcaps"
	"pktscope/reports"
)

// Span says of which time there are tables and findings.
type Span uint8

const (
	Both         Span = iota
	OnlyInterval      // half the work of both
	OnlyStart         // since the start: the same
	NoTables          // only counters: packets are not even decoded, unless there is a filter
)

var spanNames = [...]string{Both: "both", OnlyInterval: "interval", OnlyStart: "start", NoTables: "none"}

func (s Span) String() string { return spanNames[s] }

// ParseSpan is the reverse of String.
func ParseSpan(s string) (Span, error) {
	for span, name := range spanNames {
		if s == name {
			return Span(span), nil
		}
	}
	return 0, errors.New("there are " + strings.Join(spanNames[:], ", "))
}

// sets are the reports of the interval and those since the start: a packet is decoded once and counted in both. What an interval says is so
// what read would say of a capture of these seconds alone, and what the total says what it would say of all.
type sets struct {
	now, total *reports.Set // nil where nobody asks for it
	sums       sums
}

// sums counts what is published beside the tables.
type sums struct{ packets, bytes uint64 }

func newSets(span Span, names []string, src pcaps.Source, o reports.Options) (s *sets, err error) {
	s = new(sets)
	if span == Both || span == OnlyInterval {
		if s.now, err = reports.NewSet(names, src, o); err != nil {
			return nil, err
		}
	}
	if span == Both || span == OnlyStart {
		s.total, err = reports.NewSet(names, src, o)
	}
	return s, err
}

// needsChecksums tells whether what is said depends on which checksums are right.
func (s *sets) needsChecksums() bool {
	return s.now != nil && s.now.NeedsChecksums() || s.total != nil && s.total.NeedsChecksums()
}

// Packet implements [reports.Consumer], for somebody who has the packets already.
func (s *sets) Packet(p *dissect.Packet) error {
	s.sums.packets++
	s.sums.bytes += uint64(p.WireLen)
	for _, set := range []*reports.Set{s.now, s.total} {
		if set == nil {
			continue
		}
		if err := set.Packet(p); err != nil {
			return err
		}
	}
	return nil
}

// NewShard implements [reports.Sharded].
func (s *sets) NewShard() reports.Shard {
	t := &setsShard{sets: s}
	for _, set := range []*reports.Set{s.now, s.total} {
		if set != nil {
			t.shards = append(t.shards, set.NewShard())
		}
	}
	return t
}

type setsShard struct {
	sets   *sets
	shards []reports.Shard // one of each set
	block  sums
}

// Packet implements [reports.Shard].
func (s *setsShard) Packet(p *dissect.Packet) {
	s.block.packets++
	s.block.bytes += uint64(p.WireLen)
	for _, t := range s.shards {
		t.Packet(p)
	}
}

// Begin implements [reports.Shard].
func (s *setsShard) Begin(block uint64) {
	for _, t := range s.shards {
		t.Begin(block)
	}
}

// Play implements [reports.Shard].
func (s *setsShard) Play() error {
	for _, t := range s.shards {
		if err := t.Play(); err != nil {
			return err
		}
	}
	return nil
}

// Flush implements [reports.Shard].
func (s *setsShard) Flush() error {
	s.sets.sums.packets += s.block.packets
	s.sets.sums.bytes += s.block.bytes
	s.block = sums{}
	for _, t := range s.shards {
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/reports"
)

// tracking is how flows are told apart and followed: the flags of all commands that say something of flows.
type tracking struct {
	oneSite  bool
	policy   segmentPolicy
	tenants  string
	flows    int
	segments int
	links    int
}

func (o *tracking) flags(set *pflag.FlagSet) {
	set.BoolVar(&o.oneSite, "one-site", false, "all capture points see one network: a VLAN is the same at each")
	set.Var(&o.policy, "segments", "tell segments apart by `WHAT`: "+strings.Join(flows.Policies(), ", ")+" (default exact)")
	set.StringVar(&o.tenants, "tenants", "", "read from `FILE` which identifiers are whose; pktscope help tenants says more")
	set.IntVar(&o.flows, "max-flows", 1_000_000, "remember at most `N` flows; past it the one least recently seen leaves, and is reported")
	set.IntVar(&o.segments, "max-segments", 1<<18, "remember at most `N` segments")
	set.IntVar(&o.links, "max-links", 1_000_000, "remember at most `N` links between flows")
}

// options reads the tenants file, if there is one.
func (o *tracking) options() (f flows.Options, err error) {
	for _, limit := range []struct {
		flag string
		n    int
	}{{"max-flows", o.flows}, {"max-segments", o.segments}, {"max-links", o.links}} {
		if limit.n < 1 {
			return f, fmt.Errorf("--%s takes a number from 1 on", limit.flag)
		}
	}
	f = flows.Options{Policy: flows.Policy(o.policy), OneSite: o.oneSite, MaxFlows: o.flows, MaxSegments: o.segments, MaxLinks: o.links}
	if o.tenants == "" {
		return f, nil
	}
	tenants, err := flows.ReadTenants(o.tenants)
	if err != nil {
		return f, err
	}
	f.Tenants = tenants
	return f, nil
}

// segmentPolicy is the value of --segments.
type segmentPolicy flows.Policy

func (p *segmentPolicy) String() string { return flows.Policy(*p).String() }
func (*segmentPolicy) Type() string     { return "string" }

func (p *segmentPolicy) Set(s string) error {
	for i, name := range flows.Policies() {
		if name == s {
			*p = segmentPolicy(i)
			return nil
		}
	}
	return errors.New("there are " + strings.Join(flows.Policies(), ", "))
}

// follower is a consumer that follows the flows of the packets that it is given.
type follower struct {
	*flows.Tracker
	shard *followerShard // of who has no shards
	err   error          // of who was shown a flow that left
}

var _ reports.Sharded = (*follower)(nil)

// newFollower shows each flow that leaves early to left.
func newFollower(o flows.Options, left func(*flows.Flow) error) *follower {
	f := new(follower)
	o.Left = func(flow *flows.Flow) {
		if f.err == nil {
			f.err = left(flow)
		}
	}
	f.Tracker = flows.NewTracker(o)
	f.shard = f.newShard()
	return f
}

// Packet implements [reports.Consumer].
func (f *follower) Packet(p *dissect.Packet) error {
	f.shard.Packet(p)
	return f.shard.Play()
}

// NewShard implements [reports.Sharded].
func (f *follower) NewShard() reports.Shard { return f.newShard() }

func (f *follower) newShard() *followerShard {
	return &followerShard{follower: f, reader: flows.NewReader()}
}

// followerShard reads what packets say of flows, and plays it in turn.
type followerShard struct {
	follower *follower
	reader   *flows.Reader
	batch    flows.Batch
}

// Begin implements [reports.Shard].
func (s *followerShard) Begin(uint64) {}

// Packet implements [reports.Shard].
func (s *followerShard) Packet(p *dissect.Packet) { s.reader.Read(p, &s.batch) }

// Play implements [reports.Shard].
func (s *followerShard) Play() error {
	s.follower.Play(s.reader, &s.batch)
	s.batch.Reset()
	return s.follower.err
}

// Flush implements [reports.Shard].
func (s *followerShard) Flush() error { return nil }

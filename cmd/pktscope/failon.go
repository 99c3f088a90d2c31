package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"pktscope/dissect"
	"pktscope/reports"
)

// failOn is the value of --fail-on: findings that make the exit status say that there was one.
type failOn struct {
	findings []finding

	kinds  []string         // kinds of finding of the report on findings
	severe bool             // any finding that is serious enough
	least  reports.Severity // how serious that is
	raised []error          // what was found of these
}

// finding is what --fail-on looks for in packets, and what was found.
type finding struct {
	name    string
	holds   func(*dissect.Packet) bool
	packets uint64
	first   uint64 // number of the first such packet
}

// conditions are what packets can be found to be, besides having one of the anomalies.
var conditions = map[string]func(*dissect.Packet) bool{
	"bad-checksum": func(p *dissect.Packet) bool {
		return slices.ContainsFunc(p.Layers, func(l dissect.Layer) bool { return l.Verdict == dissect.Bad })
	},
	"malformed": func(p *dissect.Packet) bool { return p.Stop.Reason.Malformed() },
	"truncated": func(p *dissect.Packet) bool { return len(p.Data) < p.WireLen },
	"anomaly":   func(p *dissect.Packet) bool { return len(p.Anomalies) > 0 },
}

// findingNames are what --fail-on takes: conditions, severities, the report's kinds of finding, then the anomalies one by one.
func findingNames() []string {
	names := slices.Concat(slices.Sorted(maps.Keys(conditions)), reports.Severities(), kindNames())
	for _, a := range dissect.Anomalies() {
		names = append(names, a.String())
	}
	return names
}

func (*failOn) String() string { return "" }
func (*failOn) Type() string   { return "string" }

func (f *failOn) Set(s string) error {
	for name := range strings.SplitSeq(s, ",") {
		if slices.Contains(kindNames(), name) {
			f.kinds = append(f.kinds, name)
			continue
		}
		if s, err := reports.ParseSeverity(name); err == nil {
			if !f.severe || s < f.least {
				f.severe, f.least = true, s
			}
			continue
		}
		holds := conditions[name]
		for _, a := range dissect.Anomalies() {
			if a.String() == name {
				holds = func(p *dissect.Packet) bool {
					return slices.ContainsFunc(p.Anomalies, func(at dissect.AnomalyAt) bool { return at.Kind == a })
				}
			}
		}
		if holds == nil {
			hint := ""
			if near := dissect.Nearest(name, slices.Values(findingNames())); near != "" {
				hint = fmt.Sprintf("did you mean %s? ", near)
			}
			return fmt.Errorf("%sthere are %s", hint, strings.Join(findingNames(), ", "))
		}
		f.findings = append(f.findings, finding{name: name, holds: holds})
	}
	return nil
}

// flags adds the flag to those of a command.
func (f *failOn) flags(flags *pflag.FlagSet) {
	flags.Var(f, "fail-on", "end with exit status 3 if there is one of these `FINDINGS`: a severity, such as warning; a kind of finding; "+
		"bad-checksum, malformed, truncated, anomaly or one by name; see help exit")
}

// given tells whether there is anything to look for.
func (f *failOn) given() bool { return f.find() || f.findings != nil }

// find tells whether it has to be looked for findings of the report on them.
func (f *failOn) find() bool { return f.severe || f.kinds != nil }

// needsChecksums tells whether checksums have to be verified.
func (f *failOn) needsChecksums() bool {
	return f.find() || slices.ContainsFunc(f.findings, func(x finding) bool { return x.name == "bad-checksum" })
}

// watching is c, with an eye on its packets.
func (f *failOn) watching(c reports.Sharded) reports.Sharded {
	if len(f.findings) == 0 {
		return c
	}
	return watcher{c, f.findings}
}

type watcher struct {
	reports.Sharded
	findings []finding
}

// NewShard implements [reports.Sharded].
func (w watcher) NewShard() reports.Shard {
	return &watcherShard{w.Sharded.NewShard(), w.findings, slices.Clone(w.findings)}
}

type watcherShard struct {
	reports.Shard
	total []finding
	block []finding // what was found in the block
}

// Packet implements [reports.Shard].
func (w *watcherShard) Packet(p *dissect.Packet) {
	for i := range w.block {
		if f := &w.block[i]; f.holds(p) {
			if f.packets == 0 {
				f.first = p.Number
			}
			f.packets++
		}
	}
	w.Shard.Packet(p)
}

// Flush implements [reports.Shard].
func (w *watcherShard) Flush() error {
	for i := range w.block {
		total, block := &w.total[i], &w.block[i]
		if total.packets == 0 {
			total.first = block.first
		}
		total.packets += block.packets
		block.packets = 0
	}
	return w.Shard.Flush()
}

// err is a [foundError] for each finding that packets had.
func (f *failOn) err() error {
	var found foundError
	for _, x := range f.findings {
		if x.packets > 0 {
			more := ""
			if x.packets > 1 {
				more = fmt.Sprintf(", and in %d more", x.packets-1)
			}
			found = append(found, fmt.Errorf("%s in frame %d%s", x.name, x.first, more))
		}
	}
	found = append(found, f.raised...)
	if found == nil {
		return nil
	}
	return found
}

// foundError says what --fail-on was asked to look for and what was there.
type foundError []error

func (e foundError) Error() string   { return e[0].Error() }
func (e foundError) Unwrap() []error { return e }

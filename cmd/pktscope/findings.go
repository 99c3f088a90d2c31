package main

import (
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"pktscope/reports"
)

// findingFlags are the flags of the report on findings.
type findingFlags struct{ reports.FindingOptions }

func (o *findingFlags) flags(flags *pflag.FlagSet) {
	flags.Var(severity{&o.Least}, "min-severity", "report findings from this `SEVERITY` on: info (the default), warning or critical")
	flags.Var(thresholds{&o.Thresholds}, "threshold", "raise a finding from another number on, as in `storm=200`; may be repeated; help findings lists them")
}

// severity is the value of --min-severity.
type severity struct{ to *reports.Severity }

func (severity) String() string { return "" }
func (severity) Type() string   { return "string" }

func (v severity) Set(s string) (err error) {
	*v.to, err = reports.ParseSeverity(s)
	return err
}

// thresholds is the value of --threshold.
type thresholds struct{ all *map[string]uint64 }

func (thresholds) String() string { return "" }
func (thresholds) Type() string   { return "string" }

func (v thresholds) Set(s string) error {
	kind, n, err := reports.ParseThreshold(s)
	if err != nil {
		return err
	}
	if *v.all == nil {
		*v.all = map[string]uint64{}
	}
	(*v.all)[kind] = n
	return nil
}

// kindNames are the names of all kinds of finding.
func kindNames() (names []string) {
	for _, k := range reports.FindingKinds() {
		names = append(names, k.Name)
	}
	return names
}

// seen adds what --fail-on looks for among what a set of reports has found.
func (f *failOn) seen(all []reports.Finding) {
	for i := range all {
		x := &all[i]
		if f.severe && x.Severity >= f.least || slices.Contains(f.kinds, x.Kind.Name) {
			first := ""
			if len(x.Frames) > 0 {
				first = fmt.Sprintf(", first in frame %d", x.Frames[0])
			}
			f.raised = append(f.raised, fmt.Errorf("%s: %s%s", x.Kind.Name, x.What, first))
		}
	}
}

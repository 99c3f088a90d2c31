package main

import (
	"os"
	"slices"

	"github.com/spf13/pflag"

	"pktscope/flows"
	"pktscope/reports"
)

// natFlags are the flags of the report on translations of addresses.
type natFlags struct{ conntrack string }

func (o *natFlags) flags(flags *pflag.FlagSet) {
	flags.StringVar(&o.conntrack, "conntrack", "",
		"compare translations with what conntrack -L, conntrack -E or /proc/net/nf_conntrack printed into `FILE`")
}

// read reads the file, if one is given.
func (o *natFlags) read() ([]flows.ConntrackEntry, error) {
	if o.conntrack == "" {
		return nil, nil
	}
	f, err := os.Open(o.conntrack)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := flows.ReadConntrack(f, o.conntrack)
	if entries == nil && err == nil {
		entries = []flows.ConntrackEntry{} // an empty table is one, too
	}
	return entries, err
}

// name adds the report to those that are named, if a file is given: it is what the file is for.
func (o *natFlags) name(named []string) []string {
	if o.conntrack == "" || slices.Contains(named, "nat") {
		return named
	}
	if len(named) == 0 {
		for _, d := range reports.All() {
			if !d.Asked {
				named = append(named, d.Name)
			}
		}
	}
	return append(named, "nat")
}

package main

import (
	"os"

	"github.com/spf13/pflag"

	"pktscope/flows"
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

package main

import (
	"github.com/spf13/pflag"

	"pktscope/reports"
)

// directionFlags are the flags of the report on directions.
type directionFlags struct{ reports.DirectionOptions }

func (o *directionFlags) flags(flags *pflag.FlagSet) {
	flags.Var(sitePrefixes{&o.DirectionOptions}, "site-prefix",
		"report directions with these `PREFIXES` as what is inside, with commas between them (default private addresses)")
	flags.Var(racks{&o.DirectionOptions}, "rack", "report directions by rack: `PREFIX=NAME` of hosts or tunnel ends; may be repeated")
}

// sitePrefixes is the value of --site-prefix.
type sitePrefixes struct{ to *reports.DirectionOptions }

func (sitePrefixes) String() string { return "" }
func (sitePrefixes) Type() string   { return "string" }

func (v sitePrefixes) Set(s string) error {
	sites, err := reports.ParseSites(s)
	v.to.Sites = append(v.to.Sites, sites...)
	return err
}

// racks is the value of --rack.
type racks struct{ to *reports.DirectionOptions }

func (racks) String() string { return "" }
func (racks) Type() string   { return "string" }

func (v racks) Set(s string) error {
	rack, err := reports.ParseRack(s)
	v.to.Racks = append(v.to.Racks, rack)
	return err
}

package main

import (
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"pktscope/reports"
)

// bondFlags are the flags of the report on bonds.
type bondFlags struct{ bonds []reports.Bond }

func (o *bondFlags) flags(flags *pflag.FlagSet) {
	flags.Var(bondFlag{&o.bonds}, "bond", "report a bond and its members, which are interfaces of a pcapng file, or files; may be repeated")
}

// bondFlag is the value of --bond.
type bondFlag struct{ all *[]reports.Bond }

func (bondFlag) String() string { return "" }
func (bondFlag) Type() string   { return "NAME=IF1,IF2" }

func (v bondFlag) Set(s string) error {
	b, err := reports.ParseBond(s)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(*v.all, func(other reports.Bond) bool { return other.Name == b.Name }) {
		return fmt.Errorf("there are two bonds %s", b.Name)
	}
	*v.all = append(*v.all, b)
	return nil
}

package main

import (
	"errors"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pktscope/reports"
)

// byOptions are the flags for a report of the user's own.
type byOptions struct {
	fields []string
	sums   []string
	every  time.Duration
	groups int
}

// flags adds the flags to those of cmd.
func (o *byOptions) flags(cmd *cobra.Command) {
	names, _ := reports.Sums()
	flags := cmd.Flags()
	flags.StringSliceVar(&o.fields, "by", nil, "group packets by `FIELDS`, with commas between them: vlan.id, ip.src/24, frame.len:100, ip.src#1")
	flags.StringSliceVar(&o.sums, "sum", nil, "add up `SUMS` for each group: "+strings.Join(names, ", "))
	flags.DurationVar(&o.every, "every", 0, "group packets by time, too, in bins of `DURATION`, such as 1s")
	flags.IntVar(&o.groups, "groups", 0, "keep the first `N` groups of each table, and add up the others in one row (default 10000)")
}

// projection returns what the flags ask for, nil if they ask for nothing.
func (o *byOptions) projection() (*reports.Projection, error) {
	switch {
	case o.groups < 0:
		return nil, errors.New("--groups takes a number of groups")
	case o.fields == nil && o.sums == nil && o.every == 0:
		return nil, nil
	}
	return reports.NewProjection(o.fields, o.sums, o.every)
}

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pktscope/journeys"
	"pktscope/reports"
)

func pathCommand() *cobra.Command {
	var o pathOptions
	cmd := &cobra.Command{
		Use:   "path FILE...",
		Short: "Follow packets over the points at which they were captured",
		Long: `Path follows each packet over the points at which it was captured, through tags, tunnels and translators of addresses: where it
was seen, what was changed on the way, how long each step took, and where packets disappear. Points are the files that are
named, and the interfaces of a pcapng file. The clocks of several files are compared by packets of both directions.

pktscope help path explains the tables.`,
		Example: `  pktscope path tap1.pcap underlay.pcap tap2.pcap
  pktscope path all-interfaces.pcapng -Y 'inner.ip.addr == 10.0.0.1'
  pktscope path lan.pcap wan.pcap --flow 7
  pktscope path lan.pcap wan.pcap --format json | jq '.reports.losses.rows[]'`,
		Args: files,
		RunE: func(cmd *cobra.Command, files []string) error {
			o.topGiven = cmd.Flags().Changed("top")
			if cmd.Flags().Changed("flow") && o.Flow == 0 {
				return errors.New("flows have numbers from 1")
			}
			return o.run(files)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Uint64Var(&o.Flow, "flow", 0, "draw the way of a packet of flow `ID`, with its headers")
	flags.DurationVar(&o.Window, "window", 2*time.Second, "wait so `LONG` for a packet after it was captured first; clocks may differ by less than that")
	flags.IntVar(&o.Packets, "max-waiting", 1<<16, "let at most `N` packets wait")
	flags.StringVarP(&o.format, "format", "T", "text", "how to print: "+strings.Join(tableFormats, ", "))
	flags.IntVar(&o.top, "top", defaultTop, "print the `N` largest rows of each table, 0 for all; json and csv have all unless told otherwise")
	o.input.flags(flags)
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(tableFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

type pathOptions struct {
	input
	journeys.Options
	format   string
	top      int
	topGiven bool
}

func (o *pathOptions) run(files []string) error {
	write, err := o.writer()
	if err != nil {
		return err
	}
	switch {
	case o.Window <= 0:
		return errors.New("--window takes a time, as in 500ms or 2s")
	case o.Packets <= 0:
		return errors.New("--max-waiting takes a number of packets")
	}
	src, err := o.input.open(files)
	if err != nil {
		return err
	}
	defer src.Close()
	for _, file := range files {
		if file == "-" {
			file = "standard input"
		}
		o.Files = append(o.Files, file)
	}
	follower := journeys.NewFollower(o.Options)
	options, err := o.options(true)
	if err != nil {
		return err
	}
	if points := src.Interfaces(); len(files) == 1 && len(points) == 1 && points[0].ID < 0 && points[0].LinkType != linkCooked2 {
		return journeys.ErrOnePoint // the file's format has no others
	}
	err = o.consume(src, options, follower, false)
	follower.Finish()
	if failed := follower.Check(); failed != nil {
		return errors.Join(err, failed)
	}
	return errors.Join(write(follower), err)
}

// linkCooked2 is LINKTYPE_LINUX_SLL2, whose frames say at which interface they were.
const linkCooked2 = 276

// writer returns the function that prints what was found.
func (o *pathOptions) writer() (func(*journeys.Follower) error, error) {
	if o.top < 0 {
		return nil, errors.New("--top takes a number of rows, 0 for all")
	}
	if !slices.Contains(tableFormats, o.format) {
		return nil, fmt.Errorf("%q is not a format; there are %s", o.format, strings.Join(tableFormats, ", "))
	}
	out := newOutput(os.Stdout)
	return func(f *journeys.Follower) error {
		if o.Flow > 0 && o.format == "text" {
			drawn, err := f.Draw()
			if err == nil {
				_, err = out.file.Write(drawn)
			}
			return err
		}
		tables := f.Tables()
		if o.top > 0 && (o.topGiven || o.format == "text") {
			for _, t := range tables {
				t.Top(o.top)
			}
		}
		switch o.format {
		case "json":
			return reports.WriteJSON(out.file, tables, version)
		case "csv":
			return reports.WriteCSV(out.file, tables)
		}
		return reports.WriteText(out.file, tables, reports.TextOptions{Width: out.width(), Color: out.color})
	}, nil
}

package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"pktscope/reports"
)

func readCommand() *cobra.Command {
	var o readOptions
	var about strings.Builder
	for _, r := range reports.All() {
		doc := r.Doc
		if r.Asked {
			doc += " (if named)"
		}
		fmt.Fprintf(&about, "\n  %-10s  %s", r.Name, doc)
	}
	cmd := &cobra.Command{
		Use:   "read FILE...",
		Short: "Report what is in captures",
		Long: `Read reads captures from end to end and reports what is in them:
` + about.String() + `

Captures are pcap, pcapng or snoop files, compressed or not; - is standard input, corpus:NAME a capture that comes with pktscope
(pktscope corpus lists them). Several are merged by time. Of a damaged file all that stands before the damage is reported; then the
exit status is 2. It is 3 if there was what --fail-on names.`,
		Example: `  pktscope read corpus:overlay
  pktscope read trace.pcap
  pktscope read trace.pcap --report vlans,tunnels --top 50
  pktscope read trace.pcap --by vxlan.vni,ip.src/24 --sum packets,bytes,'p99(frame.len)'
  pktscope read tap0.pcapng tap1.pcapng --format json | jq '.reports.vlans.rows[]'`,
		Args:              files,
		ValidArgsFunction: captureFile,
		RunE: func(cmd *cobra.Command, files []string) error {
			if err := empty(cmd.Flags()); err != nil {
				return err
			}
			o.topGiven = cmd.Flags().Changed("top")
			return o.run(files)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.reportFlags(cmd)
	flags.StringVarP(&o.format, "format", "T", "text", "how to print: "+strings.Join(readFormats, ", "))
	flags.IntVar(&o.top, "top", defaultTop, "print the `N` largest rows of each table, 0 for all; json and csv have all unless told otherwise")
	o.times.styles = reportStyles
	flags.VarP(&o.times, "time", "t", "show times in text as `STYLE`: r (seconds since the first packet), a, ad (local time, with the date), u, ud (UTC), e (seconds since 1970)\n(default RFC 3339 in UTC)")
	flags.BoolVar(&o.timing, "timing", false, "say on standard error how fast it was read, as on a terminal")
	o.failOn.flags(flags)
	o.input.flags(flags)
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(readFormats, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("time", words(reportStyles...).lastWord)
	return cmd
}

// reportFlags adds the flags that say which reports there are, and what is in them.
func (o *reportChoice) reportFlags(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVarP(&o.reports, "report", "r", nil, "the `NAMES` of the reports to print, with commas between them")
	o.by.flags(cmd)
	o.findings.flags(flags)
	o.queues.flags(flags)
	o.directions.flags(flags)
	o.tracking.flags(flags)
	o.nat.flags(flags)
	o.bonds.flags(flags)
}

// tableFormats are what --format takes of commands that print tables; read can print findings in another one, too.
var (
	tableFormats = []string{"text", "json", "csv"}
	readFormats  = append(slices.Clone(tableFormats), "sarif")
)

const defaultTop = 10

type readOptions struct {
	reportChoice
	format   string
	top      int
	topGiven bool
	timing   bool
	times    times
}

// reportChoice says which reports there are of which packets.
type reportChoice struct {
	input
	reports    []string
	by         byOptions
	queues     queueFlags
	directions directionFlags
	findings   findingFlags
	tracking   tracking
	nat        natFlags
	bonds      bondFlags
	failOn     failOn
}

// reportOptions are the options for the reports; checksums are verified only if --fail-on asks for them, or reports do. The projection is that of
// --by, nil for none.
func (o *reportChoice) reportOptions(by *reports.Projection) (reports.Options, error) {
	options, err := o.options(o.failOn.needsChecksums())
	if err != nil {
		return options, err
	}
	options.Owner = by != nil && by.NeedsOwner()
	options.By, options.Groups, options.Queues, options.Directions = by, o.by.groups, o.queues.QueueOptions, o.directions.DirectionOptions
	if options.Flows, err = o.tracking.options(); err != nil {
		return options, err
	}
	options.Findings, options.Find = o.findings.FindingOptions, o.failOn.find()
	options.Bonds = o.bonds.bonds
	options.Conntrack, err = o.nat.read()
	return options, err
}

func (o *readOptions) run(files []string) error {
	write, err := o.writer()
	if err != nil {
		return err
	}
	by, err := o.by.projection()
	if err != nil {
		return err
	}
	if o.times.given {
		o.see = o.times.see
	}
	if o.format == "sarif" {
		if by != nil || len(o.reports) > 0 && !slices.Equal(o.reports, []string{"findings"}) {
			return errors.New("sarif is for findings alone; for other reports there are json and csv")
		}
		o.reports = []string{"findings"}
	}
	options, err := o.reportOptions(by)
	if err != nil {
		return err
	}
	if o.topGiven || o.format == "text" {
		options.Top = o.top
	}
	src, err := o.input.open(files)
	if err != nil {
		return err
	}
	defer src.Close()
	set, err := reports.NewSet(o.named(), src, options)
	if err != nil {
		return err
	}
	options.NoChecksums = options.NoChecksums && !set.NeedsChecksums()
	start := time.Now()
	err = o.consume(src, options, o.failOn.watching(set), false)
	elapsed := time.Since(start)
	if o.failOn.find() {
		o.failOn.seen(set.Findings())
	}
	if o.format == "sarif" {
		return errors.Join(o.writeSARIF(set), err, o.failOn.err())
	}
	tables := set.Snapshot()
	if options.Top > 0 {
		for _, t := range tables {
			t.Top(options.Top)
		}
	}
	if failed := write(tables); failed != nil {
		return failed
	}
	if o.timing || !o.quiet && term.IsTerminal(int(os.Stderr.Fd())) {
		fmt.Fprintln(os.Stderr, speed(set.Packets(), src.BytesRead(), elapsed))
	}
	return errors.Join(err, o.failOn.err())
}

// named returns the reports that are to be printed; none is those that need not be named. What a flag is for is printed with it.
func (o *reportChoice) named() []string {
	names := slices.Clone(o.reports)
	for name, wanted := range map[string]bool{"nat": o.nat.conntrack != "", "bonds": o.bonds.bonds != nil} {
		if !wanted || slices.Contains(names, name) {
			continue
		}
		if len(names) == 0 {
			for _, d := range reports.All() {
				if !d.Asked {
					names = append(names, d.Name)
				}
			}
		}
		names = append(names, name)
	}
	return names
}

// writer returns the function that prints tables in the format.
func (o *readOptions) writer() (func([]*reports.Table) error, error) {
	if o.top < 0 {
		return nil, errors.New("--top takes a number of rows, 0 for all")
	}
	if o.times.given && o.format != "text" {
		return nil, errors.New("-t is for --format text; json and csv have times in RFC 3339, UTC")
	}
	out := newOutput(os.Stdout)
	switch o.format {
	case "text":
		return func(tables []*reports.Table) error {
			return reports.WriteText(out.file, tables, reports.TextOptions{Width: out.width(), Color: out.color, Clock: o.times.clock()})
		}, nil
	case "json":
		return func(tables []*reports.Table) error { return reports.WriteJSON(out.file, tables, version) }, nil
	case "csv":
		return func(tables []*reports.Table) error { return reports.WriteCSV(out.file, tables) }, nil
	}
	if o.format == "sarif" {
		return nil, nil
	}
	return nil, fmt.Errorf("%q is not a format; there are %s", o.format, strings.Join(readFormats, ", "))
}

// writeSARIF prints the findings that are serious enough.
func (o *readOptions) writeSARIF(set *reports.Set) error {
	all := slices.DeleteFunc(set.Findings(), func(f reports.Finding) bool { return f.Severity < o.findings.Least })
	return reports.WriteSARIF(os.Stdout, all, version)
}

// speed says how fast a capture was read. It is said of the clock, and so no part of any report.
func speed(packets uint64, bytes int64, elapsed time.Duration) string {
	seconds := max(elapsed, time.Microsecond).Seconds()
	return fmt.Sprintf("read %d packets, %.1f MB in %.3f s: %.0f packets/s, %.1f MB/s", packets, float64(bytes)/1e6, seconds,
		float64(packets)/seconds, float64(bytes)/1e6/seconds)
}

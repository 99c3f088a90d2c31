package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"pktscope/flows"
	"pktscope/reports"
)

func flowsCommand() *cobra.Command {
	var o flowsOptions
	cmd := &cobra.Command{
		Use:   "flows FILE...",
		Short: "Print flows: who talks to whom in which segment, as conntrack sees it",
		Long: `Flows follows the flows of captures and prints them: the largest as a table, or all of them as JSON, CSV or in the words of
conntrack -L. Who has the same addresses and ports in another VLAN, tunnel or label is another flow; what belongs together under
different labels is linked, and one line in the table. pktscope help flows says more.

Captures are pcap, pcapng or snoop files, compressed or not; - is standard input. Several are merged by time.`,
		Example: `  pktscope flows trace.pcap
  pktscope flows trace.pcap --where 'tcp.port == 443 && tcp.rtt > 0.1'
  pktscope flows trace.pcap --sort tcp.retransmissions --top 50
  pktscope flows trace.pcap -T json | jq 'select(.tcp.retransmissions > 10) | .segment'
  pktscope flows lan.pcap wan.pcap -T conntrack --legend
  pktscope flows trace.pcap --ipfix collector.example:4739
  pktscope flows trace.pcap --tenants tenants.yaml -Y 'vxlan.vni == 5001'`,
		Args: files,
		RunE: func(cmd *cobra.Command, files []string) error {
			o.topGiven = cmd.Flags().Changed("top")
			if err := empty(cmd.Flags()); err != nil {
				return err
			}
			if o.ipfix != "" {
				for _, name := range []string{"format", "sort", "top", "legend"} {
					if cmd.Flags().Changed(name) {
						return fmt.Errorf("--ipfix prints nothing that --%s could mean", name)
					}
				}
			}
			return o.run(files)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&o.format, "format", "T", "text", "what to print: "+strings.Join(flowsFormats, ", "))
	flags.StringVar(&o.where, "where", "", "only flows that meet this `CONDITION`, in the language of -Y, as in 'tenant == \"red\" && tcp.retransmissions > 10'")
	flags.StringVar(&o.sort, "sort", "", "order flows by `FIELDS`, with commas between them, the largest or earliest first, for -FIELD last (default bytes\nfor text, the order in which they began for others)")
	flags.IntVar(&o.top, "top", defaultTopFlows, "print the first `N` flows, 0 for all; others than text have all unless told otherwise")
	flags.BoolVar(&o.legend, "legend", false, "with -T conntrack, say at the end which segment each zone is")
	flags.StringVar(&o.ipfix, "ipfix", "", "print nothing, and send the flows to the collector at `HOST:PORT` as IPFIX over UDP; the port is "+ipfixPort+" if it is left out")
	o.tracking.flags(flags)
	o.input.flags(flags)
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(flowsFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// flowsFormats are what -T takes.
var flowsFormats = []string{"text", "json", "csv", "conntrack"}

const defaultTopFlows = 20

type flowsOptions struct {
	input
	tracking tracking
	format   string
	where    string
	sort     string
	top      int
	topGiven bool
	legend   bool
	ipfix    string
}

func (o *flowsOptions) run(files []string) error {
	out := newOutput(os.Stdout)
	tracking, err := o.tracking.options()
	if err != nil {
		return err
	}
	printer, err := o.printer(out, tracking)
	if err != nil {
		return err
	}
	if o.where != "" {
		condition, err := flows.Records.Compile(o.where)
		if err != nil {
			return fmt.Errorf("--where: %w", err)
		}
		printer.choose(func(c *flows.Connection) bool { return condition.Match(&c.Flow) })
	}
	options, err := o.options(true)
	if err != nil {
		return err
	}
	src, err := o.input.open(files)
	if err != nil {
		return err
	}
	defer src.Close()
	follower := newFollower(tracking, printer.left)
	err = o.consume(src, options, follower, o.streams())
	if err != nil && !errors.As(err, new(*reports.IncompleteError)) {
		return errors.Join(out.flush(), err)
	}
	if failed := printer.end(follower.Tracker); failed != nil {
		return failed
	}
	if failed := out.flush(); failed != nil {
		return failed
	}
	if !o.quiet && o.format != "text" {
		for _, note := range reports.LimitNotes(follower.Tracker) {
			fmt.Fprintln(os.Stderr, "pktscope: "+note)
		}
		if p, ok := printer.(*flowLines); ok && p.top != nil && p.top.More > 0 && o.top != p.top.Limit {
			fmt.Fprintf(os.Stderr, "pktscope: not printed, as --max-flows bounds what is put in order: %d; without --sort all are printed\n", p.top.More)
		}
	}
	return err
}

// streams tells whether flows are printed as they leave, or when all are known.
func (o *flowsOptions) streams() bool {
	return o.ipfix == "" && o.format != "text" && o.sort == "" && (!o.topGiven || o.top == 0)
}

// flowPrinter prints flows: those that leave before the end, and then all others.
type flowPrinter interface {
	choose(func(*flows.Connection) bool) // the flows to be printed
	left(*flows.Flow) error
	end(*flows.Tracker) error
}

func (o *flowsOptions) printer(out *output, tracking flows.Options) (flowPrinter, error) {
	if o.ipfix != "" {
		return newFlowExport(o.ipfix, o.quiet)
	}
	var order *flows.Order // by ID
	switch {
	case o.sort != "":
		var err error
		if order, err = flows.Records.Order(o.sort); err != nil {
			return nil, fmt.Errorf("--sort: %w", err)
		}
	case o.format == "text":
		order = flows.ByBytes()
	}
	limit := o.top
	switch {
	case o.top < 0:
		return nil, errors.New("--top takes a number of flows, 0 for all")
	case o.legend && o.format != "conntrack":
		return nil, errors.New("--legend needs -T conntrack")
	case o.top == 0 || !o.topGiven && o.format != "text":
		limit = tracking.MaxFlows
	}
	if o.format == "text" {
		return &flowTable{out: out, table: reports.NewFlowTable(order, limit, tracking)}, nil
	}
	p := &flowLines{out: out}
	switch o.format {
	case "json":
		p.line = func(dst []byte, c *flows.Connection) []byte { return c.AppendJSON(dst) }
	case "csv":
		csv := &flowsCSV{fields: flows.Fields()}
		p.header, p.line = csv.header(), csv.line
	case "conntrack":
		p.whole = true
		p.line = func(dst []byte, c *flows.Connection) []byte { return c.AppendConntrack(dst) }
		if o.legend {
			p.legend = newLegend(p.line)
			p.line = p.legend.line
		}
	default:
		return nil, fmt.Errorf("%q is not a format; there are %s", o.format, strings.Join(flowsFormats, ", "))
	}
	if !o.streams() {
		p.top = &flows.Top[[]byte]{Order: order, Limit: limit}
	}
	return p, nil
}

// chosen tells which flows are to be printed: all, if nobody has chosen.
type chosen struct{ takesOnly func(*flows.Connection) bool }

func (p *chosen) choose(takes func(*flows.Connection) bool) { p.takesOnly = takes }
func (p *chosen) takes(c *flows.Connection) bool            { return p.takesOnly == nil || p.takesOnly(c) }

// flowTable prints the first flows of an order in a table.
type flowTable struct {
	chosen
	out   *output
	table *reports.FlowTable
	alone flows.Connection
}

func (p *flowTable) left(f *flows.Flow) error {
	p.alone.Alone(f)
	p.add(&p.alone)
	return nil
}

func (p *flowTable) add(c *flows.Connection) bool {
	if p.takes(c) {
		p.table.Add(c)
	}
	return true
}

func (p *flowTable) end(tracker *flows.Tracker) error {
	tracker.Connections(p.add)
	table := p.table.Table()
	reports.NoteLimits(table, tracker)
	return reports.WriteText(p.out.file, []*reports.Table{table}, reports.TextOptions{Width: p.out.width(), Color: p.out.color})
}

// flowLines prints a line for each flow.
type flowLines struct {
	chosen
	out    *output
	line   func([]byte, *flows.Connection) []byte
	header []byte             // a line before the first
	whole  bool               // a line for each connection instead
	top    *flows.Top[[]byte] // nil for all, as they come
	legend *legend            // nil for none
	alone  flows.Connection
}

func (p *flowLines) left(f *flows.Flow) error {
	p.alone.Alone(f)
	return p.add(&p.alone)
}

func (p *flowLines) add(c *flows.Connection) error {
	if !p.takes(c) {
		return nil
	}
	if p.top != nil {
		p.top.Add(&c.Flow, func() []byte { return p.line(nil, c) })
		return nil
	}
	p.begin()
	p.out.buf = append(p.line(p.out.buf, c), '\n')
	return p.out.done()
}

func (p *flowLines) begin() {
	p.out.buf = append(p.out.buf, p.header...)
	p.header = nil
}

func (p *flowLines) end(tracker *flows.Tracker) (err error) {
	add := func(c *flows.Connection) bool {
		err = p.add(c)
		return err == nil
	}
	if p.whole {
		tracker.Connections(add)
	} else {
		tracker.Flows(func(f *flows.Flow) bool {
			err = p.left(f)
			return err == nil
		})
	}
	p.begin()
	if p.top != nil {
		for _, line := range p.top.Sorted() {
			p.out.buf = append(append(p.out.buf, line...), '\n')
			if err == nil {
				err = p.out.done()
			}
		}
	}
	if p.legend != nil {
		p.out.buf = p.legend.append(p.out.buf)
	}
	return err
}

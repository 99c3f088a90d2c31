package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pktscope/live"
	"pktscope/pcaps"
	"pktscope/reports"
)

func liveCommand() *cobra.Command {
	var o liveOptions
	cmd := &cobra.Command{
		Use:   "live -i INTERFACE...",
		Short: "Report what interfaces see, while they see it; and record it",
		Long: `Live captures at network interfaces and reports what read reports of files, every --interval: of the interval, and since the start. On a
terminal it shows them in a full screen; pktscope help live-view describes it. Elsewhere it prints JSON, an object in a line for each interval;
pktscope help live describes that.

With -w everything is recorded, too. When there is too much for this machine, analysis misses frames before the recording does, and the kernel
drops frames only when neither can follow. Each is counted, in each interval and at the end.

It runs until it is interrupted (SIGINT, SIGTERM), --duration is over or --count frames were captured. It needs the capability CAP_NET_RAW, and gives
it up when its sockets are open; pktscope help security says more.`,
		Example: `  pktscope live -i eth0
  pktscope live -i eth0,eth1 --report tenants,tunnels --interval 10s | jq -c '.now.reports.tenants.rows[]'
  pktscope live -i any -w /var/tmp/trace.pcapng.zst --rotate-size 1G --keep 10
  pktscope live -i tap0 -c 1000 --by vxlan.vni --sum packets,bytes`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("live reads no files: interfaces stand behind -i; did you mean pktscope read %s?", args[0])
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := empty(cmd.Flags()); err != nil {
				return err
			}
			return o.run(cmd.Flags())
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	o.at.flags(flags)
	flags.DurationVar(&o.interval, "interval", live.DefaultInterval, "report every `DURATION`")
	flags.DurationVar(&o.duration, "duration", 0, "end after this `DURATION`")
	flags.DurationVar(&o.maxIdle, "max-idle", live.DefaultMaxIdle, "forget flows that had no packet for this `DURATION`, 0 for none; those that are over are forgotten sooner")
	o.record.flags(flags)
	o.exports.flags(flags)
	flags.StringVar(&o.user, "user", "", "become this `USER` when all sockets are open, as root")
	o.reportFlags(cmd)
	flags.StringVarP(&o.format, "format", "T", "", "how to print: "+strings.Join(liveFormats, ", ")+" (default screen on a terminal, json elsewhere)")
	flags.Var(&o.span, "tables", "print tables of `WHAT`: both (the default), interval, start (half the work), none (the least: counters, and the recording)")
	flags.IntVar(&o.top, "top", defaultTop, "print the `N` largest rows of each table, 0 for all; a screen has all unless told otherwise")
	o.times.styles = reportStyles
	flags.VarP(&o.times, "time", "t", "show times in text as `STYLE`: a, ad (local time, with the date), u, ud (UTC), e (seconds since 1970)")
	o.failOn.flags(flags)
	o.input.flags(flags)
	for _, name := range []string{"range", "from", "to"} {
		flags.MarkHidden(name)
	}
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(liveFormats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// liveFormats are what --format takes.
var liveFormats = []string{"screen", "json", "text"}

type liveOptions struct {
	record  recordFlags
	exports liveExports
	reportChoice
	interval time.Duration
	duration time.Duration
	maxIdle  time.Duration
	user     string
	span     tableSpan
	format   string
	top      int
	times    times
}

// tableSpan is the value of --tables.
type tableSpan live.Span

func (s *tableSpan) String() string { return "" }
func (*tableSpan) Type() string     { return "WHAT" }

func (s *tableSpan) Set(text string) error {
	parsed, err := live.ParseSpan(text)
	*s = tableSpan(parsed)
	return err
}

// recordFlags say what is recorded.
type recordFlags struct {
	path       string
	rotateSize byteCount
	rotateTime time.Duration
	keep       int
	compress   string
}

func (o *recordFlags) flags(set *pflag.FlagSet) {
	set.StringVarP(&o.path, "write", "w", "", "record all frames to `FILE`, .pcapng or .pcapng.zst; it is FILE.part until it is complete")
	set.Var(&o.rotateSize, "rotate-size", "begin another file when one has this `SIZE` before compression, such as 1G")
	set.DurationVar(&o.rotateTime, "rotate-time", 0, "begin another file when one has frames of this `DURATION`")
	set.IntVar(&o.keep, "keep", 0, "have at most `N` files of this run: the oldest are removed")
	set.StringVar(&o.compress, "compress", "", "compress what is recorded with `METHOD`: zstd")
}

// options are those of the recording, nil for none.
func (o *recordFlags) options(set *pflag.FlagSet) (*pcaps.RecordOptions, error) {
	if o.path == "" {
		for _, name := range []string{"rotate-size", "rotate-time", "keep", "compress"} {
			if set.Changed(name) {
				return nil, fmt.Errorf("--%s needs -w FILE", name)
			}
		}
		return nil, nil
	}
	if o.compress != "" && o.compress != "zstd" {
		return nil, errors.New("--compress takes zstd")
	}
	return &pcaps.RecordOptions{Path: o.path, RotateSize: int64(o.rotateSize), RotateTime: o.rotateTime, Keep: o.keep, Compress: o.compress != ""}, nil
}

// options are those of the engine.
func (o *liveOptions) options(set *pflag.FlagSet) (live.Options, error) {
	switch {
	case len(o.at.interfaces) == 0:
		return live.Options{}, errors.New("live needs -i INTERFACE, or -i any for all; see pktscope live --help")
	case o.interval < 100*time.Millisecond:
		return live.Options{}, errors.New("--interval takes a duration from 100ms on")
	case o.duration < 0:
		return live.Options{}, errors.New("--duration takes a duration")
	case o.maxIdle < 0:
		return live.Options{}, errors.New("--max-idle takes a duration, 0 to forget no flow")
	case o.slice.given():
		return live.Options{}, errors.New("--range, --from and --to are for files; live has --count and --duration")
	case o.failOn.find() && o.span == tableSpan(live.OnlyInterval):
		return live.Options{}, errors.New("--fail-on looks for findings since the start: leave out --tables interval")
	case o.span != tableSpan(live.Both) && o.format == "screen":
		return live.Options{}, errors.New("the screen shows all tables: leave out --tables, or add -T json")
	case (o.exports.metrics != "" || o.exports.ipfix != "") && o.span != tableSpan(live.Both) && o.span != tableSpan(live.OnlyStart):
		return live.Options{}, errors.New("--metrics and --ipfix have what is counted since the start: leave out --tables, or say --tables start")
	case o.failOn.given() && o.span == tableSpan(live.NoTables):
		return live.Options{}, errors.New("--fail-on has nothing to look at with --tables none")
	case o.top < 0:
		return live.Options{}, errors.New("--top takes a number of rows, 0 for all")
	}
	by, err := o.by.projection()
	if err != nil {
		return live.Options{}, err
	}
	e := live.Options{Interval: o.interval, Duration: o.duration, MaxIdle: o.maxIdle, Reports: o.named(), Span: live.Span(o.span), User: o.user, Log: notice, Watch: o.failOn.watching}
	if e.Capture, err = o.at.options(o.capture); err != nil {
		return e, err
	}
	if e.Record, err = o.record.options(set); err != nil {
		return e, err
	}
	if o.times.given {
		o.see = o.times.see
	}
	if o.format == "screen" {
		e.Reports, e.Capture.Recent = screenReports(e.Reports), recentBytes
		if !set.Changed("top") {
			o.top = 0
		}
	}
	e.Read, err = o.reportOptions(by)
	e.Read.Top = o.top
	return e, err
}

func (o *liveOptions) run(set *pflag.FlagSet) error {
	if o.format == "" {
		o.format = "json"
		if drawable() {
			o.format = "screen"
		}
	}
	show, err := o.shower()
	if err != nil {
		return err
	}
	options, err := o.options(set)
	if err != nil {
		return err
	}
	slack.Store(liveSlack)
	var full *liveScreen
	if o.format == "screen" {
		full = newLiveScreen(options.Read)
		full.top = o.top
		options.Log = full.log
	}
	if err := o.exports.open(&options); err != nil {
		return err
	}
	defer o.exports.close()
	engine, err := live.Open(options)
	if err != nil {
		return err
	}
	defer engine.Close()
	o.exports.start(engine)
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if full != nil {
		ends = append(ends, syscall.SIGHUP) // the terminal went away, but files are to be complete
	}
	ctx, stop := untilInterrupted(ends...)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // when nobody reads any more, what is recorded is completed all the same
	var failed error
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if full != nil {
		full.engine = engine
		err = o.screened(ctx, cancel, full)
		return o.ended(engine, err, nil)
	}
	engine.Subscribe(func(i *live.Interval) {
		if failed == nil {
			if failed = show(i); failed != nil {
				cancel() // nobody reads any more
			}
		}
	})
	err = engine.Run(ctx)
	return o.ended(engine, err, failed)
}

// ended says what the run came to.
func (o *liveOptions) ended(engine *live.Engine, err, failed error) error {
	notice(live.Summary(engine.Status()))
	if o.failOn.find() {
		o.failOn.seen(engine.Findings())
	}
	return errors.Join(err, failed, o.failOn.err())
}

// shower returns the function that prints an interval.
func (o *liveOptions) shower() (func(*live.Interval) error, error) {
	out := newOutput(os.Stdout)
	switch o.format {
	case "screen":
		if !drawable() {
			return nil, errors.New("a screen needs a terminal at the standard input and output, and not a dumb one (TERM); there are json and text, too")
		}
		return nil, nil
	case "json":
		if o.times.given {
			return nil, errors.New("-t is for --format text; json has times in RFC 3339, UTC")
		}
		return func(i *live.Interval) error {
			out.buf = append(i.Top(o.top).AppendJSON(out.buf, version), '\n')
			return out.flush()
		}, nil
	case "text":
		return func(i *live.Interval) error {
			if _, err := fmt.Fprintln(out.file, i.Line()); err != nil {
				return err
			}
			return reports.WriteText(out.file, i.Top(o.top).Now.Tables, reports.TextOptions{Width: out.width(), Color: out.color, Clock: o.times.clock()})
		}, nil
	}
	return nil, fmt.Errorf("%q is not a format; there are %s", o.format, strings.Join(liveFormats, ", "))
}

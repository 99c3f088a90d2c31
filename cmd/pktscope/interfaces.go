package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/net/bpf"

	"pktscope/live"
	"pktscope/pcaps"
	"pktscope/pcaps/capturefilter"
)

// capturing is how is captured at interfaces: the flags of all commands that can.
type capturing struct {
	interfaces  []string
	promiscuous bool
	snapLen     int
	ring        byteCount
	direction   direction
	timeSource  timeSource
}

// flags adds the flags to those of a command.
func (o *capturing) flags(set *pflag.FlagSet) {
	set.StringSliceVarP(&o.interfaces, "interface", "i", nil, "capture at these `INTERFACES`, with commas between them; any is all that there are and come")
	set.BoolVar(&o.promiscuous, "promiscuous", false, "capture frames for others, too")
	set.IntVar(&o.snapLen, "snaplen", 0, "keep the first `BYTES` of each frame, 0 for all")
	set.Var(&o.ring, "ring", "the kernel's ring for each interface has this `SIZE` (default 32M)")
	set.Var(&o.direction, "direction", "capture frames that go this `WAY`: both (the default), in, out")
	set.Var(&o.timeSource, "time-source", "take times from `CLOCK`: host (the default), adapter (the interface's own)")
}

// captureFlags are the names of these flags.
var captureFlags = []string{"interface", "promiscuous", "snaplen", "ring", "direction", "time-source"}

// needsInterface is an error for a flag that means something only at interfaces, where none is named.
func (o *capturing) needsInterface(set *pflag.FlagSet) error {
	if len(o.interfaces) > 0 {
		return nil
	}
	for _, name := range captureFlags {
		if set.Changed(name) {
			return fmt.Errorf("--%s needs -i INTERFACE", name)
		}
	}
	return nil
}

// options are those of the capture; filter is a capture filter, empty for none.
func (o *capturing) options(filter string) (pcaps.LiveOptions, error) {
	expression, err := capturefilter.Parse(filter)
	if err != nil {
		return pcaps.LiveOptions{}, err
	}
	if o.snapLen < 0 || o.snapLen > pcaps.MaxSnapLen {
		return pcaps.LiveOptions{}, fmt.Errorf("--snaplen takes a number of bytes up to %d, 0 for all", pcaps.MaxSnapLen)
	}
	return pcaps.LiveOptions{
		Interfaces:   o.interfaces,
		Promiscuous:  o.promiscuous,
		SnapLen:      o.snapLen,
		Ring:         int(o.ring),
		Direction:    pcaps.Direction(o.direction),
		HardwareTime: bool(o.timeSource),
		FilterText:   filter,
		Filter: func(link pcaps.LinkType) ([]bpf.RawInstruction, error) {
			f, err := expression.Compile(capturefilter.Options{Link: uint16(link), SnapLen: uint32(o.snapLen), Live: true})
			if err != nil {
				return nil, err
			}
			return f.Program(), nil
		},
		Log: notice,
	}, nil
}

// openInterfaces captures until the user interrupts it, or there were enough packets.
func (in *input) openInterfaces() (pcaps.Source, error) {
	options, err := in.at.options(in.capture)
	if err != nil {
		return nil, err
	}
	options.Count = in.count
	capture, err := pcaps.OpenLive(options)
	if err != nil {
		return nil, err
	}
	if err := live.DropPrivileges("", in.writes); err != nil {
		capture.Close()
		return nil, err
	}
	signal.Ignore(syscall.SIGPIPE) // when nobody reads any more, it is said what there was
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop() // the second signal ends the program at once
		capture.Stop()
	})
	return atInterfaces{capture, stop}, nil
}

// atInterfaces is a source that says in the end what was captured and what was lost.
type atInterfaces struct {
	*pcaps.Live
	stop func()
}

// Close implements [pcaps.Source].
func (s atInterfaces) Close() error {
	s.stop()
	err := s.Live.Close()
	notice(live.Summary(s.State()))
	return err
}

// notice says on standard error what happens while the program goes on.
func notice(line string) { fmt.Fprintf(os.Stderr, "pktscope: %s\n", line) }

// interfaceWords completes the name of an interface.
func interfaceWords(string) []cobra.Completion {
	names := []cobra.Completion{cobra.CompletionWithDesc(pcaps.AnyInterface, "all that there are and come")}
	all, err := net.Interfaces()
	if err != nil {
		return names
	}
	for _, i := range all {
		names = append(names, i.Name)
	}
	return names
}

// byteCount is the value of a flag that takes bytes: 65536, 64K, 32M, 2G; powers of 1024, also as 32MiB.
type byteCount int64

func (n *byteCount) String() string { return "" }
func (*byteCount) Type() string     { return "SIZE" }

func (n *byteCount) Set(s string) error {
	number, unit := s, int64(1)
	number = strings.TrimSuffix(strings.TrimSuffix(number, "B"), "i")
	if i := len(number) - 1; i >= 0 {
		if power := strings.IndexByte("KMGT", number[i]); power >= 0 {
			number, unit = number[:i], 1024<<(10*power)
		}
	}
	value, err := strconv.ParseInt(number, 10, 64)
	if err != nil || value <= 0 || value > 1<<62/unit {
		return errors.New("write a number of bytes, or as in 64K, 32M, 2G")
	}
	*n = byteCount(value * unit)
	return nil
}

// direction is the value of --direction.
type direction pcaps.Direction

func (d *direction) String() string { return "" }
func (*direction) Type() string     { return "WAY" }

func (d *direction) Set(s string) error {
	parsed, err := pcaps.ParseDirection(s)
	*d = direction(parsed)
	return err
}

// timeSource is the value of --time-source: whether it is the interface's clock.
type timeSource bool

func (*timeSource) String() string { return "" }
func (*timeSource) Type() string   { return "CLOCK" }

func (t *timeSource) Set(s string) error {
	if s != "host" && s != "adapter" {
		return errors.New("there are host and adapter")
	}
	*t = s == "adapter"
	return nil
}

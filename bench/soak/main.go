//go:build linux

// Soak lets pktscope live capture replayed traffic for a long time, and fails when its memory grows:
//
//	bench/soak.sh -duration 30m -rate 2000
//
// It makes two network namespaces with a veth pair between them. Recordings of the corpus go from one to the other in a loop, at a bounded rate, and in each
// pass with other ports, so that flows keep coming. In the other namespace pktscope live does all it can do: reports, JSON, a recording that rotates,
// metrics, flow records. Memory is read from the kernel every ten seconds; the first five minutes are for filling what has a limit. At the end every frame
// that was sent has to have been seen or dropped, and the largest memory of the rest of the run has to be at most a tenth above the smallest.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	duration, warm time.Duration
	every          time.Duration // memory is read
	rate           int
	recordings     []string
	pktscope       string
	more           []string // arguments for live
}

// recordings is what is replayed unless told otherwise.
const recordings = "overlay,nat,loss,fragments,ipsec-cbc,ipsec-gcm,ipsec-nat,ovs-tunnel,ovs-encaps,nvgre,trill,vxlan-multicast," +
	"offload,dhcp,frr,openflow,qos-htb,generated"

// growth is what the largest memory after the first minutes may be of the smallest.
const growth = 1.10

func run(args []string, stdout io.Writer) (err error) {
	var o options
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	flags.DurationVar(&o.duration, "duration", 30*time.Minute, "replay for this `DURATION`")
	flags.DurationVar(&o.warm, "warm", 5*time.Minute, "memory may grow for this `DURATION`")
	flags.DurationVar(&o.every, "sample", 10*time.Second, "read memory each `DURATION`")
	flags.IntVar(&o.rate, "rate", 2000, "send `N` frames a second")
	names := flags.String("recordings", recordings, "replay these `RECORDINGS` of the corpus, with commas between them")
	flags.StringVar(&o.pktscope, "pktscope", "pktscope", "measure this `PROGRAM`")
	more := flags.String("live", "", "give live these `ARGUMENTS`, too, with spaces between them")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	if flags.NArg() > 0 || o.rate < 1 || o.every <= 0 || o.warm < 0 || o.duration <= o.warm+o.every {
		return errors.New("the duration has to be above that of -warm; see -h")
	}
	if os.Geteuid() != 0 {
		return errors.New("network namespaces need root")
	}
	o.recordings, o.more = strings.Split(*names, ","), strings.Fields(*more)
	frames, err := load(o.recordings)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	link, err := newLink()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, link.close()) }()
	return o.soak(ctx, link, frames, stdout)
}

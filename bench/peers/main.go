//go:build unix

// Peers measures pktscope beside other programs that read captures, in turn, on the same files and in the same minutes:
//
//	bench/peers.sh -packets 2000000 -rounds 5 -dir /var/tmp/traces
//
// It prints tables in Markdown with the machine and the date: medians of wall time, packets a second, how many times as long as cat and as
// pktscope, processor time and peak memory. A round in which other processes took processor time is not counted, and repeated. What takes
// too long for as many packets (tshark, tcpdump) is measured on the first of them, in a table of its own with pktscope beside it.
//
// Captures come from bench/generate, and stay in the directory for the next time. Programs that are not installed are left out, and named.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// options are what the flags say.
type options struct {
	packets, few uint64
	rounds       int
	mixes        []string
	dir          string
	pktscope     string // the program
	generate     string // another one
	noisy        bool
}

func run(args []string, stdout io.Writer) error {
	if len(args) > 0 && library[args[0]] != nil { // as which the program calls itself, so that the library is measured as a process, too
		return readWith(library[args[0]], args[1:])
	}
	if len(args) == 3 && args[0] == "compress" {
		return compress(args[1], args[2])
	}
	var o options
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.Uint64Var(&o.packets, "packets", 2_000_000, "measure on captures of `N` packets")
	flags.Uint64Var(&o.few, "few", 200_000, "measure what is slow on the first `N` of them")
	flags.IntVar(&o.rounds, "rounds", 5, "take the medians of `N` rounds")
	mixes := flags.String("mixes", strings.Join(allMixes, ","), "measure on these `MIXES`")
	flags.StringVar(&o.dir, "dir", filepath.Join(os.TempDir(), "peers"), "keep captures in `DIRECTORY`")
	flags.StringVar(&o.pktscope, "pktscope", "pktscope", "measure this `PROGRAM`")
	flags.StringVar(&o.generate, "generate", "generate", "make captures with this `PROGRAM`, bench/generate")
	flags.BoolVar(&o.noisy, "noisy", false, "count rounds that others disturbed, too: for trying this out")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return nil
	} else if err != nil {
		return err
	}
	o.mixes = strings.Split(*mixes, ",")
	for _, name := range o.mixes {
		if !slices.Contains(allMixes, name) {
			return fmt.Errorf("%q is not a mix; there are %s", name, strings.Join(allMixes, ", "))
		}
	}
	if o.rounds < 1 || o.packets < 1 || flags.NArg() > 0 {
		return errors.New("see -h")
	}
	if err := os.MkdirAll(o.dir, 0o755); err != nil {
		return err
	}
	fmt.Fprintln(stdout, about())
	for _, name := range o.mixes {
		if err := o.measure(name, stdout); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// measure measures one mix, and prints its tables.
func (o *options) measure(name string, stdout io.Writer) error {
	c, err := o.capture(name, o.packets)
	if err != nil {
		return err
	}
	fast, slow := o.programs(c)
	t, err := o.table(c, fast)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(stdout, t); err != nil || len(slow) == 0 || o.few == 0 {
		return err
	}
	if o.few < o.packets {
		if c, err = o.capture(name, o.few); err != nil {
			return err
		}
		_, slow = o.programs(c)
	}
	if t, err = o.table(c, slow); err != nil {
		return err
	}
	_, err = io.WriteString(stdout, t)
	return err
}

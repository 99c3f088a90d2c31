package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/pflag"

	"pktscope/dissect"
	"pktscope/pcaps"
	"pktscope/reports"
)

// writing is what becomes of packets that are written and not printed.
type writing struct {
	path      string
	decap     decap
	split     string
	anonymize bool
	key       string // file
}

// flags adds the flags to those of a command.
func (o *writing) flags(set *pflag.FlagSet) {
	set.StringVarP(&o.path, "write", "w", "", "write packets to `FILE`: .pcapng or .pcap, and .zst or .gz behind that; - is standard output")
	set.Var(&o.decap, "decap", "write the innermost frame that a packet carries, or the one in its `N`-th tunnel, with =N")
	set.Lookup("decap").NoOptDefVal = innermost
	set.StringVar(&o.split, "split-by", "", "write a file for each value of `FIELD`, as in FILE-vxlan.vni-5001.pcapng")
	set.BoolVar(&o.anonymize, "anonymize", false, "replace addresses and text, and cut payload, before packets are written")
	set.StringVar(&o.key, "anonymize-key", "", "the same with the key in `FILE`, so that it is repeatable; a file that is not there is created")
}

// check tells what makes no sense without -w, or with it.
func (o *writing) check(set *pflag.FlagSet) error {
	for _, name := range []string{"decap", "split-by", "anonymize", "anonymize-key"} {
		if o.path == "" && set.Changed(name) {
			return fmt.Errorf("--%s needs -w FILE", name)
		}
	}
	for _, name := range []string{"format", "field", "time", "verbose", "hex"} {
		if o.path != "" && set.Changed(name) {
			return fmt.Errorf("-w writes packets and prints none: leave out --%s", name)
		}
	}
	return nil
}

// anonymizes tells whether packets are anonymized.
func (o *writing) anonymizes() bool { return o.anonymize || o.key != "" }

// looks tells whether it matters what is in packets.
func (o *writing) looks() bool { return o.decap.given || o.split != "" }

// regular tells whether all files are there whole, and none is a pipe in which packets come one by one.
func regular(files []string) bool {
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
			return false
		}
	}
	return true
}

// write writes the packets of the files. Of a damaged capture it writes what could be read; when the user interrupts it, what was read.
func (in *input) write(files []string, o *writing) error {
	options, err := in.options(false)
	if err != nil {
		return err
	}
	r := &recorder{writing: o}
	if o.anonymizes() {
		if r.anonymous, err = newAnonymous(o.key, options.Dissect); err != nil {
			return err
		}
	}
	src, err := in.open(files)
	if err != nil {
		return err
	}
	defer src.Close()
	w, err := o.open(src)
	if err != nil {
		return err
	}
	r.sink = w
	var stop func()
	r.Context, stop = untilInterrupted(os.Interrupt, syscall.SIGTERM) // the second ends the program, even where it waits for a packet
	defer stop()
	options.Undissected = !o.looks() && options.Filter == nil
	var c reports.Consumer = r
	if regular(files) { // nobody waits for each packet
		c = shardedRecorder{r}
	}
	err = in.consume(src, options, c, false)
	var incomplete *reports.IncompleteError
	if errors.Is(err, context.Canceled) {
		err = nil
	}
	if err != nil && !errors.As(err, &incomplete) {
		w.Discard()
		return err
	}
	if failed := w.Close(); failed != nil {
		return failed
	}
	return err
}

// sink is where frames go: a file, or several.
type sink interface {
	// values returns what appends the value to dst by which a packet is put into one of the files; it is for one goroutine. It is nil for one file.
	values() func(dst []byte, p *dissect.Packet) []byte
	write(value []byte, f *pcaps.Frame) error
	Close() error
	Discard()
}

func (o *writing) open(src pcaps.Source) (sink, error) {
	create := func(path string) (*pcaps.Writer, error) {
		return pcaps.Create(path, src, pcaps.WriteOptions{FramesOnly: o.anonymizes()})
	}
	if o.split != "" {
		if o.anonymizes() {
			if err := secretive(o.split); err != nil {
				return nil, err
			}
		}
		return newSplitter(o.path, o.split, create)
	}
	w, err := create(o.path)
	return single{w}, err
}

// single is a sink of one file.
type single struct{ *pcaps.Writer }

func (single) values() func([]byte, *dissect.Packet) []byte { return nil }
func (s single) write(_ []byte, f *pcaps.Frame) error       { return s.Write(f) }

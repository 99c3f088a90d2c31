// Generate writes synthetic captures of any length, to measure with: classic pcap, little endian, microseconds.
//
//	go run ./bench/generate -packets 10000000 -mix imix -seed 1 -o imix.pcap
//
// The same flags give the same bytes. Packets come from conversations whose sequence numbers, acknowledgments and
// identifications move on as they should, and every checksum, of every layer in a tunnel too, is right: what an
// analyzer finds wrong in these captures, but that some connections were under way before, is its own fault.
//
// Two things make it faster than what reads from its pipe. Each kind of packet is built once, and of the next ones only
// the fields that vary are written and added to what is known of the checksums (template.go). And a random number
// and 32 bytes of state a flow decide which packet comes next (generate.go). What there is to choose from is in mix.go.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "generate:", err)
		os.Exit(1)
	}
}

func run(args []string, stdout io.Writer) (err error) {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // main reports the error
	flags.Usage = func() {}
	packets := flags.Uint64("packets", 1_000_000, "write `N` packets")
	name := flags.String("mix", "imix", "the `NAME` of what to write")
	seed := flags.Uint64("seed", 1, "choose another capture of the same kind with another `S`")
	path := flags.String("o", "-", "write to `FILE`, - for the standard output")
	flowCount := flags.Int("flows", 0, "have `N` flows, up to 16777216, of 32 bytes of memory each; 0 for as many as the mix has")
	tenantCount := flags.Int("tenants", 0, "have `N` tenants, up to 16000000, or as many as an encapsulation can tell apart; 0 for as many as the mix has")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(stdout, "Usage: go run ./bench/generate [flags]\n\nMixes:")
		for _, m := range mixes {
			fmt.Fprintf(stdout, "  %-10s %s\n", m.name, m.doc)
		}
		fmt.Fprintln(stdout, "\nFlags:")
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return nil
	} else if err != nil {
		return fmt.Errorf("%w (-h lists the flags)", err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	m, err := findMix(*name)
	if err != nil {
		return err
	}
	if *flowCount < 0 || *flowCount > 1<<24 {
		return fmt.Errorf("-flows %d: must be 0 to %d", *flowCount, 1<<24)
	}
	if *tenantCount < 0 || *tenantCount > 16_000_000 {
		return fmt.Errorf("-tenants %d: must be 0 to 16000000", *tenantCount)
	}
	if *tenantCount > 0 {
		m.tenants = *tenantCount
		m.flows = max(m.flows, m.tenants) // or some would have none
	}
	if *flowCount > 0 {
		m.flows = *flowCount
	}

	w := stdout
	if *path != "-" {
		file, err := os.Create(*path)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		w = file
	}
	return newGenerator(m, *seed).write(w, *packets)
}

func findMix(name string) (mix, error) {
	var names []string
	for _, m := range mixes {
		if m.name == name {
			return m, nil
		}
		names = append(names, m.name)
	}
	return mix{}, fmt.Errorf("-mix %s: there is no such mix, only %s", name, strings.Join(names, ", "))
}

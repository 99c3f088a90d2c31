// Profile reads captures as pktscope read does, with all default reports, and writes a profile of the processor time that it took, for the Go
// compiler to see which calls and branches are the usual ones (https://go.dev/doc/pgo).
package main

import (
	"fmt"
	"io"
	"os"
	"runtime/pprof"

	"pktscope/pcaps"
	"pktscope/reports"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: profile OUTPUT CAPTURE...")
		os.Exit(2)
	}
	if err := profile(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
		os.Exit(1)
	}
}

func profile(output string, captures []string) error {
	f, err := os.Create(output)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return err
	}
	for _, path := range captures {
		if err := read(path); err != nil {
			return err
		}
	}
	pprof.StopCPUProfile()
	return f.Close()
}

func read(path string) error {
	src, err := pcaps.Open(path)
	if err != nil {
		return err
	}
	defer src.Close()
	set, err := reports.NewSet(nil, src, reports.Options{})
	if err != nil {
		return err
	}
	if err := reports.NewReader(src, reports.Options{}, set).Read(); err != nil {
		return err
	}
	return reports.WriteText(io.Discard, set.Snapshot(), reports.TextOptions{})
}

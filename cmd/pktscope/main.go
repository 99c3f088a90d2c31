// Pktscope says what is in a packet capture: packets, fields, tunnels, tenants.
package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"pktscope/reports"
)

const version = "0.1.0"

// Exit statuses.
const (
	exitUsage   = 1 // the command line makes no sense, or there is no capture where it points
	exitDamaged = 2 // all that could be read was, but a capture is damaged
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	root := &cobra.Command{
		Use:   "pktscope",
		Short: "Say what is in a packet capture",
		Long: `Pktscope reads packet captures of cloud and data-centre networks: what is in them, whose traffic it is, and what is wrong.
Tunnels and tags are taken apart to the innermost packet, checksums are verified at every depth.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(readCommand(), packetsCommand(), fieldsCommand())
	cobra.AddTemplateFunc("switches", switches)
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages |", "FlagUsages | switches |"))
	root.SetArgs(args)
	return status(root.Execute())
}

// switches shows flags without a value as such in the help: nobody writes --hex=true.
func switches(usages string) string {
	const value = "[=true|false]"
	return strings.ReplaceAll(usages, value, strings.Repeat(" ", len(value)))
}

// status prints what went wrong, a line a fault, and returns the exit status for it.
func status(err error) int {
	var incomplete *reports.IncompleteError
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE): // the reader of a pipe has seen enough
		return 0
	case errors.As(err, &incomplete):
		for _, err := range incomplete.Errs {
			fmt.Fprintf(os.Stderr, "pktscope: %v\n", err)
		}
		return exitDamaged
	}
	fmt.Fprintf(os.Stderr, "pktscope: %v\n", err)
	return exitUsage
}

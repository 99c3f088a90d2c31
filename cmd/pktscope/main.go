// Pktscope says what is in a packet capture: packets, fields, tunnels, tenants.
package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pktscope/dissect"
	"pktscope/pcaps"
	"pktscope/reports"
)

const version = "0.1.0"

// Exit statuses, which docs/exit.md explains.
const (
	exitUsage   = 1 // the command line makes no sense, or there is no capture where it points
	exitDamaged = 2 // all that could be read was, but a capture is damaged
	exitFound   = 3 // --fail-on was right to look
)

func main() {
	paceCollector()
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	root := &cobra.Command{
		Use:   "pktscope",
		Short: "Say what is in a packet capture",
		Long: `Pktscope reads packet captures of cloud and data-centre networks: what is in them, whose traffic it is, and what is wrong.
Tunnels and tags are taken apart to the innermost packet, checksums are verified at every depth.`,
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.AddCommand(readCommand(), liveCommand(), packetsCommand(), flowsCommand(), pathCommand(), fieldsCommand(), tenantsCommand(), corpusCommand(), manCommand())
	root.SetHelpCommand(helpCommand())
	completeFlags(root.Commands())
	completionCommand(root)
	if len(args) > 0 && args[0] == cobra.ShellCompRequestCmd {
		plainUsages(root.Commands())
	}
	cobra.AddTemplateFunc("usages", usages)
	root.SetUsageTemplate(flagUsages.ReplaceAllString(root.UsageTemplate(), "usages $1 |"))
	root.SetFlagErrorFunc(noFlag)
	root.SetArgs(args)
	return status(root.Execute())
}

// noCommand is the error for a command line whose first word is no command. It is in one line, as all errors are.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	name := args[0]
	if _, err := os.Stat(name); err == nil {
		return fmt.Errorf("%s is no command; did you mean %s read %s?", name, cmd.Name(), name)
	}
	cmd.SuggestionsMinimumDistance = 2
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		return fmt.Errorf("%s is no command; did you mean %s?", name, strings.Join(near, " or "))
	}
	return fmt.Errorf("%s is no command; see %s --help", name, cmd.Name())
}

// empty is an error for a flag that was given nothing, where that would mean the same as no such flag: --anonymize-key "$KEY" must not leave
// addresses as they are when there is no KEY.
func empty(set *pflag.FlagSet) error {
	for _, name := range []string{"write", "split-by", "anonymize-key", "by", "sum", "report", "ipfix", "metrics"} {
		if f := set.Lookup(name); f != nil && f.Changed && (f.Value.String() == "" || f.Value.String() == "[]") {
			value, _ := pflag.UnquoteUsage(f)
			return fmt.Errorf("--%s needs %s, and has nothing", name, value)
		}
	}
	return nil
}

// noFlag names the flag that somebody may have meant who wrote one that cmd does not have.
func noFlag(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if near := dissect.Nearest(unknown.GetSpecifiedName(), slices.Values(names)); near != "" {
		return fmt.Errorf("%w; did you mean --%s?", err, near)
	}
	return fmt.Errorf("%w; see %s --help", err, cmd.CommandPath())
}

var flagUsages = regexp.MustCompile(`(\.\w+)\.FlagUsages \|`)

// usages shows flags in the help, in lines as long as those of the terminal, and flags without a value as such: nobody writes --hex=true.
func usages(set *pflag.FlagSet) string {
	const value = "[=true|false]"
	return strings.ReplaceAll(set.FlagUsagesWrapped(newOutput(os.Stdout).width()), value, strings.Repeat(" ", len(value)))
}

// status prints what went wrong, a line a fault, and returns the exit status for it. What was found is found, in a damaged capture too.
func status(err error) int {
	if err == nil || errors.Is(err, syscall.EPIPE) { // the reader of a pipe has seen enough
		return 0
	}
	for _, fault := range faults(err) {
		if at, ok := fault.(*fs.PathError); ok { // the operation says nothing to a user
			fault = fmt.Errorf("%s: %w", strings.Replace(at.Path, os.Stdout.Name(), "standard output", 1), at.Err)
		}
		fmt.Fprintf(os.Stderr, "pktscope: %v\n", fault)
	}
	var found foundError
	var incomplete *reports.IncompleteError
	var damage *pcaps.DamageError // in the file's first header
	switch {
	case errors.As(err, &found):
		return exitFound
	case errors.As(err, &incomplete), errors.As(err, &damage):
		return exitDamaged
	}
	return exitUsage
}

// faults are the errors that err joins.
func faults(err error) (all []error) {
	several, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	for _, one := range several.Unwrap() {
		all = append(all, faults(one)...)
	}
	return all
}

package main

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"pktscope/dissect"
)

func fieldsCommand() *cobra.Command {
	var names bool
	cmd := &cobra.Command{
		Use:   "fields",
		Short: "List the fields that packets can have",
		Args:  cobra.NoArgs,
	}
	cmd.Flags().BoolVar(&names, "names", false, "print names only")
	cmd.RunE = func(*cobra.Command, []string) error {
		out := bufio.NewWriter(os.Stdout)
		all := map[string]bool{}
		for _, f := range dissect.Fields() {
			all[f.Name] = true
			for _, name := range f.Either {
				all[name] = true
			}
		}
		for _, name := range slices.Sorted(maps.Keys(all)) {
			fmt.Fprintln(out, name)
		}
		return out.Flush()
	}
	return cmd
}

package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"pktscope/flows"
	"pktscope/reports"
)

func tenantsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tenants",
		Short: "Write a file that names tenants",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("%s is no command of tenants; there is init", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(tenantsInitCommand())
	return cmd
}

func tenantsInitCommand() *cobra.Command {
	var in input
	cmd := &cobra.Command{
		Use:   "init FILE...",
		Short: "Write a first tenants file, of what captures show",
		Long: `Init writes a file for --tenants to standard output, with all segments that are in the captures. Those that are proven to be one
network are one tenant. What it calls tenant-1, tenant-2 and so on, the largest first, is for you to name, and to join where you know more
than the captures show. The file can be used as it is: it tells apart what was apart without it.`,
		Example: `  pktscope tenants init tap*.pcap underlay.pcap > tenants.yaml
  pktscope read --tenants tenants.yaml tap*.pcap underlay.pcap`,
		Args: files,
		RunE: func(_ *cobra.Command, files []string) error {
			file := reports.NewTenantsFile(flows.Options{})
			err := in.read(files, true, true, file)
			if _, failed := os.Stdout.Write(file.Text()); failed != nil {
				return failed
			}
			return err
		},
	}
	cmd.Flags().SortFlags = false
	in.flags(cmd.Flags())
	return cmd
}

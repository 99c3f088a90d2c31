package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"pktscope/dissect"
	"pktscope/pcaps"
	"pktscope/reports"
)

func packetsCommand() *cobra.Command {
	var format string
	var fields []string
	cmd := &cobra.Command{
		Use:   "packets FILE...",
		Short: "Print packets",
		Args:  cobra.MinimumNArgs(1),
	}
	flags := cmd.Flags()
	flags.StringVarP(&format, "format", "T", "", "output `format`: fields")
	flags.StringArrayVarP(&fields, "field", "e", nil, "print this `field`; may be given many times")
	cmd.RunE = func(_ *cobra.Command, files []string) error {
		if format != "fields" {
			return fmt.Errorf("-T %s is not a format; there is fields", format)
		}
		x, err := dissect.NewExtractor(fields)
		if err != nil {
			return err
		}
		src, err := pcaps.OpenAll(files, pcaps.Options{})
		if err != nil {
			return err
		}
		defer src.Close()
		out := bufio.NewWriterSize(os.Stdout, 64<<10)
		err = reports.Read(src, reports.Options{Dissect: dissect.Options{Cookie: -1}}, &fieldLines{out, x})
		return errors.Join(err, out.Flush())
	}
	return cmd
}

// fieldLines prints a line for each packet: cells with tabs between them.
type fieldLines struct {
	w io.Writer
	x *dissect.Extractor
}

func (f *fieldLines) Packet(p *dissect.Packet) error {
	for i, cell := range f.x.Extract(p) {
		if i > 0 {
			f.w.Write([]byte{'\t'})
		}
		f.w.Write(cell)
	}
	_, err := f.w.Write([]byte{'\n'})
	return err
}

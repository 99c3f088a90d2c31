package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"pktscope/dissect"
	"pktscope/pcaps"
	"pktscope/reports"
)

func packetsCommand() *cobra.Command {
	var o packetsOptions
	cmd := &cobra.Command{
		Use:   "packets FILE...",
		Short: "Print packets: one line each, fields, JSON, or everything",
		Args:  cobra.MinimumNArgs(1),
		RunE:  func(_ *cobra.Command, files []string) error { return o.run(files) },
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&o.format, "format", "T", "line", "what to print: line, fields, json or tree")
	flags.StringArrayVarP(&o.fields, "field", "e", nil, "print this `FIELD` with -T fields, mark its bytes with -x; may be repeated")
	flags.BoolVarP(&o.tree, "verbose", "V", false, "the same as -T tree")
	flags.BoolVarP(&o.hex, "hex", "x", false, "print the bytes, too")
	flags.Uint64VarP(&o.count, "count", "c", 0, "end after `N` packets")
	return cmd
}

type packetsOptions struct {
	format string
	fields []string
	tree   bool
	hex    bool
	count  uint64
}

func (o *packetsOptions) run(files []string) error {
	if o.tree {
		o.format = "tree"
	}
	if len(o.fields) > 0 && o.format != "fields" && !o.hex {
		return fmt.Errorf("-e needs -T fields, or -x")
	}
	out := newOutput(os.Stdout)
	printer, err := o.printer(out)
	if err != nil {
		return err
	}
	src, err := pcaps.OpenAll(files, pcaps.Options{})
	if err != nil {
		return err
	}
	defer src.Close()
	err = reports.Read(src, reports.Options{Dissect: dissect.Options{Cookie: -1}, MaximumCount: o.count}, printer)
	return errors.Join(err, out.flush())
}

func (o *packetsOptions) printer(out *output) (p packetPrinter, err error) {
	p.out = out
	switch o.format {
	case "line":
		p.print = (&linePrinter{out: out}).print
	case "fields":
		if len(o.fields) == 0 {
			return p, errors.New("-T fields needs fields: -e NAME; 'pktscope fields' lists them")
		}
		x, err := dissect.NewExtractor(o.fields)
		if err != nil {
			return p, err
		}
		p.print = func(packet *dissect.Packet) { out.buf = appendCells(out.buf, x.Extract(packet)) }
	case "json":
		var e dissect.JSONEncoder
		p.print = func(packet *dissect.Packet) { out.buf = append(e.Append(out.buf, packet), '\n') }
	case "tree":
		p.print = func(packet *dissect.Packet) { out.buf = append(packet.AppendTree(out.buf), '\n') }
	default:
		return p, fmt.Errorf("-T %s is not a format; there are line, fields, json and tree", o.format)
	}
	if o.hex {
		p.dump, err = newHexDump(o.fields)
	}
	return p, err
}

// packetPrinter prints packets in one of the formats.
type packetPrinter struct {
	out   *output
	print func(*dissect.Packet) // appends to out.buf
	dump  *hexDump              // nil for none
}

// Packet implements [reports.Consumer].
func (r packetPrinter) Packet(p *dissect.Packet) error {
	r.print(p)
	if r.dump != nil {
		r.out.buf = r.dump.append(r.out.buf, p)
	}
	return r.out.done()
}

// appendCells appends a line of cells with tabs between them.
func appendCells(dst []byte, cells [][]byte) []byte {
	for i, cell := range cells {
		if i > 0 {
			dst = append(dst, '\t')
		}
		dst = append(dst, cell...)
	}
	return append(dst, '\n')
}

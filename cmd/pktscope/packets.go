package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/reports"
)

func packetsCommand() *cobra.Command {
	var o packetsOptions
	cmd := &cobra.Command{
		Use:   "packets FILE... | -i INTERFACE",
		Short: "Print packets: a line each, chosen fields, JSON, or everything; or write them to another capture",
		Long: `Packets prints the packets of captures: number, time (-t), bytes on the wire, and then who talks to whom
innermost, what is around that, outwards, and what is wrong with it: bad checksums, anomalies, where dissecting ended.

With -w packets are not printed but written to another capture: all of them, or those that -Y, --range, --from and --to leave. With
--decap it is the frames inside them; with --split-by they go to a file for each value of a field; with
--anonymize they are nobody's. pktscope help slicing says more.

Captures are pcap, pcapng or snoop files, compressed or not; - is standard input, corpus:NAME a capture that comes with pktscope
(pktscope corpus lists them). Several are merged by time. With -i packets are those that interfaces see, as they come.`,
		Example: `  pktscope packets trace.pcap
  pktscope packets -i eth0 -f 'udp port 4789' -Y 'vxlan.vni == 5001'
  pktscope packets trace.pcap -T fields -e frame.number -e ip.src -e vxlan.vni
  pktscope packets trace.pcap -c 1 -V -x
  pktscope packets trace.pcap --from +10s --to +20s -w part.pcapng.zst
  pktscope packets trace.pcap --decap --split-by vxlan.vni --anonymize -w tenant.pcapng
  pktscope packets trace.pcap -T json | jq '.layers[] | select(.protocol == "vxlan").fields["vxlan.vni"]'
  tcpdump -i eth0 -w - | pktscope packets --decode-as udp.port=9999,vxlan -`,
		Args: func(cmd *cobra.Command, args []string) error {
			switch at := o.input.at.interfaces; {
			case len(at) == 0:
				return files(cmd, args)
			case len(args) > 0:
				return fmt.Errorf("packets are those of files or of interfaces: leave out -i %s, or %s", strings.Join(at, ","), strings.Join(args, " "))
			}
			return nil
		},
		ValidArgsFunction: captureFile,
		RunE: func(cmd *cobra.Command, files []string) error {
			if err := cmp.Or(empty(cmd.Flags()), o.write.check(cmd.Flags()), o.input.at.needsInterface(cmd.Flags())); err != nil {
				return err
			}
			return o.run(files)
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&o.format, "format", "T", "line", "what to print: "+strings.Join(formats, ", "))
	flags.StringArrayVarP(&o.fields, "field", "e", nil, "print `FIELD` with -T fields, mark its bytes with -x; may be repeated")
	o.times.styles = timeStyles
	flags.VarP(&o.times, "time", "t", "print times as `STYLE`: r (seconds since the first packet), a, ad (local time, with the date), u, ud (UTC), e (seconds since 1970),\nd, dd (seconds since the packet before, since the one printed before)")
	flags.BoolVarP(&o.tree, "verbose", "V", false, "the same as -T tree")
	flags.StringVar(&o.names, "tenants", "", "read from `FILE` which identifiers are whose, for the field pktscope.tenant; pktscope help tenants says more")
	flags.BoolVarP(&o.hex, "hex", "x", false, "print the bytes, too")
	o.input.flags(flags)
	o.write.flags(flags)
	o.input.at.flags(flags)
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// formats are what -T takes.
var formats = []string{"line", "fields", "json", "tree"}

// files tells that a command wants captures.
func files(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("%s needs a capture file, - for standard input, or corpus:overlay; see %s --help", cmd.Name(), cmd.CommandPath())
	}
	return nil
}

type packetsOptions struct {
	input
	format string
	fields []string
	times  times
	tree   bool
	hex    bool
	names  string // the tenants file
	write  writing
}

func (o *packetsOptions) run(files []string) error {
	if o.names != "" {
		tenants, err := flows.ReadTenants(o.names)
		if err != nil {
			return err
		}
		o.owner, o.tenants = true, tenants
	}
	if o.write.path != "" {
		o.writes = o.write.path
		return o.input.write(files, &o.write)
	}
	if o.tree {
		o.format = "tree"
	}
	out := newOutput(os.Stdout)
	printer, err := o.printer(out)
	if err != nil {
		return err
	}
	out.waiting = len(o.input.at.interfaces) > 0
	o.dissect.Relative = printer.relative
	o.see = o.times.see
	var c reports.Consumer = printer
	if !out.terminal && (out.waiting || regular(files)) && !(o.format == "line" && o.times.delta()) { // nobody waits for each packet
		c = shardedPrinter{printer, o}
	}
	err = o.read(files, printer.checksums, printer.layers, c)
	return errors.Join(out.flush(), err)
}

func (o *packetsOptions) printer(out *output) (p packetPrinter, err error) {
	p.out, p.checksums, p.layers = out, true, true
	p.relative = o.format == "json" || o.format == "tree" // a line shows sequence numbers as they are
	switch o.format {
	case "line":
		p.print = (&linePrinter{out: out, times: &o.times}).print
	case "fields":
		if len(o.fields) == 0 {
			return p, errors.New("-T fields needs -e FIELD; pktscope fields lists them")
		}
		x, err := dissect.NewExtractor(o.fields)
		if err != nil {
			return p, err
		}
		p.checksums, p.relative, p.layers = x.NeedsChecksums(), x.Relative(), x.NeedsLayers() || o.hex
		o.owner = o.owner || x.NeedsOwner()
		p.print = func(packet *dissect.Packet) { out.buf = appendCells(out.buf, x.Extract(packet)) }
	case "json":
		var e dissect.JSONEncoder
		p.print = func(packet *dissect.Packet) { out.buf = append(e.Append(out.buf, packet), '\n') }
	case "tree":
		p.print = func(packet *dissect.Packet) { out.buf = append(packet.AppendTree(out.buf), '\n') }
	default:
		return p, fmt.Errorf("%q is not a format; there are %s", o.format, strings.Join(formats, ", "))
	}
	if o.times.given && o.format != "line" {
		return p, errors.New("-t is for -T line; others print the field frame.time_epoch")
	}
	if len(o.fields) > 0 && o.format != "fields" && !o.hex {
		return p, errors.New("-e needs -T fields, or -x")
	}
	if o.hex {
		p.dump, err = newHexDump(o.fields)
	}
	return p, err
}

// packetPrinter prints packets in one of the formats.
type packetPrinter struct {
	out       *output
	print     func(*dissect.Packet) // appends to out.buf
	dump      *hexDump              // nil for none
	checksums bool                  // what is printed depends on them
	layers    bool                  // and on what is in the packet
	relative  bool                  // it has sequence numbers that count from where conversations start
}

// Packet implements [reports.Consumer].
func (r packetPrinter) Packet(p *dissect.Packet) error {
	r.append(p)
	return r.out.done()
}

// append appends what is printed of p.
func (r packetPrinter) append(p *dissect.Packet) {
	r.print(p)
	if r.dump != nil {
		r.out.buf = r.dump.append(r.out.buf, p)
	}
}

// shardedPrinter is a printer of which several goroutines take packets. What one makes of a block is written when it is played.
type shardedPrinter struct {
	packetPrinter
	options *packetsOptions
}

// NewShard implements [reports.Sharded].
func (r shardedPrinter) NewShard() reports.Shard {
	p, err := r.options.printer(&output{file: r.out.file})
	if err != nil {
		panic(err) // the same options made a printer before
	}
	return printerShard{p, r.out}
}

type printerShard struct {
	packetPrinter
	to *output
}

// Begin implements [reports.Shard].
func (r printerShard) Begin(uint64) {}

// Packet implements [reports.Shard].
func (r printerShard) Packet(p *dissect.Packet) { r.append(p) }

// Play implements [reports.Shard].
func (r printerShard) Play() error {
	err := r.to.add(r.out.buf)
	r.out.buf = r.out.buf[:0]
	return err
}

// Flush implements [reports.Shard].
func (r printerShard) Flush() error { return nil }

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

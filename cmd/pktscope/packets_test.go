package main

import (
	"os"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/internal/craft"
)

func packet(t testing.TB, frame []byte) *dissect.Packet {
	t.Helper()
	p := new(dissect.Packet)
	config := dissect.NewConfig(dissect.Options{Cookie: -1})
	config.NewDecoder().Decode(p, &dissect.Frame{Data: frame, WireLen: len(frame), Number: 1, Point: &dissect.Point{Link: 1}})
	p.Verify()
	return p
}

// What is printed of a packet is written into memory that was there before.
func TestPrintingDoesNotAllocate(t *testing.T) {
	p := packet(t, tunneled())
	for _, o := range []packetsOptions{
		{format: "fields", fields: []string{"frame.number", "frame.time_epoch", "ip.addr", "vxlan.vni", "tcp.flags", "pktscope.checksum.verdict"}},
		{format: "line"},
		{format: "line", times: times{style: localDate}},
		{format: "json"},
	} {
		out := newOutput(os.Stdout)
		printer, err := o.printer(out)
		if err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() {
			out.buf = out.buf[:0]
			printer.print(p)
		}); n > 0 {
			t.Errorf("-T %s allocates %v times a packet", o.format, n)
		}
	}
}

// tunneled is a TCP segment in VXLAN.
func tunneled() []byte {
	return craft.Packet(craft.Ethernet{}, craft.VLAN{ID: 100}, craft.IPv4{}, craft.UDP{Src: 49152}, craft.VXLAN{VNI: 5001},
		craft.Ethernet{}, craft.IPv4{}, craft.TCP{Src: 40000, Dst: 80, Flags: craft.SYN})
}

// BenchmarkPrint decodes packets and prints them, without writing anything.
func BenchmarkPrint(b *testing.B) {
	five := []string{"frame.number", "ip.src", "ip.dst", "tcp.srcport", "tcp.dstport"}
	for _, o := range []packetsOptions{{format: "fields", fields: five}, {format: "line"}, {format: "json"}, {format: "tree"}} {
		b.Run(o.format, func(b *testing.B) {
			out := newOutput(os.Stdout)
			printer, err := o.printer(out)
			if err != nil {
				b.Fatal(err)
			}
			frame := dissect.Frame{Data: tunneled(), Point: &dissect.Point{Link: 1, FCSLen: -1}}
			var p dissect.Packet
			d := dissect.NewConfig(dissect.Options{}).NewDecoder()
			b.ReportAllocs()
			for b.Loop() {
				out.buf = out.buf[:0]
				d.Decode(&p, &frame)
				if printer.checksums {
					p.Verify()
				}
				printer.print(&p)
			}
		})
	}
}

func TestColours(t *testing.T) {
	p := packet(t, craft.Packet(craft.Ethernet{}, craft.VLAN{ID: 100}, craft.IPv4{},
		craft.Edit(craft.TCP{Src: 40000, Dst: 80, Flags: craft.SYN}, func(b []byte) { b[4]++ })))
	for _, color := range []bool{false, true} {
		out := &output{color: color}
		(&linePrinter{out: out, times: new(times)}).print(p)
		around, faults := " · vlan 100", " · bad tcp checksum (bit 8 flipped)"
		if color {
			around, faults = "\x1b[2m"+around+"\x1b[0m", "\x1b[31m"+faults+"\x1b[0m"
		}
		if got := string(out.buf); !strings.HasSuffix(got, around+faults+"\n") {
			t.Errorf("%q does not end in %q", got, around+faults)
		}
	}
}

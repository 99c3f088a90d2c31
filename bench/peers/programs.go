//go:build unix

package main

import (
	"os"
	"os/exec"
)

// program is a command line to be measured.
type program struct {
	title string
	args  []string
	note  string // what it leaves out, or why it is not measured
}

// fiveFields are asked of tshark and of pktscope.
var fiveFields = []string{"-T", "fields", "-e", "frame.number", "-e", "ip.src", "-e", "ip.dst", "-e", "tcp.srcport", "-e", "tcp.dstport"}

// programs are those that read the capture: fast ones, and slow ones with what they are compared with. The first is cat, the second pktscope.
func (o *options) programs(c *capture) (fast, slow []program) {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	file := c.path
	base := []program{
		{title: "cat", args: []string{"cat", file}},
		{title: "pktscope read -j 2", args: []string{o.pktscope, "read", "-j", "2", file}, note: "all reports, checksums, flows, findings"},
		{title: "pktscope read -j 1", args: []string{o.pktscope, "read", "-j", "1", file}, note: "the same on one processor"},
		{title: "pktscope packets -T fields", args: append([]string{o.pktscope, "packets", file}, fiveFields...), note: "five fields"},
	}
	if c.compressed() != "" {
		unpack := map[string]string{"gz": "gzip", "zst": "zstd", "lz4": "lz4"}[c.compressed()]
		return append(base, program{title: unpack + " -dc", args: []string{unpack, "-dc", file}, note: "decompresses only"}), nil
	}
	fast = append(base[:len(base):len(base)],
		program{title: "capinfos", args: []string{"capinfos", file}, note: "counts"},
		program{title: "nfpcapd", args: []string{"nfpcapd", "-r", file, "-w", o.dir + "/nfpcapd"}, note: "flows"},
		program{title: "gopacket pcapgo.Reader", args: []string{self, "reader", file}, note: "reads, decodes nothing"},
		program{title: "gopacket DecodingLayerParser", args: []string{self, "parser", file}, note: "the last header of each kind"},
		program{title: "gopacket NewPacket", args: []string{self, "packet", file}, note: "all layers"},
	)
	slow = append(base[:len(base):len(base)],
		program{title: "tcpdump -nn", args: []string{"tcpdump", "-nn", "-r", file}, note: "a line a packet"},
		program{title: "tshark -q -z conv,tcp", args: []string{"tshark", "-r", file, "-q", "-z", "conv,tcp"}, note: "TCP conversations"},
		program{title: "tshark -T fields", args: append([]string{"tshark", "-r", file}, fiveFields...), note: "the same five fields"},
	)
	return fast, slow
}

// installed tells whether the program can be run.
func (p *program) installed() bool {
	_, err := exec.LookPath(p.args[0])
	return err == nil
}

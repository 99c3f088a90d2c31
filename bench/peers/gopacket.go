//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// library are ways to read a capture with gopacket. Each returns what is done with a packet.
var library = map[string]func() func(data []byte) error{
	"reader": func() func([]byte) error { return func([]byte) error { return nil } },
	"parser": parser,
	"packet": func() func([]byte) error {
		return func(data []byte) error {
			if gopacket.NewPacket(data, layers.LayerTypeEthernet, gopacket.NoCopy).Layers() == nil {
				return errors.New("no layers")
			}
			return nil
		}
	},
}

// parser decodes into one struct for each kind of layer, which is how gopacket is fast.
func parser() func([]byte) error {
	var (
		ethernet layers.Ethernet
		vlan     layers.Dot1Q
		ip4      layers.IPv4
		ip6      layers.IPv6
		gre      layers.GRE
		tcp      layers.TCP
		udp      layers.UDP
		vxlan    layers.VXLAN
		payload  gopacket.Payload
		decoded  []gopacket.LayerType
	)
	p := gopacket.NewDecodingLayerParser(layers.LayerTypeEthernet, &ethernet, &vlan, &ip4, &ip6, &gre, &tcp, &udp, &vxlan, &payload)
	p.IgnoreUnsupported = true
	return func(data []byte) error {
		_ = p.DecodeLayers(data, &decoded) // what it cannot decode is an error, and no reason to stop
		return nil
	}
}

// readWith reads a capture.
func readWith(way func() func([]byte) error, files []string) error {
	if len(files) != 1 {
		return errors.New("one capture")
	}
	file, err := os.Open(files[0])
	if err != nil {
		return err
	}
	defer file.Close()
	r, err := pcapgo.NewReader(bufio.NewReaderSize(file, 1<<20))
	if err != nil {
		return err
	}
	do := way()
	for n := 0; ; n++ {
		data, _, err := r.ZeroCopyReadPacketData()
		if errors.Is(err, io.EOF) {
			fmt.Println(n, "packets")
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(data); err != nil {
			return err
		}
	}
}

// Package oracle reads packets with gopacket, for tests that want a second opinion on what was crafted.
package oracle

import (
	"fmt"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Read returns the names of an Ethernet frame's layers, separated by spaces. The error is the first layer that does
// not decode or whose checksum is wrong; a transport header is checked against the IP header nearest around it.
// The checksums of IGMP, SCTP and UDP-Lite, of fragments and of what ICMP quotes are beyond gopacket.
func Read(frame []byte) (stack string, err error) {
	p := gopacket.NewPacket(frame, layers.LayerTypeEthernet, gopacket.Default)
	var names []string
	var network gopacket.NetworkLayer
	for _, l := range p.Layers() {
		names = append(names, strings.ReplaceAll(l.LayerType().String(), " ", ""))
		if n, ok := l.(gopacket.NetworkLayer); ok {
			network = n
		}
		if t, ok := l.(interface {
			SetNetworkLayerForChecksum(gopacket.NetworkLayer) error
		}); ok && network != nil {
			if err := t.SetNetworkLayerForChecksum(network); err != nil {
				return "", err
			}
		}
	}
	stack = strings.Join(names, " ")
	if e := p.ErrorLayer(); e != nil {
		return stack, e.Error()
	}
	err, wrong := p.VerifyChecksums()
	if err == nil && len(wrong) > 0 {
		err = fmt.Errorf("layer %d: checksum %#04x, want %#04x", wrong[0].LayerIndex, wrong[0].Actual, wrong[0].Correct)
	}
	return stack, err
}

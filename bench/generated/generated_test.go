package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"pktscope/internal/craft/oracle"
)

const testdata = "../../pcaps/testdata/"

func TestTheCommittedCapturesAreTheGenerated(t *testing.T) {
	files, err := files()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		got, err := os.ReadFile(testdata + name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s differs: go generate ./bench/generated", name)
		}
	}
	regress, err := os.ReadDir(testdata + "regress")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range regress {
		if name := "regress/" + file.Name(); strings.HasSuffix(name, ".pcap") && files[name] == nil {
			t.Errorf("nothing generates %s", name)
		}
	}
}

type packet struct {
	frame     []byte
	iface     string
	commented bool
}

func read(t *testing.T, name string) (packets []packet) {
	t.Helper()
	file, err := os.Open(testdata + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r, err := pcapgo.NewNgReader(file, pcapgo.DefaultNgReaderOptions)
	if err != nil {
		t.Fatal(err)
	}
	for {
		b, info, options, err := r.ReadPacketDataWithOptions()
		if err != nil {
			return packets
		}
		i, err := r.Interface(info.InterfaceIndex)
		if err != nil {
			t.Fatal(err)
		}
		packets = append(packets, packet{b, i.Name, len(options.Comments) > 0})
	}
}

// The stacks of headers on each interface, with the number of packets. TRILL, which gopacket does not read, is checked
// from the inner Ethernet on.
func TestEverythingIsThere(t *testing.T) {
	const want = `
  14 core: Ethernet Dot1Q Dot1Q IPv4 TCP
   4 core: Ethernet Dot1Q Dot1Q IPv4 TCP Payload
   4 core: Ethernet IPv4 GRE IPv4 ICMPv4 Payload
   7 core: Ethernet IPv4 GRE IPv4 TCP
   2 core: Ethernet IPv4 GRE IPv4 TCP Payload
   2 core: Ethernet IPv4 TCP
   2 core: Ethernet IPv4 TCP Payload
   4 core: Ethernet MPLS MPLS IPv4 ICMPv4 Payload
   7 core: Ethernet MPLS MPLS IPv4 TCP
   2 core: Ethernet MPLS MPLS IPv4 TCP Payload
   2 core: Ethernet TRILL Ethernet Dot1Q ARP
   7 core: Ethernet TRILL Ethernet Dot1Q IPv4 TCP
   2 core: Ethernet TRILL Ethernet Dot1Q IPv4 TCP Payload
   2 tap1: Ethernet ARP
   6 tap1: Ethernet IPv4 Fragment
   3 tap1: Ethernet IPv4 ICMPv4 Payload
  18 tap1: Ethernet IPv4 TCP
  10 tap1: Ethernet IPv4 TCP Payload
   2 tap1: Ethernet IPv4 UDP DNS
  18 tap1: Ethernet IPv4 UDP Payload
   4 tap1: Ethernet IPv6 ICMPv6 ICMPv6Echo Payload
   2 tap1: Ethernet IPv6 ICMPv6 ICMPv6NeighborAdvertisement
   2 tap1: Ethernet IPv6 ICMPv6 ICMPv6NeighborSolicitation
   6 tap1: Ethernet IPv6 IPv6Fragment Fragment
   7 tap1: Ethernet IPv6 TCP
   2 tap1: Ethernet IPv6 TCP Payload
   4 uplink: Ethernet Dot1Q IPv4 ICMPv4 Payload
   7 uplink: Ethernet Dot1Q IPv4 TCP
   2 uplink: Ethernet Dot1Q IPv4 TCP Payload
   7 uplink: Ethernet IPv4 GRE Ethernet IPv4 TCP
   2 uplink: Ethernet IPv4 GRE Ethernet IPv4 TCP Payload
  12 uplink: Ethernet IPv4 IPSecESP
   7 uplink: Ethernet IPv4 UDP Geneve Ethernet IPv4 TCP
   3 uplink: Ethernet IPv4 UDP Geneve Ethernet IPv4 TCP Payload
   4 uplink: Ethernet IPv4 UDP Geneve Ethernet IPv6 ICMPv6 ICMPv6Echo Payload
   4 uplink: Ethernet IPv4 UDP Payload
   2 uplink: Ethernet IPv4 UDP VXLAN Ethernet ARP
   8 uplink: Ethernet IPv4 UDP VXLAN Ethernet IPv4 TCP
   4 uplink: Ethernet IPv4 UDP VXLAN Ethernet IPv4 TCP Payload
   1 uplink: Ethernet IPv4 UDP VXLAN Ethernet IPv6 ICMPv6 ICMPv6NeighborAdvertisement
   1 uplink: Ethernet IPv4 UDP VXLAN Ethernet IPv6 ICMPv6 ICMPv6NeighborSolicitation
`
	count := map[string]int{}
	for i, p := range read(t, "generated.pcapng") {
		trill := ""
		if binary.BigEndian.Uint16(p.frame[12:]) == 0x22f3 {
			trill, p.frame = "Ethernet TRILL ", p.frame[14+6:]
		}
		stack, err := oracle.Read(p.frame)
		if wrong := err != nil && strings.Contains(err.Error(), "checksum"); wrong != p.commented || err != nil && !wrong {
			t.Errorf("packet %d: %s: %v", i+1, stack, err)
		}
		count[p.iface+": "+trill+stack]++
	}
	var got strings.Builder
	for _, stack := range slices.Sorted(maps.Keys(count)) {
		fmt.Fprintf(&got, "%4d %s\n", count[stack], stack)
	}
	if got.String() != want[1:] {
		t.Errorf("got\n%s", got.String())
	}
}

func TestTenantsHaveTheSameAddressesAndPorts(t *testing.T) {
	tenants := map[uint32][]string{}
	for _, p := range read(t, "generated.pcapng") {
		decoded := gopacket.NewPacket(p.frame, layers.LayerTypeEthernet, gopacket.Default)
		vxlan, ok := decoded.Layer(layers.LayerTypeVXLAN).(*layers.VXLAN)
		tcp, ok2 := decoded.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok || !ok2 {
			continue
		}
		inner := gopacket.NewPacket(vxlan.Payload, layers.LayerTypeEthernet, gopacket.Default)
		tenants[vxlan.VNI] = append(tenants[vxlan.VNI], fmt.Sprint(inner.NetworkLayer().NetworkFlow(), tcp.TransportFlow()))
	}
	if len(tenants[5001]) != 6 || !slices.Equal(tenants[5001], tenants[5002]) {
		t.Errorf("got %v", tenants)
	}
}

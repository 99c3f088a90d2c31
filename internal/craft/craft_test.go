package craft

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pktscope/internal/craft/oracle"
)

// stacks are packets that gopacket knows, with its names of their layers.
var stacks = []struct {
	layers []Layer
	want   string
}{
	{[]Layer{Ethernet{}, ARP{}}, "Ethernet ARP"},
	{[]Layer{Ethernet{}, LLC{}, SNAP{}, IPv4{}, UDP{Src: 1, Dst: 2}, Payload("x")}, "Ethernet LLC SNAP IPv4 UDP Payload"},
	{[]Layer{Ethernet{}, LLC{DSAP: 0x42, SSAP: 0x42}, Payload(make([]byte, 35))}, "Ethernet LLC STP"},
	{[]Layer{Ethernet{}, VLAN{TPID: 0x88a8, ID: 7}, VLAN{ID: 100, Priority: 5, DEI: true}, IPv4{TOS: 0xb8}, TCP{Src: 1, Dst: 2, Flags: SYN, Options: []byte{2, 4, 5, 0xb4}}},
		"Ethernet Dot1Q Dot1Q IPv4 TCP"},
	{[]Layer{Ethernet{}, MPLS{Label: 16}, MPLS{Label: 1 << 19, TC: 3}, IPv4{}, ICMP{Type: 8, Rest: Echo(1, 2)}, Payload("odd")},
		"Ethernet MPLS MPLS IPv4 ICMPv4 Payload"},
	{[]Layer{Ethernet{}, IPv4{Options: []byte{0x94, 4, 0, 0}}, IGMP{Type: 0x16, Group: "239.0.0.1"}}, "Ethernet IPv4 IGMP"},
	{[]Layer{Ethernet{}, IPv4{}, IPv6{}, UDP{Src: 7, Dst: 8, Sum: Zero}, Payload("x")}, "Ethernet IPv4 IPv6 UDP Payload"},
	{[]Layer{Ethernet{}, IPv6{TrafficClass: 0x28, FlowLabel: 0xabcde}, HopByHop{Options: []byte{5, 2, 0, 0}}, ICMPv6{Type: 128, Rest: Echo(3, 4)}, Payload("ping")},
		"Ethernet IPv6 IPv6HopByHop ICMPv6 ICMPv6Echo Payload"},
	{[]Layer{Ethernet{}, IPv6{HopLimit: 255}, ICMPv6{Type: 135}, Neighbor("2001:db8::2", 1, "")}, "Ethernet IPv6 ICMPv6 ICMPv6NeighborSolicitation"},
	{[]Layer{Ethernet{}, IPv6{}, DestinationOptions{}, TCP{Src: 1, Dst: 2, Flags: ACK | PSH | AE}, Payload("abc")},
		"Ethernet IPv6 IPv6Destination TCP Payload"},
	{[]Layer{Ethernet{}, IPv6{}, FragmentHeader{Offset: 16, More: true, ID: 9, NextHeader: 17}, Payload("12345678")}, "Ethernet IPv6 IPv6Fragment Fragment"},
	{[]Layer{Ethernet{}, IPv4{}, SCTP{Src: 1, Dst: 2, Tag: 3, Chunks: []Chunk{Data(1, 2, 3, 0, []byte("hello"))}}}, "Ethernet IPv4 SCTP SCTPData"},
	{[]Layer{Ethernet{}, IPv4{}, GRE{Checksum: true, Key: new(uint32(77)), Sequence: new(uint32(1))}, IPv4{}, UDP{Src: 7, Dst: 8}, Payload("odd")},
		"Ethernet IPv4 GRE IPv4 UDP Payload"},
	{[]Layer{Ethernet{}, IPv4{}, GRE{Sequence: new(uint32(1))}, ERSPAN{VLAN: 5, Session: 1023, Index: 9}, Ethernet{}, ARP{}},
		"Ethernet IPv4 GRE ERSPANTypeII Ethernet ARP"},
	{[]Layer{Ethernet{}, IPv4{}, UDP{Src: 50000}, VXLAN{VNI: 5001}, Ethernet{}, IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, TCP{Src: 1, Dst: 2, Flags: ACK}, Payload("abc")},
		"Ethernet IPv4 UDP VXLAN Ethernet IPv4 TCP Payload"},
	{[]Layer{Ethernet{}, IPv6{}, UDP{Src: 50000}, Geneve{VNI: 6001, Options: []GeneveOption{{0x102, 0x80, []byte{1, 2, 3, 4}}}}, Ethernet{}, IPv6{}, UDP{Src: 7, Dst: 8}},
		"Ethernet IPv6 UDP Geneve Ethernet IPv6 UDP"},
	{[]Layer{Ethernet{}, IPv4{}, UDP{Src: 50000}, GTPU{TEID: 1, Sequence: new(uint16(7)), Extensions: []GTPExtension{{0x85, []byte{0, 9}}}}, IPv4{}, UDP{Src: 7, Dst: 8}},
		"Ethernet IPv4 UDP GTPv1U IPv4 UDP"},
	{[]Layer{Ethernet{}, PPPoE{Session: 4}, PPP{}, IPv4{}, UDP{Src: 7, Dst: 8}}, "Ethernet PPPoE PPP IPv4 UDP"},
	{[]Layer{Ethernet{}, IPv4{}, AH{SPI: 1, Sequence: 2}, TCP{Src: 1, Dst: 2}}, "Ethernet IPv4 IPSecAH TCP"},
	{[]Layer{Ethernet{}, IPv4{}, ESP{SPI: 256, Sequence: 2}, Payload("secret")}, "Ethernet IPv4 IPSecESP"},
	{[]Layer{Ethernet{}, IPv4{}, UDPLite{Src: 1, Dst: 2, Coverage: 8}, Payload("x")}, "Ethernet IPv4 UDPLite Payload"},
}

func TestGopacketReadsWhatIsCrafted(t *testing.T) {
	for _, s := range stacks {
		got, err := oracle.Read(Packet(s.layers...))
		if got != s.want {
			t.Errorf("got %s, want %s", got, s.want)
		}
		if err != nil {
			t.Errorf("%s: %v", s.want, err)
		}
	}
}

// Headers that gopacket does not read, as drawn in their specifications.
func TestHeaderBytes(t *testing.T) {
	for _, c := range []struct {
		layers []Layer
		want   string
	}{
		{[]Layer{ITag{Priority: 5, DEI: true, ISID: 0xabcdef}}, "b0abcdef"},
		{[]Layer{TRILL{MultiDestination: true, Hops: 20, Egress: 0x1234, Ingress: 0x5678, Options: []byte{1}}}, "0854 1234 5678 01000000"},
		{[]Layer{ControlWord{Flags: 5, Fragment: 2, Length: 33, Sequence: 7}}, "05 a1 0007"},
		{[]Layer{PPPoE{Code: 9}}, "11 09 0000 0000"},
		{[]Layer{PPTP{CallID: 7, Sequence: new(uint32(1)), Ack: new(uint32(2))}, Payload("ab")}, "3081 880b 0002 0007 00000001 00000002 6162"},
		{[]Layer{NVGRE{VSID: 0x5001, FlowID: 9}, Payload(nil)}, "2000 88b5 00500109"},
		{[]Layer{VXLAN{VNI: 0x123456, Group: new(uint16(0xbeef)), DontLearn: true, PolicyApplied: true}}, "8848 beef 123456 00"},
		{[]Layer{VXLANGPE{VNI: 1, OAM: true}, NSH{Path: 2, Index: 3, Metadata: []byte{}}, IPv6{}}, "0d000004 00000100 0fc2 02 02 000002 03"},
		{[]Layer{NSH{Path: 1, Context: [16]byte{15: 9}}, Ethernet{}}, "0fc6 01 03 000001 ff 00000000 00000000 00000000 00000009"},
		{[]Layer{L2TPv3{Session: 1, Cookie: []byte{1, 2, 3, 4}, Sublayer: []byte{0x40, 0, 0, 1}}}, "00000001 01020304 40000001"},
		{[]Layer{UDP{}, L2TPv3{Session: 9}}, "0000 06a5 0010 f93e 0003 0000 00000009"},
		{[]Layer{ESP{SPI: 1, Sequence: 2, ICV: []byte{0xff}}, HopByHop{NextHeader: 59}}, "00000001 00000002 3b00010400000000 0102 0200 ff"},
		{[]Layer{Routing{Type: 2, SegmentsLeft: 1, Data: make([]byte, 20), NextHeader: 6}}, "06 02 02 01"},
		{[]Layer{SegmentRouting{Segments: []string{"2001:db8::9"}, SegmentsLeft: 1, Flags: 8, Tag: 7, TLVs: []byte{4, 0}}, UDP{}},
			"11 03 04 01 00 08 0007 20010db8 00000000 00000000 00000009 0400000000000000"},
		{[]Layer{IGMP{Type: 0x16, Group: "239.0.0.1"}}, "1600 fafd ef000001"},
		{[]Layer{IPv4{}, UDPLite{Src: 1, Dst: 2, Coverage: 8}, Payload("x")}, "4500001d 00000000 40 88 f655 c0000201 c0000202 0001 0002 0008 7b5f"},
		{[]Layer{MPLS{Label: 3, TTL: 1}, ControlWord{}}, "00003101"},
	} {
		want, err := hex.DecodeString(strings.ReplaceAll(c.want, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := Packet(c.layers...); !bytes.HasPrefix(got, want) {
			t.Errorf("%#v\n got %x\nwant %x", c.layers, got, want)
		}
	}
}

func TestChecksumsCountTheLastSegmentAsDestination(t *testing.T) {
	inner := []Layer{UDP{Src: 1, Dst: 2}, Payload("x")}
	routed := Packet(append([]Layer{IPv6{Dst: "2001:db8::5"}, SegmentRouting{Segments: []string{"2001:db8::9", "2001:db8::5"}, SegmentsLeft: 1}}, inner...)...)
	direct := Packet(append([]Layer{IPv6{Dst: "2001:db8::9"}}, inner...)...)
	if got, want := routed[len(routed)-9:], direct[len(direct)-9:]; !bytes.Equal(got, want) {
		t.Errorf("UDP behind a routing header %x, want %x", got, want)
	}
}

func TestSums(t *testing.T) {
	// RFC 1071, section 3: the sum of these bytes is ddf2.
	if got := Checksum([]byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}); got != ^uint16(0xddf2) {
		t.Errorf("Checksum = %04x", got)
	}
	// The CRC-32C of 32 zeros, RFC 3720, appendix B.4, as it is sent.
	if got := crc32c(make([]byte, 32)); !bytes.Equal(got, []byte{0xaa, 0x36, 0x91, 0x8a}) {
		t.Errorf("crc32c = %x", got)
	}
	// 192.0.2.1, 192.0.2.2, protocol 6 and 20 bytes: c000 + 0201 + c000 + 0202 + 0006 + 0014.
	if b := Packet(IPv4{}, TCP{Sum: Partial}); !bytes.Equal(b[36:38], []byte{0x84, 0x1e}) {
		t.Errorf("Partial = %x", b[36:38])
	}
}

func TestEditLeavesChecksumsAroundItRight(t *testing.T) {
	var b []byte
	udp := Edit(UDP{Src: 9}, func(udp []byte) { b = udp })
	tos := Edit(IPv4{}, func(ip []byte) { ip[1] = 0xb8 })
	frame := Packet(Ethernet{}, IPv4{}, udp, VXLAN{}, Ethernet{}, tos, UDP{Src: 7, Dst: 8})
	if len(b) != len(frame)-34 || frame[14+20+8+8+14+1] != 0xb8 {
		t.Error("an edit is lost")
	}
	stack, err := oracle.Read(frame)
	if want := "Ethernet IPv4 UDP VXLAN Ethernet IPv4 UDP"; stack != want {
		t.Errorf("got %s, want %s", stack, want)
	}
	if err == nil || err.Error() != "layer 5: checksum 0xf6cd, want 0xf615" {
		t.Errorf("got %v, want the inner IPv4 checksum alone", err)
	}
}

func TestLayersWithoutNumberPanic(t *testing.T) {
	defer func() {
		if got := recover(); got != "craft: craft.ARP has no IP protocol: choose one in the layer before it" {
			t.Errorf("got %v", got)
		}
	}()
	Packet(IPv4{}, ARP{})
}

func TestFragment(t *testing.T) {
	data := make(Payload, 2000)
	for i := range data {
		data[i] = byte(i * i >> 3)
	}
	options := []byte{0x82, 4, 1, 2, 7, 4, 4, 0} // a security option, to be copied, and a record route, not
	for _, c := range []struct {
		name   string
		layers []Layer
		header int // of every fragment but the first, in bytes from the EtherType on
	}{
		{"IPv4", []Layer{Ethernet{}, VLAN{ID: 3}, IPv4{ID: 77}, UDP{Src: 1, Dst: 2}, data}, 20},
		{"IPv4 options", []Layer{Ethernet{}, IPv4{ID: 77, Options: options}, UDP{Src: 1, Dst: 2}, data}, 24},
		{"IPv6", []Layer{Ethernet{}, IPv6{}, UDP{Src: 1, Dst: 2}, data}, 48},
		{"IPv6 extensions", []Layer{Ethernet{}, IPv6{}, HopByHop{}, DestinationOptions{}, Routing{Data: make([]byte, 4)}, DestinationOptions{}, UDP{Src: 1, Dst: 2}, data}, 72},
	} {
		frame := Packet(c.layers...)
		if got := Fragment(frame, 3000); len(got) != 1 || !bytes.Equal(got[0], frame) {
			t.Errorf("%s: a frame that fits is split", c.name)
		}
		link := 14
		if _, ok := c.layers[1].(VLAN); ok {
			link = 18
		}
		var whole []byte
		for i, f := range Fragment(frame, 577) {
			if len(f)-link > 577 || len(f)-link < 500 && len(whole) < 1500 {
				t.Errorf("%s: fragment %d has %d bytes", c.name, i, len(f)-link)
			}
			if _, err := oracle.Read(f); err != nil {
				t.Errorf("%s: fragment %d: %v", c.name, i, err)
			}
			p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
			header := c.header
			if i == 0 && strings.HasSuffix(c.name, "4 options") {
				header += 4
			}
			var offset int
			switch l := p.NetworkLayer().(type) {
			case *layers.IPv4:
				offset = int(l.FragOffset) * 8
			case *layers.IPv6:
				offset = int(p.Layer(layers.LayerTypeIPv6Fragment).(*layers.IPv6Fragment).FragmentOffset) * 8
			}
			if offset != len(whole) {
				t.Errorf("%s: fragment %d is at %d, want %d", c.name, i, offset, len(whole))
			}
			whole = append(whole, f[link+header:]...)
		}
		if want := frame[len(frame)-len(whole):]; len(whole) < 2008 || !bytes.Equal(whole, want) {
			t.Errorf("%s: the fragments' %d bytes are not those of the packet", c.name, len(whole))
		}
	}
}

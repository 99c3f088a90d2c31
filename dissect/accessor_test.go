package dissect

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"
)

// accessors pairs each method of a header's view with the field that the table declares for the same bits.
var accessors = []struct {
	view   any
	fields map[string]string // method to field; "" is for what the table has no single row for
}{
	{Ethernet{}, map[string]string{"Destination": "eth.dst", "Source": "eth.src", "TypeOrLength": ""}},
	{PPPoE{}, map[string]string{"Code": "pppoe.code", "SessionID": "pppoe.session_id", "PayloadLength": "pppoe.payload_length"}},
	{CiscoMetadata{}, map[string]string{"SecurityGroup": "cmd.sgt", "Type": "cmd.type"}},
	{VLAN{}, map[string]string{"Priority": "vlan.priority", "DropEligible": "vlan.dei", "VID": "vlan.id", "TypeOrLength": ""}},
	{VLAN{}, map[string]string{"Priority": "ieee8021ad.priority", "DropEligible": "ieee8021ad.dei", "VID": "ieee8021ad.id", "TypeOrLength": ""}},
	{ITag{}, map[string]string{"Priority": "ieee8021ah.priority", "DropEligible": "ieee8021ah.drop", "ISID": "ieee8021ah.isid",
		"Destination": "ieee8021ah.cdst", "Source": "ieee8021ah.csrc", "TypeOrLength": ""}},
	{LLC{}, map[string]string{"DSAP": "llc.dsap", "SSAP": "llc.ssap", "Unnumbered": "", "Information": "", "SNAP": ""}},
	{MPLS{}, map[string]string{"Label": "mpls.label", "TrafficClass": "mpls.exp", "Bottom": "mpls.bottom", "TTL": "mpls.ttl", "Special": ""}},
	{ControlWord{}, map[string]string{"Sequence": "pweth.cw.sequence_number"}},
	{AssociatedChannel{}, map[string]string{"Type": "pwach.channel_type"}},
	{TRILL{}, map[string]string{"Version": "trill.version", "MultiDestination": "trill.multi_dst", "OptionsLength": "trill.op_len", "HopCount": "trill.hop_cnt",
		"Egress": "trill.egress_nick", "Ingress": "trill.ingress_nick"}},
	{FGL{}, map[string]string{"Priority": "fgl.priority", "Label": "", "TypeOrLength": ""}},
	{MACControl{}, map[string]string{"Opcode": "macc.opcode"}},
	{ARP{}, map[string]string{"HardwareType": "arp.hw.type", "ProtocolType": "arp.proto.type", "HardwareSize": "arp.hw.size",
		"ProtocolSize": "arp.proto.size", "Opcode": "arp.opcode", "SenderHardware": "", "SenderProtocol": "", "TargetHardware": "",
		"TargetProtocol": "", "Gratuitous": "", "Probe": "", "Announcement": ""}},
	{PPP{}, map[string]string{"Protocol": ""}},
	{CHDLC{}, map[string]string{"Protocol": "chdlc.protocol"}},
	{FrameRelay{}, map[string]string{"DLCI": ""}},
	{IPv4{}, map[string]string{"Version": "ip.version", "HeaderLength": "ip.hdr_len", "DSField": "ip.dsfield", "TotalLength": "ip.len",
		"Identification": "ip.id", "DontFragment": "ip.flags.df", "MoreFragments": "ip.flags.mf", "FragmentOffset": "",
		"Fragment": "", "TTL": "ip.ttl", "Protocol": "ip.proto", "Checksum": "ip.checksum", "Source": "ip.src", "Destination": "ip.dst"}},
	{IPv6{}, map[string]string{"Version": "ipv6.version", "TrafficClass": "ipv6.tclass", "FlowLabel": "ipv6.flow", "PayloadLength": "ipv6.plen",
		"NextHeader": "ipv6.nxt", "HopLimit": "ipv6.hlim", "Source": "ipv6.src", "Destination": "ipv6.dst"}},
	{IPv6Extension{}, map[string]string{"NextHeader": "ipv6.hopopts.nxt", "HeaderLength": ""}},
	{IPv6Routing{}, map[string]string{"Type": "ipv6.routing.type", "SegmentsLeft": "ipv6.routing.segleft"}},
	{IPv6Fragment{}, map[string]string{"NextHeader": "ipv6.fraghdr.nxt", "FragmentOffset": "", "MoreFragments": "ipv6.fraghdr.more", "Fragment": "",
		"Identification": "ipv6.fraghdr.ident"}},
	{ICMP{}, map[string]string{"Type": "icmp.type", "Code": "icmp.code", "Checksum": "icmp.checksum", "Identifier": "", "Sequence": "", "Error": "", "OriginalLength": ""}},
	{ICMPv6{}, map[string]string{"Type": "icmpv6.type", "Code": "icmpv6.code", "Checksum": "icmpv6.checksum", "Error": ""}},
	{IGMP{}, map[string]string{"Type": "igmp.type", "MaxResponse": "", "Checksum": "", "Group": ""}},
	{UDP{}, map[string]string{"SourcePort": "udp.srcport", "DestinationPort": "udp.dstport", "Length": "udp.length", "Checksum": "udp.checksum"}},
	{UDPLite{}, map[string]string{"SourcePort": "udp.srcport", "DestinationPort": "udp.dstport", "ChecksumCoverage": "udp.checksum_coverage",
		"Checksum": "udp.checksum"}},
	{SCTP{}, map[string]string{"SourcePort": "sctp.srcport", "DestinationPort": "sctp.dstport", "VerificationTag": "sctp.verification_tag",
		"Checksum": "sctp.checksum"}},
	{SCTPChunk{}, map[string]string{"Type": "sctp.chunk_type", "Flags": "sctp.chunk_flags", "Length": "sctp.chunk_length"}},
	{L2TP{}, map[string]string{"Flags": "l2tp.flags", "Version": "l2tp.version", "Control": "l2tp.type", "HasLength": "l2tp.length_bit",
		"Sequenced": "l2tp.seq_bit", "HasOffset": "l2tp.offset_bit"}},
	{PPTP{}, map[string]string{"Length": "pptp.length", "ControlMessageType": "pptp.control_message_type"}},
	{AH{}, map[string]string{"NextHeader": "ah.next_header", "HeaderLength": "", "SPI": "ah.spi", "Sequence": "ah.sequence"}},
	{ESP{}, map[string]string{"SPI": "esp.spi", "Sequence": "esp.sequence"}},
	{IPComp{}, map[string]string{"NextHeader": "ipcomp.next_header", "CPI": "ipcomp.cpi"}},
	{TCP{}, map[string]string{"SourcePort": "tcp.srcport", "DestinationPort": "tcp.dstport", "Sequence": "tcp.seq_raw",
		"Acknowledgment": "tcp.ack_raw", "HeaderLength": "tcp.hdr_len", "Flags": "tcp.flags", "Window": "tcp.window_size_value",
		"Checksum": "tcp.checksum", "UrgentPointer": "tcp.urgent_pointer"}},
	{GRE{}, map[string]string{"HasChecksum": "gre.flags.checksum", "HasRouting": "gre.flags.routing", "HasKey": "gre.flags.key",
		"HasSequence": "gre.flags.sequence_number", "Version": "gre.flags.version", "Protocol": "gre.proto", "PPTP": "", "Key": "", "Call": "", "Sequence": "", "MayBeNVGRE": ""}},
	{ERSPAN{}, map[string]string{"Version": "erspan.version", "VLAN": "erspan.vlan", "Session": "erspan.spanid", "Truncated": "erspan.truncated"}},
	{EtherIP{}, map[string]string{"Version": "etherip.ver"}},
	{VXLAN{}, map[string]string{"Flags": "vxlan.flags", "ValidVNI": "vxlan.flag_i", "GroupPolicy": "vxlan.gbp", "VNI": "vxlan.vni"}},
	{VXLANGPE{}, map[string]string{"Version": "vxlan.ver", "ValidVNI": "vxlan.i_bit", "ValidNextProtocol": "vxlan.p_bit", "OAM": "vxlan.o_bit",
		"NextProtocol": "vxlan.next_proto", "VNI": "vxlan.vni"}},
	{Geneve{}, map[string]string{"Version": "geneve.version", "OptionsLength": "", "Control": "geneve.flags.oam",
		"Protocol": "geneve.proto_type", "VNI": "geneve.vni"}},
	{GTP{}, map[string]string{"Version": "gtp.flags.version", "Message": "gtp.message", "Length": "gtp.length", "TEID": "gtp.teid"}},
	{NSH{}, map[string]string{"Version": "nsh.version", "Length": "", "MDType": "nsh.mdtype", "NextProtocol": "nsh.nextproto", "ServicePath": "nsh.spi",
		"ServiceIndex": "nsh.si"}},
}

// The table and the accessors are two statements of the same bits; on random bytes they say the same.
func TestAccessorsAgreeWithTables(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, a := range accessors {
		view := reflect.TypeOf(a.view)
		if view.NumMethod() != len(a.fields) {
			t.Errorf("%s has %d methods, %d are compared", view, view.NumMethod(), len(a.fields))
		}
		for range 200 {
			b := make([]byte, 64)
			for i := range b {
				b[i] = byte(random.Uint32())
			}
			for method, name := range a.fields {
				m := reflect.ValueOf(b).Convert(view).MethodByName(method)
				if !m.IsValid() {
					t.Fatalf("%s has no method %s", view, method)
				}
				if name == "" {
					continue
				}
				f := FieldsNamed(name)[0]
				got, want := normal(m.Call(nil)[0]), any(f.num(b))
				if f.Kind >= IPv4Addr {
					i := f.Offset() / 8
					want = string(b[i : i+int(f.Bits)/8])
				}
				if got != want {
					t.Fatalf("%s.%s says %v, %s says %v, of % x", view, method, got, name, want, b)
				}
			}
		}
	}
}

// normal makes what an accessor returns comparable with what the table reads.
func normal(v reflect.Value) any {
	switch {
	case v.Kind() == reflect.Bool && v.Bool():
		return uint64(1)
	case v.Kind() == reflect.Bool:
		return uint64(0)
	case v.CanUint():
		return v.Uint()
	case v.CanInt():
		return uint64(v.Int())
	case v.Type() == reflect.TypeFor[netip.Addr]():
		return string(v.Interface().(netip.Addr).AsSlice())
	}
	return string(v.Bytes())
}

func TestReadBits(t *testing.T) {
	b := []byte{0b10110011, 0b01011100, 0xff, 0x00, 0x12, 0x34, 0x56, 0x78, 0x9a}
	for _, c := range []struct {
		off, n int
		want   uint64
	}{{0, 1, 1}, {1, 3, 0b011}, {4, 8, 0b00110101}, {6, 4, 0b1101}, {0, 24, 0xb35cff}, {7, 2, 0b10}, {4, 64, 0x35cff00123456789}, {8, 64, 0x5cff00123456789a}} {
		if got := readBits(b, c.off, c.n); got != c.want {
			t.Errorf("bits %d+%d: %#x, want %#x", c.off, c.n, got, c.want)
		}
	}
}

package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

func TestMPLS(t *testing.T) {
	eth := craft.Ethernet{}
	label := craft.MPLS{Label: 16}
	vendor := craft.Ethernet{Dst: "00:1b:21:00:00:02", Src: "00:1b:21:00:00:01"}
	check(t, 1, []expect{
		{"IPv4", craft.Packet(eth, craft.MPLS{Label: 100, TC: 5, TTL: 3}, label, someIP, someUDP), "eth mpls mpls ip udp", []string{"mpls.label", "100,16", "mpls.exp", "5,0",
			"mpls.bottom", "0,1", "mpls.ttl", "3,64", "frame.protocols", "eth:mpls:ip:udp", "pktscope.guessed", "1,1"}},
		{"IPv6", craft.Packet(eth, label, craft.IPv6{}, someUDP), "eth mpls ipv6 udp", nil},
		{"explicit null", craft.Packet(eth, craft.MPLS{Label: 0}, someIP, someUDP), "eth mpls ip udp", []string{"pktscope.guessed", ""}},
		{"IPv6 explicit null", craft.Packet(eth, craft.MPLS{Label: 2}, craft.IPv6{}, someUDP), "eth mpls ipv6 udp", []string{"pktscope.guessed", ""}},
		{"control word", craft.Packet(eth, label, craft.ControlWord{Sequence: 7}, eth, someIP, someUDP), "eth mpls pwethcw eth ip udp", []string{"pweth.cw", "1", "pweth.cw.sequence_number", "7",
			"eth.dst", "02:00:00:00:00:02,02:00:00:00:00:02", "pktscope.guessed", "1,1,1,1"}},
		{"control word before a vendor's address", craft.Packet(eth, label, craft.ControlWord{}, vendor, someIP, someUDP), "eth mpls pwethcw eth ip udp", nil},
		{"control word before LLC", craft.Packet(eth, label, craft.ControlWord{}, vendor, craft.LLC{}, craft.SNAP{}, someIP, someUDP), "eth mpls pwethcw eth llc ip udp", nil},
		{"control word before nothing known", craft.Packet(eth, label, craft.ControlWord{}, craft.Payload("?")), "eth mpls pwethcw eth", nil},
		{"no control word", craft.Packet(eth, label, vendor, someIP, someUDP), "eth mpls eth ip udp", []string{"eth.src", "02:00:00:00:00:01,00:1b:21:00:00:01", "pweth.cw", ""}},
		{"no control word, an address like IPv4", craft.Packet(eth, label, craft.Ethernet{Dst: "4c:cc:6a:00:00:02"}, someIP, someUDP), "eth mpls eth ip udp", nil},
		{"no control word, an address like IPv6", craft.Packet(eth, label, craft.Ethernet{Dst: "68:05:ca:00:00:02"}, someIP, someUDP, craft.Payload("twenty bytes of data")), "eth mpls eth ip udp data", nil},
		{"no control word, an address like a channel", craft.Packet(eth, label, craft.Ethernet{Dst: "1c:1b:0d:00:00:02"}, someIP, someUDP), "eth mpls eth ip udp", nil},
		{"no control word, broadcast", craft.Packet(eth, label, craft.Ethernet{Dst: "ff:ff:ff:ff:ff:ff"}, craft.ARP{}), "eth mpls eth arp", nil},
		{"associated channel", behind(t, "020000000002 020000000001 8847 00010140 10000021", someIP, someUDP), "eth mpls pwach ip udp", []string{"pwach.channel_type", "0x0021", "pktscope.guessed", "1,1,1"}},
		{"generic associated channel", behind(t, "020000000002 020000000001 8847 0000d101 1000fffe 01"), "eth mpls pwach data", []string{"pwach.channel_type", "0xfffe", "pktscope.guessed", ""}},
		{"nothing like it", behind(t, "020000000002 020000000001 8847 00010140 a0000000"), "eth mpls data", []string{"pktscope.guessed", ""}},
		{"nothing at all", behind(t, "020000000002 020000000001 8847 00010140"), "eth mpls", nil},
		{"no bottom", behind(t, "020000000002 020000000001 8847 00010040"), "eth mpls mpls", nil},
		{"over UDP", craft.Packet(eth, someIP, craft.UDP{Src: 50000}, label, someIP, someUDP), "eth ip udp mpls ip udp", nil},
		{"over IP", craft.Packet(eth, someIP, label, someIP, someUDP), "eth ip mpls ip udp", nil},
		{"padding", craft.Packet(eth, label, label, someIP, someUDP, craft.Payload(nil), craft.Payload(make([]byte, 10))), "eth mpls mpls ip udp data", nil},
		{"padding behind labels", append(craft.Packet(eth, label, label, someIP, someUDP), make([]byte, 10)...), "eth mpls mpls ip udp", []string{"eth.padding", "00000000000000000000"}},
	})
}

// What a label above says of the label below is in the layer's Note.
func TestLabelsWithoutIdentity(t *testing.T) {
	p := decode(t, craft.Packet(craft.Ethernet{}, craft.MPLS{Label: 100}, craft.MPLS{Label: 7}, craft.MPLS{Label: 7}, craft.MPLS{Label: 15}, craft.MPLS{Label: 13}, craft.MPLS{Label: 200},
		someIP, someUDP))
	layers(t, p, "eth mpls mpls mpls mpls mpls mpls ip udp")
	for i, note := range []uint16{0, 0, MPLSEntropy, 0, MPLSExtended, 0} {
		if got := p.Layers[2+i].Note; got != note {
			t.Errorf("label %d has note %d, want %d", i, got, note)
		}
	}
}

func TestTRILL(t *testing.T) {
	eth, header := craft.Ethernet{}, craft.TRILL{Hops: 20, Egress: 0x1234, Ingress: 0x5678}
	extended := header
	extended.MultiDestination, extended.Options = true, []byte{1, 2, 3, 4, 5}
	check(t, 1, []expect{
		{"unicast", craft.Packet(eth, header, eth, craft.VLAN{ID: 7}, someIP, someUDP), "eth trill eth vlan ip udp", []string{"trill.version", "0", "trill.multi_dst", "0", "trill.op_len", "0",
			"trill.hop_cnt", "20", "trill.egress_nick", "4660", "trill.ingress_nick", "22136", "vlan.id", "7", "trill.options", ""}},
		{"extended header", craft.Packet(eth, extended, eth, someIP, someUDP), "eth trill eth ip udp", []string{"trill.multi_dst", "1", "trill.op_len", "2", "trill.options", "0102030405000000"}},
		{"fine-grained label", craft.Packet(eth, header, eth, craft.VLAN{TPID: 0x893b, ID: 0xabc, Priority: 3, DEI: true}, craft.VLAN{TPID: 0x893b, ID: 0xdef}, someIP, someUDP),
			"eth trill eth fgl ip udp", []string{"fgl.label", "11259375", "fgl.priority", "3", "fgl.dei", "1", "fgl.high", "2748", "fgl.etype", "0x0800"}},
		{"padding behind a fine-grained label", append(craft.Packet(eth, header, eth, craft.VLAN{TPID: 0x893b}, craft.VLAN{TPID: 0x893b}, someIP, someUDP), make([]byte, 10)...),
			"eth trill eth fgl ip udp", []string{"eth.padding", "00000000000000000000", "eth.trailer", ""}},
		{"half a fine-grained label", craft.Packet(eth, header, eth, craft.VLAN{TPID: 0x893b, ID: 0xabc}, someIP, someUDP), "eth trill eth fgl data", []string{"fgl.label", ""}},
		{"another version", behind(t, "020000000002 020000000001 22f3 4014 1234 5678", eth, someIP, someUDP), "eth trill data", []string{"pktscope.stop", "trill: bad-version"}},
	})
}

package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

// ipPacket is IPv4/UDP without a link layer.
func ipPacket() []byte {
	return craft.Packet(craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.UDP{Src: 1000, Dst: 2000}, craft.Payload("hello"))
}

func join(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

func TestLinkTypes(t *testing.T) {
	v6 := craft.Packet(craft.IPv6{}, craft.UDP{Src: 1000, Dst: 2000}, craft.Payload("hello"))
	mac := []byte{2, 0, 0, 0, 0, 1}
	for _, c := range []struct {
		name   string
		link   uint16
		frame  []byte
		layers string
		fields map[string]string
	}{
		{"raw 4", 101, ipPacket(), "raw ip udp data", nil},
		{"raw 6", 101, v6, "raw ipv6 udp data", nil},
		{"raw 5", 101, []byte{0x50, 0}, "raw data", map[string]string{"pktscope.stop": "raw: bad-version"}},
		{"raw, empty", 101, nil, "raw", map[string]string{"pktscope.stop": "raw needs 1 bytes, 0 left, limited by frame.len"}},
		{"another link", 105, []byte{8, 0}, "data", map[string]string{"pktscope.stop": "frame names linktype 105, which is not known"}},
		{"IPv4", 228, ipPacket(), "ip udp data", nil},
		{"IPv6", 229, v6, "ipv6 udp data", nil},
		{"null, little-endian", 0, join([]byte{2, 0, 0, 0}, ipPacket()), "null ip udp data", map[string]string{"null.family": "2"}},
		{"null, big-endian", 0, join([]byte{0, 0, 0, 30}, v6), "null ipv6 udp data", map[string]string{"null.family": "30"}},
		{"loop", 108, join([]byte{0, 0, 0, 24}, v6), "null ipv6 udp data", map[string]string{"null.family": "24"}},
		{"null, 16-bit family", 0, join([]byte{0, 2, 0, 0}, ipPacket()), "null ip udp data", map[string]string{"null.family": "2"}},
		{"null, EtherType", 0, join([]byte{0, 0, 0x86, 0xdd}, v6), "null ipv6 udp data", map[string]string{"null.family": "", "null.type": "0x86dd"}},
		{"cooked", 113, join([]byte{0, 4, 0, 1, 0, 6}, mac, []byte{0, 0, 8, 0}, ipPacket()), "sll ip udp data",
			map[string]string{"sll.pkttype": "4", "sll.etype": "0x0800", "sll.src.eth": "02:00:00:00:00:01", "sll.unused": "0000"}},
		{"cooked, GRE interface", 113, join([]byte{0, 0, 3, 10, 0, 4, 10, 0, 0, 9, 0, 0, 0, 0, 8, 0}, ipPacket()), "sll ip udp data",
			map[string]string{"sll.hatype": "778", "sll.gretype": "0x0800", "sll.etype": "", "sll.src.ipv4": "10.0.0.9"}},
		{"cooked 2", 276, join([]byte{8, 0, 0, 0, 0, 0, 0, 7, 0, 1, 4, 6}, mac, []byte{0, 0}, ipPacket()), "sll ip udp data",
			map[string]string{"sll.pkttype": "4", "sll.etype": "0x0800", "sll.ifindex": "7", "sll.halen": "6"}},
		{"nflog", 239, join([]byte{2, 0, 0, 5}, []byte{8, 0, 1, 0, 8, 0, 1, 0}, []byte{7, 0, 10, 0, 'h', 'i', 0, 0}, []byte{byte(4 + len(ipPacket())), 0, 9, 0}, ipPacket()), "nflog ip udp data",
			map[string]string{"nflog.family": "2", "nflog.res_id": "5", "nflog.prefix": "hi", "nflog.hook": "1", "nflog.tlv_type": "1,10,9"}},
		{"nflog without a packet", 239, []byte{2, 0, 0, 5, 8, 0, 1, 0, 8, 0, 1, 0}, "nflog", nil},
		{"nflog with a TLV beyond its end", 239, []byte{2, 0, 0, 5, 200, 0, 1, 0, 8, 0, 1, 0}, "nflog", map[string]string{"pktscope.anomaly": "length-exceeds-frame"}},
		{"nflog with a TLV of no length", 239, []byte{2, 0, 0, 5, 0, 0, 1, 0, 8, 0, 1, 0}, "nflog", map[string]string{"pktscope.stop": "nflog: nflog.tlv_length says 0 bytes, at least 4 are needed"}},
		{"Cisco HDLC", 104, join([]byte{0x0f, 0, 8, 0}, ipPacket()), "chdlc ip udp data", map[string]string{"chdlc.protocol": "0x0800"}},
		{"Cisco HDLC keepalive", 104, join([]byte{0x8f, 0, 0x80, 0x35}, make([]byte, 18)), "chdlc data", nil},
		{"Frame Relay", 107, join([]byte{0x18, 0x41, 3, 0xcc}, ipPacket()), "fr ip udp data",
			map[string]string{"fr.dlci": "100", "fr.nlpid": "0xcc", "fr.upper_dlci": "0x06", "fr.second_dlci": "0x04"}},
		{"Frame Relay, four bytes of address", 107, join([]byte{0x18, 0x40, 0x02, 0x05, 3, 0x8e}, v6), "fr ipv6 udp data", map[string]string{"fr.dlci": "819265"}},
		{"Frame Relay, Cisco", 107, join([]byte{0x18, 0x41, 8, 0}, ipPacket()), "fr ip udp data", map[string]string{"fr.chdlctype": "0x0800"}},
		{"Frame Relay, SNAP", 107, join([]byte{0x18, 0x41, 3, 0x80, 0, 0, 0, 8, 0}, ipPacket()), "fr ip udp data", map[string]string{"fr.snaptype": "0x0800"}},
		{"Frame Relay, endless address", 107, []byte{0x18, 0x40, 0x40, 0x40, 0x40}, "fr data", map[string]string{"pktscope.stop": "fr: bad-length"}},
		{"PPP", 9, join([]byte{0xff, 3, 0, 0x21}, ipPacket()), "ppp ip udp data", map[string]string{"ppp.protocol": "0x0021", "ppp.address": "0xff"}},
		{"PPP, all compressed", 9, join([]byte{0x21}, ipPacket()), "ppp ip udp data", map[string]string{"ppp.protocol": "0x0021", "ppp.address": ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decodeFrame(Frame{Data: c.frame, WireLen: len(c.frame), Point: &Point{Link: c.link}})
			layers(t, p, c.layers)
			for name, value := range c.fields {
				want(t, p, name, value)
			}
			for n := range c.frame {
				checkPacket(t, decodeFrame(Frame{Data: c.frame[:n:n], WireLen: len(c.frame), Point: &Point{Link: c.link}}))
			}
		})
	}
}

func TestPPPoE(t *testing.T) {
	p := decode(t, craft.Packet(craft.Ethernet{}, craft.VLAN{ID: 7}, craft.PPPoE{Session: 0x1234}, craft.PPP{}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("x")))
	layers(t, p, "eth vlan pppoes ppp ip udp data")
	want(t, p, "pppoe.session_id", "0x1234")

	tags := []byte{0x01, 0x01, 0, 0, 0x01, 0x02, 0, 3, 'b', 'n', 'g', 0x01, 0x05, 0, 1, 9, 0, 0, 0, 0}
	p = decode(t, craft.Packet(craft.Ethernet{}, craft.PPPoE{Code: 7}, craft.Payload(append(tags, make([]byte, 20)...))))
	layers(t, p, "eth pppoed")
	want(t, p, "pppoed.tag", "0x0101,0x0102,0x0105,0x0000")
	want(t, p, "pppoed.tags.ac_name", "bng")
	want(t, p, "pppoed.tag.unknown_data", "09")
}

package dissect

import (
	"encoding/binary"
	"testing"

	"pktscope/internal/craft"
)

// quoted is the first n bytes of a packet.
func quoted(n int, l ...craft.Layer) []byte {
	b := craft.Packet(l...)
	return b[:min(n, len(b))]
}

// extended is a quoted packet padded to n bytes, with extensions that hold objects behind it.
func extended(quote []byte, n int, objects ...[]byte) craft.Payload {
	x := []byte{0x20, 0, 0, 0}
	for _, o := range objects {
		x = append(x, o...)
	}
	binary.BigEndian.PutUint16(x[2:], craft.Checksum(x))
	b := append([]byte(nil), quote...)
	return append(append(b, make([]byte, n-len(quote))...), x...)
}

// object is one object of ICMP extensions.
func object(class, kind byte, body ...byte) []byte {
	return append([]byte{0, byte(4 + len(body)), class, kind}, body...)
}

// concat is the parts behind each other.
func concat(parts ...[]byte) (b []byte) {
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

var (
	labelStack = object(1, 1, 0x01, 0x38, 0x80, 2, 0x00, 0x10, 0x01, 1)
	shortUDP   = []craft.Layer{craft.IPv4{}, craft.UDP{Src: 1000, Dst: 2000}, craft.Payload("hello")}
	longUDP    = []craft.Layer{craft.IPv4{}, craft.UDP{Src: 1000, Dst: 2000}, craft.Payload(make([]byte, 300))}
	longTCP    = []craft.Layer{craft.IPv4{}, craft.TCP{Src: 1000, Dst: 2000}, craft.Payload(make([]byte, 300))}
)

func TestICMP(t *testing.T) {
	for _, c := range []struct {
		name   string
		icmp   craft.ICMP
		body   []byte
		layers string
		want   map[string]string
	}{
		{"echo", craft.ICMP{Type: 8, Rest: craft.Echo(7, 9)}, []byte("abc"), "icmp data", map[string]string{"icmp.ident": "7", "icmp.ident_le": "1792", "icmp.seq": "9", "icmp.checksum.status": "1"}},
		{"timestamp", craft.ICMP{Type: 14, Rest: craft.Echo(1, 2)}, []byte{0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}, "icmp",
			map[string]string{"icmp.originate_timestamp": "1", "icmp.receive_timestamp": "2", "icmp.transmit_timestamp": "3"}},
		{"address mask", craft.ICMP{Type: 18}, []byte{255, 255, 255, 0}, "icmp", map[string]string{"icmp.address_mask": "255.255.255.0"}},
		{"router advertisement", craft.ICMP{Type: 9, Rest: 2<<24 | 2<<16 | 1800}, []byte{10, 0, 0, 1, 0, 0, 0, 5, 10, 0, 0, 2, 0x80, 0, 0, 0}, "icmp",
			map[string]string{"icmp.router_address": "10.0.0.1,10.0.0.2", "icmp.pref_level": "5,-2147483648", "icmp.lifetime": "1800"}},
		{"router advertisement that ends early", craft.ICMP{Type: 9, Rest: 2<<24 | 2<<16}, []byte{10, 0, 0, 1, 0, 0, 0, 5, 10, 0}, "icmp",
			map[string]string{"icmp.router_address": "10.0.0.1", "pktscope.partial": "1"}},
		{"redirect", craft.ICMP{Type: 5, Code: 1, Rest: 0x0a000001}, quoted(99, shortUDP...), "icmp ip udp data", map[string]string{"icmp.redir_gw": "10.0.0.1", "udp.checksum.status": "1"}},
		{"port unreachable", craft.ICMP{Type: 3, Code: 3}, quoted(99, shortUDP...), "icmp ip udp data", map[string]string{"icmp.unused": "00000000", "udp.checksum.status": "1"}},
		{"fragmentation needed", craft.ICMP{Type: 3, Code: 4, Rest: 1400}, quoted(28, longUDP...), "icmp ip udp",
			map[string]string{"icmp.mtu": "1400", "icmp.unused": "0000", "udp.length": "308", "udp.checksum.status": "2", "pktscope.anomaly": ""}},
		{"excerpt of a segment", craft.ICMP{Type: 11}, quoted(60, longTCP...), "icmp ip tcp data", map[string]string{"tcp.checksum.status": "0", "pktscope.checksum.verdict": "good,good,good,unverifiable"}},
		{"eight bytes of a segment", craft.ICMP{Type: 11}, quoted(28, longTCP...), "icmp ip tcp", map[string]string{"tcp.srcport": "1000", "tcp.seq_raw": "0", "tcp.ack_raw": ""}},
		{"no quote", craft.ICMP{Type: 11}, nil, "icmp", nil},
		{"part of an IP header", craft.ICMP{Type: 11}, quoted(14, shortUDP...), "icmp ip", map[string]string{"ip.src": "192.0.2.1", "ip.ttl": "64,64"}},
		{"quote of something else", craft.ICMP{Type: 3}, []byte("ping"), "icmp ip", map[string]string{"ip.version": "4,7", "ip.hdr_len": "20,0", "ip.dsfield": "0x00"}},
		{"quoted echo", craft.ICMP{Type: 3, Code: 1}, quoted(99, craft.IPv4{}, craft.ICMP{Type: 8}, craft.Payload("x")), "icmp ip icmp data", map[string]string{"icmp.checksum.status": "1,2"}},
		{"parameter problem", craft.ICMP{Type: 12, Rest: 20 << 24}, quoted(99, shortUDP...), "icmp ip udp data", map[string]string{"icmp.pointer": "20"}},
		{"unknown type", craft.ICMP{Type: 200}, []byte("abc"), "icmp data", nil},
		{"labels, with length", craft.ICMP{Type: 11, Rest: 32 << 16}, extended(quoted(128, longUDP...), 128, labelStack), "icmp ip udp data",
			map[string]string{"icmp.length": "32", "icmp.ext.checksum.status": "1", "icmp.mpls.label": "5000,256", "icmp.mpls.ttl": "2,1", "icmp.mpls.s": "0,1", "data.len": "100"}},
		{"labels, without length", craft.ICMP{Type: 11}, extended(quoted(128, longUDP...), 128, labelStack), "icmp ip udp data", map[string]string{"icmp.mpls.label": "5000,256"}},
		{"no extensions, though long", craft.ICMP{Type: 11}, quoted(200, longUDP...), "icmp ip udp data", map[string]string{"icmp.ext": "", "data.len": "172"}},
		{"length beyond the message", craft.ICMP{Type: 11, Rest: 255 << 16}, quoted(99, shortUDP...), "icmp ip udp data",
			map[string]string{"icmp.length": "255", "pktscope.anomaly": "length-exceeds-frame"}},
		{"interface", craft.ICMP{Type: 3, Code: 1, Rest: 32 << 16}, extended(quoted(99, shortUDP...), 128,
			object(2, 0xcf, 0, 0, 0, 7, 0, 1, 0, 0, 10, 0, 0, 1, 8, 'e', 't', 'h', '0', 0, 0, 0, 0, 0, 5, 0xdc)), "icmp ip udp data",
			map[string]string{"icmp.int_info.role": "3", "icmp.int_info.index": "7", "icmp.int_info.ipv4": "10.0.0.1", "icmp.int_info.name": "eth0", "icmp.int_info.mtu": "1500"}},
		{"object of length 0", craft.ICMP{Type: 11, Rest: 32 << 16}, extended(quoted(99, shortUDP...), 128, []byte{0, 0, 1, 1, 0, 0, 0, 0}), "icmp ip udp data",
			map[string]string{"icmp.ext.length": "0", "icmp.mpls.label": ""}},
		{"extended echo", craft.ICMP{Type: 42, Rest: 7<<16 | 1<<8 | 1}, extended(nil, 0, object(3, 3, 0, 1, 4, 0, 10, 0, 0, 1)), "icmp",
			map[string]string{"icmp.ext.echo.req.local": "1", "icmp.int_ident.ipv4": "10.0.0.1"}},
		{"extended echo reply", craft.ICMP{Type: 43, Rest: 7<<16 | 1<<8 | 0x47}, nil, "icmp", map[string]string{"icmp.ext.echo.rsp.state": "2", "icmp.ext.echo.rsp.ipv6": "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, c.icmp, craft.Payload(c.body)))
			layers(t, p, "eth ip "+c.layers)
			if p.Stop.Reason.Malformed() != (c.want["pktscope.partial"] != "") {
				t.Errorf("stop: %s", p.Stop)
			}
			for name, values := range c.want {
				want(t, p, name, values)
			}
		})
	}
}

func TestICMPSummary(t *testing.T) {
	for summary, icmp := range map[string]craft.ICMP{
		"ICMP echo request id 7 seq 9":       {Type: 8, Rest: craft.Echo(7, 9)},
		"ICMP fragmentation needed mtu 1400": {Type: 3, Code: 4, Rest: 1400},
		"ICMP time exceeded in transit":      {Type: 11},
		"ICMP destination unreachable":       {Type: 3, Code: 99},
		"ICMP type 200":                      {Type: 200},
	} {
		p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, icmp))
		if got := string(summarizeICMP(nil, p, 3)); got != summary {
			t.Errorf("%q, want %q", got, summary)
		}
	}
}

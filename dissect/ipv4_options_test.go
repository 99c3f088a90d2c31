package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

func TestIPv4Options(t *testing.T) {
	for _, c := range []struct {
		name    string
		options []byte
		want    map[string]string
	}{
		{"no-operation and end", []byte{1, 1, 0, 9}, map[string]string{"ip.opt.type": "1,1,0", "ip.opt.len": ""}},
		{"router alert", []byte{148, 4, 0, 0}, map[string]string{"ip.opt.type": "148", "ip.opt.type.copy": "1", "ip.opt.type.number": "20", "ip.opt.ra": "0"}},
		{"record route", []byte{7, 11, 8, 10, 0, 0, 1, 10, 0, 0, 2, 0}, map[string]string{"ip.opt.ptr": "8", "ip.rec_rt": "10.0.0.1", "ip.empty_rt": "10.0.0.2"}},
		{"source route", []byte{131, 15, 8, 10, 0, 0, 1, 10, 0, 0, 9, 10, 0, 0, 10, 0},
			map[string]string{"ip.rec_rt": "10.0.0.1", "ip.src_rt": "10.0.0.9,10.0.0.10", "ip.cur_rt": "192.0.2.2"}},
		{"source route used up", []byte{131, 7, 8, 10, 0, 0, 1, 0}, map[string]string{"ip.rec_rt": "10.0.0.1", "ip.src_rt": "", "ip.cur_rt": ""}},
		{"time stamps", []byte{68, 12, 13, 0x20, 0, 0, 0, 1, 0, 0, 0, 2}, map[string]string{"ip.opt.overflow": "2", "ip.opt.flag": "0x00", "ip.opt.time_stamp": "1,2"}},
		{"time stamps and addresses", []byte{68, 12, 13, 1, 10, 0, 0, 1, 0, 0, 0, 7}, map[string]string{"ip.opt.time_stamp_addr": "10.0.0.1", "ip.opt.time_stamp": "7"}},
		{"security of RFC 791", []byte{130, 11, 0xf1, 0x35, 0, 1, 'A', 'B', 'C', 'D', 'E', 0}, map[string]string{"ip.opt.sec_rfc791_sec": "0xf135", "ip.opt.sec_rfc791_tcc": "CDE"}},
		{"security of RFC 1108", []byte{130, 4, 0xab, 0xf0}, map[string]string{"ip.opt.sec_cl": "0xab", "ip.opt.sec_prot_auth_nsa": "1", "ip.opt.sec_prot_auth_fti": "0"}},
		{"CIPSO bitmap", []byte{134, 13, 0, 0, 0, 5, 1, 7, 0, 9, 0xe4, 0x80, 0x01, 0, 0, 0}, map[string]string{"ip.cipso.doi": "5", "ip.cipso.categories": "0,1,2,5,8,23"}},
		{"CIPSO list", []byte{134, 14, 0, 0, 0, 5, 2, 8, 0, 9, 0, 1, 0, 7}, map[string]string{"ip.cipso.sensitivity_level": "9", "ip.cipso.categories": "1,7"}},
		{"CIPSO ranges", []byte{134, 16, 0, 0, 0, 5, 5, 10, 0, 9, 0, 9, 0, 7, 0, 5}, map[string]string{"ip.cipso.categories": "9-7,5-0"}},
		{"CIPSO tag of length 0", []byte{134, 10, 0, 0, 0, 5, 1, 0, 0, 0}, map[string]string{"ip.cipso.tag_type": "", "ip.opt.len.invalid": "1"}},
		{"Quick-Start", []byte{25, 8, 3, 4, 0, 0, 0, 5}, map[string]string{"ip.opt.qs_rate": "3", "ip.opt.qs_ttl_diff": "60", "ip.opt.qs_nonce": "0x00000001"}},
		{"traceroute", []byte{82, 12, 0, 1, 0, 2, 0, 3, 10, 0, 0, 1}, map[string]string{"ip.opt.ohc": "2", "ip.opt.originator": "10.0.0.1"}},
		{"unknown", []byte{0x5e, 4, 0, 7}, map[string]string{"ip.opt.type": "94", "ip.opt.len": "4"}},
		{"length of 0", []byte{7, 0, 0, 0}, map[string]string{"ip.opt.type": "", "ip.opt.len.invalid": "1"}},
		{"length past the header", []byte{7, 40, 0, 0}, map[string]string{"ip.opt.type": "", "ip.opt.len.invalid": "1"}},
		{"no length", []byte{1, 1, 1, 7}, map[string]string{"ip.opt.type": "1,1,1", "ip.opt.len.invalid": "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{Options: c.options}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("x")))
			layers(t, p, "eth ip udp data")
			for name, values := range c.want {
				want(t, p, name, values)
			}
		})
	}
}

// The pseudo-header of a source-routed packet has its last destination.
func TestSourceRouteChecksum(t *testing.T) {
	final := craft.Packet(craft.Ethernet{}, craft.IPv4{Dst: "10.0.0.9"}, craft.UDP{Src: 1, Dst: 2}, craft.Payload("x"))
	for pointer, status := range map[byte]string{4: "1", 8: "0"} {
		p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{Protocol: 17, Options: []byte{131, 7, pointer, 10, 0, 0, 9, 0}}, craft.Payload(final[34:])))
		want(t, p, "udp.checksum.status", status)
	}
}

func TestIPv4Lengths(t *testing.T) {
	packet := func(edit func([]byte)) []byte {
		return craft.Packet(craft.Ethernet{}, craft.Edit(craft.IPv4{}, edit), craft.UDP{Src: 1, Dst: 2}, craft.Payload("hello"))
	}
	for _, c := range []struct {
		name, layers, stop string
		edit               func([]byte)
		fields             map[string]string
	}{
		{"version", "eth ip", "ip: bad-version", func(b []byte) { b[0] = 0x55 }, map[string]string{"ip.version": "5", "ip.src": ""}},
		{"header longer than the packet", "eth ip", "ip: ip.len says 33 bytes, at least 60 are needed", func(b []byte) { b[0] = 0x4f }, map[string]string{"ip.len": "33", "ip.id": ""}},
		{"no length: a NIC had yet to segment", "eth ip udp data", "complete", func(b []byte) { b[2], b[3] = 0, 0 }, map[string]string{"udp.checksum.status": "1"}},
		{"longer than the frame", "eth ip udp data", "complete", func(b []byte) { b[2] = 1 }, map[string]string{"pktscope.anomaly": "length-exceeds-frame"}},
		{"no payload", "eth ip", "complete", func(b []byte) { b[2], b[3] = 0, 20 }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decode(t, packet(c.edit))
			layers(t, p, c.layers)
			if p.Stop.String() != c.stop {
				t.Errorf("stop: %s, want %s", p.Stop, c.stop)
			}
			for name, values := range c.fields {
				want(t, p, name, values)
			}
		})
	}
}

func TestIPInIP(t *testing.T) {
	for outer, o := range map[string]craft.Layer{"ip": craft.IPv4{}, "ipv6": craft.IPv6{}} {
		for inner, i := range map[string]craft.Layer{"ip": craft.IPv4{}, "ipv6": craft.IPv6{}} {
			p := decode(t, craft.Packet(craft.Ethernet{}, o, i, craft.UDP{Src: 1, Dst: 2}, craft.Payload("x")))
			layers(t, p, "eth "+outer+" "+inner+" udp data")
			want(t, p, "udp.checksum.status", "1")
		}
	}
}

package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

func TestIGMP(t *testing.T) {
	for _, c := range []struct {
		name   string
		igmp   craft.IGMP
		body   []byte
		layers string
		want   map[string]string
	}{
		{"query v1", craft.IGMP{Type: 0x11}, nil, "igmp", map[string]string{"igmp.version": "1", "igmp.reserved": "00", "igmp.max_resp": "", "igmp.maddr": "0.0.0.0"}},
		{"query v2", craft.IGMP{Type: 0x11, MaxResponseTime: 100, Group: "224.1.1.1"}, nil, "igmp", map[string]string{"igmp.version": "2", "igmp.max_resp": "100", "igmp.checksum.status": "1"}},
		{"query v3", craft.IGMP{Type: 0x11, MaxResponseTime: 0x95}, []byte{0x0a, 0x7d, 0, 1, 10, 0, 0, 1}, "igmp",
			map[string]string{"igmp.version": "3", "igmp.max_resp": "336", "igmp.s": "1", "igmp.qrv": "2", "igmp.qqic": "125", "igmp.num_src": "1", "igmp.saddr": "10.0.0.1"}},
		{"report v1", craft.IGMP{Type: 0x12, Group: "224.1.1.1"}, nil, "igmp", map[string]string{"igmp.version": "1", "igmp.maddr": "224.1.1.1"}},
		{"report v2", craft.IGMP{Type: 0x16, Group: "224.1.1.1"}, nil, "igmp", map[string]string{"igmp.version": "2", "igmp.maddr": "224.1.1.1"}},
		{"leave", craft.IGMP{Type: 0x17, Group: "224.1.1.1"}, nil, "igmp", map[string]string{"igmp.version": "2"}},
		{"report v3", craft.IGMP{Type: 0x22, Group: "0.0.0.2"}, []byte{1, 0, 0, 2, 224, 1, 1, 1, 10, 0, 0, 1, 10, 0, 0, 2, 4, 1, 0, 0, 224, 2, 2, 2, 9, 9, 9, 9}, "igmp",
			map[string]string{"igmp.version": "3", "igmp.num_grp_recs": "2", "igmp.record_type": "1,4", "igmp.maddr": "224.1.1.1,224.2.2.2", "igmp.saddr": "10.0.0.1,10.0.0.2",
				"igmp.num_src": "2,0", "igmp.aux_data": "09090909", "igmp.reserved": "00,0000"}},
		{"mtrace", craft.IGMP{Type: 0x1f, MaxResponseTime: 4, Group: "224.1.1.1"}, append([]byte{10, 0, 0, 1, 10, 0, 0, 2, 10, 0, 0, 3, 64, 0, 0, 7}, make([]byte, 32)...), "igmp",
			map[string]string{"igmp.version": "", "igmp.mtrace.max_hops": "4", "igmp.mtrace.saddr": "10.0.0.1", "igmp.mtrace.q_id": "7", "igmp.mtrace.q_total": "0"}},
		{"PIMv1", craft.IGMP{Type: 0x14}, []byte("abc"), "igmp data", map[string]string{"igmp.type": "0x14", "igmp.version": "", "igmp.checksum": "", "igmp.checksum.status": "1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, c.igmp, craft.Payload(c.body)))
			layers(t, p, "eth ip "+c.layers)
			for name, values := range c.want {
				want(t, p, name, values)
			}
		})
	}
}

package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

// pathOf is the path of the innermost layer.
func pathOf(o Options, l ...craft.Layer) string {
	b := craft.Packet(append(l, craft.Payload("x"))...)
	p := new(Packet)
	NewConfig(o).NewDecoder().Decode(p, &Frame{Data: b, WireLen: len(b), Point: ethernetPoint})
	return string(p.AppendPath(nil, len(p.Layers)-1))
}

func TestPath(t *testing.T) {
	eth, ip, udp := craft.Ethernet{}, craft.IPv4{}, craft.UDP{Src: 1, Dst: 2}
	nvgre := func(flow uint8) []craft.Layer {
		return []craft.Layer{eth, ip, craft.NVGRE{VSID: 5001, FlowID: flow}, eth, ip, udp}
	}
	for _, c := range []struct {
		name    string
		options Options
		a, b    []craft.Layer
		same    bool
	}{
		{"priority tag", Options{}, []craft.Layer{eth, ip, udp}, []craft.Layer{eth, craft.VLAN{Priority: 3}, ip, udp}, true},
		{"priority of a VLAN", Options{}, []craft.Layer{eth, craft.VLAN{ID: 7}, ip, udp}, []craft.Layer{eth, craft.VLAN{ID: 7, Priority: 3}, ip, udp}, true},
		{"VLAN", Options{}, []craft.Layer{eth, craft.VLAN{ID: 7}, ip, udp}, []craft.Layer{eth, craft.VLAN{ID: 8}, ip, udp}, false},
		{"order of VLANs", Options{}, []craft.Layer{eth, craft.VLAN{ID: 7}, craft.VLAN{ID: 8}, ip, udp}, []craft.Layer{eth, craft.VLAN{ID: 8}, craft.VLAN{ID: 7}, ip, udp}, false},
		{"explicit null", Options{}, []craft.Layer{eth, craft.MPLS{Label: 100}, ip, udp}, []craft.Layer{eth, craft.MPLS{Label: 100}, craft.MPLS{Label: 0}, ip, udp}, true},
		{"entropy label", Options{}, []craft.Layer{eth, craft.MPLS{Label: 7}, craft.MPLS{Label: 1000}, ip, udp}, []craft.Layer{eth, craft.MPLS{Label: 7}, craft.MPLS{Label: 2000}, ip, udp}, true},
		{"key", Options{}, nvgre(1), nvgre(2), false},
		{"key that is NVGRE", Options{NVGRE: true}, nvgre(1), nvgre(2), true},
		{"port of a tunnel", Options{}, []craft.Layer{eth, ip, craft.UDP{Src: 1}, craft.VXLAN{VNI: 5}, eth, ip, udp}, []craft.Layer{eth, ip, craft.UDP{Src: 2}, craft.VXLAN{VNI: 5}, eth, ip, udp}, true},
		{"ends of a tunnel", Options{}, []craft.Layer{eth, ip, ip, udp}, []craft.Layer{eth, craft.IPv4{Dst: "10.0.0.9"}, ip, udp}, false},
	} {
		if same := pathOf(c.options, c.a...) == pathOf(c.options, c.b...); same != c.same {
			t.Errorf("%s: the same path: %v, want %v", c.name, same, c.same)
		}
	}
}

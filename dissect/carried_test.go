package dissect

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pktscope/internal/craft"
)

func TestCarried(t *testing.T) {
	inner := []craft.Layer{craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2"}, craft.TCP{Src: 1, Dst: 80}}
	ip := inner[1:]
	for _, c := range []struct {
		name   string
		around []craft.Layer
		inside []craft.Layer
		want   string // link type and length of each frame inside, outermost first
	}{
		{"plain", []craft.Layer{craft.Ethernet{}, craft.VLAN{ID: 5}}, ip, ""},
		{"VXLAN", []craft.Layer{craft.Ethernet{}, craft.IPv4{}, craft.UDP{}, craft.VXLAN{VNI: 1}}, inner, "1:54"},
		{"IP in IP", []craft.Layer{craft.Ethernet{}, craft.IPv4{}}, ip, "101:40"},
		{"MPLS", []craft.Layer{craft.Ethernet{}, craft.MPLS{Label: 16}, craft.MPLS{Label: 17}}, ip, "101:40"},
		{"two tunnels", []craft.Layer{craft.Ethernet{}, craft.IPv4{}, craft.GRE{}, craft.IPv4{}, craft.UDP{}, craft.VXLAN{VNI: 1}}, inner, "101:90 1:54"},
	} {
		frame := craft.Packet(append(c.around, c.inside...)...)
		p := decode(t, frame)
		var got []string
		for n := 1; ; n++ {
			f, ok := p.Carried(n)
			if !ok {
				break
			}
			got = append(got, fmt.Sprintf("%d:%d", f.Link, f.WireLen))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
		f, ok := p.Carried(0)
		if ok != (c.want != "") || ok && !bytes.Equal(f.Data, craft.Packet(c.inside...)) {
			t.Errorf("%s: innermost is %x, %v", c.name, f.Data, ok)
		}
	}
}

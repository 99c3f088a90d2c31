package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

func TestMayBeNVGRE(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []uint32
		want int // packets that are noted
	}{
		{"one flow", []uint32{0x500109, 0x500109}, 0},
		{"two flows", []uint32{0x500109, 0x500209, 0x50010a}, 1},
		{"three flows of one subnet", []uint32{0x500109, 0x50010b, 0x50010a}, 1},
		{"two subnets", []uint32{0x500109, 0x600109, 0x50010a, 0x60010a}, 2},
		{"small keys, as people number tenants", []uint32{5001, 5002, 5003, 0x0fffff, 0x0ffffe}, 0},
		{"the first subnet of a tenant", []uint32{0x100000, 0x100001}, 1},
		{"the last one", []uint32{0xfffffe00, 0xfffffe01}, 1},
		{"vendors' own", []uint32{0xffffff00, 0xffffff01}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := defaultConfig.NewResolver()
			if got := nvgreNotes(t, r, craft.GRE{}, c.keys...); got != c.want {
				t.Errorf("%d packets are noted, want %d", got, c.want)
			}
		})
	}
	t.Run("what is not NVGRE's header", func(t *testing.T) {
		r := defaultConfig.NewResolver()
		if got := nvgreNotes(t, r, craft.GRE{Sequence: new(uint32(1))}, 0x500109, 0x50010a); got != 0 {
			t.Errorf("%d packets are noted, want none: RFC 7637 §3.2 has no sequence numbers", got)
		}
	})
	t.Run("the user has said what keys are", func(t *testing.T) {
		b := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.NVGRE{VSID: 0x5001, FlowID: 9}, craft.Ethernet{}, someIP, someUDP)
		var p Packet
		NewConfig(Options{NVGRE: true, Cookie: -1}).NewDecoder().Decode(&p, &Frame{Data: b, Point: ethernetPoint})
		if p.Pending() {
			t.Error("nobody needs the hint")
		}
	})
	t.Run("memory is bounded", func(t *testing.T) {
		r := defaultConfig.NewResolver()
		r.subnets = newRecent[nvgreSubnet](2)
		if got := nvgreNotes(t, r, craft.GRE{}, 0x500109, 0x600109, 0x700109, 0x50010a, 0x70010a); got != 1 || len(r.subnets.entries) != 2 {
			t.Errorf("%d packets are noted, want that of 0x7001, and %d subnets are remembered, want 2", got, len(r.subnets.entries))
		}
	})
}

// nvgreNotes counts the packets with a hint among some that carry Ethernet in h with these keys.
func nvgreNotes(t *testing.T, r *Resolver, h craft.GRE, keys ...uint32) (n int) {
	for _, key := range keys {
		h.Key = &key
		p := decode(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, h, craft.Ethernet{}, someIP, someUDP))
		r.Resolve(p)
		for _, a := range p.Anomalies {
			if a.Kind != MayBeNVGRE || p.Layers[a.Layer].Protocol != gre.ID {
				t.Errorf("key 0x%08x: %v of layer %d", key, a.Kind, a.Layer)
			}
			n++
		}
	}
	return n
}

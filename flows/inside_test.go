package flows_test

import (
	"fmt"
	"testing"

	"pktscope/dissect"
	"pktscope/flows"
	"pktscope/internal/craft"
)

// TestInsides reads the innermost IP header of packets, and what is around it and around what has none.
func TestInsides(t *testing.T) {
	var s scene
	inner := []craft.Layer{craft.Ethernet{}, craft.IPv4{Src: "10.0.0.1", Dst: "10.0.0.2", ID: 77, TTL: 9}, craft.TCP{Src: 5, Dst: 6, Seq: 100}, craft.Payload("data")}
	outer := []craft.Layer{craft.VLAN{ID: 7}, craft.IPv4{}, craft.UDP{Src: 1}, craft.VXLAN{VNI: 5}}
	s.at("a", append(outer, inner...)...)
	s.at("a", append(outer, craft.Ethernet{}, craft.ARP{})...)
	s.at("a", craft.ARP{})
	s.at("b", craft.IPv4{ID: 9, FragmentOffset: 800, Protocol: 17}, craft.Payload("half of a datagram"))
	want := []string{
		"10.0.0.1>10.0.0.2 id=77 ttl=9 body=24 seq=100 in [vlan 7 / vxlan 5] [vlan 7 / vxlan 5]",
		"192.0.2.1>192.0.2.2 id=0 ttl=64 body=58 in [vlan 7] [vlan 7 / vxlan 5]",
		"no IP [] []",
		"192.0.2.1>192.0.2.2 id=9 ttl=64 body=0 fragment in [] []",
	}
	config := dissect.NewConfig(dissect.Options{Cookie: -1, Alone: true})
	decoder, insides := config.NewDecoder(), flows.NewInsides()
	for i := range s.frames {
		var p dissect.Packet
		decoder.Decode(&p, &s.frames[i])
		p.Verify()
		in := insides.Read(&p)
		got := "no IP"
		if o := in.Observation; o != nil {
			got = fmt.Sprintf("%s>%s id=%d ttl=%d body=%d", o.Source(), o.Destination(), o.IPID(), o.TTL, len(o.Body()))
			if in.TCP != nil {
				got += fmt.Sprintf(" seq=%d", in.TCP.Sequence)
			}
			if o.Fragment() {
				got += " fragment"
			}
			got += " in"
		}
		if got += fmt.Sprintf(" [%s] [%s]", in.Path, in.Around); got != want[i] {
			t.Errorf("%d: %s\nwant %s", i+1, got, want[i])
		}
	}
}

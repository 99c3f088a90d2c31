package lab_test

import (
	"slices"
	"testing"

	"pktscope/flows"
)

// The rules of ovs-rules change addresses and ports of some frames. Each frame has an IP identification of its own, which the switch leaves alone:
// two flows are one that was translated if, and only if, their packets have the same.
func TestFlowsThatRulesTranslate(t *testing.T) {
	type packet struct{ id, protocol string }
	sent := map[uint64]packet{}         // by frame
	tuples := map[packet][]string{}     // that frames with an identification have
	translated := map[packet][]uint64{} // flows that are linked, by their packet
	for _, r := range rows(t, "ovs-rules", "ip", "frame.number", "ip.id", "ip.proto", "ip.src", "ip.dst", "tcp.srcport", "tcp.dstport", "udp.length") {
		p := packet{r[1], r[2]}
		sent[uint64(number(t, r[0]))] = p
		if tuple := r[3] + " " + r[5] + " > " + r[4] + " " + r[6] + " " + r[7]; !slices.Contains(tuples[p], tuple) {
			tuples[p] = append(tuples[p], tuple)
		}
	}
	f := follow(t, "ovs-rules", "", flows.Options{})
	for _, c := range f.connections {
		for _, l := range links(&c.Flow, flows.NATOf) {
			a, b := sent[c.Frame], sent[f.byID(t, l.Flow).Frame]
			if a != b {
				t.Errorf("%s is linked to %s: identifications %s and %s", describe(&c.Flow), describe(f.byID(t, l.Flow)), a.id, b.id)
			}
			translated[a] = append(translated[a], c.Frame)
		}
	}
	changed := 0
	for p, all := range tuples {
		if len(all) == 1 {
			continue
		}
		changed++
		const udp = "17" // one datagram, empty at that, proves nothing
		if linked := len(translated[p]) == 2; linked == (p.protocol == udp) {
			t.Errorf("protocol %s, %q: linked is %v", p.protocol, all, linked)
		}
	}
	if changed != 10 {
		t.Errorf("the rules changed %d packets, not 10", changed)
	}
}

package dissect

import (
	"testing"

	"pktscope/internal/craft"
)

// What the capture says of offloading is there where it is set, in the frame's own fields, and nowhere else.
func TestOffloadFields(t *testing.T) {
	x, err := NewExtractor([]string{"pktscope.offload.gso", "pktscope.offload.checksum_owed", "pktscope.offload.checksum_valid"})
	if err != nil {
		t.Fatal(err)
	}
	if x.NeedsLayers() || x.NeedsChecksums() {
		t.Error("they need no layers and no checksums")
	}
	b := craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{})
	for _, c := range []struct {
		flags uint32
		want  [3]string
	}{
		{0, [3]string{}},
		{1, [3]string{}}, // it came in
		{1 | 1<<9, [3]string{"", "1", ""}},
		{1 << 10, [3]string{"", "", "1"}},
		{2 | 1<<11, [3]string{"1", "", ""}},
		{2 | 1<<11 | 1<<9, [3]string{"1", "1", ""}},
		{^uint32(1<<9 | 1<<10 | 1<<11), [3]string{}},
	} {
		p := decodeFrame(Frame{Data: b, WireLen: len(b), Number: 1, Flags: c.flags, Point: ethernetPoint})
		var got [3]string
		for i, cell := range x.Extract(p) {
			got[i] = string(cell)
		}
		if got != c.want {
			t.Errorf("flags %#x: %q, want %q", c.flags, got, c.want)
		}
		shown := 0
		for i := range p.Layers {
			for v := range p.Values(i) {
				if v.Field == frameSegments || v.Field == frameSumOwed || v.Field == frameSumValid {
					if shown++; i != 0 || v.Num != 1 {
						t.Errorf("flags %#x: %s is %d in layer %d", c.flags, v.Field.Name, v.Num, i)
					}
				}
			}
		}
		want := 0
		for _, cell := range c.want {
			want += len(cell)
		}
		if shown != want {
			t.Errorf("flags %#x: the tree has %d of them, want %d", c.flags, shown, want)
		}
	}
}

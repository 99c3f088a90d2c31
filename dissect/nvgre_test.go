package dissect

import "testing"

func TestVaryingFlowIDs(t *testing.T) {
	for _, c := range []struct {
		name string
		keys []uint32
		want int
	}{
		{"none", nil, 0},
		{"one flow", []uint32{0x500109, 0x500109}, 0},
		{"two flows", []uint32{0x500109, 0x500209, 0x50010a}, 1},
		{"three flows of one subnet", []uint32{0x500109, 0x50010b, 0x50010a}, 1},
		{"two subnets", []uint32{0x500109, 0x600109, 0x50010a, 0x60010a}, 2},
		{"small keys, as people number tenants", []uint32{5001, 5002, 5003, 0x0fffff, 0x0ffffe}, 0},
		{"the first subnet of a tenant", []uint32{0x100000, 0x100001}, 1},
		{"the last one", []uint32{0xfffffe00, 0xfffffe01}, 1},
		{"vendors' own", []uint32{0xffffff00, 0xffffff01}, 0},
	} {
		if got := VaryingFlowIDs(c.keys); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

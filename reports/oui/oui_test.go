package oui

import (
	"slices"
	"testing"
)

func TestVendor(t *testing.T) {
	for _, tt := range []struct {
		mac  uint64
		want string
	}{
		{0x00163e123456, "Xensource, Inc."},
		{0x0c2900000001, ""},
		{0x000c29abcdef, "VMware, Inc."},
		{0x70b3d5001fff, "SOREDI touch systems GmbH"}, // a block of 36 bits
		{0x0055da1fffff, "KoolPOS Inc."},              // of 28 bits
		{0x525400123456, "QEMU/KVM"},
		{0xfa163e000001, "OpenStack"},
		{0x0242ac110002, "Docker"},
		{0x00005e000107, "VRRP 7"},
		{0x00005e000207, "VRRP for IPv6 7"},
		{0x00000c07ac0a, "HSRP 10"},
		{0xeeeeeeeeeeee, "Calico"},
		{0x020000000001, Local},
	} {
		if got := Vendor(tt.mac); got != tt.want {
			t.Errorf("%012x: %q, want %q", tt.mac, got, tt.want)
		}
	}
}

// TestRegistry checks what looking up needs: blocks in order, none twice, of three lengths.
func TestRegistry(t *testing.T) {
	all := blocks()
	if len(all) < 40_000 {
		t.Errorf("%d blocks", len(all))
	}
	if !slices.IsSortedFunc(all, func(a, b block) int {
		if a.first != b.first {
			return int(int64(a.first) - int64(b.first))
		}
		return int(a.bits) - int(b.bits)
	}) {
		t.Error("blocks are not in order")
	}
	for i, b := range all {
		if b.name == "" || b.bits != 24 && b.bits != 28 && b.bits != 36 {
			t.Errorf("block %d: %+v", i, b)
		}
		if i > 0 && b.first == all[i-1].first && b.bits == all[i-1].bits {
			t.Errorf("block %d is there twice: %+v", i, b)
		}
		if got := Vendor(b.first); got == "" {
			t.Errorf("%012x has no vendor", b.first)
		}
	}
	if len(registered) > 500_000 {
		t.Errorf("%d bytes", len(registered))
	}
}

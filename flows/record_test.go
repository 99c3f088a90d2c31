package flows

import (
	"testing"
	"unsafe"
)

// Finding a flow touches one line of cache, and a flow costs so much in all: 24 bytes of the two indexes beside its records.
func TestSizes(t *testing.T) {
	if n := unsafe.Sizeof(record{}); n != 64 {
		t.Errorf("what finding a flow needs has %d bytes, want 64", n)
	}
	if n := unsafe.Sizeof(Segment{}); n != 256 {
		t.Errorf("a segment has %d bytes, want 256, so that it begins with a line of cache", n)
	}
	if n := unsafe.Sizeof(copySet{}); n != 64 {
		t.Errorf("looking a packet up touches %d bytes, want 64", n)
	}
	const index = 2 * 8 * 3 / 2 // slots are from half to a quarter full
	udp := unsafe.Sizeof(record{}) + unsafe.Sizeof(account{}) + unsafe.Sizeof(uint64(0)) + index
	if udp > 288 {
		t.Errorf("a flow has %d bytes, want at most 288", udp)
	}
	if n := udp + unsafe.Sizeof(TCP{}); n > 488 {
		t.Errorf("a flow of TCP has %d bytes, want at most 488", n)
	}
}

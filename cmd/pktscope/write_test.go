package main

import (
	"context"
	"errors"
	"testing"

	"pktscope/dissect"
	"pktscope/internal/craft"
	"pktscope/pcaps"
)

// An interrupt ends the run after the packet at hand, which is written.
func TestInterrupt(t *testing.T) {
	p := packet(t, craft.Packet(craft.Ethernet{}, craft.IPv4{}, craft.UDP{}))
	p.Point.Origin = &pcaps.Interface{}
	ctx, interrupt := context.WithCancel(context.Background())
	var to counter
	r := recorder{writing: &writing{}, sink: &to, Context: ctx}
	if err := r.Packet(p); err != nil {
		t.Error(err)
	}
	interrupt()
	if err := r.Packet(p); !errors.Is(err, context.Canceled) || to != 2 {
		t.Errorf("%d packets written, error %v", to, err)
	}
}

// counter is a sink that counts frames.
type counter int

func (*counter) values() func([]byte, *dissect.Packet) []byte { return nil }
func (c *counter) write([]byte, *pcaps.Frame) error           { *c++; return nil }
func (*counter) Close() error                                 { return nil }
func (*counter) Discard()                                     {}

func TestFileName(t *testing.T) {
	for _, c := range []struct {
		value   string
		address bool
		want    string
	}{
		{"5001", false, "5001"},
		{"00:11:22:33:44:ff", true, "00-11-22-33-44-ff"},
		{"fe80::1", true, "fe80--1"},
		{"../etc/passwd", false, "..%2Fetc%2Fpasswd"},
		{"a:b", false, "a%3Ab"},
		{"é%", false, "%C3%A9%25"},
	} {
		if got := fileName(c.value, c.address); got != c.want {
			t.Errorf("%q is %q in a file's name, want %q", c.value, got, c.want)
		}
	}
	if a, b := fileName(string(make([]byte, 500)), false), fileName(string(make([]byte, 501)), false); a == b || len(a) > 200 {
		t.Errorf("long names: %q, %q", a, b)
	}
}

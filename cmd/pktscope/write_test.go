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

func (c *counter) write(*dissect.Packet, *pcaps.Frame) error { *c++; return nil }
func (*counter) Close() error                                { return nil }
func (*counter) Discard()                                    {}

func TestFileName(t *testing.T) {
	for value, want := range map[string]string{
		"5001": "5001", "00:11:22:33:44:ff": "00-11-22-33-44-ff", "fe80::1": "fe80--1", "../etc/passwd": "..%2Fetc%2Fpasswd", "a:b": "a-b", "h:b": "h%3Ab", "é\x00": "%C3%A9%00",
	} {
		if got := fileName(value); got != want {
			t.Errorf("%q is %q in a file's name, want %q", value, got, want)
		}
	}
	if a, b := fileName(string(make([]byte, 500))), fileName(string(make([]byte, 501))); a == b || len(a) > 200 {
		t.Errorf("long names: %q, %q", a, b)
	}
}

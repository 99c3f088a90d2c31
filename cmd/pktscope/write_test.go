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

// recorders are ways to write a packet.
var recorders = map[string]func() *recorder{
	"plain": func() *recorder { return &recorder{writing: &writing{}} },
	"decap": func() *recorder { return &recorder{writing: &writing{decap: decap{given: true}}} },
	"split": func() *recorder { return &recorder{writing: &writing{split: "vxlan.vni"}} },
	"anonymous": func() *recorder {
		anonymous, err := newAnonymous("", dissect.Options{})
		if err != nil {
			panic(err)
		}
		return &recorder{writing: &writing{anonymize: true}, anonymous: anonymous}
	},
}

// writes returns a function that writes a packet.
func writes(t testing.TB, r *recorder) func() {
	p := packet(t, tunneled())
	p.Point.Origin = &pcaps.Interface{LinkType: pcaps.LinkTypeEthernet, FCSLen: -1}
	r.Context = context.Background()
	r.sink = new(counter)
	if r.split != "" {
		s, err := newSplitter("x.pcap", r.split, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.sink = splitCounter{s}
	}
	return func() {
		if err := r.Packet(p); err != nil {
			t.Fatal(err)
		}
	}
}

// splitCounter looks up no file.
type splitCounter struct{ *splitter }

func (splitCounter) write(value []byte, _ *pcaps.Frame) error {
	if string(value) != "5001" {
		return errors.New("wrong value")
	}
	return nil
}

// A packet is written through memory that was there before, whatever is made of it.
func TestWritingDoesNotAllocate(t *testing.T) {
	for name, r := range recorders {
		write := writes(t, r())
		write()
		if n := testing.AllocsPerRun(100, write); n > 0 {
			t.Errorf("%s: %v allocations a packet", name, n)
		}
	}
}

func BenchmarkWrite(b *testing.B) {
	for name, r := range recorders {
		b.Run(name, func(b *testing.B) {
			write := writes(b, r())
			b.ReportAllocs()
			for b.Loop() {
				write()
			}
		})
	}
}

package pktscope_test

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"pktscope/anonymize"
	"pktscope/dissect"
	"pktscope/pcaps"
)

// Anonymized packets have the same layers, of the same lengths, with the same verdicts on checksums, reassembled datagrams included, and
// the key decides what they are.
func TestAnonymized(t *testing.T) {
	for _, file := range captures(t) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			anonymized(t, file)
		})
	}
}

func anonymized(t *testing.T, file string) {
	r, err := pcaps.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	options := dissect.Options{Cookie: -1}
	one, same := anonymize.New(anonymize.Key{1}, options), anonymize.New(anonymize.Key{1}, options)
	plain, secret := newDissector(options), newDissector(options)
	var f pcaps.Frame
	for {
		if err := r.Next(&f); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			var damage *pcaps.DamageError
			if !errors.As(err, &damage) {
				t.Fatal(err)
			}
			return
		}
		frame := dissect.Frame{Data: f.Data, WireLen: f.WireLen, Time: f.Time, Number: f.Number,
			Point: &dissect.Point{Link: uint16(f.Interface.LinkType), FCSLen: f.FCSLen()}}
		p := plain.packet(&frame)
		frame.Data = bytes.Clone(one.Frame(&frame))
		if again := same.Frame(&dissect.Frame{Data: f.Data, WireLen: f.WireLen, Number: f.Number, Point: frame.Point}); !bytes.Equal(again, frame.Data) {
			t.Fatalf("packet %d is %x with the same key, was %x", f.Number, again, frame.Data)
		}
		q := secret.packet(&frame)
		if slices.ContainsFunc(p.Layers, func(l dissect.Layer) bool { return l.Protocol == dissect.ByName("ipcomp").ID }) {
			continue // what was packed is payload
		}
		if len(frame.Data) != len(f.Data) || len(p.Layers) != len(q.Layers) {
			t.Fatalf("packet %d is\n%s, was\n%s", f.Number, q.AppendTree(nil), p.AppendTree(nil))
		}
		for i := range p.Layers {
			if a, b := p.Layers[i], q.Layers[i]; a != b {
				t.Fatalf("packet %d, layer %d is %+v, was %+v\n%s, was\n%s", f.Number, i, b, a, q.AppendTree(nil), p.AppendTree(nil))
			}
		}
	}
}

type dissector struct {
	*dissect.Decoder
	*dissect.Resolver
	p dissect.Packet
}

func newDissector(o dissect.Options) *dissector {
	c := dissect.NewConfig(o)
	return &dissector{Decoder: c.NewDecoder(), Resolver: c.NewResolver()}
}

func (d *dissector) packet(f *dissect.Frame) *dissect.Packet {
	d.Decode(&d.p, f)
	d.Resolve(&d.p)
	d.p.Verify()
	return &d.p
}

package pktscope_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"pktscope/anonymize"
	"pktscope/dissect"
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
	options := dissect.Options{Cookie: -1}
	one, same := anonymize.New(anonymize.Key{1}, options), anonymize.New(anonymize.Key{1}, options)
	plain, secret := newDissector(options), newDissector(options)
	for frame := range frames(t, file) {
		original := frame.Data
		p := plain.packet(&frame)
		frame.Data = bytes.Clone(one.Frame(&frame))
		if again := same.Frame(&dissect.Frame{Data: original, WireLen: frame.WireLen, Number: frame.Number, Point: frame.Point}); !bytes.Equal(again, frame.Data) {
			t.Fatalf("packet %d is %x with the same key, was %x", frame.Number, again, frame.Data)
		}
		q := secret.packet(&frame)
		if slices.ContainsFunc(p.Layers, func(l dissect.Layer) bool { return l.Protocol == dissect.ByName("ipcomp").ID }) {
			continue // what was packed is payload
		}
		if len(frame.Data) != len(original) || len(p.Layers) != len(q.Layers) {
			t.Fatalf("packet %d is\n%s, was\n%s", frame.Number, q.AppendTree(nil), p.AppendTree(nil))
		}
		for i := range p.Layers {
			if a, b := p.Layers[i], q.Layers[i]; a != b {
				t.Fatalf("packet %d, layer %d is %+v, was %+v\n%s, was\n%s", frame.Number, i, b, a, q.AppendTree(nil), p.AppendTree(nil))
			}
		}
	}
}

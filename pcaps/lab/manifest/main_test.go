package main

import (
	"os"
	"testing"

	"pktscope/pcaps"
)

// The manifest says of every recording what it is, with its SHA-256.
func TestTheCommittedManifestIsTheGenerated(t *testing.T) {
	got, err := os.ReadFile("../../testdata/MANIFEST.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := manifest(pcaps.Corpus()); string(got) != want {
		t.Error("they differ: go generate ./pcaps")
	}
}

func TestCell(t *testing.T) {
	if got := cell("a|b"); got != `a\|b` {
		t.Error(got)
	}
}

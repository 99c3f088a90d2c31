package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRepetition(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"a.pcap", "b.pcap"} { // alike in all but what they are
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat("a.pcap")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes("b.pcap", info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("a.pcap", "link.pcap"); err != nil {
		t.Skip(err)
	}
	absolute, err := filepath.Abs("a.pcap")
	if err != nil {
		t.Fatal(err)
	}
	const twice = ": its packets count twice, as of two capture points"
	for _, c := range []struct {
		files []string
		want  string
	}{
		{nil, ""},
		{[]string{"a.pcap"}, ""},
		{[]string{"a.pcap", "b.pcap"}, ""},
		{[]string{"a.pcap", "missing", "missing"}, ""}, // it is said elsewhere that they are not there
		{[]string{"-", "-"}, ""},
		{[]string{"/dev/null", "/dev/null"}, ""},
		{[]string{"a.pcap", "a.pcap"}, "a.pcap is named twice" + twice},
		{[]string{"b.pcap", "a.pcap", "./a.pcap"}, "./a.pcap is the same file as a.pcap" + twice},
		{[]string{"a.pcap", absolute}, absolute + " is the same file as a.pcap" + twice},
		{[]string{"a.pcap", "link.pcap"}, "link.pcap is the same file as a.pcap" + twice},
		{[]string{"a.pcap", "b.pcap", "a.pcap", "b.pcap", "a.pcap"}, "a.pcap is named twice" + twice + " (and those of 2 more)"},
		{[]string{"corpus:nat", "a.pcap", "corpus:nat"}, "corpus:nat is named twice" + twice},
		{[]string{"corpus:nat", "corpus:loss"}, ""},
	} {
		if got := repetition(c.files); got != c.want {
			t.Errorf("%q: %q, want %q", c.files, got, c.want)
		}
	}
}

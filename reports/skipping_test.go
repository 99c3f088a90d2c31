package reports

import (
	"slices"
	"testing"
)

// TestSkipping makes each report by itself without what it does not ask for, and with it: the tables are the same. What asks for more than it needs
// makes a run slower for nothing, so those that ask for checksums must say something else without them.
func TestSkipping(t *testing.T) {
	frames := mixture(t)
	for i := range frames {
		if f := &frames[i]; i%9 == 0 && len(f.Data) > 60 {
			f.Data = slices.Clone(f.Data)
			f.Data[len(f.Data)-1] ^= 0x10
		}
	}
	by, err := NewProjection([]string{"ip.src"}, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	bad, err := NewProjection([]string{"ip.src"}, []string{"packets", "bad"}, 0)
	if err != nil {
		t.Fatal(err)
	}
	read := func(names []string, o Options) (needs bool, tables string) {
		in := inputOf(frames, 0)
		set, err := NewSet(names, nil, o)
		if err != nil {
			t.Fatal(err)
		}
		if err := Read(in, o, set); err != nil {
			t.Fatal(err)
		}
		return set.NeedsChecksums(), exact(t, set.Snapshot())
	}
	check := func(what string, names []string, o Options, want bool) {
		t.Helper()
		needs, with := read(names, o)
		o.NoChecksums = true
		_, without := read(names, o)
		if needs != want || needs == (with == without) {
			t.Errorf("%s: asks for checksums: %v; says the same without them: %v", what, needs, with == without)
		}
	}
	for _, name := range []string{"summary", "protocols", "vlans", "anomalies", "bonds", "macs", "vips", "queues"} {
		check(name, []string{name}, Options{}, false)
	}
	for _, name := range []string{"findings", "tunnels", "checksums"} {
		check(name, []string{name}, Options{}, true)
	}
	check("protocols and checksums", []string{"protocols", "checksums"}, Options{}, true)
	check("nothing named", nil, Options{}, true)
	check("--by", nil, Options{By: by}, false)
	check("--by with bad checksums", nil, Options{By: bad}, true)
	for _, name := range []string{"tenants", "overlaps", "segments", "flows", "nat", "directions"} { // TCP leaves out what is damaged
		if set, err := NewSet([]string{name}, nil, Options{}); err != nil || !set.NeedsChecksums() || set.Tracker() == nil {
			t.Errorf("%s follows no flows, or damaged packets' too: %v", name, err)
		}
	}
	for _, name := range []string{"summary", "protocols", "vlans", "tunnels", "checksums", "anomalies", "bonds", "macs", "vips", "queues"} {
		if set, err := NewSet([]string{name}, nil, Options{}); err != nil || set.Tracker() != nil {
			t.Errorf("%s follows flows: %v", name, err)
		}
	}
}

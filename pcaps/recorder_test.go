package pcaps

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// recordAll records batches of 100 frames each, and returns what was counted and what was said.
func recordAll(t *testing.T, o RecordOptions, batches int) (c RecordCounters, said []string) {
	t.Helper()
	points := testPoints("a", "b")
	r, err := startRecorder(o, func(line string) { said = append(said, line) })
	if err != nil {
		t.Fatal(err)
	}
	rows := []InterfaceCounters{{Name: "a"}, {Name: "b"}}
	for i := range batches {
		b := batchOf(uint64(1+100*i), 100, points...)
		rows = []InterfaceCounters{{"a", Counters{Received: uint64(60 * (i + 1)), Dropped: uint64(10 * (i + 1))}}, {"b", Counters{Received: uint64(50 * (i + 1))}}}
		r.record(b, points, rows)
		b.release()
	}
	r.finish(points, rows)
	return *r.counters(), said
}

// framesIn are the numbers of frames in a file and the interfaces that it tells of.
func framesIn(t *testing.T, file string) (n int, first, last int64, points []*Interface) {
	t.Helper()
	r, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for f, err := range Frames(r) {
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			first = f.Time
		}
		n++
		last = f.Time
	}
	return n, first, last, r.Interfaces()
}

func TestRecorder(t *testing.T) {
	for _, name := range []string{"trace.pcapng", "trace.pcapng.zst"} {
		file := filepath.Join(t.TempDir(), name)
		c, said := recordAll(t, RecordOptions{Path: file}, 30)
		n, _, _, points := framesIn(t, file)
		if n != 3000 || c.Written != 3000 || c.Lost != 0 || c.Files != 1 || c.File != "" || said != nil {
			t.Errorf("%s: %d frames, %+v, %q", name, n, c, said)
		}
		if len(points) != 2 || points[0].Name != "a" || points[0].Statistics().Received != 1800 || points[0].Statistics().OSDropped != 300 || points[1].Statistics().Received != 1500 {
			t.Errorf("%s: interfaces %+v", name, points[0])
		}
		if _, err := os.Stat(file + partEnding); err == nil {
			t.Errorf("%s: the part is still there", name)
		}
	}
}

func TestRecorderRotatesByTime(t *testing.T) {
	dir := t.TempDir()
	c, _ := recordAll(t, RecordOptions{Path: filepath.Join(dir, "trace.pcapng"), RotateTime: 250 * time.Millisecond}, 30)
	files, err := filepath.Glob(filepath.Join(dir, "trace-*.pcapng"))
	if err != nil || len(files) != 12 || c.Files != 12 || c.Written != 3000 {
		t.Fatalf("%d files, %+v", len(files), c)
	}
	for i, file := range files {
		if want := fmt.Sprintf("trace-%05d-", i+1); !strings.HasPrefix(filepath.Base(file), want) {
			t.Errorf("%s, want %s…", file, want)
		}
		if n, first, last, _ := framesIn(t, file); n != 250 || last-first >= int64(250*time.Millisecond) {
			t.Errorf("%s: %d frames of %v", file, n, time.Duration(last-first))
		}
	}
}

// Where no frame comes that is of the next file, the clock completes one.
func TestRecorderCompletesWhatIsQuiet(t *testing.T) {
	dir := t.TempDir()
	points := testPoints("a")
	r, err := startRecorder(RecordOptions{Path: filepath.Join(dir, "trace.pcapng"), RotateTime: time.Millisecond}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	r.record(batchOf(1, 1, points...), points, nil)
	for end := time.Now().Add(20 * time.Second); r.counters().Written == 0 || r.counters().File != ""; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the file is not complete")
		}
	}
	r.record(batchOf(2, 1, points...), points, nil)
	r.finish(points, nil)
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if n, _, _, _ := framesIn(t, file); n != 1 {
			t.Errorf("%s has %d frames", file, n)
		}
	}
}

func TestRecorderRotatesBySize(t *testing.T) {
	for _, ending := range []string{".pcapng", ".pcapng.zst"} {
		dir := t.TempDir()
		c, _ := recordAll(t, RecordOptions{Path: filepath.Join(dir, "trace"+ending), RotateSize: minRotateSize, Keep: 2}, 100)
		files, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(files) != 2 || c.Written != 10000 || c.Files < 3 {
			t.Fatalf("%d files, %+v", len(files), c)
		}
		kept := 0
		for _, file := range files {
			n, _, _, points := framesIn(t, file)
			kept += n
			if len(points) != 2 {
				t.Errorf("%s tells of %d interfaces", file, len(points))
			}
		}
		if uint64(kept)+c.Removed != c.Written {
			t.Errorf("%d frames are in files, %+v", kept, c)
		}
	}
}

// What this run has not written stays, whatever its name.
func TestRecorderRemovesItsOwn(t *testing.T) {
	dir := t.TempDir()
	points := testPoints("a")
	r, err := startRecorder(RecordOptions{Path: filepath.Join(dir, "trace.pcapng"), RotateTime: time.Hour, Keep: 1}, func(string) {})
	if err != nil {
		t.Fatal(err)
	}
	r.record(batchOf(1, 10, points...), points, nil)
	for r.counters().Written == 0 {
		time.Sleep(time.Millisecond)
	}
	first := r.counters().File
	if err := os.Rename(first+partEnding, first+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(first+partEnding, []byte("another"), 0o600); err != nil { // it becomes first, and then it is removed no more
		t.Fatal(err)
	}
	late := batchOf(1, 10, points...)
	for i := range late.frames {
		late.frames[i].time += int64(2 * time.Hour)
	}
	r.record(late, points, nil)
	r.finish(points, nil)
	for _, name := range []string{first, first + ".moved"} {
		if _, err := os.Stat(name); err != nil {
			t.Error(err)
		}
	}
}

func TestRecorderRefuses(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "left.pcapng")
	if err := os.WriteFile(left+partEnding, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		o    RecordOptions
		want string
	}{
		{RecordOptions{Path: "-"}, "not to standard output"},
		{RecordOptions{Path: "trace"}, "ends in .pcapng"},
		{RecordOptions{Path: "trace.pcap"}, "ends in .pcapng"},
		{RecordOptions{Path: "trace.pcapng.gz"}, "ends in .pcapng"},
		{RecordOptions{Path: filepath.Join(dir, "trace.pcapng"), Keep: 2}, "one file to keep"},
		{RecordOptions{Path: filepath.Join(dir, "trace.pcapng"), RotateSize: 1000}, "512 KiB at the least"},
		{RecordOptions{Path: left}, "left.pcapng.part is there"},
		{RecordOptions{Path: filepath.Join(dir, "none", "trace.pcapng")}, "no such file"},
	} {
		_, err := startRecorder(c.o, func(string) {})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.o, err, c.want)
		}
	}
}

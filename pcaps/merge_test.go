package pcaps

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// pcapOf is a capture of a frame for each time, in seconds; the frame's data is its file and its place in it.
func pcapOf(name string, size int, seconds ...uint32) []byte {
	le := binary.LittleEndian
	file := pcapHeader(le, magicMicro, 65535, 1)
	for i, s := range seconds {
		data := fmt.Appendf(nil, "%s%d", name, i+1)
		data = append(data, make([]byte, max(0, size-len(data)))...)
		file = append(file, pcapRecordOf(le, s, 0, len(data), data)...)
	}
	return file
}

func writeFiles(t testing.TB, files ...[]byte) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	for i, file := range files {
		path := filepath.Join(dir, string(rune('a'+i))+".pcap")
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// merged returns the names of the frames of all files in their order, and the errors in between.
func merged(t testing.TB, opts Options, files ...[]byte) (Source, []string) {
	t.Helper()
	source, err := OpenAll(writeFiles(t, files...), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { source.Close() })
	var got []string
	number := uint64(1)
	for f, err := range Frames(source) {
		if err != nil {
			var damage *DamageError
			if !errors.As(err, &damage) {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s!%d", strings.TrimSuffix(filepath.Base(damage.File), ".pcap"), damage.Frame))
			continue
		}
		if f.Number != number {
			t.Fatalf("frame %d has the number %d", number, f.Number)
		}
		number++
		got = append(got, string(bytes.TrimRight(f.Data, "\x00")))
	}
	return source, got
}

func TestMerge(t *testing.T) {
	for _, c := range []struct {
		name       string
		window     int
		files      [][]byte
		want       string
		outOfOrder uint64
	}{
		{"one after the other", 0, [][]byte{pcapOf("a", 0, 1, 2), pcapOf("b", 0, 3, 4)}, "a1 a2 b1 b2", 0},
		{"the later file first", 0, [][]byte{pcapOf("a", 0, 3, 4), pcapOf("b", 0, 1, 2)}, "b1 b2 a1 a2", 0},
		{"in turn", 0, [][]byte{pcapOf("a", 0, 1, 4, 7), pcapOf("b", 0, 2, 5), pcapOf("c", 0, 3, 6)}, "a1 b1 c1 a2 b2 c2 a3", 0},
		{"at the same time", 0, [][]byte{pcapOf("a", 0, 1, 1, 2), pcapOf("b", 0, 1, 1, 1)}, "a1 a2 b1 b2 b3 a3", 0},
		{"an empty capture", 0, [][]byte{pcapOf("a", 0), pcapOf("b", 0, 1)}, "b1", 0},
		{"out of order", 0, [][]byte{pcapOf("a", 0, 1, 5, 3, 7), pcapOf("b", 0, 2, 4, 6)}, "a1 b1 a3 b2 a2 b3 a4", 1},
		{"out of order beyond the window", 2, [][]byte{pcapOf("a", 0, 4, 5, 1, 6), pcapOf("b", 0, 2, 7)}, "b1 a1 a3 a2 a4 b2", 1},
		{"cut short", 0, [][]byte{append(pcapOf("a", 0, 1, 3), 0), pcapOf("b", 0, 2, 4)}, "a1 b1 a2 a!3 b2", 0},
		{"one file alone keeps its order", 0, [][]byte{pcapOf("a", 0, 3, 2, 1)}, "a1 a2 a3", 2},
	} {
		source, got := merged(t, Options{Window: c.window}, c.files...)
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %v, want %s", c.name, got, c.want)
		}
		if source.OutOfOrder() != c.outOfOrder {
			t.Errorf("%s: %d out of order, want %d", c.name, source.OutOfOrder(), c.outOfOrder)
		}
		var interfaces []string
		for _, i := range source.Interfaces() {
			interfaces = append(interfaces, fmt.Sprint(filepath.Base(i.File), i.FileIndex, i.Index))
		}
		if len(interfaces) != len(c.files) || !slices.IsSorted(interfaces) {
			t.Errorf("%s: interfaces %v", c.name, interfaces)
		}
		var size int64
		for _, file := range c.files {
			size += int64(len(file))
		}
		if source.Size() != size || source.BytesRead() != size {
			t.Errorf("%s: %d of %d bytes read, want %d", c.name, source.BytesRead(), source.Size(), size)
		}
	}
}

// A frame without a time stays behind the one before it, and is not out of order.
func TestMergeTimeless(t *testing.T) {
	le := binary.LittleEndian
	ng := slices.Concat(ngSection(le), ngInterface(le, 1, 0),
		ngEnhanced(le, 0, 3_000_000, 2, []byte("b1")), ngSimple(le, 2, []byte("b2")), ngEnhanced(le, 0, 5_000_000, 2, []byte("b3")))
	source, got := merged(t, Options{}, pcapOf("a", 0, 1, 4), ng)
	if want := "a1 b1 b2 a2 b3"; strings.Join(got, " ") != want || source.OutOfOrder() != 0 {
		t.Errorf("got %v, want %s; %d out of order", got, want, source.OutOfOrder())
	}
}

// Frames wait in the window while the reader's block moves on below them.
func TestMergeAcrossBlocks(t *testing.T) {
	const n, apart = 4000, 200 // of 1000 bytes: several blocks
	times := make([]uint32, n)
	for i := range times {
		times[i] = uint32(i)
	}
	late := slices.Clone(times)
	for i := 0; i+apart < n; i += 2 * apart {
		late[i], late[i+apart] = late[i+apart], late[i]
	}
	source, got := merged(t, Options{}, pcapOf("a", 1000, times...), pcapOf("b", 1000, late...))
	if len(got) != 2*n {
		t.Fatalf("%d frames, want %d", len(got), 2*n)
	}
	for i := range n {
		if want := fmt.Sprintf("a%d", i+1); got[2*i] != want {
			t.Fatalf("frame %d is %s, want %s", 2*i+1, got[2*i], want)
		}
		place := i
		if at := i % (2 * apart); at == 0 && i+apart < n {
			place = i + apart
		} else if at == apart {
			place = i - apart
		}
		if want := fmt.Sprintf("b%d", place+1); got[2*i+1] != want {
			t.Fatalf("frame %d is %s, want %s", 2*i+2, got[2*i+1], want)
		}
	}
	if source.OutOfOrder() == 0 {
		t.Error("nothing was out of order")
	}
}

func TestOpenAllErrors(t *testing.T) {
	paths := writeFiles(t, pcapOf("a", 0, 1), []byte("text, and no capture"))
	if source, err := OpenAll(paths, Options{}); source != nil || err == nil || err.Error() != paths[1]+": not a capture file: text" {
		t.Errorf("%v, %v", source, err)
	}
	if source, err := OpenAll(paths[1:], Options{}); source != nil || err == nil {
		t.Errorf("%v, %v", source, err)
	}
}

func BenchmarkMerge(b *testing.B) {
	const n = 50_000
	var times [2][]uint32
	for i := range uint32(2 * n) {
		times[i%2] = append(times[i%2], i)
	}
	paths := writeFiles(b, pcapOf("a", 500, times[0]...), pcapOf("b", 500, times[1]...))
	for b.Loop() {
		source, err := OpenAll(paths, Options{})
		if err != nil {
			b.Fatal(err)
		}
		if got := drain(b, source); got != 2*n {
			b.Fatal(got)
		}
		source.Close()
	}
	report(b, 2*n)
}

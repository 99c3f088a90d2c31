package pcaps

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// manyFrames are files of frames of all lengths, whose data says which they are.
func manyFrames(n int) map[string][]byte {
	le := binary.LittleEndian
	pcap, ng, snoop := pcapHeader(le, magicMicro, 65535, 1), slices.Concat(ngSection(le), ngInterface(le, 1, 0)), snoopHeader(4)
	for i := range n {
		data := append(fmt.Appendf(nil, "%d ", i+1), make([]byte, i*i%1500)...)
		pcap = append(pcap, pcapRecordOf(le, uint32(i), 0, len(data), data)...)
		ng = append(ng, ngEnhanced(le, 0, uint64(i)*1_000_000, len(data), data)...)
		snoop = append(snoop, snoopRecord(uint32(i), 0, len(data), data)...)
		if i%100 == 99 {
			ng = append(ng, slices.Concat(ngSection(le), ngInterface(le, 1, 0))...)
		}
	}
	return map[string][]byte{"pcap": pcap, "pcapng": ng, "snoop": snoop}
}

// Goroutines fill blocks beside each other: each frame comes once, in the order that inOrder sees, and stays what it is while others are read.
func TestFillBesideEachOther(t *testing.T) {
	const n = 2000
	for name, file := range manyFrames(n) {
		for _, way := range []string{"pipe", "pieces", "merged"} {
			for _, last := range []uint64{math.MaxUint64, 1234} {
				var src Source
				if way == "merged" {
					var err error
					if src, err = OpenAll(writeFiles(t, file, pcapOf("none", 0)), Options{}); err != nil {
						t.Fatal(err)
					}
				} else {
					r, err := newReader(bytes.NewReader(file), "test", 0, 5000)
					if err != nil {
						t.Fatal(err)
					}
					if src = r; way == "pieces" {
						r.inPieces(bytes.NewReader(file))
					}
				}
				number := uint64(0)
				var filling sync.WaitGroup
				for range 4 {
					filling.Go(func() {
						var b Block
						for src.Fill(&b, last, func() {
							for i := range b.Frames {
								if number++; b.Frames[i].Number != number {
									t.Errorf("%s, %s: frame %d where %d should be", name, way, b.Frames[i].Number, number)
								}
							}
						}) {
							for _, f := range b.Frames {
								if i := int(f.Number) - 1; !bytes.HasPrefix(f.Data, fmt.Appendf(nil, "%d ", i+1)) || f.Time != int64(i)*nsPerSecond {
									t.Errorf("%s, %s: frame %d is %.10q", name, way, f.Number, f.Data)
								}
							}
							if b.Damage != nil {
								t.Error(b.Damage)
							}
						}
					})
				}
				filling.Wait()
				if want := min(n, last); number != want {
					t.Errorf("%s, %s: %d frames, want %d", name, way, number, want)
				}
				src.Close()
			}
		}
	}
}

// What is behind the last frame that is wanted is not looked at.
func TestFillNoFurther(t *testing.T) {
	for name, file := range manyFrames(10) {
		for n := range uint64(10) {
			r, err := NewReader(bytes.NewReader(append(file, 1)), "test")
			if err != nil {
				t.Fatal(err)
			}
			r.inPieces(bytes.NewReader(append(file, 1)))
			var b Block
			if n > 0 && (!r.Fill(&b, n, func() {}) || len(b.Frames) != int(n) || b.Damage != nil) {
				t.Errorf("%s: %d frames, %v, want %d", name, len(b.Frames), b.Damage, n)
			}
			if r.Fill(&b, n, func() {}) {
				t.Errorf("%s: more than %d frames", name, n)
			}
		}
	}
}

// A frame that came through a pipe is there before the next one comes.
func TestFillDoesNotWait(t *testing.T) {
	le := binary.LittleEndian
	fifo := func(files int) (paths []string, in []*os.File) {
		for range files {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { r.Close(); w.Close() })
			paths, in = append(paths, fmt.Sprintf("/dev/fd/%d", r.Fd())), append(in, w)
		}
		return paths, in
	}
	paths, in := fifo(1)
	in[0].Write(slices.Concat(pcapHeader(le, magicMicro, 65535, 1), pcapRecordOf(le, 1, 0, 20, short), pcapRecordOf(le, 2, 0, 20, short)[:30]))
	src, err := OpenAll(paths, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var b Block
	if !src.Fill(&b, math.MaxUint64, func() {}) || len(b.Frames) != 1 {
		t.Fatalf("%d frames", len(b.Frames))
	}
	in[0].Write(pcapRecordOf(le, 2, 0, 20, short)[30:])
	if !src.Fill(&b, math.MaxUint64, func() {}) || len(b.Frames) != 1 || !bytes.Equal(b.Frames[0].Data, short) {
		t.Fatalf("%d frames", len(b.Frames))
	}

	paths, in = fifo(2)
	for _, w := range in { // windows of one frame: that of each file and one of a file that goes on
		w.Write(slices.Concat(pcapHeader(le, magicMicro, 65535, 1), pcapRecordOf(le, 1, 0, 20, short)))
	}
	in[0].Write(pcapRecordOf(le, 1, 0, 20, short))
	if src, err = OpenAll(paths, Options{Window: 1}); err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if !src.Fill(&b, math.MaxUint64, func() {}) || len(b.Frames) != 2 {
		t.Fatalf("%d frames of two pipes", len(b.Frames))
	}
}

// What is written does not depend on how far reading is ahead of it.
func TestWriteReadAhead(t *testing.T) {
	le := binary.LittleEndian
	late := slices.Concat(ngSection(le), ngInterface(le, 1, 96), ngEnhanced(le, 0, 1, 20, short), ngInterface(le, 1, 500), ngEnhanced(le, 1, 2, 20, short))
	for name, file := range map[string][]byte{
		"everything.pcapng": everything(le),
		"twice.pcapng":      slices.Concat(everything(le), everything(le)),
		"late.pcapng":       late,
		"late.pcap":         late,
	} {
		var want []byte
		for _, size := range []int{1, 50, 200, 1000, 4096} {
			r, err := newReader(bytes.NewReader(file), "test", 0, size)
			if err != nil {
				t.Fatal(err)
			}
			r.inPieces(bytes.NewReader(file))
			path := filepath.Join(t.TempDir(), name)
			copyTo(t, r, path, WriteOptions{})
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if want == nil {
				want = got
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s: pieces of %d bytes make a difference", name, size)
			}
		}
	}
}

package pcaps

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// bzipped is the capture of onePcap: Go has no writer for bzip2.
const bzipped = "425a68393141592653593d99b953000019f19efe000400400033029ca020001000080004000000a000221eaa3d264d" +
	"0f507a47a85068d1a0c80d06324d10915682a605a90fbbb76fd457c64b19db047bf4cc4fe2ee48a70a1207b3372a60"

// onePcap is a capture with one frame.
func onePcap() []byte {
	le := binary.LittleEndian
	return slices.Concat(pcapHeader(le, magicMicro, 65535, 1), pcapRecordOf(le, 1, 0, 20, short))
}

// compressors are writers of every compression that has one.
var compressors = map[string]func(io.Writer) (io.WriteCloser, error){
	"gzip": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
	"zstd": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	"lz4":  func(w io.Writer) (io.WriteCloser, error) { return lz4.NewWriter(w), nil },
	"xz":   func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
}

func compress(t testing.TB, name string, data []byte) []byte {
	t.Helper()
	if name == "bzip2" {
		b, err := hex.DecodeString(bzipped)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var b bytes.Buffer
	w, err := compressors[name](&b)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCompression(t *testing.T) {
	for _, c := range compressions {
		file := compress(t, c.name, onePcap())
		r, frames, err := readBytes(t, file)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(frames) != 1 || !bytes.Equal(frames[0].Data, short) || r.Info() != (Info{"pcap", "little-endian", c.name}) {
			t.Errorf("%s: %d frames, %+v", c.name, len(frames), r.Info())
		}
		if r.BytesRead() != int64(len(file)) {
			t.Errorf("%s: %d bytes read of %d", c.name, r.BytesRead(), len(file))
		}
		if err := r.Close(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Compressed files that follow each other hold one file.
func TestCompressedParts(t *testing.T) {
	file := onePcap()
	for name := range compressors {
		parts := slices.Concat(compress(t, name, file[:30]), compress(t, name, nil), compress(t, name, file[30:]))
		_, frames, err := readBytes(t, parts)
		if err != nil || len(frames) != 1 {
			t.Errorf("%s: %d frames, %v", name, len(frames), err)
		}
	}
	if _, frames, err := readBytes(t, bytes.Repeat(compress(t, "bzip2", nil), 2)); len(frames) < 2 {
		t.Errorf("bzip2: the second part was not read: %d frames, %v", len(frames), err)
	}
	skippable := append([]byte{0x51, 0x2a, 0x4d, 0x18, 3, 0, 0, 0}, "abc"...)
	if _, frames, err := readBytes(t, append(skippable, compress(t, "zstd", file)...)); err != nil || len(frames) != 1 {
		t.Errorf("zstd after a skippable frame: %d frames, %v", len(frames), err)
	}
}

// What can be decompressed before the damage is read, and the damage is never taken for the end.
func TestCompressedCutShort(t *testing.T) {
	for _, c := range compressions {
		file := compress(t, c.name, onePcap())
		for n := 8; n < len(file); n++ {
			_, frames, err := readBytes(t, file[:n])
			var damage *DamageError
			if !errors.As(err, &damage) || damage.Found != "the "+c.name+" data is cut short" || len(frames) > 1 {
				t.Errorf("%s cut to %d bytes of %d: %d frames, %v", c.name, n, len(file), len(frames), err)
			}
		}
	}
}

// On any number of processors the same is read, be it cut short or damaged.
func TestCompressedOnManyProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	file := manyFrames(1000)["pcap"]
	for name := range compressors {
		whole := compress(t, name, file)
		damaged := bytes.Clone(whole)
		damaged[len(damaged)*2/3] ^= 0xff
		parts := slices.Concat(compress(t, name, file[:300_000]), compress(t, name, file[300_000:]))
		for i, packed := range [][]byte{whole, whole[:len(whole)/2], damaged, parts} {
			var want, failed string
			for _, processors := range []int{1, 2, 16} {
				runtime.GOMAXPROCS(processors)
				_, frames, err := readPiped(packed)
				got := fmt.Sprint(showAll(frames))
				if want == "" {
					want, failed = got, fmt.Sprint(err)
				}
				if got != want || fmt.Sprint(err) != failed {
					t.Errorf("%s, case %d: on %d processors %d frames, %v; on one others, or %s", name, i, processors, len(frames), err, failed)
				}
			}
		}
	}
}

// BenchmarkDecompress is how fast frames of 500 bytes come out of each compression, that compress to about half.
func BenchmarkDecompress(b *testing.B) {
	le := binary.LittleEndian
	file, data := pcapHeader(le, magicMicro, 65535, 1), make([]byte, 500)
	for i, x := uint32(0), uint32(1); i < 3000; i++ {
		for at := range data {
			x = x*1664525 + 1013904223
			data[at] = "0123456789abcdef"[x>>28]
		}
		file = append(file, pcapRecordOf(le, i, 0, len(data), data)...)
	}
	for _, name := range slices.Sorted(maps.Keys(compressors)) {
		packed := compress(b, name, file)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(file)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := NewReader(bytes.NewReader(packed), "bench")
				if err != nil {
					b.Fatal(err)
				}
				if n := drain(b, r); n != 3000 {
					b.Fatal(n)
				}
			}
		})
	}
}

func TestCompressedNoCapture(t *testing.T) {
	for content, want := range map[string]string{
		"just text": "test: not a capture file: gzip data that holds text",
		string(compress(t, "gzip", []byte("text"))): "test: not a capture file: gzip data that holds gzip data",
		"": "test: not a capture file: gzip data that holds an empty file",
	} {
		if _, _, err := readBytes(t, compress(t, "gzip", []byte(content))); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
	}
}

// An xz block may ask for 4 GiB of dictionary, anywhere in the file.
func TestXZDictionary(t *testing.T) {
	file := onePcap()
	hostile := compress(t, "xz", file[30:])
	header := hostile[12 : 12+(int(hostile[12])+1)*4]
	filter := bytes.Index(header, []byte{0x21, 1})
	header[filter+2] = 40
	binary.LittleEndian.PutUint32(header[len(header)-4:], crc32.ChecksumIEEE(header[:len(header)-4]))

	_, _, err := readBytes(t, append(compress(t, "xz", file[:30]), hostile...))
	if err == nil || !strings.HasSuffix(err.Error(), "xz: a dictionary of 4096 MiB, at most 128 are supported") {
		t.Error(err)
	}
}

// The guard passes on every byte of what the library itself accepts: several blocks, all checks, padding between
// streams.
func TestXZGuard(t *testing.T) {
	random := make([]byte, 100_000) // stored chunks
	for i, x := 0, uint32(1); i < len(random); i++ {
		x = x*1664525 + 1013904223
		random[i] = byte(x >> 24)
	}
	plain := slices.Concat(bytes.Repeat([]byte("compressed well "), 6_000), random)
	for _, check := range []byte{xz.CRC32, xz.CRC64, xz.SHA256} {
		var file bytes.Buffer
		for range 2 {
			w, err := xz.WriterConfig{BlockSize: 60_000, CheckSum: check}.NewWriter(&file)
			if err != nil {
				t.Fatal(err)
			}
			w.Write(plain)
			w.Close()
			file.Write(make([]byte, 8))
		}
		d, err := openXZ(bufio.NewReaderSize(&file, 64<<10))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(d); err != nil || !bytes.Equal(got, append(slices.Clone(plain), plain...)) {
			t.Errorf("check %d: %d bytes, %v", check, len(got), err)
		}
	}
}

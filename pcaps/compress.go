package pcaps

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"io"
	"runtime"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// maxDictionary bounds what a decompressor remembers for one file, in bytes: zstd's own default for decompression,
// and twice what xz -9 asks for.
const maxDictionary = 128 << 20

// compression is a way to compress a whole file. All of them read on when one compressed file follows another.
type compression struct {
	name  string
	magic string
	open  func(*bufio.Reader) (io.ReadCloser, error)
}

var compressions = []compression{
	{"gzip", "\x1f\x8b", openGzip},
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	{"lz4", "\x04\x22\x4d\x18", openLZ4},
	{"lz4", "\x02\x21\x4c\x18", openLZ4}, // the legacy frame
	{"xz", "\xfd7zXZ\x00", openXZ},
	{"bzip2", "BZh", openBzip2},
}

// skippable is the magic of a frame without content, but for its first byte (0x50 to 0x5f); parallel zstd begins its
// files with one.
const skippable = "\x2a\x4d\x18"

// compressionOf tells by the first bytes of a file how it is compressed.
func compressionOf(head []byte) (c compression, ok bool) {
	for _, c := range compressions {
		if bytes.HasPrefix(head, []byte(c.magic)) {
			return c, true
		}
	}
	if len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == skippable {
		return compression{name: "zstd", open: openZstd}, true
	}
	return c, false
}

func openGzip(r *bufio.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }

func openLZ4(r *bufio.Reader) (io.ReadCloser, error) {
	d := lz4.NewReader(r)
	// Blocks are decompressed beside each other where they do not depend on each other. One core keeps more than two busy that analyse what comes
	// out, and a block may have 4 MiB.
	if err := d.Apply(lz4.ConcurrencyOption(max(1, min(runtime.GOMAXPROCS(0)/4, 4)))); err != nil {
		return nil, err
	}
	return io.NopCloser(d), nil
}

func openBzip2(r *bufio.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(r)), nil }

func openZstd(r *bufio.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxDictionary))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

package pcaps

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// maxDictionary bounds what a decompressor remembers for one file, in bytes: zstd's own default for decompression, and twice what
// xz -9 asks for.
const maxDictionary = 128 << 20

// compression is a way to compress a whole file. All of them read on when one compressed file follows another.
type compression struct {
	name   string
	magics []string
	open   func(*bufio.Reader) (io.ReadCloser, error)
}

var compressions = []compression{
	{"gzip", []string{"\x1f\x8b"}, func(r *bufio.Reader) (io.ReadCloser, error) { return gzip.NewReader(r) }},
	{"zstd", []string{"\x28\xb5\x2f\xfd"}, openZstd},
	{"lz4", []string{"\x04\x22\x4d\x18", "\x02\x21\x4c\x18"}, func(r *bufio.Reader) (io.ReadCloser, error) {
		return io.NopCloser(lz4.NewReader(r)), nil
	}},
	{"xz", []string{"\xfd7zXZ\x00"}, openXZ},
	{"bzip2", []string{"BZh"}, func(r *bufio.Reader) (io.ReadCloser, error) { return io.NopCloser(bzip2.NewReader(r)), nil }},
}

// compressionOf tells by the first bytes of a file how it is compressed; nil if it is not.
func compressionOf(head []byte) *compression {
	for i, c := range compressions {
		for _, magic := range c.magics {
			if bytes.HasPrefix(head, []byte(magic)) {
				return &compressions[i]
			}
		}
	}
	return nil
}

func openZstd(r *bufio.Reader) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderMaxWindow(maxDictionary))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

func openXZ(r *bufio.Reader) (io.ReadCloser, error) {
	d, err := xz.NewReader(r)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(d), nil
}

package pcaps

import (
	"bytes"
	"encoding/binary"
	"io"
	"slices"
	"testing"

	"github.com/gopacket/gopacket/pcapgo"
)

// benchFiles are captures of frames of 500 bytes, in memory: what is measured is the walk, not the disk.
func benchFiles() (files []benchFile) {
	const n = 50_000
	le, data := binary.LittleEndian, bytes.Repeat([]byte{0xaa}, 500)
	return []benchFile{
		{"pcap", n, slices.Concat(pcapHeader(le, magicMicro, 65535, 1), bytes.Repeat(pcapRecordOf(le, 1, 2, 500, data), n))},
		{"pcapng", n, slices.Concat(ngSection(le), ngInterface(le, 1, 0), bytes.Repeat(ngEnhanced(le, 0, 1_000_000, 500, data), n))},
	}
}

type benchFile struct {
	name   string
	frames int
	file   []byte
}

func report(b *testing.B, frames int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(frames), "ns/frame")
}

func BenchmarkReader(b *testing.B) {
	for _, c := range benchFiles() {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				r, err := NewReader(bytes.NewReader(c.file), "bench")
				if err != nil {
					b.Fatal(err)
				}
				if n := drain(b, r); n != c.frames {
					b.Fatal(n)
				}
			}
			report(b, c.frames)
		})
	}
}

// BenchmarkRead is the floor: the same bytes read in blocks, and nothing done with them.
func BenchmarkRead(b *testing.B) {
	block := make([]byte, blockSize)
	for _, c := range benchFiles() {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				for r := bytes.NewReader(c.file); r.Len() > 0; {
					r.Read(block)
				}
			}
			report(b, c.frames)
		})
	}
}

func BenchmarkPcapgo(b *testing.B) {
	files := benchFiles()
	b.Run("pcap", func(b *testing.B) {
		for b.Loop() {
			r, err := pcapgo.NewReader(bytes.NewReader(files[0].file))
			for err == nil {
				_, _, err = r.ZeroCopyReadPacketData()
			}
			if err != io.EOF {
				b.Fatal(err)
			}
		}
		report(b, files[0].frames)
	})
	b.Run("pcapng", func(b *testing.B) {
		for b.Loop() {
			r, err := pcapgo.NewNgReader(bytes.NewReader(files[1].file), pcapgo.NgReaderOptions{WantMixedLinkType: true})
			for err == nil {
				_, _, err = r.ZeroCopyReadPacketData()
			}
			if err != io.EOF {
				b.Fatal(err)
			}
		}
		report(b, files[1].frames)
	})
}

package pcaps

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
)

var (
	short = []byte("a frame of few bytes")
	odd   = []byte("seventeen bytes..")
)

// samples are whole files of every format, byte order and record kind, with what must be read out of them.
func samples() map[string]sample {
	all := map[string]sample{}
	for _, o := range orders {
		in := func(name string) string { return fmt.Sprintf("%s, %v", name, o) }
		all[in("pcap µs")] = sample{"pcap", 5, slices.Concat(
			pcapHeader(o, magicMicro, 65535, 1),
			pcapRecordOf(o, 1_000_000_000, 999_999, 60, short),
			pcapRecordOf(o, 0xffffffff, 1, 17, odd),
			pcapRecordOf(o, 0, 0, 0, nil),
			pcapRecordOf(o, 5, 2_000_000, 3, short), // a fraction beyond its second, a wire length below the captured
		), []string{
			"1 1000000000.999999000 60/20 ETHERNET @24",
			"2 4294967295.000001000 17/17 ETHERNET @60",
			"3 0.000000000 0/0 ETHERNET @93",
			"4 7.000000000 20/20 ETHERNET @109",
		}}
		all[in("pcap ns")] = sample{"pcap", 2, slices.Concat(
			pcapHeader(o, magicNano, 10, 113),
			pcapRecordOf(o, 1, 123_456_789, 20, short), // longer than the snap length
		), []string{"1 1.123456789 20/20 LINUX_SLL @24"}}
		all[in("pcap modified")] = sample{"pcap", 3, slices.Concat(
			pcapHeader(o, magicModified, 65535, 101),
			pcapRecordOf(o, 1, 2, 20, nil)[:8], o.AppendUint32(o.AppendUint32(nil, 20), 20), make([]byte, 8), short,
			pcapRecordOf(o, 3, 4, 20, nil)[:8], o.AppendUint32(o.AppendUint32(nil, 20), 20), make([]byte, 8), short,
		), []string{
			"1 1.000002000 20/20 RAW @24",
			"2 3.000004000 20/20 RAW @68",
		}}
		all[in("pcapng")] = sample{"pcapng", 8, slices.Concat(
			ngSection(o),
			ngInterface(o, 1, 0, ngOption(o, interfaceName, []byte("eth0"))),
			ngInterface(o, 276, 18, ngOption(o, interfaceName, []byte("any")), ngOption(o, interfaceResolution, []byte{9})),
			ngEnhanced(o, 0, 1_000_000_000_999_999, 1514, odd),
			ngEnhanced(o, 1, 1_000_000_000_999_999_999, 20, short, ngOption(o, optComment, []byte("look here"))),
			ngBlock(o, 0x0bad, []byte("somebody's own")),
			ngSimple(o, 17, odd),
			ngObsolete(o, 1, 5, 20, short),
		), []string{
			"1 1000000000.999999000 1514/17 ETHERNET eth0 @100",
			"2 1000000000.999999999 20/20 LINUX_SLL2 any @152 [look here]",
			"3 timeless 17/17 ETHERNET eth0 @252",
			"4 0.000000005 20/20 LINUX_SLL2 any @288",
		}}
		other := orders[0]
		if o == other {
			other = orders[1]
		}
		all[in("pcapng of two sections")] = sample{"pcapng", 6, slices.Concat(
			ngSection(o), ngInterface(o, 1, 0, ngOption(o, interfaceName, []byte("a"))),
			ngEnhanced(o, 0, 1, 20, short),
			ngSection(other), ngInterface(other, 1, 18, ngOption(other, interfaceName, []byte("b"))),
			ngSimple(other, 20, short[:18]),
		), []string{
			"1 0.000001000 20/20 ETHERNET a @60",
			"2 timeless 20/18 ETHERNET b @172",
		}}
	}
	all["snoop"] = sample{"snoop", 3, slices.Concat(
		snoopHeader(4),
		snoopRecord(1, 999_999, 60, odd),
		snoopRecord(2, 0, 20, short),
	), []string{
		"1 1.999999000 60/17 ETHERNET @16",
		"2 2.000000000 20/20 ETHERNET @60",
	}}
	return all
}

type sample struct {
	format string
	parts  int // headers, records, blocks
	file   []byte
	want   []string
}

// show writes a frame in one line.
func show(f Frame) string {
	when := fmt.Sprintf("%d.%09d", f.Time/nsPerSecond, f.Time%nsPerSecond)
	if f.Timeless {
		when = "timeless"
	}
	line := fmt.Sprintf("%d %s %d/%d %v", f.Number, when, f.WireLen, len(f.Data), f.Interface.LinkType)
	if f.Interface.Name != "" {
		line += " " + f.Interface.Name
	}
	line += fmt.Sprintf(" @%d", f.Offset)
	if f.Comments != nil {
		line += fmt.Sprint(" ", f.Comments)
	}
	return line
}

func showAll(frames []Frame) []string {
	var lines []string
	for _, f := range frames {
		lines = append(lines, show(f))
	}
	return lines
}

func TestFormats(t *testing.T) {
	for name, s := range samples() {
		r, frames, err := readBytes(t, s.file)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := showAll(frames); !slices.Equal(got, s.want) {
			t.Errorf("%s:\n got %s\nwant %s", name, strings.Join(got, "\n     "), strings.Join(s.want, "\n     "))
		}
		if got := r.Info().Format; got != s.format {
			t.Errorf("%s: format %q, want %q", name, got, s.format)
		}
		for _, f := range frames {
			if !bytes.HasPrefix(short, f.Data) && !bytes.HasPrefix(odd, f.Data) {
				t.Errorf("%s: frame %d has the bytes %q", name, f.Number, f.Data)
			}
		}
		if got := r.BytesRead(); got != int64(len(s.file)) {
			t.Errorf("%s: %d bytes read of %d", name, got, len(s.file))
		}
	}
}

// A pipe may deliver one byte at a time, and the reader's block may be smaller than a record.
func TestSmallReads(t *testing.T) {
	for name, s := range samples() {
		r, err := newReader(iotest.OneByteReader(bytes.NewReader(s.file)), "test", 0, 16)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		frames, err := readAll(r)
		if got := showAll(frames); err != nil || !slices.Equal(got, s.want) {
			t.Errorf("%s: %v\n got %q\nwant %q", name, err, got, s.want)
		}
	}
}

// Every prefix of a file gives a prefix of its frames, and then an error that says where, unless it ends where a
// record does.
func TestEveryPrefix(t *testing.T) {
	for name, s := range samples() {
		whole := 0
		for n := range len(s.file) {
			_, frames, err := readBytes(t, s.file[:n])
			if got := showAll(frames); len(got) > len(s.want) || !slices.Equal(got, s.want[:len(got)]) {
				t.Errorf("%s, %d bytes: got %q", name, n, got)
			}
			var damage *DamageError
			var format *FormatError
			switch {
			case err == nil:
				whole++
			case errors.As(err, &damage):
				if damage.Frame != uint64(len(frames)+1) || damage.Offset < 0 || damage.Offset > int64(n) || damage.File != "test" {
					t.Errorf("%s, %d bytes: %+v", name, n, damage)
				}
			case !errors.As(err, &format) || n >= 8:
				t.Errorf("%s, %d bytes: %v", name, n, err)
			}
		}
		if whole != s.parts-1 {
			t.Errorf("%s: %d prefixes without an error, want %d", name, whole, s.parts-1)
		}
	}
}

func TestDamage(t *testing.T) {
	le := binary.LittleEndian
	header := pcapHeader(le, magicMicro, 65535, 1)
	frame := pcapRecordOf(le, 1, 0, 20, short)
	lying := func(capLen uint32) []byte { // a record header that promises more
		b := pcapRecordOf(le, 1, 0, 20, nil)
		le.PutUint32(b[8:], capLen)
		return b
	}
	section := ngSection(le)
	iface := ngInterface(le, 1, 0)
	ngFrame := ngEnhanced(le, 0, 1, 20, short)
	with := func(b []byte, at int, value uint32) []byte {
		b = slices.Clone(b)
		le.PutUint32(b[at:], value)
		return b
	}
	for _, c := range []struct {
		name   string
		file   []byte
		frames int
		want   string
	}{
		{"file header", header[:10], 0,
			"test: damaged at frame 1, byte 0: the file ends after 10 bytes of the file header, expected 24"},
		{"version", with(header, 4, 7), 0,
			"test: damaged at frame 1, byte 4: pcap version 7.0, expected 2.4"},
		{"record header", slices.Concat(header, frame, frame[:7]), 1,
			"test: damaged at frame 2, byte 60: the file ends after 7 bytes of a record header, expected 16"},
		{"record", slices.Concat(header, frame, frame[:35]), 1,
			"test: damaged at frame 2, byte 60: the file ends after 35 bytes of a record, expected 36"},
		{"captured length beyond all", slices.Concat(header, frame, lying(0xffffffff), short), 1,
			"test: damaged at frame 2, byte 68: captured length 4294967295, expected at most 16777216"},
		{"original length beyond all", slices.Concat(header, frame, with(frame, 12, 0xffffffff), frame), 1,
			"test: damaged at frame 2, byte 72: original length 4294967295, expected at most 134217728"},
		{"captured length beyond the file", slices.Concat(header, lying(16<<20), short), 0,
			"test: damaged at frame 1, byte 24: the file ends after 36 bytes of a record, expected 16777232"},

		{"byte-order magic", with(section, 8, 0x01020304), 0,
			"test: damaged at frame 1, byte 8: byte-order magic 04030201, expected 1a2b3c4d or 4d3c2b1a"},
		{"section version", with(section, 12, 2), 0,
			"test: damaged at frame 1, byte 12: pcapng version 2.0, expected 1.0"},
		{"short section", ngBlock(le, blockSection, section[8:12]), 0,
			"test: damaged at frame 1, byte 4: block length 16, expected at least 28 for a section header"},
		{"block length beyond all", slices.Concat(section, iface, ngFrame, with(ngFrame, 4, 0xfffffffc)), 1,
			"test: damaged at frame 2, byte 104: block length 4294967292, expected 12 to 135266304"},
		{"block length too small", slices.Concat(section, with(iface, 4, 8)), 0,
			"test: damaged at frame 1, byte 32: block length 8, expected 12 to 135266304"},
		{"block cut", slices.Concat(section, iface, ngFrame[:51]), 0,
			"test: damaged at frame 1, byte 48: the file ends after 51 bytes of a block, expected 52"},
		{"lengths that differ", slices.Concat(section, iface, with(ngFrame, 48, 56)), 0,
			"test: damaged at frame 1, byte 96: block length 56 at the block's end, expected 52 as at its start"},
		{"interface that is not there", slices.Concat(section, iface, with(ngFrame, 8, 1)), 0,
			"test: damaged at frame 1, byte 56: interface 1, expected one of the section's 1"},
		{"interfaces do not outlive their section", slices.Concat(section, iface, section, ngFrame), 0,
			"test: damaged at frame 1, byte 84: interface 0, expected one of the section's 0"},
		{"captured length beyond the block", slices.Concat(section, iface, with(ngFrame, 20, 0xffffffff)), 0,
			"test: damaged at frame 1, byte 68: captured length 4294967295, expected at most 20, what the block holds"},
		{"original length beyond all frames", slices.Concat(section, iface, with(ngFrame, 24, 0xffffffff)), 0,
			"test: damaged at frame 1, byte 72: original length 4294967295, expected at most 134217728"},
		{"original length of a simple packet", slices.Concat(section, ngInterface(le, 1, 20), ngSimple(le, 1<<30, short)), 0,
			"test: damaged at frame 1, byte 56: original length 1073741824, expected at most 134217728"},
		{"simple packet without interface", slices.Concat(section, ngSimple(le, 20, short)), 0,
			"test: damaged at frame 1, byte 28: a simple packet, expected an interface description before it"},
		{"simple packet length", slices.Concat(section, iface, ngSimple(le, 1000, short)), 0,
			"test: damaged at frame 1, byte 56: original length 1000, expected at most 20, what the block holds"},
		{"option length", slices.Concat(section, iface, with(ngEnhanced(le, 0, 1, 20, short, ngOption(le, optComment, []byte("abcd"))), 48, 0xffff0001)), 0,
			"test: damaged at frame 1, byte 98: option length 65535, expected at most 8, what is left of the block"},
		{"time resolution", slices.Concat(section, ngInterface(le, 1, 0, ngOption(le, interfaceResolution, []byte{20}))), 0,
			"test: damaged at frame 1, byte 48: time resolution 0x14, expected at most 0x13 (10^-19 s), or 0x80 to 0xbf (2^-63 s)"},
		{"statistics of no interface", slices.Concat(section, ngBlock(le, blockStatistics, make([]byte, 12))), 0,
			"test: damaged at frame 1, byte 36: statistics of interface 0, expected one of the section's 0"},
		{"secrets length", slices.Concat(section, ngBlock(le, blockSecrets, append(le.AppendUint32(le.AppendUint32(nil, 1), 5), "abcd"...))), 0,
			"test: damaged at frame 1, byte 40: secrets length 5, expected at most 4, what the block holds"},

		{"snoop version", with(snoopHeader(4), 8, 0), 0,
			"test: damaged at frame 1, byte 8: snoop version 0, expected 2"},
		{"snoop included length", slices.Concat(snoopHeader(4), with(snoopRecord(1, 0, 20, short), 4, 0xffffffff)), 0,
			"test: damaged at frame 1, byte 20: included length 4294967295, expected at most 134217728"},
		{"snoop original length", slices.Concat(snoopHeader(4), with(snoopRecord(1, 0, 20, short), 0, 0xffffffff)), 0,
			"test: damaged at frame 1, byte 16: original length 4294967295, expected at most 134217728"},
		{"snoop record length", slices.Concat(snoopHeader(4), with(snoopRecord(1, 0, 20, short), 8, 0x10000000)), 0,
			"test: damaged at frame 1, byte 24: record length 16, expected 44 for 20 bytes of data and some padding"},
	} {
		_, frames, err := readBytes(t, c.file)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.name, err, c.want)
		}
		if len(frames) != c.frames {
			t.Errorf("%s: %d frames before it, want %d", c.name, len(frames), c.frames)
		}
		var damage *DamageError
		if !errors.As(err, &damage) {
			t.Errorf("%s: %T", c.name, err)
		}
	}
}

// A length that cannot be true costs no memory.
func TestHostileLengthAllocatesNothing(t *testing.T) {
	le := binary.LittleEndian
	for name, file := range map[string][]byte{
		"pcap": slices.Concat(pcapHeader(le, magicMicro, 0xffffffff, 1),
			le.AppendUint32(le.AppendUint32(make([]byte, 8), MaxFrameLen), 1), short),
		"pcapng": slices.Concat(ngSection(le), le.AppendUint32(le.AppendUint32(nil, blockEnhanced), maxBlockLen), short),
		"snoop": slices.Concat(snoopHeader(4), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(make([]byte, 4), 20), MaxFrameLen),
			make([]byte, 12), short),
	} {
		r, err := NewReader(bytes.NewReader(file), "test")
		if err != nil {
			t.Fatal(name, err)
		}
		var b Block
		var damage *DamageError
		if !r.Fill(&b, math.MaxUint64, func() {}) || !errors.As(b.Damage, &damage) {
			t.Errorf("%s: %v", name, b.Damage)
		}
		if len(b.memory) > 2*blockSize {
			t.Errorf("%s: the block grew to %d bytes", name, len(b.memory))
		}
	}
}

// Frames longer than a block of the reader.
func TestLongFrames(t *testing.T) {
	le := binary.LittleEndian
	long := bytes.Repeat([]byte("0123456789abcdef"), 262144/4)
	for name, file := range map[string][]byte{
		"pcap":   slices.Concat(pcapHeader(le, magicMicro, 262144, 1), pcapRecordOf(le, 1, 0, len(long), long), pcapRecordOf(le, 1, 0, 20, short)),
		"pcapng": slices.Concat(ngSection(le), ngInterface(le, 1, 0), ngEnhanced(le, 0, 1, len(long), long), ngEnhanced(le, 0, 1, 20, short)),
		"snoop":  slices.Concat(snoopHeader(4), snoopRecord(1, 0, len(long), long), snoopRecord(1, 0, 20, short)),
	} {
		_, frames, err := readBytes(t, file)
		if err != nil || len(frames) != 2 || !bytes.Equal(frames[0].Data, long) || !bytes.Equal(frames[1].Data, short) {
			t.Errorf("%s: %d frames, %v", name, len(frames), err)
		}
	}
}

func TestFCSLen(t *testing.T) {
	le := binary.LittleEndian
	const present = 1 << 26
	for link, want := range map[uint32]int{1: -1, 1 | present: 0, 1 | present | 2<<28: 4, 1 | 2<<28: -1} {
		r, frames, err := readBytes(t, slices.Concat(pcapHeader(le, magicMicro, 0, link), pcapRecordOf(le, 1, 0, 20, short)))
		if err != nil {
			t.Fatal(err)
		}
		if i := r.Interfaces()[0]; i.FCSLen != want || i.LinkType != LinkTypeEthernet || frames[0].FCSLen() != want {
			t.Errorf("link type field %#x: FCS %d bytes, link type %v, want %d", link, i.FCSLen, i.LinkType, want)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	erf := "\x00\x00\x00\x00\x00\x00\x00\x60\x02\x04\x00\x50\x00\x00\x00\x3c" + strings.Repeat("\x00\x01", 32)
	for _, c := range []struct{ content, want string }{
		{"", "an empty file"},
		{"\x7fELF\x02\x01\x01\x00\x00", "an ELF program or library"},
		{"%PDF-1.7\n", "a PDF document"},
		{"\x89PNG\r\n\x1a\n\x00", "a PNG image"},
		{"PK\x03\x04\x14\x00\x00\x00", "a zip archive"},
		{strings.Repeat("x", 257) + "ustar\x0000", "a tar archive"},
		{"<!DOCTYPE html>\n<html>", "an HTML page"},
		{"<?xml version=\"1.0\"?>", "an XML document"},
		{"\n [{\"a\": 1}]", "JSON"},
		{"#!/bin/sh\necho", "a script"},
		{"12:00:01.5 IP 10.0.0.1 > 10.0.0.2: ICMP écho", "text"},
		{erf, "an Endace ERF capture, which is not read"},
		{"\xde\xad\xbe\xef\x00\x01\x02\x03\x04", "it starts with the bytes de ad be ef 00 01 02 03"},
		{"\xd4\xc3", "it starts with the bytes d4 c3"},
		{string(snoopHeader(1)), "a snoop file of datalink type 1, which has no link type in pcap"},
	} {
		path := write("file", c.content)
		_, err := Open(path)
		if want := path + ": not a capture file: " + c.want; err == nil || err.Error() != want {
			t.Errorf("%q:\n got %v\nwant %s", c.content, err, want)
		}
	}

	if _, err := Open(dir); err == nil || err.Error() != dir+": not a capture file: a directory" {
		t.Error(err)
	}
	missing := filepath.Join(dir, "missing")
	if _, err := Open(missing); !errors.Is(err, os.ErrNotExist) || err.Error() != "open "+missing+": no such file or directory" {
		t.Error(err)
	}
}

func TestStandardInput(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, onePcap(), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func(stdin *os.File) { os.Stdin = stdin }(os.Stdin)
	os.Stdin = file
	r, err := Open("-")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if frames, err := readAll(r); err != nil || len(frames) != 1 || frames[0].Interface.File != "standard input" || r.Size() != int64(len(onePcap())) {
		t.Errorf("%d frames, %v", len(frames), err)
	}
}

// A failure of the operating system is not the file's damage, and what was read before it counts.
func TestReadError(t *testing.T) {
	le := binary.LittleEndian
	file := slices.Concat(pcapHeader(le, magicMicro, 65535, 1), pcapRecordOf(le, 1, 0, 20, short), short[:5])
	broken := syscall.EIO
	r, err := NewReader(io.MultiReader(bytes.NewReader(file), iotest.ErrReader(&os.PathError{Op: "read", Path: "disk.pcap", Err: broken})), "disk.pcap")
	if err != nil {
		t.Fatal(err)
	}
	frames, err := readAll(r)
	if len(frames) != 1 || !errors.Is(err, broken) || err.Error() != "disk.pcap: input/output error" {
		t.Errorf("%d frames, %v", len(frames), err)
	}
	if r.Fill(new(Block), math.MaxUint64, func() {}) {
		t.Error("something after the error")
	}
}

// Once the memory of a block is there, no more is needed, however the file is read.
func TestFillDoesNotAllocate(t *testing.T) {
	le := binary.LittleEndian
	frame := bytes.Repeat([]byte{1}, 100)
	const n, warm, blocks = 150_000, 12, 16
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it empties the pools of decompressors
	for name, file := range map[string][]byte{
		"pcap":   slices.Concat(pcapHeader(le, magicMicro, 65535, 1), bytes.Repeat(pcapRecordOf(le, 1, 0, 100, frame), n)),
		"pcapng": slices.Concat(ngSection(le), ngInterface(le, 1, 0), bytes.Repeat(ngEnhanced(le, 0, 1, 100, frame, ngOption(le, packetFlags, make([]byte, 4))), n)),
		"snoop":  slices.Concat(snoopHeader(4), bytes.Repeat(snoopRecord(1, 0, 100, frame), n)),
	} {
		for _, way := range []string{"pipe", "pieces", "merged", "gzip", "zstd", "lz4"} { // reading xz allocates, in the library
			var src Source
			if way == "merged" {
				var err error
				if src, err = OpenAll(writeFiles(t, file, file), Options{}); err != nil {
					t.Fatal(err)
				}
				defer src.Close()
			} else {
				read := file
				if compressors[way] != nil {
					read = compress(t, way, file)
				}
				r, err := NewReader(bytes.NewReader(read), "test")
				if err != nil {
					t.Fatal(err)
				}
				if src = r; way == "pieces" {
					r.inPieces(bytes.NewReader(file))
				}
			}
			var b Block
			inOrder := func() {}
			fill := func() {
				if !src.Fill(&b, math.MaxUint64, inOrder) || b.Damage != nil {
					t.Fatal(b.Damage)
				}
			}
			for range warm {
				fill()
			}
			if got := testing.AllocsPerRun(blocks, fill); got != 0 {
				t.Errorf("%s, %s: %v allocations a block", name, way, got)
			}
		}
	}
}

// However small the pieces are in which a file is read, it holds the same.
func FuzzReader(f *testing.F) {
	for _, s := range samples() {
		f.Add(s.file, uint16(16))
	}
	f.Fuzz(func(t *testing.T, file []byte, size uint16) {
		r, err := newReader(bytes.NewReader(file), "fuzz", 0, 64)
		if err != nil {
			return
		}
		defer r.Close()
		frames, err := readAll(r)
		for i, f := range frames {
			if f.Number != uint64(i+1) || f.WireLen < len(f.Data) || f.Interface == nil {
				t.Fatalf("%+v", f)
			}
		}
		if r.packed == "" && cap(r.left) > 2*len(file)+128 {
			t.Fatalf("%d bytes of memory for a file of %d", cap(r.left), len(file))
		}
		if r.Fill(new(Block), math.MaxUint64, func() {}) {
			t.Fatalf("something after %v", err)
		}
		if r.packed != "" {
			return
		}
		pieces, failed := newReader(bytes.NewReader(file), "fuzz", 0, max(1, int(size)))
		if failed != nil {
			t.Fatal(failed)
		}
		pieces.inPieces(bytes.NewReader(file))
		got, failed := readAll(pieces)
		if fmt.Sprint(failed) != fmt.Sprint(err) || !slices.Equal(showAll(got), showAll(frames)) {
			t.Fatalf("in pieces of %d bytes: %v\n got %q\nwant %v\n     %q", size, failed, showAll(got), err, showAll(frames))
		}
	})
}

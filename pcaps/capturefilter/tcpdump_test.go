package capturefilter_test

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pktscope/pcaps"
	"pktscope/pcaps/capturefilter"
)

//go:embed testdata/expressions.txt
var expressionsFile string

// expressions are those of the file, and so many there have to be at least.
func expressions(t testing.TB) (all []string) {
	for line := range strings.Lines(expressionsFile) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			all = append(all, line)
		}
	}
	if len(all) < 250 {
		t.Fatalf("there are %d expressions", len(all))
	}
	return all
}

func tcpdump(t testing.TB) string {
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed")
	}
	return path
}

// frame is what a filter sees of a frame.
type frame struct {
	data    []byte
	wireLen int
}

// corpus is all frames of the link type in the recordings that come with pktscope.
func corpus(t testing.TB, link pcaps.LinkType) (frames []frame) {
	files, err := filepath.Glob("../testdata/*.pcapng*")
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, file := range files {
		frames = append(frames, read(t, file, link)...)
	}
	return frames
}

// read is the frames of the link type in a file, as far as it is whole.
func read(t testing.TB, file string, link pcaps.LinkType) (frames []frame) {
	src, err := pcaps.OpenAll([]string{file}, pcaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	for f, err := range pcaps.Frames(src) {
		if err == nil && f.Interface.LinkType == link && len(f.Data) > 0 {
			frames = append(frames, frame{slices.Clone(f.Data), f.WireLen})
		}
	}
	return frames
}

// savefile is a pcap file of the frames. The time of a frame is its number.
func savefile(link pcaps.LinkType, frames []frame) []byte {
	var b bytes.Buffer
	le := binary.LittleEndian
	header := le.AppendUint32(nil, 0xa1b2c3d4)
	header = le.AppendUint16(header, 2)
	header = le.AppendUint16(header, 4)
	header = le.AppendUint64(header, 0)
	header = le.AppendUint32(header, 262144)
	b.Write(le.AppendUint32(header, uint32(link)))
	for i, f := range frames {
		record := le.AppendUint64(nil, uint64(i)) // s, µs
		record = le.AppendUint32(record, uint32(len(f.data)))
		b.Write(le.AppendUint32(record, uint32(f.wireLen)))
		b.Write(f.data)
	}
	return b.Bytes()
}

// selected is the numbers of the frames in a savefile.
func selected(t testing.TB, file []byte) (numbers []int) {
	le := binary.LittleEndian
	for file = file[24:]; len(file) > 0; {
		numbers = append(numbers, int(le.Uint64(file)))
		file = file[16+le.Uint32(file[8:]):]
	}
	return numbers
}

// TestTcpdumpReads compares with the frames that tcpdump selects from a file of all recordings.
func TestTcpdumpReads(t *testing.T) {
	path := tcpdump(t)
	frames := corpus(t, pcaps.LinkTypeEthernet)
	file := savefile(pcaps.LinkTypeEthernet, frames)
	matching := 0
	for _, e := range expressions(t) {
		f, err := capturefilter.Compile(e, capturefilter.Options{Link: uint16(pcaps.LinkTypeEthernet)})
		if err != nil {
			t.Errorf("%v", err)
			continue
		}
		var got []int
		for i, fr := range frames {
			if f.Match(fr.data, fr.wireLen) {
				got = append(got, i)
			}
		}
		var stderr strings.Builder
		cmd := exec.Command(path, "-r", "-", "-w", "-", "--", e)
		cmd.Stdin, cmd.Stderr = bytes.NewReader(file), &stderr
		out, err := cmd.Output()
		if err != nil {
			if strings.Contains(stderr.String(), "rejects all packets") && len(got) == 0 {
				continue
			}
			t.Errorf("%s: %v %s; we select %d", e, err, stderr.String(), len(got))
			continue
		}
		if want := selected(t, out); !slices.Equal(got, want) {
			t.Errorf("%s: %d frames, tcpdump has %d", e, len(got), len(want))
		} else if len(want) > 0 {
			matching++
		}
	}
	t.Logf("%d frames; %d expressions select some", len(frames), matching)
}

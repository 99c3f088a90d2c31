package capturefilter_test

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"os"
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

// corpus is all frames, by link type, of the recordings that come with pktscope, and of captures in $PKTSCOPE_SHARED (../shared) where that is there.
func corpus(t testing.TB) map[pcaps.LinkType][]frame {
	shared := os.Getenv("PKTSCOPE_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	files, err := filepath.Glob("../testdata/*.pcapng*")
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	others, err := filepath.Glob(filepath.Join(shared, "corpus", "*"))
	if err != nil {
		t.Fatal(err)
	}
	frames := map[pcaps.LinkType][]frame{}
	for _, file := range append(files, others...) {
		read(t, frames, file)
	}
	return frames
}

// read adds the frames of a file, as far as it is whole. Other files than captures have none.
func read(t testing.TB, frames map[pcaps.LinkType][]frame, file string) {
	src, err := pcaps.OpenAll([]string{file}, pcaps.Options{})
	if err != nil {
		return
	}
	defer src.Close()
	for f, err := range pcaps.Frames(src) {
		if err == nil && len(f.Data) > 0 {
			frames[f.Interface.LinkType] = append(frames[f.Interface.LinkType], frame{slices.Clone(f.Data), f.WireLen})
		}
	}
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
func selected(file []byte) (numbers []int) {
	le := binary.LittleEndian
	for file = file[24:]; len(file) > 0; {
		numbers = append(numbers, int(le.Uint64(file)))
		file = file[16+le.Uint32(file[8:]):]
	}
	return numbers
}

// TestTcpdumpReads compares with the frames that tcpdump selects from files of all recordings.
func TestTcpdumpReads(t *testing.T) {
	path := tcpdump(t)
	for link, frames := range corpus(t) {
		t.Run(link.String(), func(t *testing.T) {
			file := savefile(link, frames)
			all, matching, refused := expressions(t), 0, 0
			for _, e := range all {
				if optimizedAway(link, e) {
					continue
				}
				var stderr strings.Builder
				cmd := exec.Command(path, "-r", "-", "-w", "-", "--", e)
				cmd.Stdin, cmd.Stderr = bytes.NewReader(file), &stderr
				out, theirErr := cmd.Output()
				f, err := capturefilter.Compile(e, capturefilter.Options{Link: uint16(link)})
				if rejects := strings.Contains(stderr.String(), "rejects all packets"); err != nil || theirErr != nil && !rejects {
					refused++
					if err == nil || theirErr == nil || rejects {
						t.Errorf("%s:\ntcpdump: %v %s\nwe: %v", e, theirErr, stderr.String(), err)
					}
					continue
				}
				var got, want []int
				for i, fr := range frames {
					if f.Match(fr.data, fr.wireLen) {
						got = append(got, i)
					}
				}
				if theirErr == nil {
					want = selected(out)
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s: %d frames, tcpdump has %d", e, len(got), len(want))
				} else if len(want) > 0 {
					matching++
				}
			}
			t.Logf("%d frames; %d expressions, %d select some, %d refused", len(frames), len(all), matching, refused)
		})
	}
}

package pcaps

import (
	"encoding/binary"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// erfRecordOf is a record of ERF with n bytes of data behind its headers.
func erfRecordOf(seconds uint32, kind, flags byte, extensions []byte, wire, n int) []byte {
	b := make([]byte, erfHeaderLen, erfHeaderLen+len(extensions)+n)
	binary.LittleEndian.PutUint32(b[4:], seconds)
	b[8], b[9] = kind, flags
	binary.BigEndian.PutUint16(b[10:], uint16(cap(b)))
	binary.BigEndian.PutUint16(b[14:], uint16(wire))
	return append(append(b, extensions...), make([]byte, n)...)
}

func TestLooksERF(t *testing.T) {
	const now = 1_700_000_000
	ethernet := func(at uint32, wire int) []byte { return erfRecordOf(at, 2, 4, nil, wire, 2+wire) }
	extensions := make([]byte, 16)
	extensions[0] = erfMore | 3
	host := erfRecordOf(now, erfMore|27, 4, extensions, 24, 24)
	file := slices.Concat(ethernet(now, 60), ethernet(now, 1514), ethernet(now-1, 60), ethernet(now+100, 60))
	for _, c := range []struct {
		name string
		head []byte
		want bool
	}{
		{"four records", file, true},
		{"the first of them, and all that there is", file[:78], true},
		{"a file that is cut", file[:100], true},
		{"within the header of the second", file[:80], false},
		{"within the first", file[:77], false},
		{"within the header of the third", file[:78+1532+5], true},
		{"many", slices.Repeat(file[:78], 1000), true},
		{"extension headers", slices.Concat(host, erfRecordOf(now, erfMore|2, 4, extensions, 60, 62), ethernet(now, 60)), true},
		{"extension headers without an end", erfRecordOf(now, erfMore|2, 4, slices.Repeat([]byte{erfMore}, 16), 60, 0), false},
		{"a cut frame", slices.Concat(erfRecordOf(now, 2, 4, nil, 1514, 66), ethernet(now, 60)), true},
		{"fixed lengths", slices.Concat(erfRecordOf(now, 2, 0, nil, 60, 256), erfRecordOf(now, 2, 0, nil, 60, 256)), true},
		{"padding", slices.Concat(erfRecordOf(now, 48, 4, nil, 0, 32), ethernet(now, 60)), true},
		{"more data than the frame has", slices.Concat(erfRecordOf(now, 2, 4, nil, 60, 256), ethernet(now, 60)), false},
		{"a type that there is not", slices.Concat(ethernet(now, 60), erfRecordOf(now, 30, 4, nil, 60, 62)), false},
		{"too early", slices.Concat(ethernet(now, 60), ethernet(now-2, 60)), false},
		{"too late", slices.Concat(ethernet(now, 60), ethernet(now+32*86400, 60)), false},
		{"no length", slices.Concat(ethernet(now, 60), make([]byte, 100)), false},
		{"nothing", nil, false},
	} {
		if got := looksERF(c.head); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// What is random is called an ERF capture less than once in ten thousand times, however much of it there is.
func TestGarbageIsNotERF(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	lengths := rand.New(random)
	head := make([]byte, 70_000)
	random.Read(head)
	for _, most := range []int{40, 1000, len(head)} {
		const tries = 100_000
		called := 0
		for range tries {
			n := 16 + lengths.IntN(most-15)
			random.Read(head[:48])
			if length, _, ok := erfRecord(head[:n]); ok && length < n { // what comes behind is new, too
				random.Read(head[length:min(n, length+48)])
			}
			if looksERF(head[:n]) {
				called++
			}
		}
		if called > tries/10_000 {
			t.Errorf("%d of %d with up to %d bytes are", called, tries, most)
		}
	}
}

// What Wireshark writes is told.
func TestLooksERFOfWireshark(t *testing.T) {
	if _, err := exec.LookPath("text2pcap"); err != nil {
		t.Skip("text2pcap is not installed")
	}
	path := filepath.Join(t.TempDir(), "trace.erf")
	cmd := exec.Command("text2pcap", "-t", "%Y-%m-%d %H:%M:%S.", "-F", "erf", "-", path)
	var text strings.Builder
	for _, second := range []string{"01", "02", "59"} {
		text.WriteString("2024-01-01 00:00:" + second + ".5\n000000 02 00 00 00 00 01 02 00 00 00 00 02 08 00 45 00\n\n")
	}
	cmd.Stdin = strings.NewReader(text.String())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("%v: %s", err, out)
	}
	content, err := os.ReadFile(path)
	if err != nil || len(content) < 3*erfHeaderLen {
		t.Fatalf("%v, %d bytes", err, len(content))
	}
	if got := looks(content); got != "an Endace ERF capture, which is not read" {
		t.Errorf("%s", got)
	}
}

package capturefilter_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/bpf"

	"pktscope/pcaps"
	"pktscope/pcaps/capturefilter"
)

// compiled is what libpcap makes of an expression for a link type, as it calls it. Its optimizer moves loads around, so that frames which end inside
// their headers can be selected although the expression as it stands looks past their end: then optimize is false.
func compiled(t testing.TB, link, expression string, optimize bool) ([]bpf.RawInstruction, error) {
	t.Helper()
	path, err := exec.LookPath("tcpdump")
	if err != nil {
		t.Skip("tcpdump is not installed")
	}
	var stderr strings.Builder
	args := []string{"-ddd", "-y", link, "--", expression}
	if !optimize {
		args = append([]string{"-O"}, args...)
	}
	cmd := exec.Command(path, args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, stderr.String())
	}
	lines := strings.Fields(string(out))
	var code []bpf.RawInstruction
	for fields := range slices.Chunk(lines[1:], 4) {
		var v [4]int64
		for i, s := range fields {
			if v[i], err = strconv.ParseInt(s, 10, 64); err != nil {
				t.Fatal(err)
			}
		}
		code = append(code, bpf.RawInstruction{Op: uint16(v[0]), Jt: uint8(v[1]), Jf: uint8(v[2]), K: uint32(v[3])})
	}
	if lines[0] != strconv.Itoa(len(code)) {
		t.Fatalf("%d instructions of %s", len(code), lines[0])
	}
	return code, nil
}

// links are link types, how tcpdump calls them, and how a frame of Ethernet looks on them; nil if it cannot be on them.
var links = []struct {
	link uint16
	name string
	from func(ethernet []byte) []byte
}{
	{1, "EN10MB", func(b []byte) []byte { return b }},
	{113, "LINUX_SLL", func(b []byte) []byte {
		kind := b[12:14]
		if b[12] < 6 {
			kind = []byte{0, 4} // 802.2
		}
		return slices.Concat([]byte{0, b[11] & 7, 0, 1, 0, 6}, b[6:12], []byte{0, 0}, kind, b[14:])
	}},
	{276, "LINUX_SLL2", func(b []byte) []byte {
		return slices.Concat(b[12:14], []byte{0, 0, 0, 0, 0, b[11] & 3, 0, 1, b[10] & 7, 6}, b[6:12], []byte{0, 0}, b[14:])
	}},
	{101, "RAW", func(b []byte) []byte { return b[14:] }},
	{228, "IPV4", func(b []byte) []byte { return b[14:] }},
	{229, "IPV6", func(b []byte) []byte { return b[14:] }},
	{108, "LOOP", func(b []byte) []byte {
		if b[12] == 8 && b[13] == 0 {
			return slices.Concat([]byte{0, 0, 0, 2}, b[14:])
		}
		return slices.Concat([]byte{0, 0, 0, 7}, b[14:]) // that of IPv6 is the system's where there is no file
	}},
	{9, "PPP", onPPP},
	{50, "PPP_SERIAL", onPPP},
	{51, "PPP_ETHER", func(b []byte) []byte { return slices.Concat([]byte{0x11, 0, 0, 1, 0, 40}, onPPP(b)[2:]) }},
	{104, "C_HDLC", func(b []byte) []byte { return slices.Concat([]byte{0x0f, 0}, b[12:]) }},
	{107, "FRELAY", func(b []byte) []byte {
		nlpid := byte(0xcc) // IPv4
		if b[12] == 0x86 {
			nlpid = 0x8e // IPv6
		}
		return slices.Concat([]byte{0x18, 0x41, 3, nlpid}, b[14:])
	}},
}

// onPPP is a frame of Ethernet as PPP in HDLC-like framing.
func onPPP(b []byte) []byte {
	numbers := map[[2]byte][]byte{{8, 0}: {0, 0x21}, {0x86, 0xdd}: {0, 0x57}, {0x88, 0x47}: {2, 0x81}}
	number, ok := numbers[[2]byte(b[12:14])]
	if !ok {
		number = []byte{0, 0x31}
	}
	return slices.Concat([]byte{0xff, 3}, number, b[14:])
}

// sample is frames of the recordings, some of each, whole and with bytes changed; and such as end inside their headers, or are random.
func sample(t testing.TB, every int) (whole, cut [][]byte) {
	t.Helper()
	files, err := filepath.Glob("../testdata/*.pcapng*")
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, file := range files {
		src, err := pcaps.OpenAll([]string{file}, pcaps.Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := -1
		for f, err := range pcaps.Frames(src) {
			n++
			if err != nil || f.Interface.LinkType != pcaps.LinkTypeEthernet || len(f.Data) < 20 || n%every != 0 && n > 20 {
				continue
			}
			b := bytes.Clone(f.Data[:min(len(f.Data), 400)])
			changed := bytes.Clone(b)
			for range 1 + random.IntN(3) {
				changed[random.IntN(min(len(changed), 80))] = byte(random.IntN(256))
			}
			whole = append(whole, b)
			cut = append(cut, b[:20+random.IntN(len(b)-19)], changed)
		}
		src.Close()
	}
	for range 500 {
		b := make([]byte, 20+random.IntN(100))
		for i := range b {
			b[i] = byte(random.Uint32())
		}
		copy(b[12:], [][]byte{{8, 0, 0x45}, {0x86, 0xdd, 0x60}, {0x81, 0}, {0x88, 0x47}, {0, 40}, {8, 6}}[random.IntN(6)])
		cut = append(cut, b)
	}
	return whole, cut
}

// optimizedAway tells of the expression whose first half libpcap's optimizer takes out for IPv4 without a link layer, because ip is true of all
// frames; as it stands it rejects those that are too short for the first half.
func optimizedAway(link pcaps.LinkType, expression string) bool {
	return link == pcaps.LinkTypeIPv4 && expression == "ether[1000] = 0 or ip"
}

// TestProgramsOfLibpcap runs the programs that libpcap makes beside ours, on frames of each link type. Where libpcap refuses an expression for a
// link type, so do we.
func TestProgramsOfLibpcap(t *testing.T) {
	whole, cut := sample(t, 200)
	for number, l := range links {
		t.Run(l.name, func(t *testing.T) {
			all, refused, matched := expressions(t), 0, 0
			for n, e := range all {
				if n%len(links) != number && os.Getenv("PKTSCOPE_ALL_LINKS") == "" {
					continue // of 12 link types each has its share; with this variable all have all
				}
				if optimizedAway(pcaps.LinkType(l.link), e) {
					continue
				}
				f, err := capturefilter.Compile(e, capturefilter.Options{Link: l.link})
				some := false
				for _, optimize := range []bool{true, false} {
					theirs, theirErr := compiled(t, l.name, e, optimize)
					if theirErr != nil && strings.Contains(theirErr.Error(), "rejects all") {
						theirs, theirErr = []bpf.RawInstruction{{Op: 0x06}}, nil // return 0
					}
					if (err != nil) != (theirErr != nil) {
						t.Errorf("%s:\nlibpcap: %v\nwe: %v", e, theirErr, err)
					}
					if err != nil || theirErr != nil {
						refused++
						break
					}
					frames := whole
					if !optimize {
						frames = cut
					}
					for _, b := range frames {
						b = l.from(b)
						want := capturefilter.Run(theirs, b, uint32(len(b)+4)) != 0
						if got := f.Match(b, len(b)+4); got != want {
							t.Errorf("%s: we say %v of % x", e, got, b)
							break
						}
						some = some || want
					}
				}
				if some {
					matched++
				}
			}
			t.Logf("%d expressions: %d refused, %d select some of %d and %d frames", len(all), refused, matched, len(whole), len(cut))
		})
	}
}

// TestMachine compares our machine with that of golang.org/x/net/bpf.
func TestMachine(t *testing.T) {
	whole, cut := sample(t, 500)
	for _, e := range expressions(t) {
		f, err := capturefilter.Compile(e, capturefilter.Options{Link: 1})
		if err != nil {
			t.Fatal(err)
		}
		vm := machine(t, f)
		for _, b := range slices.Concat(whole, cut) {
			want, err := vm.Run(b)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Match(b, len(b)); got != (want != 0) {
				t.Fatalf("%s: %v, %d of % x", e, got, want, b)
			}
		}
	}
}

// machine is golang.org/x/net/bpf's for a filter, which proves its jumps and words.
func machine(t testing.TB, f *capturefilter.Filter) *bpf.VM {
	t.Helper()
	instructions, whole := bpf.Disassemble(f.Program())
	if !whole {
		t.Fatal("there are instructions that are none")
	}
	vm, err := bpf.NewVM(instructions)
	if err != nil {
		t.Fatal(err)
	}
	return vm
}

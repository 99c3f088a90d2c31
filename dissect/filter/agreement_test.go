package filter_test

import (
	"errors"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pktscope/dissect"
	"pktscope/dissect/filter"
	"pktscope/pcaps"
	"pktscope/reports"
)

var askTshark = flag.Bool("tshark", false, "ask tshark now which packets the filters mean, and show every capture that differs")

const agreementFile = "testdata/agreement.txt"

// TestAgreement holds filters to what tshark -Y selects in the captures of the shared corpus. The expected answer of a filter is the number
// of packets in all captures together and a hash of which they are; -tshark tells where an answer differs.
func TestAgreement(t *testing.T) {
	want, without := readAgreement(t)
	captures := sharedCaptures(t)
	var texts []string
	for _, a := range want {
		texts = append(texts, a.filter)
	}
	got := make([]answer, len(texts))
	real := make([]answer, len(texts))
	for i, text := range texts {
		got[i], real[i] = newAnswer(text), newAnswer(text)
	}
	for _, capture := range captures {
		if without[filepath.Base(capture)] {
			continue
		}
		mine := selects(t, capture, texts)
		var theirs [][]uint64
		if *askTshark || *update {
			theirs = tsharkSelects(t, capture, texts)
		}
		name := filepath.Base(capture)
		for i := range texts {
			got[i].add(name, mine[i])
			if theirs != nil {
				real[i].add(name, theirs[i])
				if !slices.Equal(mine[i], theirs[i]) {
					t.Errorf("%s of %s: packets %s, tshark has %s", texts[i], name, short(mine[i], theirs[i]), short(theirs[i], mine[i]))
				}
			}
		}
	}
	if *update {
		writeAgreement(t, real)
		return
	}
	for i := range want {
		if got[i].String() != want[i].String() {
			t.Errorf("%s: %d packets, want %d; go test -run Agreement -tshark tells where", want[i].filter, got[i].packets, want[i].packets)
		}
	}
}

// answer is what a filter selects in all captures.
type answer struct {
	filter  string
	packets int
	hash    uint64
}

func newAnswer(text string) answer { return answer{filter: text} }

func (a *answer) add(capture string, packets []uint64) {
	if len(packets) == 0 {
		return
	}
	h := fnv.New64a()
	fmt.Fprintln(h, capture, packets)
	a.packets += len(packets)
	a.hash += h.Sum64()
}

func (a answer) String() string { return fmt.Sprintf("%6d %016x %s", a.packets, a.hash, a.filter) }

// readAgreement returns the filters with their answers, and the captures that are left out.
func readAgreement(t *testing.T) (all []answer, without map[string]bool) {
	without = map[string]bool{}
	b, err := os.ReadFile(agreementFile)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "- "); ok {
			name, _, _ = strings.Cut(name, " ")
			without[name] = true
			continue
		}
		var a answer
		if n, err := fmt.Sscanf(line[:min(len(line), 23)], "%d %x", &a.packets, &a.hash); n != 2 || len(line) < 25 {
			t.Fatalf("%q: %v", line, err)
		}
		a.filter = line[24:]
		all = append(all, a)
	}
	return all, without
}

// writeAgreement puts answers into the file in place of those that are there.
func writeAgreement(t *testing.T, all []answer) {
	b, err := os.ReadFile(agreementFile)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for line := range strings.Lines(string(b)) {
		if line != "\n" && line[0] != '#' && line[0] != '-' {
			line = all[0].String() + "\n"
			all = all[1:]
		}
		out.WriteString(line)
	}
	if err := os.WriteFile(agreementFile, []byte(out.String()), 0o666); err != nil {
		t.Fatal(err)
	}
}

// sharedCaptures returns the paths of the captures that answers are known for.
func sharedCaptures(t *testing.T) (paths []string) {
	shared := os.Getenv("PKTSCOPE_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	b, err := os.ReadFile(filepath.Join(shared, "conformance/captures.txt"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("no captures at %s; PKTSCOPE_SHARED says where they are", shared)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.FieldsSeq(string(b)) {
		paths = append(paths, filepath.Join(shared, name))
	}
	return paths
}

// selected collects the numbers of the packets that filters mean.
type selected struct {
	filters []*filter.Filter
	numbers [][]uint64
}

func (s *selected) Packet(p *dissect.Packet) error {
	for i, f := range s.filters {
		if f.Match(p) {
			s.numbers[i] = append(s.numbers[i], p.Number)
		}
	}
	return nil
}

func selects(t *testing.T, capture string, texts []string) [][]uint64 {
	t.Helper()
	s := selected{numbers: make([][]uint64, len(texts))}
	for _, text := range texts {
		f, err := filter.Compile(text)
		if err != nil {
			t.Fatal(err)
		}
		s.filters = append(s.filters, f)
	}
	src, err := pcaps.OpenAll([]string{capture}, pcaps.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var damaged *reports.IncompleteError
	if err := reports.Read(src, reports.Options{Dissect: dissect.Options{Cookie: -1}}, &s); err != nil && !errors.As(err, &damaged) {
		t.Fatal(err)
	}
	return s.numbers
}

// taps asks all filters in one run: a tap for each, which is fed the packets that its filter means.
const taps = `
local i = 0
for filter in io.lines(os.getenv("PKTSCOPE_FILTERS")) do
  i = i + 1
  local nr = i
  local tap = Listener.new("frame", filter)
  function tap.packet(pinfo) print(nr .. "\t" .. pinfo.number) end
end
`

// tsharkSelects returns what tshark says that filters mean in a capture.
func tsharkSelects(t *testing.T, capture string, texts []string) [][]uint64 {
	t.Helper()
	dir := t.TempDir()
	script, list := filepath.Join(dir, "taps.lua"), filepath.Join(dir, "filters")
	if err := errors.Join(os.WriteFile(script, []byte(taps), 0o666), os.WriteFile(list, []byte(strings.Join(texts, "\n")+"\n"), 0o666)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("tshark", "-n", "-q", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
		"-o", "sctp.checksum:CRC 32c", "-d", "udp.port==8472,vxlan", "-X", "lua_script:"+script, "-r", capture)
	cmd.Env = append(os.Environ(), "PKTSCOPE_FILTERS="+list)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() != 2 { // 2: the capture is damaged
		t.Fatalf("%s: %v: %s", capture, err, exit.Stderr)
	}
	numbers := make([][]uint64, len(texts))
	for line := range strings.Lines(string(out)) {
		i, number, _ := strings.Cut(strings.TrimSpace(line), "\t")
		k, err := strconv.Atoi(i)
		n, err2 := strconv.ParseUint(number, 10, 64)
		if err := errors.Join(err, err2); err != nil {
			t.Fatalf("tshark printed %q", line)
		}
		numbers[k-1] = append(numbers[k-1], n)
	}
	return numbers
}

// short prints the packets that others do not have.
func short(numbers, others []uint64) string {
	var only []uint64
	for _, n := range numbers {
		if !slices.Contains(others, n) {
			only = append(only, n)
		}
	}
	more := ""
	if len(only) > 8 {
		only, more = only[:8], " …"
	}
	return fmt.Sprintf("%d, of which alone %v%s", len(numbers), only, more)
}

package pcaps

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// maxCorpus bounds everything in testdata, in bytes: it is in every clone, and a part of it in every pktscope.
const maxCorpus = 8 << 20

// Each recording is described as pcaps/lab/README.md asks for.
func TestRecordingsAreDescribed(t *testing.T) {
	for _, r := range Corpus() {
		switch {
		case !strings.HasPrefix(r.Text, "# "):
			t.Errorf("%s.md is missing, or does not begin with a heading", r.Name)
			continue
		case utf8.RuneCountInString(r.Title) > 100 || r.Title == "":
			t.Errorf("%s: the heading has %d characters", r.Name, utf8.RuneCountInString(r.Title))
		}
		for _, label := range []string{"Proves", "Truth"} {
			if r.Paragraph(label) == "" {
				t.Errorf("%s: no paragraph begins with %q", r.Name, label+": ")
			}
		}
		if r.MadeBy == "" {
			t.Errorf("%s: nothing says what made it", r.Name)
		}
		made := filepath.Join("lab", r.Lab+".sh")
		if strings.HasPrefix(r.Lab, "bench/") {
			made = filepath.Join("..", r.Lab)
		}
		if _, err := os.Stat(made); err != nil {
			t.Errorf("%s: what made it: %v", r.Name, err)
		}
		truth, err := os.ReadDir("testdata/truth/" + r.Name)
		if err != nil {
			t.Error(err)
		}
		for _, file := range truth {
			if !strings.HasPrefix(r.Lab, "bench/") && file.Name() != "made-by.txt" && !mentions(r.Paragraph("Truth"), file.Name()) {
				t.Errorf("%s: the paragraph on truth does not say what %s is", r.Name, file.Name())
			}
		}
	}
}

// mentions tells whether a text names a file in backquotes, or a pattern that means it.
func mentions(text, file string) bool {
	for i, name := range strings.Split(text, "`") {
		if ok, _ := filepath.Match(name, file); i%2 == 1 && ok {
			return true
		}
	}
	return false
}

// What is described is there, and nothing else is.
func TestNothingIsLeftOver(t *testing.T) {
	names := map[string]bool{}
	for _, r := range Corpus() {
		if names[r.Name] {
			t.Errorf("%s is there twice", r.Name)
		}
		names[r.Name] = true
	}
	for _, pattern := range []string{"testdata/*.md", "testdata/truth/*"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if name := strings.TrimSuffix(filepath.Base(file), ".md"); !names[name] && name != "MANIFEST" {
				t.Errorf("%s is about no recording", file)
			}
		}
	}
}

func TestSizeOfTheCorpus(t *testing.T) {
	var total int64
	err := filepath.WalkDir("testdata", func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil || total > maxCorpus {
		t.Errorf("%d bytes, at most %d are good for a repository; %v", total, maxCorpus, err)
	}
}

// Each recording is read to its end, by name and as the file that it is, in the order of time, and each of its capture points has a name.
func TestRecordings(t *testing.T) {
	for _, r := range Corpus() {
		src, err := OpenAll([]string{r.Path()}, Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		frames := 0
		for _, err := range Frames(src) {
			if err != nil {
				t.Error(err)
			}
			frames++
		}
		if frames == 0 || src.OutOfOrder() > 0 {
			t.Errorf("%s: %d frames, %d out of order", r.Name, frames, src.OutOfOrder())
		}
		if src.BytesRead() != src.Size() || src.Size() != int64(len(r.Bytes())) {
			t.Errorf("%s: %d bytes read of %d", r.Name, src.BytesRead(), src.Size())
		}
		var points []string
		for _, i := range src.Interfaces() {
			if i.Name == "" || slices.Contains(points, i.Name) || i.File != r.Path() {
				t.Errorf("%s: capture point %q of %s among %q", r.Name, i.Name, i.File, points)
			}
			points = append(points, i.Name)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
		if n, ok := wiresharkFrames(t, r); ok && n != frames {
			t.Errorf("%s: capinfos reads %d frames, we %d", r.Name, n, frames)
		}
	}
}

// wiresharkFrames is how many frames Wireshark's capinfos reads, if it is installed.
func wiresharkFrames(t *testing.T, r Recording) (n int, ok bool) {
	t.Helper()
	capinfos, err := exec.LookPath("capinfos")
	if err != nil {
		return 0, false
	}
	file, err := filepath.Abs(r.file)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(capinfos, "-Mrc", "-T", file).Output()
	if err != nil {
		t.Errorf("%s: %v", r.Name, err)
	}
	cells := strings.Fields(string(out))
	if len(cells) == 0 {
		return 0, false
	}
	n, err = strconv.Atoi(cells[len(cells)-1])
	if err != nil {
		t.Errorf("%s: capinfos says %q", r.Name, out)
	}
	return n, true
}

// A recording stands among other files, and is none of them.
func TestOpenCorpus(t *testing.T) {
	src, err := OpenAll([]string{"testdata/trill.pcapng", "corpus:trill"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	frames, err := readAll(src)
	if err != nil || len(frames) < 2*37 {
		t.Fatalf("%d frames, %v", len(frames), err)
	}
	for i := 0; i < 2*37; i += 2 {
		a, b := &frames[i], &frames[i+1]
		if a.Interface.File != "testdata/trill.pcapng" || b.Interface.File != "corpus:trill" || b.Interface.FileIndex != 1 || !bytes.Equal(a.Data, b.Data) {
			t.Fatalf("frame %d of %s, then one of %s", i, a.Interface.File, b.Interface.File)
		}
	}

	_, err = Open("corpus:nothing")
	var none *NoRecordingError
	if !errors.As(err, &none) || none.Name != "nothing" || err.Error() != "corpus:nothing: the corpus has no such recording" {
		t.Error(err)
	}
	if _, err := Open("./corpus:trill"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file: %v", err)
	}
}

func TestParagraph(t *testing.T) {
	r := Recording{Text: "# T\n\nNot Proves: this.\n\nProves: one\nand  two.\n\nTruth: `x`.\n"}
	if got := r.Paragraph("Proves"); got != "one and two." {
		t.Errorf("%q", got)
	}
	if got := r.Paragraph("Nothing"); got != "" {
		t.Errorf("%q", got)
	}
}

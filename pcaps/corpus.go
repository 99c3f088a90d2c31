package pcaps

import (
	"bytes"
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strings"
)

// The reference corpus: captures that real systems made in the labs of pcaps/lab, and a few generated ones. They are part of
// the program, so that everybody has them by name: "corpus:overlay" stands for a file wherever one is opened.

// corpusPrefix is what the names of recordings begin with where files are named.
const corpusPrefix = "corpus:"

//go:generate sh -c "go run ./lab/manifest >testdata/MANIFEST.new && mv testdata/MANIFEST.new testdata/MANIFEST.md"

//go:embed testdata/*.pcapng testdata/*.pcapng.zst testdata/*.md testdata/truth/*/made-by.txt
var corpusFiles embed.FS

// Recording is a capture of the reference corpus.
type Recording struct {
	Name   string // as in "corpus:NAME"
	Title  string // what it is, in a line
	Text   string // the scenario, in Markdown; Title is its heading
	Lab    string // what made it: a script of pcaps/lab, without ".sh", or a program of bench
	MadeBy string // the systems in it and their versions
	file   string // in corpusFiles
}

// Corpus returns the recordings by name.
func Corpus() (all []Recording) {
	entries, err := corpusFiles.ReadDir("testdata")
	if err != nil {
		panic(err) // it is part of the program
	}
	for _, e := range entries {
		if name, format, _ := CutEnding(e.Name()); format != "" {
			all = append(all, newRecording(name, "testdata/"+e.Name()))
		}
	}
	slices.SortFunc(all, func(a, b Recording) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// newRecording adds to the capture what is said about it. What is missing stays empty: a test finds it.
func newRecording(name, file string) Recording {
	r := Recording{Name: name, file: file}
	text, _ := fs.ReadFile(corpusFiles, "testdata/"+name+".md")
	r.Text = string(text)
	title, _, _ := strings.Cut(r.Text, "\n")
	r.Title = strings.TrimPrefix(title, "# ")
	madeBy, _ := fs.ReadFile(corpusFiles, "testdata/truth/"+name+"/made-by.txt")
	r.Lab, r.MadeBy, _ = strings.Cut(strings.TrimSpace(string(madeBy)), "\n")
	return r
}

// FindRecording returns the recording of that name. The error is a [*NoRecordingError] if there is none.
func FindRecording(name string) (Recording, error) {
	for _, r := range Corpus() {
		if r.Name == name {
			return r, nil
		}
	}
	return Recording{}, &NoRecordingError{name}
}

// Path is what opens the recording where files are named.
func (r Recording) Path() string { return corpusPrefix + r.Name }

// Bytes returns the capture file, compressed or not.
func (r Recording) Bytes() []byte {
	b, err := corpusFiles.ReadFile(r.file)
	if err != nil {
		panic(err) // it is part of the program
	}
	return b
}

// Paragraph returns the paragraph of the text that begins with the label and a colon, in one line and without both; empty if there is none.
func (r Recording) Paragraph(label string) string {
	for p := range strings.SplitSeq(r.Text, "\n\n") {
		if rest, ok := strings.CutPrefix(p, label+": "); ok {
			return strings.Join(strings.Fields(rest), " ")
		}
	}
	return ""
}

// open opens the recording as the index-th of several files.
func (r Recording) open(index, block int) (*Reader, error) {
	b := r.Bytes()
	reader, err := newReader(bytes.NewReader(b), r.Path(), index, block)
	if err != nil {
		return nil, err
	}
	reader.size = int64(len(b))
	return reader, nil
}

// NoRecordingError says that the reference corpus has no recording of a name.
type NoRecordingError struct {
	Name string
}

func (e *NoRecordingError) Error() string {
	return fmt.Sprintf("%s%s: the corpus has no such recording", corpusPrefix, e.Name)
}

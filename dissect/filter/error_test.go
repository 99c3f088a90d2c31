package filter_test

import (
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"pktscope/dissect/filter"
)

var update = flag.Bool("update", false, "write the expected answers anew")

func TestErrors(t *testing.T) {
	const file = "testdata/errors.txt"
	golden, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for line := range strings.Lines(string(golden)) {
		text, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "> ")
		switch {
		case ok:
			got.WriteString(line)
			got.WriteString(mistake(t, text) + "\n")
		case line == "\n" || line[0] == '#':
			got.WriteString(line)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		return
	}
	if got.String() != string(golden) {
		want := strings.Split(string(golden), "\n")
		for i, line := range strings.Split(got.String(), "\n") {
			if i >= len(want) || line != want[i] {
				t.Fatalf("line %d of %s is\n%s", i+1, file, line)
			}
		}
		t.Fatalf("%s goes on where it should end", file)
	}
}

func mistake(t *testing.T, text string) string {
	t.Helper()
	_, err := filter.Compile(text)
	var e *filter.Error
	if !errors.As(err, &e) {
		t.Errorf("%s: %v", text, err)
		return "none"
	}
	if e.Text != text || e.Pos < 0 || e.Pos > e.End || e.End > len(text) {
		t.Errorf("%s: the mistake is at %d to %d", text, e.Pos, e.End)
	}
	return err.Error()
}

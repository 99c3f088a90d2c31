// Package golden compares what tests get with archives that hold what they got before. It is for tests.
package golden

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
)

// Compare compares got with the archive of that name in testdata, or writes it there if update is set.
func Compare(t testing.TB, update bool, name string, got *txtar.Archive) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if update {
		if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(bytes.TrimSpace(want)), string(bytes.TrimSpace(txtar.Format(got)))); diff != "" {
		t.Errorf("%s (-want +got; -update accepts what is new):\n%s", path, diff)
	}
}

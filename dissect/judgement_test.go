package dissect

import (
	"os"
	"strings"
	"testing"
)

// The page on fields explains every word that pktscope judges with.
func TestFieldsPageHasAllJudgements(t *testing.T) {
	page, err := os.ReadFile("../docs/fields.md")
	if err != nil {
		t.Fatal(err)
	}
	explained := func(what, name string) {
		if !strings.Contains(string(page), "`"+name+"`") {
			t.Errorf("docs/fields.md does not explain the %s %s", what, name)
		}
	}
	for _, f := range judgement.Fields {
		if !strings.Contains(string(page), f.Name) {
			t.Errorf("docs/fields.md does not explain %s", f.Name)
		}
	}
	for _, a := range Anomalies() {
		explained("anomaly", a.String())
	}
	for _, name := range verdictNames[1:] {
		explained("verdict", name)
	}
	for _, name := range reasonNames[1:] {
		explained("reason", name)
	}
}

package main

import (
	"slices"
	"strings"
	"testing"

	"pktscope/docs"
	"pktscope/flows"
)

// The page on flows explains every field. Those of the reply direction are those of the original one, and what is counted of TCP in one
// direction is what is counted in both.
func TestFlowFieldsAreExplained(t *testing.T) {
	pages := docs.Pages()
	page := pages[slices.IndexFunc(pages, func(p docs.Page) bool { return p.Name == "flows" })].Text
	for _, f := range flows.Fields() {
		name := strings.Replace(f.Name, "reply.", "orig.", 1)
		whole := strings.TrimPrefix(name, "orig.")
		if !strings.Contains(page, "`"+name+"`") && !(flows.FieldByName(whole) != nil && strings.Contains(page, "`"+whole+"`")) {
			t.Errorf("docs/flows.md does not explain %s", f.Name)
		}
	}
}

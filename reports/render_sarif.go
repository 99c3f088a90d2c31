package reports

import (
	"bytes"
	"encoding/json"
	"io"
	"net/url"
	"strconv"
	"unicode/utf8"

	"pktscope/dissect"
)

// WriteSARIF prints findings in the Static Analysis Results Interchange Format (OASIS SARIF 2.1.0), which code-review and CI systems read. A
// finding's location is the capture file; frames, filter and count are among its properties.
func WriteSARIF(w io.Writer, all []Finding, version string) error {
	driver := sarifDriver{Name: "pktscope", Version: version}
	indexes := map[*FindingKind]int{}
	for i := range findingKinds {
		k := &findingKinds[i]
		indexes[k] = i
		driver.Rules = append(driver.Rules, sarifRule{ID: k.Name, Short: sarifText{k.Title}, Full: sarifText{k.Means}, Help: sarifText{k.Check},
			Configuration: sarifConfiguration{sarifLevels[k.Severity]}})
	}
	results := []sarifResult{}
	for i := range all {
		f := &all[i]
		r := sarifResult{Rule: f.Kind.Name, Index: indexes[f.Kind], Level: sarifLevels[f.Severity], Message: sarifText{f.What},
			Properties: sarifProperties{f.Count, f.Frames, f.Filter}}
		if r.Properties.Frames == nil {
			r.Properties.Frames = []uint64{}
		}
		place := sarifLocation{Logical: []sarifLogical{{f.Where, "resource"}}}
		if f.File != "" && f.File != "-" {
			place.Physical = &sarifPhysical{sarifArtifact{(&url.URL{Path: f.File}).String()}}
		}
		r.Locations = []sarifLocation{place}
		results = append(results, r)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{Tool: sarifTool{driver}, Results: results}}})
	if err != nil {
		return err
	}
	_, err = w.Write(escapeUnprintable(b.Bytes()))
	return err
}

// escapeUnprintable escapes what encoding/json leaves in strings although it is not printable: DEL, C1 control characters, and those that turn
// the direction of text. See [dissect.AppendJSONText].
func escapeUnprintable(b []byte) (out []byte) {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == '\n' || strconv.IsPrint(r) {
			out = append(out, b[:n]...)
		} else {
			text := dissect.AppendJSONText(nil, b[:n])
			out = append(out, text[1:len(text)-1]...)
		}
		b = b[n:]
	}
	return out
}

// sarifLevels are by severity.
var sarifLevels = [numSeverities]string{Info: "note", Warning: "warning", Critical: "error"}

type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool    sarifTool     `json:"tool"`
		Results []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name    string      `json:"name"`
		Version string      `json:"version"`
		Rules   []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID            string             `json:"id"`
		Short         sarifText          `json:"shortDescription"`
		Full          sarifText          `json:"fullDescription"`
		Help          sarifText          `json:"help"`
		Configuration sarifConfiguration `json:"defaultConfiguration"`
	}
	sarifText struct {
		Text string `json:"text"`
	}
	sarifConfiguration struct {
		Level string `json:"level"`
	}
	sarifResult struct {
		Rule       string          `json:"ruleId"`
		Index      int             `json:"ruleIndex"`
		Level      string          `json:"level"`
		Message    sarifText       `json:"message"`
		Locations  []sarifLocation `json:"locations"`
		Properties sarifProperties `json:"properties"`
	}
	sarifLocation struct {
		Physical *sarifPhysical `json:"physicalLocation,omitempty"`
		Logical  []sarifLogical `json:"logicalLocations"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
	}
	sarifArtifact struct {
		URI string `json:"uri"`
	}
	sarifLogical struct {
		Name string `json:"name"`
		Kind string `json:"kind"`
	}
	sarifProperties struct {
		Count  uint64   `json:"count"`
		Frames []uint64 `json:"frames"`
		Filter string   `json:"filter"`
	}
)

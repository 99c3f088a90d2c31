// Package pktscope_test holds what is true of the whole tree.
package pktscope_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// arrows are the imports between our packages that docs/architecture.md draws. Whatever is not here is not allowed: dissecting
// knows nothing of files, reading nothing of protocols.
var arrows = map[string][]string{
	"pcaps":          nil,
	"dissect":        nil,
	"dissect/filter": {"dissect", "internal/mistake"},
	"anonymize":      {"dissect"},
	"flows":          {"dissect", "dissect/filter", "internal/mulfold"}, // conditions on flows are in the language of filters
	"control":        {"dissect"},
	"ipfix":          {"flows"},
	"journeys":       {"dissect", "flows", "internal/mulfold", "reports"},
	"reports":        {"control", "dissect", "dissect/filter", "flows", "internal/mulfold", "pcaps", "reports/oui"},
	"reports/oui":    nil,
	"metrics":        {"live", "reports"},
	"screen":         {"dissect", "dissect/filter", "pcaps", "reports"},
	"live":           {"dissect", "dissect/filter", "flows", "pcaps", "reports"},
	"docs":           nil,
	"cmd/pktscope":   {"anonymize", "control", "dissect", "dissect/filter", "docs", "flows", "ipfix", "journeys", "live", "metrics", "pcaps", "pcaps/capturefilter", "reports", "screen"},

	// What makes captures for tests and benchmarks states the formats a second time and so must not look at dissect.
	"bench/generate":        {"internal/craft"},
	"bench/generated":       {"internal/craft"},
	"bench/peers":           nil, // runs pktscope as the others
	"bench/load":            {"internal/craft"},
	"bench/profile":         {"pcaps", "reports"},
	"bench/soak":            {"dissect", "pcaps"}, // finds the ports in recordings
	"internal/craft":        nil,
	"internal/mulfold":      nil,
	"internal/mistake":      nil,
	"internal/golden":       nil, // for tests
	"internal/netns":        nil, // for tests
	"internal/craft/oracle": nil,

	"pcaps/capturefilter": {"internal/mistake"}, // asked by link type and bytes alone: sockets have filters, too

	"pcaps/lab":          nil, // tests only
	"pcaps/lab/manifest": {"pcaps"},
}

// Packet libraries are for reading and writing files, for second opinions in tests, and to be measured: what dissects is our own.
var (
	packetLibraries  = []string{"github.com/google/gopacket", "github.com/gopacket/gopacket"}
	mayImportLibrary = []string{"pcaps", "bench/generated", "bench/peers", "internal/craft/oracle"}
)

func TestImports(t *testing.T) {
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, "pktscope/")
		if p.ImportPath == "pktscope" {
			continue
		}
		allowed, known := arrows[name]
		if !known {
			t.Errorf("%s is not in the picture", name)
		}
		for _, i := range p.Imports {
			if ours, ok := strings.CutPrefix(i, "pktscope/"); ok && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s, against the arrows", name, ours)
			}
			for _, library := range packetLibraries {
				if strings.HasPrefix(i, library) && !slices.Contains(mayImportLibrary, name) {
					t.Errorf("%s imports %s", name, i)
				}
			}
		}
	}
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) (all []pkg) {
	t.Helper()
	out, err := exec.Command("go", "list", "-pgo=off", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

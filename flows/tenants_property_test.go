package flows

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"pktscope/dissect"
)

// A drawnEntry is an entry of a random tenants file, in words of its own: the test says a second time what an entry means.
type drawnEntry struct {
	tenant    int
	iface     string    // or nothing
	untagged  bool      // vlan: untagged
	vlan      [][2]int  // outer and inner tag
	keys      []drawnID // at most one for each word
	stack     []int     // a whole stack of labels
	line      int
	yamlWords []string
}

type drawnID struct {
	word      string
	low, high int
}

var drawnKinds = map[string][]IdentifierKind{"vni": {VXLANVNI, GeneveVNI}, "gtp": {TEID}, "isid": {ISID}, "mpls": {Label}}

func drawEntry(r *rand.Rand, tenant int) (e drawnEntry) {
	e.tenant = tenant
	add := func(format string, args ...any) { e.yamlWords = append(e.yamlWords, fmt.Sprintf(format, args...)) }
	if r.IntN(3) == 0 {
		e.iface = []string{"a", "b"}[r.IntN(2)]
		add("interface: %s", e.iface)
	}
	switch r.IntN(6) {
	case 0:
		e.untagged = true
		add("vlan: untagged")
	case 1, 2:
		low := 1 + r.IntN(3)
		high := min(3, low+r.IntN(2))
		e.vlan = [][2]int{{low, high}}
		word := fmt.Sprintf("%d-%d", low, high)
		if r.IntN(2) == 0 {
			inner := 1 + r.IntN(3)
			e.vlan = append(e.vlan, [2]int{inner, inner})
			word += fmt.Sprintf(".%d", inner)
		}
		add(`vlan: "%s"`, word)
	}
	words := []string{"vni", "gtp", "isid", "mpls"}
	r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	n := r.IntN(3)
	if n == 0 && len(e.yamlWords) == 0 {
		n = 1
	}
	for _, word := range words[:n] {
		low := 1 + r.IntN(3)
		high := min(3, low+r.IntN(2))
		switch {
		case word != "mpls":
			e.keys = append(e.keys, drawnID{word, low, high})
			add("%s: %d-%d", word, low, high)
		case r.IntN(2) == 0:
			e.keys = append(e.keys, drawnID{word, low + 20, high + 20})
			add("mpls: %d-%d", low+20, high+20)
		default:
			e.stack = []int{20 + low, 20 + high}
			add("mpls: %d/%d", low+20, high+20)
		}
	}
	return e
}

// means tells whether the identifiers up to x are those of the entry, and x is the last that it looks at.
func (e *drawnEntry) means(iface string, path []Identifier, x int) bool {
	if e.iface != "" && e.iface != iface {
		return false
	}
	tags := 0
	for tags < len(path) && (path[tags].Kind == VLAN || path[tags].Kind == ServiceVLAN) {
		tags++
	}
	last := -1
	if e.untagged && tags > 0 || len(e.vlan) > tags {
		return false
	}
	for i, v := range e.vlan {
		if n := int(path[i].Number); n < v[0] || n > v[1] {
			return false
		}
		last = i
	}
	nearest := func(is func(i int) bool) int {
		for i := x; i >= 0; i-- {
			if is(i) {
				last = max(last, i)
				return i
			}
		}
		return -1
	}
	bottom := func(i int) bool {
		return path[i].Kind == Label && (i == len(path)-1 || path[i+1].Kind != Label)
	}
	for _, k := range e.keys {
		i := nearest(func(i int) bool {
			if k.word == "mpls" {
				return bottom(i)
			}
			for _, kind := range drawnKinds[k.word] {
				if path[i].Kind == kind {
					return true
				}
			}
			return false
		})
		if i < 0 || int(path[i].Number) < k.low || int(path[i].Number) > k.high {
			return false
		}
	}
	if e.stack != nil {
		i := nearest(bottom)
		if i < 1 || int(path[i].Number) != e.stack[1] || path[i-1].Kind != Label || int(path[i-1].Number) != e.stack[0] || i > 1 && path[i-2].Kind == Label {
			return false
		}
	}
	return last == x
}

func drawPath(r *rand.Rand) (path []Identifier) {
	for range r.IntN(3) {
		path = append(path, Identifier{Kind: []IdentifierKind{VLAN, ServiceVLAN}[r.IntN(2)], Number: uint32(1 + r.IntN(3))})
	}
	for range r.IntN(5) {
		id := Identifier{Kind: []IdentifierKind{VXLANVNI, GeneveVNI, TEID, ISID, Label, Label, Label, VLAN}[r.IntN(8)], Number: uint32(1 + r.IntN(3))}
		if id.Kind == Label {
			id.Number += 20
		}
		path = append(path, id)
	}
	return path
}

// TestTenantsProperty draws small files from few numbers, so that their entries often meet. What is found in a file has to be what a matcher
// finds that tries every entry at every place; no path may be two tenants'; and if a file is refused because two entries mean the same,
// there has to be a path that both mean.
func TestTenantsProperty(t *testing.T) {
	var read, refused int
	for seed := range uint64(1500) {
		r := rand.New(rand.NewPCG(seed, 7))
		var entries []drawnEntry
		var text strings.Builder
		text.WriteString("tenants:\n")
		line := 2 // of what comes next
		for tenant := 1; tenant <= 1+r.IntN(3); tenant++ {
			fmt.Fprintf(&text, "  t%d:\n", tenant)
			line++
			for range 1 + r.IntN(3) {
				e := drawEntry(r, tenant)
				e.line = line
				fmt.Fprintf(&text, "    - {%s}\n", strings.Join(e.yamlWords, ", "))
				line++
				entries = append(entries, e)
			}
		}
		tenants, err := ParseTenants("f", []byte(text.String()))
		if err != nil {
			refused++
			if err := witness(r, entries, err); err != nil {
				t.Fatalf("seed %d: %v\n%s", seed, err, text.String())
			}
			continue
		}
		read++
		for range 400 {
			iface, path := []string{"a", "b", "c"}[r.IntN(3)], drawPath(r)
			want, depth := naive(entries, iface, path)
			if len(want) > 1 {
				t.Fatalf("seed %d: %s at %s is in %d tenants\n%s", seed, Path(path), iface, len(want), text.String())
			}
			id, d, ok := tenants.Match(&dissect.Point{Name: iface}, path)
			if ok != (len(want) == 1) || ok && (!want[id] || d != depth) {
				t.Fatalf("seed %d: %s at %s is %s to depth %d (%v), want %v to depth %d\n%s", seed, Path(path), iface, id, d, ok, want, depth, text.String())
			}
		}
	}
	if read < 200 || refused < 200 {
		t.Errorf("%d files were read and %d refused: too few to say anything", read, refused)
	}
}

// naive returns all tenants that have an entry for the innermost identifier for which there is one.
func naive(entries []drawnEntry, iface string, path []Identifier) (found map[string]bool, depth int) {
	for x := len(path) - 1; x >= -1; x-- {
		for i := range entries {
			if entries[i].means(iface, path, x) {
				if found == nil {
					found = map[string]bool{}
				}
				found["t"+strconv.Itoa(entries[i].tenant)] = true
			}
		}
		if found != nil {
			return found, x + 1
		}
	}
	return nil, 0
}

var twoLines = regexp.MustCompile(`^f:(\d+): .* is in two tenants, .* \(line (\d+)\)`)

// witness looks for a path that the two entries of an error both mean.
func witness(r *rand.Rand, entries []drawnEntry, err error) error {
	m := twoLines.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	var two []*drawnEntry
	for _, s := range m[1:] {
		line, _ := strconv.Atoi(s)
		for i := range entries {
			if entries[i].line == line {
				two = append(two, &entries[i])
			}
		}
	}
	if len(two) != 2 || two[0].tenant == two[1].tenant {
		return errors.New("these are no lines of two tenants: " + err.Error())
	}
	for range 100_000 {
		path := pathOf(r, two)
		for _, iface := range []string{"a", "b"} {
			for x := -1; x < len(path); x++ {
				if two[0].means(iface, path, x) && two[1].means(iface, path, x) {
					return nil
				}
			}
		}
	}
	return errors.New("no path is both: " + err.Error())
}

// pathOf draws a path of the identifiers that entries name, in any order but that of tags and stacks.
func pathOf(r *rand.Rand, entries []*drawnEntry) (path []Identifier) {
	number := func(low, high int) uint32 { return uint32(low + r.IntN(high-low+1)) }
	tagged := entries[r.IntN(2)]
	for _, v := range tagged.vlan {
		path = append(path, Identifier{Kind: VLAN, Number: number(v[0], v[1])})
	}
	var parts []Path
	for _, e := range entries {
		if e.stack != nil {
			parts = append(parts, Path{{Kind: Label, Number: uint32(e.stack[0])}, {Kind: Label, Number: uint32(e.stack[1])}})
		}
		for _, k := range e.keys {
			parts = append(parts, Path{{Kind: drawnKinds[k.word][0], Number: number(k.low, k.high)}})
		}
	}
	r.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	for _, part := range parts[:r.IntN(len(parts)+1)] {
		path = append(path, part...)
	}
	return path
}

package flows

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"pktscope/dissect"
)

// Tenants are the names that a user gives to sets of identifiers, with a file that docs/tenants.md describes. They do not change once
// they are read, so that any number of goroutines may ask.
type Tenants struct {
	names    []string // by tenantID, less 1
	rules    []*rule  // in the file's order
	index    pointIndex
	ends     map[[2]netip.Addr]uint32 // of tunnels: the numbers that rules have for them
	prefixes prefixes
}

// tenantID numbers the tenants of a file from 1, in its order. 0 is none.
type tenantID uint32

// maxTenantsFile bounds the text that is read. A hundred thousand entries fit; a hostile file of this length takes seconds, not minutes.
const maxTenantsFile = 4 << 20

// ReadTenants reads a file. An error is one line that begins with the file's name, and its line if it has one.
func ReadTenants(file string) (*Tenants, error) {
	f, err := os.Open(file)
	var text []byte
	if err == nil {
		defer f.Close()
		text, err = io.ReadAll(io.LimitReader(f, maxTenantsFile+1))
	}
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, fmt.Errorf("%s: %w", file, e.Err)
	} else if err != nil {
		return nil, err
	}
	return ParseTenants(file, text)
}

// name is what the user calls a tenant; nothing for 0.
func (t *Tenants) name(id tenantID) string {
	if id == 0 {
		return ""
	}
	return t.names[id-1]
}

// Match tells whose the segment is that has this path of identifiers, outermost first, at a capture point. The innermost identifier that an
// entry of the file matches decides. It and what is further out stand for the tenant: these are the first steps of the path. What is further
// in are segments of the tenant's own.
func (t *Tenants) Match(point *dissect.Point, path Path) (tenant string, steps int, ok bool) {
	w := t.walk(path)
	name := pointName(point)
	for x := len(w.path) - 1; x >= -1; x-- {
		at := pathStep{}
		if x >= 0 {
			at = w.path[x]
		}
		var found tenantID
		t.index.each(name, at, func(r *rule) bool {
			if r.seesFile(point.File) && r.matches(&w, x) {
				found = r.tenant
			}
			return found == 0
		})
		if found != 0 {
			return t.name(found), x + 1, true
		}
	}
	return "", 0, false
}

// ByPrefix tells whose a flow is that no identifier names, by its two addresses. It is between tenants, and none's, if each of two
// has one of them.
func (t *Tenants) ByPrefix(a, b netip.Addr) (tenant string, between bool) {
	x, y := t.prefixes.find(a), t.prefixes.find(b)
	switch {
	case x == 0:
		return t.name(y), false
	case y == 0 || x == y:
		return t.name(x), false
	}
	return "", true
}

// pointName is how an entry of the file calls the interface of a capture point, which may have no name, only a number.
func pointName(p *dissect.Point) string {
	if p.Name == "" && p.Index >= 0 {
		return "#" + strconv.Itoa(p.Index)
	}
	return p.Name
}

// A pathStep is a step of a path as rules see it: an identifier whose number tells all. The zero step is outside of all of a path.
type pathStep struct {
	kind   IdentifierKind
	number uint32
}

// pathWalk is a path while rules are tried.
type pathWalk struct {
	path []pathStep
	tags [2]int // the tags outside of any tunnel are those from the first up to the second
}

func (t *Tenants) walk(path Path) (w pathWalk) {
	w.path = make([]pathStep, len(path))
	for i, id := range path {
		w.path[i] = pathStep{id.Kind, id.Number}
		if id.Kind == Tunnel {
			w.path[i].number = t.ends[ordered(id.Ends)] // 0 is the number of none
		}
	}
	n := 0
	if len(w.path) > 0 && w.path[0].kind == Interface {
		n = 1
	}
	w.tags[0] = n
	for n < len(w.path) && (w.path[n].kind == VLAN || w.path[n].kind == ServiceVLAN) {
		n++
	}
	w.tags[1] = n
	return w
}

// ordered returns the two ends of a tunnel, the lower one first, with no trace of how IPv4 was written.
func ordered(ends [2]netip.Addr) [2]netip.Addr {
	a, b := ends[0].Unmap(), ends[1].Unmap()
	if b.Less(a) {
		a, b = b, a
	}
	return [2]netip.Addr{a, b}
}

// A rule is an entry of the file: a packet whose capture point and path meet all of its conditions is the tenant's.
type rule struct {
	tenant     tenantID
	order      int      // in the file
	line       int      // where the entry begins
	interfaces []string // any of them; nil is every one
	files      []string
	conditions []condition // one for each key
}

// A condition is a key of an entry and what may follow it.
type condition struct {
	key      *tenantKey
	patterns []pattern // any of them
}

// A pattern is one value, or range of values, of a key.
type pattern struct {
	line  int
	text  string // as the file has it
	steps []step // of a stack of tags or labels one for each, outermost first; no tags if there are none
	whole bool   // a stack of labels has no others
}

// A step is what one identifier has to be, any of several things.
type step []run

// run is numbers that follow each other, of identifiers of one kind.
type run struct {
	kind      IdentifierKind
	low, high uint32
}

// holds tells whether the step is p.
func (s step) holds(p pathStep) bool {
	return slices.ContainsFunc(s, func(r run) bool { return r.kind == p.kind && r.low <= p.number && p.number <= r.high })
}

// overlap returns what one of the runs of s and one of those of other have in common.
func (s step) overlap(other step) (common run, ok bool) {
	for _, a := range s {
		for _, b := range other {
			if low, high := max(a.low, b.low), min(a.high, b.high); a.kind == b.kind && low <= high {
				return run{a.kind, low, high}, true
			}
		}
	}
	return common, false
}

// seesFile tells whether the rule means what was captured in a file that the user gave under this name.
func (r *rule) seesFile(file string) bool {
	return r.files == nil || slices.ContainsFunc(r.files, func(name string) bool { return name == file || name == filepath.Base(file) })
}

// matches tells whether the rule means the packets whose identifier x is the innermost that it looks at; -1 is none. A condition looks at
// the nearest identifier of its kinds from there outwards.
func (r *rule) matches(w *pathWalk, x int) bool {
	at := x == -1 // a condition has its identifier there
	for i := range r.conditions {
		holds, here := r.conditions[i].read(w, x)
		if !holds {
			return false
		}
		at = at || here
	}
	return at
}

// read tells whether the condition holds of a path up to identifier x, and whether x itself is what it reads.
func (c *condition) read(w *pathWalk, x int) (holds, here bool) {
	if c.key.shape == tagStack {
		for i := range c.patterns {
			if end, ok := c.patterns[i].tags(w); ok && end <= x {
				holds, here = true, here || end == x
			}
		}
		return holds, here
	}
	p := x
	for p >= 0 && !c.key.reads(w.path, p) {
		p--
	}
	if p < 0 {
		return false, false
	}
	return slices.ContainsFunc(c.patterns, func(n pattern) bool { return n.holds(w.path, p) }), p == x
}

// tags tells whether the outermost tags are those of the pattern, and where the last of these is.
func (n *pattern) tags(w *pathWalk) (last int, ok bool) {
	tags := w.path[w.tags[0]:w.tags[1]]
	if len(n.steps) == 0 {
		return -1, len(tags) == 0
	}
	if len(n.steps) > len(tags) {
		return 0, false
	}
	for i, s := range n.steps {
		if !s.holds(tags[i]) {
			return 0, false
		}
	}
	return w.tags[0] + len(n.steps) - 1, true
}

// holds tells whether the pattern's last step is step p, and its others are those before that.
func (n *pattern) holds(path []pathStep, p int) bool {
	first := p - len(n.steps) + 1
	if first < 0 || n.whole && first > 0 && path[first-1].kind == Label {
		return false
	}
	for i, s := range n.steps {
		if !s.holds(path[first+i]) {
			return false
		}
	}
	return true
}

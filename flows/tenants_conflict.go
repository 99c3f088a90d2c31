package flows

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// maxComparisons bounds how many pairs of entries are compared: about two seconds. Entries of different identifiers, or for different
// interfaces, are never compared.
const maxComparisons = 1 << 24

// conflicts looks for packets that would be two tenants': entries of both mean them, and the innermost identifier that each looks at is the
// same one.
func (p *tenantsParser) conflicts() error {
	compared := 0
	for _, r := range p.tenants.rules {
		var first *rule // the first in the file that conflicts with r
		for _, run := range r.innermost() {
			p.tenants.index.overlapping(r, run, func(other *rule) bool {
				compared++
				if other.tenant != r.tenant && other.order < r.order && (first == nil || other.order < first.order) {
					if _, ok := r.conflict(other); ok {
						first = other
					}
				}
				return compared <= maxComparisons
			})
		}
		if first != nil {
			c, _ := r.conflict(first)
			return p.twoTenants(c.line, c.what, first.tenant, c.otherLine, r.tenant, c.hint)
		}
		if compared > maxComparisons {
			return p.fail(r.line, "too many entries mean the same identifiers as this one to compare them all")
		}
	}
	return nil
}

// overlapping calls yield for the rules that may conflict with r because of identifiers in run, until it returns false.
func (x *pointIndex) overlapping(r *rule, run run, yield func(*rule) bool) {
	if r.interfaces == nil {
		x.all[run.kind].each(run.low, run.high, yield)
		return
	}
	for _, name := range r.interfaces {
		if !x.named[name][run.kind].each(run.low, run.high, yield) {
			return
		}
	}
	x.rest[run.kind].each(run.low, run.high, yield)
}

// A conflict is what two rules both mean.
type conflict struct {
	what      string
	line      int
	otherLine int
	hint      string
}

// conflict returns what r and other both mean.
func (r *rule) conflict(other *rule) (c conflict, ok bool) {
	if !intersect(r.interfaces, other.interfaces, equal) || !intersect(r.files, other.files, sameFile) {
		return c, false
	}
	c = conflict{what: r.point(other), line: r.line, otherLine: other.line}
	if !r.single() || !other.single() {
		c.hint = "; nothing in the two entries tells them apart"
	}
	anchors, others := r.anchors(), other.anchors()
	if anchors == nil || others == nil {
		return c, anchors == nil && others == nil && r.compatible(other, nil)
	}
	for _, a := range anchors {
		for _, b := range others {
			for i := range a.patterns {
				for k := range b.patterns {
					m, n := &a.patterns[i], &b.patterns[k]
					if what, ok := m.same(n, a.key); ok && r.compatible(other, a.key) {
						c.what, c.line, c.otherLine = what, m.line, n.line
						return c, true
					}
				}
			}
		}
	}
	return c, false
}

// single tells whether the rule has one key.
func (r *rule) single() bool {
	n := len(r.conditions)
	if r.interfaces != nil {
		n++
	}
	if r.files != nil {
		n++
	}
	return n == 1
}

// point is the first capture point of r that is one of other, too, in a message.
func (r *rule) point(other *rule) string {
	first := func(names, others []string, same func(a, b string) bool) string {
		i := slices.IndexFunc(names, func(name string) bool { return intersect([]string{name}, others, same) })
		return show(names[i])
	}
	switch {
	case r.interfaces != nil:
		return interfaceKey.name + " " + first(r.interfaces, other.interfaces, equal)
	case r.files != nil:
		return fileName + " " + first(r.files, other.files, sameFile)
	}
	return "untagged traffic"
}

// compatible tells whether one path can meet the conditions of both rules. A condition of one whose key the other does not have can always
// be met: by an identifier further out. The key of the identifier that is innermost in both was looked at already.
func (r *rule) compatible(other *rule, but *tenantKey) bool {
	for i := range r.conditions {
		a := &r.conditions[i]
		for k := range other.conditions {
			b := &other.conditions[k]
			if a.key == b.key && a.key != but && !a.compatible(b) {
				return false
			}
		}
	}
	return true
}

func (c *condition) compatible(other *condition) bool {
	for i := range c.patterns {
		for k := range other.patterns {
			if c.patterns[i].compatible(&other.patterns[k], c.key) {
				return true
			}
		}
	}
	return false
}

// compatible tells whether a path can hold both patterns of a key.
func (n *pattern) compatible(other *pattern, key *tenantKey) bool {
	if key.shape != tagStack {
		_, ok := n.same(other, key)
		return ok
	}
	if (len(n.steps) == 0) != (len(other.steps) == 0) {
		return false
	}
	for i := range min(len(n.steps), len(other.steps)) {
		if _, ok := n.steps[i].overlap(other.steps[i]); !ok {
			return false
		}
	}
	return true
}

// same tells whether both patterns can be met because of the same identifier, and names it.
func (n *pattern) same(other *pattern, key *tenantKey) (what string, ok bool) {
	a, b := n.steps, other.steps
	if key.shape == tagStack && len(a) != len(b) || n.whole && other.whole && len(a) != len(b) {
		return "", false
	}
	name := key.name
	var common []string
	for len(a) > 0 && len(b) > 0 {
		r, ok := a[len(a)-1].overlap(b[len(b)-1])
		if !ok {
			return "", false
		}
		if r.kind == GREKey {
			name = "gre.key" // vsid looks at it, too
		}
		common = append(common, r.text(key))
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	slices.Reverse(common)
	what = strings.Join(common, map[shape]string{tagStack: ".", labelStack: "/"}[key.shape])
	if key == endpointsKey {
		what = n.text
	}
	return name + " " + what, true
}

// text is the numbers of the run as the key has them.
func (r run) text(key *tenantKey) string {
	number := func(n uint32) string {
		if id := (Identifier{Kind: r.kind, Number: n}).number(); key.shape == single {
			return id
		}
		return fmt.Sprint(n)
	}
	if r.low == r.high {
		return number(r.low)
	}
	return number(r.low) + "-" + number(r.high)
}

func equal(a, b string) bool { return a == b }

// sameFile tells whether two names that entries have for files may mean the same one.
func sameFile(a, b string) bool { return a == b || a == filepath.Base(b) || b == filepath.Base(a) }

// intersect tells whether two conditions on the capture point can hold together; nil is no condition.
func intersect(a, b []string, same func(a, b string) bool) bool {
	return a == nil || b == nil || slices.ContainsFunc(a, func(x string) bool {
		return slices.ContainsFunc(b, func(y string) bool { return same(x, y) })
	})
}

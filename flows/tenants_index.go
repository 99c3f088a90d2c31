package flows

import (
	"cmp"
	"slices"
)

// pointIndex finds the rules that may have an identifier as their innermost, by the name of the interface that they are for. Files with a
// hundred thousand entries, most of them of a VLAN at an interface, are looked through in no time.
type pointIndex struct {
	named map[string]*kindIndex // rules for interfaces with names
	rest  kindIndex             // rules for all interfaces
	all   kindIndex
}

type kindIndex [numKinds]runIndex

func newPointIndex(rules []*rule) (x pointIndex) {
	x.named = map[string]*kindIndex{}
	for _, r := range rules {
		for _, run := range r.innermost() {
			x.all[run.kind] = append(x.all[run.kind], indexedRun{run: run, rule: r})
			if r.interfaces == nil {
				x.rest[run.kind] = append(x.rest[run.kind], indexedRun{run: run, rule: r})
			}
			for _, name := range r.interfaces {
				k := x.named[name]
				if k == nil {
					k = new(kindIndex)
					x.named[name] = k
				}
				k[run.kind] = append(k[run.kind], indexedRun{run: run, rule: r})
			}
		}
	}
	x.all.sort()
	x.rest.sort()
	for _, k := range x.named {
		k.sort()
	}
	return x
}

// each calls yield for the rules that may have p as their innermost identifier at an interface, until it returns false.
func (x *pointIndex) each(name string, p pathStep, yield func(*rule) bool) {
	if k := x.named[name]; k != nil && !k[p.kind].each(p.number, p.number, yield) {
		return
	}
	x.rest[p.kind].each(p.number, p.number, yield)
}

// innermost returns the identifiers of which a packet can have one as the innermost that the rule looks at: those in tunnels, or else
// the last tag, or else the interface's number. The zero run is for a rule that looks at none.
func (r *rule) innermost() (runs []run) {
	for _, c := range r.anchors() {
		for _, n := range c.patterns {
			runs = append(runs, n.steps[len(n.steps)-1]...)
		}
	}
	if runs == nil {
		return []run{{}}
	}
	return runs
}

// anchors returns the conditions that those identifiers meet.
func (r *rule) anchors() (found []*condition) {
	for _, outer := range []func(*tenantKey) bool{
		func(k *tenantKey) bool { return k.shape != tagStack && k != interfaceKey },
		func(k *tenantKey) bool { return k.shape == tagStack },
		func(k *tenantKey) bool { return k == interfaceKey },
	} {
		for i := range r.conditions {
			if c := &r.conditions[i]; outer(c.key) && len(c.patterns[0].steps) > 0 {
				found = append(found, c)
			}
		}
		if found != nil {
			return found
		}
	}
	return nil
}

// runIndex is runs by their low ends: a balanced tree, each element the root of what is to its sides.
type runIndex []indexedRun

type indexedRun struct {
	run
	rule *rule
	most uint32 // the greatest high end in the subtree
}

func (k *kindIndex) sort() {
	for i := range k {
		slices.SortStableFunc(k[i], func(a, b indexedRun) int { return cmp.Compare(a.low, b.low) })
		k[i].measure()
	}
}

func (x runIndex) measure() (most uint32) {
	if len(x) == 0 {
		return 0
	}
	m := len(x) / 2
	x[m].most = max(x[m].high, x[:m].measure(), x[m+1:].measure())
	return x[m].most
}

// each calls yield for the rules of runs that have a number from low to high, until it returns false.
func (x runIndex) each(low, high uint32, yield func(*rule) bool) bool {
	if len(x) == 0 {
		return true
	}
	m := len(x) / 2
	r := &x[m]
	if r.most < low {
		return true
	}
	if !x[:m].each(low, high, yield) {
		return false
	}
	if r.low > high {
		return true
	}
	if r.high >= low && !yield(r.rule) {
		return false
	}
	return x[m+1:].each(low, high, yield)
}

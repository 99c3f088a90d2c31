package filter

import (
	"iter"
	"slices"
	"strings"

	"pktscope/dissect"
)

// unknown ends compiling because the word t should be a field or a protocol and is none.
func (t token) unknown() {
	var hint string
	if before, after, ok := strings.Cut(t.text, "-"); ok && new(reference).resolve(before) {
		hint = "a minus needs spaces around it: " + before + " - " + after
	} else if s := suggest(t.text); s != "" {
		hint = "did you mean " + s + "?"
	}
	t.failHint(hint, "%s is not a field or protocol", quote(t.text))
}

// suggest returns the name that was probably meant: one of the same letters in another case, one that ends like it (vni is vxlan.vni),
// or one that is little different.
func suggest(text string) string {
	name := strings.TrimPrefix(text, ".")
	prefix := ""
	for _, p := range []string{"inner.", "outer."} {
		if rest, ok := strings.CutPrefix(name, p); ok {
			prefix, name = p, rest
		}
	}
	var ending []string
	for n := range names() {
		if strings.EqualFold(n, name) {
			return prefix + n
		}
		if strings.HasSuffix(n, "."+name) {
			ending = append(ending, n)
		}
	}
	if len(ending) > 0 {
		return prefix + slices.MinFunc(ending, func(a, b string) int {
			if d := len(a) - len(b); d != 0 {
				return d
			}
			return strings.Compare(a, b)
		})
	}
	if n := dissect.Nearest(name, names()); n != "" {
		return prefix + n
	}
	return ""
}

// names are all that a filter can name.
func names() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, p := range dissect.Protocols() {
			if !yield(p.Name) {
				return
			}
		}
		for _, f := range dissect.Fields() {
			for _, n := range append([]string{f.Name}, f.Either...) {
				if !yield(n) {
					return
				}
			}
		}
	}
}

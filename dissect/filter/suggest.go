package filter

import (
	"slices"
	"strings"

	"pktscope/dissect"
	"pktscope/internal/mistake"
)

// unknown ends compiling because the word should be a name and is none.
func (l *literal) unknown() {
	var hint string
	if before, after, ok := strings.Cut(l.text, "-"); ok && l.words.resolve(new(reference), before) {
		hint = "a minus needs spaces around it: " + before + " - " + after
	} else if s := l.words.suggest(l.text); s != "" {
		hint = "did you mean " + s + "?"
	}
	l.failHint(hint, "%s is not %s", mistake.Quote(l.text), l.words.what)
}

// suggest returns the name that was probably meant: one of the same letters in another case, one that ends like it (vni is vxlan.vni),
// or one that is little different.
func (w *vocabulary) suggest(text string) string {
	name := strings.TrimPrefix(text, ".")
	prefix := ""
	for _, p := range []string{"inner.", "outer."} {
		if rest, ok := strings.CutPrefix(name, p); ok && w.layers {
			prefix, name = p, rest
		}
	}
	var ending []string
	for n := range w.names() {
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
	if n := dissect.Nearest(name, w.names()); n != "" {
		return prefix + n
	}
	return ""
}

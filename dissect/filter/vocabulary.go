package filter

import (
	"iter"
	"strings"

	"pktscope/dissect"
)

// A vocabulary is the names that a filter can have for what its subjects are made of.
type vocabulary struct {
	what   string // the kind of thing that has a name, with its article
	layers bool   // subjects have layers, of which "#", "outer." and "inner." choose some
	names  func() iter.Seq[string]
	find   func(r *reference, name string) bool // says in r what the name means
}

// resolve says in r what a word means. A dot before it says that it is a name and not a value; "outer." and "inner." are short for the first
// layer and the last. It is not ok for a word that is no name.
func (w *vocabulary) resolve(r *reference, name string) bool {
	r.name = name
	name = strings.TrimPrefix(name, ".")
	if rest, ok := strings.CutPrefix(name, "inner."); ok && w.layers {
		name, r.edge, r.layers = rest, true, []extent{{from: -1, count: 1}}
	} else if rest, ok := strings.CutPrefix(name, "outer."); ok && w.layers {
		name, r.edge, r.layers = rest, true, []extent{{from: 1, count: 1}}
	}
	return w.find(r, name)
}

// packetWords are the names of fields and protocols.
var packetWords = vocabulary{what: "a field or protocol", layers: true, names: packetNames, find: findPacketName}

func findPacketName(r *reference, name string) bool {
	if r.fields = dissect.FieldsNamed(name); r.fields != nil {
		r.typ = typOfKind[r.fields[0].Kind]
		return true
	}
	for _, n := range []string{name, kin[name]} {
		if p := dissect.ByName(n); p != nil {
			r.protocols, r.typ = append(r.protocols, p), protocol
		}
	}
	return r.protocols != nil
}

// kin are protocols that the name of another means, too, as in Wireshark: their fields have its name.
var kin = map[string]string{"vxlan": "vxlan_gpe"}

// packetNames are all that a filter can name.
func packetNames() iter.Seq[string] {
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

package dissect

import (
	"fmt"
	"iter"
	"maps"
)

// FindFields is [FieldsNamed], with an error that suggests a name for one that is not known.
func FindFields(name string) ([]*Field, error) {
	if found := fieldsByName[name]; found != nil {
		return found, nil
	}
	return nil, unknown("field", name, maps.Keys(fieldsByName))
}

// FindProtocol is [ByName], with an error that suggests a name for one that is not known.
func FindProtocol(name string) (*Protocol, error) {
	if p := protocolsByName[name]; p != nil {
		return p, nil
	}
	return nil, unknown("protocol", name, maps.Keys(protocolsByName))
}

// unknown is the error for a name that is none of those that there are.
func unknown(what, name string, names iter.Seq[string]) error {
	if s := Nearest(name, names); s != "" {
		return fmt.Errorf("%q is not a %s; did you mean %s?", name, what, s)
	}
	return fmt.Errorf("%q is not a %s; 'pktscope fields' lists what there is", name, what)
}

// Nearest returns the name that is reached with the fewest changes, the first in the alphabet of several; none if too much would
// have to change for it to have been meant.
func Nearest(name string, names iter.Seq[string]) (best string) {
	const most = 60 // letters; a longer name is no typing error
	if len(name) > most {
		return ""
	}
	fewest := max(1, len(name)/3) + 1
	for n := range names {
		if d := distance(name, n); d < fewest || d == fewest && best != "" && n < best {
			best, fewest = n, d
		}
	}
	return best
}

// distance is the least number of letters to insert, delete, replace or swap with their neighbour that turn a into b (the
// optimal string alignment distance).
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

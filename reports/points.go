package reports

import (
	"path/filepath"
	"strconv"

	"pktscope/dissect"
)

// pointNames says how capture points are called in a table: by the interface, and by the file, too, where there are several: without its
// folder, unless there are files of the same name in others. All points of the table have to be seen before the first is named.
type pointNames struct {
	files map[string]string // by their names without folders
	alike bool
}

func (n *pointNames) see(p *dissect.Point) {
	base := filepath.Base(p.File)
	switch other, seen := n.files[base]; {
	case n.files == nil:
		n.files = map[string]string{base: p.File}
	case !seen:
		n.files[base] = p.File
	case other != p.File:
		n.alike = true
	}
}

func (n *pointNames) of(p *dissect.Point) string {
	name := p.Name
	if name == "" && p.Index >= 0 {
		name = "#" + strconv.Itoa(p.Index)
	}
	file := filepath.Base(p.File)
	if n.alike {
		file = p.File
	}
	switch {
	case name == "":
		return file
	case n.alike || len(n.files) > 1:
		return file + ":" + name
	}
	return name
}

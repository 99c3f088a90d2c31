package reports

import (
	"path/filepath"
	"strconv"

	"pktscope/dissect"
)

// pointNames says how capture points are called in a table: by the interface, and by the file, too, where there are several. All points of
// the table have to be seen before the first is named.
type pointNames struct {
	file    string
	several bool
}

func (n *pointNames) see(p *dissect.Point) {
	if n.file == "" {
		n.file = p.File
	}
	n.several = n.several || p.File != n.file
}

func (n *pointNames) of(p *dissect.Point) string {
	name := p.Name
	if name == "" && p.Index >= 0 {
		name = "#" + strconv.Itoa(p.Index)
	}
	switch {
	case name == "" && n.several:
		return p.File
	case name == "":
		return filepath.Base(p.File)
	case n.several:
		return p.File + ":" + name
	}
	return name
}

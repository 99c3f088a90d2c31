package dissect

// Extractor reads chosen fields out of packets, every occurrence in packet order, as "tshark -T fields -E occurrence=a" does.
type Extractor struct {
	wants    []bool    // by field index
	wanted   [256]bool // by protocol
	everyone bool      // a field is wanted that any layer may have
	cells    [][]byte
	column   []int16 // by field index: the column of a field that stands in one
	shared   map[*Field][]int
}

// NewExtractor returns one for the named fields, which become columns. A name that is no field is an error.
func NewExtractor(names []string) (*Extractor, error) {
	x := &Extractor{
		wants:  make([]bool, len(fields)),
		column: make([]int16, len(fields)),
		cells:  make([][]byte, len(names)),
		shared: map[*Field][]int{},
	}
	for column, name := range names {
		found, err := FindFields(name)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			x.shared[f] = append(x.shared[f], column)
			x.wants[f.index] = true
			x.wanted[f.owner] = true
		}
	}
	for f, columns := range x.shared {
		x.column[f.index] = int16(columns[0])
		x.everyone = x.everyone || f.owner == judgement.ID
		if len(columns) == 1 {
			delete(x.shared, f)
		}
	}
	return x, nil
}

// Extract returns the cells of packet p, one for each name: values joined by commas. They are good until the next call.
func (x *Extractor) Extract(p *Packet) [][]byte {
	for i := range x.cells {
		x.cells[i] = x.cells[i][:0]
	}
	for i := range p.Layers {
		if x.wanted[p.Layers[i].Protocol] || x.everyone {
			p.values(i, x.wants, x.add)
		}
	}
	return x.cells
}

func (x *Extractor) add(v Value) bool {
	if columns := x.shared[v.Field]; columns != nil {
		for _, c := range columns {
			x.append(c, v)
		}
		return true
	}
	x.append(int(x.column[v.Field.index]), v)
	return true
}

func (x *Extractor) append(column int, v Value) {
	cell := x.cells[column]
	if len(cell) > 0 {
		cell = append(cell, ',')
	}
	x.cells[column] = v.AppendText(cell)
}

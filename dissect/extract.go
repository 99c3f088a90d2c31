package dissect

// Extractor reads chosen fields out of packets, every occurrence in packet order, as "tshark -T fields -E occurrence=a" does.
type Extractor struct {
	columns [][]int // by field index: where its values go
	cells   [][]byte
	walker  *Walker
}

// NewExtractor returns one for the named fields, which become columns. A name that is no field is an error.
func NewExtractor(names []string) (*Extractor, error) {
	x := &Extractor{columns: make([][]int, len(fields)), cells: make([][]byte, len(names))}
	wants := make([]bool, len(fields))
	for column, name := range names {
		found, err := FindFields(name)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			x.columns[f.index] = append(x.columns[f.index], column)
			wants[f.index] = true
		}
	}
	x.walker = NewWalker(wants, x.add)
	return x, nil
}

// NeedsChecksums tells whether a column depends on [Packet.Verify].
func (x *Extractor) NeedsChecksums() bool {
	for _, p := range all {
		if x.walker.plans[p.ID].judge {
			return true
		}
	}
	return false
}

// NeedsOwner tells whether a column depends on whose packets are, see [Field.Owned].
func (x *Extractor) NeedsOwner() bool {
	return len(x.columns[fieldSegment.index])+len(x.columns[fieldTenant.index]) > 0
}

// Relative tells whether a column depends on where conversations start, see [Field.Relative].
func (x *Extractor) Relative() bool {
	for _, f := range fields {
		if len(x.columns[f.index]) > 0 && f.Relative() {
			return true
		}
	}
	return false
}

// Extract returns the cells of packet p, one for each name: values joined by commas. They are good until the next call.
func (x *Extractor) Extract(p *Packet) [][]byte {
	for i := range x.cells {
		x.cells[i] = x.cells[i][:0]
	}
	for i := range p.Layers {
		x.walker.Visit(p, i)
	}
	return x.cells
}

func (x *Extractor) add(v Value) bool {
	for _, c := range x.columns[v.Field.index] {
		cell := x.cells[c]
		if len(cell) > 0 {
			cell = append(cell, ',')
		}
		x.cells[c] = v.AppendText(cell)
	}
	return true
}

package dissect

// Extractor reads chosen fields out of packets, every occurrence in packet order, as "tshark -T fields -E occurrence=a" does.
type Extractor struct {
	columns [][]int // by field index: where its values go
	cells   [][]byte
	rows    [256][]extracted // by protocol: what is read out of the header
	walker  *Walker          // for all else
}

// extracted is a row of a header, and the column that shows it.
type extracted struct {
	*Field
	column     int
	first, end int // bytes of the header
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
	for id := range x.walker.plans {
		plan := &x.walker.plans[id]
		for _, f := range plan.rows {
			first, end := f.bytes()
			for _, column := range x.columns[f.index] {
				x.rows[id] = append(x.rows[id], extracted{f, column, first, end})
			}
		}
		plan.rows = nil
	}
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

// NeedsLayers tells whether a column depends on [Decoder.Decode]: all do but those that describe the frame.
func (x *Extractor) NeedsLayers() bool {
	for _, f := range fields {
		if len(x.columns[f.index]) > 0 && (f.owner != frame.ID || f == frameProtocols) {
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
		l := &p.Layers[i]
		if rows := x.rows[l.Protocol]; rows != nil {
			header := p.Header(l)
			for k := range rows {
				x.row(&rows[k], header)
			}
		}
		x.walker.Visit(p, i)
	}
	return x.cells
}

// row adds a row of a header to its cell. It goes without a [Value]: passing these on would cost as much as all the rest.
func (x *Extractor) row(r *extracted, header []byte) {
	if r.end > len(header) {
		return
	}
	var n uint64
	var raw []byte
	if r.raw() {
		raw = header[r.first:r.end]
	} else {
		n = r.num(header)
	}
	x.cells[r.column] = r.appendText(x.next(r.column), n, raw)
}

func (x *Extractor) add(v Value) bool {
	for _, c := range x.columns[v.Field.index] {
		x.cells[c] = v.AppendText(x.next(c))
	}
	return true
}

// next is the cell of a column, ready for a value.
func (x *Extractor) next(column int) []byte {
	cell := x.cells[column]
	if len(cell) > 0 {
		cell = append(cell, ',')
	}
	return cell
}

package dissect

// Extractor reads chosen fields out of packets, every occurrence in packet order, as "tshark -T fields -E occurrence=a" does.
type Extractor struct {
	plans   [256]plan // by protocol
	columns [][]int   // by field index: where its values go
	cells   [][]byte
	walker  Walker
}

// plan is what to read of a layer.
type plan struct {
	rows  []*Field // of the header
	walk  bool     // fields that Walk yields
	judge bool     // what every layer may have
}

// NewExtractor returns one for the named fields, which become columns. A name that is no field is an error.
func NewExtractor(names []string) (*Extractor, error) {
	x := &Extractor{columns: make([][]int, len(fields)), cells: make([][]byte, len(names))}
	x.walker.wants = make([]bool, len(fields))
	x.walker.yield = x.add
	for column, name := range names {
		found, err := FindFields(name)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			x.columns[f.index] = append(x.columns[f.index], column)
			x.walker.wants[f.index] = true
		}
	}
	everyone := false
	for _, f := range judgement.Fields {
		everyone = everyone || x.walker.wants[f.index]
	}
	for _, p := range all {
		x.plans[p.ID] = x.plan(p, everyone)
	}
	return x, nil
}

func (x *Extractor) plan(p *Protocol, judge bool) plan {
	plan := plan{rows: x.wanted(nil, p.Header), judge: judge}
	rows := map[*Field]bool{}
	for _, f := range plan.rows {
		rows[f] = true
	}
	for _, f := range fields {
		switch {
		case f.owner != p.ID || !x.walker.wants[f.index] || rows[f]:
		case f == p.Status:
			plan.judge = true
		default:
			plan.walk = true
		}
	}
	return plan
}

// wanted returns those rows, and parts of rows, that are columns.
func (x *Extractor) wanted(found []*Field, rows Rows) []*Field {
	for i := range rows {
		f := &rows[i]
		if f.Name != "" && x.walker.wants[f.index] {
			found = append(found, f)
		}
		found = x.wanted(found, f.Parts)
	}
	return found
}

// NeedsChecksums tells whether a column depends on [Packet.Verify].
func (x *Extractor) NeedsChecksums() bool {
	for _, p := range all {
		if x.plans[p.ID].judge {
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
		id := p.Layers[i].Protocol
		plan := &x.plans[id]
		if len(plan.rows) > 0 {
			header := p.Header(&p.Layers[i])
			for _, f := range plan.rows {
				if v, ok := f.read(header); ok {
					x.add(v)
				}
			}
		}
		if plan.walk || plan.judge {
			x.walker.enter(p, i)
			if plan.walk {
				protocols[id].Walk(&x.walker)
			}
			if plan.judge {
				x.walker.judgements()
			}
		}
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

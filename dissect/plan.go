package dissect

// What a walker that is asked for some fields has to look at in the layers of each protocol. Most layers have none of them and are passed by.

// plans are by protocol.
type plans [256]plan

// plan is what to read of a layer.
type plan struct {
	rows  []*Field // of the header
	walk  bool     // fields that Walk yields
	judge bool     // what every layer may have
}

// newPlans returns the plans for the fields whose index wants holds.
func newPlans(wants []bool) *plans {
	var ps plans
	for _, p := range all {
		ps[p.ID].rows = wanted(nil, p.Header, wants)
	}
	for _, f := range fields {
		switch {
		case !wants[f.index] || f.inHeader():
		case f.Everywhere():
			for i := range ps {
				ps[i].judge = true
			}
		case f == protocols[f.owner].Status:
			ps[f.owner].judge = true
		default:
			ps[f.owner].walk = true
		}
	}
	return &ps
}

// wanted appends those rows, and parts of rows, that are wanted.
func wanted(found []*Field, rows Rows, wants []bool) []*Field {
	for i := range rows {
		f := &rows[i]
		if f.Name != "" && wants[f.index] {
			found = append(found, f)
		}
		found = wanted(found, f.Parts, wants)
	}
	return found
}

// some tells whether there is anything to read.
func (p *plan) some() bool { return p.rows != nil || p.walk || p.judge }

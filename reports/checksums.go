package reports

import (
	"fmt"

	"pktscope/dissect"
)

// The checksums report: for each protocol how many checksums there were with which verdict. Every layer counts, at any depth.
type checksums struct {
	protocols checksumTotals
}

// checksumTotals is by protocol.
type checksumTotals [256]*checksumTotal

type checksumTotal struct {
	verdicts [dissect.NumVerdicts]uint64
	bad      firstFrames
	oneBit   uint64     // bad ones that a single flipped bit explains
	bits     [16]uint64 // which one, in the 16-bit word
}

func (t *checksumTotal) absorb(from *checksumTotal) {
	for v, n := range from.verdicts {
		t.verdicts[v] += n
	}
	t.bad.absorb(&from.bad)
	t.oneBit += from.oneBit
	for bit, n := range from.bits {
		t.bits[bit] += n
	}
}

func (t *checksumTotals) at(id dissect.ID) *checksumTotal {
	if t[id] == nil {
		t[id] = new(checksumTotal)
	}
	return t[id]
}

func newChecksums(setup) Report { return new(checksums) }

func (r *checksums) NewPart() Part { return new(checksumsPart) }

func (r *checksums) Reset() { r.protocols = checksumTotals{} }

type checksumsPart struct{ protocols checksumTotals }

func (t *checksumsPart) Add(p *dissect.Packet) {
	var a alike
	a.alone(p)
	t.addAlike(&a)
}

func (t *checksumsPart) addAlike(a *alike) {
	for i := range a.Layers {
		if l := &a.Layers[i]; l.Verdict != dissect.VerdictNone {
			total := t.protocols.at(l.Protocol)
			total.verdicts[l.Verdict] += a.frames.count
			if l.Verdict == dissect.Bad {
				total.addBad(a.Packet, i) // which is alone
			}
		}
	}
}

func (t *checksumTotal) addBad(p *dissect.Packet, i int) {
	t.bad.add(p.Number)
	if bit, ok := dissect.ByID(p.Layers[i].Protocol).Verify(p, i).FlippedBit(); ok {
		t.oneBit++
		t.bits[bit]++
	}
}

func (t *checksumsPart) Flush() {}

func (r *checksums) gather(parts []Part) {
	for _, part := range parts {
		for id, total := range part.(*checksumsPart).protocols {
			if total != nil {
				r.protocols.at(dissect.ID(id)).absorb(total)
				*total = checksumTotal{}
			}
		}
	}
}

func (r *checksums) size(Part) int { return 0 }

func (r *checksums) Snapshot() []*Table {
	t := &Table{
		Name: "checksums", Title: "Checksums",
		Columns: []Column{
			{Name: "protocol"},
			{Name: "good", Kind: KindCount},
			{Name: "bad", Kind: KindCount},
			{Name: "absent", Kind: KindCount},
			{Name: "illegal", Kind: KindCount},
			{Name: "offload", Kind: KindCount},
			{Name: "unverifiable", Kind: KindCount},
			{Name: "bad_frames", Title: "first bad frames", Kind: KindNumbers},
			{Name: "one_bit", Title: "one bit", Kind: KindCount},
			{Name: "bits", Title: "bit:sums", Kind: KindList},
		},
	}
	for id, total := range r.protocols {
		if total == nil || *total == (checksumTotal{}) {
			continue
		}
		v := &total.verdicts
		row := []Cell{Text(dissect.ID(id).String()), Int(v[dissect.Good]), Int(v[dissect.Bad]), Int(v[dissect.Absent] + v[dissect.AbsentTunnel]),
			Int(v[dissect.Illegal]), Int(v[dissect.Offload]), Int(v[dissect.Unverifiable] + v[dissect.Excerpt]), total.bad.cell(), {}, {}}
		if total.bad.count > 0 {
			row[8] = Int(total.oneBit)
		}
		if total.oneBit > 0 {
			row[9] = indexed(total.bits[:])
		}
		if 2*total.oneBit >= total.bad.count && total.oneBit > 0 {
			t.Notes = append(t.Notes, total.diagnosis(dissect.ID(id)))
		}
		t.Add(row...)
	}
	t.mustSort("-bad", "-good")
	return []*Table{t}
}

// diagnosis says what bad sums mean that a flipped bit explains.
func (t *checksumTotal) diagnosis(id dissect.ID) string {
	most := 0
	for bit, n := range t.bits {
		if n > t.bits[most] {
			most = bit
		}
	}
	if t.bad.count == 1 {
		return fmt.Sprintf("%s: one flipped bit explains the bad sum, bit %d of a 16-bit word", id, most)
	}
	return fmt.Sprintf("%s: one flipped bit explains %s of %s bad sums, bit %d of a 16-bit word %s of them", id,
		thousands(int64(t.oneBit)), thousands(int64(t.bad.count)), most, thousands(int64(t.bits[most])))
}

package reports

import "pktscope/dissect"

// The anomalies report: what is odd in packets, by name.
type anomalies struct {
	counts []firstFrames // by Anomaly
}

func newAnomalies(setup) Report { return &anomalies{newAnomalyCounts()} }

func newAnomalyCounts() []firstFrames { return make([]firstFrames, len(dissect.Anomalies())) }

func (r *anomalies) NewPart() Part { return &anomaliesPart{newAnomalyCounts()} }

func (r *anomalies) Reset() { clear(r.counts) }

type anomaliesPart struct{ counts []firstFrames }

func (t *anomaliesPart) Add(p *dissect.Packet) {
	for _, a := range p.Anomalies {
		t.counts[a.Kind].add(p.Number)
	}
}

func (t *anomaliesPart) addAlike(a *alike) { t.Add(a.Packet) } // which is alone, if there is anything odd in it

func (t *anomaliesPart) Flush() {}

func (r *anomalies) gather(parts []Part) {
	for _, part := range parts {
		counts := part.(*anomaliesPart).counts
		for kind := range counts {
			r.counts[kind].absorb(&counts[kind])
		}
		clear(counts)
	}
}

func (r *anomalies) size(Part) int { return 0 }

func (r *anomalies) Snapshot() []*Table {
	t := &Table{
		Name: "anomalies", Title: "Anomalies",
		Columns: []Column{
			{Name: "anomaly"},
			{Name: "count", Kind: KindCount},
			{Name: "frames", Title: "first frames", Kind: KindNumbers},
			{Name: "meaning"},
		},
	}
	for _, kind := range dissect.Anomalies() {
		if f := &r.counts[kind]; f.count > 0 {
			t.Add(Text(kind.String()), Int(f.count), f.cell(), Text(kind.Doc()))
		}
	}
	t.mustSort("-count")
	return []*Table{t}
}

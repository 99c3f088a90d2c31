package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pktscope/dissect"
)

// total is what is added up for a group of a projection.
type total struct {
	amount
	values []byte // see remember
	*measures
}

// measures is what is added up beyond packets and bytes, if a sum asks for it.
type measures struct {
	captured, bad, malformed uint64
	span                     span
	flows                    Distinct
	runs                     Runs  // of a block
	rates                    Rates // of the report
	series                   []measured
}

// rateWindow is how many seconds times may go back without harm to a group's peak. There may be many groups.
const rateWindow = 4

// measured is what is added up of the values of one series.
type measured struct {
	n        uint64
	sum      sum128
	min, max int64
	distinct Distinct
	sketch   Sketch
}

// series are the values of an operand of which a sum is made, and what the sums ask of them.
type series struct {
	operand
	numbers, distinct, sketch bool
}

// A sum is a column of a projection.
type sum struct {
	Column
	doc       string
	ascending bool // the first row is the one with the least of it
	measures  bool // it is made of measures
	checksums bool // which are known only after checksums were verified
	cell      func(t *total, r *projected) Cell
}

var sums = []*sum{
	{Column: Column{Name: "packets", Kind: KindCount}, doc: "packets",
		cell: func(t *total, _ *projected) Cell { return Int(t.packets) }},
	{Column: Column{Name: "packets_share", Title: "share", Kind: KindShare}, doc: "part of all packets",
		cell: func(t *total, r *projected) Cell { return Share(t.packets, r.all.packets) }},
	{Column: Column{Name: "bytes", Kind: KindBytes}, doc: "bytes on the wire",
		cell: func(t *total, _ *projected) Cell { return Int(t.bytes) }},
	{Column: Column{Name: "bytes_share", Title: "share", Kind: KindShare}, doc: "part of all bytes",
		cell: func(t *total, r *projected) Cell { return Share(t.bytes, r.all.bytes) }},
	{Column: Column{Name: "captured_bytes", Title: "captured", Kind: KindBytes}, measures: true, doc: "bytes captured",
		cell: func(t *total, _ *projected) Cell { return Int(t.captured) }},
	{Column: Column{Name: "mean_packet_rate", Title: "mean", Kind: KindPacketRate}, measures: true,
		doc: "packets a second, from the group's first to its last; with --every in the bin",
		cell: func(t *total, r *projected) Cell {
			if r.every > 0 {
				return PacketRate(t.packets, uint64(r.every))
			}
			packets, _ := t.rates.Mean()
			return packets
		}},
	{Column: Column{Name: "mean_bit_rate", Title: "mean", Kind: KindBitRate}, measures: true, doc: "bits a second, likewise",
		cell: func(t *total, r *projected) Cell {
			if r.every > 0 {
				return BitRate(t.bytes, uint64(r.every))
			}
			_, bits := t.rates.Mean()
			return bits
		}},
	{Column: Column{Name: "peak_packet_rate", Title: "peak", Kind: KindPacketRate}, measures: true, doc: "packets in the busiest second",
		cell: func(t *total, _ *projected) Cell {
			packets, _ := t.rates.Peaks()
			return perPeak(packets, 1000)
		}},
	{Column: Column{Name: "peak_bit_rate", Title: "peak", Kind: KindBitRate}, measures: true, doc: "bits in the busiest second",
		cell: func(t *total, _ *projected) Cell {
			_, bytes := t.rates.Peaks()
			return perPeak(bytes, 8)
		}},
	{Column: Column{Name: "flows", Kind: KindDistinct}, measures: true,
		doc:  "different pairs of addresses and ports, innermost, both directions together, apart by the identifiers around them",
		cell: func(t *total, _ *projected) Cell { return t.flows.Cell() }},
	{Column: Column{Name: "bad", Kind: KindCount}, measures: true, checksums: true, doc: "packets with a bad checksum",
		cell: func(t *total, _ *projected) Cell { return Int(t.bad) }},
	{Column: Column{Name: "malformed", Kind: KindCount}, measures: true, doc: "packets that are malformed",
		cell: func(t *total, _ *projected) Cell { return Int(t.malformed) }},
	{Column: Column{Name: "first", Kind: KindTime}, measures: true, ascending: true, doc: "time of the first packet",
		cell: func(t *total, _ *projected) Cell {
			first, _ := t.span.cells()
			return first
		}},
	{Column: Column{Name: "last", Kind: KindTime}, measures: true, doc: "time of the last packet",
		cell: func(t *total, _ *projected) Cell {
			_, last := t.span.cells()
			return last
		}},
}

// functions are sums of the values of a field.
var functions = []struct{ name, doc string }{
	{"distinct", "how many different values the field has"},
	{"min", "its least value"},
	{"mean", "the mean of its values"},
	{"max", "its greatest value"},
	{"p50", "the value that 50 % of them are not above, at most 0.4 % off; the same for any other percentage, as in p99.9"},
}

// Sums returns the names of what a projection can add up, each with a line about it.
func Sums() (names, docs []string) {
	for _, s := range sums {
		names, docs = append(names, s.Name), append(docs, s.doc)
	}
	for _, f := range functions {
		names, docs = append(names, f.name+"(FIELD)"), append(docs, f.doc)
	}
	return names, docs
}

// addSum adds the sum of that name.
func (p *Projection) addSum(text string) error {
	if i := slices.IndexFunc(sums, func(s *sum) bool { return s.Name == text }); i >= 0 {
		p.sums = append(p.sums, sums[i])
		p.flows = p.flows || text == "flows"
		return nil
	}
	name, field, ok := strings.Cut(text, "(")
	field, closed := strings.CutSuffix(field, ")")
	switch {
	case !ok:
		return unknownSum(text)
	case !closed:
		return fmt.Errorf("%q has no closing parenthesis", text)
	case strings.ContainsAny(field, "/:"):
		return fmt.Errorf("%q: a sum is of a whole field, without a prefix or a range", text)
	}
	s, err := p.function(name, field)
	if err != nil {
		return err
	}
	s.Name, s.measures = text, true
	p.sums = append(p.sums, s)
	return nil
}

func unknownSum(text string) error {
	names, _ := Sums()
	known := "there are " + strings.Join(names, ", ")
	if near := dissect.Nearest(text, slices.Values(names)); near != "" {
		return fmt.Errorf("%q is not a sum; did you mean %s? %s", text, near, known)
	}
	return fmt.Errorf("%q is not a sum; %s", text, known)
}

// function returns the sum that name(field) is.
func (p *Projection) function(name, field string) (*sum, error) {
	part, isPercentile := parsePercentile(name)
	if _, err := strconv.ParseFloat(strings.TrimPrefix(name, "p"), 64); err == nil && !isPercentile && strings.HasPrefix(name, "p") {
		return nil, fmt.Errorf("%q is not a percentile: there are p0 to p100, with up to three decimals", name)
	}
	if !isPercentile && !slices.ContainsFunc(functions, func(f struct{ name, doc string }) bool { return f.name == name }) {
		return nil, unknownSum(name)
	}
	of, err := p.seriesOf(field)
	if err != nil {
		return nil, err
	}
	at := slices.Index(p.series, of)
	if name == "distinct" {
		of.distinct = true
		return &sum{Column: Column{Kind: KindDistinct}, cell: func(t *total, _ *projected) Cell { return t.series[at].distinct.Cell() }}, nil
	}
	if !of.number() {
		return nil, fmt.Errorf("%s(%s): %s is %s and no number", name, field, field, of.described())
	}
	of.numbers = true
	of.sketch = of.sketch || isPercentile
	kind, ascending := KindCount, false
	var cell func(m *measured) Cell
	switch name {
	case "min":
		ascending = true
		cell = func(m *measured) Cell { return Int(m.min) }
	case "max":
		cell = func(m *measured) Cell { return Int(m.max) }
	case "mean":
		kind = KindMean
		cell = func(m *measured) Cell { return Int(m.sum.mean(m.n)) }
	default:
		kind = KindPercentile
		cell = func(m *measured) Cell { return m.percentile(part) }
	}
	return &sum{Column: Column{Kind: kind}, ascending: ascending, cell: func(t *total, _ *projected) Cell {
		if m := &t.series[at]; m.n > 0 {
			return cell(m)
		}
		return Cell{}
	}}, nil
}

// parsePercentile returns the hundred-thousandths that p99.9 names.
func parsePercentile(name string) (part uint64, ok bool) {
	percent, ok := strings.CutPrefix(name, "p")
	if !ok {
		return 0, false
	}
	whole, decimals, _ := strings.Cut(percent, ".")
	if len(decimals) > 3 || percent == "" {
		return 0, false
	}
	part, err := strconv.ParseUint(whole+(decimals + "000")[:3], 10, 32)
	return part, err == nil && part <= 1e5
}

// percentile is a cell of [KindPercentile].
func (m *measured) percentile(part uint64) Cell {
	v, exact := m.sketch.Percentile(part)
	c := Int(min(max(v, m.min), m.max))
	c.approximate = !exact && m.min != m.max
	return c
}

// seriesOf returns the series of the operand with that text.
func (p *Projection) seriesOf(text string) (*series, error) {
	for _, s := range p.series {
		if s.text == text {
			return s, nil
		}
	}
	o, err := parseOperand(text)
	if err != nil {
		return nil, err
	}
	s := &series{operand: o}
	p.series = append(p.series, s)
	return s, nil
}

// order is the order in which rows stand that are sorted by s.
func (s *sum) order() string {
	if s.ascending {
		return s.Name
	}
	return "-" + s.Name
}

// measures tells whether a sum is made of measures.
func (p *Projection) measures() bool {
	return slices.ContainsFunc(p.sums, func(s *sum) bool { return s.measures })
}

// measure adds p to the measures of the group with that hash.
func (t *projectedPart) measure(to *total, hash uint64, p *dissect.Packet) {
	if to.measures == nil {
		to.measures = t.report.newMeasures()
	}
	to.captured += uint64(len(p.Data))
	if p.Stop.Reason.Malformed() {
		to.malformed++
	}
	for i := range p.Layers {
		if p.Layers[i].Verdict == dissect.Bad {
			to.bad++
			break
		}
	}
	if t.report.flows {
		t.countFlow(to, hash, p)
	}
	to.span.addPacket(p)
	if !p.Timeless {
		to.runs.Add(p.Time, uint64(p.WireLen))
	}
	for i, s := range t.report.series {
		for side := range s.sides {
			if v := &t.series[i].values[side]; v.some {
				to.series[i].add(s, v, &t.recent, hash+uint64(i))
			}
		}
	}
}

// countFlow counts the flow of the innermost packet, of which an ICMP error may quote another one.
func (t *projectedPart) countFlow(to *total, hash uint64, p *dissect.Packet) {
	innermost := 0
	for i := range p.Layers {
		if l := &p.Layers[i]; ipHeaders[l.Protocol] && l.Flags&(dissect.Partial|dissect.Quoted) == 0 {
			innermost = i
		}
	}
	if innermost == 0 {
		return
	}
	if c, _, ok := hostPairOf(p, innermost, FixedSeed); ok {
		if h := c.hash(FixedSeed); t.recent.fresh(h, 0, hash) {
			to.flows.Add(h)
		}
	}
}

func (p *Projection) newMeasures() *measures {
	return &measures{series: make([]measured, len(p.series))}
}

// add adds the value v; group tells a series in a group from others.
func (m *measured) add(s *series, v *value, recent *recent, group uint64) {
	if s.distinct {
		a, b := v.num, uint64(0)
		if !s.short() {
			a, b = FixedSeed.Bytes(v.raw), 1
		}
		if recent.fresh(a, b, group) {
			m.distinct.Add(FixedSeed.Uint128(a, b))
		}
	}
	if !s.numbers {
		return
	}
	n := int64(v.num)
	if s.kind != dissect.Signed && n < 0 {
		n = 1<<63 - 1
	}
	m.addNumbers(1, n, n)
	m.sum.add(n)
	if s.sketch {
		m.sketch.Add(n)
	}
}

// addNumbers adds n numbers of which the least and the greatest are these.
func (m *measured) addNumbers(n uint64, least, greatest int64) {
	if m.n == 0 {
		m.min, m.max = least, greatest
	}
	m.n += n
	m.min, m.max = min(m.min, least), max(m.max, greatest)
}

func (t *total) absorb(from *total) {
	if t.packets == 0 {
		t.values = append(t.values, from.values...)
	}
	t.amount.absorb(&from.amount)
	if from.measures == nil {
		return
	}
	if t.measures == nil {
		t.measures = &measures{series: make([]measured, len(from.series)), rates: NewRates(rateWindow)}
	}
	t.captured += from.captured
	t.bad += from.bad
	t.malformed += from.malformed
	t.flows.Merge(&from.flows)
	t.span.absorb(&from.span)
	t.rates.Play(from.runs)
	for i := range from.series {
		m, f := &t.series[i], &from.series[i]
		m.distinct.Merge(&f.distinct)
		if f.n > 0 {
			m.addNumbers(f.n, f.min, f.max)
			m.sum.absorb(&f.sum)
			m.sketch.Merge(&f.sketch)
		}
	}
}

// reset keeps memory.
func (t *total) reset() {
	*t = total{values: t.values[:0], measures: t.measures}
	if m := t.measures; m != nil {
		m.rates.Reset()
		m.flows.Reset()
		for i := range m.series {
			s := &m.series[i]
			s.distinct.Reset()
			s.sketch.Reset()
			*s = measured{distinct: s.distinct, sketch: s.sketch}
		}
		*m = measures{flows: m.flows, runs: m.runs[:0], rates: m.rates, series: m.series}
	}
}

func (r *projected) sumCells(t *total) (cells []Cell) {
	for _, s := range r.sums {
		cells = append(cells, s.cell(t, r))
	}
	return cells
}

// notes says what qualifies the sums.
func (r *projected) notes(t *Table) {
	for i := range r.terms {
		if r.terms[i].sides == 2 {
			t.Note("a packet counts for its source and for its destination")
			break
		}
	}
	peaks := slices.ContainsFunc(r.sums, func(s *sum) bool { return strings.HasPrefix(s.Name, "peak_") })
	off, inexact := 0.0, false
	for _, g := range r.groups.Entries() {
		if g.Total.measures == nil {
			continue
		}
		inexact = inexact || peaks && !g.Total.rates.PeaksExact()
		for i := range g.Total.series {
			if r.series[i].sketch {
				off = max(off, g.Total.series[i].sketch.Error())
			}
		}
	}
	if off > 0 {
		t.Note("percentiles are at most %.1f %% off", 100*off)
	}
	if inexact {
		t.Note("times go back so far that some second may have been busier than the peaks")
	}
}

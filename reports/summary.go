package reports

import (
	"slices"
	"strings"

	"pktscope/dissect"
	"pktscope/pcaps"
)

// The summary report: what was captured where and when, how much of it and how fast; how large packets are, and where dissecting
// them ended before every byte had a meaning.
type summary struct {
	seed   Seed
	source pcaps.Source
	rates  Rates
	summaryTotals
}

// summaryTotals is what a part counts as well.
type summaryTotals struct {
	packets, wire, captured uint64
	truncated, timeless     uint64
	sizes                   [len(sizeClasses)]amount
	points                  *Groups[int, pointTotal] // by Point.ID
	stops                   *Groups[stopKey, firstFrames]
	deepest                 deepest
}

// sizeClasses are the largest sizes of their classes, in bytes. The ends are those of powers of two and of usual MTUs: an Ethernet
// frame without its FCS has up to 1,518 bytes with a tag, and up to 9,018 with an IP packet of 9,000.
var sizeClasses = [...]int{63, 127, 255, 511, 1023, 1518, 2047, 4095, 9018, 65535, 1<<63 - 1}

type pointTotal struct {
	amount
	point *dissect.Point
	span  span
}

func (t *pointTotal) absorb(from *pointTotal) {
	t.amount.absorb(&from.amount)
	t.point = from.point
	t.span.absorb(&from.span)
}

func (t *pointTotal) reset() { *t = pointTotal{} }

type stopKey struct {
	reason dissect.Reason
	at     dissect.ID
}

// deepest is the packet with the most layers inside each other, the first of several.
type deepest struct {
	layers int
	path   []string
	frame  uint64
}

func newSummary(s setup) Report {
	return &summary{seed: NewSeed(), source: s.source, summaryTotals: newSummaryTotals(s.groups)}
}

func newSummaryTotals(limit int) summaryTotals {
	return summaryTotals{points: NewGroups[int, pointTotal](limit), stops: NewGroups[stopKey, firstFrames](0)}
}

func (r *summary) NewPart() Part { return &summaryPart{report: r, summaryTotals: newSummaryTotals(0)} }

func (r *summary) Reset() {
	r.rates = Rates{}
	r.reset()
}

func (t *summaryTotals) reset() {
	t.points.Reset((*pointTotal).reset)
	t.stops.Reset((*firstFrames).reset)
	*t = summaryTotals{points: t.points, stops: t.stops}
}

type summaryPart struct {
	report *summary
	runs   Runs
	last   *pointTotal // of the packet before; nil for none
	summaryTotals
}

func (t *summaryPart) Add(p *dissect.Packet) {
	bytes := uint64(p.WireLen)
	t.packets++
	t.wire += bytes
	t.captured += uint64(len(p.Data))
	if len(p.Data) < p.WireLen {
		t.truncated++
	}
	class := 0
	for p.WireLen > sizeClasses[class] {
		class++
	}
	t.sizes[class].add(bytes)

	if t.last == nil || t.last.point != p.Point {
		id := p.Point.ID
		t.last = t.points.First(id, t.report.seed.Uint64(uint64(id)), p.Number)
		t.last.point = p.Point
	}
	t.last.add(bytes)
	if p.Timeless {
		t.timeless++
	} else {
		t.last.span.add(p.Time)
		t.runs.Add(p.Time, bytes)
	}
	if s := p.Stop; s.Reason != dissect.StopNone {
		key := stopKey{s.Reason, s.At}
		t.stops.First(key, t.report.seed.Uint64(uint64(s.Reason)<<8|uint64(s.At)), p.Number).add(p.Number)
	}
	if len(p.Layers)-1 > t.deepest.layers { // or it cannot be deeper
		t.deepest.add(p)
	}
}

func (d *deepest) add(p *dissect.Packet) {
	for i := range p.Layers {
		n := 0
		for j := i; j > 0; j = int(p.Layers[j].Parent) {
			n++
		}
		if n <= d.layers {
			continue
		}
		d.layers, d.frame = n, p.Number
		d.path = d.path[:0]
		for j := i; j > 0; j = int(p.Layers[j].Parent) {
			d.path = append(d.path, p.Layers[j].Protocol.String())
		}
	}
}

func (t *summaryPart) Flush() {
	t.report.rates.Play(t.runs)
	t.runs = t.runs[:0]
}

func (r *summary) gather(parts []Part) {
	gather(r.points, parts, func(t *summaryPart) *Groups[int, pointTotal] { return t.points }, (*pointTotal).absorb, (*pointTotal).reset)
	gather(r.stops, parts, func(t *summaryPart) *Groups[stopKey, firstFrames] { return t.stops }, (*firstFrames).absorb, (*firstFrames).reset)
	for _, part := range parts {
		t := part.(*summaryPart)
		r.absorb(&t.summaryTotals)
		t.reset()
		t.last = nil
	}
}

func (r *summary) size(part Part) int { return len(part.(*summaryPart).points.Entries()) }

// absorb adds what from counted, but for its groups.
func (t *summaryTotals) absorb(from *summaryTotals) {
	t.packets += from.packets
	t.wire += from.wire
	t.captured += from.captured
	t.truncated += from.truncated
	t.timeless += from.timeless
	for i := range from.sizes {
		t.sizes[i].absorb(&from.sizes[i])
	}
	if d := &from.deepest; d.layers > t.deepest.layers || d.layers == t.deepest.layers && d.frame < t.deepest.frame {
		t.deepest = *d
	}
}

func (r *summary) Snapshot() []*Table {
	return []*Table{r.overview(), r.pointTable(), r.sizeTable(), r.stopTable()}
}

func (r *summary) overview() *Table {
	t := &Table{Name: "summary", Title: "Summary", Layout: Vertical}
	var row []Cell
	add := func(name, title string, kind Kind, cell Cell) {
		t.Columns = append(t.Columns, Column{Name: name, Title: title, Kind: kind})
		row = append(row, cell)
	}
	add("formats", "format", KindList, r.formats())
	points := len(r.points.Entries())
	add("points", "capture points", KindCount, Int(points))
	add("packets", "packets", KindCount, Int(r.packets))
	add("bytes", "on the wire", KindBytes, Int(r.wire))
	add("captured_bytes", "captured", KindBytes, Int(r.captured))

	var first, last, duration Cell
	if r.packets > r.timeless {
		from, to, ns := r.rates.Span()
		first, last, duration = Int(from), Int(to), Int(ns)
	}
	add("first", "first packet", KindTime, first)
	add("last", "last packet", KindTime, last)
	add("duration", "duration", KindDuration, duration)

	meanPackets, meanBits := r.rates.Mean()
	peakPackets, peakBytes := r.rates.Peaks()
	add("mean_packet_rate", "packet rate, mean", KindPacketRate, meanPackets)
	add("mean_bit_rate", "bit rate, mean", KindBitRate, meanBits)
	add("peak_packet_rate", "packet rate, peak", KindPacketRate, perPeak(peakPackets, 1000)) // cells hold thousandths
	add("peak_packet_time", "  in the second", KindTime, peakTime(peakPackets))
	add("peak_bit_rate", "bit rate, peak", KindBitRate, perPeak(peakBytes, 8))
	add("peak_bit_time", "  in the second", KindTime, peakTime(peakBytes))
	if !r.rates.PeaksExact() {
		t.Note("times go back so far that some second may have been busier than the peaks")
	}

	add("truncated", "truncated", KindCount, Int(r.truncated))
	add("malformed", "malformed", KindCount, Int(r.malformed()))
	var outOfOrder, dropped Cell
	if r.source != nil {
		outOfOrder, dropped = Int(r.source.OutOfOrder()), r.dropped()
	}
	add("out_of_order", "out of order", KindCount, outOfOrder)
	add("timeless", "without time", KindCount, Int(r.timeless))
	add("dropped", "dropped by capture", KindCount, dropped)

	var depth, path, frame Cell
	if r.deepest.layers > 0 {
		names := slices.Clone(r.deepest.path)
		slices.Reverse(names)
		depth, path, frame = Int(r.deepest.layers), Text(strings.Join(names, ":")), Int(r.deepest.frame)
	}
	add("deepest_layers", "deepest stack", KindCount, depth)
	add("deepest_protocols", "  protocols", KindText, path)
	add("deepest_frame", "  in frame", KindNumber, frame)
	t.Add(row...)
	return t
}

func perPeak(p Peak, unit uint64) Cell {
	if p.Amount == 0 {
		return Cell{}
	}
	return Int(mulDiv(p.Amount, unit, 1))
}

func peakTime(p Peak) Cell {
	if p.Amount == 0 {
		return Cell{}
	}
	return Int(p.Second * 1e9)
}

// formats says what the files are: each kind once.
func (r *summary) formats() Cell {
	if r.source == nil {
		return Cell{}
	}
	var formats []string
	for _, file := range r.source.Readers() {
		format := file.Info().Format
		if c := file.Info().Compression; c != "" {
			format += " in " + c
		}
		if !slices.Contains(formats, format) {
			formats = append(formats, format)
		}
	}
	return List(formats...)
}

// dropped is how many packets the capturing systems say that they lost, absent where none of them counted.
func (r *summary) dropped() Cell {
	var n int64
	known := false
	for _, i := range r.source.Interfaces() {
		counted := i.Statistics()
		for _, lost := range []int64{counted.Dropped, counted.OSDropped} {
			if lost >= 0 {
				n, known = n+lost, true
			}
		}
	}
	if !known {
		return Cell{}
	}
	return Int(n)
}

func (r *summary) malformed() (n uint64) {
	for _, g := range r.stops.Entries() {
		if g.Key.reason.Malformed() {
			n += g.Total.count
		}
	}
	return n
}

func (r *summary) pointTable() *Table {
	t := &Table{
		Name: "points", Title: "Capture points",
		Columns: []Column{
			{Name: "point", Kind: KindText},
			{Name: "link"},
			{Name: "packets", Kind: KindCount},
			{Name: "bytes", Kind: KindBytes},
			{Name: "bytes_share", Title: "share", Kind: KindShare},
			{Name: "first", Kind: KindTime},
			{Name: "last", Kind: KindTime},
		},
	}
	row := func(point, link Cell, total *pointTotal) []Cell {
		first, last := total.span.cells()
		return []Cell{point, link, Int(total.packets), Int(total.bytes), Share(total.bytes, r.wire), first, last}
	}
	var names pointNames
	for _, g := range r.points.Entries() {
		names.see(g.Total.point)
	}
	for _, g := range r.points.Entries() {
		p := g.Total.point
		t.Add(row(Text(names.of(p)), Text(pcaps.LinkType(p.Link).String()), &g.Total)...)
	}
	if other, some := r.points.Other(); some {
		t.Other = row(Cell{}, Cell{}, other)
	}
	t.mustSort("-packets", "-bytes")
	return t
}

func (r *summary) sizeTable() *Table {
	t := &Table{
		Name: "sizes", Title: "Sizes on the wire",
		Columns: []Column{
			{Name: "from", Kind: KindSize},
			{Name: "to", Kind: KindSize},
			{Name: "packets", Kind: KindCount},
			{Name: "packets_share", Title: "share", Kind: KindShare},
			{Name: "bytes", Kind: KindBytes},
			{Name: "bytes_share", Title: "share", Kind: KindShare},
		},
	}
	from := 0
	for i, to := range sizeClasses {
		a := &r.sizes[i]
		end := Int(to)
		if i == len(sizeClasses)-1 {
			end = Cell{}
		}
		if a.packets > 0 {
			t.Add(Int(from), end, Int(a.packets), Share(a.packets, r.packets), Int(a.bytes), Share(a.bytes, r.wire))
		}
		from = to + 1
	}
	return t
}

func (r *summary) stopTable() *Table {
	t := &Table{
		Name: "stops", Title: "Where dissecting ended early",
		Columns: []Column{
			{Name: "reason"},
			{Name: "protocol"},
			{Name: "malformed", Kind: KindBool},
			{Name: "packets", Kind: KindCount},
			{Name: "packets_share", Title: "share", Kind: KindShare},
			{Name: "frames", Title: "first frames", Kind: KindNumbers},
		},
	}
	for _, g := range r.stops.Entries() {
		t.Add(Text(g.Key.reason.String()), Text(g.Key.at.String()), Bool(g.Key.reason.Malformed()), Int(g.Total.count), Share(g.Total.count, r.packets), g.Total.cell())
	}
	t.mustSort("-packets")
	return t
}

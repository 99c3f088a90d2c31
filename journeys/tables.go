package journeys

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"pktscope/reports"
)

// Finish judges what still waits. Nothing is to be taken afterwards.
func (f *Follower) Finish() {
	if f.own != nil {
		f.own.Play() // frames that were seen behind the last packet
	}
	f.clocks.settle(1)
	f.clocks.giveUp()
	f.release(true)
	for f.head < f.next {
		f.leave()
	}
	f.named = f.clocks.finish(f.options.Files)
}

// ErrOnePoint says that there is nothing to follow packets to.
var ErrOnePoint = errors.New("all packets were captured at one point; path follows them over several: name more files, or a capture of several interfaces")

// Check returns an error if there is nothing to say.
func (f *Follower) Check() error {
	switch {
	case f.Frames > 0 && len(f.places.spots) == 1 && len(f.clocks.all) == 1:
		return ErrOnePoint
	case f.options.Flow > 0 && f.draw.flow == nil:
		return f.noFlow()
	}
	return nil
}

// Tables returns what was found.
func (f *Follower) Tables() (all []*reports.Table) {
	n := nameAll(f.places.all)
	if f.options.Flow > 0 {
		return []*reports.Table{f.journeyTable(n)}
	}
	losses := f.losses()
	all = append(all, f.summaryTable(losses))
	if len(f.clocks.all) > 1 {
		all = append(all, f.clockTable())
	}
	all = append(all, f.placeTable(n), f.routeTable(n), f.stepTable(n), f.lossTable(n, losses))
	if len(f.routes.payloads) > 0 {
		all = append(all, f.payloadTable(n))
	}
	return append(all, f.flowTable(n))
}

func (f *Follower) summaryTable(losses []Loss) *reports.Table {
	t := &reports.Table{Name: "path", Title: "Path", Layout: reports.Vertical, Columns: []reports.Column{
		{Name: "packets", Title: "packets", Kind: reports.KindCount},
		{Name: "frames", Title: "frames", Kind: reports.KindCount},
		{Name: "places", Title: "places", Kind: reports.KindCount},
		{Name: "routes", Title: "routes", Kind: reports.KindCount},
		{Name: "only_once", Title: "captured at one place only", Kind: reports.KindCount},
		{Name: "disappeared", Title: "disappeared", Kind: reports.KindCount},
		{Name: "missed", Title: "missed on the way", Kind: reports.KindCount},
		{Name: "payload_changed", Title: "payload changed", Kind: reports.KindCount},
		{Name: "segmented", Title: "segmented otherwise", Kind: reports.KindCount},
		{Name: "not_followed", Title: "frames not followed", Kind: reports.KindCount},
	}}
	var only, changed, lost, missed, unfollowed uint64
	for _, p := range f.places.all {
		only += p.Only
	}
	for _, c := range f.routes.payloads {
		changed += c.Packets[sumsGood] + c.Packets[sumsUnknown] + c.Packets[sumsBad]
	}
	for i := range losses {
		switch l := &losses[i]; {
		case l.Kind == Disappeared && l.Of != ToDestination:
			lost += l.Packets
		case l.Kind == Missed:
			missed += l.Packets
		}
	}
	for _, k := range f.Unfollowed {
		unfollowed += k
	}
	t.Add(reports.Int(f.Packets), reports.Int(f.Frames), reports.Int(len(f.places.all)), reports.Int(len(f.routes.all)), reports.Int(only),
		reports.Int(lost), reports.Int(missed), reports.Int(changed), reports.Int(f.Segmented), reports.Int(unfollowed))
	for _, note := range []struct {
		n    uint64
		text string
	}{
		{f.Unfollowed[fragment], "%d frames are fragments before the last one: a datagram is followed in the frame that completes it"},
		{f.Unfollowed[cutOff], "%d frames are not followed: their headers were cut off"},
		{f.Unfollowed[unknown], "%d frames are not followed: nothing in them is known"},
		{f.Unfollowed[timeless], "%d frames are not followed: the capture does not say when they were there"},
		{f.Unfollowed[noRoom], "%d frames are not followed: there are more than " + strconv.Itoa(maxPlaces) + " places"},
		{f.Encrypted, "%d frames are encrypted (ESP): they are followed as they are, and what is in them cannot be; it disappears where it is encrypted"},
		{f.Segmented, "%d packets carry bytes that are at another point in segments of other sizes (TSO, GRO): where they end they are not lost"},
		{f.Identical, "%d captures could be of several packets, which are alike in everything; which one disappeared is a guess"},
		{f.Crowded, "%d packets were judged early, to keep the limit on packets that wait; --max-waiting"},
		{f.Circling, "%d captures are of packets with " + strconv.Itoa(maxCaptures) + " captures before: they run in circles"},
		{f.routes.none, "%d packets are in no route: there are more than " + strconv.Itoa(maxRoutes)},
		{f.routes.unheld, "%d packets are not looked for where they should have come: there are too many flows"},
	} {
		if note.n > 0 {
			t.Note(note.text, note.n)
		}
	}
	return t
}

func (f *Follower) clockTable() *reports.Table {
	t := &reports.Table{Name: "clocks", Title: "Clocks", Columns: []reports.Column{
		{Name: "file", Kind: reports.KindText},
		{Name: "offset", Kind: reports.KindDuration},
		{Name: "error", Title: "±", Kind: reports.KindDuration},
		{Name: "against", Kind: reports.KindText},
		{Name: "packets_to", Title: "packets to", Kind: reports.KindCount},
		{Name: "packets_back", Title: "back", Kind: reports.KindCount},
		{Name: "consistent", Kind: reports.KindBool, Detail: true},
	}}
	for i, k := range f.named {
		q := k.quality
		switch {
		case i == 0:
			t.Add(reports.Text(k.file), reports.Int(0), reports.Cell{}, reports.Cell{}, reports.Cell{}, reports.Cell{}, reports.Cell{})
		case !q.Known:
			t.Add(reports.Text(k.file), reports.Cell{}, reports.Cell{}, reports.Cell{}, reports.Cell{}, reports.Cell{}, reports.Cell{})
			if f.alone(k.file) {
				t.Note("%s: none of its packets was captured elsewhere within --window: they took another way, are encrypted, or its clock is far off", k.file)
			} else {
				t.Note("%s: no packets of both directions tell its clock from others'; it is taken for equal", k.file)
			}
		default:
			t.Add(reports.Text(k.file), reports.Int(k.final), reports.Int(q.Error), reports.Text(q.Against), reports.Int(q.Packets[0]),
				reports.Int(q.Packets[1]), reports.Bool(!q.Inconsistent))
			if q.Inconsistent {
				t.Note("%s: its clock and that of %s drift: the least delays of both directions contradict each other", k.file, q.Against)
			}
		}
	}
	return t
}

// alone tells that no packet of a file was captured elsewhere.
func (f *Follower) alone(file string) bool {
	for _, p := range f.places.all {
		if p.Point.File == file && p.Only < p.Packets {
			return false
		}
	}
	return true
}

func (f *Follower) placeTable(n names) *reports.Table {
	t := &reports.Table{Name: "places", Title: "Places", Columns: []reports.Column{
		{Name: "place", Title: "#", Kind: reports.KindNumber},
		{Name: "name", Kind: reports.KindText},
		{Name: "point", Kind: reports.KindText, Detail: true},
		{Name: "file", Kind: reports.KindText, Detail: true},
		{Name: "segment", Kind: reports.KindText, Detail: true},
		{Name: "frames", Kind: reports.KindCount},
		{Name: "bytes", Kind: reports.KindBytes},
		{Name: "packets", Kind: reports.KindCount},
		{Name: "only", Title: "only here", Kind: reports.KindCount},
		{Name: "again", Title: "captured again", Kind: reports.KindCount},
	}}
	for _, p := range f.places.all {
		t.Add(reports.Int(p.Number), reports.Text(n.of(p)), reports.Text(n.points[p.Point.ID]), reports.Text(p.Point.File), reports.Text(p.Path.String()),
			reports.Int(p.Frames), reports.Int(p.Bytes), reports.Int(p.Packets), reports.Int(p.Only), reports.Int(p.Again))
	}
	return t
}

// ways are the routes over several places, most packets first.
func (f *Follower) ways() (all []*Route) {
	for _, r := range f.routes.all {
		if len(r.places) > 1 {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(a, b *Route) int { return int(min(1, max(-1, int64(b.Packets)-int64(a.Packets)))) })
	return all
}

// percentiles of times, by the clocks as they are known in the end.
func percentiles(s *reports.Sketch, shift, least, most int64) (cells []reports.Cell) {
	cells = append(cells, reports.Int(least+shift))
	for _, p := range []uint64{50_000, 99_000} {
		v, _ := s.Percentile(p)
		cells = append(cells, reports.Int(min(max(v, least), most)+shift))
	}
	return append(cells, reports.Int(most+shift))
}

var delayColumns = []reports.Column{
	{Name: "least", Kind: reports.KindDuration}, {Name: "p50", Kind: reports.KindDuration}, {Name: "p99", Kind: reports.KindDuration},
	{Name: "most", Kind: reports.KindDuration},
}

func (f *Follower) routeTable(n names) *reports.Table {
	t := &reports.Table{Name: "routes", Title: "Routes", Size: "packets", Columns: slices.Concat([]reports.Column{
		{Name: "route", Title: "#", Kind: reports.KindNumber},
		{Name: "packets", Kind: reports.KindCount},
		{Name: "bytes", Kind: reports.KindBytes},
	}, delayColumns, []reports.Column{
		{Name: "places", Kind: reports.KindNumbers, Detail: true},
		{Name: "way", Kind: reports.KindText},
	})}
	for _, r := range f.ways() {
		var numbers, way []string
		for _, p := range r.places {
			numbers = append(numbers, strconv.Itoa(f.places.all[p].Number))
			way = append(way, n.of(f.places.all[p]))
		}
		shift := f.clocks.shift(int(r.first[0].clock), int(r.first[len(r.first)-1].clock))
		row := slices.Concat([]reports.Cell{reports.Int(r.Number), reports.Int(r.Packets), reports.Int(r.Bytes)},
			percentiles(&r.total, shift, r.lowest, r.top), []reports.Cell{reports.List(numbers...), reports.Text(strings.Join(way, " → "))})
		t.Add(row...)
	}
	return t
}

func (f *Follower) stepTable(n names) *reports.Table {
	t := &reports.Table{Name: "steps", Title: "Steps", Columns: slices.Concat([]reports.Column{
		{Name: "route", Kind: reports.KindNumber},
		{Name: "from_place", Kind: reports.KindNumber, Detail: true},
		{Name: "to_place", Kind: reports.KindNumber, Detail: true},
		{Name: "from", Kind: reports.KindText},
		{Name: "to", Kind: reports.KindText},
	}, delayColumns, []reports.Column{{Name: "changes", Kind: reports.KindList}})}
	for _, r := range f.ways() {
		for i := 1; i < len(r.places); i++ {
			from, to := f.places.all[r.places[i-1]], f.places.all[r.places[i]]
			shift := f.clocks.shift(int(r.first[i-1].clock), int(r.first[i].clock))
			row := slices.Concat([]reports.Cell{reports.Int(r.Number), reports.Int(from.Number), reports.Int(to.Number), reports.Text(n.of(from)),
				reports.Text(n.of(to))}, percentiles(&r.steps[i], shift, r.least[i], r.most[i]), []reports.Cell{reports.List(f.changes(r, i)...)})
			t.Add(row...)
		}
	}
	return t
}

func (f *Follower) lossTable(n names, losses []Loss) *reports.Table {
	t := &reports.Table{Name: "losses", Title: "Where packets disappear", Columns: []reports.Column{
		{Name: "kind", Kind: reports.KindText},
		{Name: "of", Kind: reports.KindText},
		{Name: "from_place", Kind: reports.KindNumber, Detail: true},
		{Name: "to_place", Kind: reports.KindNumber, Detail: true},
		{Name: "from", Title: "last at", Kind: reports.KindText},
		{Name: "to", Title: "never at", Kind: reports.KindText},
		{Name: "packets", Kind: reports.KindCount},
		{Name: "ttl_1", Title: "ttl 1", Kind: reports.KindCount},
		{Name: "untold", Kind: reports.KindCount},
		{Name: "flow_count", Title: "flows", Kind: reports.KindCount},
		{Name: "flows", Title: "first flows", Kind: reports.KindNumbers},
		{Name: "first_frames", Title: "first frames", Kind: reports.KindNumbers},
		{Name: "frames", Kind: reports.KindNumbers, Detail: true},
	}}
	late := false
	for i := range losses {
		l := &losses[i]
		from, fromName := reports.Cell{}, reports.Cell{}
		if l.From != nil {
			from, fromName = reports.Int(l.From.Number), reports.Text(n.of(l.From))
		}
		late = late || l.Late > 0
		t.Add(reports.Text(l.Kind.String()), reports.Text(l.Of.String()), from, reports.Int(l.To.Number), fromName, reports.Text(n.of(l.To)),
			reports.Int(l.Packets), reports.Int(l.Expired), reports.Int(l.Late), reports.Int(len(l.Flows)), numbers(l.Flows, 5), numbers(l.Frames, 8), numbers(l.Frames, maxEvidence))
	}
	if late {
		t.Note("untold: the file of the next place has no frames before the packet, or none long enough behind it")
	}
	return t
}

// numbers is a cell of the first so many.
func numbers(all []uint64, limit int) reports.Cell {
	texts := []string{}
	for _, n := range all[:min(len(all), limit)] {
		texts = append(texts, strconv.FormatUint(n, 10))
	}
	return reports.List(texts...)
}

func (f *Follower) payloadTable(n names) *reports.Table {
	t := &reports.Table{Name: "payloads", Title: "Payload that changed", Columns: []reports.Column{
		{Name: "from", Kind: reports.KindText},
		{Name: "to", Kind: reports.KindText},
		{Name: "checksums", Kind: reports.KindText},
		{Name: "packets", Kind: reports.KindCount},
		{Name: "frames", Title: "first frames", Kind: reports.KindNumbers},
	}}
	all := make([]*PayloadChange, 0, len(f.routes.payloads))
	for _, c := range f.routes.payloads {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *PayloadChange) int {
		if a.From != b.From {
			return a.From.Number - b.From.Number
		}
		return a.To.Number - b.To.Number
	})
	for _, c := range all {
		for sum := range c.Packets {
			if c.Packets[sum] == 0 {
				continue
			}
			t.Add(reports.Text(n.of(c.From)), reports.Text(n.of(c.To)), reports.Text(checksums(sum).String()), reports.Int(c.Packets[sum]), numbers(c.Frames[sum][:], 2))
			if checksums(sum) == sumsGood {
				t.Note("%s → %s: the payload changed while all checksums are good: a fault between two checksums (memory, a network card), or a middlebox that rewrites",
					n.of(c.From), n.of(c.To))
			}
		}
	}
	return t
}

func (f *Follower) flowTable(n names) *reports.Table {
	t := &reports.Table{Name: "flows", Title: "Flows", Size: "packets", Columns: []reports.Column{
		{Name: "flow", Title: "#", Kind: reports.KindNumber},
		{Name: "protocol", Kind: reports.KindText},
		{Name: "who", Kind: reports.KindText},
		{Name: "place", Kind: reports.KindNumber, Detail: true},
		{Name: "from", Title: "first at", Kind: reports.KindText},
		{Name: "to", Title: "last at", Kind: reports.KindText},
		{Name: "packets", Kind: reports.KindCount},
		{Name: "bytes", Kind: reports.KindBytes},
		{Name: "whole", Title: "whole way", Kind: reports.KindCount},
	}}
	order := slices.Clone(f.routes.byID)
	slices.SortStableFunc(order, func(a, b *flow) int { return int(min(1, max(-1, int64(b.packets)-int64(a.packets)))) })
	for _, w := range order {
		var whole uint64
		var last *trace
		for _, k := range w.furthest() {
			tr := &w.traces[k]
			whole += tr.packets
			if last == nil || tr.packets > last.packets {
				last = tr
			}
		}
		to := reports.Cell{}
		if last != nil {
			to = reports.Text(n.of(f.places.all[last.places[len(last.places)-1]]))
		}
		place := f.places.all[w.key.place]
		t.Add(reports.Int(w.id), reports.Text(w.protocol()), reports.Text(w.who()), reports.Int(place.Number), reports.Text(n.of(place)), to,
			reports.Int(w.packets), reports.Int(w.bytes), reports.Int(whole))
	}
	return t
}

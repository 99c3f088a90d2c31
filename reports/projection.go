package reports

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"pktscope/dissect"
)

// A Projection says what packets are grouped by, and what is added up for each group: the report that a user makes up himself.
type Projection struct {
	terms  []term
	every  int64 // nanoseconds in a bin of time; 0 for no such bins
	sums   []*sum
	series []*series
	flows  bool // are counted
}

// A term is one field of the groups' keys: an operand, and behind it which values are taken for one: a prefix of an address (ip.src/24),
// a range of numbers (frame.len:100).
type term struct {
	operand
	text  string
	bits  int    // of an address
	width uint64 // of a range; 0 for none
	words int    // of the key
}

// groupKey is the values of all terms, as words; bits of the first word say which there are. What does not fit into a word is two, an IPv6
// address or 128 bits of hash; what was hashed stands beside the key. The last word is the time.
type groupKey [10]uint64

// NewProjection returns the projection on the fields and, if every is not 0, on bins of time as long as that; all packets are one
// group without either. What is added up is named by [Sums]; if there are none, it is packets, bytes and their share.
func NewProjection(fields, sums []string, every time.Duration) (*Projection, error) {
	if every < 0 {
		return nil, errors.New("a bin of time is longer than nothing")
	}
	p := &Projection{every: int64(every)}
	room := len(groupKey{}) - 1
	if every > 0 {
		room--
	}
	for i, text := range fields {
		if slices.Contains(fields[:i], text) {
			return nil, fmt.Errorf("%s stands twice in what to group by", text)
		}
		t, err := parseTerm(text)
		if err != nil {
			return nil, err
		}
		if room -= t.words; room < 0 {
			return nil, fmt.Errorf("too many fields to group by: %s has no room (nine fit, of which an IPv6 address, bytes or a text count as two, a bin of time as one)", text)
		}
		p.terms = append(p.terms, t)
	}
	if len(sums) == 0 {
		sums = []string{"packets", "bytes", "bytes_share"}
	}
	for i, text := range sums {
		if slices.Contains(sums[:i], text) {
			return nil, fmt.Errorf("%s stands twice in what to add up", text)
		}
		if err := p.addSum(text); err != nil {
			return nil, err
		}
	}
	return p, nil
}

func parseTerm(text string) (t term, err error) {
	t.text = text
	name, width, ranged := cutNumber(text, ":")
	name, bits, prefixed := cutNumber(name, "/")
	switch {
	case strings.Contains(name, "/"):
		return t, fmt.Errorf("%q: behind / stands the number of bits of a prefix", text)
	case strings.Contains(name, ":"):
		return t, fmt.Errorf("%q: behind : stands how wide ranges are", text)
	}
	if t.operand, err = parseOperand(name); err != nil {
		return t, err
	}
	t.bits = map[dissect.Kind]int{dissect.IPv4Addr: 32, dissect.IPv6Addr: 128, dissect.MAC: 48}[t.kind]
	switch {
	case prefixed && t.bits == 0:
		return t, fmt.Errorf("%q: a prefix is part of an address, and %s is %s", text, name, t.described())
	case prefixed && bits > uint64(t.bits):
		return t, fmt.Errorf("%q: an address of %s has %d bits", text, name, t.bits)
	case ranged && (t.kind != dissect.Dec && t.kind != dissect.Hex && t.kind != dissect.Signed):
		return t, fmt.Errorf("%q: a range is of numbers, and %s is %s", text, name, t.described())
	case ranged && width == 0:
		return t, fmt.Errorf("%q: a range is at least 1 wide", text)
	}
	if prefixed {
		t.bits = int(bits)
	}
	t.width, t.words = width, 1
	if !t.short() {
		t.words = 2
	}
	return t, nil
}

// cutNumber cuts a separator and the number behind it off the end of text.
func cutNumber(text, separator string) (rest string, n uint64, ok bool) {
	if i := strings.LastIndex(text, separator); i >= 0 {
		if n, err := strconv.ParseUint(text[i+1:], 10, 32); err == nil {
			return text[:i], n, true
		}
	}
	return text, 0, false
}

// NeedsChecksums tells whether the groups or what is added up depends on [dissect.Packet.Verify].
func (p *Projection) NeedsChecksums() bool {
	for i := range p.terms {
		if p.terms[i].verified() {
			return true
		}
	}
	for _, s := range p.series {
		if s.verified() {
			return true
		}
	}
	return slices.ContainsFunc(p.sums, func(s *sum) bool { return s.checksums })
}

// NeedsOwner tells whether packets have to say whose they are, see [dissect.Field.Owned].
func (p *Projection) NeedsOwner() bool {
	for i := range p.terms {
		if p.terms[i].owned() {
			return true
		}
	}
	return slices.ContainsFunc(p.series, func(s *series) bool { return s.owned() })
}

// relative tells whether the groups or what is added up depends on where conversations start, see [dissect.Field.Relative].
func (p *Projection) relative() bool {
	return slices.ContainsFunc(p.terms, func(t term) bool { return t.relative() }) ||
		slices.ContainsFunc(p.series, func(s *series) bool { return s.relative() })
}

// projected is a projection as a report.
type projected struct {
	*Projection
	used     int  // words of a key
	measured bool // a sum is made of measures
	seed     Seed
	groups   *Groups[groupKey, total]
	all      amount
	parts    []*projectedPart
}

func (p *Projection) report(s setup) Report {
	used := 1
	for i := range p.terms {
		used += p.terms[i].words
	}
	if p.every > 0 {
		used++
	}
	return &projected{Projection: p, used: used, measured: p.measures(), seed: NewSeed(), groups: NewGroups[groupKey, total](s.groups)}
}

func (r *projected) NewPart() Part {
	t := &projectedPart{report: r, groups: NewGroups[groupKey, total](0), recent: newRecent(r.seed)}
	for i := range r.terms {
		t.terms = append(t.terms, termReader{&r.terms[i], r.terms[i].newReader()})
	}
	for _, s := range r.series {
		t.series = append(t.series, s.newReader())
	}
	r.parts = append(r.parts, t)
	return t
}

func (r *projected) Reset() {
	r.groups.Reset((*total).reset)
	r.all = amount{}
	for _, t := range r.parts {
		t.recent.reset()
	}
}

type projectedPart struct {
	report *projected
	terms  []termReader
	series []*reader
	keys   [2]groupKey // of the packet, by side
	groups *Groups[groupKey, total]
	all    amount
	recent recent
}

type termReader struct {
	*term
	reader *reader
}

func (t *projectedPart) Add(p *dissect.Packet) {
	t.all.add(uint64(p.WireLen))
	sides := 1
	for i := range t.terms {
		t.terms[i].reader.read(p)
		sides = max(sides, t.terms[i].sides)
	}
	for _, s := range t.series {
		s.read(p)
	}
	t.key(p, 0)
	t.addTo(p, 0)
	if sides == 2 {
		if t.key(p, 1); t.keys[1] != t.keys[0] {
			t.addTo(p, 1)
		}
	}
}

// key makes the key of p's group on a side of those terms that have two.
func (t *projectedPart) key(p *dissect.Packet, side int) {
	key := &t.keys[side]
	clear(key[:t.report.used])
	at := 1
	for i := range t.terms {
		term := &t.terms[i]
		if v := &term.reader.values[side&(term.sides-1)]; v.some {
			key[0] |= 1 << i
			term.put(key[at:], v, t.report.seed)
		}
		at += term.words
	}
	if t.report.every > 0 {
		if !p.Timeless {
			key[0] |= 1 << len(t.terms)
			key[at] = uint64(floor(p.Time, t.report.every))
		}
	}
}

// floor rounds ns down to a multiple of step, before 1970 too.
func floor(ns, step int64) int64 {
	rest := ns % step
	if rest < 0 {
		rest += step
	}
	return ns - rest
}

// put writes the term's words for v.
func (t *term) put(words []uint64, v *value, seed Seed) {
	switch {
	case t.width > 1 && t.kind == dissect.Signed:
		words[0] = uint64(floor(int64(v.num), int64(t.width)))
	case t.width > 1:
		words[0] = v.num - v.num%t.width
	case t.words == 1 && t.bits > 0:
		words[0] = v.num &^ (1<<(t.addressBits()-t.bits) - 1)
	case t.words == 1:
		words[0] = v.num
	case t.kind == dissect.IPv6Addr:
		words[0], words[1] = binary.BigEndian.Uint64(v.raw), binary.BigEndian.Uint64(v.raw[8:])
		if t.bits <= 64 {
			words[0], words[1] = words[0]&^(1<<(64-t.bits)-1), 0
		} else {
			words[1] &^= 1<<(128-t.bits) - 1
		}
	default:
		words[0], words[1] = seed.Bytes(v.raw), Seed{seed[1], seed[0]}.Bytes(v.raw)
	}
}

// addressBits is how many bits an address in one word has.
func (t *term) addressBits() int {
	if t.kind == dissect.MAC {
		return 48
	}
	return 32
}

// hashed tells whether the term's words are a hash.
func (t *term) hashed() bool { return t.words == 2 && t.kind != dissect.IPv6Addr }

func (k *groupKey) hash(seed Seed, used int) uint64 {
	h := seed[0]
	for i := 0; i < used; i += 2 {
		h = fold(h^k[i]^fold1, k[i+1]^seed[1]^fold2)
	}
	return fold(h^seed[0], fold3)
}

// addTo adds p to the group of a side's key.
func (t *projectedPart) addTo(p *dissect.Packet, side int) {
	key := &t.keys[side]
	hash := key.hash(t.report.seed, t.report.used)
	total := t.groups.at(key, uint32(hash))
	if total.packets == 0 {
		t.remember(total, side)
	}
	total.add(uint64(p.WireLen))
	if t.report.measured {
		t.measure(total, hash, p)
	}
}

// longest bounds how much of a hashed value is kept to be printed, in bytes.
const longest = 120

// remember keeps the values behind the hashes of a new group, each behind its length in a byte; a length above longest says that the value
// goes on.
func (t *projectedPart) remember(total *total, side int) {
	for i := range t.terms {
		term := &t.terms[i]
		if v := &term.reader.values[side&(term.sides-1)]; v.some && term.hashed() {
			total.values = append(append(total.values, byte(min(len(v.raw), longest+1))), v.raw[:min(len(v.raw), longest)]...)
		}
	}
}

func (t *projectedPart) Flush() {
	t.report.all.absorb(&t.all)
	t.report.groups.Absorb(t.groups, (*total).absorb)
	t.all = amount{}
	t.groups.Reset((*total).reset)
}

func (r *projected) Snapshot() []*Table {
	t := &Table{Name: "by", Title: r.title()}
	var order []string
	if r.every > 0 {
		t.Columns = append(t.Columns, Column{Name: "time", Kind: KindTime})
		t.Within = "time"
		order = append(order, "time")
	}
	for i := range r.terms {
		t.Columns = append(t.Columns, Column{Name: r.terms[i].text, Kind: r.terms[i].column()})
	}
	for _, s := range r.sums {
		t.Columns = append(t.Columns, s.Column)
	}
	for _, g := range r.groups.Entries() {
		t.Add(append(r.keyCells(&g.Key, g.Total.values), r.sumCells(&g.Total)...)...)
	}
	if other, some := r.groups.Other(); some {
		t.Other = append(make([]Cell, len(t.Columns)-len(r.sums)), r.sumCells(other)...)
	}
	t.mustSort(append(order, r.sums[0].order())...)
	r.notes(t)
	return []*Table{t}
}

func (r *projected) title() string {
	var terms []string
	for i := range r.terms {
		terms = append(terms, r.terms[i].text)
	}
	if r.every > 0 {
		terms = append(terms, time.Duration(r.every).String()+" of time")
	}
	if terms == nil {
		return "All packets"
	}
	return "By " + strings.Join(terms, ", ")
}

func (r *projected) keyCells(key *groupKey, values []byte) (cells []Cell) {
	at := 1
	for i := range r.terms {
		t := &r.terms[i]
		cell := Cell{}
		if key[0]&(1<<i) != 0 {
			cell, values = t.cell(key[at:], values)
		}
		cells = append(cells, cell)
		at += t.words
	}
	if r.every > 0 {
		cell := Cell{}
		if key[0]&(1<<len(r.terms)) != 0 {
			cell = Int(int64(key[at]))
		}
		cells = append([]Cell{cell}, cells...)
	}
	return cells
}

// column is the kind of the term's column.
func (t *term) column() Kind {
	switch t.kind {
	case dissect.Dec, dissect.Signed:
		if t.width > 1 || t.fields[0].Bits >= 64 {
			return KindText
		}
		return KindNumber
	case dissect.IPv4Addr, dissect.IPv6Addr, dissect.MAC:
		return KindAddress
	case dissect.Bool, dissect.Present:
		return KindBool
	}
	return KindText
}

// cell returns the cell for the words of a key. values are those that were hashed and are still to come.
func (t *term) cell(words []uint64, values []byte) (Cell, []byte) {
	v := dissect.Value{Field: t.fields[0], Num: words[0]}
	goesOn := false
	switch {
	case t.hashed():
		n := int(values[0])
		if goesOn = n > longest; goesOn {
			n = longest
		}
		v.Raw, values = values[1:1+n], values[1+n:]
	case t.words == 2:
		v.Raw = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, words[0]), words[1])
	case t.addressBits() == 48:
		v.Raw = binary.BigEndian.AppendUint64(nil, words[0])[2:]
	case t.bits > 0:
		v.Raw = binary.BigEndian.AppendUint32(nil, uint32(words[0]))
	}
	switch t.column() {
	case KindNumber:
		if t.kind == dissect.Signed {
			return Int(int64(v.Num)), values
		}
		return Int(v.Num), values
	case KindBool:
		return Bool(v.Num != 0 || t.kind == dissect.Present), values
	}
	text := string(v.AppendText(nil))
	switch {
	case goesOn:
		text += ellipsis
	case t.width > 1:
		v.Num += t.width - 1
		text += "-" + string(v.AppendText(nil))
	case strings.Contains(t.text, "/"):
		text += "/" + strconv.Itoa(t.bits)
	case t.kind == dissect.IPv4Addr || t.kind == dissect.IPv6Addr:
		if a, ok := netip.AddrFromSlice(v.Raw); ok {
			return Addr(a), values
		}
	}
	return Text(text), values
}

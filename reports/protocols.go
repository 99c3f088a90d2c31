package reports

import (
	"cmp"
	"slices"

	"pktscope/dissect"
)

// The protocols report: which protocols carry which. A packet counts once at each place of the tree that it has, however many
// messages it holds there, with all of its bytes on the wire.
type protocols struct {
	seed   Seed
	stacks *Groups[stack, amount]
}

// An amount is a number of packets and of their bytes.
type amount struct {
	packets, bytes uint64
}

func (a *amount) add(bytes uint64) {
	a.packets++
	a.bytes += bytes
}

func (a *amount) absorb(from *amount) {
	a.packets += from.packets
	a.bytes += from.bytes
}

func (a *amount) reset() { *a = amount{} }

func newProtocols(s setup) Report {
	return &protocols{seed: NewSeed(), stacks: NewGroups[stack, amount](s.groups)}
}

func (r *protocols) NewPart() Part {
	return &protocolsPart{report: r, stacks: r.stacks.Part()}
}

func (r *protocols) Reset() { r.stacks.Reset((*amount).reset) }

type protocolsPart struct {
	report *protocols
	stacks *Groups[stack, amount]
}

func (t *protocolsPart) Add(p *dissect.Packet) {
	var a alike
	a.alone(p)
	t.addAlike(&a)
}

func (t *protocolsPart) addAlike(a *alike) {
	s := stackOf(a.Packet)
	more := a.amount()
	t.stacks.First(s, s.hash(t.report.seed), a.first()).absorb(&more)
}

func (t *protocolsPart) Flush() {}

func (r *protocols) gather(parts []Part) {
	gather(r.stacks, parts, func(t *protocolsPart) *Groups[stack, amount] { return t.stacks }, (*amount).absorb, (*amount).reset)
}

func (r *protocols) size(part Part) int { return len(part.(*protocolsPart).stacks.Entries()) }

func (r *protocols) Snapshot() []*Table {
	t := &Table{
		Name: "protocols", Title: "Protocols",
		Columns: []Column{
			{Name: "protocol", Kind: KindPath},
			{Name: "packets", Kind: KindCount},
			{Name: "packets_share", Title: "share", Kind: KindShare},
			{Name: "bytes", Kind: KindBytes},
			{Name: "bytes_share", Title: "share", Kind: KindShare},
		},
		Size: "packets",
	}
	var tree protocolTree
	for _, g := range r.stacks.Entries() {
		tree.add(g.Key, &g.Total)
	}
	total := tree.amount
	other, some := r.stacks.Other()
	total.absorb(other)
	row := func(path []string, a *amount) []Cell {
		return []Cell{List(path...), Int(a.packets), Share(a.packets, total.packets), Int(a.bytes), Share(a.bytes, total.bytes)}
	}
	tree.walk(nil, func(path []string, a *amount) { t.Add(row(slices.Clone(path), a)...) })
	if some {
		t.Other = row(nil, other)
		t.Other[0] = Cell{}
	}
	return []*Table{t}
}

// A protocolTree is what was counted for one place in the tree and below it.
type protocolTree struct {
	amount
	protocol dissect.ID
	children []*protocolTree
}

// add counts the packets of one stack.
func (t *protocolTree) add(s stack, a *amount) {
	t.absorb(a)
	at := []*protocolTree{t}
	for _, n := range s.nodes() {
		child := at[n.parent].child(n.protocol)
		child.absorb(a)
		at = append(at, child)
	}
}

func (t *protocolTree) child(id dissect.ID) *protocolTree {
	for _, c := range t.children {
		if c.protocol == id {
			return c
		}
	}
	c := &protocolTree{protocol: id}
	t.children = append(t.children, c)
	return c
}

// walk calls f for everything below t: parents before children, of siblings those with the most packets first.
func (t *protocolTree) walk(path []string, f func(path []string, a *amount)) {
	slices.SortFunc(t.children, func(a, b *protocolTree) int {
		return cmp.Or(cmp.Compare(b.packets, a.packets), cmp.Compare(b.bytes, a.bytes), cmp.Compare(a.protocol.String(), b.protocol.String()))
	})
	for _, c := range t.children {
		path := append(path, c.protocol.String())
		f(path, &c.amount)
		c.walk(path, f)
	}
}

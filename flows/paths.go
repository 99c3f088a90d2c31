package flows

import (
	"bytes"
	"net/netip"

	"pktscope/dissect"
)

// paths numbers the paths that a reader meets, in the order in which they are met. They are a tree: a path is a node, and the nodes below
// it are the paths with one more step. Looking a step up compares numbers only.
type paths struct {
	slots   []pathSlot // open addressing; a power of two
	nodes   []pathNode
	numbers []uint32               // of nodes, + 1; 0 if nobody has asked yet
	ends    map[[2][16]byte]uint32 // numbers of tunnels that have none, by their ends
	told    uint32                 // nodes that have a number

	point    int    // the capture point that was asked for last
	pointsAt uint32 // and its node, + 1; 0 for none
}

// pathSlot is a step from a node to another one.
type pathSlot struct {
	parent, number uint32
	node           uint32 // + 1; 0 is a free slot
	kind           IdentifierKind
}

type pathNode struct {
	parent uint32 // + 1; 0 for a capture point
	step   Identifier
}

func newPaths() *paths {
	return &paths{slots: make([]pathSlot, 64), ends: map[[2][16]byte]uint32{}}
}

// root returns the node of a capture point.
func (p *paths) root(point *dissect.Point) uint32 {
	if p.pointsAt == 0 || p.point != point.ID {
		p.point, p.pointsAt = point.ID, p.step(noNode, 0, uint32(point.ID))+1
	}
	return p.pointsAt - 1
}

// noNode stands for the node above all others.
const noNode = ^uint32(0)

// step returns the node that is one step below parent.
func (p *paths) step(parent uint32, kind IdentifierKind, number uint32) uint32 {
	mask := uint32(len(p.slots) - 1)
	i := pathHash(parent, kind, number) & mask
	for ; p.slots[i].node != 0; i = (i + 1) & mask {
		if s := &p.slots[i]; s.parent == parent && s.number == number && s.kind == kind {
			return s.node - 1
		}
	}
	n := uint32(len(p.nodes))
	p.nodes = append(p.nodes, pathNode{parent: parent + 1, step: Identifier{Kind: kind, Number: number}})
	p.numbers = append(p.numbers, 0)
	p.slots[i] = pathSlot{parent, number, n + 1, kind}
	if 2*len(p.nodes) > len(p.slots) {
		p.grow()
	}
	return n
}

// tunnel is step for a tunnel that only its ends tell, in either order.
func (p *paths) tunnel(parent uint32, a, b *[16]byte) uint32 {
	if bytes.Compare(b[:], a[:]) < 0 {
		a, b = b, a
	}
	number, known := p.ends[[2][16]byte{*a, *b}]
	if !known {
		number = uint32(len(p.ends))
		p.ends[[2][16]byte{*a, *b}] = number
	}
	n := p.step(parent, Tunnel, number)
	if s := &p.nodes[n].step; !s.Ends[0].IsValid() {
		s.Number, s.Ends = 0, [2]netip.Addr{netip.AddrFrom16(*a).Unmap(), netip.AddrFrom16(*b).Unmap()}
	}
	return n
}

func pathHash(parent uint32, kind IdentifierKind, number uint32) uint32 {
	return uint32(fold(uint64(parent)<<32^uint64(number)^fold1, uint64(kind)^fold2))
}

func (p *paths) grow() {
	old := p.slots
	p.slots = make([]pathSlot, 2*len(old))
	mask := uint32(len(p.slots) - 1)
	for _, s := range old {
		if s.node == 0 {
			continue
		}
		i := pathHash(s.parent, s.kind, s.number) & mask
		for p.slots[i].node != 0 {
			i = (i + 1) & mask
		}
		p.slots[i] = s
	}
}

// number returns the number of a node, and whether nobody asked for it before.
func (p *paths) number(node uint32) (n uint32, fresh bool) {
	at := &p.numbers[node]
	if *at == 0 {
		p.told++
		*at = p.told
		return p.told - 1, true
	}
	return *at - 1, false
}

// path is the steps to a node, outermost first.
func (p *paths) path(node uint32) (path Path) {
	for at := &p.nodes[node]; at.parent != 0; at = &p.nodes[at.parent-1] {
		path = append(path, at.step)
	}
	for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
		path[i], path[j] = path[j], path[i]
	}
	return path
}

// len is how many nodes there are.
func (p *paths) len() int { return len(p.nodes) }

// reset forgets all paths.
func (p *paths) reset() {
	clear(p.slots)
	clear(p.ends)
	p.nodes, p.numbers, p.told, p.pointsAt = p.nodes[:0], p.numbers[:0], 0, 0
}

package reports

import "pktscope/dissect"

// stack says which protocols a packet has, and which carries which: a tree, as bytes. Each byte is a protocol below the one before;
// where it is below another, a zero and that one's place (from 1, 0 for the frame) stand before it. The frame itself is left
// out, and so is a second child of one protocol below one parent: twelve messages in a segment make the stack of one.
//
// It has room for every chain that the decoder makes ([dissect.MaxDepth]); of a packet with more branches than fit, the first count. The
// bytes stand in words, the first in the lowest bits, because these are hashed and compared faster.
type stack [5]uint64

const stackBytes = 8 * len(stack{})

func (s *stack) at(i int) byte { return byte(s[i>>3] >> (i & 7 * 8)) }

func (s *stack) set(i int, b byte) { s[i>>3] |= uint64(b) << (i & 7 * 8) }

func (s *stack) hash(seed Seed) uint64 {
	h := seed.Uint128(s[0], s[1])
	if s[2]|s[3]|s[4] != 0 { // more than 16 protocols
		h = seed.Uint128(seed.Uint128(h^s[2], s[3]), s[4])
	}
	return h
}

// stackOf returns the stack of p.
func stackOf(p *dissect.Packet) (s stack) {
	layers := p.Layers
	if len(layers)-1 > stackBytes {
		return branchedStack(p)
	}
	for i := 1; i < len(layers); i++ {
		if int(layers[i].Parent) != i-1 {
			return branchedStack(p)
		}
		s.set(i-1, byte(layers[i].Protocol))
	}
	return s
}

// branchedStack is stackOf for a packet whose layers are no chain.
func branchedStack(p *dissect.Packet) (s stack) {
	var nodes [stackBytes]stackNode
	var places [dissect.MaxDepth + dissect.MaxMessages]uint8 // of layers among nodes, from 1
	n, end := uint8(0), 0
layers:
	for i := 1; i < min(len(p.Layers), len(places)); i++ {
		l := &p.Layers[i]
		node := stackNode{l.Protocol, places[l.Parent]}
		for k, old := range nodes[:n] {
			if old == node {
				places[i] = uint8(k + 1)
				continue layers
			}
		}
		if node.parent != n {
			if end+3 > stackBytes {
				break
			}
			s.set(end+1, node.parent)
			end += 2
		} else if end == stackBytes {
			break
		}
		s.set(end, byte(l.Protocol))
		end++
		nodes[n] = node
		n++
		places[i] = n
	}
	return s
}

// A stackNode is one protocol in a stack.
type stackNode struct {
	protocol dissect.ID
	parent   uint8 // its place in the stack, from 1; 0 for the frame
}

// nodes returns the protocols in the stack, parents before children.
func (s *stack) nodes() (nodes []stackNode) {
	for i := 0; i < stackBytes; i++ {
		parent := uint8(len(nodes))
		if s.at(i) == 0 {
			if i+2 >= stackBytes || s.at(i+2) == 0 {
				break
			}
			parent = s.at(i + 1)
			i += 2
		}
		nodes = append(nodes, stackNode{dissect.ID(s.at(i)), parent})
	}
	return nodes
}

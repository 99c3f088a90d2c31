package reports

import "pktscope/dissect"

// stack says which protocols a packet has, and which carries which: a tree, as bytes. Each byte is a protocol below the one before;
// where it is below another, a zero and that one's place (from 1, 0 for the frame) stand before it. The frame itself is left
// out, and so is a second child of one protocol below one parent: twelve messages in a segment make the stack of one.
//
// It has room for every chain that the decoder makes ([dissect.MaxDepth]); of a packet with more branches than fit, the first count.
type stack [40]byte

// stackOf returns the stack of p.
func stackOf(p *dissect.Packet) (s stack) {
	n := 0
	for i := 1; i < len(p.Layers); i++ {
		l := &p.Layers[i]
		if int(l.Parent) != i-1 || n == len(s) {
			return branchedStack(p)
		}
		s[n] = byte(l.Protocol)
		n++
	}
	return s
}

// branchedStack is stackOf for a packet whose layers are no chain.
func branchedStack(p *dissect.Packet) (s stack) {
	var nodes [len(stack{})]stackNode
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
			if end+3 > len(s) {
				break
			}
			s[end+1] = node.parent
			end += 2
		} else if end == len(s) {
			break
		}
		s[end] = byte(l.Protocol)
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
	for i := 0; i < len(s); i++ {
		parent := uint8(len(nodes))
		if s[i] == 0 {
			if i+2 >= len(s) || s[i+2] == 0 {
				break
			}
			parent = s[i+1]
			i += 2
		}
		nodes = append(nodes, stackNode{dissect.ID(s[i]), parent})
	}
	return nodes
}

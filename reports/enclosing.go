package reports

import (
	"slices"
	"strings"

	"pktscope/dissect"
)

// pathTo hashes what tells whose addresses stand in layer i: the identifiers of the layers around it, and of a tunnel without one its two
// ends. It is the same for both directions of a conversation.
func pathTo(p *dissect.Packet, i int, seed Seed) uint64 {
	h := seed[0]
	identified := false // what carries the layers that were seen has an identifier
	for j := p.Layers[i].Parent; j > 0; j = p.Layers[j].Parent {
		l := &p.Layers[j]
		if l.Flags&dissect.Partial != 0 {
			continue
		}
		proto := dissect.ByID(l.Protocol)
		if proto.Identity != nil {
			if number, ok := proto.Identity(p, l); ok {
				h = fold(h^uint64(l.Protocol)<<32^uint64(number)^fold1, seed[1]^fold2)
				identified = true
			}
		}
		if proto.Addresses != nil {
			if !identified {
				ends := proto.Addresses(p.Header(l))
				a, b := ends[:len(ends)/2], ends[len(ends)/2:]
				h = fold(h^(seed.Bytes(a)+seed.Bytes(b))^fold2, seed[1]^fold3)
			}
			identified = false
		}
	}
	return h
}

// enclosing is the identifiers of the layers around one, outermost first; of more than fit the innermost.
type enclosing struct {
	n     uint8
	steps [6]step
}

type step struct {
	number   uint32
	protocol dissect.ID
}

// enclosingOf returns those of layer i.
func enclosingOf(p *dissect.Packet, i int) (e enclosing) {
	for j := p.Layers[i].Parent; j > 0 && int(e.n) < len(e.steps); j = p.Layers[j].Parent {
		l := &p.Layers[j]
		proto := dissect.ByID(l.Protocol)
		if proto.Identity == nil || l.Flags&dissect.Partial != 0 {
			continue
		}
		if number, ok := proto.Identity(p, l); ok {
			e.steps[e.n] = step{number, l.Protocol}
			e.n++
		}
	}
	slices.Reverse(e.steps[:e.n])
	return e
}

// cell is all of them in one text, "vlan 100 / vxlan 5001"; absent if there is none.
func (e *enclosing) cell() Cell {
	var texts []string
	for _, s := range e.steps[:e.n] {
		number := identifier{s.number, roles[s.protocol].kind, true}.number()
		texts = append(texts, s.protocol.String()+" "+number)
	}
	if texts == nil {
		return Cell{}
	}
	return Text(strings.Join(texts, " / "))
}

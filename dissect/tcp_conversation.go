package dissect

import "bytes"

// Sequence numbers that count from where a conversation starts, as Wireshark shows them. A direction starts at its SYN; if that was
// not captured, one before its first segment, or before the first byte that the other end acknowledged, whichever came first.

// tcpConversation holds where the two directions start: that from the smaller end first.
type tcpConversation struct {
	start [2]uint32
	known [2]bool
}

// maxConversations bounds the conversations that are remembered.
const maxConversations = 65536

// resolveTCP remembers where conversations start. The layer's Note says where in the packet's learned numbers the starts stand: that
// of the segment's own direction, and behind it the other's.
func resolveTCP(r *Resolver, p *Packet, i int) {
	l := &p.Layers[i]
	h := TCP(p.Header(l))
	key, from := p.appendConversation(r.key[:0], i, h[0:4])
	r.key = key
	c := r.conversations.put(key)
	syn, ack := h.Flags()&0x02 != 0, h.Flags()&0x10 != 0
	if syn && !ack && c.known[from] && c.start[from] != h.Sequence() {
		*c = tcpConversation{} // the ports are used again
	}
	if !c.known[from] {
		c.start[from], c.known[from] = h.Sequence(), true
		if !syn {
			c.start[from]--
		}
	}
	to := 1 - from
	if !c.known[to] && ack {
		c.start[to], c.known[to] = h.Acknowledgment()-1, true
	}
	l.Note = p.learn(c.start[from])
	p.learn(c.start[to])
}

// appendConversation appends what both directions of layer i's conversation have in common: the capture point, what identifies the
// layers around it, and its ends. It tells which end sent the packet: 0 is the smaller one. Ports are those of source and destination.
//
// Where an identity belongs to one direction (a label, an SPI) each direction is a conversation of its own, which has to do with
// what the other end acknowledged.
func (p *Packet) appendConversation(dst []byte, i int, ports []byte) (key []byte, from int) {
	dst = append32(dst, uint32(p.Point.ID))
	swapped, innermost := false, true
	for j := p.Layers[i].Parent; j >= 0; j = p.Layers[j].Parent {
		l := &p.Layers[j]
		switch proto := protocols[l.Protocol]; {
		case l.Flags&Partial != 0:
		case proto.Addresses != nil:
			both := proto.Addresses(p.Header(l))
			source, destination := both[:len(both)/2], both[len(both)/2:]
			order := bytes.Compare(source, destination)
			if innermost {
				if order == 0 {
					order = bytes.Compare(ports[:2], ports[2:])
				}
				swapped, innermost = order > 0, false
			}
			if order > 0 {
				source, destination = destination, source
			}
			dst = append(append(append(dst, byte(l.Protocol)), source...), destination...)
		case proto.Identity != nil:
			if number, ok := proto.Identity(p, l); ok {
				dst = append32(append(dst, byte(l.Protocol)), number)
			}
		}
	}
	if swapped {
		return append(append(dst, ports[2:]...), ports[:2]...), 1
	}
	return append(dst, ports...), 0
}

// tcpPeer returns where the direction opposite to the layer's starts. It is not ok when that was not learned.
func (w *Walker) tcpPeer() (start uint32, ok bool) {
	if w.Layer.Note == 0 {
		return 0, false
	}
	return w.Packet.recall(w.Layer.Note + 1)
}

package dissect

// Tenants use the same addresses. What tells the packets of one from those of another is where they were captured and the headers
// around them, or rather what in those headers identifies: each protocol says by its Identity what that is.

// AppendPath appends the capture point of p and, of the layers around layer i, the identities and the IP addresses: those are a tunnel's
// ends, which is all that tells two tunnels without a number apart. Two paths are the same bytes only if all of these are the same: the
// size of each follows from its protocol's number, which stands before it.
func (p *Packet) AppendPath(dst []byte, i int) []byte {
	dst = append32(dst, uint32(p.Point.ID))
	for j := p.Layers[i].Parent; j >= 0; j = p.Layers[j].Parent {
		l := &p.Layers[j]
		switch proto := protocols[l.Protocol]; {
		case l.Flags&Partial != 0:
		case proto.Addresses != nil:
			dst = append(append(dst, byte(l.Protocol)), proto.Addresses(p.Header(l))...)
		case proto.Identity != nil:
			if number, ok := proto.Identity(p, l); ok {
				dst = append32(append(dst, byte(l.Protocol)), number)
			}
		}
	}
	return dst
}

func append32(dst []byte, n uint32) []byte {
	return append(dst, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
}

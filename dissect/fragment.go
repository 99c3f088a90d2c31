package dissect

// Fragments of IPv4 and IPv6. A datagram is dissected in the packet that completes it; the others have data. What takes part in
// reassembly is what a receiver would take: of IPv4 fragments those whose header checksum is good, and all of the fragment must have
// been captured. A fragment that takes no part is decoded as far as it goes if it is the first one, because its ports may be all
// there is. What an ICMP error quotes is no traffic and takes no part.

// fragment decides what becomes of the layer, which is a fragment: one that takes part waits for the resolver.
func (d *Decoder) fragment(offset int, nextHeader uint8, intact bool) ID {
	switch l := d.l; {
	case intact && !d.config.Alone && d.flags&Quoted == 0 && l.PayloadLen() > 0 && d.p.Whole(l):
		d.pend()
		return done
	case offset == 0:
		d.part = true
		return d.upper(nextHeader)
	}
	return d.halt(StopFragment)
}

func resolveIPv4(r *Resolver, p *Packet, i int) {
	h := IPv4(p.Header(&p.Layers[i]))
	key := append(r.key[:0], 4, h.Protocol())
	key = append(append(key, h[4:6]...), h[12:20]...)
	r.key = p.AppendPath(key, i)
	r.defragment(p, i, &fragmentOf{offset: h.FragmentOffset(), more: h.MoreFragments(), next: h.Protocol()}, "ip.reassembled.length")
}

// resolveIPv6Fragment leaves the next header out of the key: only that of the first fragment counts (RFC 8200 §4.5). The addresses are
// in the path, because the IPv6 header is around this one.
func resolveIPv6Fragment(r *Resolver, p *Packet, i int) {
	h := IPv6Fragment(p.Header(&p.Layers[i]))
	key := append(append(r.key[:0], 6), h[4:8]...)
	r.key = p.AppendPath(key, i)
	r.defragment(p, i, &fragmentOf{offset: h.FragmentOffset(), more: h.MoreFragments(), next: h.NextHeader()}, "ipv6.reassembled.length")
}

// defragment adds the payload of layer i to the datagram with key r.key. The layer's Note becomes the number of fragments when the
// datagram is complete.
func (r *Resolver) defragment(p *Packet, i int, f *fragmentOf, limit string) {
	f.data, f.time = p.Payload(&p.Layers[i]), p.Time
	w, odd, ok := r.fragments.add(r.key, f)
	d := r.at(p, i)
	if odd != noAnomaly {
		d.note(odd)
	}
	if !ok {
		d.halt(StopFragment)
		r.payload(p, i, none)
		return
	}
	p.Layers[i].Note = uint16(min(w.fragments, 0xffff))
	r.resume(p, i, w.data, d.upper(w.next), limit, Tail)
}

// reassembled yields what the layer's datagram was made of, in the packet that completed it.
func (w *Walker) reassembled(count, length, data *Field) {
	p := w.Packet
	for j := w.Index + 1; j < len(p.Layers); j++ {
		if l := &p.Layers[j]; int(l.Parent) == w.Index && l.Source != w.Layer.Source {
			b := p.sources[l.Source]
			w.Num(count, 0, 0, uint64(w.Layer.Note))
			w.Num(length, 0, 0, uint64(len(b)))
			w.text(data, b)
			return
		}
	}
}

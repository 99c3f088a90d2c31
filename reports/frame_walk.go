package reports

import (
	"cmp"
	"encoding/binary"
	"strings"

	"pktscope/dissect"
	"pktscope/flows"
)

// A frameWalk finds the Ethernet frames of a packet, outermost first, and the network of each: the identifiers around it and its own VLAN tags.
type frameWalk struct {
	packet *dissect.Packet
	seed   uint64
	next   int    // layer to look at
	last   int    // layer that meant something
	outer  int    // the innermost layer so far that names two ends
	tunnel kindID // the innermost tunnel so far

	// The frame that was found.
	ethernet int // its layer
	behind   int // the layer behind its tags; the number of layers if there is none
	network  uint64
	path     path
	inTunnel bool
	end      endpoint // the tunnel's end that it came in by, if a frame's place is there
	otherEnd endpoint // the end that it leaves by
	endKind  endKind  // unknownEnds if there is none
}

func newFrameWalk(p *dissect.Packet, seed Seed) frameWalk {
	return frameWalk{packet: p, seed: seed[1], next: 1, network: seed[0]}
}

// find goes on to the next frame.
func (w *frameWalk) find() bool {
	p := w.packet
	for ; w.next < len(p.Layers); w.next++ {
		i := w.next
		l := &p.Layers[i]
		role := &roles[l.Protocol]
		if role.meaning == meansNothing {
			continue
		}
		if l.Flags&(dissect.Partial|dissect.Quoted) != 0 || int(l.Parent) < w.last {
			return false
		}
		w.last = i
		switch role.meaning {
		case meansEthernet:
			w.frame(i)
			return true
		case meansIP:
			w.outer = i
		case meansTag:
			w.identify(role.kind, i, false)
		case meansLabel:
			w.identify(role.kind, i, false)
			w.inTunnel, w.tunnel = true, role.kind
		case meansTunnel:
			w.identify(role.kind, i, true)
			w.inTunnel, w.tunnel = true, role.kind
		}
	}
	return false
}

// frame is what was found in layer i. Its tags are read, too.
func (w *frameWalk) frame(i int) {
	p := w.packet
	w.ethernet = i
	w.ends(i)
	w.outer = i
	for i++; i < len(p.Layers) && roles[p.Layers[i].Protocol].meaning == meansTag && p.Layers[i].Flags&dissect.Partial == 0; i++ {
		w.identify(roles[p.Layers[i].Protocol].kind, i, false)
		w.last = i
	}
	w.behind, w.next = i, i
}

// ends finds the ends of the tunnel that the frame in layer i is in: the ports of its network. Those of a mirror are none, nor are the next hops
// of a label or a service chain.
func (w *frameWalk) ends(i int) {
	p := w.packet
	w.endKind, w.end, w.otherEnd = unknownEnds, endpoint{}, endpoint{}
	if !w.inTunnel || w.tunnel == kindERSPAN || w.outer == 0 {
		return
	}
	if w.tunnel == kindTRILL {
		for j := int(p.Layers[i].Parent); j > 0; j = int(p.Layers[j].Parent) {
			if l := &p.Layers[j]; tunnelKinds[kindTRILL].is(l) {
				h := dissect.TRILL(p.Header(l))
				w.endKind, w.end, w.otherEnd = nicknames, endpoint{0, uint64(h.Ingress())}, endpoint{0, uint64(h.Egress())}
				return
			}
		}
	}
	if p.Layers[w.outer].Protocol != eth || w.tunnel == kindBackbone {
		w.endKind, w.end, w.otherEnd = tunnelEnds(p, w.outer)
	}
}

func (k *tunnelKind) is(l *dissect.Layer) bool { return l.Protocol.String() == k.protocol }

// identify adds the identifier of layer i to the network; of a tunnel without one that it is there, and its ends.
func (w *frameWalk) identify(kind kindID, i int, tunnel bool) {
	p := w.packet
	l := &p.Layers[i]
	if kind == kindGRE {
		kind = greKind(dissect.GRE(p.Header(l)), l.Note)
	}
	d := identifier{kind: kind}
	if k := &tunnelKinds[kind]; k.id != nil {
		d.id, d.some = k.id(p, l)
	}
	if !d.some && !tunnel {
		return // a priority tag, a special label
	}
	w.path.add(d)
	w.network = fold(w.network^d.word()^fold1, w.seed^fold2)
	if !d.some && w.outer != 0 {
		if proto := dissect.ByID(p.Layers[w.outer].Protocol); proto.Addresses != nil {
			ends := proto.Addresses(p.Header(&p.Layers[w.outer]))
			a, b := ends[:len(ends)/2], ends[len(ends)/2:]
			seed := Seed{w.seed, fold3}
			w.network = fold(w.network^(seed.Bytes(a)+seed.Bytes(b)), w.seed^fold3)
		}
	}
}

// addresses are the MAC addresses of the frame.
func (w *frameWalk) addresses() (source, destination uint64) {
	l := &w.packet.Layers[w.ethernet]
	b := w.packet.SourceBytes(l)[l.Start:]
	return binary.BigEndian.Uint64(b[4:]) & 0xffffffffffff, binary.BigEndian.Uint64(b) >> 16
}

// sender is the IP address that the frame's sender gives for its own: that of the IP header behind the tags, or of ARP. It is not ok if there is
// none, or if it is no host's.
func (w *frameWalk) sender() (source endpoint, ok bool) {
	if source, ok = w.networkSource(); !ok {
		return source, false
	}
	zero := source[0] == 0 && (source[1] == 0 || source[1] == 0xffff<<32)
	return source, !zero && !source.group()
}

func (w *frameWalk) networkSource() (source endpoint, ok bool) {
	p := w.packet
	if w.behind >= len(p.Layers) {
		return source, false
	}
	l := &p.Layers[w.behind]
	if l.Flags&dissect.Partial != 0 {
		return source, false
	}
	switch l.Protocol {
	case ip4:
		return ip4Endpoint(p.Header(l)[12:]), true
	case ip6:
		return ip6Endpoint(p.Header(l)[8:]), true
	case arpID:
		h := dissect.ARP(p.Header(l))
		if h.ProtocolType() == 0x0800 && h.ProtocolSize() == 4 {
			return ip4Endpoint(h.SenderProtocol()), true
		}
	}
	return source, false
}

var arpID = dissect.ByName("arp").ID

// segmentKinds are the kinds of identifiers as flows call them, by the names of tunnels and tags.
var segmentKinds = map[string]flows.IdentifierKind{
	"vlan": flows.VLAN, "s-vlan": flows.ServiceVLAN, "802.1ah": flows.ISID, "mpls": flows.Label, "gre": flows.GREKey, "nvgre": flows.VSID,
	"pptp": flows.Call, "eoip": flows.Call, "vxlan": flows.VXLANVNI, "vxlan-gpe": flows.VXLANVNI, "geneve": flows.GeneveVNI, "gtp": flows.TEID,
	"fgl": flows.FineLabel, "esp": flows.SPI, "l2tp": flows.L2TPSession, "l2tpv3": flows.L2TPSession, "pppoe": flows.PPPoESession,
	"erspan": flows.ERSPANVLAN, "dlci": flows.DLCI,
}

// identifier is step i of the path as flows call it. It is not ok for a tunnel without a number.
func (p *path) identifier(i int) (id flows.Identifier, ok bool) {
	d := p.ids[i]
	kind, known := segmentKinds[tunnelKinds[d.kind].name]
	if kind == flows.VLAN && i > 0 && p.ids[i-1].kind == kindTRILL {
		kind = flows.TRILLVLAN
	}
	return flows.Identifier{Kind: kind, Number: d.id}, known && d.some
}

// segment is the path at a capture point as the reports on segments and tenants call it, with the tenant's name if there is one. A tunnel that has
// no identifier has its kind's name.
func (p *path) segment(point *dissect.Point, tenants flows.Tenancy) string {
	var whole flows.Path
	var b strings.Builder
	n := min(int(p.n), len(p.ids))
	for i := range n {
		d := p.ids[i]
		if d.kind == kindTRILL && i+1 < n {
			continue // its tag says more
		}
		id, ok := p.identifier(i)
		text := d.String()
		if ok {
			whole = append(whole, id)
			text = id.String()
		}
		switch {
		case i > 0 && d.kind == kindMPLS && p.ids[i-1].kind == kindMPLS:
			text = "/" + d.number()
		case b.Len() > 0:
			text = " / " + text
		}
		b.WriteString(text)
	}
	if tenants != nil {
		if tenant, steps, ok := tenants.Match(point, whole); ok {
			s := flows.Segment{Tenant: tenant, Path: whole[steps:]}
			return s.Name()
		}
	}
	return cmp.Or(b.String(), "untagged")
}

package dissect

import "strconv"

// Layer Two Tunneling Protocol, version 2 (RFC 2661) and version 3 (RFC 3931), which runs over UDP and directly over IP. What a
// control message says is in l2tp_avp.go, what that means for the data in l2tp_session.go.
var l2tp = Protocol{
	Name:     "l2tp",
	Title:    "Layer 2 Tunneling Protocol",
	Ref:      "RFC 3931",
	Tunnel:   true,
	Over:     []Over{{UDPPort, 1701}, {IPProtocol, 115}},
	Tables:   l2tpTables,
	Fields:   l2tpFields,
	Identity: identifyL2TP,
	Dissect:  dissectL2TP,
	Resolve:  resolveL2TP,
	Walk:     walkL2TP,
	Summary:  summarizeL2TP,
}

var (
	l2tpFlags = Rows{{Name: "l2tp.flags", Bits: 16, Kind: Hex, Ref: "RFC 3931 §3.2.1", Parts: Rows{
		{Name: "l2tp.type", Bits: 1, Enum: Names{0: "Data Message", 1: "Control Message"}},
		{Name: "l2tp.length_bit", Bits: 1, Kind: Bool, Doc: "a length is there"},
		{Bits: 2},
		{Name: "l2tp.seq_bit", Bits: 1, Kind: Bool, Doc: "Ns and Nr are there"},
		{Bits: 7},
		{Name: "l2tp.version", Bits: 4},
	}}}
	l2tpFlags2 = Rows{ // more flags of version 2
		{Bits: 6},
		{Name: "l2tp.offset_bit", Bits: 1, Kind: Bool, Doc: "an offset is there", Ref: "RFC 2661 §3.1"},
		{Name: "l2tp.priority", Bits: 1, Kind: Bool, Doc: "the message goes before others", Ref: "RFC 2661 §3.1"},
		{Bits: 8},
	}
	l2tpReserved = &Field{Name: "l2tp.res", Bits: 16, Kind: Hex, Ref: "RFC 3931 §4.1.2.1"}
	l2tpLength   = &Field{Name: "l2tp.length", Bits: 16, Doc: "bytes of header and payload"}
	l2tpTunnel   = &Field{Name: "l2tp.tunnel", Bits: 16, Doc: "the receiver's number of the tunnel", Ref: "RFC 2661 §3.1"}
	l2tpSession  = &Field{Name: "l2tp.session", Bits: 16, Doc: "the receiver's number of the session", Ref: "RFC 2661 §3.1"}
	l2tpCCID     = &Field{Name: "l2tp.ccid", Bits: 32, Kind: Hex, Doc: "the receiver's number of the control connection", Ref: "RFC 3931 §3.2.1"}
	l2tpSID      = &Field{Name: "l2tp.sid", Bits: 32, Kind: Hex, Doc: "the receiver's number of the session; 0 is a control message", Ref: "RFC 3931 §4.1"}
	l2tpNs       = &Field{Name: "l2tp.Ns", Bits: 16, Doc: "number of this message"}
	l2tpNr       = &Field{Name: "l2tp.Nr", Bits: 16, Doc: "number of the control message that is expected next"}
	l2tpOffset   = &Field{Name: "l2tp.offset", Bits: 16, Doc: "bytes between this field and the payload", Ref: "RFC 2661 §3.1"}
	l2tpPadding  = &Field{Name: "l2tp.offset_padding", Kind: Present, Doc: "bytes between the offset and the payload"}
	l2tpZLB      = &Field{Name: "l2tp.zero_length_body_message", Kind: Present, Doc: "a control message that only acknowledges", Ref: "RFC 2661 §5.8"}
)

// L2TP is a view of an L2TP header that starts with flags: of any version over UDP, and of a control message behind the session
// number over IP.
type L2TP []byte

// Flags are the first 16 bits, with the version.
func (h L2TP) Flags() uint16 { return be16(h) }

// Version is 2 or 3.
func (h L2TP) Version() uint8 { return h[1] & 15 }

// Control tells a control message from data.
func (h L2TP) Control() bool { return h[0]&0x80 != 0 }

// HasLength tells whether a length stands behind the flags.
func (h L2TP) HasLength() bool { return h[0]&0x40 != 0 }

// Sequenced tells whether Ns and Nr are there.
func (h L2TP) Sequenced() bool { return h[0]&0x08 != 0 }

// HasOffset tells whether an offset is there; only version 2 has one.
func (h L2TP) HasOffset() bool { return h[0]&0x02 != 0 }

// l2tpOverIP tells whether the layer l is version 3 directly over IP. Such packets start with a session number.
func (p *Packet) l2tpOverIP(l *Layer) bool {
	around := p.Layers[l.Parent].Protocol
	return around != udp.ID && around != udplite.ID
}

// Places in a version 3 header.
const (
	l2tpControl3 = 12 // bytes of a control message's header, from the flags on
	l2tpData3    = 8  // bytes before the cookie over UDP
	l2tpDataIP   = 4  // bytes before the cookie over IP
)

func dissectL2TP(d *Decoder, b []byte) ID {
	if d.p.l2tpOverIP(d.layer()) {
		if !d.header(l2tpDataIP) {
			return done
		}
		if be32(b) != 0 {
			d.pend() // only its session says what follows
			return done
		}
		return d.l2tpControl(b, l2tpDataIP)
	}
	if !d.header(2) {
		return done
	}
	switch h := L2TP(b); {
	case h.Version() == 2:
		return d.l2tp2(b)
	case h.Version() != 3:
		return d.halt(StopBadVersion)
	case h.Control():
		return d.l2tpControl(b, 0)
	}
	if d.header(l2tpData3) {
		d.pend()
	}
	return done
}

// l2tpControl goes on with a control message of version 3 whose flags stand at off. All of it is header: its AVPs are fields.
func (d *Decoder) l2tpControl(b []byte, off int) ID {
	if !d.header(off + l2tpControl3) {
		return done
	}
	h := L2TP(b[off:])
	if h.Version() != 3 {
		return d.halt(StopBadVersion)
	}
	return d.l2tpMessage(b, off+int(be16(h[2:])), off+l2tpControl3)
}

// l2tpMessage ends a control message of n bytes, of which at least fixed have to be there. It waits for the resolver, which learns
// from it.
func (d *Decoder) l2tpMessage(b []byte, n, fixed int) ID {
	if n < fixed {
		return d.badLength("l2tp.length", fixed, n)
	}
	d.extent(n, "l2tp.length")
	if d.header(d.layer().Len()) && d.flags&Quoted == 0 {
		d.pend()
	}
	return done
}

// l2tp2 goes on with a message of version 2.
func (d *Decoder) l2tp2(b []byte) ID {
	h := L2TP(b)
	n, limit := h.fixed2(), d.layer().Len()
	if !d.header(n) {
		return done
	}
	if h.HasLength() {
		limit = int(be16(b[2:]))
	}
	if h.Control() {
		return d.l2tpMessage(b, limit, n)
	}
	if limit < n {
		return d.badLength("l2tp.length", n, limit)
	}
	d.extent(limit, "l2tp.length")
	if h.HasOffset() {
		n += int(be16(b[n-2:]))
		if n > d.layer().Len() {
			return d.badLength("l2tp.offset", n, d.layer().Len())
		}
		if !d.header(n) {
			return done
		}
	}
	if d.layer().PayloadLen() == 0 {
		return done
	}
	return ppp.ID
}

// fixed2 is the length of a version 2 header in bytes, without what its offset skips.
func (h L2TP) fixed2() int {
	n := 6
	if h.HasLength() {
		n += 2
	}
	if h.Sequenced() {
		n += 4
	}
	if h.HasOffset() {
		n += 2
	}
	return n
}

// identifyL2TP gives the session of a data message: version 2 numbers it within a tunnel, whose number are the upper 16 bits.
func identifyL2TP(p *Packet, l *Layer) (number uint32, ok bool) {
	h := p.Header(l)
	if p.l2tpOverIP(l) {
		return be32(h), be32(h) != 0
	}
	switch v := L2TP(h); {
	case v.Control():
		return 0, false
	case v.Version() == 3, v.Version() == 2 && v.HasLength():
		return be32(h[4:]), true
	case v.Version() == 2:
		return be32(h[2:]), true
	}
	return 0, false
}

func walkL2TP(w *Walker) {
	h := w.Header()
	off := 0
	if w.Packet.l2tpOverIP(w.Layer) {
		w.Add(l2tpSID, 0, l2tpDataIP)
		if len(h) < l2tpDataIP || be32(h) != 0 {
			w.l2tpData(l2tpDataIP)
			return
		}
		off = l2tpDataIP
	}
	if len(h) < off+2 {
		return
	}
	v := L2TP(h[off:])
	w.Rows(l2tpFlags, off)
	switch {
	case v.Version() == 2:
		w.l2tp2(v)
	case v.Version() != 3:
	case v.Control():
		w.header(l2tpLength, off+2, 2)
		w.header(l2tpCCID, off+4, 4)
		w.header(l2tpNs, off+8, 2)
		w.header(l2tpNr, off+10, 2)
		w.l2tpAVPs(off + l2tpControl3)
	default:
		w.header(l2tpReserved, 2, 2)
		w.header(l2tpSID, 4, 4)
		w.l2tpData(l2tpData3)
	}
}

// header yields field f if it lies in the header.
func (w *Walker) header(f *Field, off, n int) {
	if off+n <= w.Layer.HeaderLen() {
		w.Add(f, off, n)
	}
}

func (w *Walker) l2tp2(h L2TP) {
	w.Rows(l2tpFlags2, 0)
	off := 2
	if h.HasLength() {
		w.header(l2tpLength, off, 2)
		off += 2
	}
	w.header(l2tpTunnel, off, 2)
	w.header(l2tpSession, off+2, 2)
	off += 4
	if h.Sequenced() {
		w.header(l2tpNs, off, 2)
		w.header(l2tpNr, off+2, 2)
		off += 4
	}
	if h.HasOffset() {
		w.header(l2tpOffset, off, 2)
		off += 2
	}
	if h.Control() {
		w.l2tpAVPs(off)
	} else if n := w.Layer.HeaderLen() - off; n > 0 {
		w.Add(l2tpPadding, off, n)
	}
}

func summarizeL2TP(dst []byte, p *Packet, i int) []byte {
	l := &p.Layers[i]
	h := p.Header(l)
	dst = append(dst, "L2TP"...)
	number, ok := uint32(0), false
	if l.Flags&Partial == 0 {
		number, ok = identifyL2TP(p, l)
	}
	switch {
	case l.Flags&Partial != 0:
		return dst
	case !ok:
		off := 0
		if p.l2tpOverIP(l) {
			off = l2tpDataIP
		}
		return append(append(dst, ' '), l2tpMessageName(h, off)...)
	case !p.l2tpOverIP(l) && L2TP(h).Version() == 2:
		dst = strconv.AppendUint(append(dst, " tunnel "...), uint64(number>>16), 10)
		return strconv.AppendUint(append(dst, " session "...), uint64(number&0xffff), 10)
	}
	return appendHex(append(dst, " session "...), uint64(number), 8)
}

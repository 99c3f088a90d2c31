package dissect

// The sessions of L2TPv3. A data message says which session it belongs to and nothing else: whether a cookie stands before the
// payload and how long it is, whether a sublayer follows, and what the payload is, was agreed on in control messages (RFC 3931
// §4.1.2, §5.4.4). A receiver chooses cookie and sublayer of what is sent to it, so a session is told by the receiver's address and
// number. Static tunnels have no control messages: Options.Cookie says the length of their cookies, and the rest is a guess.

// maxSessions bounds the sessions that are remembered.
const maxSessions = 65536

// l2tpBinding is what a receiver asked for in a session.
type l2tpBinding struct {
	cookie     uint8  // bytes
	sublayer   uint16 // value of the L2-Specific Sublayer AVP
	pseudowire uint16
}

// Pseudowire types that are named here; the others are in the table.
const (
	pseudowireEthernet = 5
	pseudowireIP       = 11
)

const (
	sublayerDefault = 1
	sublayerATM     = 2
	sublayerSize    = 4 // bytes of either
)

// The Note of a data layer: how long the cookie is, and which sublayer follows.
const (
	noteCookie   = 0x0f
	noteSublayer = 0x30
	noteShift    = 4
)

// resolveL2TP learns from control messages of version 3, and goes on with data.
func resolveL2TP(r *Resolver, p *Packet, i int) {
	l := &p.Layers[i]
	h := p.Header(l)
	off := l2tpData3
	if p.l2tpOverIP(l) {
		off = l2tpDataIP
	}
	switch number, data := identifyL2TP(p, l); {
	case data:
		r.l2tpData(p, i, off, number)
	case off == l2tpDataIP:
		r.learnL2TP(p, i, h[l2tpDataIP+l2tpControl3:])
	case L2TP(h).Version() == 3:
		r.learnL2TP(p, i, h[l2tpControl3:])
	}
}

// l2tpKey is the key of a session that the sender, or else the receiver, of layer i numbers. It is not ok where there is no IP around.
func (r *Resolver) l2tpKey(p *Packet, i int, sender bool, session uint32) (key []byte, ok bool) {
	for j := int(p.Layers[i].Parent); j >= 0; j = int(p.Layers[j].Parent) {
		l := &p.Layers[j]
		if addresses := protocols[l.Protocol].Addresses; addresses != nil {
			both := addresses(p.Header(l))
			end := both[len(both)/2:]
			if sender {
				end = both[:len(both)/2]
			}
			r.key = append(append32(p.AppendPath(r.key[:0], j), session), end...)
			return r.key, true
		}
	}
	return nil, false
}

// learnL2TP reads the AVPs of the control message in layer i that set a session up.
func (r *Resolver) learnL2TP(p *Packet, i int, avps []byte) {
	m := readL2TPMessage(avps)
	if !m.setsUp() || m.local == 0 {
		return
	}
	key, ok := r.l2tpKey(p, i, true, m.local)
	if !ok {
		return
	}
	s := r.sessions.put(key)
	if m.first() {
		*s = l2tpBinding{}
	}
	if m.hasCookie {
		s.cookie = m.cookie
	}
	if m.hasSublayer {
		s.sublayer = m.sublayer
	}
	if m.pseudowire != 0 {
		s.pseudowire = m.pseudowire
	}
	// Only the one that asks needs to name the pseudowire; it is the same in both directions.
	if m.remote == 0 {
		return
	}
	if key, ok = r.l2tpKey(p, i, false, m.remote); !ok {
		return
	}
	if peer := r.sessions.get(key); peer != nil {
		if s.pseudowire == 0 {
			s.pseudowire = peer.pseudowire
		}
		if peer.pseudowire == 0 {
			peer.pseudowire = s.pseudowire
		}
	}
}

// l2tpData goes on with the data message in layer i, whose first fixed bytes end with the session's number.
func (r *Resolver) l2tpData(p *Packet, i, fixed int, session uint32) {
	var s *l2tpBinding
	if key, ok := r.l2tpKey(p, i, false, session); ok {
		s = r.sessions.get(key)
	}
	b := p.Body(&p.Layers[i])
	guess := Flags(0)
	if s == nil {
		cookie := r.decoder.config.Cookie
		if s = guessL2TP(cookie, b[fixed:]); s == nil {
			r.at(p, i).halt(StopUnbound)
			r.payload(p, i, none)
			return
		}
		guess = Guessed
	}
	n := fixed + int(s.cookie)
	note := uint16(s.cookie)
	if s.sublayer == sublayerDefault || s.sublayer == sublayerATM {
		n += sublayerSize
		note |= s.sublayer << noteShift
	}
	d := r.at(p, i)
	d.have, d.limit = len(b), "udp.length"
	if fixed == l2tpDataIP {
		d.limit = "ip.len"
	}
	p.Layers[i].Note = note
	if !d.header(n) {
		return
	}
	id := none
	switch s.pseudowire {
	case 0:
		d.halt(StopUnbound)
	case pseudowireIP:
		id = ipByVersion(b[n:])
	default:
		id = d.next(Pseudowire, uint32(s.pseudowire))
	}
	d.flags |= guess
	d.run(id, b[n:], d.layer().HeaderEnd, d.layer().End, int16(i))
}

// guessL2TP is the session of a static tunnel whose cookies have the given length: b starts with one. Linux, which has such
// tunnels, carries Ethernet, with the default sublayer unless it is told otherwise. It returns nil where no Ethernet header is seen.
func guessL2TP(cookie int, b []byte) *l2tpBinding {
	if cookie < 0 || cookie > len(b) {
		return nil
	}
	s := &l2tpBinding{cookie: uint8(cookie), pseudowire: pseudowireEthernet}
	b = b[cookie:]
	switch {
	case len(b) >= sublayerSize && b[0]&^0x40 == 0 && looksLikeEthernet(b[sublayerSize:]):
		s.sublayer = sublayerDefault
		return s
	case looksLikeEthernet(b):
		return s
	}
	return nil
}

// looksLikeEthernet tells whether b may start with an Ethernet header: its type is a known one, or a length that fits.
func looksLikeEthernet(b []byte) bool {
	if len(b) < 14 {
		return false
	}
	t := Ethernet(b).TypeOrLength()
	return etherTypes[uint64(t)] != "" || isLength(t) && int(t) <= len(b)-14
}

var (
	l2tpCookie  = &Field{Name: "l2tp.cookie", Kind: Bytes, Doc: "chosen at random by the receiver, against what was not sent for the session", Ref: "RFC 3931 §4.1"}
	l2tpDefault = &Field{Name: "l2tp.l2_spec_def", Kind: Present, Doc: "the default sublayer", Ref: "RFC 3931 §4.6"}
	l2tpATM     = &Field{Name: "l2tp.l2_spec_atm", Kind: Present, Doc: "the ATM-specific sublayer", Ref: "RFC 4454 §5.1"}

	l2tpSublayer = Rows{
		{Bits: 1},
		{Name: "l2tp.l2_spec_s", Bits: 1, Kind: Bool, Doc: "the sequence number is valid", Ref: "RFC 3931 §4.6"},
		{Bits: 6},
		{Name: "l2tp.l2_spec_sequence", Bits: 24, Ref: "RFC 3931 §4.6"},
	}
	l2tpATMFlags = Rows{
		{Bits: 4},
		{Name: "l2tp.l2_spec_t", Bits: 1, Kind: Bool, Doc: "an administrative cell", Ref: "RFC 4454 §5.1"},
		{Name: "l2tp.l2_spec_g", Bits: 1, Kind: Bool, Doc: "explicit forward congestion", Ref: "RFC 4454 §5.1"},
		{Name: "l2tp.l2_spec_c", Bits: 1, Kind: Bool, Doc: "cell loss priority", Ref: "RFC 4454 §5.1"},
		{Name: "l2tp.l2_spec_u", Bits: 1, Kind: Bool, Doc: "command or response", Ref: "RFC 4454 §5.1"},
		{Bits: 24},
	}
)

// l2tpData yields what was learned to stand at off.
func (w *Walker) l2tpData(off int) {
	if w.Layer.Flags&Partial != 0 {
		return
	}
	if n := int(w.Layer.Note & noteCookie); n > 0 {
		w.Add(l2tpCookie, off, n)
		off += n
	}
	switch w.Layer.Note & noteSublayer >> noteShift {
	case sublayerDefault:
		w.Add(l2tpDefault, off, sublayerSize)
		w.Rows(l2tpSublayer, off)
	case sublayerATM:
		w.Add(l2tpATM, off, sublayerSize)
		w.Rows(l2tpSublayer, off)
		w.Rows(l2tpATMFlags, off)
	}
}

package dissect

import "strconv"

// Generic Routing Encapsulation: version 0 (RFC 2784, with the key and sequence number of RFC 2890 and the source routes of RFC
// 1701), and version 1, in which the Point-to-Point Tunneling Protocol carries PPP (RFC 2637 §4.1). Under UDP it is RFC 8086. WCCP puts
// a redirect header of its own between this header and the packet (draft-wilson-wrec-wccp-v2).
var gre = Protocol{
	Name:   "gre",
	Title:  "Generic Routing Encapsulation",
	Ref:    "RFC 2784",
	Tunnel: true,
	Over:   []Over{{IPProtocol, 47}, {UDPPort, 4754}},
	Header: Rows{
		{Name: "gre.flags_and_version", Bits: 16, Kind: Hex, Parts: Rows{
			{Name: "gre.flags.checksum", Bits: 1, Kind: Bool, Doc: "a checksum and an offset are there", Ref: "RFC 2784 §2.2"},
			{Name: "gre.flags.routing", Bits: 1, Kind: Bool, Doc: "source routes are there, and the checksum's place", Ref: "RFC 1701"},
			{Name: "gre.flags.key", Bits: 1, Kind: Bool, Doc: "a key is there", Ref: "RFC 2890 §2.1"},
			{Name: "gre.flags.sequence_number", Bits: 1, Kind: Bool, Doc: "a sequence number is there", Ref: "RFC 2890 §2.2"},
			{Name: "gre.flags.strict_source_route", Bits: 1, Kind: Bool, Doc: "all source routes are strict", Ref: "RFC 1701"},
			{Name: "gre.flags.recursion_control", Bits: 3, Doc: "further encapsulations that are allowed", Ref: "RFC 1701"},
			{Bits: 5},
			{Name: "gre.flags.version", Bits: 3, Enum: Names{0: "GRE", 1: "Enhanced GRE"}},
		}},
		{Name: "gre.proto", Bits: 16, Kind: Hex, Enum: greProtocols, Doc: "what follows"},
	},
	Tables: []Rows{greChecksum, greCall, greRoute, greRedirect},
	Fields: []*Field{greAck, greReserved, greKey, nvgreVSID, nvgreFlowID, greSequence, greAckNumber, greRouting, greRouteInformation,
		greRedirectHeader},
	Status:   &Field{Name: "gre.checksum.status", Bits: 8, Enum: statusNames},
	Dissect:  dissectGRE,
	Verify:   verifyGRE,
	Walk:     walkGRE,
	Summary:  summarizeGRE,
	Identity: identifyGRE,
	Resolve:  resolveGRE,
}

var (
	greAck      = &Field{Name: "gre.flags.ack", Bits: 1, Kind: Bool, Doc: "an acknowledgment number is there", Ref: "RFC 2637 §4.1"}
	greReserved = &Field{Name: "gre.flags.reserved", Bits: 5}

	greChecksum = Rows{
		{Name: "gre.checksum", Bits: 16, Kind: Hex, Doc: "over header and payload", Ref: "RFC 2784 §2.5"},
		{Name: "gre.offset", Bits: 16, Doc: "bytes from the first source route to the active one", Ref: "RFC 1701"},
	}
	greKey  = &Field{Name: "gre.key", Bits: 32, Kind: Hex, Doc: "tells the traffic flows of one tunnel apart", Ref: "RFC 2890 §2.1"}
	greCall = Rows{
		{Name: "gre.key.payload_length", Bits: 16, Doc: "bytes behind this header", Ref: "RFC 2637 §4.1"},
		{Name: "gre.key.call_id", Bits: 16, Doc: "the receiver's number of the session", Ref: "RFC 2637 §4.1"},
	}
	nvgreVSID    = &Field{Name: "nvgre.vsid", Bits: 24, Doc: "virtual subnet, if this is NVGRE", Ref: "RFC 7637 §3.2"}
	nvgreFlowID  = &Field{Name: "nvgre.flowid", Bits: 8, Doc: "spreads the flows of a virtual subnet, if this is NVGRE", Ref: "RFC 7637 §3.2"}
	greSequence  = &Field{Name: "gre.sequence_number", Bits: 32}
	greAckNumber = &Field{Name: "gre.ack_number", Bits: 32, Doc: "highest sequence number received", Ref: "RFC 2637 §4.1"}

	greRouting = &Field{Name: "gre.routing", Kind: Present, Doc: "a source route entry", Ref: "RFC 1701"}
	greRoute   = Rows{
		{Name: "gre.routing.address_family", Bits: 16, Ref: "RFC 1701"},
		{Name: "gre.routing.sre_offset", Bits: 8, Doc: "bytes of the entry that are used up", Ref: "RFC 1701"},
		{Name: "gre.routing.src_length", Bits: 8, Doc: "bytes of the entry", Ref: "RFC 1701"},
	}
	greRouteInformation = &Field{Name: "gre.routing.information", Kind: Bytes, Ref: "RFC 1701"}

	greRedirectHeader = &Field{Name: "gre.wccp.redirect_header", Kind: Present}
	greRedirect       = Rows{
		{Bits: 5},
		{Name: "gre.wccp.redirect_header_valid", Bits: 1, Kind: Bool},
		{Name: "gre.wccp.alternative_bucket_used", Bits: 1, Kind: Bool},
		{Name: "gre.wccp.dynamic_service", Bits: 1, Kind: Bool},
		{Name: "gre.wccp.service_id", Bits: 8},
		{Name: "gre.wccp.alternative_bucket", Bits: 8},
		{Name: "gre.wccp.primary_bucket", Bits: 8},
	}
)

const (
	greWCCP = 0x883e
	grePPP  = 0x880b
)

// GRENVGRE in a layer's Note says that the key is a virtual subnet and a flow, as the user has said.
const GRENVGRE = 1

// GRE is a view of a GRE header of at least 4 bytes.
type GRE []byte

// HasChecksum is the C bit.
func (h GRE) HasChecksum() bool { return h[0]&0x80 != 0 }

// HasRouting is the R bit of RFC 1701.
func (h GRE) HasRouting() bool { return h[0]&0x40 != 0 }

// HasKey is the K bit.
func (h GRE) HasKey() bool { return h[0]&0x20 != 0 }

// HasSequence is the S bit.
func (h GRE) HasSequence() bool { return h[0]&0x10 != 0 }

// Sequence is the number that says where the packet comes among the others of its tunnel. It is not ok without one, or where the header is
// cut short.
func (h GRE) Sequence() (number uint32, ok bool) {
	at := h.key()
	if h.HasKey() {
		at += 4
	}
	if !h.HasSequence() || len(h) < at+4 {
		return 0, false
	}
	return be32(h[at:]), true
}

// Version is 0, or 1 in PPTP.
func (h GRE) Version() uint8 { return h[1] & 7 }

// Protocol names what follows: an EtherType, or a number that is known to GRE only.
func (h GRE) Protocol() uint16 { return be16(h[2:]) }

// PPTP tells whether this is RFC 2637's GRE, in which the key is a length and a call.
func (h GRE) PPTP() bool { return h.Version() == 1 && h.Protocol() == grePPP }

// Key is the key with all its bits. It is not ok without one, in PPTP, or where the header is cut short.
func (h GRE) Key() (key uint32, ok bool) {
	at := h.key()
	if !h.HasKey() || h.PPTP() || len(h) < at+4 {
		return 0, false
	}
	return be32(h[at:]), true
}

// Call is the receiver's number of the session in PPTP. It is not ok elsewhere, or where the header is cut short.
func (h GRE) Call() (call uint16, ok bool) {
	at := h.key()
	if !h.HasKey() || !h.PPTP() || len(h) < at+4 {
		return 0, false
	}
	return be16(h[at+2:]), true
}

// MayBeNVGRE tells whether the header is as RFC 7637 §3.2 wants it. A GRE tunnel of Ethernet with a key looks the same.
func (h GRE) MayBeNVGRE() bool {
	return h[0]&0xf0 == 0x20 && h.Version() == 0 && h.Protocol() == bridging
}

// hasAck is the A bit of RFC 2637.
func (h GRE) hasAck() bool { return h.PPTP() && h[1]&0x80 != 0 }

// key is where the key is, if there is one.
func (h GRE) key() int {
	if h[0]&0xc0 != 0 { // either flag brings both fields
		return 8
	}
	return 4
}

// routing is where source routes start, if there are any: the length of everything before them.
func (h GRE) routing() int {
	n := h.key()
	if h.HasKey() {
		n += 4
	}
	if h.HasSequence() {
		n += 4
	}
	if h.hasAck() {
		n += 4
	}
	return n
}

// redirected tells whether b, which follows the rest of the header, starts with WCCP version 2's redirect header. Version 1 has none,
// and no field tells which one it is: an IP packet follows.
func (h GRE) redirected(b []byte) bool { return h.Protocol() == greWCCP && len(b) > 0 && b[0]>>4 != 4 }

func dissectGRE(d *Decoder, b []byte) ID {
	h := GRE(b)
	if h.Version() > 1 {
		return d.halt(StopBadVersion)
	}
	n := h.routing()
	if !d.header(n) {
		return done
	}
	if h.PPTP() && h.HasKey() {
		d.extent(n+int(be16(b[h.key():])), "gre.key.payload_length")
	}
	for more := h.HasRouting(); more; {
		if !d.header(n + 4) {
			return done
		}
		length := int(b[n+3])
		more = be16(b[n:]) != 0 || length != 0 // RFC 1701: an entry of nothing ends the list
		n += 4 + length
	}
	if n <= len(b) && h.redirected(b[n:]) {
		n += 4
	}
	if !d.header(n) {
		return done
	}
	if h.MayBeNVGRE() {
		if d.config.NVGRE {
			d.layer().Note = GRENVGRE
		} else if key, ok := h.Key(); ok && tenantVSID(key) && d.flags&Quoted == 0 {
			d.pend()
		}
	}
	if d.layer().PayloadLen() <= 0 && !h.HasSequence() { // an acknowledgment, a keepalive; only what carries something is numbered
		return done
	}
	if id := d.find(GREProtocol, uint32(h.Protocol())); id != none {
		return id
	}
	return d.next(EtherType, uint32(h.Protocol()))
}

func verifyGRE(p *Packet, i int) Checksum {
	l := &p.Layers[i]
	switch h := GRE(p.Header(l)); {
	case l.HeaderLen() < h.key():
		return Checksum{}
	case h.HasChecksum():
	case h.HasRouting() && h.Version() == 0:
		return Checksum{Verdict: Absent}
	default:
		return Checksum{}
	}
	if _, _, whole := pseudoSum(p, i, 47, 0); !whole || !p.Whole(l) || l.Flags&Quoted != 0 && p.excerpt(i) {
		return Checksum{Verdict: Unverifiable}
	}
	return judge(fold(sum(0, p.Body(l))))
}

func walkGRE(w *Walker) {
	if len(w.Body) < 4 {
		return
	}
	h := GRE(w.Body)
	if h.PPTP() {
		w.Num(greAck, 1, 1, uint64(h[1]>>7))
		w.Num(greReserved, 1, 1, uint64(h[1]>>3&15))
	} else {
		w.Num(greReserved, 1, 1, uint64(h[1]>>3))
	}
	if h.Version() > 1 {
		return
	}
	off := h.key()
	if off > 4 {
		w.Rows(greChecksum, 4)
	}
	if h.HasKey() {
		if h.PPTP() {
			w.Rows(greCall, off)
		} else {
			w.Add(greKey, off, 4)
		}
		if h.MayBeNVGRE() {
			w.Nest(func() {
				w.Add(nvgreVSID, off, 3)
				w.Add(nvgreFlowID, off+3, 1)
			})
		}
		off += 4
	}
	if h.HasSequence() {
		w.Add(greSequence, off, 4)
		off += 4
	}
	if h.hasAck() {
		w.Add(greAckNumber, off, 4)
		off += 4
	}
	if h.HasRouting() {
		off = walkGRERoutes(w, off)
	}
	if off <= len(w.Body) && h.redirected(w.Body[off:]) {
		w.Add(greRedirectHeader, off, 4)
		w.Nest(func() { w.Rows(greRedirect, off) })
	}
}

// walkGRERoutes yields the source routes at off and returns where they end.
func walkGRERoutes(w *Walker, off int) int {
	for b := w.Body; off+4 <= len(b) && !w.Done(); {
		length := int(b[off+3])
		w.Add(greRouting, off, 4)
		w.Nest(func() {
			w.Rows(greRoute, off)
			if length > 0 {
				w.Add(greRouteInformation, off+4, length)
			}
		})
		last := be16(b[off:]) == 0 && length == 0
		off += 4 + length
		if last {
			break
		}
	}
	return off
}

// identifyGRE takes the whole key, or the virtual subnet without the flow, or the call of PPTP.
func identifyGRE(p *Packet, l *Layer) (uint32, bool) {
	h := GRE(p.Header(l))
	if call, ok := h.Call(); ok {
		return uint32(call), true
	}
	key, ok := h.Key()
	switch {
	case l.Note == GRENVGRE:
		key >>= 8
	case h.Version() == 1: // MikroTik's EoIP has the payload's length in the upper half
		key &= 0xffff
	}
	return key, ok
}

func summarizeGRE(dst []byte, p *Packet, i int) []byte {
	dst = append(dst, "gre"...)
	h := GRE(p.Header(&p.Layers[i]))
	if len(h) < 4 {
		return dst
	}
	if key, ok := h.Key(); ok {
		return appendHex(append(dst, " key "...), uint64(key), 8)
	}
	if call, ok := h.Call(); ok {
		return strconv.AppendUint(append(dst, " call "...), uint64(call), 10)
	}
	return dst
}

// greProtocols are EtherTypes and the numbers that only GRE knows.
var greProtocols = func() Names {
	names := Names{0: "Keepalive", 0x00fe: "OSI network layer", 0x2001: "NHRP", 0x6400: "MikroTik EoIP", 0x6559: "Frame Relay", greWCCP: "WCCP"}
	for number, name := range etherTypes {
		names[number] = name
	}
	return names
}()

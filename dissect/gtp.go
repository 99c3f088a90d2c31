package dissect

import "strconv"

// GPRS Tunnelling Protocol, version 1: the user plane (3GPP TS 29.281), which carries the packets of mobile users between radio and core
// networks, and the header of the control plane (3GPP TS 29.060).
var gtp = Protocol{
	Name:     "gtp",
	Title:    "GPRS Tunneling Protocol",
	Ref:      "3GPP TS 29.281",
	Tunnel:   true,
	Identity: func(p *Packet, l *Layer) (uint32, bool) { return GTP(p.Header(l)).TEID(), true },
	Over:     []Over{{UDPPort, 2152}, {UDPPort, 2123}},
	Header: Rows{
		{Name: "gtp.flags", Bits: 8, Kind: Hex, Parts: Rows{
			{Name: "gtp.flags.version", Bits: 3},
			{Name: "gtp.flags.payload", Bits: 1, Doc: "1 is GTP, 0 is GTP', which carries charging records", Enum: Names{0: "GTP'", 1: "GTP"}},
			{Name: "gtp.flags.reserved", Bits: 1},
			{Name: "gtp.flags.e", Bits: 1, Kind: Bool, Doc: "the type of an extension header is there"},
			{Name: "gtp.flags.s", Bits: 1, Kind: Bool, Doc: "the sequence number is there"},
			{Name: "gtp.flags.pn", Bits: 1, Kind: Bool, Doc: "the N-PDU number is there"},
		}},
		{Name: "gtp.message", Bits: 8, Kind: Hex, Enum: gtpMessages, Doc: "type of message; 255 carries a user's packet", Ref: "3GPP TS 29.281 §6"},
		{Name: "gtp.length", Bits: 16, Doc: "bytes behind the first 8"},
		{Name: "gtp.teid", Bits: 32, Kind: Hex, Doc: "the receiver's number of the tunnel"},
	},
	Tables: []Rows{gtpSession, gtpDownlink, gtpPaging, gtpUplink, gtpPDCP, gtpUDPPort, gtpLongPDCP},
	Fields: []*Field{gtpSequence, gtpNPDU, gtpNext, gtpExtension, gtpExtensionLength, gtpExtensionInvalid, gtpFlow, gtpRANContainer, gtpXwContainer,
		gtpRecovery, gtpTEIDData, gtpAddressLength, gtpIPv4, gtpIPv6, gtpTypes, gtpType, gtpPrivateLength, gtpPrivateID, gtpPrivateValue},
	Dissect: dissectGTP,
	Walk:    walkGTP,
	Summary: summarizeGTP,
}

var (
	gtpSequence = &Field{Name: "gtp.seq_number", Bits: 16, Kind: Hex}
	gtpNPDU     = &Field{Name: "gtp.npdu_number", Bits: 8, Kind: Hex, Doc: "coordinates acknowledged transfer between two ends at a handover"}
	gtpNext     = &Field{Name: "gtp.ext_hdr.next", Bits: 8, Kind: Hex, Enum: gtpExtensions, Doc: "type of the extension header that follows; 0 is none", Ref: "3GPP TS 29.281 §5.2"}

	gtpExtension        = &Field{Name: "gtp.ext_hdr", Kind: Present, Doc: "an extension header"}
	gtpExtensionLength  = &Field{Name: "gtp.ext_hdr.length", Bits: 8, Doc: "32-bit words of the extension header"}
	gtpExtensionInvalid = &Field{Name: "gtp.ext_length.invalid", Kind: Present}

	// The PDU session container (3GPP TS 38.415 §5.5.2).
	gtpSession = Rows{
		{Name: "gtp.ext_hdr.pdu_ses_con.pdu_type", Bits: 4, Enum: Names{gtpDown: "DL PDU SESSION INFORMATION", gtpUp: "UL PDU SESSION INFORMATION"}, Ref: "3GPP TS 38.415 §5.5.3.1"},
		{Name: "gtp.spare.h1", Bits: 4, Kind: Hex},
	}
	gtpDownlink = Rows{
		{Name: "gtp.ext_hdr.pdu_ses_cont.ppp", Bits: 1, Kind: Bool, Doc: "a paging policy indicator follows", Ref: "3GPP TS 38.415 §5.5.3.5"},
		{Name: "gtp.ext_hdr.pdu_ses_cont.rqi", Bits: 1, Kind: Bool, Doc: "the sender's packets get the same quality of service", Ref: "3GPP TS 38.415 §5.5.3.4"},
		{Bits: 6, Doc: "QoS flow identifier"},
	}
	gtpPaging = Rows{
		{Name: "gtp.ext_hdr.pdu_ses_cont.ppi", Bits: 3, Doc: "paging policy", Ref: "3GPP TS 38.415 §5.5.3.6"},
		{Name: "gtp.spare.b4b0", Bits: 5, Kind: Hex},
	}
	gtpUplink = Rows{
		{Name: "gtp.spare.b7b6", Bits: 2, Kind: Hex},
		{Bits: 6, Doc: "QoS flow identifier"},
	}
	gtpFlow = &Field{Name: "gtp.ext_hdr.pdu_ses_con.qos_flow_id", Bits: 6, Doc: "flow of one quality of service within the session", Ref: "3GPP TS 38.415 §5.5.3.3"}

	gtpPDCP     = Rows{{Name: "gtp.ext_hdr.pdcp_sn", Bits: 16, Doc: "sequence number on the radio link", Ref: "3GPP TS 29.281 §5.2.2.2"}}
	gtpUDPPort  = Rows{{Name: "gtp.ext_hdr.udp_port", Bits: 16, Doc: "source port of the message that an error indication answers", Ref: "3GPP TS 29.281 §5.2.2.1"}}
	gtpLongPDCP = Rows{
		{Name: "gtp.ext_hdr.spare_bits", Bits: 6, Kind: Hex},
		{Name: "gtp.ext_hdr.long_pdcp_sn", Bits: 18, Doc: "sequence number on the radio link", Ref: "3GPP TS 29.281 §5.2.2.2A"},
		{Name: "gtp.ext_hdr.spare_bytes", Bits: 24, Kind: Bytes},
	}
	gtpRANContainer = &Field{Name: "gtp.ext_hdr.ran_cont", Kind: Bytes, Doc: "flow control between base stations", Ref: "3GPP TS 36.425"}
	gtpXwContainer  = &Field{Name: "gtp.ext_hdr.xw_ran_cont", Kind: Bytes, Doc: "flow control between a base station and a WLAN", Ref: "3GPP TS 36.464"}
)

// The kinds of PDU session information.
const (
	gtpDown = 0
	gtpUp   = 1
)

const gtpUserPacket = 255 // the type of message that is called G-PDU

// GTP is a view of a GTP version 1 header of at least 8 bytes.
type GTP []byte

// Version is 1.
func (h GTP) Version() uint8 { return h[0] >> 5 }

// Message is the type of message; 255 carries a user's packet.
func (h GTP) Message() uint8 { return h[1] }

// Length is the number of bytes behind the first 8.
func (h GTP) Length() int { return int(be16(h[2:])) }

// TEID is the receiver's number of the tunnel.
func (h GTP) TEID() uint32 { return be32(h[4:]) }

// prime tells that this is GTP', which only looks alike.
func (h GTP) prime() bool { return h[0]&0x10 == 0 }

func (h GTP) hasExtensions() bool { return h[0]&0x04 != 0 }
func (h GTP) hasSequence() bool   { return h[0]&0x02 != 0 }
func (h GTP) hasNPDU() bool       { return h[0]&0x01 != 0 }

// optional is where extension headers start, if there are any: any flag brings the fields of all.
func (h GTP) optional() int {
	if h[0]&0x07 != 0 {
		return 12
	}
	return 8
}

func dissectGTP(d *Decoder, b []byte) ID {
	h := GTP(b)
	if h.Version() != 1 || h.prime() {
		d.trust(1)
		d.halt(StopBadVersion)
		return done
	}
	d.extent(8+h.Length(), "gtp.length")
	n := h.optional()
	if h.Length()+8 < n {
		return d.badLength("gtp.length", n, h.Length()+8)
	}
	if !d.header(n) {
		return done
	}
	for more := h.hasExtensions() && b[n-1] != 0; more; more = b[n-1] != 0 {
		if !d.header(n + 1) {
			return done
		}
		words := int(b[n])
		if words == 0 {
			return d.badLength("gtp.ext_hdr.length", 4, 0)
		}
		if n += 4 * words; n > d.layer().Len() {
			return d.badLength("gtp.length", n, d.layer().Len())
		}
		if !d.header(n) {
			return done
		}
	}
	if h.Message() != gtpUserPacket {
		d.header(min(len(b), d.layer().Len())) // what other messages say is header, not payload
		return done
	}
	return d.userPacket(b[n:])
}

// userPacket says what a user sent: an IP packet, whose version tells which, unless the tunnel was set up for Ethernet frames. No field
// says that.
func (d *Decoder) userPacket(b []byte) ID {
	n := d.layer().PayloadLen()
	switch {
	case n == 0:
		return done
	case len(b) == 0:
		return none
	}
	switch b[0] >> 4 {
	case 4:
		return d.find(EtherType, 0x0800)
	case 6:
		return d.find(EtherType, 0x86dd)
	}
	if !d.likeEthernet(b, n) {
		return d.halt(StopUnknown)
	}
	d.flags |= Guessed
	return ethernet.ID
}

func walkGTP(w *Walker) {
	h := GTP(w.Header())
	if len(h) < 8 {
		return
	}
	if h.hasSequence() {
		w.Add(gtpSequence, 8, 2)
	}
	if h.hasNPDU() {
		w.Add(gtpNPDU, 10, 1)
	}
	off := h.optional()
	if h.hasExtensions() && len(h) >= 12 {
		w.Add(gtpNext, 11, 1)
		for kind := h[11]; kind != 0 && off < len(h) && !w.Done(); {
			n := 4 * int(h[off])
			w.Add(gtpExtension, off, max(1, min(n, len(h)-off)))
			w.Nest(func() { walkGTPExtension(w, kind, off, n) })
			if n == 0 || off+n > len(h) {
				return
			}
			off += n
			kind = h[off-1]
		}
	}
	if h.Message() != gtpUserPacket {
		walkGTPElements(w, h, off)
	}
}

// walkGTPExtension yields the extension header of n bytes at off: a length, the content, the type of the next.
func walkGTPExtension(w *Walker, kind uint8, off, n int) {
	w.Add(gtpExtensionLength, off, 1)
	if n == 0 {
		w.Add(gtpExtensionInvalid, off, 1)
		return
	}
	content, length := off+1, n-2
	switch kind {
	case 0x40:
		w.Part(gtpUDPPort, content, length)
	case 0x81:
		w.Add(gtpRANContainer, content, length)
	case 0x03, 0x82:
		w.Part(gtpLongPDCP, content, length)
	case 0x83:
		w.Add(gtpXwContainer, content, length)
	case 0x85:
		walkGTPSession(w, content, length)
	case 0xc0:
		w.Part(gtpPDCP, content, length)
	}
	w.Add(gtpNext, off+n-1, 1)
}

// walkGTPSession yields the PDU session container, whose n bytes are at off.
func walkGTPSession(w *Walker, off, n int) {
	if n < 2 || off+n > len(w.Body) {
		return
	}
	b := w.Body[off : off+n]
	w.Rows(gtpSession, off)
	switch b[0] >> 4 {
	case gtpDown:
		w.Rows(gtpDownlink, off+1)
	case gtpUp:
		w.Rows(gtpUplink, off+1)
	default:
		return
	}
	w.Num(gtpFlow, off+1, 1, uint64(b[1]&0x3f))
	if b[0]>>4 == gtpDown && b[1]&0x80 != 0 {
		w.Part(gtpPaging, off+2, n-2)
	}
}

func summarizeGTP(dst []byte, p *Packet, i int) []byte {
	h := GTP(p.Header(&p.Layers[i]))
	if len(h) < 8 {
		return append(dst, "gtp"...)
	}
	dst = appendHex(append(dst, "gtp "...), uint64(h.TEID()), 8)
	if name := gtpMessages[uint64(h.Message())]; h.Message() != gtpUserPacket && name != "" {
		return append(append(dst, ' '), name...)
	} else if h.Message() != gtpUserPacket {
		return strconv.AppendUint(append(dst, " message "...), uint64(h.Message()), 10)
	}
	return dst
}

var gtpExtensions = Names{0x00: "none", 0x01: "MBMS support indication", 0x02: "MS info change reporting support indication", 0x03: "Long PDCP PDU number",
	0x20: "Service class indicator", 0x40: "UDP port", 0x81: "RAN container", 0x82: "Long PDCP PDU number", 0x83: "Xw RAN container", 0x84: "NR RAN container",
	0x85: "PDU session container", 0xc0: "PDCP PDU number", 0xc1: "Suspend request", 0xc2: "Suspend response"}

package dissect

// Point-to-Point Protocol (RFC 1661), in HDLC-like framing (RFC 1662) or without, with compressed fields or without. All of its header
// is optional but one byte.
var ppp = Protocol{
	Name:    "ppp",
	Title:   "Point-to-Point Protocol",
	Ref:     "RFC 1661",
	Over:    []Over{{LinkType, 9}, {LinkType, 50}, {EtherType, 0x880b}, {LinuxType, 7}, {NLPID, 0xcf}, {Pseudowire, 7}},
	Fields:  []*Field{pppAddress, pppControl, pppProtocol},
	Dissect: dissectPPP,
	Walk:    walkPPP,
	Summary: summarizePPP,
}

var (
	pppAddress  = &Field{Name: "ppp.address", Bits: 8, Kind: Hex, Doc: "0xff, all stations", Ref: "RFC 1662 §3.1"}
	pppControl  = &Field{Name: "ppp.control", Bits: 8, Kind: Hex, Doc: "0x03, unnumbered information", Ref: "RFC 1662 §3.1"}
	pppProtocol = &Field{Name: "ppp.protocol", Bits: 16, Kind: Hex, Enum: pppProtocols, Doc: "what follows; one byte on the wire if it is compressed", Ref: "RFC 1661 §6.5"}
)

// PPP is a view of a PPP header of at least 1 byte.
type PPP []byte

// framing is the number of bytes before the protocol field: address and control or nothing. No protocol starts with 0xff, whose
// last bit would end it.
func (h PPP) framing() int {
	if h[0] == 0xff {
		return 2
	}
	return 0
}

// length is that of the header in bytes. Only the last byte of the protocol field is odd.
func (h PPP) length() int {
	n := h.framing()
	if len(h) > n && h[n]&1 == 0 {
		return n + 2
	}
	return n + 1
}

// Protocol names what follows.
func (h PPP) Protocol() uint16 {
	if n := h.length(); n-h.framing() == 2 {
		return be16(h[n-2:])
	}
	return uint16(h[h.length()-1])
}

func dissectPPP(d *Decoder, b []byte) ID {
	if !d.header(1) {
		return done
	}
	if l := d.layer(); b[0]&0x7f == 0x0f && l.Parent == 0 { // a serial line may speak Cisco's HDLC, which captures do not tell from this
		l.HeaderEnd = l.Start
		return d.next(LinkType, 104)
	}
	if !d.header(PPP(b).length()) {
		return done
	}
	return d.next(PPPProtocol, uint32(PPP(b).Protocol()))
}

func walkPPP(w *Walker) {
	h := PPP(w.Header())
	if len(h) == 0 {
		return
	}
	n := h.framing()
	if n > 0 {
		w.Add(pppAddress, 0, 1)
		w.Add(pppControl, 1, 1)
	}
	w.Add(pppProtocol, n, h.length()-n)
}

func summarizePPP(dst []byte, p *Packet, i int) []byte {
	h := PPP(p.Header(&p.Layers[i]))
	dst = append(dst, "ppp"...)
	if len(h) == 0 || len(h) < h.length() {
		return dst
	}
	if name := pppProtocols[uint64(h.Protocol())]; name != "" {
		return append(append(dst, ' '), name...)
	}
	return appendHex(append(dst, ' '), uint64(h.Protocol()), 4)
}

var pppProtocols = Names{
	0x0021: "IPv4", 0x0023: "OSI network layer", 0x0029: "AppleTalk", 0x002b: "IPX", 0x002d: "Van Jacobson compressed TCP/IP",
	0x002f: "Van Jacobson uncompressed TCP/IP", 0x0031: "Bridging PDU", 0x003d: "Multilink", 0x004b: "SNA over 802.2", 0x0057: "IPv6", 0x005d: "TRILL",
	0x0061: "IP header compression", 0x00fb: "Compressed on one link", 0x00fd: "Compressed", 0x0201: "802.1D Hello", 0x0207: "CDP",
	0x0281: "MPLS unicast", 0x0283: "MPLS multicast", 0x405d: "TRILL link state", 0x8021: "IPCP", 0x8023: "OSINLCP", 0x8029: "ATCP", 0x802b: "IPXCP",
	0x8031: "BCP", 0x8053: "ECP", 0x8057: "IPV6CP", 0x80fb: "CCP on one link", 0x80fd: "CCP", 0x8207: "CDPCP", 0x8281: "MPLSCP", 0xc021: "LCP",
	0xc023: "PAP", 0xc025: "LQR", 0xc029: "CBCP", 0xc02b: "BACP", 0xc02d: "BAP", 0xc223: "CHAP", 0xc227: "EAP",
}

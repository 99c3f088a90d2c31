package dissect

// Point-to-Point Protocol (RFC 1661). HDLC-like framing puts an address and a control byte in front (RFC 1662 §3.1), which both sides may
// agree to leave out; the protocol field may be compressed to one byte (RFC 1661 §6.5).
var ppp = Protocol{
	Name:    "ppp",
	Title:   "Point-to-Point Protocol",
	Ref:     "RFC 1661",
	Over:    []Over{{LinkType, 9}, {LinkType, 50}, {EtherType, 0x880b}},
	Fields:  []*Field{pppAddress, pppControl, pppProtocol},
	Dissect: dissectPPP,
	Walk:    walkPPP,
	Summary: func(dst []byte, _ *Packet, _ int) []byte { return append(dst, "ppp"...) },
}

var (
	pppAddress  = &Field{Name: "ppp.address", Bits: 8, Kind: Hex, Ref: "RFC 1662 §3.1"}
	pppControl  = &Field{Name: "ppp.control", Bits: 8, Kind: Hex, Ref: "RFC 1662 §3.1"}
	pppProtocol = &Field{Name: "ppp.protocol", Bits: 16, Kind: Hex, Enum: pppProtocols, Doc: "what follows", Ref: "RFC 1661 §2"}
)

var pppProtocols = Names{0x0021: "Internet Protocol version 4", 0x0031: "Bridging PDU", 0x003d: "Multilink", 0x0057: "Internet Protocol version 6", 0x00fb: "Single-link compression",
	0x00fd: "Compressed datagram", 0x0281: "MPLS Unicast", 0x0283: "MPLS Multicast", 0x8021: "IP Control Protocol", 0x8053: "Encryption Control Protocol", 0x8057: "IPv6 Control Protocol",
	0x80fd: "Compression Control Protocol", 0x8281: "MPLS Control Protocol", 0xc021: "Link Control Protocol", 0xc023: "Password Authentication Protocol", 0xc025: "Link Quality Report",
	0xc223: "Challenge Handshake Authentication Protocol", 0xc227: "Extensible Authentication Protocol"}

// pppHeader says where the protocol field at the start of b lies, how many bytes it has, and what it says. Its length is
// 0 if b ends before it.
func pppHeader(b []byte) (off, n int, protocol uint16) {
	if len(b) >= 2 && b[0] == 0xff && b[1] == 0x03 {
		off = 2
	}
	switch {
	case len(b) > off && b[off]&1 != 0: // the first byte of two is even (RFC 1661 §2)
		return off, 1, uint16(b[off])
	case len(b) > off+1:
		return off, 2, be16(b[off:])
	}
	return off, 0, 0
}

func dissectPPP(d *Decoder, b []byte) ID {
	off, n, protocol := pppHeader(b)
	if n == 0 {
		d.header(off + 2)
		return done
	}
	d.header(off + n)
	return d.next(PPPProtocol, uint32(protocol))
}

func walkPPP(w *Walker) {
	off, n, protocol := pppHeader(w.Header())
	if off > 0 {
		w.Add(pppAddress, 0, 1)
		w.Add(pppControl, 1, 1)
	}
	if n > 0 {
		w.Num(pppProtocol, off, n, uint64(protocol))
	}
}

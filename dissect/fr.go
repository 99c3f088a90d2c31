package dissect

import "strconv"

// Frame Relay (LINKTYPE_FRELAY): a Q.922 address of two to four bytes, then what RFC 2427 says: a control byte and an NLPID, or,
// in Cisco's encapsulation, an EtherType.
var frameRelay = Protocol{
	Name:    "fr",
	Title:   "Frame Relay",
	Ref:     "RFC 2427",
	Over:    []Over{{LinkType, 107}},
	Tables:  []Rows{frFirst, frSecond},
	Fields:  []*Field{frThird, frLower, frDLCI, frControl, frNLPID, frOUI, frPID, frSNAPType, frCiscoType},
	Dissect: dissectFrameRelay,
	Walk:    walkFrameRelay,
	Summary: summarizeFrameRelay,
}

var (
	frFirst = Rows{
		{Name: "fr.upper_dlci", Bits: 6, Kind: Hex, Doc: "upper bits of the DLCI"},
		{Name: "fr.cr", Bits: 1, Kind: Bool, Doc: "command or response"},
		{Bits: 1, Doc: "EA: the address ends here"},
	}
	frSecond = Rows{
		{Name: "fr.second_dlci", Bits: 4, Kind: Hex, Doc: "next bits of the DLCI"},
		{Name: "fr.fecn", Bits: 1, Kind: Bool, Doc: "congestion ahead"},
		{Name: "fr.becn", Bits: 1, Kind: Bool, Doc: "congestion on the way back"},
		{Name: "fr.de", Bits: 1, Kind: Bool, Doc: "discard eligible"},
		{Bits: 1, Doc: "EA: the address ends here"},
	}
	frThird     = &Field{Name: "fr.third_dlci", Bits: 8, Kind: Hex, Doc: "next bits of the DLCI, in an address of four bytes"}
	frLower     = &Field{Name: "fr.lower_dlci", Bits: 8, Kind: Hex, Doc: "last bits of the DLCI, in an address of three or four bytes"}
	frDLCI      = &Field{Name: "fr.dlci", Bits: 32, Doc: "data link connection identifier"}
	frControl   = &Field{Name: "fr.control", Bits: 8, Kind: Hex, Doc: "0x03 is unnumbered information"}
	frNLPID     = &Field{Name: "fr.nlpid", Bits: 8, Kind: Hex, Enum: Names{0x80: "SNAP", 0x81: "ISO CLNP", 0x82: "ISO ES-IS", 0x83: "ISO IS-IS", 0x8e: "IPv6", 0xcc: "IP", 0xcf: "PPP"}, Doc: "what follows"}
	frOUI       = &Field{Name: "fr.snap.oui", Bits: 24, Doc: "who assigned the protocol ID"}
	frPID       = &Field{Name: "fr.snap.pid", Bits: 16, Kind: Hex}
	frSNAPType  = &Field{Name: "fr.snaptype", Bits: 16, Kind: Hex, Enum: etherTypes}
	frCiscoType = &Field{Name: "fr.chdlctype", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows in Cisco's encapsulation"}
)

const (
	hdlcUI     = 0x03
	nlpidSNAP  = 0x80
	nlpidIPv6  = 0x8e
	nlpidIPv4  = 0xcc
	nlpidPPP   = 0xcf
	bridgedOUI = 0x0080c2 // IEEE 802.1: bridged frames
)

// frAddress returns the length of the address at the start of b and the DLCI; 0 if it does not end within four bytes or b does.
func frAddress(b []byte) (n int, dlci uint32) {
	for n = 1; n <= 4 && n <= len(b); n++ {
		c := b[n-1]
		switch n {
		case 1:
			dlci = uint32(c >> 2)
		case 2:
			dlci = dlci<<4 | uint32(c>>4)
		case 3, 4:
			if c&1 == 0 {
				dlci = dlci<<7 | uint32(c>>1)
			} else {
				dlci = dlci<<6 | uint32(c>>2)
			}
		}
		if c&1 != 0 {
			if n == 1 {
				return 0, 0 // an address has at least two bytes
			}
			return n, dlci
		}
	}
	return 0, 0
}

func dissectFrameRelay(d *Decoder, b []byte) ID {
	n, _ := frAddress(b)
	if n == 0 {
		if len(b) < 4 {
			d.header(len(b) + 1)
			return done
		}
		return d.halt(StopBadLength)
	}
	if !d.header(n + 2) {
		return done
	}
	if b[n] != hdlcUI {
		return d.next(EtherType, uint32(be16(b[n:])))
	}
	switch b[n+1] {
	case nlpidIPv4:
		return ipv4.ID
	case nlpidIPv6:
		return ipv6.ID
	case nlpidPPP:
		return ppp.ID
	case nlpidSNAP:
		if !d.header(n + 7) {
			return done
		}
		switch be24(b[n+2:]) {
		case 0:
			return d.next(EtherType, uint32(be16(b[n+5:])))
		case bridgedOUI:
			if pid := be16(b[n+5:]); pid == 1 || pid == 7 { // Ethernet with and without frame check sequence
				return ethernet.ID
			}
		}
	}
	return d.halt(StopUnknown)
}

func walkFrameRelay(w *Walker) {
	n, dlci := frAddress(w.Body)
	if n == 0 {
		return
	}
	w.Rows(frFirst, 0)
	w.Rows(frSecond, 1)
	if n == 4 {
		w.Num(frThird, 2, 1, uint64(w.Body[2]>>1))
	}
	if n > 2 {
		w.Num(frLower, n-1, 1, uint64(w.Body[n-1]>>2))
	}
	w.Num(frDLCI, 0, n, uint64(dlci))
	if n+1 >= len(w.Header()) {
		return
	}
	if w.Body[n] != hdlcUI {
		w.Add(frCiscoType, n, 2)
		return
	}
	w.Add(frControl, n, 1)
	w.Add(frNLPID, n+1, 1)
	if w.Body[n+1] == nlpidSNAP && len(w.Header()) >= n+7 {
		w.Add(frOUI, n+2, 3)
		if be24(w.Body[n+2:]) == 0 {
			w.Add(frSNAPType, n+5, 2)
		} else {
			w.Add(frPID, n+5, 2)
		}
	}
}

func summarizeFrameRelay(dst []byte, p *Packet, i int) []byte {
	_, dlci := frAddress(p.Header(&p.Layers[i]))
	return strconv.AppendUint(append(dst, "dlci "...), uint64(dlci), 10)
}

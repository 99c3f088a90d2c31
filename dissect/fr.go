package dissect

import "strconv"

// Frame Relay (ITU-T Q.922 §3.3) with the encapsulation of RFC 2427, or Cisco's, in which an EtherType follows the address.
var frameRelay = Protocol{
	Name:  "fr",
	Title: "Frame Relay",
	Ref:   "RFC 2427",
	Over:  []Over{{LinkType, 107}, {GREProtocol, 0x6559}, {Pseudowire, 1}},
	Header: Rows{
		{Name: "fr.first_addr_octet", Bits: 8, Kind: Hex, Parts: Rows{
			{Name: "fr.upper_dlci", Bits: 6, Kind: Hex},
			{Name: "fr.cr", Bits: 1, Kind: Bool, Doc: "a response"},
			{Bits: 1},
		}},
		{Name: "fr.second_addr_octet", Bits: 8, Kind: Hex, Parts: Rows{
			{Name: "fr.second_dlci", Bits: 4, Kind: Hex},
			{Name: "fr.fecn", Bits: 1, Kind: Bool, Doc: "congestion was met on the way here"},
			{Name: "fr.becn", Bits: 1, Kind: Bool, Doc: "congestion was met on the way back"},
			{Name: "fr.de", Bits: 1, Kind: Bool, Doc: "discard eligible"},
			{Bits: 1},
		}},
	},
	Tables: []Rows{frThird, frLower, frControlCore},
	Fields: []*Field{frEA, frDLCI, frControl, frNLPID, frOUI, frPID, frType, frCiscoType},

	Dissect:  dissectFR,
	Walk:     walkFR,
	Summary:  summarizeFR,
	Identity: identifyFR,
}

var (
	frThird = Rows{{Name: "fr.third_addr_octet", Bits: 8, Kind: Hex, Parts: Rows{
		{Name: "fr.third_dlci", Bits: 7, Kind: Hex},
		{Bits: 1},
	}}}
	frLower = Rows{
		{Name: "fr.lower_dlci", Bits: 6, Kind: Hex},
		{Name: "fr.dc", Bits: 1, Kind: Bool, Doc: "the last byte holds control bits and not the end of the DLCI"},
		{Bits: 1},
	}
	frControlCore = Rows{{Name: "fr.dlcore_control", Bits: 6, Kind: Hex}, {Bits: 2}}

	frEA        = &Field{Name: "fr.ea", Bits: 1, Kind: Bool, Doc: "the address ends with this byte"}
	frDLCI      = &Field{Name: "fr.dlci", Bits: 32, Doc: "data link connection identifier, all of its bits"}
	frControl   = &Field{Name: "fr.control", Bits: 8, Kind: Hex, Doc: "0x03, unnumbered information"}
	frNLPID     = &Field{Name: "fr.nlpid", Bits: 8, Kind: Hex, Enum: nlpidNames, Doc: "what follows; 0x00 is padding before another one"}
	frOUI       = &Field{Name: "fr.snap.oui", Bits: 24, Doc: "who defines the protocol number"}
	frPID       = &Field{Name: "fr.snap.pid", Bits: 16, Kind: Hex, Doc: "what follows, as the organization numbers it"}
	frType      = &Field{Name: "fr.snaptype", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows, where it is an EtherType"}
	frCiscoType = &Field{Name: "fr.chdlctype", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows, in Cisco's encapsulation"}
)

// FrameRelay is a view of a Frame Relay header whose address is there.
type FrameRelay []byte

// address is the length of the address in bytes: 2, 3 or 4. Its last byte is odd.
func (h FrameRelay) address() int {
	n := 2
	for n < 4 && n < len(h) && h[n-1]&1 == 0 {
		n++
	}
	return n
}

// DLCI is the data link connection identifier: 10, 16, 17 or 23 bits.
func (h FrameRelay) DLCI() uint32 {
	v := uint32(h[0]>>2)<<4 | uint32(h[1]>>4)
	n := h.address()
	if n == 4 {
		v = v<<7 | uint32(h[2]>>1)
	}
	if n > 2 && h[n-1]&2 == 0 {
		v = v<<6 | uint32(h[n-1]>>2)
	}
	return v
}

const (
	unnumberedInformation = 0x03

	nlpidPadding = 0x00
	nlpidSNAP    = 0x80
)

// isOSI tells whether an NLPID is the first byte of the packet that it names.
func isOSI(nlpid byte) bool { return nlpid > nlpidSNAP && nlpid <= 0x8d }

func dissectFR(d *Decoder, b []byte) ID {
	h := FrameRelay(b)
	n := h.address()
	switch {
	case n == 4 && b[3]&1 == 0:
		d.header(4)
		return d.halt(StopBadLength)
	case !d.header(n + 2):
		return done
	}
	if b[n] != unnumberedInformation {
		if t := be16(b[n:]); t >= minEtherType && h.DLCI() != 0 {
			return d.ciscoType(t)
		}
		d.header(n)
		return d.halt(StopUnknown)
	}
	n++
	if b[n] == nlpidPadding {
		n++
	}
	if !d.header(n + 1) {
		return done
	}
	switch id := b[n]; {
	case isOSI(id):
		d.header(n)
		return d.next(LLCSAP, 0xfe)
	case id != nlpidSNAP:
		return d.next(NLPID, uint32(id))
	}
	if !d.header(n + 6) {
		return done
	}
	return d.snap(be24(b[n+1:]), be16(b[n+4:]), 0)
}

func walkFR(w *Walker) {
	h := FrameRelay(w.Header())
	if len(h) < 2 || len(h) < h.address() {
		return
	}
	n := h.address()
	for i := range n {
		w.Num(frEA, i, 1, uint64(h[i]&1))
	}
	if n == 4 {
		w.Rows(frThird, 2)
	}
	if n > 2 {
		if h[n-1]&2 == 0 {
			w.Rows(frLower[:1], n-1)
		} else {
			w.Rows(frControlCore, n-1)
		}
		w.Rows(frLower[1:], n-1)
	}
	w.Num(frDLCI, 0, n, uint64(h.DLCI()))
	if len(h) <= n {
		return
	}
	if h[n] != unnumberedInformation {
		w.Add(frCiscoType, n, 2)
		return
	}
	w.Add(frControl, n, 1)
	for n++; n < len(h); n++ {
		w.Add(frNLPID, n, 1)
		if h[n] != nlpidPadding {
			break
		}
	}
	if n+6 <= len(h) && h[n] == nlpidSNAP {
		w.Add(frOUI, n+1, 3)
		if pidField(be24(h[n+1:])) == llcType {
			w.Add(frType, n+4, 2)
		} else {
			w.Add(frPID, n+4, 2)
		}
	}
}

func identifyFR(p *Packet, l *Layer) (uint32, bool) { return FrameRelay(p.Header(l)).DLCI(), true }

func summarizeFR(dst []byte, p *Packet, i int) []byte {
	h := FrameRelay(p.Header(&p.Layers[i]))
	if len(h) < 2 || len(h) < h.address() {
		return append(dst, "frame-relay"...)
	}
	return strconv.AppendUint(append(dst, "dlci "...), uint64(h.DLCI()), 10)
}

var nlpidNames = Names{0x00: "padding", 0x08: "Q.933", 0x09: "LMI", 0x80: "SNAP", 0x81: "CLNP", 0x82: "ES-IS", 0x83: "IS-IS", 0x8e: "IPv6", 0xb0: "compressed",
	0xb1: "FRF.12 fragment", 0xcc: "IPv4", 0xcf: "PPP"}

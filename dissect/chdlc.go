package dissect

// Cisco HDLC (RFC 1547 §4.3.1): EtherTypes on a serial line, but for a few numbers of Cisco's own.
var chdlc = Protocol{
	Name:  "chdlc",
	Title: "Cisco HDLC",
	Ref:   "RFC 1547 §4.3.1",
	Over:  []Over{{LinkType, 104}, {Pseudowire, 6}},
	Header: Rows{
		{Name: "chdlc.address", Bits: 8, Kind: Hex, Enum: Names{0x0f: "unicast", 0x8f: "multicast"}},
		{Name: "chdlc.control", Bits: 8, Kind: Hex, Doc: "0"},
		{Name: "chdlc.protocol", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows"},
	},
	Fields:  []*Field{chdlcPadding},
	Dissect: dissectCHDLC,
	Walk:    walkCHDLC,
	Summary: summarizeCHDLC,
}

var chdlcPadding = &Field{Name: "chdlc.clns_padding", Bits: 8, Kind: Hex, Doc: "a byte that some routers put before an OSI packet"}

// CHDLC is a view of a Cisco HDLC header of 4 bytes.
type CHDLC []byte

// Protocol names what follows.
func (h CHDLC) Protocol() uint16 { return be16(h[2:]) }

func dissectCHDLC(d *Decoder, b []byte) ID {
	if osiPadded(b) {
		d.header(5)
	}
	return d.ciscoType(CHDLC(b).Protocol())
}

// osiPadded tells whether an OSI packet behind the header starts with padding instead of with its own protocol number.
func osiPadded(b []byte) bool {
	return len(b) > 4 && CHDLC(b).Protocol() == ciscoOSI && b[4] == 0x03
}

const (
	ciscoSLARP = 0x8035 // on serial lines; elsewhere RARP
	ciscoOSI   = 0xfefe
	ciscoCDP   = 0x2000
	ciscoUDLD  = 0x0111
)

// ciscoType looks a protocol up by its number on Cisco's serial lines.
func (d *Decoder) ciscoType(t uint16) ID {
	switch t {
	case ciscoSLARP:
		return none
	case ciscoOSI:
		return d.next(LLCSAP, 0xfe)
	case ciscoCDP, ciscoUDLD:
		return d.next(CiscoPID, uint32(t))
	}
	return d.next(EtherType, uint32(t))
}

func walkCHDLC(w *Walker) {
	if len(w.Header()) == 5 {
		w.Add(chdlcPadding, 4, 1)
	}
}

func summarizeCHDLC(dst []byte, p *Packet, i int) []byte {
	h := CHDLC(p.Header(&p.Layers[i]))
	dst = append(dst, "chdlc"...)
	if len(h) >= 4 && h.Protocol() == ciscoSLARP {
		dst = append(dst, " SLARP"...)
	}
	return dst
}

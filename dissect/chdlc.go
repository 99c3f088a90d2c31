package dissect

// Cisco HDLC (LINKTYPE_C_HDLC, RFC 1547 §4.3.1): two bytes of HDLC address and control, and an EtherType.
var chdlc = Protocol{
	Name:  "chdlc",
	Title: "Cisco HDLC",
	Ref:   "RFC 1547",
	Over:  []Over{{LinkType, 104}},
	Header: Rows{
		{Name: "chdlc.address", Bits: 8, Kind: Hex, Enum: Names{0x0f: "Unicast", 0x8f: "Multicast"}},
		{Name: "chdlc.control", Bits: 8, Kind: Hex},
		{Name: "chdlc.protocol", Bits: 16, Kind: Hex, Enum: etherTypes, Doc: "what follows; 0x8035 is a keepalive (SLARP)"},
	},
	Dissect: dissectCHDLC,
	Summary: func(dst []byte, _ *Packet, _ int) []byte { return append(dst, "chdlc"...) },
}

// slarp is RARP on Ethernet and Cisco's keepalive here.
const slarp = 0x8035

func dissectCHDLC(d *Decoder, b []byte) ID {
	if t := be16(b[2:]); t != slarp {
		return d.next(EtherType, uint32(t))
	}
	return d.halt(StopUnknown)
}

package dissect

// Associated channel of a pseudowire (RFC 4385 §5) or of a label switched path (RFC 5586): what the ends have to tell each other.
var pwach = Protocol{
	Name:  "pwach",
	Title: "Associated channel",
	Ref:   "RFC 5586",
	Header: Rows{
		{Bits: 4, Doc: "1"},
		{Name: "pwach.ver", Bits: 4},
		{Name: "pwach.res", Bits: 8, Kind: Hex, Doc: "reserved"},
		{Name: "pwach.channel_type", Bits: 16, Kind: Hex, Enum: channelTypes, Doc: "what follows"},
	},
	Dissect: dissectPWACH,
	Summary: summarizePWACH,
}

// AssociatedChannel is a view of an associated channel header of 4 bytes.
type AssociatedChannel []byte

// Type names what follows.
func (h AssociatedChannel) Type() uint16 { return be16(h[2:]) }

func dissectPWACH(d *Decoder, b []byte) ID {
	return d.next(ChannelType, uint32(AssociatedChannel(b).Type()))
}

func summarizePWACH(dst []byte, p *Packet, i int) []byte {
	h := AssociatedChannel(p.Header(&p.Layers[i]))
	dst = append(dst, "associated channel"...)
	if len(h) < 4 {
		return dst
	}
	if name := channelTypes[uint64(h.Type())]; name != "" {
		return append(append(dst, ' '), name...)
	}
	return appendHex(append(dst, ' '), uint64(h.Type()), 4)
}

var channelTypes = Names{0x0001: "Management Communication Channel", 0x0002: "Signaling Communication Channel", 0x0007: "BFD", 0x000a: "Direct Loss Measurement",
	0x000b: "Inferred Loss Measurement", 0x000c: "Delay Measurement", 0x000d: "Direct Loss and Delay Measurement", 0x000e: "Inferred Loss and Delay Measurement",
	0x0021: "IPv4", 0x0022: "MPLS-TP CC", 0x0023: "MPLS-TP CV", 0x0024: "Protection State Coordination", 0x0025: "On-Demand CV", 0x0026: "Lock Instruct",
	0x0027: "Pseudowire OAM", 0x0028: "MAC Withdraw", 0x0057: "IPv6", 0x0058: "Fault OAM", 0x8902: "MPLS-TP OAM"}
